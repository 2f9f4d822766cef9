use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{app, ask, code, generous, send};
use crate::demo::linear::Options;
use crate::demo::server::Fault;

#[tokio::test]
async fn refuses_what_does_not_fit_the_schema() {
    let app = app(generous());
    let filtered = "query($f: IssueFilter) { issues(filter: $f) { nodes { id } } }";
    for (query, variables, wanted) in [
        ("{ issues { nodes { id bogus } } }", json!({}), "Cannot query field \"bogus\" on type \"Issue\"."),
        ("{ bogus }", json!({}), "Cannot query field \"bogus\" on type \"Query\"."),
        ("{ issues { totalCount } }", json!({}), "Cannot query field \"totalCount\" on type \"IssueConnection\"."),
        ("{ issues(bogus: 1) { nodes { id } } }", json!({}), "bogus"),
        ("{ issues { nodes } }", json!({}), "nodes"),
        ("{ viewer { id { x } } }", json!({}), "id"),
        (
            "{ issues(filter: {title: {like: \"x\"}}) { nodes { id } } }",
            json!({}),
            "Field \"like\" is not defined by type \"StringComparator\".",
        ),
        (
            "{ issues(filter: {branchName: {eq: \"x\"}}) { nodes { id } } }",
            json!({}),
            "Field \"branchName\" is not defined by type \"IssueFilter\".",
        ),
        ("{ issues(filter: \"x\") { nodes { id } } }", json!({}), "to be an object"),
        ("{ issues(first: \"1\") { nodes { id } } }", json!({}), "Int cannot represent a non-integer value: \"1\""),
        ("{ issues(orderBy: title) { nodes { id } } }", json!({}), "Value \"title\" does not exist in \"PaginationOrderBy\" enum."),
        ("{ issues(orderBy: \"createdAt\") { nodes { id } } }", json!({}), "cannot represent non-enum value"),
        (filtered, json!({"f": {"title": {"like": "x"}}}), "Field \"like\" is not defined by type \"StringComparator\"."),
        (filtered, json!({"f": {"priority": {"eq": "1"}}}), "Float cannot represent a non numeric value: \"1\""),
        (filtered, json!({"f": {"and": {"bogus": 1}}}), "\"bogus\""),
        (filtered, json!({"f": {"createdAt": {"gt": 5}}}), "supports only string values"),
        (filtered, json!({"f": {"hasBlockedByRelations": {"eq": 1}}}), "Boolean cannot represent a non boolean value: 1"),
        ("query($f: CommentFilter) { issues(filter: $f) { nodes { id } } }", json!({}), "CommentFilter"),
        ("query($id: String!) { issue(id: $id) { id } }", json!({}), "Variable \"$id\" of required type \"String!\" was not provided."),
        ("{ issue { id } }", json!({}), "id"),
        ("mutation { issueDelete(id: \"x\") { success } }", json!({}), "not configured"),
    ] {
        let (status, code, message) = code(&app, query, variables).await;
        assert_eq!((status, code.as_str()), (400, "GRAPHQL_VALIDATION_FAILED"), "{query}: {message}");
        assert!(message.contains(wanted), "{query}: {message}");
    }
    let (status, code_, message) = code(&app, "{ issues { nodes { id }", json!({})).await;
    assert_eq!((status, code_.as_str()), (400, "GRAPHQL_PARSE_FAILED"), "{message}");
    for query in [
        "{ issues(first: 251) { nodes { id } } }",
        "{ issues(first: 0) { nodes { id } } }",
        "{ issues(first: 2, last: 2) { nodes { id } } }",
    ] {
        let (status, body) = ask(&app, query, json!({})).await;
        assert_eq!((status, &body["data"]), (200, &Value::Null), "{query}");
        assert_eq!(body["errors"][0]["extensions"]["code"], "INVALID_INPUT");
        assert_eq!(body["errors"][0]["extensions"]["type"], "invalid input");
    }
    // What no measurement tells is not guessed.
    for filter in [
        json!({"searchableContent": {"contains": "x"}}),
        json!({"assignee": {"or": [{"null": true}, {"name": {"eq": "x"}}]}}),
        json!({"labels": {"some": {"or": [{}, {"name": {"eq": "x"}}]}}}),
        json!({"suggestions": {"some": {"createdAt": {"gt": "2020"}}}}),
        json!({"title": {"containsIgnoreCaseAndAccent": "x"}}),
    ] {
        let (status, code, _) = code(&app, filtered, json!({"f": filter.clone()})).await;
        assert_eq!((status, code.as_str()), (200, "NOT_EMULATED"), "{filter}");
    }
}

#[tokio::test]
async fn refuses_who_may_not_ask() {
    let app = app(generous());
    let token = app.options.token.clone();
    let body = r#"{"query": "{ viewer { id email isMe } }"}"#;
    let (status, said, _) = send(&app, &token, body, None).await;
    assert_eq!((status, &said["data"]["viewer"]["email"]), (200, &json!(app.view.data.users[0].email)));
    assert_eq!(send(&app, &format!("Bearer {}", app.options.oauth_token), body, None).await.0, 200);
    for (credential, fault) in [("lin_api_other", None), ("", None), ("Bearer other", None), (token.as_str(), Some(Fault::Revoked))] {
        let (status, said, headers) = send(&app, credential, body, fault).await;
        assert_eq!((status, &said["errors"][0]["extensions"]["type"]), (401, &json!("authentication error")), "{credential}");
        assert!(said.get("data").is_none() && !headers.contains_key("x-complexity"));
    }
    // An API key as a bearer token is refused before the body is looked at; other credentials after.
    let (status, said, _) = send(&app, &format!("Bearer {token}"), "{", None).await;
    assert_eq!((status, &said["errors"][0]["extensions"]["code"]), (400, &json!("INPUT_ERROR")));
    let (status, said, _) = send(&app, "", "{", None).await;
    assert_eq!((status, &said["code"]), (400, &json!(400)));
    assert!(said["error"].is_string() && said["details"] == json!({}));
    let two = r#"{"query": "query A { viewer { id } } query B { organization { urlKey } }", "operationName": "B"}"#;
    assert_eq!(send(&app, &token, two, None).await.1["data"], json!({"organization": {"urlKey": "lumenfold"}}));
}

static CLOCK: AtomicI64 = AtomicI64::new(1_800_000_000_000);

fn clock() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(CLOCK.load(Ordering::SeqCst)).unwrap()
}

#[tokio::test]
async fn budgets_are_spent_and_come_back() {
    let options = Options { api_now: clock, requests_per_hour: 4, complexity_per_hour: 400, query_complexity: 300, ..Options::default() };
    let app = app(options);
    let token = app.options.token.clone();
    let sized = |first: u32| json!({"query": format!("{{ issues(first: {first}) {{ nodes {{ id title }} }} }}")}).to_string();
    // 100 × (1 + 0.2) points.
    let (status, _, headers) = send(&app, &token, &sized(100), None).await;
    assert_eq!((status, headers["x-complexity"].to_str().unwrap()), (200, "120"));
    assert_eq!(headers["x-ratelimit-complexity-remaining"], "280");
    assert_eq!(
        (headers["x-ratelimit-requests-limit"].to_str().unwrap(), headers["x-ratelimit-requests-remaining"].to_str().unwrap()),
        ("4", "3")
    );
    assert_eq!(headers["x-ratelimit-requests-reset"], (CLOCK.load(Ordering::SeqCst) + 900_000).to_string());
    // 250 × 1.2 is exactly what a query may have, but more than what is left.
    let (status, said, headers) = send(&app, &token, &sized(250), None).await;
    assert_eq!((status, &said["errors"][0]["extensions"]["code"]), (400, &json!("RATELIMITED")), "{said}");
    assert_eq!(said["errors"][0]["extensions"]["type"], "ratelimited");
    assert!(headers["retry-after"].to_str().unwrap().parse::<i64>().unwrap() > 60);
    let viewer = r#"{"query": "{ viewer { id } }"}"#;
    for _ in 0..2 {
        assert_eq!(send(&app, &token, viewer, None).await.0, 200);
    }
    let (status, said, headers) = send(&app, &token, viewer, None).await;
    assert_eq!((status, &said["errors"][0]["extensions"]["code"]), (400, &json!("RATELIMITED")));
    assert_eq!((headers["retry-after"].to_str().unwrap(), headers["x-ratelimit-requests-remaining"].to_str().unwrap()), ("901", "0"));
    CLOCK.fetch_add(901_000, Ordering::SeqCst);
    let (status, said, _) =
        send(&app, &token, r#"{"query": "{ rateLimitStatus { kind limits { type allowedAmount remainingAmount } } }"}"#, None).await;
    assert_eq!(status, 200);
    assert_eq!(said["data"]["rateLimitStatus"]["limits"][0], json!({"type": "requests", "allowedAmount": 4, "remainingAmount": 0}));
    assert_eq!(send(&app, &token, viewer, None).await.0, 400);
}

#[tokio::test]
async fn no_query_may_be_too_complex() {
    let app = app(generous());
    let nested = "{ issues(first: 250) { nodes { id labels { nodes { id } } } } }";
    let (status, body) = ask(&app, nested, json!({})).await;
    assert_eq!(status, 400, "{body}");
    assert!(body["errors"][0]["message"].as_str().unwrap().contains("complex"));
    let small = "{ issues(first: 250) { nodes { id labels(first: 10) { nodes { id } } } } }";
    assert_eq!(ask(&app, small, json!({})).await.0, 200);
}
