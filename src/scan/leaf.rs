//! What the tables and plan nodes of declared and of native sources share: how filters and limits are answered while planning, and
//! what an order and a projection mean to a scan that has only some of its table's columns.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::compute::{SortOptions, concat_batches};
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{ScanArgs, ScanResult};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, Partitioning, PhysicalSortExpr};
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType, SchedulingType};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::sort_batch;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, PlanProperties};
use futures::TryStreamExt;

use crate::request::Order;
use crate::spec::Dir;

/// Inexact for every filter: the logical plan keeps it, the physical phase offers it again and the scan absorbs it there.
/// A reference to an outer query has no value yet.
pub(crate) fn inexact(filters: &[&Expr]) -> Vec<TableProviderFilterPushDown> {
    let answer = |filter: &&Expr| {
        if filter.contains_outer() { TableProviderFilterPushDown::Unsupported } else { TableProviderFilterPushDown::Inexact }
    };
    filters.iter().map(answer).collect()
}

/// The scan with its limit. `DataFusion` hands one down only where no filter stands between.
pub(crate) fn limited(exec: Arc<dyn ExecutionPlan>, args: &ScanArgs<'_>) -> ScanResult {
    let free = args.filters().is_none_or(<[Expr]>::is_empty);
    ScanResult::new(if free { exec.with_fetch(args.limit()).unwrap_or(exec) } else { exec })
}

/// The order over the output's columns as one over the table's, if every key is a plain column. None if NULLs are wanted elsewhere
/// than SQL puts them by default (last going up, first going down): no table says that it can do that.
pub(crate) fn table_order(order: &[PhysicalSortExpr], output: &[usize]) -> Option<Vec<Order>> {
    let key = |key: &PhysicalSortExpr| {
        let column = *output.get(key.expr.downcast_ref::<Column>()?.index())?;
        let dir = if key.options.descending { Dir::Desc } else { Dir::Asc };
        (key.options.nulls_first == key.options.descending).then_some(Order { column, dir })
    };
    order.iter().map(key).collect()
}

/// The order as far as it can be seen: what is sorted by a column that does not leave is sorted by nothing that anybody sees.
pub(crate) fn sort_keys(order: &[Order], schema: &Schema, output: &[usize]) -> Option<LexOrdering> {
    LexOrdering::new(order.iter().map_while(|order| {
        let position = output.iter().position(|column| *column == order.column)?;
        let options = SortOptions { descending: order.dir == Dir::Desc, nulls_first: order.dir == Dir::Desc };
        Some(PhysicalSortExpr::new(Arc::new(Column::new(schema.field(position).name(), position)), options))
    }))
}

/// All rows in this order; they must be few.
pub(crate) fn sorted(rows: SendableRecordBatchStream, order: LexOrdering, fetch: Option<usize>) -> SendableRecordBatchStream {
    let schema = rows.schema();
    let all = async move {
        let schema = rows.schema();
        let batches: Vec<RecordBatch> = rows.try_collect().await?;
        sort_batch(&concat_batches(&schema, &batches)?, &order, fetch)
    };
    Box::pin(RecordBatchStreamAdapter::new(schema, futures::stream::once(all)))
}

/// One partition, rows as they come, in this order.
pub(crate) fn properties(schema: &SchemaRef, order: &[Order], output: &[usize]) -> Arc<PlanProperties> {
    let equivalence = EquivalenceProperties::new_with_orderings(Arc::clone(schema), sort_keys(order, schema, output));
    let properties =
        PlanProperties::new(equivalence, Partitioning::UnknownPartitioning(1), EmissionType::Incremental, Boundedness::Bounded);
    Arc::new(properties.with_scheduling_type(SchedulingType::Cooperative))
}

/// Output and schema of the scan that takes over a projection, if that is of plain columns: once filters are absorbed, their columns
/// need not leave the scan.
pub(crate) fn projected(projection: &ProjectionExec, schema: &Schema, output: &[usize]) -> Option<(Vec<usize>, SchemaRef)> {
    let column = |wanted: &datafusion::physical_expr::projection::ProjectionExpr| -> Option<(usize, Field)> {
        let column = wanted.expr.downcast_ref::<Column>()?.index();
        Some((output[column], schema.field(column).clone().with_name(&wanted.alias)))
    };
    let (output, fields): (Vec<usize>, Vec<Field>) = projection.expr().iter().map(column).collect::<Option<Vec<_>>>()?.into_iter().unzip();
    Some((output, Arc::new(Schema::new(fields))))
}
