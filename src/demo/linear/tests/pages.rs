use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{LISTS, app, ask, code, generous, newest, send, walk};
use crate::demo::linear::{Issue, Record};
use crate::demo::server::Fault;

#[tokio::test]
async fn every_list_shows_its_rows_newest_first() {
    let app = app(generous());
    for (root, kind, more) in LISTS {
        let all = app.view.all(kind);
        let records: Vec<&Record> = all.iter().map(|node| app.view.record(*node)).collect();
        assert!(!records.is_empty(), "{root}");
        let everything = format!(", includeArchived: true{more}");
        assert_eq!(walk(&app, root, &everything, json!({})).await, newest(records.clone(), |record| record.created), "{root}");
        let updated = format!("{everything}, orderBy: updatedAt");
        assert_eq!(walk(&app, root, &updated, json!({})).await, newest(records.clone(), |record| record.updated), "{root}");
        let live: Vec<&Record> = records.into_iter().filter(|record| record.archived.is_none()).collect();
        assert_eq!(walk(&app, root, more, json!({})).await, newest(live, |record| record.created), "{root}");
    }
    let active: BTreeSet<String> = app.view.data.users.iter().filter(|user| user.active).map(|user| user.record.id.clone()).collect();
    assert!(active.len() < app.view.data.users.len());
    assert_eq!(walk(&app, "users", "", json!({})).await.into_iter().collect::<BTreeSet<_>>(), active);
}

#[tokio::test]
async fn pages_backward_last_row_first() {
    let app = app(generous());
    let all = walk(&app, "issues", "", json!({})).await;
    let query = "query($before: String) { issues(last: 7, before: $before) \
                 { edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }";
    let (mut seen, mut before) = (Vec::new(), Value::Null);
    loop {
        let (_, body) = ask(&app, query, json!({"before": before})).await;
        let page = &body["data"]["issues"];
        let edges = page["edges"].as_array().unwrap();
        assert!(edges.iter().all(|edge| edge["cursor"] == edge["node"]["id"]));
        seen.extend(edges.iter().map(|edge| edge["cursor"].as_str().unwrap().to_owned()));
        assert_eq!(page["pageInfo"]["hasNextPage"], false);
        assert_eq!(page["pageInfo"]["startCursor"], edges[0]["cursor"]);
        if page["pageInfo"]["hasPreviousPage"] == false {
            break;
        }
        before = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!(seen, all.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn sorts_by_values_with_missing_ones_last() {
    let app = app(generous());
    let data = Arc::clone(&app.view.data);
    let sorted = |compare: fn(&Issue, &Issue) -> std::cmp::Ordering| {
        let mut rows: Vec<&Issue> = data.issues.iter().collect();
        rows.sort_by(|a, b| compare(a, b).then_with(|| b.record.id.cmp(&a.record.id)));
        rows.into_iter().map(|issue| issue.record.id.clone()).collect::<Vec<_>>()
    };
    let all = ", includeArchived: true";
    let ascending = walk(&app, "issues", &format!("{all}, sort: [{{createdAt: {{order: Ascending}}}}]"), json!({})).await;
    assert_eq!(ascending, sorted(|a, b| a.record.created.cmp(&b.record.created)));
    let due = walk(&app, "issues", &format!("{all}, sort: [{{dueDate: {{order: Descending}}}}]"), json!({})).await;
    assert_eq!(due, sorted(|a, b| a.due.is_none().cmp(&b.due.is_none()).then_with(|| b.due.cmp(&a.due))));
    let first = walk(&app, "issues", &format!("{all}, sort: [{{dueDate: {{order: Ascending, nulls: first}}}}]"), json!({})).await;
    assert_eq!(first, sorted(|a, b| a.due.cmp(&b.due)));
    let query = "{ issues(orderBy: updatedAt, sort: [{createdAt: {order: Ascending}}]) { nodes { id } } }";
    let (status, code, message) = code(&app, query, json!({})).await;
    assert_eq!((status, code.as_str(), message.as_str()), (200, "INPUT_ERROR", "Cannot use both sort and orderBy options"));
}

#[tokio::test]
async fn plays_faults() {
    let app = app(generous());
    let token = app.options.token.clone();
    let ask = async |after: Value, fault: Option<Fault>| {
        let query = "query($after: String) { issues(first: 20, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } } }";
        let body = json!({"query": query, "variables": {"after": after}}).to_string();
        let (status, body, _) = send(&app, &token, &body, fault).await;
        assert_eq!(status, 200);
        body
    };
    let first = ask(Value::Null, None).await["data"]["issues"].clone();
    let second = ask(first["pageInfo"]["endCursor"].clone(), None).await["data"]["issues"].clone();
    for (after, page) in [(Value::Null, &first), (first["pageInfo"]["endCursor"].clone(), &second)] {
        let empty = ask(after.clone(), Some(Fault::EmptyPage)).await["data"]["issues"].clone();
        assert_eq!((&empty["nodes"], &empty["pageInfo"]["hasNextPage"]), (&json!([]), &json!(true)));
        assert_eq!(ask(empty["pageInfo"]["endCursor"].clone(), None).await["data"]["issues"], *page, "an empty page loses nothing");
        let repeated = ask(after, Some(Fault::RepeatCursor)).await["data"]["issues"].clone();
        assert_eq!(ask(repeated["pageInfo"]["endCursor"].clone(), None).await["data"]["issues"]["nodes"], page["nodes"]);
    }
    let clamped = ask(Value::Null, Some(Fault::ClampPage(3))).await["data"]["issues"].clone();
    assert_eq!((clamped["nodes"].as_array().unwrap().len(), &clamped["pageInfo"]["hasNextPage"]), (3, &json!(true)));
    let expired = ask(first["pageInfo"]["endCursor"].clone(), Some(Fault::ExpiredCursor)).await;
    assert_eq!(expired["errors"][0]["extensions"]["code"], "INVALID_INPUT");
    assert_eq!(ask(json!("no such row"), None).await["errors"][0]["extensions"]["code"], "INVALID_INPUT");
}
