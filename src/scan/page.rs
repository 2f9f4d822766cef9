//! From a page's bytes to the rows that leave: decode, fill in, recheck, project.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, RecordBatchOptions, new_null_array};
use datafusion::arrow::compute::{and_kleene, filter_record_batch};
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;

use super::driver::ScanJob;
use super::exec::{is_read, kind_of, needed_columns};
use super::express;
use crate::decode::{PageDecoder, PageEnd};
use crate::http::{ApiError, ErrorKind};
use crate::predicate::{Predicate, Test};
use crate::request::Unit;

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
    /// Holds for rows before the end of the list.
    before_stop: Option<Arc<dyn PhysicalExpr>>,
    /// Positions in the full batch of the columns that leave.
    output: Vec<usize>,
    out: SchemaRef,
    exact: bool,
}

/// What only one unit rechecks.
#[derive(Clone, Debug)]
pub(super) struct UnitCheck {
    own: Vec<Arc<dyn PhysicalExpr>>,
}

/// The rows of a page that leave, and what the page said about paging.
#[derive(Debug)]
pub(super) struct ReadPage {
    pub(super) batch: RecordBatch,
    pub(super) end: PageEnd,
    /// Rows that the API sent.
    pub(super) received: usize,
    /// Rows that belong to the table and the unit.
    pub(super) own: usize,
    /// Rows that the API should not have sent.
    pub(super) unasked: usize,
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
        Ok(Self {
            decoder: PageDecoder::new(&table.spec, &read, job.plan.rows(), job.plan.paging()),
            schema: Arc::new(table.schema.project(&needed)?),
            keep: table.keep.as_ref().map(moved).transpose()?,
            filters: job.filters.iter().map(moved).collect::<Result<_>>()?,
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

    pub(super) fn read(&self, body: &[u8], number: usize, unit: &Unit, check: &UnitCheck) -> Result<ReadPage> {
        let page = self.decoder.decode(body, number).map_err(|error| {
            let advice = "the API answered in a shape that the table's file does not describe; `sqluice.requests` shows the call";
            let error = ApiError::new(ErrorKind::Decode, "", "", error.to_string()).advice(advice);
            DataFusionError::External(Box::new(error))
        })?;
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
        let batch = keep_rows(batch, check.own.iter().chain(&self.keep))?;
        let own = batch.num_rows();
        let batch = keep_rows(batch, &self.filters)?;
        let unasked = if self.exact { own - batch.num_rows() } else { 0 };
        let arrays = self.output.iter().map(|position| Arc::clone(batch.column(*position))).collect();
        let batch = self::batch(&self.out, arrays, batch.num_rows())?;
        Ok(ReadPage { batch, end: page.end, received: rows, own, unasked, stopped })
    }
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
