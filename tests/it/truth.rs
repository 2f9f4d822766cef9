//! The truth: the emulators' own rows as tables, made without the connector, its decoder or its predicates.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::arrow::datatypes::{Field, Schema};
use datafusion::arrow::json::ReaderBuilder;
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion::prelude::SessionContext;
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
            row(json!({
                "id": issue.id.to_string(),
                "key": issue.key,
                "summary": issue.summary,
                "status": status.name,
                "status_id": status.id.to_string(),
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
                "parent_key": issue.parent.map(|index| &data.issues[index].key),
                "parent_id": issue.parent.map(|index| data.issues[index].id.to_string()),
                "due_date": issue.due.map(|day| day.to_string()),
                "created": time(issue.created),
                "updated": time(issue.updated),
                "resolved": maybe(issue.resolved),
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
    let context = SessionContext::new();
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
                "creator_id": user(issue.creator).map(|user| &user.record.id),
                "delegate_id": user(issue.delegate).map(|user| &user.record.id),
                "project_id": project.map(|project| &project.record.id),
                "project_name": project.map(|project| &project.name),
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
                "due_date": issue.due.map(|day| day.to_string()),
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
