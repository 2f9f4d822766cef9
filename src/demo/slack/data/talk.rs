//! Conversations and what was said in them, row by row.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::ts::Ts;

/// What kind of conversation it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A channel that everybody sees.
    Public,
    /// A channel that its members see.
    Private,
    /// Between two.
    Direct,
    /// Between several, without a name of its own.
    Group,
}

/// A topic or a purpose.
#[derive(Clone, Debug)]
pub struct Note {
    /// Text; may be empty.
    pub value: String,
    /// Who set it, if anybody did.
    pub creator: Option<usize>,
    /// When it was set.
    pub last_set: Option<DateTime<Utc>>,
}

/// A conversation.
#[derive(Clone, Debug)]
pub struct Channel {
    /// Id.
    pub id: String,
    /// Name; empty between two.
    pub name: String,
    /// Kind.
    pub kind: Kind,
    /// Whether it was archived.
    pub archived: bool,
    /// Whether everybody is in it from the start.
    pub general: bool,
    /// Whether it is shared with another company.
    pub shared: bool,
    /// Creation, in whole seconds.
    pub created: DateTime<Utc>,
    /// Last change, in milliseconds.
    pub updated: DateTime<Utc>,
    /// Who made it.
    pub creator: usize,
    /// Topic.
    pub topic: Note,
    /// Purpose.
    pub purpose: Note,
    /// Names that it had before.
    pub previous_names: Vec<&'static str>,
    /// Who is in it.
    pub members: Vec<usize>,
    /// All messages, replies among them, oldest first; no two have the same timestamp.
    pub messages: Vec<Message>,
    /// Positions of the messages that history shows: those that are no replies, and replies that were sent to the channel too.
    pub top: Vec<usize>,
    /// By the timestamp of the root: positions of the replies, oldest first. The root may be a tombstone.
    pub threads: BTreeMap<Ts, Vec<usize>>,
    /// What is pinned.
    pub pins: Vec<Pin>,
    /// Links at the head.
    pub bookmarks: Vec<Bookmark>,
}

impl Channel {
    /// Whether a user sees it.
    #[must_use]
    pub fn seen_by(&self, user: usize) -> bool {
        self.kind == Kind::Public || self.members.contains(&user)
    }

    /// The message with a timestamp.
    #[must_use]
    pub fn message(&self, ts: Ts) -> Option<&Message> {
        self.messages.binary_search_by_key(&ts, |message| message.ts).ok().map(|at| &self.messages[at])
    }

    /// What history shows, oldest first.
    pub fn history(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.top.iter().map(|at| &self.messages[*at])
    }

    /// The replies below a root, oldest first.
    pub fn replies(&self, root: Ts) -> impl DoubleEndedIterator<Item = &Message> {
        self.threads.get(&root).into_iter().flatten().map(|at| &self.messages[*at])
    }
}

/// What a message is where it is not simply one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subtype {
    /// Somebody came in.
    Join {
        /// Who asked them.
        inviter: Option<usize>,
    },
    /// The topic was set to this.
    Topic(String),
    /// The purpose was set to this.
    Purpose(String),
    /// The channel was archived.
    Archive,
    /// By an app without a user.
    Bot,
    /// `/me`.
    Me,
    /// A reply that was sent to the channel too.
    Broadcast,
    /// What is left of a deleted root that has replies.
    Tombstone,
    /// A reminder was set.
    Reminder,
    /// With a file, as Slack wrote it in former years.
    FileShare,
}

impl Subtype {
    /// The vendor's word.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Join { .. } => "channel_join",
            Self::Topic(_) => "channel_topic",
            Self::Purpose(_) => "channel_purpose",
            Self::Archive => "channel_archive",
            Self::Bot => "bot_message",
            Self::Me => "me_message",
            Self::Broadcast => "thread_broadcast",
            Self::Tombstone => "tombstone",
            Self::Reminder => "reminder_add",
            Self::FileShare => "file_share",
        }
    }
}

/// When a message was last edited, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edit {
    /// When.
    pub ts: Ts,
    /// By whom.
    pub user: usize,
}

/// Who reacted with one emoji.
#[derive(Clone, Debug)]
pub struct Reaction {
    /// Name of the emoji, without colons.
    pub name: &'static str,
    /// Who, in the order they did.
    pub users: Vec<usize>,
}

/// A message.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it was posted; its id.
    pub ts: Ts,
    /// Author; an app without a user has none.
    pub user: Option<usize>,
    /// The app it was posted by.
    pub bot: Option<usize>,
    /// Name that an app gave itself.
    pub username: Option<&'static str>,
    /// What it is where it is not simply one.
    pub subtype: Option<Subtype>,
    /// Text in mrkdwn; may be empty.
    pub text: String,
    /// Text of an attachment.
    pub attachment: Option<String>,
    /// For a reply the timestamp of its root.
    pub root: Option<Ts>,
    /// Last edit.
    pub edited: Option<Edit>,
    /// Reactions.
    pub reactions: Vec<Reaction>,
    /// Positions in [`super::Data::files`].
    pub files: Vec<usize>,
    /// What an app wrote for other apps: the kind of event, and the repository and the number it is about.
    pub event: Option<(&'static str, String, u32)>,
}

/// A pinned message.
#[derive(Clone, Copy, Debug)]
pub struct Pin {
    /// Which.
    pub ts: Ts,
    /// Who pinned it.
    pub user: usize,
    /// When, in whole seconds.
    pub created: DateTime<Utc>,
}

/// A link at the head of a channel.
#[derive(Clone, Debug)]
pub struct Bookmark {
    /// Id.
    pub id: String,
    /// Title.
    pub title: String,
    /// Where it leads.
    pub link: String,
    /// Emoji, with colons; may be empty.
    pub emoji: &'static str,
    /// Creation, in whole seconds.
    pub created: DateTime<Utc>,
    /// Who changed it last.
    pub user: usize,
}
