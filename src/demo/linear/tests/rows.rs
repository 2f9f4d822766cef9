use std::collections::BTreeSet;
use std::sync::Arc;

use async_graphql::parser::types::TypeKind;
use chrono::Duration;
use serde_json::{Value, json};

use super::{LISTS, app, ask, generous, now};
use crate::demo::company::{Company, Scale};
use crate::demo::linear::schema::base;
use crate::demo::linear::{Change, Data, Issue, Options};

#[tokio::test]
async fn every_field_of_every_row_has_a_value_that_its_type_allows() {
    let app = app(Options { query_complexity: u64::MAX, ..generous() });
    let types = &app.contract.types;
    for (root, kind, more) in LISTS {
        let mut selection = String::new();
        for field in types.fields(kind.type_name()) {
            let named = base(&field.ty.node);
            let name = field.name.node.as_str();
            if field.arguments.iter().any(|argument| !argument.node.ty.node.nullable) {
                continue;
            }
            let below = match types.get(named) {
                Some(TypeKind::Object(_)) if named.ends_with("Connection") => {
                    "(first: 2) { nodes { __typename } pageInfo { hasNextPage } }"
                }
                Some(TypeKind::Object(_)) => " { __typename }",
                Some(TypeKind::Union(_)) => continue,
                _ => "",
            };
            selection.push_str(&format!("{name}{below} "));
        }
        let query = format!("{{ {root}(first: 250, includeArchived: true{more}) {{ nodes {{ {selection} }} }} }}");
        let (status, body) = ask(&app, &query, json!({})).await;
        assert_eq!((status, &body["errors"]), (200, &Value::Null), "{root}");
    }
    let (status, body) =
        ask(&app, "{ __schema { types { name } } __type(name: \"IssueFilter\") { inputFields { name type { name } } } }", json!({})).await;
    assert_eq!(status, 200);
    assert!(
        body["data"]["__type"]["inputFields"].as_array().unwrap().contains(&json!({"name": "title", "type": {"name": "StringComparator"}}))
    );
}

#[tokio::test]
async fn rows_read_as_they_are() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let query =
        "query($id: String!) { issue(id: $id) { number title priorityLabel estimate dueDate trashed createdAt archivedAt url labelIds
        state { type } team { key issueCount all: issueCount(includeArchived: true) } assignee { displayName } parent { identifier }
        children(includeArchived: true) { nodes { identifier } }
        comments(first: 100, includeArchived: true) { nodes { body user { id } botActor { name } parent { id } } }
        history(first: 100) { nodes { fromStateId toStateId toState { name } addedLabelIds actorId updatedDescription archived } } } }";
    for issue in data.issues.iter().step_by(3) {
        let (_, body) = ask(&app, query, json!({"id": issue.identifier})).await;
        let shown = &body["data"]["issue"];
        assert_eq!((&shown["number"], &shown["title"]), (&json!(issue.number), &json!(issue.title)));
        assert_eq!(shown["dueDate"], json!(issue.due.map(|day| day.to_string())));
        assert_eq!(shown["createdAt"], json!(issue.record.created.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()));
        assert_eq!(shown["archivedAt"].is_string(), issue.record.archived.is_some());
        assert_eq!(shown["trashed"], if issue.trashed { json!(true) } else { Value::Null });
        assert_eq!(shown["assignee"]["displayName"], json!(issue.assignee.map(|user| &data.users[user].display_name)));
        assert_eq!(shown["state"]["type"], data.states[issue.state].kind);
        let of_team = data.issues.iter().filter(|other| other.team == issue.team);
        assert_eq!(shown["team"]["all"], of_team.clone().count());
        assert_eq!(shown["team"]["issueCount"], of_team.filter(|other| other.record.archived.is_none()).count());
        assert_eq!(shown["parent"]["identifier"], json!(issue.parent.map(|at| &data.issues[at].identifier)));
        let entries = shown["history"]["nodes"].as_array().unwrap();
        let own: Vec<_> = data.history.iter().filter(|entry| data.issues[entry.issue].identifier == issue.identifier).collect();
        assert_eq!(entries.len(), own.len(), "{}", issue.identifier);
        let states = own.iter().filter(|entry| matches!(entry.change, Change::State(..))).count();
        assert_eq!(entries.iter().filter(|entry| !entry["toStateId"].is_null()).count(), states);
    }
}

#[test]
fn the_large_workspace_has_every_kind_of_row() {
    let company = Company::new(Scale::Full, now());
    let data = Data::generate(&company);
    assert!((2_800..3_400).contains(&data.issues.len()), "{}", data.issues.len());
    for issue in &data.issues {
        let project =
            company.projects.iter().find(|project| issue.identifier.strip_prefix(&format!("{}-", project.key)).is_some()).unwrap();
        assert!(issue.number <= project.issues, "an issue of the company has this key");
        let record = &issue.record;
        assert!(record.created <= record.updated && record.updated <= company.now);
        assert!(!issue.trashed || record.archived.is_some());
        assert!(issue.milestone.is_none_or(|at| Some(data.milestones[at].project) == issue.project));
        assert_eq!(data.states[issue.state].team, issue.team);
    }
    let ties = data.issues.iter().filter(|issue| issue.record.updated == now() - Duration::hours(40) + Duration::milliseconds(123)).count();
    assert!(ties > 250, "a tie reaches over a page: {ties}");
    let any = |fits: fn(&Issue) -> bool| data.issues.iter().any(fits);
    assert!(any(|issue| issue.trashed) && any(|issue| issue.assignee.is_none()) && any(|issue| issue.estimate == Some(0.0)));
    assert!(any(|issue| issue.parent.is_some()) && any(|issue| issue.creator.is_none()) && any(|issue| issue.delegate.is_some()));
    assert!(data.users.iter().any(|user| !user.active) && data.users.iter().any(|user| user.guest && user.name.contains('🎨')));
    assert!(data.labels.iter().filter(|label| label.name == "Bug").count() > 1, "one name in several places");
    assert!(data.comments.iter().any(|row| row.user.is_none()) && data.comments.iter().any(|row| row.parent.is_some()));
    assert!(data.attachments.iter().any(|row| row.source_type.is_none()) && data.attachments.iter().any(|row| row.url.contains("/pull/")));
    let ids: BTreeSet<&str> =
        data.history.iter().map(|row| row.record.id.as_str()).chain(data.issues.iter().map(|row| row.record.id.as_str())).collect();
    assert_eq!(ids.len(), data.history.len() + data.issues.len());
    assert!(ids.iter().all(|id| id.len() == 36 && &id[14..15] == "4" && "89ab".contains(&id[19..20])));
    let again = Data::generate(&company);
    assert!(data.issues.iter().zip(&again.issues).all(|(a, b)| a.record == b.record && a.title == b.title));
}
