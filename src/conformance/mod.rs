//! One suite that every table passes, a user's own too: what is tried is that the table's file and its API agree, and that nothing an
//! API does on a bad day loses a row.
//!
//! A few real pages are read first, from the API itself or from an emulator. From the first of them a list is made in memory ([`shelf`])
//! that pages as the table's file says, and on it everything is tried that a real API does too rarely to wait for: pages of one row, a
//! cursor that leads in a circle, refusals, values of the wrong type. Then the real API is asked again: the rows of each filter and
//! order must be those that come without it. Every real answer is kept ([`memo`]), so that nothing is asked for twice, and the number
//! of requests is bounded.
//!
//! Must not know what is printed, or any particular API. Reads only: requests are those of the table's file.

mod json;
mod memo;
mod pages;
mod pushdown;
mod rows;
mod shelf;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};

use self::memo::Memo;
use self::rows::{Sample, identifier};
use crate::engine::{Config, Engine, EngineBuilder};
use crate::http::HttpService;
use crate::scan::TableHandle;
use crate::spec::file::{Backoff, Bucket, Burst};
use crate::spec::{Origin, SourceSpec, TableSpec};

/// What is tried, and on what.
#[derive(Clone, Debug)]
pub struct Trial {
    /// How the source is entered.
    pub config: Config,
    /// Whether what the source's section leaves open is taken from the environment.
    pub environment: bool,
    /// Folders with tables beyond the built-in ones.
    pub folders: Vec<PathBuf>,
    /// The source, as configured.
    pub source: String,
    /// The table.
    pub table: String,
    /// A condition in SQL that keeps the part of the table small that is tried.
    pub condition: Option<String>,
    /// Where real answers come from.
    pub service: Arc<dyn HttpService>,
    /// Most requests that are sent there.
    pub max_requests: u64,
}

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What it was.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it should be; with what was seen.
    Ok(String),
    /// Not as it should be; with what was seen instead.
    Failed(String),
    /// Not tried; with the reason.
    Skipped(String),
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (word, text) = match &self.outcome {
            Outcome::Ok(text) => ("ok", text),
            Outcome::Failed(text) => ("FAILED", text),
            Outcome::Skipped(text) => ("skipped", text),
        };
        write!(f, "{word:<8} {}", self.name)?;
        if text.is_empty() { Ok(()) } else { write!(f, ": {}", text.replace('\n', "\n         ")) }
    }
}

/// A trial under way.
struct Bench<'a> {
    trial: &'a Trial,
    memo: Arc<Memo>,
    table: Arc<TableHandle>,
    /// `"source"."table"`
    name: String,
    /// The part of the table that is tried, in SQL.
    scope: Option<String>,
    told: &'a mut dyn FnMut(&Check),
    checks: Vec<Check>,
}

impl Trial {
    /// Tries everything, and tells each check as soon as it is done.
    ///
    /// # Errors
    /// If the configuration is wrong, there is no such table, or no real row can be read.
    pub async fn run(&self, told: &mut dyn FnMut(&Check)) -> Result<Vec<Check>> {
        let memo = Arc::new(Memo::new(Arc::clone(&self.service), self.max_requests));
        let engine = self.engine(Arc::<Memo>::clone(&memo), None)?;
        let table = engine.sources().get(&self.source).and_then(|source| source.tables.get(&self.table));
        let table = Arc::clone(table.ok_or_else(|| unknown(&engine, &self.source, &self.table))?);
        let name = format!("{}.{}", identifier(&self.source), identifier(&self.table));
        let mut bench = Bench { trial: self, memo, table, name, scope: self.condition.clone(), told, checks: Vec::new() };
        bench.pin(&engine).await?;
        let before = bench.memo.asked();
        let sample = bench.sample(&engine).await?;
        bench.describe(&sample);
        if sample.rows() > 0 {
            bench.pages(&engine, before).await?;
            bench.details(&engine).await;
            bench.pushdown(&engine, &sample).await?;
        }
        Ok(bench.checks)
    }

    /// An engine on a service. One that answers from memory, for the same source, is held to no limit.
    fn engine(&self, service: Arc<dyn HttpService>, in_memory: Option<&SourceSpec>) -> Result<Engine> {
        let mut config = self.config.clone();
        config.sources.retain(|name, _| *name == self.source);
        let source = config.sources.entry(self.source.clone()).or_default();
        let mut limits = source.limits.clone().unwrap_or_default();
        limits.max_retries = limits.max_retries.or(Some(2));
        if let Some(spec) = in_memory {
            limits.backoff = Backoff { base: "1ms".to_owned(), max: "2ms".to_owned() };
            // A rate is kept only towards the host that published it.
            limits.burst = Some(Burst { requests: 1, per: "1s".to_owned(), host: "nobody.invalid".to_owned() });
            limits.buckets =
                spec.limits.buckets.keys().chain(limits.buckets.keys()).map(|name| (name.clone(), Bucket::default())).collect();
        }
        source.limits = Some(limits);
        let builder = self.folders.iter().fold(Engine::builder(), EngineBuilder::tables);
        let builder = if self.environment { builder.environment() } else { builder };
        builder.config(config).service(service).build()
    }
}

fn unknown(engine: &Engine, source: &str, table: &str) -> DataFusionError {
    let Some(handle) = engine.sources().get(source) else {
        return DataFusionError::Plan(format!("the source {source} is not configured"));
    };
    let known = handle.tables.keys().map(String::as_str);
    let hint = crate::spec::nearest(table, known.clone())
        .map_or_else(|| format!("its tables are: {}", known.collect::<Vec<_>>().join(", ")), |near| format!("did you mean {near}?"));
    DataFusionError::Plan(format!("there is no table {table} in source {source}; {hint}"))
}

impl Bench<'_> {
    fn spec(&self) -> &TableSpec {
        &self.table.spec
    }

    fn tell(&mut self, name: impl Into<String>, outcome: Outcome) {
        let check = Check { name: name.into(), outcome };
        (self.told)(&check);
        self.checks.push(check);
    }

    /// What failed for want of requests was not tried.
    fn failed(&self, error: &DataFusionError) -> Outcome {
        if self.memo.is_used_up() {
            let made = self.trial.max_requests;
            return Outcome::Skipped(format!(
                "it takes more than the {made} requests that may be made; narrow it with --where, or allow more"
            ));
        }
        Outcome::Failed(error.find_root().strip_backtrace())
    }

    /// A query over the part of the table that is tried.
    fn query(&self, columns: &[usize], condition: Option<&str>, rest: &str) -> String {
        let columns: Vec<String> = columns.iter().map(|column| identifier(&self.spec().columns[*column].name)).collect();
        let conditions: Vec<String> = [self.scope.as_deref(), condition].into_iter().flatten().map(|sql| format!("({sql})")).collect();
        let condition = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
        format!("SELECT {} FROM {}{condition}{rest}", columns.join(", "), self.name)
    }

    /// Narrows the table to one list of its API: that of one parent, or of one value that the configuration limits it to.
    async fn pin(&mut self, engine: &Engine) -> Result<()> {
        let spec = self.spec();
        let bound = spec.parent.iter().flat_map(|parent| parent.bind.iter().map(|(column, _)| *column));
        let pins: Vec<usize> = bound.chain(spec.scope.iter().map(|(column, _)| *column)).collect();
        if pins.is_empty() {
            return Ok(());
        }
        let found = Sample::read(engine, &self.query(&pins, None, " LIMIT 1"), &pins).await?;
        let values: Vec<String> = (0..pins.len())
            .filter_map(|position| Some(format!("{} = {}", identifier(&spec.columns[pins[position]].name), found.literal(0, position)?)))
            .collect();
        if !values.is_empty() {
            let all = self.scope.iter().map(|scope| format!("({scope})")).chain(values).collect::<Vec<_>>();
            self.scope = Some(all.join(" AND "));
        }
        Ok(())
    }

    /// The columns that a page brings, and the key.
    fn columns(&self) -> Vec<usize> {
        let spec = self.spec();
        let brought = |column: &usize| {
            let column = &spec.columns[*column];
            column.hydrate.is_none() && column.origin != Origin::PassThrough
        };
        let shown = (0..spec.columns.len()).filter(|column| !spec.columns[*column].hidden || spec.key.contains(column));
        shown.filter(brought).collect()
    }

    /// Some real rows: more than a page, where pages are not too large.
    async fn sample(&self, engine: &Engine) -> Result<Sample> {
        const LARGE: u32 = 200;
        let size = self.spec().paging.size.filter(|size| *size <= LARGE).map_or(50, |size| size + 1);
        let columns = self.columns();
        Sample::read(engine, &self.query(&columns, None, &format!(" LIMIT {size}")), &columns).await
    }

    /// What the real rows say of the table's key and columns.
    fn describe(&mut self, sample: &Sample) {
        let (rows, requests) = (sample.rows(), self.memo.made());
        if rows == 0 {
            let text =
                "no row came; narrow the table with --where to a part that has some, and check `rows` and what the request leaves out";
            return self.tell("rows", Outcome::Skipped(text.to_owned()));
        }
        let scope = self.scope.clone().map(|scope| format!(" where {scope}")).unwrap_or_default();
        self.tell("rows", Outcome::Ok(format!("{rows} rows in {requests} requests{scope}")));
        let spec = Arc::clone(&self.table.spec);
        let name = |column: &usize| spec.columns[*column].name.as_str();
        let key: Vec<&str> = spec.key.iter().map(name).collect();
        let outcome = match sample.key_problem(&spec.key, &name) {
            Some(problem) => Outcome::Failed(problem),
            None => Outcome::Ok(key.join(", ")),
        };
        self.tell("key", outcome);
        let empty: Vec<&str> = sample.empty_columns().iter().map(name).collect();
        let text = if empty.is_empty() { String::new() } else { format!("no row has a value for {}: is that the path?", empty.join(", ")) };
        self.tell("columns", Outcome::Ok(text));
    }

    /// The calls that complete a row.
    async fn details(&mut self, engine: &Engine) {
        for position in 0..self.spec().hydrates.len() {
            let brought = (0..self.spec().columns.len()).filter(|column| self.spec().columns[*column].hydrate == Some(position));
            let columns: Vec<usize> = brought.collect();
            if columns.is_empty() {
                continue;
            }
            let outcome = match Sample::read(engine, &self.query(&columns, None, " LIMIT 1"), &columns).await {
                Ok(_) => Outcome::Ok(String::new()),
                Err(error) => self.failed(&error),
            };
            self.tell(format!("details {}", self.spec().hydrates[position].name), outcome);
        }
    }
}
