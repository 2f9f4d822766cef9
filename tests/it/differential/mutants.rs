//! Connectors with a bug each: their requests are rewritten on the way, or their table's file lies. The suite has to see it.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use sqluice::Engine;
use sqluice::http::{HttpService, TransportError};

use super::subjects::{Remembering, Subject};
use super::{MANY, compare, rounds};
use crate::common;

/// What becomes of a request.
#[derive(Clone, Copy, Debug)]
enum Rewrite {
    /// The JQL of a search.
    Jql(fn(&str) -> String),
    /// Each object of a GraphQL filter, from the outermost; none where nothing changes.
    Filter(fn(&Json) -> Option<Json>),
    /// The GraphQL document.
    Document(fn(&str) -> String),
    /// The parameters of requests whose path ends so; none for one that is left out.
    Query(&'static str, fn(&str, &str) -> Option<String>),
}

impl Rewrite {
    fn body(self, body: Bytes) -> Bytes {
        let Ok(mut json) = serde_json::from_slice::<Json>(&body) else { return body };
        match self {
            Self::Jql(rewrite) if json["jql"].is_string() => json["jql"] = rewrite(json["jql"].as_str().unwrap()).into(),
            Self::Filter(rewrite) if json["variables"]["filter"].is_object() => {
                json["variables"]["filter"] = changed(&json["variables"]["filter"], rewrite);
            }
            Self::Document(rewrite) if json["query"].is_string() => json["query"] = rewrite(json["query"].as_str().unwrap()).into(),
            _ => return body,
        }
        Bytes::from(json.to_string())
    }

    fn uri(self, uri: http::Uri) -> http::Uri {
        let Self::Query(path, rewrite) = self else { return uri };
        if !uri.path().ends_with(path) {
            return uri;
        }
        let mut url = url::Url::parse(&uri.to_string()).unwrap();
        let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        let kept = pairs.into_iter().filter_map(|(name, value)| Some((rewrite(&name, &value)?, name)));
        let kept: Vec<(String, String)> = kept.map(|(value, name)| (name, value)).collect();
        url.query_pairs_mut().clear().extend_pairs(kept);
        url.as_str().parse().unwrap()
    }
}

/// A transport that rewrites queries on their way, as a connector with a bug would have written them.
#[derive(Debug)]
struct Mutant {
    inner: Remembering,
    rewrite: Rewrite,
}

#[async_trait]
impl HttpService for Mutant {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let (mut parts, body) = request.into_parts();
        parts.headers.remove(http::header::CONTENT_LENGTH);
        parts.uri = self.rewrite.uri(parts.uri);
        self.inner.call(http::Request::from_parts(parts, self.rewrite.body(body))).await
    }
}

/// The suite finds rows missing, rows too many, or a walk that goes astray; an error would only say that the mutant is no connector.
async fn caught(subject: &Subject, engines: &[Engine], seed: u64) {
    let difference = compare(subject, engines, &[], rounds(MANY), seed).await.expect_err("the mutant lives");
    println!("caught: {difference}");
    let seen = ["the truth has", "should have kept back", "went forward"];
    assert!(seen.iter().any(|seen| difference.contains(seen)), "{difference}");
}

async fn rewriting_is_caught(subject: Subject, seed: u64, rewrite: Rewrite) {
    caught(&subject, &subject.engines(|inner| Arc::new(Mutant { inner, rewrite })), seed).await;
}

/// A table's file with other lines is taken instead of the built-in one.
async fn lie_is_caught(subject: Subject, seed: u64, lie: impl Fn(&str) -> String) {
    let name = format!("{}.yaml", subject.table.replace('.', "/"));
    let file = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tables").join(&name)).unwrap();
    let told: String = file.lines().map(|line| lie(line) + "\n").collect();
    assert_ne!(file, told);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::create_dir(path.parent().unwrap()).unwrap();
    std::fs::write(path, told).unwrap();
    let build = |world: &common::World| Engine::builder().config(common::config(&world.demo)).tables(folder.path()).build().unwrap();
    caught(&subject, &subject.servers.iter().map(build).collect::<Vec<_>>(), seed).await;
}

/// Replaces each number that follows an operator.
fn numbers(jql: &str, op: &str, change: impl Fn(i64) -> String) -> String {
    let operator = format!(" {op} ");
    let mut parts = jql.split(&operator);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|character: char| !character.is_ascii_digit()).unwrap_or(part.len());
        match part[..end].parse() {
            Ok(number) => text.push_str(&format!(" {op} {}{}", change(number), &part[end..])),
            Err(_) => text.push_str(&format!(" {op} {part}")),
        }
    }
    text
}

/// Bounds rounded to the nearest minute inside instead of outside.
fn rounded_inward(jql: &str) -> String {
    numbers(jql, ">=", |at| (at + 60_000).to_string())
}

/// `<` where `<=` was meant, and the mirror image.
fn exclusive(jql: &str) -> String {
    jql.replace(" >= ", " > ")
}

/// A date text, which Jira reads in the account's own zone.
fn in_the_accounts_zone(jql: &str) -> String {
    // A number of votes is no date.
    let text = |at: i64| match chrono::DateTime::from_timestamp_millis(at) {
        Some(at) if at.timestamp() > 1_000_000 => at.format("\"%Y-%m-%d %H:%M\"").to_string(),
        _ => at.to_string(),
    };
    numbers(&numbers(jql, ">=", text), "<", text)
}

/// The first branch of an OR alone.
fn dropped_branch(jql: &str) -> String {
    let Some((first, rest)) = jql.split_once(" OR ") else { return jql.to_owned() };
    let mut depth = 0;
    let end = rest.char_indices().find(|(_, character)| {
        depth += i32::from(*character == '(') - i32::from(*character == ')');
        depth < 0
    });
    format!("{first}{}", end.map_or("", |(at, _)| &rest[at..]))
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_rounding_inward_is_caught() {
    rewriting_is_caught(Subject::jira().await, 11, Rewrite::Jql(rounded_inward)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_exclusive_bound_is_caught() {
    rewriting_is_caught(Subject::jira().await, 11, Rewrite::Jql(exclusive)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_account_zone_is_caught() {
    rewriting_is_caught(Subject::jira().await, 11, Rewrite::Jql(in_the_accounts_zone)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_dropped_branch_is_caught() {
    rewriting_is_caught(Subject::jira().await, 11, Rewrite::Jql(dropped_branch)).await;
}

/// A table file that claims an exact `<>` where the API ignores case: the complement of a superset.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_negated_superset_is_caught() {
    lie_is_caught(Subject::jira_on(vec![common::World::unrecorded().await]).await, 11, |line| {
        let operators =
            if line.contains("{column: status,") { "ops: [eq, ne, in, not_in], compares: sql, nulls: sql" } else { "ops: [eq, in]" };
        line.replace("ops: [eq, in]", operators)
    })
    .await;
}

/// GitHub lists open issues only, unless it is told otherwise.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_closed_issues_is_caught() {
    let open = |name: &str, value: &str| (name != "state" || value != "all").then(|| value.to_owned());
    rewriting_is_caught(Subject::github().await, 12, Rewrite::Query("/issues", open)).await;
}

/// Applies a change to the objects of a filter, the outermost first.
fn changed(filter: &Json, change: fn(&Json) -> Option<Json>) -> Json {
    if let Some(new) = change(filter) {
        return new;
    }
    match filter {
        Json::Object(object) => object.iter().map(|(key, value)| (key.clone(), changed(value, change))).collect::<Map<_, _>>().into(),
        Json::Array(list) => list.iter().map(|each| changed(each, change)).collect(),
        other => other.clone(),
    }
}

/// A negative test of a field with the test beside it that there is a value: what the test looks at, and the test alone.
fn guarded(filter: &Json) -> Option<(&Json, &Json)> {
    let [test, guard] = filter.get("and")?.as_array()?.as_slice() else { return None };
    let (name, asks) = guard.as_object()?.iter().next()?;
    (*asks == json!({"null": false})).then_some((test.get(name)?, test))
}

fn is_negative(comparator: &Json) -> bool {
    comparator.get("nin").is_some() || comparator.get("neq").is_some()
}

/// `nin` alone, which keeps rows without a value.
fn unguarded_field(filter: &Json) -> Option<Json> {
    let (tested, test) = guarded(filter)?;
    is_negative(tested).then(|| test.clone())
}

/// A negative test behind a relation alone, which keeps the rows that have no such relation.
fn unguarded_relation(filter: &Json) -> Option<Json> {
    let (tested, test) = guarded(filter)?;
    tested.as_object()?.values().any(is_negative).then(|| test.clone())
}

/// The conjunctions in an `or` as branches of several keys, which are alternatives.
fn several_keys(filter: &Json) -> Option<Json> {
    let merged = |branch: &Json| {
        let mut all = Map::new();
        for part in branch.get("and")?.as_array()? {
            for (key, value) in part.as_object()? {
                if all.insert(key.clone(), value.clone()).is_some() {
                    return None;
                }
            }
        }
        Some(Json::Object(all))
    };
    let branches = filter.get("or")?.as_array()?;
    Some(json!({"or": branches.iter().map(|branch| merged(branch).unwrap_or_else(|| branch.clone())).collect::<Json>()}))
}

/// `or` where `and` was meant.
fn alternatives(filter: &Json) -> Option<Json> {
    Some(json!({"or": filter.get("and")?}))
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_nin_with_nulls_is_caught() {
    rewriting_is_caught(Subject::linear().await, 13, Rewrite::Filter(unguarded_field)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_negation_without_the_relation_is_caught() {
    rewriting_is_caught(Subject::linear().await, 13, Rewrite::Filter(unguarded_relation)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_several_keys_in_a_branch_is_caught() {
    rewriting_is_caught(Subject::linear().await, 13, Rewrite::Filter(several_keys)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_or_for_and_is_caught() {
    rewriting_is_caught(Subject::linear().await, 13, Rewrite::Filter(alternatives)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_archived_rows_is_caught() {
    let hidden = |document: &str| document.replace(", includeArchived: true", "");
    rewriting_is_caught(Subject::linear().await, 13, Rewrite::Document(hidden)).await;
    rewriting_is_caught(Subject::projects().await, 15, Rewrite::Document(hidden)).await;
}

/// A table file that takes the milliseconds of answers for all that is stored.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_whole_milliseconds_are_caught() {
    let lie =
        |line: &str| if line.contains("encode: rfc3339_ms") { line.replace("ops: [ge, lt", "ops: [eq, gt, le") } else { line.to_owned() };
    lie_is_caught(Subject::linear().await, 13, lie).await;
    lie_is_caught(Subject::projects().await, 15, lie).await;
}

const HISTORY: &str = "/conversations.history";

/// Both bounds of a history are exclusive without it.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_inclusive_is_caught() {
    let outside = |name: &str, value: &str| (name != "inclusive").then(|| value.to_owned());
    rewriting_is_caught(Subject::slack().await, 14, Rewrite::Query(HISTORY, outside)).await;
}

/// With a lower bound alone, pages go forward.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_latest_is_caught() {
    let endless = |name: &str, value: &str| (name != "latest").then(|| value.to_owned());
    rewriting_is_caught(Subject::slack().await, 14, Rewrite::Query(HISTORY, endless)).await;
}

/// The same where no row is lost or gained: the walk itself is seen.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_the_default_latest_is_caught() {
    let endless = |name: &str, value: &str| (name != "latest" || value != "9999999999.999999").then(|| value.to_owned());
    rewriting_is_caught(Subject::slack().await, 14, Rewrite::Query(HISTORY, endless)).await;
}

/// A timestamp that went through a float: the microseconds are gone.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_timestamps_as_floats_are_caught() {
    let cut = |name: &str, value: &str| match name {
        "oldest" | "latest" => Some(format!("{:.3}", value.parse::<f64>().unwrap())),
        _ => Some(value.to_owned()),
    };
    rewriting_is_caught(Subject::slack().await, 14, Rewrite::Query(HISTORY, cut)).await;
}

/// Only public channels are listed without it.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_without_types_is_caught() {
    let public = |name: &str, value: &str| (name != "types").then(|| value.to_owned());
    rewriting_is_caught(Subject::slack().await, 14, Rewrite::Query("/conversations.list", public)).await;
}

/// A bound on files that is rounded into the range.
#[tokio::test(flavor = "multi_thread")]
async fn mutant_late_second_is_caught() {
    let later = |name: &str, value: &str| match name {
        "ts_from" => Some((value.parse::<i64>().unwrap() + 1).to_string()),
        _ => Some(value.to_owned()),
    };
    rewriting_is_caught(Subject::files().await, 16, Rewrite::Query("/files.list", later)).await;
}
