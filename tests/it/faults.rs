//! What goes wrong with an API, and what a query makes of it: the whole answer or an error, never a shorter answer.

use std::sync::atomic::Ordering::Relaxed;

use sqluice::demo::server::Fault;
use sqluice::engine::SourceConfig;
use sqluice::{Config, Engine};

use crate::common::{World, error};

fn refusal(status: u16, headers: &[(&str, &str)], body: &str) -> Fault {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Fault::Answer { status, headers, body: body.to_owned() }
}

const JIRA: &str = "SELECT id, summary FROM jira.issues WHERE created >= '2000-01-01'";

/// A scan of several pages.
#[derive(Clone)]
struct Paged {
    sql: String,
    path: &'static str,
    /// Where an answer has its rows.
    rows: &'static str,
    pages: u64,
    /// What this vendor says when it would answer a little later.
    passing: Vec<Fault>,
}

/// One per source; Slack's in the small pages of an app outside of its marketplace.
async fn scans() -> (World, [Paged; 4]) {
    let mut world = World::unrecorded().await;
    world.configure("slack", |slack| slack.with("limited", "true"));
    let (name, repository) = world.largest_repository();
    let data = &world.demo.jira.data;
    let issues = data.issues.iter().filter(|issue| !data.projects[issue.project].archived).count();
    let slack = &world.demo.slack.data;
    let joined = slack.channels.iter().filter(|channel| channel.members.contains(&slack.bot_reader));
    let channel = joined.max_by_key(|channel| channel.top.len()).unwrap();
    let paged = |sql: String, path, rows, count: usize, size: usize, passing: Vec<Fault>| {
        let pages = count.div_ceil(size) as u64;
        Paged { sql, path, rows, pages, passing }
    };
    let soon = [("Retry-After", "1")];
    let secondary = r#"{"message":"You have exceeded a secondary rate limit. Please wait."}"#;
    let limited = r#"{"errors":[{"message":"Rate limit exceeded.","extensions":{"type":"ratelimited","code":"RATELIMITED"}}]}"#;
    let internal = r#"{"data":null,"errors":[{"message":"Oh.","extensions":{"type":"internal error","code":"INTERNAL"}}]}"#;
    let scans = [
        paged(JIRA.to_owned(), "/search/jql", "issues", issues, 100, vec![refusal(503, &soon, "<html>")]),
        paged(
            format!("SELECT id, title FROM github.issues WHERE repository = '{name}'"),
            "/issues",
            "issues",
            repository.issues.len(),
            100,
            vec![refusal(403, &soon, secondary), refusal(403, &[("x-ratelimit-remaining", "77")], secondary)],
        ),
        paged(
            "SELECT id, title FROM linear.issues".to_owned(),
            "/graphql",
            "issues",
            world.demo.linear.data.issues.len(),
            250,
            vec![refusal(400, &soon, limited), refusal(400, &[], limited), refusal(200, &[], internal)],
        ),
        paged(
            format!("SELECT ts_id, text FROM slack.messages WHERE channel_id = '{}'", channel.id),
            "/conversations.history",
            "messages",
            channel.top.len(),
            15,
            vec![
                refusal(429, &soon, r#"{"ok":false,"error":"ratelimited"}"#),
                refusal(200, &[], r#"{"ok":false,"error":"ratelimited"}"#),
                refusal(200, &[], r#"{"ok":false,"error":"internal_error"}"#),
            ],
        ),
    ];
    assert!(scans.iter().all(|scan| scan.pages > 1), "{:?}", scans.each_ref().map(|scan| scan.pages));
    (world, scans)
}

impl World {
    fn inject(&self, sql: &str, path: &str, skip: usize, times: usize, fault: Fault) {
        let server = match sql {
            sql if sql.contains("jira.") => &self.demo.jira.server,
            sql if sql.contains("linear.") => &self.demo.linear.server,
            sql if sql.contains("slack.") => &self.demo.slack.server,
            _ => &self.demo.github.server,
        };
        server.faults().clear();
        server.faults().add(path, skip, times, fault);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn passing_faults_cost_repetitions_and_no_row() {
    let (world, scans) = scans().await;
    for Paged { sql, path, pages, passing, .. } in scans {
        let truth = world.rows(&sql).await;
        assert!(!truth.is_empty());
        let any = [
            refusal(429, &[("Retry-After", "1")], ""),
            refusal(429, &[], "<html>slow down</html>"),
            refusal(502, &[], "bad gateway"),
            refusal(503, &[("Retry-After", "1")], ""),
            Fault::CutBody { keep: 300 },
            Fault::CutBody { keep: 0 },
        ];
        for fault in any.into_iter().chain(passing) {
            world.inject(&sql, path, 1, 1, fault.clone());
            let got = world.run(&sql).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!(got.rows(), truth, "{fault:?}");
            let stats = &got.run.stats;
            // The page that failed is asked again, not the scan.
            assert_eq!((stats.requests.load(Relaxed), stats.retries.load(Relaxed)), (pages + 1, 1), "{fault:?}");
            if matches!(&fault, Fault::Answer { headers, .. } if headers.iter().any(|(name, _)| name == "Retry-After")) {
                assert!(stats.throttled().as_millis() >= 1_000, "{fault:?}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_pages_lose_no_row() {
    let (world, scans) = scans().await;
    for Paged { sql, path, .. } in scans {
        let truth = world.rows(&sql).await;
        for (fault, skip, times) in
            [(Fault::ClampPage(7), 0, usize::MAX), (Fault::ClampPage(1), 1, 5), (Fault::EmptyPage, 0, 1), (Fault::EmptyPage, 1, 1)]
        {
            world.inject(&sql, path, skip, times, fault.clone());
            let got = world.run(&sql).await.unwrap_or_else(|error| panic!("{fault:?}: {error}"));
            assert_eq!(got.rows(), truth, "{fault:?} after {skip}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_cursor_is_an_error_and_no_endless_scan() {
    let (world, scans) = scans().await;
    for Paged { sql, path, .. } in scans {
        world.taken();
        world.inject(&sql, path, 1, usize::MAX, Fault::RepeatCursor);
        let error = tokio::time::timeout(std::time::Duration::from_secs(30), world.error(&sql)).await.expect("the scan never ends");
        assert!(error.contains("read before"), "{error}");
        assert!(world.taken() < 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_revoked_during_a_scan_is_an_error() {
    let (world, scans) = scans().await;
    for Paged { sql, path, .. } in scans {
        for skip in [0, 1] {
            world.inject(&sql, path, skip, usize::MAX, Fault::Revoked);
            let error = world.error(&sql).await;
            assert!(error.contains("credential") || error.contains("token"), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_cursor_is_an_error_and_not_relaxed() {
    let (world, scans) = scans().await;
    let Paged { sql: github, path, .. } = &scans[1];
    world.inject(github, path, 1, 1, Fault::ExpiredCursor);
    let error = world.error(github).await;
    assert!(error.contains("422"), "{error}");
    world.inject(JIRA, "/search/jql", 1, 1, Fault::ExpiredCursor);
    let error = world.error(&format!("{JIRA} AND status IN ('Done', 'To Do', 'In Progress', 'Backlog', 'In Review')")).await;
    assert!(error.contains("400"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lasting_faults_are_errors_that_name_the_request_and_what_to_do() {
    let (world, scans) = scans().await;
    for Paged { sql, path, rows, .. } in scans {
        world.inject(
            &sql,
            path,
            1,
            usize::MAX,
            refusal(400, &[], r#"{"errorMessages":["Das geht so nicht."],"message":"Das geht so nicht."}"#),
        );
        let error = world.error(&sql).await;
        assert!(error.contains("Das geht so nicht.") && error.contains(path) && error.contains("next:"), "{error}");
        world.inject(&sql, path, 0, usize::MAX, refusal(200, &[], "<html>login</html>"));
        let error = world.error(&sql).await;
        assert!(error.contains("JSON") && error.contains(path), "{error}");
        world.inject(&sql, path, 0, usize::MAX, refusal(200, &[], r#"{"unexpected": true}"#));
        let error = world.error(&sql).await;
        assert!(error.contains(rows), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_filter_is_asked_again_without_it() {
    let world = World::unrecorded().await;
    let sql = "SELECT id FROM jira.issues WHERE updated >= '2026-01-01' AND (project_key = 'NOPE' OR status = 'Done')";
    let answer = world.run(sql).await.unwrap();
    let truth = world.rows("SELECT id FROM jira.issues WHERE updated >= '2026-01-01' AND lower(status) = 'done' AND status = 'Done'").await;
    assert_eq!(answer.len(), truth.len());
    assert_eq!(answer.run.stats.relaxed.load(Relaxed), 1);
    let warnings = answer.run.stats.warnings();
    assert!(warnings.len() == 1 && warnings[0].contains("refused the filters"), "{warnings:?}");
    // What an exact filter would have kept back comes too, and is no fault of the API's.
    let answer = world.run("SELECT id FROM slack.files WHERE user_id = 'U0NOBODY'").await.unwrap();
    let warnings = answer.run.stats.warnings();
    assert!(answer.len() == 0 && warnings.len() == 1 && warnings[0].contains("refused the filters"), "{warnings:?}");
    // The bound on time cannot make the API refuse, so it stays.
    let seen = world.take_jira();
    assert_eq!(crate::common::jql(&seen[1]), "updated >= 1767225600000");
    // A second refusal stands.
    world.inject(sql, "/search/jql", 0, usize::MAX, refusal(400, &[], r#"{"errorMessages":["Nein."]}"#));
    assert!(world.error(sql).await.contains("Nein."));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_one_clear_error() {
    let world = World::unrecorded().await;
    let mut config = world.demo.config();
    let url = world.demo.jira.server.url();
    config.sources.insert(
        "jira".to_owned(),
        SourceConfig::default().with("site", &url).with("email", "demo@lumenfold.example").with("token", "canary-wrong"),
    );
    let url = world.demo.github.server.url();
    config.sources.insert("github".to_owned(), SourceConfig::default().with("base_url", &url).with("token", "canary-wrong"));
    for source in ["linear", "slack"] {
        let wrong = config.sources.remove(source).unwrap().with("token", "canary-wrong");
        config.sources.insert(source.to_owned(), wrong);
    }
    let engine = Engine::builder().config(config).build().unwrap();
    for (sql, advice) in [
        ("SELECT id FROM jira.issues", "JIRA_API_TOKEN"),
        ("SELECT id FROM github.issues WHERE repository = 'a/b'", "`token` under [sources.github]"),
        ("SELECT id FROM linear.issues", "`token` under [sources.linear]"),
        ("SELECT id FROM slack.channels", "`token` under [sources.slack]"),
    ] {
        let error = error(&engine, sql).await;
        assert!(error.contains(advice) && !error.contains("canary"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_host_a_typo_and_a_missing_input_are_clear_errors() {
    let mut config = Config::default();
    config.sources.insert("github".to_owned(), SourceConfig::default().with("base_url", "http://127.0.0.1:9").with("token", "t0ken"));
    let engine = Engine::builder().config(config).build().unwrap();
    let started = std::time::Instant::now();
    let said = error(&engine, "SELECT id FROM github.issues WHERE repository = 'a/b'").await;
    assert!(said.contains("127.0.0.1:9") && said.contains("base_url"), "{said}");
    assert!(started.elapsed().as_secs() < 15, "{:?}", started.elapsed());
    let said = error(&engine, "SELECT tilte FROM github.issues").await;
    assert!(said.contains("title"), "{said}");
    let said = error(&engine, "SELECT id FROM github.issuse").await;
    assert!(said.contains("did you mean github.issues?"), "{said}");
    let said = error(&engine, "SELECT id FROM jira.issues").await;
    assert!(said.contains("[sources.jira]") && said.contains("JIRA_API_TOKEN"), "{said}");

    let mut config = Config::default();
    config.sources.insert("jira".to_owned(), SourceConfig::default().with("token", "t0ken"));
    let error = Engine::builder().config(config).build().unwrap_err().find_root().to_string();
    assert!(error.contains("site") && error.contains("JIRA_SITE"), "{error}");
    let mut config = Config::default();
    config.sources.insert("jira".to_owned(), SourceConfig::default().with("siet", "http://x"));
    let error = Engine::builder().config(config).build().unwrap_err().find_root().to_string();
    assert!(error.contains("did you mean `site`?"), "{error}");
    let mut config = Config::default();
    config.sources.insert("jiro".to_owned(), SourceConfig::default());
    let error = Engine::builder().config(config).build().unwrap_err().find_root().to_string();
    assert!(error.contains("did you mean type = \"jira\"?"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_forbids_further_calls() {
    let world = World::unrecorded().await;
    world.run("SET sqluice.max_requests = 1").await.unwrap();
    let error = world.error(JIRA).await;
    assert!(error.contains("sqluice.max_requests"), "{error}");
    assert_eq!(world.take_jira().len(), 1);
    world.run("SET sqluice.max_requests = 0").await.unwrap();
    assert!(world.run(JIRA).await.unwrap().len() > 0);
}
