//! What issues are ordered by: states, labels, cycles, projects and what stands above and beside those.

use chrono::{DateTime, NaiveDate, Utc};

use super::Record;

/// Somebody's belonging to a team.
#[derive(Clone, Debug)]
pub struct Membership {
    /// Id and dates.
    pub record: Record,
    /// User.
    pub user: usize,
    /// Team.
    pub team: usize,
    /// Whether they own the team.
    pub owner: bool,
}

/// A workflow state of a team; teams have states of the same name.
#[derive(Clone, Debug)]
pub struct State {
    /// Id and dates.
    pub record: Record,
    /// Team.
    pub team: usize,
    /// Name.
    pub name: &'static str,
    /// `triage`, `backlog`, `unstarted`, `started`, `completed`, `canceled` or `duplicate`.
    pub kind: &'static str,
    /// Colour as `#rrggbb`.
    pub color: &'static str,
    /// Position among the states of the team.
    pub position: f64,
    /// Description.
    pub description: Option<&'static str>,
}

/// A label.
#[derive(Clone, Debug)]
pub struct Label {
    /// Id and dates.
    pub record: Record,
    /// Name.
    pub name: &'static str,
    /// Colour as `#rrggbb`.
    pub color: &'static str,
    /// Description.
    pub description: Option<&'static str>,
    /// The team it belongs to; `None` for the whole workspace.
    pub team: Option<usize>,
    /// The group it is in.
    pub parent: Option<usize>,
    /// Whether it is a group, which no issue carries itself.
    pub group: bool,
    /// Who made it.
    pub creator: Option<usize>,
}

/// A cycle of a team.
#[derive(Clone, Debug)]
pub struct Cycle {
    /// Id and dates.
    pub record: Record,
    /// Team.
    pub team: usize,
    /// Number in the team.
    pub number: u32,
    /// A name of its own.
    pub name: Option<String>,
    /// Description.
    pub description: Option<String>,
    /// Start.
    pub starts: DateTime<Utc>,
    /// End.
    pub ends: DateTime<Utc>,
    /// When it was completed.
    pub completed: Option<DateTime<Utc>>,
}

/// A status that projects can have.
#[derive(Clone, Debug)]
pub struct ProjectStatus {
    /// Id and dates.
    pub record: Record,
    /// Name.
    pub name: &'static str,
    /// `backlog`, `planned`, `started`, `paused`, `completed` or `canceled`.
    pub kind: &'static str,
    /// Colour as `#rrggbb`.
    pub color: &'static str,
    /// Position.
    pub position: f64,
}

/// A project.
#[derive(Clone, Debug)]
pub struct Project {
    /// Id and dates.
    pub record: Record,
    /// Name.
    pub name: String,
    /// The part of its address that never changes.
    pub slug: String,
    /// Short description; may be empty.
    pub description: String,
    /// Long description in Markdown.
    pub content: Option<String>,
    /// Colour as `#rrggbb`.
    pub color: &'static str,
    /// Status.
    pub status: usize,
    /// `onTrack`, `atRisk` or `offTrack`, from the last update.
    pub health: Option<&'static str>,
    /// 0 (none), 1 (urgent) to 4 (low).
    pub priority: u8,
    /// Planned start.
    pub start: Option<NaiveDate>,
    /// Planned end.
    pub target: Option<NaiveDate>,
    /// When it was started.
    pub started: Option<DateTime<Utc>>,
    /// When it was completed.
    pub completed: Option<DateTime<Utc>>,
    /// When it was canceled.
    pub canceled: Option<DateTime<Utc>>,
    /// Lead.
    pub lead: Option<usize>,
    /// Who made it.
    pub creator: Option<usize>,
    /// Members.
    pub members: Vec<usize>,
    /// Teams that work on it.
    pub teams: Vec<usize>,
}

/// A milestone of a project.
#[derive(Clone, Debug)]
pub struct Milestone {
    /// Id and dates.
    pub record: Record,
    /// Project.
    pub project: usize,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Planned day.
    pub target: Option<NaiveDate>,
    /// Position in the project.
    pub sort_order: f64,
}

/// A report on a project.
#[derive(Clone, Debug)]
pub struct ProjectUpdate {
    /// Id and dates.
    pub record: Record,
    /// Project.
    pub project: usize,
    /// Markdown.
    pub body: String,
    /// `onTrack`, `atRisk` or `offTrack`.
    pub health: &'static str,
    /// Author.
    pub user: usize,
    /// When it was edited.
    pub edited: Option<DateTime<Utc>>,
}

/// An initiative: projects with one aim.
#[derive(Clone, Debug)]
pub struct Initiative {
    /// Id and dates.
    pub record: Record,
    /// Name.
    pub name: String,
    /// The part of its address that never changes.
    pub slug: String,
    /// Description.
    pub description: Option<String>,
    /// `Proposed`, `Planned`, `Active`, `Completed` or `Canceled`.
    pub status: &'static str,
    /// `onTrack`, `atRisk` or `offTrack`.
    pub health: Option<&'static str>,
    /// Planned day.
    pub target: Option<NaiveDate>,
    /// Owner.
    pub owner: Option<usize>,
    /// Who made it.
    pub creator: Option<usize>,
    /// The initiative above it.
    pub parent: Option<usize>,
}

/// That a project belongs to an initiative.
#[derive(Clone, Debug)]
pub struct ProjectLink {
    /// Id and dates.
    pub record: Record,
    /// Initiative.
    pub initiative: usize,
    /// Project.
    pub project: usize,
}

/// What a document belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A project.
    Project(usize),
    /// An initiative.
    Initiative(usize),
    /// An issue.
    Issue(usize),
    /// A team.
    Team(usize),
}

/// A document.
#[derive(Clone, Debug)]
pub struct Document {
    /// Id and dates.
    pub record: Record,
    /// Title.
    pub title: String,
    /// The part of its address that never changes.
    pub slug: String,
    /// Markdown.
    pub content: Option<String>,
    /// Who made it.
    pub creator: Option<usize>,
    /// Who changed it last.
    pub updated_by: Option<usize>,
    /// What it belongs to.
    pub place: Place,
    /// Whether it is in the trash.
    pub trashed: bool,
}
