//! The rows of the emulated Linear: plain structs, from which answers are rendered and tests compute what is true.
//!
//! Rows refer to each other by position in the lists of [`Data`]. Moments are whole milliseconds.

mod issue;
mod plan;

use chrono::{DateTime, Utc};

pub use issue::{Attachment, Change, Comment, Entry, Issue, Relation, Subject};
pub use plan::{
    Cycle, Document, Initiative, Label, Membership, Milestone, Place, Project, ProjectLink, ProjectStatus, ProjectUpdate, State,
};

use super::generate;
use crate::demo::company::Company;

/// What every row has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Id, a UUID of version 4.
    pub id: String,
    /// Creation.
    pub created: DateTime<Utc>,
    /// Last change.
    pub updated: DateTime<Utc>,
    /// When it was archived; lists leave archived rows out unless asked for them.
    pub archived: Option<DateTime<Utc>>,
}

/// The workspace itself.
#[derive(Clone, Debug)]
pub struct Organization {
    /// Id and dates.
    pub record: Record,
    /// Name.
    pub name: String,
    /// The part of web addresses that names it.
    pub url_key: String,
}

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct User {
    /// Id and dates.
    pub record: Record,
    /// Full name.
    pub name: String,
    /// Short name, unique in the workspace.
    pub display_name: String,
    /// Mail address.
    pub email: String,
    /// False once the account is disabled; lists leave such users out unless asked for them.
    pub active: bool,
    /// Whether they administrate the workspace.
    pub admin: bool,
    /// Whether they own the workspace.
    pub owner: bool,
    /// Whether they are a guest: someone invited to single teams.
    pub guest: bool,
    /// Whether it is an application, not a person.
    pub app: bool,
    /// IANA time zone.
    pub time_zone: Option<&'static str>,
    /// Job title.
    pub title: Option<String>,
    /// When they were last online.
    pub last_seen: Option<DateTime<Utc>>,
    /// Numeric id of the GitHub account that they connected.
    pub github_id: Option<i64>,
}

/// A team.
#[derive(Clone, Debug)]
pub struct Team {
    /// Id and dates.
    pub record: Record,
    /// Key, the part of an identifier before the hyphen.
    pub key: String,
    /// Name.
    pub name: String,
    /// Description.
    pub description: Option<String>,
    /// Colour as `#rrggbb`.
    pub color: &'static str,
    /// IANA time zone.
    pub time_zone: &'static str,
    /// Whether only members see it.
    pub private: bool,
    /// The team it is part of.
    pub parent: Option<usize>,
    /// Length of a cycle in weeks; `None` where the team has no cycles.
    pub cycle_weeks: Option<u32>,
    /// Whether new issues wait for triage.
    pub triage: bool,
    /// When it was retired.
    pub retired: Option<DateTime<Utc>>,
}

/// Everything the emulator knows.
#[derive(Clone, Debug)]
pub struct Data {
    /// The moment at which the data is seen.
    pub now: DateTime<Utc>,
    /// The workspace.
    pub organization: Organization,
    /// The user whose key is accepted.
    pub viewer: usize,
    /// Everyone in the order of [`Company::people`], then a guest.
    pub users: Vec<User>,
    /// Teams in the order of [`Company::projects`], whose keys they have.
    pub teams: Vec<Team>,
    /// Who belongs to which team.
    pub memberships: Vec<Membership>,
    /// Workflow states of all teams.
    pub states: Vec<State>,
    /// Labels of the workspace and of teams.
    pub labels: Vec<Label>,
    /// Cycles.
    pub cycles: Vec<Cycle>,
    /// Statuses that projects can have.
    pub project_statuses: Vec<ProjectStatus>,
    /// Projects.
    pub projects: Vec<Project>,
    /// Milestones of projects.
    pub milestones: Vec<Milestone>,
    /// Updates of projects.
    pub project_updates: Vec<ProjectUpdate>,
    /// Initiatives.
    pub initiatives: Vec<Initiative>,
    /// Which project belongs to which initiative.
    pub project_links: Vec<ProjectLink>,
    /// Documents.
    pub documents: Vec<Document>,
    /// Issues.
    pub issues: Vec<Issue>,
    /// Comments on anything.
    pub comments: Vec<Comment>,
    /// Attachments of issues.
    pub attachments: Vec<Attachment>,
    /// Relations between issues.
    pub relations: Vec<Relation>,
    /// Entries of the histories of issues.
    pub history: Vec<Entry>,
}

impl Data {
    /// The rows that belong to a company; the same company always gets the same ones.
    #[must_use]
    pub fn generate(company: &Company) -> Self {
        generate::generate(company)
    }

    /// The issue with an identifier such as `ENG-12`, or one that had it before it moved; the key's case does not matter.
    #[must_use]
    pub fn identified(&self, identifier: &str) -> Option<usize> {
        let same = |other: &String| other.eq_ignore_ascii_case(identifier);
        let now = self.issues.iter().position(|issue| same(&issue.identifier));
        now.or_else(|| self.issues.iter().position(|issue| issue.previous_identifiers.iter().any(same)))
    }
}
