//! What the tests share: a workspace with a fixed clock, an engine on it, and shorthands to run SQL.

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};

use chrono::{DateTime, TimeZone, Utc};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::common::DataFusionError;
use futures::TryStreamExt;
use sqluice::Engine;
use sqluice::demo::company::Scale;
use sqluice::demo::server::Seen;
use sqluice::demo::{self, Workspace, github, linear, slack};
use sqluice::engine::{Config, Run, SourceConfig, Sql};

/// The clock of the tests: three weeks after a change from summer time, so that its rows are recent.
pub(crate) fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 16, 12, 0, 0).unwrap()
}

/// A workspace and an engine on it.
pub(crate) struct World {
    pub(crate) demo: Workspace,
    pub(crate) engine: Engine,
    off: OnceLock<Engine>,
}

/// The configuration that enters a workspace. No list is kept, so that every query makes all its calls.
pub(crate) fn config(demo: &Workspace) -> Config {
    let mut config = demo.config();
    for source in config.sources.values_mut() {
        source.cache_ttl = Some("0".to_owned());
    }
    config
}

/// What a statement gave.
pub(crate) struct Answer {
    pub(crate) batches: Vec<RecordBatch>,
    pub(crate) run: Arc<Run>,
}

/// Runs a statement, with the values that were bound to it.
pub(crate) async fn answer(statement: Sql<'_>) -> Result<Answer, DataFusionError> {
    let query = statement.await?;
    let run = Arc::clone(query.run());
    Ok(Answer { batches: query.stream()?.try_collect().await?, run })
}

/// Runs SQL that works.
pub(crate) async fn run(engine: &Engine, sql: &str) -> Answer {
    answer(engine.sql(sql)).await.unwrap_or_else(|error| panic!("{sql}: {error}"))
}

/// Runs SQL that does not work.
pub(crate) async fn error(engine: &Engine, sql: &str) -> String {
    match answer(engine.sql(sql)).await {
        Ok(answer) => panic!("{sql} gave {} rows instead of an error", answer.len()),
        Err(error) => error.find_root().to_string(),
    }
}

/// The binary, in an empty environment.
pub(crate) fn sqluice() -> Command {
    program(env!("CARGO_BIN_EXE_sqluice"))
}

/// A program with nothing of this process's environment: no source's variables, no configuration.
pub(crate) fn program(name: &str) -> Command {
    let mut command = Command::new(name);
    command.env_clear().env("HOME", "/nonexistent").stdin(Stdio::null());
    command
}

impl World {
    /// The small workspace. With `SQLUICE_RECORD`, what the engine asks is added to that file, to be held against the vendors' contracts.
    pub(crate) async fn small() -> Self {
        let world = Self::unrecorded().await;
        let config = config(&world.demo);
        world.recorded(config)
    }

    /// The same with a user's token for Slack, without which nothing is found there.
    pub(crate) async fn searching() -> Self {
        let world = Self::unrecorded().await;
        let mut config = config(&world.demo);
        let source = config.sources.remove("slack").unwrap().with("token", &slack::Options::default().user_token);
        config.sources.insert("slack".to_owned(), source);
        world.recorded(config)
    }

    fn recorded(mut self, config: Config) -> Self {
        let builder = Engine::builder().config(config);
        self.engine = match std::env::var_os("SQLUICE_RECORD") {
            Some(file) => builder.record(file).build(),
            None => builder.build(),
        }
        .unwrap();
        self
    }

    /// The small workspace, for tests that make it answer what no vendor would, or ask it a great many times.
    pub(crate) async fn unrecorded() -> Self {
        Self::with(Scale::Small, demo::Options::default()).await
    }

    /// A workspace whose servers behave otherwise; their limits are out of reach.
    pub(crate) async fn with(scale: Scale, options: demo::Options) -> Self {
        let generous = Self::generous();
        let github = github::Options { rate_limit: generous.github.rate_limit, ..options.github };
        let (requests_per_hour, complexity_per_hour) = (generous.linear.requests_per_hour, generous.linear.complexity_per_hour);
        let linear = linear::Options { requests_per_hour, complexity_per_hour, ..options.linear };
        Self::begin(scale, demo::Options { github, linear, ..options }).await
    }

    /// Emulators whose limits nobody reaches.
    pub(crate) fn generous() -> demo::Options {
        let github = github::Options { rate_limit: 1_000_000, ..github::Options::default() };
        let linear = linear::Options { requests_per_hour: 1_000_000, complexity_per_hour: 1_000_000_000, ..linear::Options::default() };
        demo::Options { github, linear, ..demo::Options::default() }
    }

    /// The small workspace, with emulators that behave so, limits included.
    pub(crate) async fn start(options: demo::Options) -> Self {
        Self::begin(Scale::Small, options).await
    }

    async fn begin(scale: Scale, options: demo::Options) -> Self {
        let demo = Workspace::start_with(scale, now(), options).await.unwrap();
        let engine = Engine::builder().config(config(&demo)).build().unwrap();
        Self { demo, engine, off: OnceLock::new() }
    }

    /// Makes another engine on the same servers, one of whose sources is configured otherwise.
    pub(crate) fn configure(&mut self, source: &str, change: impl FnOnce(SourceConfig) -> SourceConfig) {
        let mut config = config(&self.demo);
        let changed = change(config.sources.remove(source).unwrap());
        config.sources.insert(source.to_owned(), changed);
        self.engine = Engine::builder().config(config).build().unwrap();
    }

    /// Another engine on the same servers, which knows nothing of this one's limits.
    pub(crate) fn another(&self) -> Engine {
        Engine::builder().config(config(&self.demo)).build().unwrap()
    }

    /// An engine on the same servers that asks only for what a table requires.
    pub(crate) async fn off(&self) -> Engine {
        if let Some(engine) = self.off.get() {
            return engine.clone();
        }
        let engine = self.another();
        run(&engine, "SET sqluice.pushdown = false").await;
        self.off.get_or_init(|| engine).clone()
    }

    /// The rows without pushdown.
    pub(crate) async fn off_rows(&self, sql: &str) -> Vec<Vec<String>> {
        run(&self.off().await, sql).await.rows()
    }

    pub(crate) async fn run(&self, sql: &str) -> Result<Answer, DataFusionError> {
        answer(self.engine.sql(sql)).await
    }

    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        run(&self.engine, sql).await.rows()
    }

    /// The first column of the result.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        first_column(self.rows(sql).await)
    }

    pub(crate) async fn error(&self, sql: &str) -> String {
        error(&self.engine, sql).await
    }

    /// The physical plan's scans, one line each.
    pub(crate) async fn scans(&self, sql: &str) -> Vec<String> {
        let plan = self.rows(&format!("EXPLAIN {sql}")).await;
        let physical = plan.iter().find(|row| row[0] == "physical_plan").unwrap();
        physical[1].lines().map(str::trim).filter(|line| line.starts_with("ApiScanExec")).map(str::to_owned).collect()
    }

    /// The repository with the most rows, several pages of them, and its `owner/name`.
    pub(crate) fn largest_repository(&self) -> (String, &github::Repository) {
        let data = &self.demo.github.data;
        let repository = data.repositories.iter().max_by_key(|repository| repository.issues.len()).unwrap();
        assert!(repository.issues.len() > 200);
        (format!("{}/{}", data.owner_login(repository), repository.name), repository)
    }

    /// Forgets what was asked, and says how much it was.
    pub(crate) fn taken(&self) -> usize {
        self.take_github().len() + self.take_jira().len() + self.take_linear().len() + self.take_slack().len()
    }

    pub(crate) fn take_github(&self) -> Vec<Seen> {
        self.demo.github.server.take_requests()
    }

    pub(crate) fn take_slack(&self) -> Vec<Seen> {
        self.demo.slack.server.take_requests()
    }

    pub(crate) fn take_linear(&self) -> Vec<Seen> {
        self.demo.linear.server.take_requests()
    }

    pub(crate) fn take_jira(&self) -> Vec<Seen> {
        self.demo.jira.server.take_requests()
    }
}

impl Answer {
    pub(crate) fn rows(&self) -> Vec<Vec<String>> {
        let options = FormatOptions::new().with_null("∅");
        let mut rows = Vec::new();
        for batch in &self.batches {
            let columns: Vec<ArrayFormatter<'_>> =
                batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options).unwrap()).collect();
            rows.extend((0..batch.num_rows()).map(|row| columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>()));
        }
        rows
    }

    pub(crate) fn requests(&self) -> u64 {
        self.run.stats.requests.load(std::sync::atomic::Ordering::Relaxed)
    }

    pub(crate) fn count(&self) -> i64 {
        self.batches[0].column(0).as_primitive::<datafusion::arrow::datatypes::Int64Type>().value(0)
    }

    pub(crate) fn len(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// Whether every cell of a column is a value.
    pub(crate) fn has_no_null(&self, column: usize) -> bool {
        self.batches.iter().all(|batch| batch.column(column).null_count() == 0)
    }
}

pub(crate) fn first_column(rows: Vec<Vec<String>>) -> Vec<String> {
    rows.into_iter().map(|mut row| row.swap_remove(0)).collect()
}

/// The JQL that a request to Jira's search carried.
pub(crate) fn jql(seen: &Seen) -> String {
    let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap_or_default();
    body["jql"].as_str().unwrap_or_default().to_owned()
}

/// A table that others hang on, in pages of two rows.
pub(crate) const SHOPS: &str = "format: 1
table: shops
description: Shops.
key: [id]
request: {path: /shops}
rows: \".\"
paging: {kind: link, size_param: size, size: 2}
columns:
  - {name: id, type: int64}
  - {name: name, type: string}
";

/// A table whose rows hang on another's.
pub(crate) fn child(table: &str, parent: &str, column: &str, more: &str) -> String {
    format!(
        "format: 1
table: {table}
description: The {table} of {parent}.
key: [id]
parent: {{table: {parent}, bind: {{{column}: id}}{more}}}
request: {{path: \"/{parent}/{{parent.{column}}}/{table}\"}}
rows: \".\"
columns:
  - {{name: id, type: int64}}
  - {{name: {column}, type: int64, from: parent.id}}
  - {{name: parent_name, type: string, from: parent.name}}
"
    )
}
