//! Lists that lead to a table's rows are kept for a while: fewer calls, the same rows.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use sqluice::Engine;
use sqluice::engine::{Config, SourceConfig};

use crate::common::{Answer, World, error, run};
use crate::towns::{Towns, engine};

fn town(towns: &Arc<Towns>, more: &str) -> Engine {
    engine(towns, more, [("town", SourceConfig::default())])
}

fn counts(answer: &Answer) -> (u64, u64) {
    let stats = &answer.run.stats;
    (stats.requests.load(std::sync::atomic::Ordering::Relaxed), stats.cached.load(std::sync::atomic::Ordering::Relaxed))
}

const ORDERS: &str = "SELECT count(*) FROM town.orders";

#[tokio::test(start_paused = true)]
async fn parents_are_listed_again_when_they_are_too_old() {
    let towns = Towns::with("town.example", 3);
    let engine = town(&towns, "");
    let first = run(&engine, ORDERS).await;
    assert_eq!((first.count(), counts(&first)), (3, (5, 0)));
    assert_eq!(towns.lists(), [200, 200]);
    towns.add("new");
    let logged = engine.requests().last();
    let second = run(&engine, ORDERS).await;
    assert_eq!((second.count(), counts(&second)), (3, (3, 2)), "two pages of shops were there");
    assert_eq!((towns.lists(), engine.requests().last() - logged), (vec![], 3), "a log of calls has calls");
    tokio::time::advance(Duration::from_mins(5)).await;
    let third = run(&engine, ORDERS).await;
    assert_eq!((third.count(), counts(&third)), (4, (6, 0)));
    // The table that is asked for is never kept.
    for _ in 0..2 {
        towns.take();
        assert_eq!(run(&engine, "SELECT count(*) FROM town.shops").await.count(), 4);
        assert_eq!(towns.lists(), [200, 200]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_and_the_configuration_say_how_long() {
    let towns = Towns::with("town.example", 1);
    let engine = engine(&towns, "", [("town", SourceConfig { cache_ttl: Some("10s".to_owned()), ..SourceConfig::default() })]);
    let asked = async || {
        towns.take();
        run(&engine, ORDERS).await;
        towns.lists().len()
    };
    assert_eq!([asked().await, asked().await], [1, 0]);
    tokio::time::advance(Duration::from_secs(11)).await;
    run(&engine, "SET sqluice.cache_ttl = '1m'").await;
    assert_eq!(asked().await, 0, "not older than a minute");
    run(&engine, "SET sqluice.cache_ttl = 0").await;
    assert_eq!([asked().await, asked().await], [1, 1]);
    run(&engine, "SET sqluice.cache_ttl = 'default'").await;
    assert_eq!([asked().await, asked().await], [1, 0]);
    run(&engine, "refresh source town").await;
    assert_eq!([asked().await, asked().await], [1, 0]);
    let error = engine.sql("REFRESH SOURCE city").await.unwrap_err().to_string();
    assert!(error.contains("no source `city`") && error.contains("town"), "{error}");
    let error = engine.sql("SET sqluice.cache_ttl = 'soon'").await.unwrap_err().to_string();
    assert!(error.contains("sqluice.cache_ttl: `soon` is not a time; write 500ms, 1s, 1m or 1h"), "{error}");
    let config = Config::parse("[sources.github]\ncache_ttl = \"soon\"\n", "c").unwrap();
    let error = Engine::builder().config(config).build().unwrap_err().to_string();
    assert!(error.contains("[sources.github]: cache_ttl: `soon`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn all_scans_of_a_query_share_one_list_of_parents() {
    let towns = Towns::with("town.example", 5);
    let engine = town(&towns, "");
    let both = "SELECT id FROM town.orders UNION ALL SELECT id FROM town.visits WHERE parent_name <> 'shop 2'";
    let answer = run(&engine, both).await;
    assert_eq!((answer.len(), counts(&answer)), (9, (3 + 9, 3)));
    assert_eq!(towns.lists(), [200; 3]);
    // With nothing kept, nothing is shared.
    run(&engine, "SET sqluice.cache_ttl = '0'").await;
    let answer = run(&engine, both).await;
    assert_eq!((answer.len(), counts(&answer)), (9, (6 + 9, 0)));
    // A query that wants its scans in turn does not wait for itself.
    run(&engine, "SET sqluice.cache_ttl = 'default'").await;
    run(&engine, "REFRESH SOURCE town").await;
    let merged = "SELECT o.id FROM (SELECT id FROM town.orders ORDER BY id LIMIT 3) o JOIN town.visits v ON v.id = o.id * 10 LIMIT 1";
    assert_eq!(run(&engine, merged).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_was_cut_short_is_not_kept() {
    let towns = Towns::with("town.example", 12);
    let engine = town(&towns, "");
    assert_eq!(run(&engine, "SELECT id FROM town.orders LIMIT 1").await.len(), 1);
    let read = towns.lists().len();
    assert!((1..6).contains(&read), "{read} of 6 pages");
    let whole = run(&engine, ORDERS).await;
    assert_eq!((whole.count(), towns.lists().len()), (12, 6));
    // Dropped by its reader.
    run(&engine, "REFRESH SOURCE town").await;
    let mut rows = engine.sql("SELECT id FROM town.orders").await.unwrap().stream().unwrap();
    rows.next().await.unwrap().unwrap();
    drop(rows);
    towns.take();
    assert_eq!((run(&engine, ORDERS).await.count(), towns.lists().len()), (12, 6));
    // Refused in the middle.
    run(&engine, "REFRESH SOURCE town").await;
    *towns.refused.lock() = Some("/shops?size=2&page=4".to_owned());
    error(&engine, ORDERS).await;
    *towns.refused.lock() = None;
    towns.take();
    assert_eq!((run(&engine, ORDERS).await.count(), towns.lists().len()), (12, 6));
}

#[tokio::test(start_paused = true)]
async fn many_parents_are_listed_each_time_and_their_own_parents_are_not() {
    let towns = Towns::with("town.example", 3);
    let engine = town(&towns, "");
    let lines = "SELECT count(*) FROM town.lines";
    assert_eq!(counts(&run(&engine, lines).await), (2 + 3 + 3, 0));
    assert_eq!(counts(&run(&engine, lines).await), (3 + 3, 2));
}

#[tokio::test(start_paused = true)]
async fn that_there_is_no_such_parent_is_asked_for_now() {
    let towns = Towns::with("town.example", 2);
    let engine = town(&towns, "");
    run(&engine, ORDERS).await;
    towns.add("new");
    towns.take();
    let named = run(&engine, "SELECT id FROM town.orders WHERE parent_name = 'new'").await;
    assert_eq!((named.rows(), towns.lists().len()), (vec![vec!["30".to_owned()]], 2));
    assert_eq!((run(&engine, ORDERS).await.count(), towns.lists()), (3, vec![]), "the new list is the one that is kept");
}

#[tokio::test(start_paused = true)]
async fn an_old_list_is_revalidated_by_its_tags() {
    let towns = Towns::with("town.example", 3);
    let engine = town(&towns, "conditional: etag\n");
    let later = async || {
        tokio::time::advance(Duration::from_mins(6)).await;
        towns.take();
        let count = run(&engine, ORDERS).await.count();
        (count, towns.lists())
    };
    run(&engine, ORDERS).await;
    assert_eq!(later().await, (3, vec![304, 304]));
    assert_eq!(run(&engine, ORDERS).await.count(), 3);
    assert!(towns.lists().is_empty(), "as good as new");
    assert_eq!(later().await, (3, vec![304, 304]));
    // The last page changes.
    towns.add("new");
    assert_eq!(later().await, (4, vec![304, 200]));
    // It is full: that it does not change when a page follows it must not hide that page.
    towns.add("newer");
    assert_eq!(later().await, (5, vec![304, 200, 200]));
    assert_eq!(later().await, (5, vec![304, 304, 304]));
}

#[tokio::test(start_paused = true)]
async fn explain_tells_how_old_the_kept_lists_are_without_a_call() {
    let towns = Towns::with("town.example", 3);
    let engine = town(&towns, "conditional: etag\n");
    let explain = async |engine: &Engine, sql: &str| {
        towns.take();
        let rows = run(engine, &format!("EXPLAIN {sql}")).await.rows();
        assert!(towns.take().is_empty());
        rows.iter().map(|row| row[1].clone()).collect::<String>()
    };
    assert!(!explain(&engine, ORDERS).await.contains("cached="));
    let analyzed = run(&engine, "EXPLAIN ANALYZE SELECT id FROM town.orders").await.rows();
    assert!(!analyzed[0][1].contains("cached="), "it was not when the query began: {}", analyzed[0][1]);
    tokio::time::advance(Duration::from_secs(12)).await;
    for sql in [ORDERS, "SELECT id FROM town.visits", "SELECT id FROM town.lines"] {
        let text = explain(&engine, sql).await;
        assert!(text.contains(" cached=[town.shops 12s ago]"), "{text}");
    }
    assert!(!explain(&engine, "SELECT id FROM town.shops").await.contains("cached="));
    tokio::time::advance(Duration::from_mins(6)).await;
    let text = explain(&engine, ORDERS).await;
    assert!(text.contains(" cached=[town.shops 6m ago, to be revalidated]"), "{text}");
    run(&engine, "SET sqluice.cache_ttl = '0'").await;
    assert!(!explain(&engine, ORDERS).await.contains("cached="));
    let other = town(&towns, "");
    run(&other, ORDERS).await;
    tokio::time::advance(Duration::from_mins(6)).await;
    assert!(!explain(&other, ORDERS).await.contains("cached="), "what will be listed anew is not kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_304_of_github_is_free() {
    let world = World::unrecorded().await;
    let mut config = world.demo.config();
    config.sources.get_mut("github").unwrap().cache_ttl = Some("1ms".to_owned());
    let engine = Engine::builder().config(config).build().unwrap();
    let user = format!("SELECT id FROM github.users WHERE login = '{}'", world.demo.github.data.users[0].login);
    let left = async || run(&engine, &user).await.run.stats.quotas()["github"];
    let sql = "SELECT id FROM github.labels ORDER BY id";
    let first = run(&engine, sql).await;
    tokio::time::sleep(Duration::from_millis(5)).await;
    let before = left().await;
    world.take_github();
    let second = run(&engine, sql).await;
    let seen = world.take_github();
    let free = seen.iter().filter(|seen| seen.status == 304).count();
    assert!(free > 0 && seen.iter().all(|seen| (seen.status == 304) == seen.target.contains("/repos?")), "{seen:?}");
    assert_eq!(usize::try_from(before - left().await).unwrap(), seen.len() - free + 1);
    assert!(first.len() > 0);
    assert_eq!(first.rows(), second.rows());
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_the_same_with_and_without() {
    let world = World::unrecorded().await;
    let engine = Engine::builder().config(world.demo.config()).build().unwrap();
    let (name, _) = world.largest_repository();
    let mut kept = 0;
    for sql in [
        "SELECT * FROM github.labels",
        "SELECT repository, number, title FROM github.issues WHERE state = 'open' AND labels IS NOT NULL",
        &format!("SELECT path, size FROM github.files WHERE repository = '{name}'"),
        "SELECT repository, count(*) FROM github.pull_request_reviews GROUP BY repository",
        "SELECT w.name, r.id FROM github.workflow_runs r JOIN github.releases w ON w.repository = r.repository",
        "SELECT * FROM jira.sprints",
        "SELECT key FROM jira.issues",
        "SELECT v.name, c.name FROM jira.versions v JOIN jira.components c ON c.project_id = v.project_id",
        "SELECT issue_id, count(*) FROM jira.issue_comments WHERE created > '2026-10-01' GROUP BY issue_id",
        "SELECT channel_id, ts FROM slack.messages WHERE channel_name = 'general'",
        "SELECT channel_id, count(*) FROM slack.pins GROUP BY channel_id",
    ] {
        let sorted = |answer: &Answer| {
            let mut rows = answer.rows();
            rows.sort();
            rows
        };
        let wanted = sorted(&world.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}")));
        for _ in 0..2 {
            let answer = run(&engine, sql).await;
            assert_eq!(sorted(&answer), wanted, "{sql}");
            kept += counts(&answer).1;
        }
    }
    assert!(kept >= 11, "{kept} answers were kept");
}
