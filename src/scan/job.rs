//! What a scan runs on: its plan, its units, and the parents that are listed before them.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryPool, MemoryReservation};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet};
use datafusion::physical_plan::sorts::streaming_merge::StreamingMergeBuilder;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{FutureExt, StreamExt, TryStreamExt};

use super::cached;
use super::driver::Driver;
use super::exec::ApiScanExec;
use super::express;
use super::leaf;
use super::page::PageReader;
use super::table::{SourceHandle, TableHandle};
use super::unit::Chain;
use crate::engine::Run;
use crate::http::Listing;
use crate::predicate::{Predicate, Value};
use crate::request::{ApiRequest, Binding, Bindings, ParentPlan, ScanPlan, Unit};

/// Everything that a scan needs to run.
#[derive(Clone)]
pub(super) struct ScanJob {
    pub(super) source: Arc<SourceHandle>,
    pub(super) table: Arc<TableHandle>,
    pub(super) plan: Arc<ScanPlan>,
    /// Over the whole table's schema.
    pub(super) filters: Vec<Arc<dyn PhysicalExpr>>,
    pub(super) output: Vec<usize>,
    pub(super) schema: SchemaRef,
    pub(super) fetch: Option<usize>,
    /// How old the lists may be that come before this one.
    pub(super) cache_ttl: Duration,
    /// How old this list may be, if it may come from the cache and is kept there.
    pub(super) max_age: Option<Duration>,
    pub(super) run: Arc<Run>,
}

impl fmt::Debug for ScanJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScanJob({})", self.table.spec.full_name())
    }
}

impl ScanJob {
    /// The rows. Nothing is asked before the first poll.
    pub(super) fn stream(self, metrics: &ExecutionPlanMetricsSet, pool: &Arc<dyn MemoryPool>) -> SendableRecordBatchStream {
        let schema = Arc::clone(&self.schema);
        let baseline = BaselineMetrics::new(metrics, 0);
        let pool = Arc::clone(pool);
        let stream = async move { self.open(baseline, &pool).await }.into_stream().try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(schema, stream))
    }

    pub(super) async fn open(self, baseline: BaselineMetrics, pool: &Arc<dyn MemoryPool>) -> Result<SendableRecordBatchStream> {
        let reservation = MemoryConsumer::new(format!("ApiScan[{}]", self.table.spec.full_name())).register(pool);
        let within = if self.plan.needs_restriction() && !self.plan.nothing { Some(self.restriction(pool).await?) } else { None };
        if self.plan.nothing || within.as_ref().is_some_and(Vec::is_empty) {
            let schema = Arc::clone(&self.schema);
            return Ok(Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::empty())));
        }
        let reader = Arc::new(PageReader::new(&self)?);
        let work = Work { pool: Arc::clone(pool), reader, within: within.map(Arc::new), job: Arc::new(self) };
        let merged = work.job.plan.ordered && !matches!(work.job.plan.bindings, Bindings::None);
        if merged {
            return work.merged(baseline, reservation).await;
        }
        let pending = match &work.job.plan.bindings {
            Bindings::None => Pending { units: work.units(None)?.into(), parents: None },
            Bindings::Named(named) => {
                let mut units = VecDeque::new();
                for binding in named {
                    units.extend(work.units(Some(binding))?);
                }
                Pending { units, parents: None }
            }
            Bindings::Listed(parent) => Pending { units: VecDeque::new(), parents: Some(work.parents(parent)?) },
        };
        Ok(Driver::new(work, pending, reservation).into_stream(baseline))
    }

    /// The list that begins with a request, if it may come from the cache.
    pub(super) fn listing(&self, first: &ApiRequest) -> Option<Arc<Listing>> {
        Some(self.source.client.listing(&self.table.spec.name, first, self.max_age?, &self.run.stats))
    }

    /// All values of the column that restricts a list which must not be without restriction.
    pub(super) async fn restriction(&self, pool: &Arc<dyn MemoryPool>) -> Result<Vec<Value>> {
        let Some(list) = ApiScanExec::restriction(&self.source, &self.table)? else { return Ok(Vec::new()) };
        let list = list.with_cache_ttl(self.cache_ttl).job(Arc::clone(&self.run));
        let mut list = Reused::new(ScanJob { max_age: self.max_age_before(), ..list }, pool);
        let mut values = Vec::new();
        while let Some(batch) = list.next().await {
            let batch = batch?;
            values.extend((0..batch.num_rows()).filter_map(|row| express::value(batch.column(0).as_ref(), row)));
        }
        values.dedup();
        Ok(values)
    }

    /// How old a list may be that comes before this one.
    pub(super) fn max_age_before(&self) -> Option<Duration> {
        (!self.cache_ttl.is_zero()).then_some(self.cache_ttl)
    }
}

pub(super) fn missing(name: &str) -> DataFusionError {
    DataFusionError::Internal(format!("{name} is not part of the source"))
}

/// What all units of a scan share.
#[derive(Clone)]
pub(super) struct Work {
    pub(super) job: Arc<ScanJob>,
    pub(super) reader: Arc<PageReader>,
    pub(super) within: Option<Arc<Vec<Value>>>,
    pub(super) pool: Arc<dyn MemoryPool>,
}

/// Units that are not open yet.
pub(super) struct Pending {
    pub(super) units: VecDeque<Chain>,
    pub(super) parents: Option<Parents>,
}

/// A list that may come from the cache. That there is nothing on it is only believed of one that is asked for now: what a query names
/// may have been made a moment ago.
pub(super) struct Reused {
    pub(super) rows: SendableRecordBatchStream,
    /// The same list, asked for now; none once there was a row, or if that is what is read.
    pub(super) again: Option<ScanJob>,
    pub(super) pool: Arc<dyn MemoryPool>,
}

impl Reused {
    pub(super) fn new(job: ScanJob, pool: &Arc<dyn MemoryPool>) -> Self {
        let kept = job.max_age.is_some() && cached::oldest(&job.source, &job.plan).is_some();
        let again = kept.then(|| ScanJob { max_age: Some(Duration::ZERO), ..job.clone() });
        Self { rows: job.stream(&ExecutionPlanMetricsSet::new(), pool), again, pool: Arc::clone(pool) }
    }

    pub(super) async fn next(&mut self) -> Option<Result<RecordBatch>> {
        loop {
            match (self.rows.next().await, self.again.take()) {
                (None, Some(again)) => self.rows = again.stream(&ExecutionPlanMetricsSet::new(), &self.pool),
                (Some(Ok(batch)), again) if batch.num_rows() == 0 => self.again = again,
                (batch, _) => return batch,
            }
        }
    }
}

/// Parents that are still being listed.
pub(super) struct Parents {
    pub(super) rows: Reused,
    pub(super) bind: Vec<usize>,
    pub(super) named: bool,
    pub(super) seen: HashSet<String>,
}

impl Work {
    pub(super) fn chain(&self, unit: Unit, binding: Option<&Binding>) -> Result<Chain> {
        let check = self.reader.check(&unit, &self.job)?;
        let plan = &self.job.plan;
        Ok(Chain::new(unit, check, binding.cloned(), plan.paging().clone(), Arc::clone(&plan.table)))
    }

    pub(super) fn units(&self, binding: Option<&Binding>) -> Result<Vec<Chain>> {
        let within = self.within.as_ref().map(|values| values.as_slice());
        let units = self.job.plan.units_of(binding, within).map_err(|error| DataFusionError::Execution(error.0))?;
        units.into_iter().map(|unit| self.chain(unit, binding)).collect()
    }

    pub(super) fn parents(&self, parent: &ParentPlan) -> Result<Parents> {
        let job = &self.job;
        let table = job.source.tables.get(&parent.plan.table.name).ok_or_else(|| missing(&parent.plan.table.name))?;
        let filters = match &parent.predicate {
            Predicate::True => Vec::new(),
            predicate => vec![express::physical(predicate, &table.schema, &super::exec::kind_of(table))?],
        };
        let output: Vec<usize> = parent.bind.iter().map(|(_, column)| *column).collect();
        let rows = ScanJob {
            source: Arc::clone(&job.source),
            schema: Arc::new(table.schema.project(&output)?),
            table: Arc::clone(table),
            plan: Arc::new(parent.plan.clone()),
            filters,
            output,
            fetch: None,
            cache_ttl: job.cache_ttl,
            max_age: job.max_age_before().filter(|_| cached::keeps_parents(&job.table.spec)),
            run: Arc::clone(&job.run),
        };
        Ok(Parents {
            rows: Reused::new(rows, &self.pool),
            bind: parent.bind.iter().map(|(column, _)| *column).collect(),
            named: parent.named,
            seen: HashSet::new(),
        })
    }

    /// Each unit as a sorted stream, merged: the first page of each, then only where the next row lies.
    pub(super) async fn merged(self, baseline: BaselineMetrics, reservation: MemoryReservation) -> Result<SendableRecordBatchStream> {
        let mut chains = Vec::new();
        match &self.job.plan.bindings {
            Bindings::None => chains = self.units(None)?,
            Bindings::Named(named) => {
                for binding in named {
                    chains.extend(self.units(Some(binding))?);
                }
            }
            Bindings::Listed(parent) => {
                let mut parents = self.parents(parent)?;
                while let Some(batch) = parents.rows.next().await {
                    for binding in parents.bindings(&batch?, &self.job) {
                        chains.extend(self.units(Some(&binding))?);
                    }
                }
            }
        }
        let job = Arc::clone(&self.job);
        let one_at_most = chains.len() <= 1;
        let Some(order) = leaf::sort_keys(&job.plan.order, &job.schema, &job.output).filter(|_| !one_at_most) else {
            let pending = Pending { units: chains.into(), parents: None };
            return Ok(Driver::new(self, pending, reservation).into_stream(baseline));
        };
        let streams = chains
            .into_iter()
            .map(|chain| {
                let pending = Pending { units: VecDeque::from([chain]), parents: None };
                let metrics = BaselineMetrics::new(&ExecutionPlanMetricsSet::new(), 0);
                Driver::new(self.clone(), pending, reservation.new_empty()).into_stream(metrics)
            })
            .collect();
        StreamingMergeBuilder::new()
            .with_streams(streams)
            .with_schema(Arc::clone(&job.schema))
            .with_expressions(&order)
            .with_metrics(baseline)
            .with_batch_size(1024)
            .with_fetch(job.fetch)
            .with_reservation(reservation)
            .build()
    }
}

impl Parents {
    pub(super) fn bindings(&mut self, batch: &RecordBatch, job: &ScanJob) -> Vec<Binding> {
        let mut all = Vec::new();
        for row in 0..batch.num_rows() {
            let cells = self.bind.iter().enumerate();
            let values: Vec<(usize, Value)> =
                cells.filter_map(|(position, column)| Some((*column, express::value(batch.column(position).as_ref(), row)?))).collect();
            // What only fills a column in may be NULL.
            let leads = |column: &usize| values.iter().any(|(known, _)| known == column);
            let required = job.table.spec.parent.iter().flat_map(|parent| &parent.bind);
            if !required.map(|(column, _)| column).all(leads) {
                let table = job.table.spec.full_name();
                job.run.stats.warn(format!("{table}: a parent without a value in the columns that lead to its rows was left out"));
                continue;
            }
            // A list that moved while it was paged may name a parent twice.
            if self.seen.insert(format!("{values:?}")) {
                all.push(Binding { values, listed: !self.named });
            }
        }
        all
    }
}
