//! Projects and what stands above and beside them.

use serde_json::json;

use super::issue::{PRIORITIES, slug};
use super::{Cell, Kind, View, count, row, rows, which};
use crate::demo::linear::data::{Place, Subject};

impl View {
    pub(super) fn project_status(&self, at: usize, field: &str) -> Cell<'_> {
        let status = &self.data.project_statuses[at];
        match field {
            "name" => status.name.into(),
            "type" => status.kind.into(),
            "color" => status.color.into(),
            "position" => status.position.into(),
            "projects" => rows(Kind::Project, which(&self.data.projects, |project| project.status == at)),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn project(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, project) = (&self.data, &self.data.projects[at]);
        let issues = || which(&data.issues, |issue| issue.project == Some(at));
        match field {
            "name" => Cell::from(&project.name),
            "slugId" => Cell::from(&project.slug),
            "description" => Cell::from(&project.description),
            "content" => Cell::from(project.content.as_ref()),
            "color" => project.color.into(),
            "icon" => at.is_multiple_of(2).then_some("Rocket").into(),
            "url" => self.url(&format!("project/{}-{}", slug(&project.name), project.slug)).into(),
            "status" => Kind::ProjectStatus.at(project.status).into(),
            "state" => data.project_statuses[project.status].kind.into(),
            "health" => project.health.into(),
            "healthUpdatedAt" => project.health.map(|_| project.record.updated).into(),
            "priority" => project.priority.into(),
            "priorityLabel" => PRIORITIES[usize::from(project.priority)].into(),
            "startDate" => project.start.into(),
            "targetDate" => project.target.into(),
            // Some are planned by the quarter.
            "startDateResolution" => project.start.filter(|_| at % 4 == 1).map(|_| "quarter").into(),
            "targetDateResolution" => project.target.filter(|_| at % 4 == 1).map(|_| "quarter").into(),
            "trashed" => project.record.archived.and(project.canceled).map(|_| true).into(),
            "convertedFromIssue" => row(Kind::Issue, (at % 6 == 2).then_some(at)),
            "startedAt" => project.started.into(),
            "completedAt" => project.completed.into(),
            "canceledAt" => project.canceled.into(),
            "frequencyResolution" => "weekly".into(),
            "labelIds" => json!([]).into(),
            "progress" => self.progress(&issues()),
            "scope" | "resourceCount" => count(issues().len()),
            "scopeHistory" | "issueCountHistory" => json!([issues().len()]).into(),
            "lead" => row(Kind::User, project.lead),
            "creator" => row(Kind::User, project.creator),
            "lastUpdate" => {
                let mut updates = which(&data.project_updates, |update| update.project == at);
                updates.sort_by_key(|&at| data.project_updates[at].record.created);
                row(Kind::ProjectUpdate, updates.last().copied())
            }
            "members" => rows(Kind::User, project.members.iter().copied()),
            "teams" | "accessibleTeams" => rows(Kind::Team, project.teams.iter().copied()),
            "issues" => rows(Kind::Issue, issues()),
            "projectMilestones" => rows(Kind::Milestone, which(&data.milestones, |row| row.project == at)),
            "projectUpdates" => rows(Kind::ProjectUpdate, which(&data.project_updates, |row| row.project == at)),
            "initiativeToProjects" => rows(Kind::ProjectLink, which(&data.project_links, |row| row.project == at)),
            "initiatives" => rows(Kind::Initiative, data.project_links.iter().filter(|row| row.project == at).map(|row| row.initiative)),
            "documents" => rows(Kind::Document, which(&data.documents, |row| row.place == Place::Project(at))),
            "comments" => rows(Kind::Comment, which(&data.comments, |row| row.subject == Subject::Project(at))),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn milestone(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, milestone) = (&self.data, &self.data.milestones[at]);
        let issues = || which(&data.issues, |issue| issue.milestone == Some(at));
        match field {
            "name" => Cell::from(&milestone.name),
            "description" => Cell::from(milestone.description.as_ref()),
            "targetDate" => milestone.target.into(),
            "sortOrder" => milestone.sort_order.into(),
            "status" => self.milestone_status(at).into(),
            "progress" => self.progress(&issues()),
            "project" => Kind::Project.at(milestone.project).into(),
            "issues" => rows(Kind::Issue, issues()),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn project_update(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, update) = (&self.data, &self.data.project_updates[at]);
        let comments = || which(&data.comments, |row| row.subject == Subject::ProjectUpdate(at));
        match field {
            "body" => Cell::from(&update.body),
            "bodyData" => rich_text(&update.body),
            "diffMarkdown" => at.is_multiple_of(2).then_some("- Target date: **moved** to *next month*").into(),
            "health" => update.health.into(),
            "user" => Kind::User.at(update.user).into(),
            "project" => Kind::Project.at(update.project).into(),
            "editedAt" => update.edited.into(),
            "slugId" => update.record.id[..8].to_owned().into(),
            "url" => {
                let project = &data.projects[update.project];
                self.url(&format!("project/{}/updates#project-update-{}", project.slug, &update.record.id[..8])).into()
            }
            "commentCount" => count(comments().len()),
            "comments" => rows(Kind::Comment, comments()),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn initiative(&self, at: usize, field: &str) -> Cell<'_> {
        let (data, initiative) = (&self.data, &self.data.initiatives[at]);
        match field {
            "name" => Cell::from(&initiative.name),
            "slugId" => Cell::from(&initiative.slug),
            "description" => Cell::from(initiative.description.as_ref()),
            "content" => at.is_multiple_of(2).then_some("# Why\n\n- less light\n- \"more\" sleep").into(),
            "color" => at.is_multiple_of(2).then_some("#f2c94c").into(),
            "icon" => at.is_multiple_of(2).then_some("Sun").into(),
            "identifier" => format!("INI-{}", at + 1).into(),
            "targetDateResolution" => initiative.target.filter(|_| at % 2 == 1).map(|_| "halfYear").into(),
            "status" => initiative.status.into(),
            "priority" => u8::try_from(at % 5).unwrap_or(0).into(),
            "health" => initiative.health.into(),
            "healthUpdatedAt" => initiative.health.map(|_| initiative.record.updated).into(),
            "targetDate" => initiative.target.into(),
            "startedAt" => matches!(initiative.status, "Active" | "Completed").then_some(initiative.record.created).into(),
            "completedAt" => (initiative.status == "Completed").then_some(initiative.record.updated).into(),
            "canceledAt" => (initiative.status == "Canceled").then_some(initiative.record.updated).into(),
            "trashed" => (initiative.status == "Canceled").then_some(true).into(),
            "leadTeam" => row(Kind::Team, at.is_multiple_of(2).then_some(at % data.teams.len())),
            "url" => self.url(&format!("initiative/{}-{}", slug(&initiative.name), initiative.slug)).into(),
            "frequencyResolution" => "weekly".into(),
            "visibility" => "public".into(),
            "owner" => row(Kind::User, initiative.owner),
            "creator" => row(Kind::User, initiative.creator),
            "parentInitiative" => row(Kind::Initiative, initiative.parent),
            "parentInitiatives" => rows(Kind::Initiative, initiative.parent),
            "subInitiatives" => rows(Kind::Initiative, which(&data.initiatives, |row| row.parent == Some(at))),
            "projects" => rows(Kind::Project, data.project_links.iter().filter(|row| row.initiative == at).map(|row| row.project)),
            "documents" => rows(Kind::Document, which(&data.documents, |row| row.place == Place::Initiative(at))),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn project_link(&self, at: usize, field: &str) -> Cell<'_> {
        let link = &self.data.project_links[at];
        match field {
            "initiative" => Kind::Initiative.at(link.initiative).into(),
            "project" => Kind::Project.at(link.project).into(),
            "sortOrder" => format!("{at:05}").into(),
            _ => Cell::Unknown,
        }
    }

    pub(super) fn document(&self, at: usize, field: &str) -> Cell<'_> {
        let document = &self.data.documents[at];
        let place = |kind| match (kind, document.place) {
            (Kind::Project, Place::Project(at))
            | (Kind::Initiative, Place::Initiative(at))
            | (Kind::Issue, Place::Issue(at))
            | (Kind::Team, Place::Team(at)) => kind.at(at).into(),
            _ => Cell::Null,
        };
        match field {
            "title" => Cell::from(&document.title),
            "slugId" => Cell::from(&document.slug),
            "content" => Cell::from(document.content.as_ref()),
            "summary" => (at % 4 == 1).then_some("Some words.").into(),
            "color" => (at % 3 == 1).then_some("#5e6ad2").into(),
            "icon" => (at % 3 == 1).then_some("Book").into(),
            "hiddenAt" => (at % 6 == 4).then_some(document.record.updated).into(),
            "url" => self.url(&format!("document/{}-{}", slug(&document.title), document.slug)).into(),
            "trashed" => document.trashed.then_some(true).into(),
            "creator" | "owner" => row(Kind::User, document.creator),
            "updatedBy" => row(Kind::User, document.updated_by),
            "project" => place(Kind::Project),
            "initiative" => place(Kind::Initiative),
            "issue" => place(Kind::Issue),
            "team" => place(Kind::Team),
            "sortOrder" => Cell::Number(0.0),
            _ => Cell::Unknown,
        }
    }
}

/// Markdown as the editor keeps it: here always one paragraph.
pub(super) fn rich_text<'a>(markdown: &str) -> Cell<'a> {
    let text = json!({"type": "doc", "content": [{"type": "paragraph", "content": [{"type": "text", "text": markdown}]}]});
    text.to_string().into()
}
