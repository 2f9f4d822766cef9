//! The plan node of a native table: what a query wants of it, and the recheck of what it gives.

use std::fmt;
use std::sync::Arc;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::filter_record_batch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::common::cast::as_boolean_array;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics, internal_err};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::DynamicFilterTracking;
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr, conjunction_opt};
use datafusion::physical_plan::coop::make_cooperative;
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::TryStreamExt;

use super::table::Handle;
use super::{Batches, Order, Pushed, ScanRequest};
use crate::engine::{self, Run};
use crate::predicate::Predicate;
use crate::scan::{express, leaf, translate};
use crate::spec::Dir;

/// Rows of a table that does not say how many it has.
const MANY_ROWS: usize = 100_000;

/// A scan of a native table.
#[derive(Clone, Debug)]
pub(super) struct NativeScanExec {
    handle: Arc<Handle>,
    /// Positions in the table of the columns that leave, in their order.
    output: Vec<usize>,
    /// Absorbed conjuncts, over the whole table's schema.
    filters: Vec<Arc<dyn PhysicalExpr>>,
    order: Vec<Order>,
    fetch: Option<usize>,
    pushdown: bool,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NativeScanExec {
    pub(super) fn new(handle: Arc<Handle>, output: Vec<usize>, pushdown: bool) -> Result<Self> {
        let schema = Arc::new(handle.table.schema.project(&output)?);
        let properties = leaf::properties(&schema, &[], &output);
        let metrics = ExecutionPlanMetricsSet::new();
        Ok(Self { handle, output, filters: Vec::new(), order: Vec::new(), fetch: None, pushdown, properties, metrics })
    }

    /// What the source is asked for, and whether it answers with that and no more.
    fn asked(&self) -> (Predicate, bool) {
        if !self.pushdown {
            return (Predicate::True, self.filters.is_empty());
        }
        let handle = &self.handle;
        let wanted = self.filters.iter().map(|filter| translate::predicate_over(filter, &|column| handle.columns[column]));
        let wanted = Predicate::and(wanted);
        let mut exact = true;
        let mut asked = Vec::new();
        for part in wanted.conjuncts() {
            let clear = without_opaque(part);
            let pushed = if clear == Predicate::True { Pushed::Never } else { handle.source.pushed(&handle.table.name, &clear) };
            exact &= pushed == Pushed::Exact && clear == *part;
            if pushed != Pushed::Never {
                asked.push(clear);
            }
        }
        (Predicate::and(asked), exact)
    }

    /// The columns that are read: what leaves, and what is rechecked.
    fn columns(&self) -> Vec<usize> {
        let mut columns = self.output.clone();
        columns.extend(self.filters.iter().flat_map(express::columns_of));
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    fn request(&self, run: Arc<Run>) -> Result<ScanRequest> {
        let columns = self.columns();
        let (filter, exact) = self.asked();
        Ok(ScanRequest {
            table: self.handle.table.name.clone(),
            schema: Arc::new(self.handle.table.schema.project(&columns)?),
            columns,
            filter,
            order: self.order.clone(),
            limit: self.fetch.filter(|_| exact && self.pushdown),
            run,
        })
    }
}

/// The predicate without what it can't say: a weaker one.
fn without_opaque(predicate: &Predicate) -> Predicate {
    match predicate {
        Predicate::Opaque => Predicate::True,
        Predicate::And(parts) => Predicate::and(parts.iter().map(without_opaque)),
        Predicate::Or(parts) => Predicate::or(parts.iter().map(without_opaque)),
        other => other.clone(),
    }
}

impl DisplayAs for NativeScanExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.handle.full_name();
        if kind == DisplayFormatType::TreeRender {
            return f.write_str(&name);
        }
        let schema = &self.handle.table.schema;
        let columns: Vec<&str> = self.columns().iter().map(|column| schema.field(*column).name().as_str()).collect();
        write!(f, "NativeScanExec: {name} columns=[{}]", columns.join(", "))?;
        let (asked, exact) = self.asked();
        if asked != Predicate::True {
            match express::physical(&asked, schema, &|column| self.handle.columns[column].0) {
                Ok(asked) => write!(f, " asked=[{asked}]")?,
                Err(_) => f.write_str(" asked=[…]")?,
            }
        }
        if !self.filters.is_empty() {
            let filters: Vec<String> = self.filters.iter().map(ToString::to_string).collect();
            write!(f, " recheck=[{}]", filters.join(" AND "))?;
        }
        if !self.order.is_empty() {
            let word = |dir| if dir == Dir::Asc { "ASC" } else { "DESC" };
            let keys = self.order.iter().map(|order| format!("{} {}", schema.field(order.column).name(), word(order.dir)));
            write!(f, " order=[{}]", keys.collect::<Vec<_>>().join(", "))?;
        }
        match self.fetch {
            Some(fetch) if exact && self.pushdown => write!(f, " limit={fetch}"),
            Some(fetch) => write!(f, " fetch={fetch}"),
            None => Ok(()),
        }
    }
}

impl ExecutionPlan for NativeScanExec {
    fn name(&self) -> &'static str {
        "NativeScanExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        Vec::new()
    }

    fn with_new_children(self: Arc<Self>, _children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(self)
    }

    fn apply_expressions(&self, f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>) -> Result<TreeNodeRecursion> {
        apply_expression_roots(&self.filters, f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return internal_err!("NativeScanExec has one partition, not {partition}");
        }
        let run = Run::of(context.session_config());
        engine::note_missing_settings(context.session_config(), &run);
        let rows = Rows::new(self, run)?;
        let baseline = BaselineMetrics::new(&self.metrics, 0);
        let schema = self.schema();
        let stream = futures::stream::try_unfold(rows, move |rows| {
            let baseline = baseline.clone();
            async move {
                let Some((batch, rows)) = rows.next().await? else { return Ok(None) };
                baseline.record_output(batch.num_rows());
                Ok(Some((batch, rows)))
            }
        });
        // A source that never waits would keep its thread from everybody else.
        Ok(make_cooperative(Box::pin(RecordBatchStreamAdapter::new(schema, stream))))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let rows = self.handle.table.rows.unwrap_or(MANY_ROWS);
        let rows = if self.filters.is_empty() { rows } else { rows.div_ceil(10) };
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Inexact(self.fetch.map_or(rows, |fetch| fetch.min(rows)));
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        Some(Arc::new(Self { fetch: limit, ..self.clone() }))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    /// Every conjunct is absorbed, so that rows leave as they come and a limit reaches the scan; after a limit none may be: first the
    /// limit, then the filter, is another query.
    fn handle_child_pushdown_result(
        &self,
        phase: FilterPushdownPhase,
        result: ChildPushdownResult,
        _config: &ConfigOptions,
    ) -> Result<FilterPushdownPropagation<Arc<dyn ExecutionPlan>>> {
        let mut node = self.clone();
        let mut answers = Vec::with_capacity(result.parent_filters.len());
        for filter in &result.parent_filters {
            let dynamic = DynamicFilterTracking::classify(&filter.filter).contains_dynamic_filter();
            if dynamic || phase != FilterPushdownPhase::Pre || self.fetch.is_some() {
                answers.push(PushedDown::No);
                continue;
            }
            node.filters.push(express::renumbered(&filter.filter, &|position| self.output.get(position).copied())?);
            answers.push(PushedDown::Yes);
        }
        let propagation = FilterPushdownPropagation::with_parent_pushdown_result(answers);
        if node.filters.len() == self.filters.len() {
            return Ok(propagation);
        }
        Ok(propagation.with_updated_node(Arc::new(node)))
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        let handle = &self.handle;
        let order = leaf::table_order(order, &self.output).filter(|_| self.pushdown && self.fetch.is_none());
        let Some(order) = order.filter(|order| handle.source.sorts(&handle.table.name, order)) else {
            return Ok(SortOrderPushdownResult::Unsupported);
        };
        let properties = leaf::properties(&self.schema(), &order, &self.output);
        Ok(SortOrderPushdownResult::Exact { inner: Arc::new(Self { order, properties, ..self.clone() }) })
    }

    /// Takes over a projection of plain columns: once filters are absorbed, their columns need not leave the scan.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some((output, schema)) = leaf::projected(projection, &self.schema(), &self.output) else { return Ok(None) };
        let properties = leaf::properties(&schema, &self.order, &output);
        Ok(Some(Arc::new(Self { output, properties, ..self.clone() })))
    }
}

/// A scan at work.
struct Rows {
    handle: Arc<Handle>,
    /// What to ask for, until it was.
    request: Option<ScanRequest>,
    batches: Batches,
    /// What batches must look like.
    expected: SchemaRef,
    /// What every row must fulfil, over what is read.
    recheck: Option<Arc<dyn PhysicalExpr>>,
    /// Positions, in what is read, of what leaves.
    output: Vec<usize>,
    schema: SchemaRef,
    left: Option<usize>,
}

impl Rows {
    fn new(exec: &NativeScanExec, run: Arc<Run>) -> Result<Self> {
        let request = exec.request(run)?;
        let place = |column: usize| request.columns.iter().position(|read| *read == column);
        let filters = exec.filters.iter().map(|filter| express::renumbered(filter, &place)).collect::<Result<Vec<_>>>()?;
        Ok(Self {
            handle: Arc::clone(&exec.handle),
            expected: Arc::clone(&request.schema),
            recheck: conjunction_opt(filters),
            output: exec.output.iter().filter_map(|column| place(*column)).collect(),
            schema: exec.schema(),
            left: exec.fetch,
            request: Some(request),
            batches: Box::pin(futures::stream::empty()),
        })
    }

    async fn next(mut self) -> Result<Option<(RecordBatch, Self)>> {
        if let Some(request) = self.request.take() {
            self.batches = self.handle.source.scan(request);
        }
        while self.left != Some(0) {
            let batch = self.batches.try_next().await;
            let batch = batch.map_err(|error| DataFusionError::Execution(format!("{}: {error}", self.handle.full_name())))?;
            let Some(batch) = batch else { return Ok(None) };
            let batch = self.checked(&batch)?;
            if batch.num_rows() > 0 {
                self.left = self.left.map(|left| left - batch.num_rows());
                return Ok(Some((batch, self)));
            }
        }
        Ok(None)
    }

    /// The rows of a batch that are wanted, with the columns that leave.
    fn checked(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let types = |schema: &Schema| schema.fields().iter().map(|field| field.data_type().clone()).collect::<Vec<_>>();
        let (found, expected) = (types(batch.schema_ref()), types(&self.expected));
        if found != expected {
            let name = self.handle.full_name();
            let names = self.expected.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type()));
            let names = names.collect::<Vec<_>>().join(", ");
            let message = format!("{name}: the source gave a batch of types {found:?} where [{names}] was asked for");
            return Err(DataFusionError::Execution(message));
        }
        let mut wanted = batch.clone();
        if let Some(recheck) = &self.recheck {
            let passes = recheck.evaluate(batch)?.into_array(batch.num_rows())?;
            wanted = filter_record_batch(batch, as_boolean_array(&passes)?)?;
        }
        let wanted = wanted.slice(0, self.left.map_or(wanted.num_rows(), |left| left.min(wanted.num_rows())));
        let columns = self.output.iter().map(|column| Arc::clone(wanted.column(*column))).collect();
        let options = RecordBatchOptions::new().with_row_count(Some(wanted.num_rows()));
        Ok(RecordBatch::try_new_with_options(Arc::clone(&self.schema), columns, &options)?)
    }
}
