//! Rate limits as the vendors keep them, in windows made short: every row arrives, each refusal costs one call and the wait that it
//! asks for, and where answers tell what is left nothing is refused at all.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use parking_lot::Mutex;
use serde_json::json;
use sqluice::Engine;
use sqluice::demo::jira::{Burst, Window};
use sqluice::demo::server::Seen;
use sqluice::demo::slack::{Channel, Data, RateLimits};
use sqluice::demo::{self, github, jira, linear, slack};
use sqluice::engine::SourceConfig;
use sqluice::http::{HttpService, TransportError};
use tokio::time::Instant;

use crate::common::{Answer, World, first_column, run};
use crate::truth;

/// How many of the calls were refused: each was asked again, and nothing else was asked than the pages.
fn refused(answer: &Answer, seen: &[Seen], status: u16, pages: usize) -> usize {
    let refused = seen.iter().filter(|seen| seen.status == status).count();
    assert_eq!(seen.len(), pages + refused, "{seen:?}");
    let stats = &answer.run.stats;
    assert_eq!((answer.requests(), stats.retries.load(Relaxed)), (seen.len() as u64, refused as u64), "{seen:?}");
    assert!(stats.warnings().is_empty() && stats.is_complete(), "{:?}", stats.warnings());
    refused
}

fn waited(answer: &Answer, at_least: Duration) {
    let throttled = answer.run.stats.throttled();
    assert!(throttled >= at_least, "{throttled:?} instead of {at_least:?}");
}

async fn slack_world(rate_limits: RateLimits, rate_window: i64, limited: bool) -> World {
    let slack = slack::Options { rate_limits, rate_window, ..slack::Options::default() };
    let mut world = World::start(demo::Options { slack, ..World::generous() }).await;
    world.configure("slack", |slack| slack.with("limited", &limited.to_string()));
    world
}

/// One of the bot's conversations that has three pages of an app outside of the marketplace.
fn three_pages(data: &Data) -> &Channel {
    let joined = data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader));
    joined.into_iter().find(|channel| channel.top.len().div_ceil(15) == 3).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_gives_an_app_outside_of_its_marketplace_one_small_page_in_a_minute() {
    for limited in [true, false] {
        let world = slack_world(RateLimits::Unlisted, 1, limited).await;
        let channel = three_pages(&world.demo.slack.data);
        let sql = format!("SELECT ts_id FROM slack.messages WHERE channel_id = '{}' ORDER BY ts DESC", channel.id);
        let others = async {
            // By now the first page is there and the second refused.
            tokio::time::sleep(Duration::from_millis(400)).await;
            run(&world.engine, "SELECT id FROM slack.users").await
        };
        let (answer, others) = tokio::join!(run(&world.engine, &sql), others);
        let newest_first: Vec<String> = channel.history().rev().map(|message| message.ts.to_string()).collect();
        assert_eq!(first_column(answer.rows()), newest_first);
        let (history, users): (Vec<Seen>, Vec<Seen>) =
            world.take_slack().into_iter().partition(|seen| seen.target.contains("conversations.history"));
        assert_eq!(refused(&answer, &history, 429, 3), 2);
        waited(&answer, Duration::from_millis(1_500));
        let size = if limited { "limit=15" } else { "limit=999" };
        assert!(history.iter().all(|seen| seen.target.contains(size)), "{history:?}");
        // What closes one method leaves the others open.
        assert_eq!(users.len(), 1);
        assert!(others.len() > 0 && others.run.stats.throttled().is_zero());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn slacks_tiers_hold_up_what_asks_too_often() {
    for limited in [true, false] {
        let world = slack_world(RateLimits::Tiers, 2, limited).await;
        let data = &world.demo.slack.data;
        let (mut replies, mut pages, mut history) = (0, 0, 0);
        for channel in data.channels.iter().filter(|channel| channel.members.contains(&data.bot_reader)) {
            let size = if limited { 15 } else { 999 };
            history += channel.history().count().div_ceil(size).max(1);
            let threads = channel.threads.values().map(Vec::len);
            // Later pages begin with the thread's first message, too.
            pages += threads.clone().map(|replies| replies.div_ceil(size - 1)).sum::<usize>();
            replies += threads.sum::<usize>();
        }
        assert!(pages > 50 && history < 50, "{pages} pages of replies, {history} of history");
        let answer = run(&world.engine, "SELECT ts_id FROM slack.replies").await;
        assert_eq!(answer.len(), replies);
        let refused = refused(&answer, &world.take_slack(), 429, pages + history + 1);
        assert!((1..=pages / 50).contains(&refused), "{refused} refusals of {pages} pages");
        waited(&answer, Duration::from_secs(1));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn linear_refuses_with_a_400_whoever_asks_for_too_much() {
    for retry_after in [true, false] {
        for (requests_per_hour, complexity_per_hour) in [(1, 1_000_000), (1_000, 500)] {
            let limits =
                linear::Options { requests_per_hour, complexity_per_hour, rate_window: 2, retry_after, ..linear::Options::default() };
            let world = World::start(demo::Options { linear: limits, ..World::generous() }).await;
            let mut wanted: Vec<String> = world.demo.linear.data.issues.iter().map(|issue| issue.identifier.clone()).collect();
            let pages = wanted.len().div_ceil(250);
            assert!(pages > 1);
            let answer = run(&world.engine, "SELECT identifier FROM linear.issues").await;
            let mut rows = first_column(answer.rows());
            rows.sort();
            wanted.sort();
            assert_eq!(rows, wanted);
            let refused = refused(&answer, &world.take_linear(), 400, pages);
            // Every page but the first is one too many, and the wait that is asked for is enough.
            assert_eq!(refused, pages - 1, "Retry-After: {retry_after}");
            waited(&answer, Duration::from_secs(1));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn githubs_window_is_spent_to_its_end_and_waited_for() {
    for spent_status in [403, 429] {
        let others = |rate_limit, rate_window| github::Options { rate_limit, rate_window, spent_status, ..github::Options::default() };
        // The first call opens the window, so that it ends in the middle of the list.
        let world = World::start(demo::Options { github: others(2, 2), ..World::generous() }).await;
        let (name, repository) = world.largest_repository();
        let pages = repository.issues.len().div_ceil(100);
        assert!((3..=4).contains(&pages));
        let sql = format!("SELECT number FROM github.issues WHERE repository = '{name}'");
        let wanted = repository.issues.iter().filter(|issue| issue.pull.is_none()).count();
        let answer = run(&world.engine, &sql).await;
        assert_eq!(answer.len(), wanted);
        assert_eq!(refused(&answer, &world.take_github(), spent_status, pages), 0, "what is left was told");
        waited(&answer, Duration::from_secs(1));

        // Somebody else with the same account has spent it.
        let world = World::start(demo::Options { github: others(i64::try_from(pages).unwrap(), 3), ..World::generous() }).await;
        let other = world.another();
        let login = &world.demo.github.data.users[0].login;
        for _ in 0..pages {
            run(&other, &format!("SELECT id FROM github.users WHERE login = '{login}'")).await;
        }
        assert_eq!(world.take_github().len(), pages);
        let answer = run(&world.engine, &sql).await;
        assert_eq!(answer.len(), wanted);
        assert_eq!(refused(&answer, &world.take_github(), spent_status, pages), 1, "the reset says how long");
        waited(&answer, Duration::from_secs(1));
    }
}

/// How far the clock of Jira's emulator is ahead, in milliseconds.
static AHEAD: AtomicI64 = AtomicI64::new(0);

fn ahead() -> DateTime<Utc> {
    Utc::now() + TimeDelta::milliseconds(AHEAD.load(Relaxed))
}

#[tokio::test(flavor = "multi_thread")]
async fn jiras_window_is_spent_to_its_end_and_waited_for() {
    const SQL: &str = "SELECT id, summary FROM jira.issues WHERE created >= '2000-01-01'";
    let world = async |calls: usize, window, retry_after| {
        let burst = Burst { calls: u32::try_from(calls).unwrap(), window, retry_after, api_now: ahead };
        World::start(demo::Options { jira: jira::Options { burst: Some(burst), ..jira::Options::default() }, ..World::generous() }).await
    };
    let plain = World::unrecorded().await;
    let wanted = truth::jira_issues(&plain.demo.jira.data).len();
    let pages = wanted.div_ceil(100);
    assert!(pages > 1);
    let mut worlds = Vec::new();
    for window in [Window::Seconds(8), Window::Minute] {
        for retry_after in [true, false] {
            for spent in [false, true] {
                // A window too small for all pages, or one that somebody else has spent.
                worlds.push((world(pages - usize::from(!spent), window, retry_after).await, spent));
            }
        }
    }
    // Eight seconds before the end of a minute: enough for what spends the window, on a busy machine, too.
    AHEAD.store(52_000 - Utc::now().timestamp_millis() % 60_000, Relaxed);
    join_all(worlds.iter().map(async |(world, spent)| {
        if *spent {
            let other = world.another();
            for _ in 0..pages {
                run(&other, &format!("{SQL} LIMIT 1")).await;
            }
            world.take_jira();
        }
        let answer = run(&world.engine, SQL).await;
        assert_eq!(answer.len(), wanted);
        // The first refusal names the time, the window's end where there is no other.
        assert_eq!(refused(&answer, &world.take_jira(), 429, pages), usize::from(*spent));
        waited(&answer, Duration::from_secs(1));
    }))
    .await;
}

/// Lists that do not end, one row on a page, at the vendors' own hosts. Notes when it was asked for what.
#[derive(Debug, Default)]
struct Endless(Mutex<Vec<(String, Instant)>>);

#[async_trait]
impl HttpService for Endless {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let path = request.uri().path().to_owned();
        let mut calls = self.0.lock();
        let number = calls.len();
        let mut page = json!({
            "ok": true, "has_more": true, "response_metadata": {"next_cursor": number.to_string()},
            "nextPageToken": number.to_string(), "paging": {"page": number, "pages": 1_000_000, "total": 1_000_000},
        });
        let id = json!({
            "id": number.to_string(), "ts": format!("{}.000000", 1_700_000_000 - number),
            "fields": {"created": "2026-01-01T00:00:00.000+0000"},
        });
        for rows in ["channels", "members", "files", "messages", "issues"] {
            page[rows] = json!([id]);
        }
        if path.ends_with("conversations.members") {
            page["members"] = json!([number.to_string()]);
        }
        calls.push((path, Instant::now()));
        Ok(http::Response::new(page.to_string().into()))
    }
}

#[tokio::test(start_paused = true)]
async fn the_rates_that_a_host_published_are_kept_before_it_refuses() {
    for (limited, sql, requests, seconds) in [
        ("false", "SELECT id FROM slack.channels", 20_u32, 60),
        ("false", "SELECT id FROM slack.files", 50, 60),
        ("false", "SELECT ts_id FROM slack.messages WHERE channel_id = 'C1'", 50, 60),
        ("true", "SELECT ts_id FROM slack.messages WHERE channel_id = 'C1'", 1, 60),
        ("false", "SELECT user_id FROM slack.channel_members WHERE channel_id = 'C1'", 100, 60),
        ("false", "SELECT id FROM jira.issues WHERE created >= '2000-01-01'", 100, 1),
    ] {
        let host = Arc::<Endless>::default();
        let service: Arc<dyn HttpService> = Arc::<Endless>::clone(&host);
        let slack = SourceConfig::of("slack").with("token", "t0ken").with("limited", limited);
        let jira = SourceConfig::of("jira").with("site", "https://acme.atlassian.net").with("email", "a@b.example").with("token", "t0ken");
        let engine = Engine::builder().source("slack", slack).source("jira", jira).service(service).build().unwrap();
        let step = Duration::from_secs(seconds) / requests;
        let requests = usize::try_from(requests).unwrap();
        let rows = requests + 2;
        assert_eq!(run(&engine, &format!("{sql} LIMIT {rows}")).await.len(), rows, "{sql}");
        let times: Vec<Instant> = host.0.lock().iter().map(|(_, at)| *at).collect();
        // All of a window at once, and then one whenever one has come back.
        let since = |call: usize| times[call] - times[0];
        let little = Duration::from_millis(2);
        assert!(since(requests - 1) < little, "{sql}: {:?}", since(requests - 1));
        assert!(since(requests) + little >= step && since(requests + 1) + little >= step * 2, "{sql}: {:?}", since(requests + 1));
        // Each method has a minute of its own.
        let began = Instant::now();
        run(&engine, "SELECT id FROM slack.users LIMIT 1").await;
        assert!(began.elapsed() < little, "{sql}: {:?}", began.elapsed());
    }
}
