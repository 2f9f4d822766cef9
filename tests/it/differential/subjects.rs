//! The tables under test: their truths, their servers, and what conditions on them are made of.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use chrono::Duration;
use datafusion::arrow::datatypes::Schema;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use parking_lot::Mutex;
use sqluice::Engine;
use sqluice::demo::company::Scale;
use sqluice::demo::{self, jira, linear};
use sqluice::http::{HttpService, ReqwestService, TransportError, TransportOptions};
use sqluice::spec::TableSpec;

use super::coverage::declared;
use crate::common::{self, World};
use crate::random_sql::{Condition, Generator};
use crate::truth::{self, Row};

/// The tables that have a truth.
pub(super) const TABLES: [&str; 6] = ["jira.issues", "github.issues", "linear.issues", "linear.projects", "slack.messages", "slack.files"];

/// One table under test, on one or more servers that differ in what the vendor leaves open.
pub(super) struct Subject {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) servers: Vec<World>,
    pub(super) truth: SessionContext,
    pub(super) rows: Vec<Row>,
    /// Columns that conditions test: the more operators are declared, the more often, and what they should test besides.
    columns: Vec<String>,
    steps: Vec<Duration>,
    /// A condition that is added to half of the queries.
    often: Option<String>,
    schema: Arc<Schema>,
}

/// What there is to say of a table beside what its file says.
struct Traits {
    table: &'static str,
    key: &'static str,
    /// Columns without a filter and those to be tested more often, and how much more.
    more: &'static [(&'static str, usize)],
    /// What lies beside a stored time.
    steps: [Duration; 3],
}

impl Subject {
    pub(super) async fn of(table: &str) -> Self {
        match table {
            "jira.issues" => Self::jira().await,
            "github.issues" => Self::github().await,
            "linear.issues" => Self::linear().await,
            "linear.projects" => Self::projects().await,
            "slack.messages" => Self::slack().await,
            "slack.files" => Self::files().await,
            other => panic!("{other} has no truth"),
        }
    }

    pub(super) async fn jira() -> Self {
        Self::jira_on(jira_worlds().await).await
    }

    pub(super) async fn jira_on(worlds: Vec<World>) -> Self {
        let traits = Traits {
            table: "jira.issues",
            key: "id",
            more: &[
                ("updated", 3),
                ("created", 2),
                ("status_id", 1),
                ("project_id", 1),
                ("labels", 1),
                ("key", 1),
                ("id", 1),
                ("summary", 1),
            ],
            steps: [Duration::milliseconds(1), Duration::seconds(1), Duration::minutes(1)],
        };
        let rows = truth::jira_issues(&worlds[0].demo.jira.data);
        Self::new(traits, None, worlds, rows).await
    }

    pub(super) async fn github() -> Self {
        let world = World::unrecorded().await;
        let (name, _) = world.largest_repository();
        let traits = Traits {
            table: "github.issues",
            key: "id",
            more: &[("updated_at", 1), ("state", 2), ("labels", 1), ("repository", 2), ("number", 1), ("title", 1)],
            steps: [Duration::seconds(1), Duration::milliseconds(1), Duration::minutes(1)],
        };
        let rows = truth::github_issues(&world.demo.github.data);
        Self::new(traits, Some(format!("repository = '{name}'")), vec![world], rows).await
    }

    pub(super) async fn linear() -> Self {
        let traits = Traits {
            table: "linear.issues",
            key: "id",
            more: &[
                ("updated_at", 2),
                ("created_at", 1),
                ("state_type", 1),
                ("team_key", 1),
                ("assignee_id", 1),
                ("priority", 1),
                ("delegate_id", 12),
            ],
            steps: [Duration::milliseconds(1), Duration::microseconds(1), Duration::seconds(1)],
        };
        let worlds = linear_worlds(Scale::Small).await;
        let rows = truth::linear_issues(&worlds[0].demo.linear.data);
        Self::new(traits, None, worlds, rows).await
    }

    pub(super) async fn projects() -> Self {
        let traits = Traits {
            table: "linear.projects",
            key: "id",
            more: &[("description", 1), ("health", 2), ("status_type", 2)],
            steps: [Duration::milliseconds(1), Duration::microseconds(1), Duration::seconds(1)],
        };
        // A small company has too few projects to tell anything.
        let worlds = linear_worlds(Scale::Full).await;
        let rows = truth::linear_projects(&worlds[0].demo.linear.data);
        Self::new(traits, None, worlds, rows).await
    }

    pub(super) async fn slack() -> Self {
        let traits = Traits {
            table: "slack.messages",
            key: "ts_id",
            more: &[("ts", 8), ("ts_id", 2), ("channel_id", 3), ("channel_name", 1), ("user_id", 1)],
            steps: [Duration::microseconds(1), Duration::milliseconds(1), Duration::seconds(1)],
        };
        let world = World::unrecorded().await;
        let rows = truth::slack_messages(&world.demo.slack.data);
        Self::new(traits, None, vec![world], rows).await
    }

    pub(super) async fn files() -> Self {
        let traits = Traits {
            table: "slack.files",
            key: "id",
            more: &[("created_at", 1), ("id", 1), ("title", 1), ("size", 1)],
            steps: [Duration::seconds(1), Duration::milliseconds(1), Duration::minutes(1)],
        };
        let world = World::with(Scale::Full, demo::Options::default()).await;
        let rows = truth::slack_files(&world.demo.slack.data);
        // The later half: an upper bound, a user or a place is then one of several parameters.
        let middle = rows[rows.len() / 2]["created_at"].as_str().unwrap().to_owned();
        Self::new(traits, Some(format!("created_at >= '{middle}'")), vec![world], rows).await
    }

    async fn new(traits: Traits, often: Option<String>, servers: Vec<World>, rows: Vec<Row>) -> Self {
        let Traits { table, key, more, steps } = traits;
        let truth = truth::session(&servers[0], table, &rows).await;
        let schema = Arc::new(truth.table("truth").await.unwrap().schema().as_arrow().clone());
        let steps = steps.to_vec();
        let mut subject = Self { table, key, servers, truth, rows, columns: Vec::new(), steps, often, schema };
        let filters = declared(subject.spec()).filter(|(name, _)| subject.knows(name));
        let by_operators = filters.map(|(name, filter)| (name, filter.ops.len().max(4)));
        let weighed = by_operators.chain(more.iter().copied());
        subject.columns = weighed.flat_map(|(name, times)| std::iter::repeat_n(name.to_owned(), times)).collect();
        subject
    }

    /// The table's file.
    pub(super) fn spec(&self) -> &TableSpec {
        let (source, table) = self.table.split_once('.').unwrap();
        &self.servers[0].engine.sources()[source].tables[table].spec
    }

    /// Whether the truth has a column.
    pub(super) fn knows(&self, column: &str) -> bool {
        self.schema.field_with_name(column).is_ok()
    }

    pub(super) fn generator(&self, seed: u64) -> Generator<'_> {
        Generator {
            rows: &self.rows,
            schema: &self.schema,
            columns: &self.columns,
            existing: &["repository", "channel_id"],
            steps: &self.steps,
            random: fastrand::Rng::with_seed(seed),
            literals: 0,
            bordering: 0,
        }
    }

    pub(super) fn next(&self, generator: &mut Generator<'_>) -> Condition {
        let mut condition = generator.condition();
        if let Some(often) = &self.often
            && generator.random.bool()
        {
            condition.sql = format!("{often} AND ({})", condition.sql);
        }
        condition
    }

    /// An engine for each server, whose requests go through `service`.
    pub(super) fn engines(&self, service: impl Fn(Remembering) -> Arc<dyn HttpService>) -> Vec<Engine> {
        let build = |world: &World| Engine::builder().config(common::config(&world.demo)).service(service(Remembering::new())).build();
        self.servers.iter().map(|world| build(world).unwrap()).collect()
    }

    /// Engines that push down.
    pub(super) fn on(&self) -> Vec<Engine> {
        self.engines(|service| Arc::new(service))
    }

    /// Engines that ask only for what the table requires.
    pub(super) async fn off(&self) -> Vec<Engine> {
        let engines = self.on();
        for engine in &engines {
            engine.sql("SET sqluice.pushdown = false").await.unwrap().stream().unwrap().try_collect::<Vec<_>>().await.unwrap();
        }
        engines
    }
}

async fn jira_worlds() -> Vec<World> {
    use chrono_tz::Tz;
    let zones = [Tz::UTC, Tz::Pacific__Pago_Pago, Tz::Pacific__Kiritimati, Tz::Europe__Berlin, Tz::America__New_York];
    // What the vendor does below a minute is not known: each possibility is played by someone.
    let zoned = zones.into_iter().enumerate().map(|(position, time_zone)| jira::Options {
        time_zone,
        floor_stored: position % 2 == 0,
        ..jira::Options::default()
    });
    let exact = jira::Options { epoch_granularity_ms: 1, ..jira::Options::default() };
    let mut worlds = Vec::new();
    for jira in zoned.chain([exact]) {
        worlds.push(World::with(Scale::Small, demo::Options { jira, ..demo::Options::default() }).await);
    }
    worlds
}

/// What the vendor stores below a millisecond is not known either.
async fn linear_worlds(scale: Scale) -> Vec<World> {
    let mut worlds = Vec::new();
    for stored_micros in [false, true] {
        let linear = linear::Options { stored_micros, ..linear::Options::default() };
        worlds.push(World::with(scale, demo::Options { linear, ..demo::Options::default() }).await);
    }
    worlds
}

/// Asks an emulator what it was not asked before, and otherwise gives its former answer: its rows never change, and without
/// pushdown most queries ask the same.
#[derive(Debug)]
pub(super) struct Remembering {
    inner: ReqwestService,
    known: Mutex<HashMap<(String, Bytes), http::Response<Bytes>>>,
    /// How many bytes of answers may still be kept.
    room: AtomicUsize,
}

impl Remembering {
    fn new() -> Self {
        let inner = ReqwestService::new(&TransportOptions::default()).unwrap();
        Self { inner, known: Mutex::default(), room: AtomicUsize::new(64 << 20) }
    }
}

#[async_trait]
impl HttpService for Remembering {
    async fn call(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let asked = (format!("{} {}", request.method(), request.uri()), request.body().clone());
        if let Some(known) = self.known.lock().get(&asked) {
            return Ok(known.clone());
        }
        let answer = self.inner.call(request).await?;
        let size = asked.0.len() + asked.1.len() + answer.body().len();
        let kept = self.room.fetch_update(Relaxed, Relaxed, |room| room.checked_sub(size));
        if answer.status().is_success() && kept.is_ok() {
            self.known.lock().insert(asked, answer.clone());
        }
        Ok(answer)
    }
}
