//! Finds rows by id, and the rows that belong to an issue.

use std::collections::HashMap;

use super::{Kind, Node};
use crate::demo::linear::data::{Data, Record, Subject};

/// Positions by what is looked for.
#[derive(Debug)]
pub(in crate::demo::linear) struct Index {
    ids: HashMap<String, Node>,
    /// Of every issue, the issues below it.
    pub(super) children: Vec<Vec<usize>>,
    /// Of every issue, its comments.
    pub(super) comments: Vec<Vec<usize>>,
    /// Of every issue, its attachments.
    pub(super) attachments: Vec<Vec<usize>>,
    /// Of every issue, the relations that start from it.
    pub(super) relations: Vec<Vec<usize>>,
    /// Of every issue, the relations that lead to it.
    pub(super) inverse_relations: Vec<Vec<usize>>,
    /// Of every issue, its history.
    pub(super) history: Vec<Vec<usize>>,
    /// Of every comment, the answers to it.
    pub(super) answers: Vec<Vec<usize>>,
}

impl Index {
    pub(super) fn new(data: &Data) -> Self {
        let issues = data.issues.len();
        let on_issue = |subject| if let Subject::Issue(issue) = subject { Some(issue) } else { None };
        let mut index = Self {
            ids: HashMap::new(),
            children: group(issues, data.issues.iter().map(|row| row.parent)),
            comments: group(issues, data.comments.iter().map(|row| on_issue(row.subject))),
            attachments: group(issues, data.attachments.iter().map(|row| Some(row.issue))),
            relations: group(issues, data.relations.iter().map(|row| Some(row.issue))),
            inverse_relations: group(issues, data.relations.iter().map(|row| Some(row.related))),
            history: group(issues, data.history.iter().map(|row| Some(row.issue))),
            answers: group(data.comments.len(), data.comments.iter().map(|row| row.parent)),
        };
        index.add(Kind::User, data.users.iter().map(|row| &row.record));
        index.add(Kind::Team, data.teams.iter().map(|row| &row.record));
        index.add(Kind::Membership, data.memberships.iter().map(|row| &row.record));
        index.add(Kind::State, data.states.iter().map(|row| &row.record));
        index.add(Kind::Label, data.labels.iter().map(|row| &row.record));
        index.add(Kind::Cycle, data.cycles.iter().map(|row| &row.record));
        index.add(Kind::ProjectStatus, data.project_statuses.iter().map(|row| &row.record));
        index.add(Kind::Project, data.projects.iter().map(|row| &row.record));
        index.add(Kind::Milestone, data.milestones.iter().map(|row| &row.record));
        index.add(Kind::ProjectUpdate, data.project_updates.iter().map(|row| &row.record));
        index.add(Kind::Initiative, data.initiatives.iter().map(|row| &row.record));
        index.add(Kind::ProjectLink, data.project_links.iter().map(|row| &row.record));
        index.add(Kind::Document, data.documents.iter().map(|row| &row.record));
        index.add(Kind::Issue, data.issues.iter().map(|row| &row.record));
        index.add(Kind::Comment, data.comments.iter().map(|row| &row.record));
        index.add(Kind::Attachment, data.attachments.iter().map(|row| &row.record));
        index.add(Kind::Relation, data.relations.iter().map(|row| &row.record));
        index
    }

    fn add<'a>(&mut self, kind: Kind, records: impl Iterator<Item = &'a Record>) {
        self.ids.extend(records.enumerate().map(|(at, record)| (record.id.clone(), kind.at(at))));
    }

    /// The row of a kind that has an id.
    pub(in crate::demo::linear) fn find(&self, kind: Kind, id: &str) -> Option<Node> {
        self.ids.get(id).copied().filter(|node| node.kind == kind)
    }
}

/// Positions by the row that they belong to.
fn group(owners: usize, of: impl Iterator<Item = Option<usize>>) -> Vec<Vec<usize>> {
    let mut groups = vec![Vec::new(); owners];
    for (at, owner) in of.enumerate() {
        if let Some(owner) = owner {
            groups[owner].push(at);
        }
    }
    groups
}
