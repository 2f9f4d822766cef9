//! What is in a workspace beside conversations, row by row.

use chrono::{DateTime, Utc};

use super::super::ts::Ts;

/// The workspace.
#[derive(Clone, Debug)]
pub struct Team {
    /// Id.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// The part of its address before `slack.com`.
    pub domain: &'static str,
    /// Mail domain of its people.
    pub email_domain: &'static str,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// Id.
    pub id: String,
    /// Id of the workspace that they belong to.
    pub team: String,
    /// Whether that is another one: they appear in shared channels, but can't be looked up.
    pub foreign: bool,
    /// Handle.
    pub name: String,
    /// Name.
    pub real_name: String,
    /// Chosen name; may be empty.
    pub display_name: String,
    /// Mail address.
    pub email: Option<String>,
    /// Job title; may be empty.
    pub title: &'static str,
    /// Emoji and text of the status; both may be empty.
    pub status: (&'static str, &'static str),
    /// IANA time zone.
    pub time_zone: &'static str,
    /// Whether the account was deactivated.
    pub deleted: bool,
    /// Position in [`super::Data::bots`] of the app that they are.
    pub bot: Option<usize>,
    /// Administrator.
    pub admin: bool,
    /// Owner.
    pub owner: bool,
    /// Guest in several channels.
    pub restricted: bool,
    /// Whether they sign in with a second factor.
    pub two_factor: bool,
    /// Whether they are there now.
    pub active: bool,
    /// Last change of the account, in whole seconds.
    pub updated: DateTime<Utc>,
}

/// An app that posts.
#[derive(Clone, Debug)]
pub struct Bot {
    /// Id.
    pub id: String,
    /// Id of the app.
    pub app: String,
    /// Name.
    pub name: &'static str,
    /// The user it posts as; an old webhook has none.
    pub user: Option<usize>,
    /// Last change, in whole seconds.
    pub updated: DateTime<Utc>,
}

/// A file.
#[derive(Clone, Debug)]
pub struct File {
    /// Id.
    pub id: String,
    /// How many were made before it.
    pub made: usize,
    /// Creation, in whole seconds.
    pub created: DateTime<Utc>,
    /// Name.
    pub name: String,
    /// Title.
    pub title: String,
    /// Position among the kinds of files in [`File::KINDS`].
    pub kind: usize,
    /// Who brought it.
    pub user: usize,
    /// Bytes.
    pub size: i64,
    /// Conversations, by position in [`super::Data::channels`], and messages that it was shared with.
    pub shares: Vec<(usize, Ts)>,
}

impl File {
    /// Kinds of files: ending, media type, Slack's word for it, and the category that `types` selects by.
    pub const KINDS: [(&'static str, &'static str, &'static str, &'static str); 6] = [
        ("png", "image/png", "PNG", "images"),
        ("pdf", "application/pdf", "PDF", "pdfs"),
        ("zip", "application/zip", "Zip", "zips"),
        ("text", "text/plain", "Plain Text", "snippets"),
        ("jpg", "image/jpeg", "JPEG", "images"),
        ("csv", "text/csv", "CSV", "snippets"),
    ];
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Usergroup {
    /// Id.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// Handle.
    pub handle: &'static str,
    /// Description; may be empty.
    pub description: &'static str,
    /// Who made it.
    pub creator: usize,
    /// Creation, in whole seconds.
    pub created: DateTime<Utc>,
    /// Last change.
    pub updated: DateTime<Utc>,
    /// When it was disabled.
    pub disabled: Option<DateTime<Utc>>,
    /// Who is in it.
    pub users: Vec<usize>,
}

/// An emoji of the workspace's own.
#[derive(Clone, Copy, Debug)]
pub struct Custom {
    /// Name, without colons.
    pub name: &'static str,
    /// The emoji it is another name of; without, it has a picture.
    pub alias: Option<&'static str>,
}

/// Sign-ins of one user from one place.
#[derive(Clone, Debug)]
pub struct Login {
    /// Who.
    pub user: usize,
    /// First time, in whole seconds.
    pub first: DateTime<Utc>,
    /// Last time, in whole seconds.
    pub last: DateTime<Utc>,
    /// How often.
    pub count: i64,
    /// Address.
    pub ip: String,
    /// Program.
    pub user_agent: &'static str,
}
