//! The engine inside another program: values, what a statement may do, bounds, a clock, sources in code, another session.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chrono::{DateTime, TimeZone, Utc};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};
use sqluice::demo::server::{Fault, Seen};
use sqluice::engine::{Run, SourceConfig};
use sqluice::spec::Limits;
use sqluice::{Config, Engine};

use crate::common::{Answer, World, answer, error, run};

/// How many rows another session gave.
fn rows(batches: &[RecordBatch]) -> usize {
    batches.iter().map(RecordBatch::num_rows).sum()
}

fn sent(seen: Vec<Seen>) -> Vec<(String, String, String)> {
    seen.into_iter().map(|seen| (seen.method, seen.target, seen.body)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_reach_the_api_as_literals_do() {
    let world = World::small().await;
    let engine = &world.engine;
    let take = || sent([world.take_jira(), world.take_github()].concat());
    let (repository, _) = world.largest_repository();

    let select = "SELECT key, updated FROM jira.issues WHERE";
    run(engine, &format!("{select} project_key = 'ENG' AND updated >= '2026-06-01T00:00:00Z' ORDER BY updated DESC LIMIT 7")).await;
    let literal = take();
    assert_eq!(literal.len(), 1, "{literal:?}");
    assert!(literal[0].2.contains("1780272000000"), "{literal:?}");

    let numbered = format!("{select} project_key = $1 AND updated >= $2 ORDER BY updated DESC LIMIT $3");
    let bound = answer(engine.sql(&numbered).bind("ENG").bind("2026-06-01T00:00:00Z").bind(7_i64)).await.unwrap();
    assert_eq!(bound.len(), 7);
    assert_eq!(take(), literal);
    let named = format!("{select} project_key = $project AND updated >= $since ORDER BY updated DESC LIMIT 7");
    let since = ScalarValue::TimestampMicrosecond(Some(1_780_272_000_000_000), Some("UTC".into()));
    answer(engine.sql(&named).bind_as("project", "ENG").bind_as("since", since)).await.unwrap();
    assert_eq!(take(), literal);

    run(engine, &format!("PREPARE guessed AS {numbered}")).await;
    run(engine, &format!("PREPARE typed(varchar, timestamp, bigint) AS {numbered}")).await;
    assert!(take().is_empty(), "nothing is asked before there are values");
    for name in ["guessed", "typed"] {
        assert_eq!(run(engine, &format!("EXECUTE {name}('ENG', '2026-06-01T00:00:00Z', 7)")).await.len(), 7);
        assert_eq!(take(), literal, "{name}");
    }
    let plan = run(engine, "EXPLAIN EXECUTE guessed('ENG', '2026-06-01T00:00:00Z', 7)").await;
    let plan = datafusion::arrow::util::pretty::pretty_format_batches(&plan.batches).unwrap().to_string();
    assert!(plan.contains("updated >= 1780272000000") && plan.contains("fetch=7"), "{plan}");
    assert!(take().is_empty());

    // An expression is a value, and now() is one when the statement is executed.
    run(engine, "EXECUTE guessed('E' || 'NG', now() - interval '20 years', 1 + 6)").await;
    assert_eq!(take().len(), 1);

    // A parent's key, and a number.
    run(engine, &format!("SELECT title FROM github.issues WHERE repository = '{repository}' AND number IN (1, 2, 3)")).await;
    let literal = take();
    assert!(!literal.is_empty());
    let sql = "SELECT title FROM github.issues WHERE repository = $1 AND number IN ($2, $3, $4)";
    answer(engine.sql(sql).bind(repository.as_str()).bind(1_i64).bind(2_i64).bind(3_i64)).await.unwrap();
    assert_eq!(take(), literal);
    run(engine, &format!("PREPARE numbers AS {sql}")).await;
    run(engine, &format!("EXECUTE numbers('{repository}', 1, 2, 3)")).await;
    assert_eq!(take(), literal);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_is_missing_or_too_many_is_an_error() {
    let engine = Engine::builder().build().unwrap();
    let message = |result: Result<Answer, DataFusionError>| result.err().unwrap().find_root().to_string();
    let sql = "SELECT $1::bigint + $2::bigint";
    assert!(message(answer(engine.sql(sql).bind(1_i64)).await).contains("$2"));
    assert!(message(answer(engine.sql(sql).bind(1_i64).bind(2_i64).bind(3_i64)).await).contains("$3"));
    assert!(message(answer(engine.sql(sql).bind(1_i64).bind(2_i64).bind_as("since", "x")).await).contains("$since"));
    assert_eq!(answer(engine.sql(sql).bind(1_i64).bind(2_i64)).await.unwrap().count(), 3);

    let prepare = format!("PREPARE add AS {sql}");
    assert!(message(answer(engine.sql(&prepare).bind(1_i64)).await).contains("PREPARE takes no values"));
    run(&engine, &prepare).await;
    assert_eq!(run(&engine, "EXECUTE add(2, 3)").await.count(), 5);
    assert!(error(&engine, "EXECUTE add(2)").await.contains("2 parameters, and 1 values"));
    assert!(error(&engine, "EXECUTE add(2, 3, 4)").await.contains("2 parameters, and 3 values"));
    assert!(error(&engine, &format!("PREPARE add AS {sql}")).await.contains("exists already"));
    assert!(error(&engine, "PREPARE named AS SELECT $x").await.contains("numbers"));
    assert!(error(&engine, "PREPARE a AS EXECUTE add(1, 2)").await.contains("PREPARE takes a query"));
    assert!(error(&engine, "PREPARE a AS EXPLAIN EXECUTE a(1)").await.contains("PREPARE takes a query"));
    run(&engine, "DEALLOCATE add").await;
    assert!(error(&engine, "EXECUTE add(2, 3)").await.contains("no prepared statement add"));
    assert!(error(&engine, "DEALLOCATE add").await.contains("no prepared statement add"));
    run(&engine, &format!("PREPARE add AS {sql}")).await;
    run(&engine, "DEALLOCATE ALL").await;
    assert!(error(&engine, "EXECUTE add(2, 3)").await.contains("no prepared statement add"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_only_engine_reads_and_does_nothing_else() {
    let world = World::small().await;
    let engine = Engine::builder().config(world.demo.config()).read_only().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let written = folder.path().join("written.csv");
    let (to, file) = (written.display(), folder.path().join("secret.csv"));
    std::fs::write(&file, "a,b\n1,2\n").unwrap();
    let (secret, location) = (file.display(), folder.path().display());
    for sql in [
        "CREATE TABLE t AS SELECT 1".to_owned(),
        "CREATE VIEW v AS SELECT key FROM jira.issues".to_owned(),
        "CREATE SCHEMA s".to_owned(),
        "DROP SCHEMA jira CASCADE".to_owned(),
        "DROP VIEW IF EXISTS v".to_owned(),
        "DROP TABLE IF EXISTS t".to_owned(),
        "CREATE FUNCTION f(BIGINT) RETURNS BIGINT RETURN $1".to_owned(),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{secret}'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{location}/'"),
        format!("COPY (SELECT 1) TO '{to}'"),
        format!("COPY jira.projects TO '{to}' STORED AS CSV"),
        format!("EXPLAIN COPY (SELECT 1) TO '{to}'"),
        format!("EXPLAIN ANALYZE COPY (SELECT 1) TO '{to}'"),
        "INSERT INTO jira.issues (key) VALUES ('X-1')".to_owned(),
        "EXPLAIN ANALYZE INSERT INTO jira.issues (key) VALUES ('X-1')".to_owned(),
        "UPDATE jira.issues SET summary = 'x'".to_owned(),
        "DELETE FROM jira.issues WHERE key = 'X-1'".to_owned(),
        "PREPARE p AS DELETE FROM jira.issues WHERE key = $1".to_owned(),
        "PREPARE p AS CREATE VIEW v AS SELECT 1".to_owned(),
        "SET sqluice.max_requests = 1000".to_owned(),
        "RESET sqluice.max_requests".to_owned(),
        format!("SET datafusion.runtime.temp_directory = '{location}'"),
        "SET datafusion.runtime.memory_limit = '100G'".to_owned(),
        "SET datafusion.sql_parser.recursion_limit = 100000".to_owned(),
        "SET datafusion.execution.batch_size = 100000000".to_owned(),
        "START TRANSACTION".to_owned(),
        format!("SELECT * FROM '{secret}'"),
        format!("SELECT count(*) FROM (SELECT a FROM '{secret}')"),
        format!("WITH c AS (SELECT a FROM '{secret}') SELECT * FROM c"),
        format!("SELECT key FROM jira.projects WHERE key IN (SELECT a FROM '{secret}')"),
        format!("SELECT key, (SELECT max(a) FROM '{secret}') FROM jira.projects"),
        format!("SELECT key FROM jira.projects p JOIN '{secret}' s ON s.a = p.key"),
        format!("SELECT key FROM jira.projects UNION SELECT a FROM '{secret}'"),
        format!("EXPLAIN SELECT * FROM '{secret}'"),
        format!("DESCRIBE '{secret}'"),
        format!("PREPARE p AS SELECT * FROM '{secret}'"),
        "SELECT * FROM 's3://bucket/x.parquet'".to_owned(),
    ] {
        let error = error(&engine, &sql).await;
        assert!(error.contains("this engine is read-only"), "{sql}: {error}");
    }
    // Other schemas have no files either, and neither has the session behind the engine.
    for sql in [format!("SELECT * FROM sqluice.\"{secret}\""), format!("SELECT * FROM jira.\"{secret}\"")] {
        error(&engine, &sql).await;
    }
    // PREPARE … AS COPY is no SQL that this parser knows; if it ever is, it must be refused.
    error(&engine, &format!("PREPARE p AS COPY (SELECT 1) TO '{to}'")).await;
    for sql in [
        format!("SELECT * FROM '{secret}'"),
        format!("CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{secret}'"),
        format!("COPY (SELECT 1) TO '{to}'"),
    ] {
        let done = async { engine.context().sql(&sql).await?.collect().await };
        assert!(done.await.is_err(), "{sql}");
    }
    assert!(!written.exists());
    assert_eq!(world.take_jira().len(), 0, "what is refused asks for nothing");

    // What is left.
    assert!(run(&engine, "SELECT key FROM jira.projects").await.len() > 0);
    for sql in [
        "EXPLAIN SELECT key FROM jira.projects",
        "EXPLAIN ANALYZE SELECT key FROM jira.projects",
        "SHOW ALL",
        "DESCRIBE jira.issues",
        "REFRESH SOURCE jira",
        "SELECT * FROM sqluice.columns",
        "SET sqluice.pushdown = false",
        "SET sqluice.pushdown = true",
        "SET TIME ZONE = 'UTC'",
        "SET datafusion.explain.logical_plan_only = true",
        "PREPARE p AS SELECT key FROM jira.projects WHERE key = $1",
        "EXECUTE p('ENG')",
        "DEALLOCATE p",
    ] {
        run(&engine, sql).await;
    }
    let column: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let table = RecordBatch::try_from_iter([("a", column)]).unwrap();
    engine.context().register_batch("mine", table).unwrap();
    assert_eq!(run(&engine, "SELECT sum(a) FROM mine").await.count(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_are_only_read_and_the_session_keeps_tables() {
    let world = World::small().await;
    let engine = &world.engine;
    for sql in [
        "INSERT INTO jira.issues (key) VALUES ('X-1')",
        "INSERT INTO JIRA.Issues (key) SELECT key FROM jira.issues",
        "INSERT INTO sqluice.jira.issues (key) VALUES ('X-1')",
        "UPDATE jira.issues SET summary = 'x' WHERE key = 'X-1'",
        "DELETE FROM jira.issues",
        "TRUNCATE TABLE jira.issues",
        "EXPLAIN ANALYZE DELETE FROM jira.issues",
        "PREPARE p AS DELETE FROM jira.issues",
        "CREATE TABLE jira.copy AS SELECT key FROM jira.issues",
        "CREATE VIEW jira.open AS SELECT key FROM jira.issues",
        "DROP TABLE jira.issues",
        "DELETE FROM sqluice.requests",
    ] {
        let error = error(engine, sql).await;
        assert!(error.contains("sqluice only reads sources"), "{sql}: {error}");
    }
    assert_eq!(world.take_jira().len(), 0);

    run(engine, "CREATE TABLE projects AS SELECT * FROM jira.projects").await;
    let calls = world.take_jira().len();
    assert!(calls > 0);
    let listed = run(engine, "SELECT * FROM jira.projects").await.len();
    world.take_jira();
    assert_eq!(run(engine, "SELECT * FROM projects").await.len(), listed);
    assert_eq!(run(engine, "SELECT * FROM public.projects").await.len(), listed);
    run(engine, "INSERT INTO projects (key) VALUES ('MINE')").await;
    assert_eq!(run(engine, "SELECT count(*) FROM projects").await.count(), i64::try_from(listed).unwrap() + 1);
    assert_eq!(world.take_jira().len(), 0, "a table is kept");

    run(engine, "CREATE VIEW recent AS SELECT key, updated FROM jira.issues WHERE updated >= '2026-06-01'").await;
    assert_eq!(world.take_jira().len(), 0);
    run(engine, "SELECT key FROM recent LIMIT 5").await;
    let seen = world.take_jira();
    assert_eq!(seen.len(), 1);
    assert!(crate::common::jql(&seen[0]).contains("updated >= 1780272000000"), "{seen:?}");
    run(engine, "DROP VIEW recent").await;
    run(engine, "DROP TABLE projects").await;
    assert!(error(engine, "SELECT * FROM projects").await.contains("not found"));
}

#[tokio::test(flavor = "multi_thread")]
async fn now_is_what_the_clock_says() {
    let world = World::small().await;
    let noon = || Utc.with_ymd_and_hms(2026, 6, 1, 12, 0, 0).unwrap();
    let engine = Engine::builder().config(world.demo.config()).clock(noon).build().unwrap();
    let time = |answer: Answer| answer.rows()[0][0].clone();
    assert_eq!(time(run(&engine, "SELECT now()").await), "2026-06-01T12:00:00");
    assert_eq!(time(run(&engine, "SELECT current_date").await), "2026-06-01");
    run(&engine, "CREATE TABLE kept AS SELECT now()").await;
    assert_eq!(time(run(&engine, "SELECT * FROM kept").await), "2026-06-01T12:00:00");
    run(&engine, "PREPARE p AS SELECT now() - $1::interval").await;
    assert_eq!(time(run(&engine, "EXECUTE p('1 hour')").await), "2026-06-01T11:00:00");
    run(&engine, "CREATE VIEW today AS SELECT key FROM jira.issues WHERE updated >= date_trunc('day', now())").await;
    let day = "updated >= 1780272000000";
    for sql in ["SELECT key FROM today", "SELECT key FROM jira.issues WHERE updated >= now() - interval '12 hours'"] {
        run(&engine, sql).await;
        let seen = world.take_jira();
        assert!(crate::common::jql(&seen[0]).contains(day), "{sql}: {seen:?}");
    }

    // Once for each statement, however often it asks.
    let ticks = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let clock = move || DateTime::from_timestamp(ticks.fetch_add(1, Relaxed), 0).unwrap();
    let engine = Engine::builder().clock(clock).build().unwrap();
    for tick in 0..3 {
        let rows = run(&engine, "SELECT extract(epoch FROM now())::bigint, now() = now()").await.rows();
        assert_eq!(rows, [[tick.to_string(), "true".to_owned()]]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_has_a_bound_and_the_disk_takes_what_is_over() {
    let sql = "SELECT repeat('x', 200) || value AS text FROM generate_series(1, 400000) ORDER BY text DESC";
    let limited = || Engine::builder().memory_limit(48 << 20);
    let folder = tempfile::tempdir().unwrap();
    let engine = limited().spill_to(folder.path()).build().unwrap();
    assert_eq!(run(&engine, sql).await.len(), 400_000);
    let error = error(&limited().no_spilling().build().unwrap(), sql).await;
    assert!(error.contains("Resources exhausted") || error.contains("memory"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_hold_for_all_sources_and_a_sources_own_come_first() {
    let world = World::unrecorded().await;
    world.demo.jira.server.faults().add("/rest", 0, 1_000, Fault::Answer { status: 500, headers: Vec::new(), body: String::new() });
    let config = |retries: Option<usize>| {
        let mut config = world.demo.config();
        let limits = retries.map(|retries| Limits { max_retries: Some(retries), ..Limits::default() });
        config.sources.get_mut("jira").unwrap().limits = limits;
        config
    };
    let none = Limits { max_retries: Some(0), ..Limits::default() };
    for (own, calls) in [(None, 1), (Some(1), 2)] {
        let engine = Engine::builder().config(config(own)).limits(none.clone()).build().unwrap();
        error(&engine, "SELECT key FROM jira.issues WHERE key = 'ENG-1'").await;
        assert_eq!(world.take_jira().len(), calls);
    }
    let engine = Engine::builder().config(world.demo.config()).max_requests(2).build().unwrap();
    let error = error(&engine, "SELECT key FROM jira.issues WHERE key = 'ENG-1'").await;
    assert!(error.contains("max_requests") || error.contains("budget"), "{error}");
    assert_eq!(world.take_jira().len(), 2);
}

const SOURCE: &str = "format: 1\nsource: own\nbase_url: \"{input.url}\"\ninputs: {url: {type: url, required: true}}\n";
const SHOPS: &str = "format: 1
table: shops
description: Shops.
key: [id]
request: {path: /user/repos}
rows: \".\"
columns:
  - {name: id, type: int64}
";

#[tokio::test(flavor = "multi_thread")]
async fn sources_and_tables_can_be_said_in_code() {
    let world = World::small().await;
    let url = world.demo.github.server.url();
    let token = sqluice::demo::github::Options::default().token;
    let more = SHOPS.replace("shops", "mine");
    let engine = Engine::builder()
        .table_files([("own/source.yaml", SOURCE), ("own/shops.yaml", SHOPS), ("github/mine.yaml", more.as_str())])
        .source("two", SourceConfig::of("own").with("url", &url))
        .source("github", SourceConfig::of("github").with("base_url", &url).with("token", &token))
        .config(Config::default())
        .build()
        .unwrap();
    // A declared source carries no credential that its file does not name.
    assert!(error(&engine, "SELECT id FROM two.shops").await.contains("two"));
    assert_eq!(world.take_github().len(), 1);
    assert!(run(&engine, "SELECT id FROM github.mine").await.len() > 0);
    run(&engine, "SELECT id FROM github.repositories LIMIT 1").await;

    let broken = Engine::builder().table_files([("own/source.yaml", SOURCE), ("own/shops.yaml", "format: 1\ntabel: x\n")]).build();
    let message = broken.unwrap_err().find_root().to_string();
    assert!(message.contains("own/shops.yaml:2") && message.contains("table"), "{message}");
    let lonely = Engine::builder().table_files([("shops.yaml", SHOPS)]).build().unwrap_err().find_root().to_string();
    assert!(lonely.contains("source.yaml"), "{lonely}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_is_a_dataframe_too() {
    let world = World::small().await;
    let query =
        world.engine.sql("SELECT key, updated FROM jira.issues WHERE project_key = 'ENG' AND updated >= '2020-01-01'").await.unwrap();
    let run = Arc::clone(query.run());
    let frame = query.dataframe().limit(0, Some(3)).unwrap();
    assert_eq!(rows(&frame.collect().await.unwrap()), 3);
    assert_eq!(run.stats.requests.load(Relaxed), 1);
    assert_eq!(world.take_jira().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_work_in_a_session_of_ones_own() {
    let world = World::small().await;
    let (name, _) = world.largest_repository();
    let sql = format!("SELECT id FROM github.issues WHERE repository = '{name}' AND length(title) > 0 LIMIT 3");
    let read = async |context: &SessionContext| {
        let run = Arc::new(Run::default());
        context.state_ref().write().config_mut().set_extension(Arc::clone(&run));
        let batches = context.sql(&sql).await.unwrap().collect().await.unwrap();
        assert_eq!(rows(&batches), 3);
        (run.stats.warnings(), run.stats.requests.load(Relaxed))
    };
    // More than one partition, or there is nothing to read ahead into.
    let builder = || SessionStateBuilder::new().with_config(SessionConfig::new().with_target_partitions(4)).with_default_features();

    let context = SessionContext::new_with_state(sqluice::configure(builder()).build());
    world.engine.register_into(&context).unwrap();
    assert_eq!(read(&context).await, (Vec::new(), 1));
    let json = context.sql("SELECT '{\"a\": {\"b\": 7}}'->'a'->>'b'").await.unwrap().collect().await.unwrap();
    assert_eq!(datafusion::arrow::util::display::array_value_to_string(json[0].column(0), 0).unwrap(), "7");
    context.sql("SET sqluice.pushdown = false").await.unwrap();
    assert!(rows(&context.sql("SELECT * FROM sqluice.requests").await.unwrap().collect().await.unwrap()) > 0);
    let again = world.engine.register_into(&context).unwrap_err().to_string();
    assert!(again.contains("already"), "{again}");

    let context = SessionContext::new_with_state(builder().build());
    world.engine.register_into(&context).unwrap();
    let (warnings, _) = read(&context).await;
    assert!(warnings.iter().any(|warning| warning.contains("sqluice::configure")), "{warnings:?}");
}
