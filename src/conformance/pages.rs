//! How the table bears what APIs do, on a list in memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use datafusion::common::{DataFusionError, Result};

use super::json;
use super::memo::{Exchange, Memo, Switch};
use super::rows::Sample;
use super::shelf::{Mishap, Shelf, rows_of};
use super::{Bench, Outcome, Trial};
use crate::engine::Engine;
use crate::http::{ApiError, ErrorKind, HttpService};
use crate::spec::{ColumnType, Decode, Origin, PagingKind, Path, RowsAt, Step, TableSpec};

/// Rows of the list: pages of one row are to be many, but not very many.
const MOST_ROWS: usize = 12;

/// Nothing in memory takes so long; what does goes in a circle.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the list in memory is made of, and the query that reads it.
struct List<'a> {
    trial: &'a Trial,
    /// Asks whatever the switch is set to.
    engine: Engine,
    switch: Arc<Switch>,
    memo: Arc<Memo>,
    table: Arc<TableSpec>,
    first: Arc<Exchange>,
    rows: Vec<String>,
    columns: Vec<usize>,
    sql: String,
}

/// What reading the list gave.
struct Read {
    sample: Result<Sample>,
    /// Requests for the list.
    calls: u64,
}

impl List<'_> {
    /// Reads the list in pages of so many rows at most.
    async fn read(&self, most: usize, mishap: Mishap) -> Read {
        self.read_rows(self.rows.clone(), most, mishap).await
    }

    async fn read_rows(&self, rows: Vec<String>, most: usize, mishap: Mishap) -> Read {
        let shelf = Arc::new(Shelf {
            memo: Arc::clone(&self.memo),
            table: Arc::clone(&self.table),
            first: Arc::clone(&self.first),
            rows,
            most,
            mishap,
            calls: AtomicU64::new(0),
        });
        let service: Arc<dyn HttpService> = Arc::<Shelf>::clone(&shelf);
        self.switch.set(service);
        let read = tokio::time::timeout(PATIENCE, Sample::read(&self.engine, &self.sql, &self.columns)).await;
        let endless = || Err(DataFusionError::Execution(format!("no end after {} requests", shelf.calls.load(Relaxed))));
        Read { sample: read.unwrap_or_else(|_| endless()), calls: shelf.calls.load(Relaxed) }
    }
}

/// The rows, if they are the right ones.
fn same(read: &Read, truth: &[Vec<String>]) -> Outcome {
    match &read.sample {
        Ok(sample) if sample.sorted() == truth => Outcome::Ok(format!("{} rows in {} requests", truth.len(), read.calls)),
        Ok(sample) => Outcome::Failed(format!("{} rows instead of {}", sample.rows(), truth.len())),
        Err(error) => Outcome::Failed(error.find_root().strip_backtrace()),
    }
}

/// The error, if it is of the right kind.
fn refused(read: &Read, kinds: &[ErrorKind]) -> Outcome {
    let error = match &read.sample {
        Ok(sample) => return Outcome::Failed(format!("no error, but {} rows", sample.rows())),
        Err(error) => error.find_root(),
    };
    let said = error.strip_backtrace();
    let found = match error {
        DataFusionError::External(inner) => inner.downcast_ref::<ApiError>(),
        _ => None,
    };
    match found {
        Some(error) if kinds.contains(&error.kind) => Outcome::Ok(format!("one error: {}", error.kind)),
        _ => Outcome::Failed(format!("another error than was to be expected: {said}")),
    }
}

impl Bench<'_> {
    /// The largest page of the table that was read after so many requests, as a list.
    fn list(&self, engine: &Engine, before: usize) -> Result<Option<List<'_>>> {
        let Some(source) = engine.sources().get(&self.trial.source) else { return Ok(None) };
        let calls = engine.requests().calls();
        let own = |exchange: &Exchange| {
            let url = source.client.redact(&exchange.uri.to_string());
            calls.iter().any(|call| call.table == self.trial.table && call.url == url)
        };
        let exchanges = self.memo.asked_since(before).into_iter().filter(|exchange| own(exchange));
        let pages = exchanges.filter_map(|exchange| rows_of(self.spec(), &exchange).map(|rows| (exchange, rows)));
        let most = pages.reduce(|most, page| if page.1.len() > most.1.len() { page } else { most });
        let Some((first, mut rows)) = most.filter(|(_, rows)| !rows.is_empty()) else { return Ok(None) };
        rows.truncate(MOST_ROWS);
        let columns = self.columns();
        let sql = self.query(&columns, None, "");
        let (memo, table) = (Arc::clone(&self.memo), Arc::clone(&self.table.spec));
        let switch = Arc::new(Switch::new(Arc::<Memo>::clone(&memo)));
        let engine = self.trial.engine(Arc::<Switch>::clone(&switch), Some(&source.spec))?;
        Ok(Some(List { trial: self.trial, engine, switch, memo, table, first, rows, columns, sql }))
    }

    /// Pages of every kind, refusals, and values of the wrong type.
    pub(super) async fn pages(&mut self, engine: &Engine, before: usize) -> Result<()> {
        let mut told = Vec::new();
        if let Some(list) = self.list(engine, before)? {
            list.try_all(&mut told).await;
        } else {
            let reason = match &self.spec().rows {
                RowsAt::One => "an answer is one row",
                RowsAt::List(_) => "the rows were asked for by key, or `rows` goes through lists",
            };
            told.push(("pages and refusals".to_owned(), Outcome::Skipped(reason.to_owned())));
        }
        for (name, outcome) in told {
            self.tell(name, outcome);
        }
        Ok(())
    }
}

impl List<'_> {
    async fn try_all(&self, told: &mut Vec<(String, Outcome)>) {
        let mut tell = |name: &str, outcome: Outcome| told.push((name.to_owned(), outcome));
        let whole = self.read(usize::MAX, Mishap::None).await;
        let truth = match &whole.sample {
            _ if whole.calls == 0 => {
                tell("pages and refusals", Outcome::Skipped("the requests for the list are not the same each time".to_owned()));
                return;
            }
            Ok(sample) if sample.rows() > 0 => sample.sorted(),
            Ok(_) => {
                tell("one page", Outcome::Failed("no row, although the page has some".to_owned()));
                return;
            }
            Err(error) => {
                tell("one page", Outcome::Failed(error.find_root().strip_backtrace()));
                return;
            }
        };
        tell("one page", same(&whole, &truth));

        let paging = &self.table.paging;
        let unpaged = match paging.kind {
            PagingKind::None => Some("the table has no pages"),
            _ if self.rows.len() < 3 => Some("it takes three rows"),
            _ => None,
        };
        for (name, most, mishap) in [
            ("pages of one row", 1, Mishap::None),
            ("pages shorter than asked for", self.rows.len() / 2, Mishap::None),
            ("an empty page before the others", usize::MAX, Mishap::EmptyFirst),
            ("a cursor that leads in a circle", 1, Mishap::Circle),
        ] {
            let leads_on = matches!(paging.kind, PagingKind::Token | PagingKind::Link);
            let outcome = match unpaged {
                Some(reason) => Outcome::Skipped(reason.to_owned()),
                None if mishap == Mishap::EmptyFirst && !leads_on => Outcome::Skipped("an empty page is the last one here".to_owned()),
                None => {
                    let read = self.read(most, mishap).await;
                    if mishap == Mishap::Circle { refused(&read, &[ErrorKind::SourceChanged]) } else { same(&read, &truth) }
                }
            };
            tell(name, outcome);
        }
        tell("an empty list", same(&self.read(usize::MAX, Mishap::Nothing).await, &[]));

        for status in [429, 503] {
            let read = self.read(usize::MAX, Mishap::Refused { status, times: 1 }).await;
            let repeated = read.sample.as_ref().map_or(0, |sample| sample.requests().1);
            let outcome = match same(&read, &truth) {
                Outcome::Ok(_) if repeated != 1 => Outcome::Failed(format!("{repeated} repetitions instead of one")),
                outcome => outcome,
            };
            tell(&format!("{status} once"), outcome);
        }
        let read = self.read(usize::MAX, Mishap::Refused { status: 401, times: u64::MAX }).await;
        let outcome = match refused(&read, &[ErrorKind::Auth, ErrorKind::Forbidden]) {
            Outcome::Ok(_) if read.calls != 1 => Outcome::Failed(format!("{} requests with a credential that was refused", read.calls)),
            outcome => outcome,
        };
        tell("401", outcome);
        tell("no JSON", refused(&self.read(usize::MAX, Mishap::NoJson).await, &[ErrorKind::Decode, ErrorKind::Auth]));
        // A body of this shape may be what a rule of the file knows as a refusal.
        let no_list = self.read(usize::MAX, Mishap::NoList).await;
        tell(
            "no list in the answer",
            match &no_list.sample {
                Ok(sample) => Outcome::Failed(format!("no error, but {} rows", sample.rows())),
                Err(_) => Outcome::Ok("one error".to_owned()),
            },
        );
        tell("values of another type", self.drift().await);
    }

    /// An object in place of each value in turn: one error that names table, column and path.
    async fn drift(&self) -> Outcome {
        let mut tried = 0;
        for column in &self.columns {
            let column = &self.table.columns[*column];
            let Origin::Path(path) = &column.origin else { continue };
            let any_json = matches!(column.kind, ColumnType::Json | ColumnType::TextList) || column.decode == Some(Decode::Adf);
            if any_json || path.0.is_empty() || path.0.contains(&Step::All) || self.table.each.is_some() {
                continue;
            }
            let Some(rows) = self.drifted(path) else { continue };
            tried += 1;
            let read = self.read_rows(rows, usize::MAX, Mishap::None).await;
            let said = match &read.sample {
                Ok(_) => return Outcome::Failed(format!("an object in place of {} is no error", column.name)),
                Err(error) => error.find_root().strip_backtrace(),
            };
            // Of several columns that read a value, one is named.
            let readers = self.table.columns.iter().filter(|other| matches!(&other.origin, Origin::Path(other) if other == path));
            let table = format!("{}.{}", self.trial.source, self.table.name);
            let named = |name: &str| said.contains(&format!("column {name} at {path}"));
            if !said.contains(&table) || !readers.map(|reader| reader.name.as_str()).any(named) {
                return Outcome::Failed(format!("the error about {} does not name {table}, column and path: {said}", column.name));
            }
        }
        match tried {
            0 => Outcome::Skipped("no column has a value that is no text of JSON".to_owned()),
            tried => Outcome::Ok(format!("{tried} columns, each one error that names table, column and path")),
        }
    }

    /// The rows with an object in place of the first value at a path.
    fn drifted(&self, path: &Path) -> Option<Vec<String>> {
        let has_value = |row: &String| json::get(row, &path.0).is_some_and(|value| value != "null");
        let at = self.rows.iter().position(has_value)?;
        let mut rows = self.rows.clone();
        rows[at] = json::set(&rows[at], &path.0, r#"{"unexpected": true}"#)?;
        Some(rows)
    }
}
