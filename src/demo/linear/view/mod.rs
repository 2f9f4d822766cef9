//! What the fields of a row say, by the names that the schema gives them.
//!
//! Answers, filters and sorts all read rows through [`View::cell`], so that they agree; filters and sorts by [`View::stored`],
//! which may know more of a moment than is shown. Knows nothing of queries.

mod cell;
mod index;
mod issue;
mod plan;
mod story;
mod team;

use std::sync::Arc;

use chrono::{DateTime, Duration, Utc};

pub(super) use self::cell::Cell;
pub(super) use self::index::Index;
use super::data::{Data, Record};

/// The kinds of rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Kind {
    Organization,
    User,
    Team,
    Membership,
    State,
    Label,
    Cycle,
    ProjectStatus,
    Project,
    Milestone,
    ProjectUpdate,
    Initiative,
    ProjectLink,
    Document,
    Issue,
    Comment,
    Attachment,
    Relation,
    Entry,
    /// The bot that wrote the comment at this position.
    Bot,
    /// Who else sees the issue at this position.
    SharedAccess,
}

/// A row: its kind and its position in the list of that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) at: usize,
}

impl Kind {
    /// The row at a position.
    pub(super) fn at(self, at: usize) -> Node {
        Node { kind: self, at }
    }

    /// The name of the type in the schema and in refusals.
    pub(super) fn type_name(self) -> &'static str {
        match self {
            Self::Organization => "Organization",
            Self::User => "User",
            Self::Team => "Team",
            Self::Membership => "TeamMembership",
            Self::State => "WorkflowState",
            Self::Label => "IssueLabel",
            Self::Cycle => "Cycle",
            Self::ProjectStatus => "ProjectStatus",
            Self::Project => "Project",
            Self::Milestone => "ProjectMilestone",
            Self::ProjectUpdate => "ProjectUpdate",
            Self::Initiative => "Initiative",
            Self::ProjectLink => "InitiativeToProject",
            Self::Document => "Document",
            Self::Issue => "Issue",
            Self::Comment => "Comment",
            Self::Attachment => "Attachment",
            Self::Relation => "IssueRelation",
            Self::Entry => "IssueHistory",
            Self::Bot => "ActorBot",
            Self::SharedAccess => "IssueSharedAccess",
        }
    }
}

/// How many of something; lists here are short.
fn count<'a>(many: usize) -> Cell<'a> {
    Cell::from(u32::try_from(many).unwrap_or(u32::MAX))
}

/// Rows of one kind.
fn rows<'a>(kind: Kind, at: impl IntoIterator<Item = usize>) -> Cell<'a> {
    Cell::Rows(at.into_iter().map(|at| kind.at(at)).collect())
}

/// A row that may be missing.
fn row<'a>(kind: Kind, at: Option<usize>) -> Cell<'a> {
    at.map(|at| kind.at(at)).into()
}

/// The positions in a list whose rows fit.
fn which<T>(list: &[T], fits: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter().enumerate().filter(|(_, row)| fits(row)).map(|(at, _)| at).collect()
}

/// The rows, and what finds them.
#[derive(Debug)]
pub(super) struct View {
    pub(super) data: Arc<Data>,
    pub(super) index: Index,
    /// As [`Options::stored_micros`](super::Options::stored_micros).
    stored_micros: bool,
}

impl View {
    pub(super) fn new(data: Arc<Data>, stored_micros: bool) -> Self {
        Self { index: Index::new(&data), data, stored_micros }
    }

    /// Id and dates of a row; what is not a row by itself has those of the row it is part of.
    pub(super) fn record(&self, node: Node) -> &Record {
        let (data, at) = (&self.data, node.at);
        match node.kind {
            Kind::Organization => &data.organization.record,
            Kind::User => &data.users[at].record,
            Kind::Team => &data.teams[at].record,
            Kind::Membership => &data.memberships[at].record,
            Kind::State => &data.states[at].record,
            Kind::Label => &data.labels[at].record,
            Kind::Cycle => &data.cycles[at].record,
            Kind::ProjectStatus => &data.project_statuses[at].record,
            Kind::Project => &data.projects[at].record,
            Kind::Milestone => &data.milestones[at].record,
            Kind::ProjectUpdate => &data.project_updates[at].record,
            Kind::Initiative => &data.initiatives[at].record,
            Kind::ProjectLink => &data.project_links[at].record,
            Kind::Document => &data.documents[at].record,
            Kind::Issue | Kind::SharedAccess => &data.issues[at].record,
            Kind::Comment | Kind::Bot => &data.comments[at].record,
            Kind::Attachment => &data.attachments[at].record,
            Kind::Relation => &data.relations[at].record,
            Kind::Entry => &data.history[at].record,
        }
    }

    /// All rows of a kind.
    pub(super) fn all(&self, kind: Kind) -> Vec<Node> {
        let data = &self.data;
        let many = match kind {
            Kind::User => data.users.len(),
            Kind::Team => data.teams.len(),
            Kind::Membership => data.memberships.len(),
            Kind::State => data.states.len(),
            Kind::Label => data.labels.len(),
            Kind::Cycle => data.cycles.len(),
            Kind::ProjectStatus => data.project_statuses.len(),
            Kind::Project => data.projects.len(),
            Kind::Milestone => data.milestones.len(),
            Kind::ProjectUpdate => data.project_updates.len(),
            Kind::Initiative => data.initiatives.len(),
            Kind::ProjectLink => data.project_links.len(),
            Kind::Document => data.documents.len(),
            Kind::Issue => data.issues.len(),
            Kind::Comment => data.comments.len(),
            Kind::Attachment => data.attachments.len(),
            Kind::Relation => data.relations.len(),
            Kind::Entry => data.history.len(),
            Kind::Organization => 1,
            Kind::Bot | Kind::SharedAccess => 0,
        };
        (0..many).map(|at| kind.at(at)).collect()
    }

    /// What a field of a row says.
    pub(super) fn cell(&self, node: Node, field: &str) -> Cell<'_> {
        let at = node.at;
        if !matches!(node.kind, Kind::Bot | Kind::SharedAccess) {
            let record = self.record(node);
            match field {
                "id" => return Cell::from(&record.id),
                "createdAt" => return record.created.into(),
                "updatedAt" => return record.updated.into(),
                "archivedAt" => return record.archived.into(),
                "organization" => return Kind::Organization.at(0).into(),
                _ => {}
            }
        }
        match node.kind {
            Kind::Organization => self.organization(field),
            Kind::User => self.user(at, field),
            Kind::Team => self.team(at, field),
            Kind::Membership => self.membership(at, field),
            Kind::State => self.state(at, field),
            Kind::Label => self.label(at, field),
            Kind::Cycle => self.cycle(at, field),
            Kind::ProjectStatus => self.project_status(at, field),
            Kind::Project => self.project(at, field),
            Kind::Milestone => self.milestone(at, field),
            Kind::ProjectUpdate => self.project_update(at, field),
            Kind::Initiative => self.initiative(at, field),
            Kind::ProjectLink => self.project_link(at, field),
            Kind::Document => self.document(at, field),
            Kind::Issue => self.issue(at, field),
            Kind::Comment => self.comment(at, field),
            Kind::Attachment => self.attachment(at, field),
            Kind::Relation => self.relation(at, field),
            Kind::Entry => self.entry(at, field),
            Kind::Bot => self.bot(at, field),
            // Nothing is shared one by one here: all its fields are as empty as the schema lets them be.
            Kind::SharedAccess => Cell::Unknown,
        }
    }

    /// What a field of a row is compared and ordered by.
    pub(super) fn stored(&self, node: Node, field: &str) -> Cell<'_> {
        match self.cell(node, field) {
            Cell::Moment(moment) => Cell::Moment(self.stored_moment(node, moment)),
            cell => cell,
        }
    }

    /// A moment of a row as it is stored: what is shown of it, and perhaps some of the 999 microseconds that follow.
    pub(super) fn stored_moment(&self, node: Node, shown: DateTime<Utc>) -> DateTime<Utc> {
        if !self.stored_micros {
            return shown;
        }
        let id = self.record(node).id.get(..8).and_then(|digits| i64::from_str_radix(digits, 16).ok());
        shown + Duration::microseconds(1 + id.unwrap_or_default() % 999)
    }

    /// An address in the web application.
    fn url(&self, rest: &str) -> String {
        format!("https://linear.app/{}/{rest}", self.data.organization.url_key)
    }
}
