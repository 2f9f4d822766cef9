//! Comments, attachments and histories.

use serde_json::json;

use super::plan::rich_text;
use super::{Cell, Kind, Node, View, row, rows};
use crate::demo::linear::data::{Change, Subject};

impl View {
    pub(super) fn comment(&self, at: usize, field: &str) -> Cell<'_> {
        let comment = &self.data.comments[at];
        let on = |kind: Kind| Some(self.subject(at)).filter(|node| node.kind == kind);
        match field {
            "body" => Cell::from(&comment.body),
            "bodyData" => rich_text(&comment.body),
            "url" => {
                let place = match comment.subject {
                    Subject::Issue(issue) => format!("issue/{}", self.data.issues[issue].identifier),
                    Subject::Project(project) => format!("project/{}", self.data.projects[project].slug),
                    Subject::ProjectUpdate(update) => {
                        format!("project/{}/updates", self.data.projects[self.data.project_updates[update].project].slug)
                    }
                    Subject::Initiative(initiative) => format!("initiative/{}", self.data.initiatives[initiative].slug),
                };
                self.url(&format!("{place}#comment-{}", &comment.record.id[..8])).into()
            }
            "quotedText" => (at % 16 == 3).then_some("lux > 300").into(),
            "editedAt" => comment.edited.into(),
            "resolvedAt" => comment.resolved.into(),
            "user" => row(Kind::User, comment.user),
            "botActor" => row(Kind::Bot, comment.bot.map(|_| at)),
            "parent" => row(Kind::Comment, comment.parent),
            "parentId" => self.id(comment.parent.map(|parent| Kind::Comment.at(parent))),
            "issue" => on(Kind::Issue).into(),
            "issueId" => self.id(on(Kind::Issue)),
            "project" => on(Kind::Project).into(),
            "projectId" => self.id(on(Kind::Project)),
            "projectUpdate" => on(Kind::ProjectUpdate).into(),
            "projectUpdateId" => self.id(on(Kind::ProjectUpdate)),
            "initiative" => on(Kind::Initiative).into(),
            "initiativeId" => self.id(on(Kind::Initiative)),
            "children" => rows(Kind::Comment, self.index.answers[at].iter().copied()),
            "resolvingUser" => row(Kind::User, comment.resolved.and(Some(self.data.viewer))),
            _ => Cell::Unknown,
        }
    }

    fn subject(&self, at: usize) -> Node {
        match self.data.comments[at].subject {
            Subject::Issue(at) => Kind::Issue.at(at),
            Subject::Project(at) => Kind::Project.at(at),
            Subject::ProjectUpdate(at) => Kind::ProjectUpdate.at(at),
            Subject::Initiative(at) => Kind::Initiative.at(at),
        }
    }

    fn id(&self, node: Option<Node>) -> Cell<'_> {
        node.map(|node| &self.record(node).id).into()
    }

    pub(super) fn bot(&self, at: usize, field: &str) -> Cell<'_> {
        let comment = &self.data.comments[at];
        match field {
            "name" => comment.bot.into(),
            "type" => "integration".into(),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn attachment(&self, at: usize, field: &str) -> Cell<'_> {
        let attachment = &self.data.attachments[at];
        match field {
            "title" => Cell::from(&attachment.title),
            "subtitle" => Cell::from(attachment.subtitle.as_ref()),
            "url" => Cell::from(&attachment.url),
            "sourceType" => attachment.source_type.into(),
            "source" => attachment.source_type.map(|kind| json!({"type": kind})).into(),
            "metadata" => attachment.metadata.clone().into(),
            "issue" => Kind::Issue.at(attachment.issue).into(),
            "creator" => row(Kind::User, attachment.creator),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn entry(&self, at: usize, field: &str) -> Cell<'_> {
        let entry = &self.data.history[at];
        match field {
            "issue" => return Kind::Issue.at(entry.issue).into(),
            "actor" => return row(Kind::User, entry.actor),
            "actorId" => return self.id(entry.actor.map(|user| Kind::User.at(user))),
            "botActor" => {
                // An integration; nobody stands for Linear itself.
                let bot = || self.data.comments.iter().position(|comment| comment.bot.is_some());
                let by_bot = entry.actor.is_none() && !matches!(entry.change, Change::Archived(_) | Change::Closed);
                return row(Kind::Bot, by_bot.then(bot).flatten());
            }
            "actors" => return entry.actor.map_or(Cell::Null, |user| rows(Kind::User, [user])),
            _ => {}
        }
        // A field is null in an entry that is about something else.
        let ids = |labels: &[usize]| json!(labels.iter().map(|&at| &self.data.labels[at].record.id).collect::<Vec<_>>());
        let of = |kind: Kind, at: Option<usize>| at.map(|at| kind.at(at));
        match (&entry.change, field) {
            (Change::State(from, _), "fromState") => row(Kind::State, *from),
            (Change::State(_, to), "toState") => row(Kind::State, *to),
            (Change::State(from, _), "fromStateId") => self.id(of(Kind::State, *from)),
            (Change::State(_, to), "toStateId") => self.id(of(Kind::State, *to)),
            (Change::Assignee(from, _), "fromAssignee") => row(Kind::User, *from),
            (Change::Assignee(_, to), "toAssignee") => row(Kind::User, *to),
            (Change::Assignee(from, _), "fromAssigneeId") => self.id(of(Kind::User, *from)),
            (Change::Assignee(_, to), "toAssigneeId") => self.id(of(Kind::User, *to)),
            (Change::Priority(from, _), "fromPriority") => (*from).into(),
            (Change::Priority(_, to), "toPriority") => (*to).into(),
            (Change::Estimate(from, _), "fromEstimate") => (*from).into(),
            (Change::Estimate(_, to), "toEstimate") => (*to).into(),
            (Change::Labels(came, _), "addedLabels") => rows(Kind::Label, came.iter().copied()),
            (Change::Labels(_, went), "removedLabels") => rows(Kind::Label, went.iter().copied()),
            (Change::Labels(came, _), "addedLabelIds") => ids(came).into(),
            (Change::Labels(_, went), "removedLabelIds") => ids(went).into(),
            (Change::Title(from, _), "fromTitle") => Cell::from(from),
            (Change::Title(_, to), "toTitle") => Cell::from(to),
            (Change::Description, "updatedDescription")
            | (Change::Archived(_), "archived")
            | (Change::Trashed, "trashed")
            | (Change::Closed, "autoClosed") => true.into(),
            (Change::Description, "descriptionUpdatedBy") => entry.actor.map_or(Cell::Null, |user| rows(Kind::User, [user])),
            (Change::Team(from, _), "fromTeam") => Kind::Team.at(*from).into(),
            (Change::Team(_, to), "toTeam") => Kind::Team.at(*to).into(),
            (Change::Team(from, _), "fromTeamId") => self.id(Some(Kind::Team.at(*from))),
            (Change::Team(_, to), "toTeamId") => self.id(Some(Kind::Team.at(*to))),
            (Change::Due(from, _), "fromDueDate") => (*from).into(),
            (Change::Due(_, to), "toDueDate") => (*to).into(),
            (Change::Project(from, _), "fromProject") => row(Kind::Project, *from),
            (Change::Project(_, to), "toProject") => row(Kind::Project, *to),
            (Change::Project(from, _), "fromProjectId") => self.id(of(Kind::Project, *from)),
            (Change::Project(_, to), "toProjectId") => self.id(of(Kind::Project, *to)),
            (Change::Cycle(from, _), "fromCycle") => row(Kind::Cycle, *from),
            (Change::Cycle(_, to), "toCycle") => row(Kind::Cycle, *to),
            (Change::Cycle(from, _), "fromCycleId") => self.id(of(Kind::Cycle, *from)),
            (Change::Cycle(_, to), "toCycleId") => self.id(of(Kind::Cycle, *to)),
            (Change::Parent(from, _), "fromParent") => row(Kind::Issue, *from),
            (Change::Parent(_, to), "toParent") => row(Kind::Issue, *to),
            (Change::Parent(from, _), "fromParentId") => self.id(of(Kind::Issue, *from)),
            (Change::Parent(_, to), "toParentId") => self.id(of(Kind::Issue, *to)),
            (Change::Attachment(at), "attachment") => Kind::Attachment.at(*at).into(),
            (Change::Attachment(at), "attachmentId") => self.id(Some(Kind::Attachment.at(*at))),
            (Change::Archived(by_itself), "autoArchived") => by_itself.then_some(true).into(),
            _ => Cell::Unknown,
        }
    }
}
