//! Issues.

use serde_json::json;

use super::{Cell, Kind, View, row, rows, which};
use crate::demo::linear::data::{Place, Relation};

/// What priorities are called, by number.
pub(super) const PRIORITIES: [&str; 5] = ["No priority", "Urgent", "High", "Medium", "Low"];

impl View {
    pub(super) fn issue(&self, at: usize, field: &str) -> Cell<'_> {
        let issue = &self.data.issues[at];
        match field {
            "identifier" => Cell::from(&issue.identifier),
            "number" => issue.number.into(),
            "title" => Cell::from(&issue.title),
            "description" => Cell::from(issue.description.as_ref()),
            "priority" => issue.priority.into(),
            "priorityLabel" => PRIORITIES[usize::from(issue.priority)].into(),
            "prioritySortOrder" | "sortOrder" | "boardOrder" => issue.sort_order.into(),
            "subIssueSortOrder" => issue.parent.map(|_| issue.sort_order).into(),
            "estimate" => issue.estimate.into(),
            "url" => self.url(&format!("issue/{}/{}", issue.identifier, slug(&issue.title))).into(),
            "branchName" => {
                let user = issue.assignee.map_or("lumen", |user| self.data.users[user].display_name.as_str());
                format!("{user}/{}-{}", issue.identifier.to_lowercase(), slug(&issue.title)).into()
            }
            "previousIdentifiers" => json!(issue.previous_identifiers).into(),
            "labelIds" => json!(issue.labels.iter().map(|&label| &self.data.labels[label].record.id).collect::<Vec<_>>()).into(),
            "trashed" => issue.trashed.then_some(true).into(),
            "customerTicketCount" | "customerCount" => issue.customer_tickets.into(),
            "dueDate" => issue.due.into(),
            "startedAt" => issue.started.into(),
            "completedAt" => issue.completed.into(),
            "canceledAt" => issue.canceled.into(),
            "triagedAt" => issue.triaged.into(),
            "startedTriageAt" => issue.triaged.map(|_| issue.record.created).into(),
            "autoArchivedAt" => issue.auto_archived.into(),
            "autoClosedAt" => issue.auto_closed.into(),
            "snoozedUntilAt" => issue.snoozed_until.into(),
            "slaBreachesAt" => issue.sla_breaches.into(),
            "slaStartedAt" => issue.sla_breaches.map(|_| issue.record.created).into(),
            "slaType" => issue.sla_breaches.map(|_| "all").into(),
            "addedToCycleAt" => issue.added_to_cycle.into(),
            "addedToProjectAt" => issue.project.map(|_| issue.record.created).into(),
            "addedToTeamAt" => issue.record.created.into(),
            "state" => Kind::State.at(issue.state).into(),
            "team" => Kind::Team.at(issue.team).into(),
            "assignee" => row(Kind::User, issue.assignee),
            "creator" => row(Kind::User, issue.creator),
            "delegate" => row(Kind::User, issue.delegate),
            "snoozedBy" => row(Kind::User, issue.snoozed_until.and(Some(self.data.viewer))),
            "project" => row(Kind::Project, issue.project),
            "projectMilestone" => row(Kind::Milestone, issue.milestone),
            "cycle" => row(Kind::Cycle, issue.cycle),
            "parent" => row(Kind::Issue, issue.parent),
            "sharedAccess" => Kind::SharedAccess.at(at).into(),
            "labels" => rows(Kind::Label, issue.labels.iter().copied()),
            "subscribers" => rows(Kind::User, issue.subscribers.iter().copied()),
            "children" => rows(Kind::Issue, self.index.children[at].iter().copied()),
            "comments" => rows(Kind::Comment, self.index.comments[at].iter().copied()),
            "attachments" => rows(Kind::Attachment, self.index.attachments[at].iter().copied()),
            "relations" => rows(Kind::Relation, self.index.relations[at].iter().copied()),
            "inverseRelations" => rows(Kind::Relation, self.index.inverse_relations[at].iter().copied()),
            "history" => rows(Kind::Entry, self.index.history[at].iter().copied()),
            "documents" => rows(Kind::Document, which(&self.data.documents, |document| document.place == Place::Issue(at))),
            "hasBlockingRelations" => self.related(&self.index.relations[at], "blocks"),
            "hasBlockedByRelations" => self.related(&self.index.inverse_relations[at], "blocks"),
            "hasDuplicateRelations" => self.related(&self.index.relations[at], "duplicate"),
            _ => Cell::Unknown,
        }
    }

    fn related(&self, relations: &[usize], kind: &str) -> Cell<'_> {
        relations.iter().any(|&at| self.data.relations[at].kind == kind).into()
    }

    pub(super) fn relation(&self, at: usize, field: &str) -> Cell<'_> {
        let Relation { kind, issue, related, .. } = &self.data.relations[at];
        match field {
            "type" => (*kind).into(),
            "issue" => Kind::Issue.at(*issue).into(),
            "relatedIssue" => Kind::Issue.at(*related).into(),
            _ => Cell::Unknown,
        }
    }
}

/// A title as a part of an address.
pub(super) fn slug(title: &str) -> String {
    let words = title.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}
