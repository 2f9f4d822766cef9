//! The truth: the emulators' own rows as tables, made without the connector, its decoder or its predicates.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use serde_json::{Map, Value, json};
use sqluice::demo::{github, jira, linear, slack};

use crate::common::World;

/// A row by column names.
pub(crate) type Row = Map<String, Value>;

fn row(value: Value) -> Row {
    match value {
        Value::Object(row) => row,
        other => panic!("{other} is no row"),
    }
}

fn time(at: DateTime<Utc>) -> Value {
    json!(at.to_rfc3339_opts(chrono::SecondsFormat::Micros, true))
}

fn maybe(at: Option<DateTime<Utc>>) -> Value {
    at.map_or(Value::Null, time)
}

/// Issues of projects that are not archived.
pub(crate) fn jira_issues(data: &jira::Data) -> Vec<Row> {
    let visible = |issue: &&jira::data::Issue| !data.projects[issue.project].archived;
    data.issues
        .iter()
        .filter(visible)
        .map(|issue| {
            let user = |index: Option<usize>| index.map(|index| &data.users[index]);
            let project = &data.projects[issue.project];
            let status = &data.statuses[issue.status];
            let components = || issue.components.iter().map(|at| &data.components[*at]);
            let versions = |at: &[usize]| at.iter().map(|at| &data.versions[*at]).collect::<Vec<_>>();
            let (fix, affected) = (versions(&issue.fix_versions), versions(&issue.affected_versions));
            let names = |versions: &[&jira::data::Version]| versions.iter().map(|version| json!(version.name)).collect::<Value>();
            let ids = |versions: &[&jira::data::Version]| versions.iter().map(|version| json!(version.id.to_string())).collect::<Value>();
            row(json!({
                "id": issue.id.to_string(),
                "key": issue.key,
                "summary": issue.summary,
                "status": status.name,
                "status_id": status.id.to_string(),
                "status_category": status.category.name(),
                "type": data.issue_types[issue.issue_type].name,
                "issue_type_id": data.issue_types[issue.issue_type].id.to_string(),
                "priority": issue.priority.map(|index| data.priorities[index].name),
                "priority_id": issue.priority.map(|index| data.priorities[index].id.to_string()),
                "resolution": issue.resolution.map(|index| data.resolutions[index].name),
                "resolution_id": issue.resolution.map(|index| data.resolutions[index].id.to_string()),
                "project_key": project.key,
                "project_id": project.id.to_string(),
                "project_name": project.name,
                "assignee_id": user(issue.assignee).map(|user| &user.account_id),
                "assignee_name": user(issue.assignee).map(|user| &user.name),
                "reporter_id": user(issue.reporter).map(|user| &user.account_id),
                "creator_id": data.users[issue.creator].account_id,
                "labels": issue.labels,
                "components": components().map(|component| &component.name).collect::<Vec<_>>(),
                "component_ids": components().map(|component| component.id.to_string()).collect::<Vec<_>>(),
                "fix_versions": names(&fix),
                "fix_version_ids": ids(&fix),
                "affected_versions": names(&affected),
                "affected_version_ids": ids(&affected),
                "votes": issue.votes,
                "watchers": issue.watchers,
                "parent_key": issue.parent.map(|index| &data.issues[index].key),
                "parent_id": issue.parent.map(|index| data.issues[index].id.to_string()),
                "due_date": issue.due.map(|day| day.to_string()),
                "created": time(issue.created),
                "updated": time(issue.updated),
                "resolved": maybe(issue.resolved),
                "status_category_changed": maybe(issue.category_changed),
                "last_viewed": maybe(issue.last_viewed),
            }))
        })
        .collect()
}

/// Repositories of the organisation.
fn repositories(data: &github::Data) -> impl Iterator<Item = (String, &github::Repository)> {
    let own = |repository: &&github::Repository| repository.owner == github::Owner::Organization;
    data.repositories.iter().filter(own).map(|repository| (format!("{}/{}", data.organization, repository.name), repository))
}

/// Issues that are no pull requests, or the pull requests.
fn github_rows(data: &github::Data, pulls: bool) -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, repository) in repositories(data) {
        if !pulls && !repository.has_issues {
            continue;
        }
        for issue in repository.issues.iter().filter(|issue| issue.pull.is_some() == pulls) {
            let login = |index: usize| &data.users[index].login;
            // A deleted author is null among issues and the ghost among pull requests, as the contract wants it.
            let author = issue.user.or(pulls.then_some(data.ghost)).map(login);
            let mut fields = row(json!({
                "repository": name,
                "id": issue.id,
                "number": issue.number,
                "title": issue.title,
                "body": issue.body,
                "state": issue.state(),
                "author": author,
                "labels": issue.labels.iter().map(|index| repository.labels[*index].name).collect::<Vec<_>>(),
                "assignee": issue.assignees.first().map(|index| login(*index)),
                "type": issue.issue_type.map(|index| data.issue_types[index].name),
                "assignees": issue.assignees.iter().map(|index| login(*index)).collect::<Vec<_>>(),
                "milestone_number": issue.milestone,
                "comments": issue.comments,
                "locked": issue.locked,
                "created_at": time(issue.created_at),
                "updated_at": time(issue.updated_at),
                "closed_at": maybe(issue.closed_at),
            }));
            if let Some(pull) = &issue.pull {
                fields.insert("id".to_owned(), json!(pull.id));
                fields.insert("draft".to_owned(), json!(pull.draft));
                fields.insert("merged_at".to_owned(), maybe(pull.merged_at));
                fields.insert("head_ref".to_owned(), json!(pull.head_ref));
                fields.insert("base_ref".to_owned(), json!(pull.base_ref));
            }
            rows.push(fields);
        }
    }
    rows
}

pub(crate) fn github_issues(data: &github::Data) -> Vec<Row> {
    github_rows(data, false)
}

pub(crate) fn github_pulls(data: &github::Data) -> Vec<Row> {
    github_rows(data, true)
}

/// A session in which the rows are the table `truth`, typed as the engine types them. Columns that the rows do not know are not there.
pub(crate) async fn session(world: &World, table: &str, rows: &[Row]) -> SessionContext {
    let (schema, table) = table.split_once('.').unwrap();
    let catalog = world.engine.context().catalog("sqluice").unwrap();
    let provider = catalog.schema(schema).unwrap().table(table).await.unwrap().unwrap();
    let known: BTreeSet<&String> = rows.iter().flat_map(Map::keys).collect();
    let fields: Vec<Arc<Field>> = provider.schema().fields().iter().filter(|field| known.contains(field.name())).cloned().collect();
    let schema = Arc::new(Schema::new(fields));
    let text: String = rows.iter().map(|row| serde_json::to_string(row).unwrap() + "\n").collect();
    let reader = ReaderBuilder::new(Arc::clone(&schema)).with_batch_size(100_000).build(Cursor::new(text)).unwrap();
    let batches = reader.collect::<Result<Vec<_>, _>>().unwrap();
    // So few rows that several partitions are only more to plan.
    let context = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    let table = MemTable::try_new(Arc::clone(&schema), vec![batches]).unwrap();
    assert_eq!(table.schema(), schema);
    context.register_table("truth", Arc::new(table)).unwrap();
    context
}

/// Issues of a workspace, archived and trashed ones too.
pub(crate) fn linear_issues(data: &linear::Data) -> Vec<Row> {
    let user = |index: Option<usize>| index.map(|index| &data.users[index]);
    data.issues
        .iter()
        .map(|issue| {
            let (state, team) = (&data.states[issue.state], &data.teams[issue.team]);
            let project = issue.project.map(|index| &data.projects[index]);
            row(json!({
                "id": issue.record.id,
                "identifier": issue.identifier,
                "number": issue.number,
                "title": issue.title,
                "description": issue.description,
                "priority": issue.priority,
                "estimate": issue.estimate,
                "state_id": state.record.id,
                "state_name": state.name,
                "state_type": state.kind,
                "team_id": team.record.id,
                "team_key": team.key,
                "team_name": team.name,
                "assignee_id": user(issue.assignee).map(|user| &user.record.id),
                "assignee_email": user(issue.assignee).map(|user| &user.email),
                "assignee_name": user(issue.assignee).map(|user| &user.name),
                "creator_id": user(issue.creator).map(|user| &user.record.id),
                "creator_email": user(issue.creator).map(|user| &user.email),
                "creator_name": user(issue.creator).map(|user| &user.name),
                "delegate_id": user(issue.delegate).map(|user| &user.record.id),
                "project_id": project.map(|project| &project.record.id),
                "project_name": project.map(|project| &project.name),
                "project_milestone_id": issue.milestone.map(|index| &data.milestones[index].record.id),
                "cycle_id": issue.cycle.map(|index| &data.cycles[index].record.id),
                "cycle_number": issue.cycle.map(|index| data.cycles[index].number),
                "parent_id": issue.parent.map(|index| &data.issues[index].record.id),
                "labels": issue.labels.iter().map(|index| &data.labels[*index].name).collect::<Vec<_>>(),
                "label_ids": issue.labels.iter().map(|index| &data.labels[*index].record.id).collect::<Vec<_>>(),
                "created_at": time(issue.record.created),
                "updated_at": time(issue.record.updated),
                "archived_at": maybe(issue.record.archived),
                "started_at": maybe(issue.started),
                "completed_at": maybe(issue.completed),
                "canceled_at": maybe(issue.canceled),
                "triaged_at": maybe(issue.triaged),
                "auto_archived_at": maybe(issue.auto_archived),
                "auto_closed_at": maybe(issue.auto_closed),
                "snoozed_until_at": maybe(issue.snoozed_until),
                "sla_breaches_at": maybe(issue.sla_breaches),
                "added_to_cycle_at": maybe(issue.added_to_cycle),
                "due_date": issue.due.map(|day| day.to_string()),
            }))
        })
        .collect()
}

/// Projects of a workspace, archived ones too.
pub(crate) fn linear_projects(data: &linear::Data) -> Vec<Row> {
    let user = |index: Option<usize>| index.map(|index| &data.users[index]);
    data.projects
        .iter()
        .map(|project| {
            let status = &data.project_statuses[project.status];
            row(json!({
                "id": project.record.id,
                "name": project.name,
                "slug_id": project.slug,
                "description": project.description,
                "status_id": status.record.id,
                "status_name": status.name,
                "status_type": status.kind,
                "health": project.health,
                "priority": project.priority,
                "lead_id": user(project.lead).map(|user| &user.record.id),
                "lead_email": user(project.lead).map(|user| &user.email),
                "lead_name": user(project.lead).map(|user| &user.name),
                "creator_id": user(project.creator).map(|user| &user.record.id),
                "created_at": time(project.record.created),
                "updated_at": time(project.record.updated),
                "started_at": maybe(project.started),
                "completed_at": maybe(project.completed),
                "canceled_at": maybe(project.canceled),
                "archived_at": maybe(project.record.archived),
                "start_date": project.start.map(|day| day.to_string()),
                "target_date": project.target.map(|day| day.to_string()),
            }))
        })
        .collect()
}

/// Files that were shared where the token's bot can see them.
pub(crate) fn slack_files(data: &slack::Data) -> Vec<Row> {
    let visible = |file: &&slack::File| file.shares.iter().any(|(channel, _)| data.channels[*channel].seen_by(data.bot_reader));
    data.files
        .iter()
        .filter(visible)
        .map(|file| {
            let (ending, media, ..) = slack::File::KINDS[file.kind];
            let shared = |kinds: &[slack::Kind]| {
                let channels = file.shares.iter().map(|(channel, _)| &data.channels[*channel]);
                let seen = channels.filter(|channel| channel.seen_by(data.bot_reader) && kinds.contains(&channel.kind));
                seen.map(|channel| &channel.id).collect::<BTreeSet<_>>()
            };
            row(json!({
                "id": file.id,
                "name": file.name,
                "title": file.title,
                "user_id": data.users[file.user].id,
                "created_at": time(file.created),
                "size": file.size,
                "file_type": ending,
                "mime_type": media,
                "is_public": file.public(data),
                "channel_ids": shared(&[slack::Kind::Public]),
                "private_channel_ids": shared(&[slack::Kind::Private, slack::Kind::Group]),
                "dm_ids": shared(&[slack::Kind::Direct]),
            }))
        })
        .collect()
}

/// What the histories of the token's own conversations show.
pub(crate) fn slack_messages(data: &slack::Data) -> Vec<Row> {
    let mut rows = Vec::new();
    for channel in data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader)) {
        for message in channel.history() {
            let at = DateTime::from_timestamp_micros(message.ts.0).unwrap();
            rows.push(row(json!({
                "channel_id": channel.id,
                "channel_name": Some(&channel.name).filter(|name| !name.is_empty()),
                "ts": time(at),
                "ts_id": message.ts.to_string(),
                "user_id": message.user.map(|user| &data.users[user].id),
                "text": message.text,
                "subtype": message.subtype.as_ref().map(slack::Subtype::name),
            })));
        }
    }
    rows
}
