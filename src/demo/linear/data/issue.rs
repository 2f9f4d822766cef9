//! Issues and what belongs to one issue.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::Record;

/// An issue.
#[derive(Clone, Debug)]
pub struct Issue {
    /// Id and dates.
    pub record: Record,
    /// Team.
    pub team: usize,
    /// Number in the team.
    pub number: u32,
    /// Key of the team and number.
    pub identifier: String,
    /// Identifiers that it had in other teams.
    pub previous_identifiers: Vec<String>,
    /// Title.
    pub title: String,
    /// Markdown.
    pub description: Option<String>,
    /// 0 (none), 1 (urgent), 2 (high), 3 (medium), 4 (low).
    pub priority: u8,
    /// Estimate in the team's unit.
    pub estimate: Option<f64>,
    /// Position among the issues of the team.
    pub sort_order: f64,
    /// State.
    pub state: usize,
    /// Assignee.
    pub assignee: Option<usize>,
    /// Who made it; `None` where an integration did.
    pub creator: Option<usize>,
    /// The application that works on it for the assignee.
    pub delegate: Option<usize>,
    /// Project.
    pub project: Option<usize>,
    /// Milestone of the project.
    pub milestone: Option<usize>,
    /// Cycle.
    pub cycle: Option<usize>,
    /// The issue that it is part of.
    pub parent: Option<usize>,
    /// Labels.
    pub labels: Vec<usize>,
    /// Who hears of changes.
    pub subscribers: Vec<usize>,
    /// Day by which it is due.
    pub due: Option<NaiveDate>,
    /// When work began.
    pub started: Option<DateTime<Utc>>,
    /// When it was completed.
    pub completed: Option<DateTime<Utc>>,
    /// When it was canceled.
    pub canceled: Option<DateTime<Utc>>,
    /// When it left triage.
    pub triaged: Option<DateTime<Utc>>,
    /// When Linear archived it by itself.
    pub auto_archived: Option<DateTime<Utc>>,
    /// When Linear closed it by itself.
    pub auto_closed: Option<DateTime<Utc>>,
    /// Until when it is hidden from triage.
    pub snoozed_until: Option<DateTime<Utc>>,
    /// When its service level is breached.
    pub sla_breaches: Option<DateTime<Utc>>,
    /// When it came into its cycle.
    pub added_to_cycle: Option<DateTime<Utc>>,
    /// Whether it is in the trash; it is archived then as well.
    pub trashed: bool,
    /// Number of requests by customers.
    pub customer_tickets: u32,
}

/// What a comment is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// An issue.
    Issue(usize),
    /// A project.
    Project(usize),
    /// An update of a project.
    ProjectUpdate(usize),
    /// An initiative.
    Initiative(usize),
}

/// A comment.
#[derive(Clone, Debug)]
pub struct Comment {
    /// Id and dates.
    pub record: Record,
    /// What it is on.
    pub subject: Subject,
    /// Markdown.
    pub body: String,
    /// Author; `None` if a bot wrote it.
    pub user: Option<usize>,
    /// Name of the bot that wrote it.
    pub bot: Option<&'static str>,
    /// The comment that it answers.
    pub parent: Option<usize>,
    /// When it was edited.
    pub edited: Option<DateTime<Utc>>,
    /// When its thread was resolved.
    pub resolved: Option<DateTime<Utc>>,
}

/// A link from an issue to something elsewhere.
#[derive(Clone, Debug)]
pub struct Attachment {
    /// Id and dates.
    pub record: Record,
    /// Issue.
    pub issue: usize,
    /// Title.
    pub title: String,
    /// Subtitle.
    pub subtitle: Option<String>,
    /// Where it leads.
    pub url: String,
    /// The integration that it comes from, such as `github`.
    pub source_type: Option<&'static str>,
    /// What the integration noted, a JSON object.
    pub metadata: Value,
    /// Who made it.
    pub creator: Option<usize>,
}

/// A relation between issues.
#[derive(Clone, Debug)]
pub struct Relation {
    /// Id and dates.
    pub record: Record,
    /// `blocks`, `duplicate`, `related` or `similar`.
    pub kind: &'static str,
    /// The issue that blocks, duplicates and so on.
    pub issue: usize,
    /// The other issue.
    pub related: usize,
}

/// What an entry of a history says.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Another state.
    State(Option<usize>, Option<usize>),
    /// Another assignee.
    Assignee(Option<usize>, Option<usize>),
    /// Another priority.
    Priority(u8, u8),
    /// Another estimate.
    Estimate(Option<f64>, Option<f64>),
    /// Labels came and went.
    Labels(Vec<usize>, Vec<usize>),
    /// Another title.
    Title(String, String),
    /// Another description.
    Description,
    /// Another team.
    Team(usize, usize),
    /// It was archived, by Linear itself if so marked.
    Archived(bool),
    /// Another due day.
    Due(Option<NaiveDate>, Option<NaiveDate>),
    /// Another project.
    Project(Option<usize>, Option<usize>),
    /// Another cycle.
    Cycle(Option<usize>, Option<usize>),
    /// It went below another issue.
    Parent(Option<usize>, Option<usize>),
    /// This was attached.
    Attachment(usize),
    /// It was put into the trash.
    Trashed,
    /// Linear itself closed it.
    Closed,
}

/// An entry of the history of an issue.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Id and dates.
    pub record: Record,
    /// Issue.
    pub issue: usize,
    /// Who did it; `None` for Linear itself and for integrations.
    pub actor: Option<usize>,
    /// What changed.
    pub change: Change,
}
