//! What the vendors say when they refuse, in their own words: what is read from it, and that each rule about it is needed.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::common::DataFusionError;
use parking_lot::Mutex;
use serde_json::json;
use sqluice::Engine;
use sqluice::demo::slack::{self, Kind};
use sqluice::demo::{self, server::Fault};
use sqluice::engine::{EngineBuilder, SourceConfig};
use sqluice::http::{ApiError, ErrorKind, HttpService, TransportError};
use tokio::time::Instant;

use crate::common::{World, answer, config, error, first_column, run};
use crate::truth;

fn sorted(mut rows: Vec<String>) -> Vec<String> {
    rows.sort();
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_the_bot_is_not_in_is_left_out_with_a_warning() {
    let world = World::small().await;
    let data = &world.demo.slack.data;
    // As slack.messages, but every conversation that the bot sees is asked, also those that it is not in.
    let seen = include_str!("../../tables/slack/messages.yaml").replace("table: messages", "table: seen");
    let asked = seen.replace(r#", default: "is_member OR is_im OR is_mpim""#, "");
    assert_ne!(seen, asked);
    let engine = Engine::builder().config(config(&world.demo)).table_files([("slack/seen.yaml", asked)]).build().unwrap();
    let (joined, outside): (Vec<_>, Vec<_>) = data
        .channels
        .iter()
        .filter(|channel| channel.seen_by(data.bot_reader))
        .partition(|channel| channel.members.contains(&data.bot_reader));
    assert!(outside.iter().any(|channel| channel.name == "watercooler" && !channel.top.is_empty()));
    let wanted = joined.iter().flat_map(|channel| channel.history().map(|message| format!("{}{}", channel.id, message.ts)));
    let all = run(&engine, "SELECT channel_id || ts_id FROM slack.seen").await;
    assert_eq!(sorted(first_column(all.rows())), sorted(wanted.collect()));
    let warnings = all.run.stats.warnings();
    assert_eq!(warnings.len(), outside.len(), "{warnings:?}");
    for channel in outside {
        let said = |warning: &String| warning.contains(&format!("channel={}&", channel.id)) && warning.ends_with("not_in_channel");
        assert!(warnings.iter().any(said), "{warnings:?}");
        // What a query names it would lack without a word.
        for condition in [format!("channel_name = '{}'", channel.name), format!("channel_id = '{}'", channel.id)] {
            let error = world.error(&format!("SELECT ts_id FROM slack.messages WHERE {condition}")).await;
            assert!(error.contains("not allowed") && error.contains("not_in_channel") && error.contains("invite the app"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_scope_for_a_kind_of_conversations_the_others_are_listed() {
    let options = slack::Options::default();
    let scopes = options.scopes.iter().copied().filter(|scope| *scope != "groups:read").collect();
    let world = World::start(demo::Options { slack: slack::Options { scopes, ..options }, ..World::generous() }).await;
    let data = &world.demo.slack.data;
    let seen = |kind| data.channels.iter().filter(move |channel| channel.kind == kind && channel.seen_by(data.bot_reader));
    assert!(seen(Kind::Private).count() > 0);
    let wanted = [Kind::Public, Kind::Group, Kind::Direct].into_iter().flat_map(seen).map(|channel| channel.id.clone());
    let answer = run(&world.engine, "SELECT id FROM slack.channels").await;
    assert_eq!(sorted(first_column(answer.rows())), sorted(wanted.collect()));
    // All at once, and each by itself.
    let calls = world.take_slack();
    let lists = calls.iter().filter(|seen| seen.target.starts_with("/api/conversations.list?"));
    assert_eq!((lists.count(), calls.len()), (5, 5), "{calls:?}");
    let warnings = answer.run.stats.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("private_channel") && warnings[0].contains("missing_scope"), "{warnings:?}");
    // Where nothing else was asked for, nothing is left out.
    let error = world.error("SELECT id FROM slack.channels WHERE type = 'private_channel'").await;
    assert!(error.contains("not allowed") && error.contains("missing_scope") && error.contains("scope"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn data_with_errors_beside_it_fails_the_scan() {
    let world = World::unrecorded().await;
    let sql = "SELECT identifier, title FROM linear.issues";
    let body = json!({
        "data": {"issues": {
            "nodes": [{"identifier": "ENG-1", "title": "One"}, {"identifier": "ENG-2", "title": null}],
            "pageInfo": {"hasNextPage": false, "endCursor": null},
        }},
        "errors": [{
            "message": "Something of it is not there", "path": ["issues", "nodes", 1, "title"],
            "extensions": {"type": "other", "code": "OTHER", "userPresentableMessage": "Sorry."},
        }],
    });
    world.demo.linear.server.faults().add("/graphql", 1, 1, Fault::Answer { status: 200, headers: Vec::new(), body: body.to_string() });
    let error = world.error(sql).await;
    assert!(error.contains("linear.issues: the API refused the request (HTTP 200): Something of it is not there"), "{error}");
    assert_eq!(world.take_linear().len(), 2, "once more would not be another answer");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_argument_that_linear_refuses_is_left_out_and_checked_here() {
    let world = World::unrecorded().await;
    let title = truth::linear_issues(&world.demo.linear.data)[0]["title"].as_str().unwrap().replace('\'', "''");
    let sql = format!("SELECT identifier FROM linear.issues WHERE title = '{title}' AND updated_at >= '2001-02-03'");
    let wanted = sorted(world.column(&sql).await);
    assert!(!wanted.is_empty());
    world.take_linear();
    let body = json!({"data": null, "errors": [{
        "message": "Argument Validation Error",
        "extensions": {"type": "invalid input", "code": "INVALID_INPUT", "userError": true, "userPresentableMessage": "title is odd"},
    }]});
    world.demo.linear.server.faults().add("/graphql", 0, 1, Fault::Answer { status: 200, headers: Vec::new(), body: body.to_string() });
    let relaxed = run(&world.engine, &sql).await;
    assert_eq!(sorted(first_column(relaxed.rows())), wanted);
    assert_eq!(relaxed.run.stats.relaxed.load(Relaxed), 1);
    let warnings = relaxed.run.stats.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("Argument Validation Error"), "{warnings:?}");
    // The bound cannot have been what was wrong.
    let filters: Vec<String> = world
        .take_linear()
        .iter()
        .map(|seen| serde_json::from_str::<serde_json::Value>(&seen.body).unwrap()["variables"]["filter"].to_string())
        .collect();
    assert!(filters[0].contains("title") && filters[0].contains("2001-02-03"), "{filters:?}");
    assert!(filters[1..].iter().all(|filter| !filter.contains("title") && filter.contains("2001-02-03")), "{filters:?}");
}

/// A host that always says the same.
#[derive(Debug, Default)]
struct Always {
    answer: Mutex<Said>,
    calls: AtomicUsize,
}

/// An answer as a vendor words it.
#[derive(Clone, Debug, Default)]
struct Said {
    status: u16,
    headers: Vec<(&'static str, &'static str)>,
    body: String,
}

#[async_trait]
impl HttpService for Always {
    async fn call(&self, _: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        self.calls.fetch_add(1, Relaxed);
        let said = self.answer.lock().clone();
        let mut response = http::Response::builder().status(said.status);
        for (name, value) in said.headers {
            response = response.header(name, value);
        }
        Ok(response.body(said.body.into()).unwrap())
    }
}

/// What becomes of an answer that does not change.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    /// `None`: it is a page.
    kind: Option<ErrorKind>,
    calls: usize,
    advice: String,
}

/// An answer, the query that gets it, and what must become of it. Of the advice a part is enough.
struct Case {
    said: Said,
    sql: &'static str,
    wanted: Wanted,
}

impl Case {
    async fn outcome(&self, engine: &Engine, host: &Always) -> Outcome {
        *host.answer.lock() = self.said.clone();
        host.calls.store(0, Relaxed);
        let failed = answer(engine.sql(self.sql)).await.err();
        let failed = failed.map(|error| match error.find_root() {
            DataFusionError::External(inner) => inner.downcast_ref::<ApiError>().unwrap().clone(),
            other => panic!("{other}"),
        });
        Outcome {
            kind: failed.as_ref().map(|error| error.kind),
            calls: host.calls.load(Relaxed),
            advice: failed.map_or_else(String::new, |error| error.advice),
        }
    }

    fn is_met(&self, outcome: &Outcome) -> bool {
        let (kind, calls, advice) = self.wanted;
        outcome.kind == Some(kind) && outcome.calls == calls && outcome.advice.contains(advice)
    }
}

#[expect(clippy::needless_pass_by_value, reason = "a text, or JSON, or either of them borrowed")]
fn said(status: u16, headers: &[(&'static str, &'static str)], body: impl ToString) -> Said {
    Said { status, headers: headers.to_vec(), body: body.to_string() }
}

/// Kind of the error, calls, and a part of the advice.
type Wanted = (ErrorKind, usize, &'static str);

/// Attempts at a source that says nothing else: the first, and the repetitions.
const SIX: usize = 6;
const NINE: usize = 9;

fn github() -> Vec<Case> {
    use ErrorKind::{Auth, Forbidden, RateLimited, Server};
    let refusal = |message: &str| json!({"message": message, "documentation_url": "https://docs.github.com/rest"});
    let spent = refusal("API rate limit exceeded for user ID 7.");
    let secondary = refusal("You have exceeded a secondary rate limit. Please wait a few minutes before you try again.");
    let case = |said, wanted| Case { said, sql: "SELECT id FROM github.labels WHERE repository = 'a/b'", wanted };
    vec![
        case(said(401, &[], refusal("Bad credentials")), (Auth, 1, "GITHUB_TOKEN")),
        case(said(403, &[("x-ratelimit-remaining", "0")], &spent), (RateLimited, SIX, "")),
        case(said(429, &[("x-ratelimit-remaining", "0")], &spent), (RateLimited, SIX, "")),
        case(said(403, &[("x-ratelimit-remaining", "77"), ("retry-after", "60")], refusal("Wait.")), (RateLimited, SIX, "")),
        case(said(403, &[("x-ratelimit-remaining", "77")], &secondary), (RateLimited, SIX, "")),
        case(said(403, &[("x-ratelimit-remaining", "77")], refusal("Resource not accessible by integration")), (Forbidden, 1, "access")),
        case(said(503, &[], ""), (Server, SIX, "")),
    ]
}

fn jira() -> Vec<Case> {
    use ErrorKind::{Auth, Forbidden, RateLimited, Server};
    let case = |said, wanted| Case { said, sql: "SELECT id FROM jira.fields", wanted };
    vec![
        // Treated as nobody, to whom nothing is shown.
        case(said(200, &[("X-Seraph-LoginReason", "AUTHENTICATED_FAILED")], "[]"), (Auth, 1, "JIRA_API_TOKEN")),
        case(said(401, &[], "Client must be authenticated to access this resource."), (Auth, 1, "JIRA_API_TOKEN")),
        case(said(403, &[], json!({"error": "Failed to parse Connect Session Auth Token"})), (Forbidden, 1, "access")),
        case(said(429, &[("ratelimit-reason", "jira-burst-based")], ""), (RateLimited, SIX, "")),
        case(said(503, &[("retry-after", "1")], "<html>"), (Server, SIX, "")),
    ]
}

fn linear() -> Vec<Case> {
    use ErrorKind::{Auth, Forbidden, InvalidRequest, RateLimited, Server, SourceChanged};
    const ALL: &str = "SELECT id FROM linear.issues";
    const FILTERED: &str = "SELECT id FROM linear.issues WHERE title = 'x'";
    let refusal = |ty: &str, code: &str, message: &str| json!({"data": null, "errors": [{"message": message, "extensions": {"type": ty, "code": code}}]});
    let case = |sql, status, body: serde_json::Value, wanted| Case { said: said(status, &[], body), sql, wanted };
    let mut cases = vec![
        case(ALL, 400, refusal("", "RATELIMITED", "Rate limit exceeded."), (RateLimited, NINE, "")),
        case(ALL, 400, refusal("ratelimited", "", "Rate limit exceeded."), (RateLimited, NINE, "")),
        case(
            FILTERED,
            400,
            refusal(
                "invalid input",
                "INPUT_ERROR",
                "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix.",
            ),
            (Auth, 1, "belongs into `token`"),
        ),
        case(ALL, 401, refusal("authentication error", "AUTHENTICATION_ERROR", "Authentication required"), (Auth, 1, "LINEAR_API_KEY")),
        case(ALL, 401, refusal("", "", "Authentication required"), (Auth, 1, "LINEAR_API_KEY")),
        case(ALL, 200, refusal("authentication error", "AUTHENTICATION_ERROR", "Who?"), (Auth, 1, "LINEAR_API_KEY")),
        case(FILTERED, 200, refusal("invalid input", "INVALID_INPUT", "Argument Validation Error"), (InvalidRequest, 2, "")),
        case(FILTERED, 200, refusal("invalid input", "INPUT_ERROR", "Odd"), (InvalidRequest, 2, "")),
        case(ALL, 200, refusal("invalid input", "INVALID_INPUT", "Argument Validation Error"), (InvalidRequest, 1, "")),
        case(
            FILTERED,
            400,
            refusal("graphql error", "GRAPHQL_VALIDATION_FAILED", "Cannot query field \"identifier\" on type \"Issue\"."),
            (SourceChanged, 1, "no such field"),
        ),
        case(
            FILTERED,
            400,
            refusal("graphql error", "GRAPHQL_VALIDATION_FAILED", "Variable \"$filter\" got invalid value."),
            (InvalidRequest, 2, ""),
        ),
        // A part of the data is not the data.
        case(
            ALL,
            200,
            json!({
                "data": {"issues": {"nodes": [], "pageInfo": {"hasNextPage": false, "endCursor": null}}},
                "errors": [{"message": "Entity not found: Issue", "extensions": {"type": "other", "code": "OTHER"}}],
            }),
            (InvalidRequest, 1, ""),
        ),
        case(ALL, 502, json!("<html>"), (Server, NINE, "")),
    ];
    for ty in ["internal error", "network error", "bootstrap error", "lock timeout"] {
        cases.push(case(ALL, 200, refusal(ty, "", "Oh."), (Server, NINE, "")));
    }
    for ty in ["forbidden", "feature not accessible"] {
        cases.push(case(ALL, 200, refusal(ty, "", "No."), (Forbidden, 1, "access")));
    }
    cases
}

fn slack() -> Vec<Case> {
    use ErrorKind::{Auth, Forbidden, InvalidRequest, NotFound, RateLimited, Server, SourceChanged};
    let groups: [(&[&str], Wanted); 9] = [
        (&["ratelimited", "rate_limited"], (RateLimited, SIX, "")),
        (&["internal_error", "fatal_error", "service_unavailable", "request_timeout"], (Server, SIX, "")),
        (&["not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired"], (Auth, 1, "SLACK_TOKEN")),
        (&["missing_scope"], (Forbidden, 1, "add it to the app")),
        (&["not_in_channel"], (Forbidden, 1, "invite the app")),
        (
            &[
                "no_permission",
                "org_login_required",
                "ekm_access_denied",
                "access_denied",
                "team_access_not_granted",
                "not_allowed_token_type",
            ],
            (Forbidden, 1, "access"),
        ),
        (&["channel_not_found", "thread_not_found", "user_not_found", "users_not_found", "file_not_found"], (NotFound, 1, "")),
        (&["unknown_method"], (SourceChanged, 1, "")),
        (&["invalid_arguments", "limit_required"], (InvalidRequest, 1, "")),
    ];
    let case = |said, wanted| Case { said, sql: "SELECT id FROM slack.usergroups", wanted };
    let refusal = |code: &str| json!({"ok": false, "error": code, "usergroups": []});
    let codes = groups.into_iter().flat_map(|(codes, wanted)| codes.iter().map(move |code| (*code, wanted)));
    let mut cases: Vec<Case> = codes.map(|(code, wanted)| case(said(200, &[], refusal(code)), wanted)).collect();
    cases.push(case(said(429, &[("retry-after", "30")], ""), (RateLimited, SIX, "")));
    cases
}

fn folder(source: &str) -> impl Iterator<Item = (String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tables").join(source);
    let source = source.to_owned();
    std::fs::read_dir(folder).unwrap().map(move |file| {
        let path = file.unwrap().path();
        (format!("{source}/{}", path.file_name().unwrap().to_str().unwrap()), std::fs::read_to_string(path).unwrap())
    })
}

fn engine(builder: EngineBuilder, source: &str, host: &Arc<Always>) -> Engine {
    let mut config = SourceConfig::of(source).with("token", "t0ken");
    if source == "jira" {
        config = config.with("site", "https://acme.atlassian.net").with("email", "a@b.example");
    }
    let service: Arc<dyn HttpService> = Arc::<Always>::clone(host);
    builder.source(source, config).service(service).build().unwrap()
}

/// The text without each of its rules, and without each word of those lists of which one is enough.
fn without_one(text: &str) -> Vec<(String, String)> {
    let (before, rules) = text.split_once("\nerrors:").unwrap();
    let lines: Vec<&str> = rules.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines = lines.clone();
        lines[at] = line;
        // A list of nothing has to be written.
        if lines.iter().any(|line| line.starts_with("  - {")) {
            format!("{before}\nerrors:{}\n", lines.join("\n"))
        } else {
            format!("{before}\nerrors: []\n")
        }
    };
    let mut texts = Vec::new();
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| line.starts_with("  - {")) {
        texts.push(((*line).to_owned(), with(at, "")));
        for (from, _) in line.match_indices('[').filter(|(from, _)| !line[*from..].starts_with("[*]")) {
            let list = &line[from + 1..from + line[from..].find(']').unwrap()];
            for word in list.split(", ").filter(|word| *word != list) {
                let others: Vec<&str> = list.split(", ").filter(|other| other != &word).collect();
                texts.push((format!("{word} in {line}"), with(at, &line.replacen(list, &others.join(", "), 1))));
            }
        }
    }
    texts
}

#[tokio::test(start_paused = true)]
async fn each_refusal_is_read_as_the_vendor_means_it_and_each_rule_is_needed_for_that() {
    let mut problems = Vec::new();
    for (source, cases) in [("github", github()), ("jira", jira()), ("linear", linear()), ("slack", slack())] {
        let host = Arc::<Always>::default();
        let whole = engine(Engine::builder(), source, &host);
        let mut usual = Vec::new();
        for case in &cases {
            let outcome = case.outcome(&whole, &host).await;
            if !case.is_met(&outcome) {
                problems.push(format!("{source}: {:?} became {outcome:?} instead of {:?}", case.said, case.wanted));
            }
            usual.push(outcome);
        }
        let files: Vec<(String, String)> = folder(source).collect();
        let name = format!("{source}/source.yaml");
        let text = &files.iter().find(|(path, _)| *path == name).unwrap().1;
        for (what, text) in without_one(text) {
            let files = files.iter().map(|(path, known)| (path.clone(), if *path == name { text.clone() } else { known.clone() }));
            let engine = engine(Engine::builder().table_files(files), source, &host);
            let mut same = true;
            for (case, usual) in cases.iter().zip(&usual) {
                same = same && case.outcome(&engine, &host).await == *usual;
            }
            if same {
                problems.push(format!("{source}: nothing changes without {what}"));
            }
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_without_a_time_is_waited_out_longer_each_time() {
    let limited = json!({"ok": false, "error": "ratelimited", "errors": [{"message": "x", "extensions": {"code": "RATELIMITED"}}]});
    // The waits before the repetitions, the longest of which is bounded. Up to as much is added at random.
    for (source, sql, calls, least) in [
        ("github", "SELECT id FROM github.labels WHERE repository = 'a/b'", SIX, 1 + 2 + 4 + 8 + 16),
        ("jira", "SELECT id FROM jira.fields", SIX, 1 + 2 + 4 + 8 + 16),
        ("linear", "SELECT id FROM linear.issues", NINE, 2 + 4 + 8 + 16 + 32 + 3 * 60),
        ("slack", "SELECT id FROM slack.usergroups", SIX, 1 + 2 + 4 + 8 + 16),
    ] {
        let host = Arc::<Always>::default();
        *host.answer.lock() = said(429, &[], &limited);
        let engine = engine(Engine::builder(), source, &host);
        let began = Instant::now();
        assert!(error(&engine, sql).await.contains("rate limit"), "{source}");
        let (least, took) = (Duration::from_secs(least), began.elapsed());
        assert_eq!(host.calls.load(Relaxed), calls, "{source}");
        assert!((least..=least * 2 + Duration::from_secs(1)).contains(&took), "{source}: {took:?} for {least:?}");
    }
}
