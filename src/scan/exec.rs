//! The plan node: what is absorbed on the way through the optimiser, as plain data plus a handle to the source.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::config::ConfigOptions;
use datafusion::common::stats::Precision;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, Statistics};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::DynamicFilterTracking;
use datafusion::physical_expr::{PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::apply_expression_roots;
use datafusion::physical_plan::filter_pushdown::{ChildPushdownResult, FilterPushdownPhase, FilterPushdownPropagation, PushedDown};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sort_pushdown::SortOrderPushdownResult;
use datafusion::physical_plan::statistics::StatisticsArgs;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{FutureExt, TryStreamExt};

use super::cached;
use super::express;
use super::job::ScanJob;
use super::join::{self, Dynamic};
use super::leaf;
use super::table::{SourceHandle, TableHandle};
use super::translate;
use crate::engine::{self, Run};
use crate::predicate::Predicate;
use crate::request::{Bindings, Order, Scan, ScanPlan, plan};
use crate::spec::{ColumnType, Dir, Origin};

/// Rows that a list is assumed to have: enough to be the probe side of a join with anything known to be small.
const MANY_ROWS: usize = 100_000;

/// A scan of an API table: one output partition, concurrency inside.
#[derive(Clone, Debug)]
pub struct ApiScanExec {
    source: Arc<SourceHandle>,
    table: Arc<TableHandle>,
    /// Positions in the table of the columns that leave, in their order.
    output: Vec<usize>,
    /// Absorbed conjuncts, over the whole table's schema.
    filters: Vec<Arc<dyn PhysicalExpr>>,
    /// Filters that are known later. Whoever makes them keeps them, too.
    dynamics: Vec<Dynamic>,
    order: Vec<Order>,
    fetch: Option<usize>,
    pushdown: bool,
    /// How old the lists may be that come before the table's own.
    cache_ttl: Duration,
    /// What the cache held when the scan began, for EXPLAIN ANALYZE.
    cached: Arc<OnceLock<String>>,
    plan: Arc<ScanPlan>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ApiScanExec {
    /// A scan that wants everything of some columns.
    ///
    /// # Errors
    /// If the table cannot be asked at all.
    pub fn new(source: Arc<SourceHandle>, table: Arc<TableHandle>, output: Vec<usize>, pushdown: bool) -> Result<Self> {
        let schema = Arc::new(table.schema.project(&output)?);
        let wanted = Wanted {
            source: &source,
            table: &table,
            output: &output,
            filters: &[],
            joined: &Predicate::True,
            order: &[],
            fetch: None,
            pushdown,
        };
        let plan = Arc::new(wanted.plan()?);
        let properties = leaf::properties(&schema, &[], &output);
        let metrics = ExecutionPlanMetricsSet::new();
        let cache_ttl = source.client.cache_ttl();
        Ok(Self {
            source,
            table,
            output,
            filters: Vec::new(),
            dynamics: Vec::new(),
            order: Vec::new(),
            fetch: None,
            pushdown,
            cache_ttl,
            cached: Arc::default(),
            plan,
            properties,
            metrics,
        })
    }

    /// What will be asked.
    pub fn plan(&self) -> &ScanPlan {
        &self.plan
    }

    /// The scan with another age up to which lists that come before the table's own may be taken from the cache.
    #[must_use]
    pub fn with_cache_ttl(mut self, ttl: Duration) -> Self {
        self.cache_ttl = ttl;
        self
    }

    /// The list of the values that restrict a table which must not be listed without restriction; none for other tables.
    pub(super) fn restriction(source: &Arc<SourceHandle>, table: &TableHandle) -> Result<Option<Self>> {
        let Some(from) = &table.spec.unbounded else { return Ok(None) };
        let missing = |name: &str| DataFusionError::Internal(format!("{name} is not part of the source"));
        let of = source.tables.get(&from.table).ok_or_else(|| missing(&from.table))?;
        let column = of.spec.column(&from.column).ok_or_else(|| missing(&from.column))?;
        let filter = source.restrictions.get(&table.spec.name).cloned();
        let list = Self::new(Arc::clone(source), Arc::clone(of), vec![column], true)?;
        list.with_filters(filter.into_iter().collect()).map(Some)
    }

    /// The scan with these conjuncts, over the whole table's schema, absorbed.
    pub(super) fn with_filters(mut self, filters: Vec<Arc<dyn PhysicalExpr>>) -> Result<Self> {
        self.filters = filters;
        let schema = self.schema();
        self.replan(&schema)
    }

    pub(super) fn job(&self, run: Arc<Run>) -> ScanJob {
        ScanJob {
            source: Arc::clone(&self.source),
            table: Arc::clone(&self.table),
            plan: Arc::clone(&self.plan),
            filters: self.filters.clone(),
            output: self.output.clone(),
            schema: self.schema(),
            fetch: self.fetch,
            cache_ttl: self.cache_ttl,
            max_age: None,
            run,
        }
    }

    fn replan(mut self, schema: &SchemaRef) -> Result<Self> {
        self.plan = Arc::new(self.planned(&Predicate::True)?);
        self.properties = leaf::properties(schema, if self.plan.ordered { &self.order } else { &[] }, &self.output);
        Ok(self)
    }

    /// The plan, if joins allow only this.
    fn planned(&self, joined: &Predicate) -> Result<ScanPlan> {
        let wanted = Wanted {
            source: &self.source,
            table: &self.table,
            output: &self.output,
            filters: &self.filters,
            joined,
            order: &self.order,
            fetch: self.fetch,
            pushdown: self.pushdown,
        };
        wanted.plan()
    }

    pub(super) fn dynamics(&self) -> &[Dynamic] {
        &self.dynamics
    }

    pub(super) fn with_dynamics(mut self, dynamics: Vec<Dynamic>) -> Self {
        self.dynamics = dynamics;
        self
    }

    /// About how many rows will be read. Nobody knows, but whoever hangs on many parents has many more than they.
    pub(super) fn rows(&self) -> usize {
        let listed = |filters: bool| if filters { MANY_ROWS / 10 } else { MANY_ROWS };
        let rows = match (&self.plan.keys, &self.plan.bindings) {
            _ if self.plan.nothing => 0,
            (Some((_, chunks)), _) => chunks.iter().map(Vec::len).sum(),
            (None, Bindings::None) => listed(!self.filters.is_empty()),
            (None, Bindings::Named(named)) => listed(!self.filters.is_empty()) / 10 * named.len(),
            (None, Bindings::Listed(parent)) => {
                listed(!self.filters.is_empty()).saturating_mul(listed(parent.predicate != Predicate::True) / 100)
            }
        };
        self.fetch.map_or(rows, |fetch| rows.min(fetch))
    }

    /// What is rechecked here, and why, in words.
    fn recheck(&self) -> String {
        let bracketed = |text: String| if text.contains(" OR ") { format!("({text})") } else { text };
        let mut parts: Vec<String> = self.filters.iter().map(|filter| bracketed(filter.to_string())).collect();
        parts.extend(self.table.keep.iter().map(|keep| format!("keep {keep}")));
        if parts.is_empty() {
            return String::new();
        }
        let why = match (&self.plan.keys, self.plan.exact) {
            _ if !self.pushdown => "pushdown is off",
            (Some(_), _) => "keys are looked up",
            (None, true) => "the API's answer should be exact",
            (None, false) => "the API is asked for more",
        };
        format!(" recheck=[{}] ({why})", parts.join(" AND "))
    }

    fn units(&self) -> String {
        let lookup = match &self.plan.keys {
            Some((column, chunks)) => {
                let keys: usize = chunks.iter().map(Vec::len).sum();
                format!(" lookup={}({keys} keys, {} requests)", self.table.spec.columns[*column].name, chunks.len())
            }
            None => String::new(),
        };
        let units = match &self.plan.bindings {
            Bindings::None => String::new(),
            Bindings::Named(named) if named.len() == 1 => String::new(),
            Bindings::Named(named) => format!(" units={}", named.len()),
            Bindings::Listed(parent) => {
                format!(" units=one per row of {} [{}]", parent.plan.table.full_name(), parent.plan)
            }
        };
        let restricted = match &self.table.spec.unbounded {
            Some(from) if self.plan.needs_restriction() => format!(" after=[one list of {}.{}]", self.source.name, from.table),
            _ => String::new(),
        };
        let read: Vec<usize> = needed_columns(&self.table, &self.output, &self.filters);
        let details: Vec<String> = (0..self.table.spec.hydrates.len())
            .filter(|hydrate| read.iter().any(|column| self.table.spec.columns[*column].hydrate == Some(*hydrate)))
            .map(|hydrate| self.plan.describe_detail(hydrate))
            .collect();
        let details = if details.is_empty() { String::new() } else { format!(" per row=[{}]", details.join(", ")) };
        let mut joined: Vec<usize> =
            self.dynamics.iter().filter(|dynamic| dynamic.from_join).flat_map(|dynamic| express::columns_of(&dynamic.filter)).collect();
        joined.sort_unstable();
        joined.dedup();
        let joined: Vec<&str> = joined.into_iter().map(|column| self.table.spec.columns[column].name.as_str()).collect();
        let joined = if joined.is_empty() { String::new() } else { format!(" keys=[{} from the join]", joined.join(", ")) };
        format!("{lookup}{units}{joined}{restricted}{details}")
    }

    /// What the cache holds now of the lists that come first.
    fn cached(&self) -> String {
        cached::describe(&self.source, &self.plan, self.cache_ttl).unwrap_or_default()
    }

    fn pages(&self) -> &'static str {
        use crate::spec::PagingKind;
        let paging = self.plan.paging();
        match paging.kind {
            PagingKind::None => "one",
            PagingKind::Link if paging.numbered.is_some() => "numbered, several at once",
            PagingKind::Link | PagingKind::Token | PagingKind::Offset | PagingKind::Page => "one after another",
        }
    }
}

/// What a scan is planned from.
struct Wanted<'a> {
    source: &'a SourceHandle,
    table: &'a TableHandle,
    output: &'a [usize],
    filters: &'a [Arc<dyn PhysicalExpr>],
    joined: &'a Predicate,
    order: &'a [Order],
    fetch: Option<usize>,
    pushdown: bool,
}

impl Wanted<'_> {
    fn plan(&self) -> Result<ScanPlan> {
        let Self { source, table, .. } = self;
        let predicate = Predicate::and(self.filters.iter().map(|filter| translate::predicate(filter, &table.spec)));
        let columns = needed_columns(table, self.output, self.filters);
        let scan = Scan {
            source: &source.spec,
            table: &table.spec,
            inputs: &source.inputs,
            parent_filters: &source.parent_filters,
            parent_defaults: &source.parent_defaults,
            reads: &source.reads,
            predicate: &predicate,
            joined: self.joined,
            columns: &columns,
            order: self.order,
            fetch: self.fetch,
            pushdown: self.pushdown,
        };
        plan(&scan).map_err(|error| DataFusionError::Plan(error.0))
    }
}

/// Columns that are output, rechecked, or that others follow from.
pub(super) fn needed_columns(table: &TableHandle, output: &[usize], filters: &[Arc<dyn PhysicalExpr>]) -> Vec<usize> {
    let mut columns: Vec<usize> = output.to_vec();
    columns.extend(filters.iter().flat_map(express::columns_of));
    table.reads.with(&columns)
}

impl DisplayAs for ApiScanExec {
    fn fmt_as(&self, kind: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = format!("{}.{}", self.source.name, self.table.spec.name);
        let order = if self.plan.ordered {
            let keys: Vec<String> = self
                .order
                .iter()
                .map(|order| {
                    format!("{} {}", self.table.spec.columns[order.column].name, if order.dir == Dir::Asc { "ASC" } else { "DESC" })
                })
                .collect();
            format!(" order=[{}]", keys.join(", "))
        } else {
            String::new()
        };
        let fetch = self.fetch.map_or_else(String::new, |fetch| format!(" fetch={fetch}"));
        let stop = match &self.plan.stop {
            Some(stop) => format!(" stop=[first row past the bound on {}]", self.table.spec.columns[stop.column].name),
            None => String::new(),
        };
        let pushdown = if self.pushdown { "" } else { " pushdown=off" };
        if kind == DisplayFormatType::TreeRender {
            return write!(f, "{name}\n{}", self.plan);
        }
        write!(
            f,
            "ApiScanExec: {name} {}{}{}{}{order}{stop}{fetch} pages={}{pushdown}",
            self.plan,
            self.units(),
            self.cached.get().map_or_else(|| self.cached(), String::clone),
            self.recheck(),
            self.pages()
        )
    }
}

impl ExecutionPlan for ApiScanExec {
    fn name(&self) -> &'static str {
        "ApiScanExec"
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
        apply_expression_roots(self.filters.iter().chain(self.dynamics.iter().map(|dynamic| &dynamic.filter)), f)
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition != 0 {
            return datafusion::common::internal_err!("ApiScanExec has one partition, not {partition}");
        }
        self.cached.get_or_init(|| self.cached());
        let (run, pool) = (Run::of(context.session_config()), context.memory_pool());
        engine::note_missing_settings(context.session_config(), &run);
        if !self.dynamics.iter().any(|dynamic| dynamic.from_join) {
            return Ok(self.job(run).stream(&self.metrics, pool));
        }
        let (mut node, pool) = (self.clone(), Arc::clone(pool));
        let stream = async move {
            let joined = join::keys(&node.dynamics, &node.table.spec).await;
            let narrower = node.planned(&joined)?;
            let unsorted = node.plan.ordered && !narrower.ordered && !narrower.nothing;
            if !unsorted {
                node.plan = Arc::new(narrower);
                return Ok(node.job(run).stream(&node.metrics, &pool));
            }
            // The order was promised when the keys were not known. Lookups have few rows and no order; a list has its own.
            let order = leaf::sort_keys(&node.order, &node.schema(), &node.output);
            let (Some(_), Some(order)) = (narrower.lookup, order) else { return Ok(node.job(run).stream(&node.metrics, &pool)) };
            node.plan = Arc::new(narrower);
            let rows = ScanJob { fetch: None, ..node.job(run) }.stream(&node.metrics, &pool);
            Ok::<_, DataFusionError>(leaf::sorted(rows, order, node.fetch))
        };
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), stream.into_stream().try_flatten())))
    }

    /// What joins said the last time is not what they say the next time.
    fn reset_state(self: Arc<Self>) -> Result<Arc<dyn ExecutionPlan>> {
        Ok(Arc::new(Self::clone(&self).with_dynamics(Vec::new())))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn statistics_from_inputs(&self, _inputs: &[Arc<Statistics>], _args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        let mut statistics = Statistics::new_unknown(&self.schema());
        statistics.num_rows = Precision::Inexact(self.rows());
        Ok(Arc::new(statistics))
    }

    fn supports_limit_pushdown(&self) -> bool {
        false
    }

    fn with_fetch(&self, limit: Option<usize>) -> Option<Arc<dyn ExecutionPlan>> {
        let mut node = self.clone();
        node.fetch = limit;
        let node = node.replan(&self.schema()).ok()?;
        Some(Arc::new(node))
    }

    fn fetch(&self) -> Option<usize> {
        self.fetch
    }

    /// Every conjunct is absorbed: the recheck happens here, so that a page's rows leave at once and a limit reaches the scan.
    /// After a limit was taken no filter may be: first the limit, then the filter, is another query.
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
            let taken = self.fetch.is_none() && (dynamic || phase == FilterPushdownPhase::Pre);
            if !taken {
                answers.push(PushedDown::No);
                continue;
            }
            let filter = express::renumbered(&filter.filter, &|position| self.output.get(position).copied())?;
            if dynamic {
                node.dynamics.push(Dynamic { filter, from_join: false });
                answers.push(PushedDown::No);
            } else {
                node.filters.push(filter);
                answers.push(PushedDown::Yes);
            }
        }
        let propagation = FilterPushdownPropagation::with_parent_pushdown_result(answers);
        if node.filters.len() > self.filters.len() {
            node = node.replan(&self.schema())?;
        } else if node.dynamics.len() == self.dynamics.len() {
            return Ok(propagation);
        }
        Ok(propagation.with_updated_node(Arc::new(node)))
    }

    fn try_pushdown_sort(&self, order: &[PhysicalSortExpr]) -> Result<SortOrderPushdownResult<Arc<dyn ExecutionPlan>>> {
        // First a limit, then an order, is another query than the reverse.
        if self.fetch.is_some() {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        let Some(order) = leaf::table_order(order, &self.output) else { return Ok(SortOrderPushdownResult::Unsupported) };
        let mut node = self.clone();
        node.order = order;
        let node = node.replan(&self.schema())?;
        if !node.plan.ordered {
            return Ok(SortOrderPushdownResult::Unsupported);
        }
        Ok(SortOrderPushdownResult::Exact { inner: Arc::new(node) })
    }

    /// Takes over a projection of plain columns: once filters are absorbed, their columns need not leave the scan.
    fn try_swapping_with_projection(&self, projection: &ProjectionExec) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let Some((output, schema)) = leaf::projected(projection, &self.schema(), &self.output) else { return Ok(None) };
        let mut node = self.clone();
        node.output = output;
        Ok(Some(Arc::new(node.replan(&schema)?)))
    }
}

/// Whether a column's values are read from the row.
pub(super) fn is_read(table: &TableHandle, column: usize) -> bool {
    matches!(table.spec.columns[column].origin, Origin::Path(_)) && table.spec.columns[column].hydrate.is_none()
}

/// The kind of a column, for rechecks.
pub(super) fn kind_of(table: &TableHandle) -> impl Fn(usize) -> ColumnType + '_ {
    |column| table.spec.columns[column].kind
}
