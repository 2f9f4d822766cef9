//! Issues and what belongs to one issue.

use chrono::{DateTime, NaiveDate, Utc};

/// An issue.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Id.
    pub id: i64,
    /// Key.
    pub key: String,
    /// Project.
    pub project: usize,
    /// The number in the key.
    pub number: u32,
    /// Keys that it had in other projects.
    pub old_keys: Vec<String>,
    /// Issue type.
    pub issue_type: usize,
    /// Status.
    pub status: usize,
    /// Priority.
    pub priority: Option<usize>,
    /// Resolution.
    pub resolution: Option<usize>,
    /// Summary.
    pub summary: String,
    /// Description in the small markup of [`adf`](crate::demo::jira::render::adf); `Some("")` is a document without content.
    pub description: Option<String>,
    /// Environment, same markup.
    pub environment: Option<String>,
    /// Assignee (user).
    pub assignee: Option<usize>,
    /// Reporter (user).
    pub reporter: Option<usize>,
    /// Creator (user).
    pub creator: usize,
    /// Created.
    pub created: DateTime<Utc>,
    /// Last updated.
    pub updated: DateTime<Utc>,
    /// Resolved.
    pub resolved: Option<DateTime<Utc>>,
    /// When the category of the status last changed.
    pub category_changed: Option<DateTime<Utc>>,
    /// When the caller last looked at it.
    pub last_viewed: Option<DateTime<Utc>>,
    /// Due date.
    pub due: Option<NaiveDate>,
    /// Labels.
    pub labels: Vec<String>,
    /// Components.
    pub components: Vec<usize>,
    /// Versions that fix it.
    pub fix_versions: Vec<usize>,
    /// Versions that it affects.
    pub affected_versions: Vec<usize>,
    /// Parent (issue).
    pub parent: Option<usize>,
    /// Sprints, the oldest first.
    pub sprints: Vec<usize>,
    /// Rank; lexicographic order.
    pub rank: String,
    /// Number of votes.
    pub votes: u32,
    /// Number of watchers.
    pub watchers: u32,
    /// Estimate in seconds.
    pub original_estimate: Option<i64>,
    /// What remains of it in seconds.
    pub remaining_estimate: Option<i64>,
    /// Values of custom fields.
    pub custom: Custom,
    /// Links to other issues.
    pub links: Vec<Link>,
    /// Attachments.
    pub attachments: Vec<Attachment>,
    /// Comments, the oldest first.
    pub comments: Vec<Comment>,
    /// Work logs, the oldest first.
    pub worklogs: Vec<Worklog>,
    /// Changes, the oldest first.
    pub history: Vec<Change>,
}

impl Issue {
    /// Logged time in seconds; `None` if nothing was ever logged.
    pub fn time_spent(&self) -> Option<i64> {
        (!self.worklogs.is_empty()).then(|| self.worklogs.iter().map(|log| log.seconds).sum())
    }
}

/// The custom fields of an issue. `None` shows as null, or not at all where the project does not have the field.
#[derive(Clone, Debug, Default)]
pub struct Custom {
    /// `customfield_10016`, team-managed projects only.
    pub estimate: Option<f64>,
    /// `customfield_10024`, company-managed projects only.
    pub story_points: Option<f64>,
    /// `customfield_10015`, a date.
    pub start: Option<NaiveDate>,
    /// `customfield_10031`, short text.
    pub customer: Option<String>,
    /// `customfield_10032`, one option; the field is called "Severity".
    pub severity: Option<usize>,
    /// `customfield_10041`, a number; that field is called "Severity" as well.
    pub severity_score: Option<f64>,
    /// `customfield_10034`, any number of options.
    pub platforms: Vec<usize>,
    /// `customfield_10035`, a user.
    pub reviewer: Option<usize>,
    /// `customfield_10036`, a date and time.
    pub go_live: Option<DateTime<Utc>>,
    /// `customfield_10037`, long text in the markup of descriptions.
    pub notes: Option<String>,
}

/// A link as seen from one of its two issues.
#[derive(Clone, Debug)]
pub struct Link {
    /// Id, the same on both sides.
    pub id: i64,
    /// Kind of link.
    pub kind: usize,
    /// The other issue.
    pub other: usize,
    /// Whether the other issue is the target.
    pub outward: bool,
}

/// An attachment.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Id.
    pub id: i64,
    /// File name.
    pub name: String,
    /// Who attached it (user).
    pub author: usize,
    /// When.
    pub created: DateTime<Utc>,
    /// Size in bytes.
    pub size: i64,
    /// MIME type.
    pub mime: &'static str,
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Id.
    pub id: i64,
    /// Who wrote it; `None` if nobody was logged in.
    pub author: Option<usize>,
    /// Body in the markup of descriptions.
    pub body: String,
    /// Created.
    pub created: DateTime<Utc>,
    /// Last updated.
    pub updated: DateTime<Utc>,
    /// The role that alone may read it.
    pub role: Option<&'static str>,
    /// Whether customers of a service desk see it.
    pub public: bool,
}

/// A work log.
#[derive(Clone, Debug)]
pub struct Worklog {
    /// Id.
    pub id: i64,
    /// Who worked (user).
    pub author: usize,
    /// Begin of the work.
    pub started: DateTime<Utc>,
    /// Duration.
    pub seconds: i64,
    /// Comment in the markup of descriptions.
    pub comment: Option<String>,
    /// Created.
    pub created: DateTime<Utc>,
    /// Last updated.
    pub updated: DateTime<Utc>,
}

/// One entry of the history of an issue.
#[derive(Clone, Debug)]
pub struct Change {
    /// Id.
    pub id: i64,
    /// Who did it (user); `None` for a rule of the site.
    pub author: Option<usize>,
    /// When.
    pub created: DateTime<Utc>,
    /// What changed.
    pub items: Vec<ChangeItem>,
}

/// One field in an entry of the history.
#[derive(Clone, Debug)]
pub struct ChangeItem {
    /// Name of the field.
    pub field: &'static str,
    /// Id of the field.
    pub field_id: &'static str,
    /// Old value: id and text.
    pub from: Option<(String, String)>,
    /// New value: id and text.
    pub to: Option<(String, String)>,
}
