//! Sources written in Rust: anything that can give record batches becomes a schema beside the declared sources.
//!
//! Owns the trait [`NativeSource`] and the plan node that reads it. A source is told what a query wants ([`ScanRequest`]) and may
//! ignore all of it but the columns: filters, order and limit are applied to its rows here. Must not know HTTP or table files; what
//! it shares with declared tables is the predicate that a WHERE becomes, and the query that pays for the calls.
//!
//! ```text
//! NativeSource ─▶ NativeSchema (SchemaProvider) ─▶ NativeTableProvider ─▶ NativeScanExec ─▶ ScanRequest ─▶ Batches
//!                                                                              └── recheck, order, limit ◀──┘
//! ```

mod exec;
mod table;

use std::error::Error;
use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use futures::stream::BoxStream;

use crate::engine::Run;
use crate::predicate::Predicate;

pub use crate::request::Order;
pub(crate) use table::NativeSchema;

/// What goes wrong in a source. Its text is shown to whoever runs the query, behind the names of source and table.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The rows of a scan. Dropping it must stop the work behind it: a limit that is reached and a query that is cancelled drop it.
pub type Batches = BoxStream<'static, Result<RecordBatch, BoxError>>;

/// A source written in Rust.
///
/// Only [`tables`](Self::tables) and [`scan`](Self::scan) are needed. Whatever `scan` gives, every row is checked against the
/// query's WHERE here, so that a filter is an offer to read less and never a duty.
///
/// `examples/own_source_rust.rs` is a whole one.
pub trait NativeSource: fmt::Debug + Send + Sync {
    /// Its tables. Asked once, when the source is registered.
    fn tables(&self) -> Vec<NativeTable>;

    /// What a filter that is a part of a WHERE means to the source. Called while planning: no work, no I/O.
    fn pushed(&self, table: &str, filter: &Predicate) -> Pushed {
        let _ = (table, filter);
        Pushed::Inexact
    }

    /// Whether rows can be given in this order. `ASC` means that rows without a value come last, `DESC` that they come first. Called
    /// while planning: no work, no I/O.
    fn sorts(&self, table: &str, order: &[Order]) -> bool {
        let _ = (table, order);
        false
    }

    /// The rows. Called when the first row is wanted, once per scan of a query; work belongs into the stream, page by page, so that
    /// a limit can stop it.
    fn scan(&self, request: ScanRequest) -> Batches;
}

/// A source that is shared with somebody else.
impl<S: NativeSource + ?Sized> NativeSource for Arc<S> {
    fn tables(&self) -> Vec<NativeTable> {
        self.as_ref().tables()
    }

    fn pushed(&self, table: &str, filter: &Predicate) -> Pushed {
        self.as_ref().pushed(table, filter)
    }

    fn sorts(&self, table: &str, order: &[Order]) -> bool {
        self.as_ref().sorts(table, order)
    }

    fn scan(&self, request: ScanRequest) -> Batches {
        self.as_ref().scan(request)
    }
}

/// What a source does with a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It gives the rows that pass and no others: where all filters are exact, a limit is passed on as well.
    Exact,
    /// It gives all rows that pass, and maybe others.
    Inexact,
    /// It does not want to see it.
    Never,
}

/// A table of a [`NativeSource`].
#[derive(Clone, Debug)]
pub struct NativeTable {
    /// Its name, in lower case unless users shall quote it.
    pub name: String,
    /// Its columns. Filters reach the source for columns of type text, integer (but `UInt64`), float, boolean, `Date32`, `Timestamp`
    /// in UTC with a unit of at least a microsecond, and list of texts.
    pub schema: SchemaRef,
    /// How many rows it has, about; decides which side of a join is read first. Without it: many.
    pub rows: Option<usize>,
}

impl NativeTable {
    /// A table with many rows.
    pub fn new(name: impl Into<String>, schema: SchemaRef) -> Self {
        Self { name: name.into(), schema, rows: None }
    }

    /// With about so many rows.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = Some(rows);
        self
    }
}

/// What a query wants of a table.
#[derive(Clone, Debug)]
pub struct ScanRequest {
    /// The table.
    pub table: String,
    /// Positions in the table's schema of the columns that every batch must have, in this order; none for `count(*)`, where batches
    /// have rows only. A batch with all columns becomes one of these by [`RecordBatch::project`].
    pub columns: Vec<usize>,
    /// The same columns as a schema.
    pub schema: SchemaRef,
    /// A condition that every wanted row fulfils, over the positions of the table's columns; without [`Predicate::Opaque`], and without
    /// what the source said [`Pushed::Never`] to. Times are in microseconds since 1970 UTC, dates in days.
    pub filter: Predicate,
    /// The order in which rows must come; only one to which [`NativeSource::sorts`] said yes.
    pub order: Vec<Order>,
    /// No row after so many is wanted. None where a filter is not exact.
    pub limit: Option<usize>,
    /// The query: its warnings (`run.stats.warn(…)`), and whether its result is complete (`run.stats.mark_incomplete()`).
    pub run: Arc<Run>,
}
