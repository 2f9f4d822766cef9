use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Request, Response, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Duration, TimeZone, Timelike, Utc};
use serde_json::{Value, json};

use super::data::Data;
use super::limits::Limits;
use super::routes::answer;
use super::site::{Index, Site};
use super::{Burst, Options, Tz, Window};
use crate::demo::company::{Company, Scale};
use crate::demo::server::Fault;

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 23, 10, 15, 30).unwrap()
}

fn site(options: Options) -> Arc<Site> {
    let data = Arc::new(Data::generate(&Company::new(Scale::Small, now())));
    Arc::new(Site { index: Index::new(&data), data, limits: Limits::default(), options, base: "http://127.0.0.1:1".to_owned() })
}

async fn ask(
    site: &Arc<Site>,
    token: &str,
    target: &str,
    body: Option<Value>,
    fault: Option<Fault>,
) -> (StatusCode, Value, Response<Body>) {
    let credential = STANDARD.encode(format!("demo@lumenfold.example:{token}"));
    let mut request = Request::builder().uri(target).method(if body.is_some() { "POST" } else { "GET" });
    request = request.header("authorization", format!("Basic {credential}"));
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    let mut request = request.body(Body::from(body.map_or_else(String::new, |body| body.to_string()))).unwrap();
    if let Some(fault) = fault {
        request.extensions_mut().insert(fault);
    }
    let mut response = answer(State(Arc::clone(site)), request).await;
    let bytes = to_bytes(std::mem::take(response.body_mut()), usize::MAX).await.unwrap();
    (response.status(), serde_json::from_slice(&bytes).unwrap_or_default(), response)
}

async fn search(site: &Arc<Site>, body: Value, fault: Option<Fault>) -> (StatusCode, Value) {
    let (status, page, _) = ask(site, "demo-jira-token", "/rest/api/3/search/jql", Some(body), fault).await;
    (status, page)
}

#[tokio::test]
async fn a_bad_token_looks_like_an_empty_site() {
    let site = site(Options::default());
    for (token, fault) in [("wrong", None), ("demo-jira-token", Some(Fault::Revoked))] {
        for (target, list) in
            [("/rest/api/3/project/search", "/values"), ("/rest/api/3/search/jql?jql=project=ENG", "/issues"), ("/rest/api/3/field", "")]
        {
            let (status, body, response) = ask(&site, token, target, None, fault.clone()).await;
            assert_eq!((status, body.pointer(list)), (StatusCode::OK, Some(&json!([]))), "{target}");
            assert_eq!(response.headers()["x-seraph-loginreason"], "AUTHENTICATED_FAILED");
            assert!(!response.headers().contains_key("x-aaccountid"));
        }
        assert_eq!(ask(&site, token, "/rest/api/3/myself", None, fault.clone()).await.0, StatusCode::UNAUTHORIZED);
        assert_eq!(ask(&site, token, "/rest/api/3/issue/ENG-1", None, fault).await.0, StatusCode::NOT_FOUND);
    }
    assert!(ask(&site, "demo-jira-token", "/rest/api/3/field", None, None).await.2.headers().contains_key("x-aaccountid"));
}

#[tokio::test]
async fn a_window_is_each_endpoints_own_and_says_when_it_ends() {
    let header = |response: &Response<Body>, name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    for (window, retry_after, reset, wait) in [
        (Window::Seconds(7), true, "2026-11-23T10:15:37.000Z", Some("7")),
        (Window::Minute, true, "2026-11-23T10:16Z", Some("30")),
        (Window::Minute, false, "2026-11-23T10:16Z", None),
    ] {
        let site = site(Options { burst: Some(Burst { calls: 6, window, retry_after, api_now: now }), ..Options::default() });
        let ask = async |target: &str| ask(&site, "demo-jira-token", target, None, None).await.2;
        for (key, left) in [("ENG-1", "5"), ("ENG-2", "4"), ("10003", "3"), ("ENG-4", "2"), ("ENG-5", "1"), ("ENG-6", "0")] {
            let response = ask(&format!("/rest/api/3/issue/{key}/comment")).await;
            assert_eq!(header(&response, "x-ratelimit-remaining").as_deref(), Some(left));
            assert_eq!(header(&response, "x-ratelimit-reset").as_deref(), Some(reset));
            assert_eq!(header(&response, "x-ratelimit-nearlimit").is_some(), left < "2");
            assert_eq!(header(&response, "retry-after").or(header(&response, "ratelimit-reason")), None);
        }
        let refused = ask("/rest/api/3/issue/ENG-7/comment").await;
        assert_eq!(refused.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(header(&refused, "ratelimit-reason").as_deref(), Some("jira-burst-based"));
        assert_eq!(header(&refused, "retry-after").as_deref(), wait);
        assert_eq!(header(&refused, "date").as_deref(), Some("Mon, 23 Nov 2026 10:15:30 GMT"));
        assert_eq!(ask("/rest/api/3/issue/ENG-7/worklog").await.status(), StatusCode::OK);
    }
}

#[tokio::test]
async fn pages_are_stable_and_tokens_belong_to_their_query() {
    let site = site(Options::default());
    let query = json!({"jql": "project in (ENG, WEB, MOB, API) order by updated", "maxResults": 5000, "fields": ["summary"]});
    let (mut seen, mut next) = (Vec::new(), Value::Null);
    loop {
        let mut body = query.clone();
        body["nextPageToken"] = next.clone();
        let (status, page) = search(&site, body, None).await;
        assert_eq!(status, StatusCode::OK);
        let issues = page["issues"].as_array().unwrap();
        assert!(issues.len() <= 100 && page.get("total").is_none());
        seen.extend(issues.iter().map(|issue| issue["id"].clone()));
        if page["isLast"] == json!(true) {
            assert!(page.get("nextPageToken").is_none());
            break;
        }
        next = page["nextPageToken"].clone();
    }
    let (_, whole) = search(&site, json!({"jql": query["jql"], "maxResults": 5000}), None).await;
    let ids: Vec<Value> = whole["issues"].as_array().unwrap().iter().map(|issue| issue["id"].clone()).collect();
    assert_eq!(seen, ids);
    assert_eq!(whole["issues"][0].as_object().unwrap().len(), 1);

    let other = json!({"jql": "project = ENG", "nextPageToken": next});
    assert_eq!(search(&site, other, None).await.0, StatusCode::BAD_REQUEST);
    let mut again = query.clone();
    again["nextPageToken"] = next.clone();
    assert_eq!(search(&site, again.clone(), Some(Fault::ExpiredCursor)).await.0, StatusCode::BAD_REQUEST);
    let (_, page) = search(&site, again.clone(), Some(Fault::RepeatCursor)).await;
    assert_eq!(page["nextPageToken"], next);
    let (_, page) = search(&site, again.clone(), Some(Fault::EmptyPage)).await;
    assert_eq!((&page["issues"], &page["isLast"]), (&json!([]), &json!(false)));
    assert_ne!(page["nextPageToken"], next);
    let (_, page) = search(&site, query.clone(), Some(Fault::ClampPage(7))).await;
    assert_eq!(page["issues"].as_array().unwrap().len(), 7);
    for bad in [
        json!({"maxResults": 0}),
        json!({"maxResults": 5001}),
        json!({"startAt": 0}),
        json!({"fields": "summary"}),
        json!({"expand": ["names"]}),
    ] {
        let mut body = query.clone();
        body.as_object_mut().unwrap().extend(bad.as_object().unwrap().clone());
        assert_eq!(search(&site, body, None).await.0, StatusCode::BAD_REQUEST, "{bad}");
    }
}

#[tokio::test]
async fn moments_are_shown_in_the_zone_of_the_account() {
    let site = site(Options { time_zone: Tz::Asia__Kolkata, ..Options::default() });
    let issue = &site.data.issues[5];
    let (_, shown, _) = ask(&site, "demo-jira-token", &format!("/rest/api/3/issue/{}?fields=updated", issue.id), None, None).await;
    let text = shown["fields"]["updated"].as_str().unwrap();
    assert!(text.ends_with("+0530"));
    assert_eq!(DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3f%z").unwrap(), issue.updated);
}

#[tokio::test]
async fn bulkfetch_follows_moves_and_names_what_is_missing() {
    let site = site(Options::default());
    let moved = site.data.issues.iter().find(|issue| !issue.old_keys.is_empty()).unwrap();
    let names = json!([moved.old_keys[0], moved.key, moved.id.to_string(), "ENG-9999", "OLD-1"]);
    let (_, found, _) =
        ask(&site, "demo-jira-token", "/rest/api/3/issue/bulkfetch", Some(json!({"issueIdsOrKeys": names, "fields": ["summary"]})), None)
            .await;
    assert_eq!(found["issues"].as_array().unwrap().len(), 1);
    assert_eq!(found["issues"][0]["key"], json!(moved.key));
    assert_eq!(found["issueErrors"].as_array().unwrap().len(), 2);
    let many: Vec<String> = site.data.issues.iter().take(101).map(|issue| issue.key.clone()).collect();
    for (fields, expected) in
        [(json!(["summary"]), StatusCode::OK), (json!(["comment"]), StatusCode::BAD_REQUEST), (json!([]), StatusCode::BAD_REQUEST)]
    {
        let body = json!({"issueIdsOrKeys": many, "fields": fields});
        assert_eq!(ask(&site, "demo-jira-token", "/rest/api/3/issue/bulkfetch", Some(body), None).await.0, expected, "{fields}");
    }
}

#[test]
fn every_hidden_kind_of_row_exists() {
    for (scale, recent, searchable) in [(Scale::Small, 40, 200), (Scale::Full, 300, 5_000)] {
        let data = Data::generate(&Company::new(scale, now()));
        let live: Vec<_> = data.issues.iter().filter(|issue| !data.projects[issue.project].archived).collect();
        assert!(live.len() >= searchable && data.issues.len() > live.len());
        assert!(live.iter().filter(|issue| issue.updated > now() - Duration::days(7)).count() >= recent);
        assert!(data.issues.is_sorted_by_key(|issue| issue.id));
        assert!(data.issues.iter().all(|issue| issue.created <= issue.updated && issue.updated <= now()));
        assert!(
            data.issues.iter().all(|issue| issue.comments.iter().all(|row| row.created >= issue.created && row.created <= issue.updated))
        );
        let any =
            |what: &str, fits: &dyn Fn(&super::data::Issue) -> bool| assert!(live.iter().any(|issue| fits(issue)), "{scale:?}: {what}");
        let ms = |moment: DateTime<Utc>| moment.timestamp_millis().rem_euclid(60_000);
        any("on a minute", &|issue| ms(issue.updated) == 0);
        any("before a minute", &|issue| ms(issue.updated) == 59_999);
        any("after a minute", &|issue| ms(issue.updated) == 1);
        any("created on a minute", &|issue| ms(issue.created) == 0);
        any("on midnight", &|issue| issue.updated.num_seconds_from_midnight() == 0 && ms(issue.updated) == 0);
        any("when clocks change", &|issue| issue.updated == Utc.with_ymd_and_hms(2026, 10, 25, 1, 0, 0).unwrap());
        any("never updated", &|issue| issue.updated == issue.created);
        any("unassigned", &|issue| issue.assignee.is_none());
        any("no reporter", &|issue| issue.reporter.is_none());
        any("former user", &|issue| issue.reporter == Some(data.users.len() - 1));
        any("inactive assignee", &|issue| issue.assignee.is_some_and(|at| !data.users[at].active));
        any("no description", &|issue| issue.description.is_none());
        any("empty description", &|issue| issue.description.as_deref() == Some(""));
        any("moved", &|issue| !issue.old_keys.is_empty());
        any("quotes", &|issue| issue.summary.contains('"') && issue.summary.contains('\\'));
        any("emoji", &|issue| issue.summary.contains('💡'));
        any("no due date", &|issue| issue.due.is_none());
        any("no priority", &|issue| issue.priority.is_none());
        any("many comments", &|issue| issue.comments.len() > 100);
        any("many work logs", &|issue| issue.worklogs.len() > 20);
        any("many changes", &|issue| issue.history.len() > 100);
        let tie = live.iter().filter(|issue| issue.updated == now() - Duration::hours(40) + Duration::milliseconds(123)).count();
        assert_eq!(tie, if scale == Scale::Full { 260 } else { 30 });
        assert!(data.sprints.iter().any(|sprint| sprint.boards.len() > 1));
        assert!(data.users.iter().any(|user| user.email.is_none() && user.active));
        let again = Data::generate(&Company::new(scale, now()));
        assert_eq!(format!("{:?}", again.issues), format!("{:?}", data.issues));
    }
}
