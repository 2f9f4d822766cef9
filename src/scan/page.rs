//! From a page's bytes to the rows that leave: decode, fill in, recheck, project.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use bytes::Bytes;
use datafusion::arrow::array::{Array, ArrayRef, AsArray, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{and_kleene, cast, concat, filter_record_batch};
use datafusion::arrow::datatypes::{DataType, Int64Type, Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;

use super::exec::{is_read, kind_of, needed_columns};
use super::express;
use super::job::ScanJob;
use crate::decode::{DecodeError, DecodeErrorKind, PageDecoder, PageEnd};
use crate::http::{ApiError, ErrorKind};
use crate::predicate::{Predicate, Test, Value};
use crate::request::Unit;
use crate::spec::{Dir, PagingSpec, RowsAt};

/// Turns pages into batches; the same for all pages of a scan.
#[derive(Debug)]
pub(super) struct PageReader {
    /// Positions in the table of the columns of a page's full batch.
    needed: Vec<usize>,
    schema: SchemaRef,
    decoder: PageDecoder,
    /// Positions in the table of what the decoder gives.
    read: Vec<usize>,
    computed: Vec<(usize, Arc<dyn PhysicalExpr>)>,
    keep: Option<Arc<dyn PhysicalExpr>>,
    filters: Vec<Arc<dyn PhysicalExpr>>,
    /// Filters that read what a detail call brings.
    late: Vec<Arc<dyn PhysicalExpr>>,
    details: Vec<Detail>,
    /// The column whose order the API was asked for.
    order: Option<(usize, Dir)>,
    /// The key's columns, where pages overlap.
    key: Option<Vec<usize>>,
    /// Holds for rows before the end of the list.
    before_stop: Option<Arc<dyn PhysicalExpr>>,
    /// Positions in the full batch of the columns that leave.
    output: Vec<usize>,
    out: SchemaRef,
    exact: bool,
}

/// A detail call that is needed.
#[derive(Debug)]
pub(super) struct Detail {
    /// Position in the table's hydrates.
    pub(super) hydrate: usize,
    decoder: PageDecoder,
    /// Positions in the full batch of the columns that it brings.
    columns: Vec<usize>,
}

/// What is remembered from page to page of a unit.
#[derive(Debug, Default)]
pub(super) struct Memory {
    last: Option<i64>,
    keys: HashSet<u64>,
}

/// What only one unit rechecks.
#[derive(Clone, Debug)]
pub(super) struct UnitCheck {
    own: Vec<Arc<dyn PhysicalExpr>>,
}

/// The rows of a page that leave, and what the page said about paging.
#[derive(Debug)]
pub(super) struct ReadPage {
    /// All columns that are needed, not only those that leave.
    pub(super) rows: RecordBatch,
    pub(super) end: PageEnd,
    /// Rows that the API sent.
    pub(super) received: usize,
    /// Rows that belong to the table and the unit.
    pub(super) own: usize,
    /// Rows that the API should not have sent.
    pub(super) unasked: usize,
    /// Rows that came out of the order that was asked for.
    pub(super) misplaced: usize,
    /// The list is over here, by its order.
    pub(super) stopped: bool,
}

impl PageReader {
    pub(super) fn new(job: &ScanJob) -> Result<Self> {
        let table = &job.table;
        let mut needed = needed_columns(table, &job.output, &job.filters);
        needed.extend(&job.plan.columns);
        needed.sort_unstable();
        needed.dedup();
        let place = |column: usize| needed.binary_search(&column).ok();
        let moved = |expr: &Arc<dyn PhysicalExpr>| express::renumbered(expr, &place);
        let read: Vec<usize> = needed.iter().copied().filter(|column| is_read(table, *column)).collect();
        let computed = needed
            .iter()
            .enumerate()
            .filter_map(|(position, column)| Some((position, table.computed.get(column)?)))
            .map(|(position, expr)| Ok((position, moved(expr)?)))
            .collect::<Result<_>>()?;
        let before_stop = match &job.plan.stop {
            None => None,
            Some(stop) => {
                let range = Predicate::leaf(stop.column, Test::Range(stop.range.clone()));
                Some(moved(&express::physical(&range, &table.schema, &kind_of(table))?)?)
            }
        };
        let output = job.output.iter().filter_map(|column| place(*column)).collect();
        let detail_of = |column: usize| table.spec.columns[column].hydrate;
        let mut details = Vec::new();
        for hydrate in 0..table.spec.hydrates.len() {
            let columns: Vec<usize> = needed.iter().copied().filter(|column| detail_of(*column) == Some(hydrate)).collect();
            if !columns.is_empty() {
                let decoder = PageDecoder::new(&table.spec, &columns, &RowsAt::One, &PagingSpec::default());
                details.push(Detail { hydrate, decoder, columns: columns.iter().filter_map(|column| place(*column)).collect() });
            }
        }
        let is_late = |filter: &&Arc<dyn PhysicalExpr>| express::columns_of(filter).into_iter().any(|column| detail_of(column).is_some());
        let (late, early): (Vec<_>, Vec<_>) = job.filters.iter().partition(is_late);
        let order = job.plan.order.first().and_then(|order| Some((place(order.column)?, order.dir)));
        let key = job.plan.paging().overlap.then(|| table.spec.key.iter().filter_map(|column| place(*column)).collect());
        Ok(Self {
            decoder: PageDecoder::new(&table.spec, &read, job.plan.rows(), job.plan.paging()),
            schema: Arc::new(table.schema.project(&needed)?),
            keep: table.keep.as_ref().map(moved).transpose()?,
            filters: early.into_iter().map(moved).collect::<Result<_>>()?,
            late: late.into_iter().map(moved).collect::<Result<_>>()?,
            details,
            order,
            key,
            out: Arc::clone(&job.schema),
            exact: job.plan.exact,
            before_stop,
            computed,
            output,
            read,
            needed,
        })
    }

    /// What a unit rechecks beyond the query.
    pub(super) fn check(&self, unit: &Unit, job: &ScanJob) -> Result<UnitCheck> {
        let place = |column: usize| self.needed.binary_search(&column).ok();
        let own = unit
            .own
            .iter()
            .map(|(column, values)| {
                let values = Predicate::leaf(*column, Test::In(values.clone()));
                express::renumbered(&express::physical(&values, &job.table.schema, &kind_of(&job.table))?, &place)
            })
            .collect::<Result<_>>()?;
        Ok(UnitCheck { own })
    }

    /// Reads a page up to the filters that need no detail call.
    pub(super) fn read(&self, body: &[u8], number: usize, unit: &Unit, check: &UnitCheck, memory: &mut Memory) -> Result<ReadPage> {
        let page = self.decoder.decode(body, number).map_err(|error| decode_error(&error))?;
        let rows = page.rows;
        let mut arrays: Vec<Option<ArrayRef>> = vec![None; self.needed.len()];
        for (column, array) in self.read.iter().zip(page.arrays) {
            if let Ok(position) = self.needed.binary_search(column) {
                arrays[position] = Some(array);
            }
        }
        for (column, value) in &unit.fill {
            if let Ok(position) = self.needed.binary_search(column) {
                let array = express::scalar_for(value, self.schema.field(position).data_type())?.to_array_of_size(rows)?;
                arrays[position] = Some(array);
            }
        }
        let arrays = arrays
            .into_iter()
            .enumerate()
            .map(|(position, array)| array.unwrap_or_else(|| new_null_array(self.schema.field(position).data_type(), rows)))
            .collect();
        let mut batch = batch(&self.schema, arrays, rows)?;
        for (position, expr) in &self.computed {
            let array = expr.evaluate(&batch)?.into_array(rows)?;
            let mut arrays = batch.columns().to_vec();
            arrays[*position] = array;
            batch = self::batch(&self.schema, arrays, rows)?;
        }

        let mut stopped = false;
        if let Some(before) = &self.before_stop {
            let within = evaluate(before, &batch)?;
            if let Some(first) = (0..rows).find(|row| within.is_valid(*row) && !within.value(*row)) {
                stopped = true;
                batch = batch.slice(0, first);
            }
        }
        if let Some(key) = &self.key {
            batch = without_known(&batch, key, &mut memory.keys)?;
        }
        let misplaced = match self.order {
            Some((position, dir)) => misplaced(batch.column(position), dir, &mut memory.last)?,
            None => 0,
        };
        let batch = keep_rows(batch, check.own.iter().chain(&self.keep))?;
        let own = batch.num_rows();
        let batch = keep_rows(batch, &self.filters)?;
        let unasked = if self.exact { own - batch.num_rows() } else { 0 };
        Ok(ReadPage { rows: batch, end: page.end, received: page.received, own, unasked, misplaced, stopped })
    }

    /// The detail calls that complete a row.
    pub(super) fn details(&self) -> &[Detail] {
        &self.details
    }

    /// The columns of rows that a detail call's request is made of, by name; none where a row has no value.
    pub(super) fn cell(&self, rows: &RecordBatch, row: usize, column: &str) -> Option<Value> {
        let position = self.schema.index_of(column).ok()?;
        express::value(rows.column(position).as_ref(), row)
    }

    /// Puts the answers of a detail call, one per row, into the rows. A row without an answer keeps nulls.
    pub(super) fn complete(&self, rows: &RecordBatch, detail: &Detail, answers: &[Option<Bytes>]) -> Result<RecordBatch> {
        let mut parts: Vec<Vec<ArrayRef>> = vec![Vec::with_capacity(answers.len()); detail.columns.len()];
        for answer in answers {
            match answer {
                Some(body) => {
                    let page = detail.decoder.decode(body, 1).map_err(|error| decode_error(&error))?;
                    parts.iter_mut().zip(page.arrays).for_each(|(part, array)| part.push(array));
                }
                None => {
                    for (part, position) in parts.iter_mut().zip(&detail.columns) {
                        part.push(new_null_array(self.schema.field(*position).data_type(), 1));
                    }
                }
            }
        }
        let mut arrays = rows.columns().to_vec();
        for (part, position) in parts.iter().zip(&detail.columns) {
            let part: Vec<&dyn Array> = part.iter().map(AsRef::as_ref).collect();
            arrays[*position] = concat(&part)?;
        }
        batch(&self.schema, arrays, rows.num_rows())
    }

    /// The rows that leave, with the columns that leave.
    pub(super) fn finish(&self, rows: RecordBatch) -> Result<RecordBatch> {
        let rows = keep_rows(rows, &self.late)?;
        let arrays = self.output.iter().map(|position| Arc::clone(rows.column(*position))).collect();
        batch(&self.out, arrays, rows.num_rows())
    }
}

fn decode_error(error: &DecodeError) -> DataFusionError {
    let advice = "the API answered in a shape that the table's file does not describe; `sqluice.requests` shows the call";
    let (kind, advice) = match error.kind {
        DecodeErrorKind::Truncated => (ErrorKind::Truncated, "leave the column out: nothing can bring the rest of the list"),
        _ => (ErrorKind::Decode, advice),
    };
    let error = ApiError::new(kind, "", "", error.to_string()).advice(advice);
    DataFusionError::External(Box::new(error))
}

/// How many rows come out of order, counted on from the last row of the page before.
fn misplaced(column: &ArrayRef, dir: Dir, last: &mut Option<i64>) -> Result<usize> {
    let values = cast(column, &DataType::Int64)?;
    let mut count = 0;
    for value in values.as_primitive::<Int64Type>().iter().flatten() {
        let follows = match (*last, dir) {
            (None, _) => true,
            (Some(before), Dir::Asc) => before <= value,
            (Some(before), Dir::Desc) => before >= value,
        };
        count += usize::from(!follows);
        *last = Some(value);
    }
    Ok(count)
}

/// The rows whose key did not come before.
fn without_known(rows: &RecordBatch, key: &[usize], known: &mut HashSet<u64>) -> Result<RecordBatch> {
    let mask: BooleanArray = (0..rows.num_rows())
        .map(|row| {
            let mut hasher = DefaultHasher::new();
            for position in key {
                format!("{:?}", express::value(rows.column(*position).as_ref(), row)).hash(&mut hasher);
            }
            Some(known.insert(hasher.finish()))
        })
        .collect();
    Ok(filter_record_batch(rows, &mask)?)
}

fn batch(schema: &Arc<Schema>, arrays: Vec<ArrayRef>, rows: usize) -> Result<RecordBatch> {
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), arrays, &options)?)
}

fn evaluate(expr: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<BooleanArray> {
    let array = expr.evaluate(batch)?.into_array(batch.num_rows())?;
    Ok(as_boolean_array(&array)?.clone())
}

fn keep_rows<'a>(batch: RecordBatch, filters: impl IntoIterator<Item = &'a Arc<dyn PhysicalExpr>>) -> Result<RecordBatch> {
    let mut mask: Option<BooleanArray> = None;
    for filter in filters {
        let next = evaluate(filter, &batch)?;
        mask = Some(match mask {
            None => next,
            Some(known) => and_kleene(&known, &next)?,
        });
    }
    match mask {
        None => Ok(batch),
        Some(mask) if mask.null_count() == 0 && mask.true_count() == batch.num_rows() => Ok(batch),
        Some(mask) => Ok(filter_record_batch(&batch, &mask)?),
    }
}
