//! The rows of the emulated Slack: plain structs, from which answers are rendered and tests compute what is true.
//!
//! Owns what there is in the workspace and the views that say who sees what. Knows nothing of requests. Users are referred
//! to by their position in [`Data::users`], messages of a channel by their position in [`Channel::messages`].

mod channels;
mod files;
mod messages;
mod people;
mod plan;
mod random;
mod rows;
mod special;
mod talk;
mod words;

use chrono::{DateTime, Utc};

use super::super::company::Company;

pub use rows::{Bot, Custom, File, Login, Team, User, Usergroup};
pub use talk::{Bookmark, Channel, Edit, Kind, Message, Note, Pin, Reaction, Subtype};

/// Everything the emulator knows.
#[derive(Clone, Debug)]
pub struct Data {
    /// The workspace.
    pub team: Team,
    /// The moment at which the data is seen.
    pub now: DateTime<Utc>,
    /// People of the company in the order of [`Company::people`], then Slackbot, a guest, and people of other companies.
    pub users: Vec<User>,
    /// Apps that post.
    pub bots: Vec<Bot>,
    /// The user as whom the bot token enters.
    pub bot_reader: usize,
    /// The user as whom the user token enters: an owner of the workspace.
    pub user_reader: usize,
    /// Slackbot, to whom Slack gives what has no author any more.
    pub slackbot: usize,
    /// All conversations.
    pub channels: Vec<Channel>,
    /// All files, oldest first.
    pub files: Vec<File>,
    /// Groups of users.
    pub usergroups: Vec<Usergroup>,
    /// Emoji of the workspace's own.
    pub emoji: Vec<Custom>,
    /// Log of sign-ins, the latest first.
    pub logins: Vec<Login>,
}

impl Data {
    /// The rows that belong to a company; the same company always gets the same ones.
    #[must_use]
    pub fn generate(company: &Company) -> Self {
        let mut data = people::workspace(company);
        let plans = channels::fill(company, &mut data);
        for (at, plan) in plans.iter().enumerate() {
            messages::fill(company, &mut data, at, plan);
        }
        // Files are made with the messages that bring them.
        data.files.sort_by_key(|file| file.created);
        let order: Vec<usize> = data.files.iter().map(|file| file.made).collect();
        let mut place = vec![0; order.len()];
        for (at, made) in order.into_iter().enumerate() {
            place[made] = at;
        }
        for message in data.channels.iter_mut().flat_map(|channel| &mut channel.messages) {
            for file in &mut message.files {
                *file = place[*file];
            }
        }
        data
    }

    /// The conversation with an id.
    #[must_use]
    pub fn channel(&self, id: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.id == id)
    }

    /// The conversation with a name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Channel> {
        self.channels.iter().find(|channel| channel.name == name)
    }

    /// The user with an id, if they belong to this workspace.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<usize> {
        self.users.iter().position(|user| user.id == id && !user.foreign)
    }

    /// Whether a user sees a file: through a conversation that it was shared in.
    #[must_use]
    pub fn file_seen_by(&self, file: &File, user: usize) -> bool {
        file.shares.iter().any(|(channel, _)| self.channels[*channel].seen_by(user))
    }
}
