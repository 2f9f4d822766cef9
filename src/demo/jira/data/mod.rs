//! The rows of the emulated site. Tests compute the truth from them; the handlers only choose, order and show them.
//!
//! Where one row names another it holds the other's position in the list of [`Data`], unless its name says `id`.

mod issue;

use chrono::{DateTime, NaiveDate, Utc};

pub use self::issue::{Attachment, Change, ChangeItem, Comment, Custom, Issue, Link, Worklog};

/// Everything that the site holds.
#[derive(Clone, Debug)]
pub struct Data {
    /// The moment at which the site is looked at.
    pub now: DateTime<Utc>,
    /// Accounts.
    pub users: Vec<User>,
    /// The account that the accepted credential belongs to (position in `users`).
    pub caller: usize,
    /// Project categories.
    pub categories: Vec<Category>,
    /// Projects, archived ones too.
    pub projects: Vec<Project>,
    /// Issue types; team-managed projects have their own.
    pub issue_types: Vec<IssueType>,
    /// Statuses; team-managed projects have their own.
    pub statuses: Vec<Status>,
    /// Priorities, the most pressing one first.
    pub priorities: Vec<Named>,
    /// Resolutions.
    pub resolutions: Vec<Named>,
    /// Kinds of issue links.
    pub link_types: Vec<LinkType>,
    /// Components of projects.
    pub components: Vec<Component>,
    /// Versions of projects.
    pub versions: Vec<Version>,
    /// Boards.
    pub boards: Vec<Board>,
    /// Sprints.
    pub sprints: Vec<Sprint>,
    /// System and custom fields.
    pub fields: Vec<Field>,
    /// Options of the select fields.
    pub options: Vec<FieldOption>,
    /// Groups of users.
    pub groups: Vec<Group>,
    /// Issues by ascending id, which is the order of creation; those of archived projects too.
    pub issues: Vec<Issue>,
    /// Worklogs that were deleted: id and moment.
    pub deleted_worklogs: Vec<(i64, DateTime<Utc>)>,
}

/// An account.
#[derive(Clone, Debug)]
pub struct User {
    /// Account id.
    pub account_id: String,
    /// `atlassian`, `app` or `customer`.
    pub account_type: &'static str,
    /// Display name.
    pub name: String,
    /// Mail address; `None` if its owner hides it.
    pub email: Option<String>,
    /// False for someone who left or was deleted.
    pub active: bool,
    /// IANA time zone.
    pub time_zone: &'static str,
}

/// A project category.
#[derive(Clone, Debug)]
pub struct Category {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// Description.
    pub description: &'static str,
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Id.
    pub id: i64,
    /// Key.
    pub key: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: String,
    /// `software`, `business` or `service_desk`.
    pub type_key: &'static str,
    /// Whether the project is archived: nothing of it is found then.
    pub archived: bool,
    /// When it was archived.
    pub archived_at: Option<DateTime<Utc>>,
    /// Whether it is team-managed.
    pub team_managed: bool,
    /// Lead (user).
    pub lead: usize,
    /// Category.
    pub category: Option<usize>,
}

/// An issue type.
#[derive(Clone, Debug)]
pub struct IssueType {
    /// Id.
    pub id: i64,
    /// Name; the same name may belong to several types.
    pub name: &'static str,
    /// 1 for epics, -1 for sub-tasks, else 0.
    pub level: i32,
    /// The team-managed project that alone has it.
    pub project: Option<usize>,
}

/// One of the three status categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusCategory {
    /// Not begun.
    ToDo,
    /// Begun.
    InProgress,
    /// Finished.
    Done,
}

impl StatusCategory {
    /// All three.
    pub const ALL: [Self; 3] = [Self::ToDo, Self::InProgress, Self::Done];

    /// Id.
    pub fn id(self) -> i64 {
        match self {
            Self::ToDo => 2,
            Self::InProgress => 4,
            Self::Done => 3,
        }
    }

    /// Key.
    pub fn key(self) -> &'static str {
        match self {
            Self::ToDo => "new",
            Self::InProgress => "indeterminate",
            Self::Done => "done",
        }
    }

    /// Name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ToDo => "To Do",
            Self::InProgress => "In Progress",
            Self::Done => "Done",
        }
    }

    /// The word that `statuses/search` has for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::ToDo => "TODO",
            Self::InProgress => "IN_PROGRESS",
            Self::Done => "DONE",
        }
    }

    /// Colour.
    pub fn color(self) -> &'static str {
        match self {
            Self::ToDo => "blue-gray",
            Self::InProgress => "yellow",
            Self::Done => "green",
        }
    }
}

/// A status.
#[derive(Clone, Debug)]
pub struct Status {
    /// Id.
    pub id: i64,
    /// Name; the same name may belong to several statuses.
    pub name: &'static str,
    /// Category.
    pub category: StatusCategory,
    /// The team-managed project that alone has it.
    pub project: Option<usize>,
}

/// A priority or a resolution.
#[derive(Clone, Debug)]
pub struct Named {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// Description.
    pub description: &'static str,
}

/// A kind of issue link.
#[derive(Clone, Debug)]
pub struct LinkType {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: &'static str,
    /// How the target is called from the source's side.
    pub outward: &'static str,
    /// How the source is called from the target's side.
    pub inward: &'static str,
}

/// A component of a project.
#[derive(Clone, Debug)]
pub struct Component {
    /// Id.
    pub id: i64,
    /// Project.
    pub project: usize,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Lead (user).
    pub lead: Option<usize>,
}

/// A version of a project.
#[derive(Clone, Debug)]
pub struct Version {
    /// Id.
    pub id: i64,
    /// Project.
    pub project: usize,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Whether it is released.
    pub released: bool,
    /// Whether it is archived.
    pub archived: bool,
    /// First day of work.
    pub start: Option<NaiveDate>,
    /// Day of release.
    pub release: Option<NaiveDate>,
}

/// A board.
#[derive(Clone, Debug)]
pub struct Board {
    /// Id.
    pub id: i64,
    /// Name.
    pub name: String,
    /// `scrum`, `kanban` or `simple`.
    pub kind: &'static str,
    /// The projects whose issues it shows; the first one is where it lives.
    pub projects: Vec<usize>,
    /// Whether only some may see it.
    pub private: bool,
    /// Id of its saved filter.
    pub filter_id: i64,
}

/// A sprint.
#[derive(Clone, Debug)]
pub struct Sprint {
    /// Id.
    pub id: i64,
    /// Name; the same name may belong to several sprints.
    pub name: String,
    /// `future`, `active` or `closed`.
    pub state: &'static str,
    /// The board on which it was made.
    pub origin: usize,
    /// Every board that shows it.
    pub boards: Vec<usize>,
    /// When it was made.
    pub created: DateTime<Utc>,
    /// Begin.
    pub start: Option<DateTime<Utc>>,
    /// Planned end.
    pub end: Option<DateTime<Utc>>,
    /// When it was closed.
    pub complete: Option<DateTime<Utc>>,
    /// Goal; may be empty.
    pub goal: String,
}

/// A system or custom field.
#[derive(Clone, Debug)]
pub struct Field {
    /// Id: `summary`, `customfield_10016`.
    pub id: &'static str,
    /// Name; custom fields may share one.
    pub name: &'static str,
    /// What JQL calls it; empty if JQL does not know it.
    pub clauses: &'static [&'static str],
    /// Type of the value.
    pub kind: &'static str,
    /// Type of the elements of an array.
    pub items: Option<&'static str>,
    /// Type key of a custom field.
    pub custom: Option<&'static str>,
    /// Whether `*navigable` has it.
    pub navigable: bool,
    /// Whether it orders and shows in lists.
    pub orderable: bool,
}

impl Field {
    /// The number in the id of a custom field.
    pub fn custom_id(&self) -> Option<i64> {
        self.id.strip_prefix("customfield_").and_then(|digits| digits.parse().ok())
    }
}

/// An option of a select field.
#[derive(Clone, Debug)]
pub struct FieldOption {
    /// Id.
    pub id: i64,
    /// Id of the field.
    pub field: &'static str,
    /// Value.
    pub value: &'static str,
}

/// A group of users.
#[derive(Clone, Debug)]
pub struct Group {
    /// Id.
    pub id: String,
    /// Name.
    pub name: &'static str,
    /// Members (users).
    pub members: Vec<usize>,
}
