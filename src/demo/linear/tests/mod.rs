//! What the emulator promises: what is true is computed from the rows alone, never by what answers queries.

mod filters;
mod pages;
mod refusals;
mod rows;

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::http::answer;
use super::view::Kind;
use super::{App, Data, Issue, Options, Record};
use crate::demo::company::{Company, Scale};
use crate::demo::server::Fault;

/// Root lists, their kinds, and the arguments that show every row.
const LISTS: [(&str, Kind, &str); 17] = [
    ("issues", Kind::Issue, ""),
    ("teams", Kind::Team, ""),
    ("users", Kind::User, ", includeDisabled: true"),
    ("projects", Kind::Project, ""),
    ("cycles", Kind::Cycle, ""),
    ("comments", Kind::Comment, ""),
    ("issueLabels", Kind::Label, ""),
    ("workflowStates", Kind::State, ""),
    ("projectMilestones", Kind::Milestone, ""),
    ("projectUpdates", Kind::ProjectUpdate, ""),
    ("projectStatuses", Kind::ProjectStatus, ""),
    ("initiatives", Kind::Initiative, ""),
    ("initiativeToProjects", Kind::ProjectLink, ""),
    ("documents", Kind::Document, ""),
    ("attachments", Kind::Attachment, ""),
    ("issueRelations", Kind::Relation, ""),
    ("teamMemberships", Kind::Membership, ""),
];

fn now() -> DateTime<Utc> {
    "2026-11-23T10:15:30Z".parse().unwrap()
}

fn app(options: Options) -> Arc<App> {
    Arc::new(App::new(Arc::new(Data::generate(&Company::new(Scale::Small, now()))), options).unwrap())
}

/// Options under which a test may ask as often as it likes.
fn generous() -> Options {
    Options { requests_per_hour: 1_000_000, complexity_per_hour: 1_000_000_000, ..Options::default() }
}

async fn send(app: &Arc<App>, credential: &str, body: &str, fault: Option<Fault>) -> (u16, Value, HeaderMap) {
    let request = Request::post("/graphql").header("authorization", credential).header("content-type", "application/json");
    let mut request = request.body(Body::from(body.to_owned())).unwrap();
    if let Some(fault) = fault {
        request.extensions_mut().insert(fault);
    }
    let response = answer(Arc::clone(app), request).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap(), headers)
}

async fn ask(app: &Arc<App>, query: &str, variables: Value) -> (u16, Value) {
    let body = json!({"query": query, "variables": variables}).to_string();
    let (status, body, _) = send(app, &app.options.token.clone(), &body, None).await;
    (status, body)
}

/// Ids of all rows of a list, page by page.
async fn walk(app: &Arc<App>, root: &str, arguments: &str, variables: Value) -> Vec<String> {
    let declared = if variables.get("filter").is_some() { ", $filter: IssueFilter" } else { "" };
    let filter = if declared.is_empty() { "" } else { ", filter: $filter" };
    let query = format!(
        "query Walk($after: String{declared}) {{ {root}(first: 37, after: $after{filter}{arguments}) \
         {{ nodes {{ id }} pageInfo {{ hasNextPage endCursor hasPreviousPage }} }} }}"
    );
    let (mut ids, mut after) = (Vec::new(), Value::Null);
    loop {
        let mut variables = variables.clone();
        variables["after"] = after;
        let (status, body) = ask(app, &query, variables).await;
        assert_eq!((status, &body["errors"]), (200, &Value::Null), "{query}");
        let page = &body["data"][root];
        ids.extend(page["nodes"].as_array().unwrap().iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        assert_eq!(page["pageInfo"]["hasPreviousPage"], false, "it was not asked for");
        if page["pageInfo"]["hasNextPage"] == false {
            return ids;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
}

/// Ids newest first, computed from the rows alone.
fn newest(records: Vec<&Record>, by: fn(&Record) -> DateTime<Utc>) -> Vec<String> {
    let mut records = records;
    records.sort_by(|a, b| by(b).cmp(&by(a)).then_with(|| b.id.cmp(&a.id)));
    records.into_iter().map(|record| record.id.clone()).collect()
}

/// Ids of the issues that fit, archived ones as well, newest first.
fn fitting(data: &Data, fits: impl Fn(&Issue) -> bool) -> Vec<String> {
    newest(data.issues.iter().filter(|issue| fits(issue)).map(|issue| &issue.record).collect(), |record| record.created)
}

/// Asserts that a filter lets through exactly the issues that fit, and that these are some but not all.
async fn lets_through(app: &Arc<App>, filter: Value, fits: impl Fn(&Issue) -> bool) {
    let expected = fitting(&app.view.data, fits);
    let count = expected.len();
    assert_eq!(walk(app, "issues", ", includeArchived: true", json!({"filter": filter.clone()})).await, expected, "{filter}");
    assert!(count > 0 && count < app.view.data.issues.len(), "{filter} tells nothing apart: {count}");
}

async fn code(app: &Arc<App>, query: &str, variables: Value) -> (u16, String, String) {
    let (status, body) = ask(app, query, variables).await;
    let error = &body["errors"][0];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    (status, text(&error["extensions"]["code"]), text(&error["message"]))
}
