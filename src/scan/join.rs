//! Keys that a join supplies.
//!
//! A hash join tells its probe side, once it has read its build side, which keys can find a partner. The scan waits for that at
//! its first poll and plans once more with what it then knows: a table with parents asks for those of the keys only, a table with a
//! lookup looks them up. The join checks every row itself, so whatever is not understood here costs calls, never rows.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, CaseExpr, Column, DynamicFilterPhysicalExpr, InListExpr, Literal};
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

use super::exec::ApiScanExec;
use super::{express, translate};
use crate::predicate::{Predicate, Test, Value};
use crate::spec::{Origin, TableSpec};

/// More calls than this for keys that nobody wrote down may be more than the whole list takes.
const MOST_LOOKUPS: usize = 20;

/// More values than this make a filter longer than APIs like.
const MOST_VALUES: usize = 100;

/// More combinations of values than this are not taken apart.
const MOST_TUPLES: usize = 2_000;

/// A filter that changes while the query runs, over the whole table's schema.
#[derive(Clone, Debug)]
pub(super) struct Dynamic {
    pub(super) filter: Arc<dyn PhysicalExpr>,
    /// Whether a hash join makes it, which ends before the scan has to begin. Others follow the scan's own rows: waiting for one
    /// of them would never end.
    pub(super) from_join: bool,
}

/// What the joins above allow, when they know it.
pub(super) async fn keys(dynamics: &[Dynamic], table: &TableSpec) -> Predicate {
    let mut all = Vec::new();
    for dynamic in dynamics.iter().filter(|dynamic| dynamic.from_join) {
        for part in parts(&dynamic.filter) {
            if let Some(filter) = part.downcast_ref::<DynamicFilterPhysicalExpr>() {
                filter.wait_complete().await;
            }
        }
        all.push(usable(allowed(&dynamic.filter, table), table));
    }
    Predicate::and(all)
}

/// The filters of joins in an expression.
fn parts(expr: &Arc<dyn PhysicalExpr>) -> Vec<Arc<dyn PhysicalExpr>> {
    let mut found = Vec::new();
    // The closure never fails.
    let _ = expr.apply(|part| {
        if part.is::<DynamicFilterPhysicalExpr>() {
            found.push(Arc::clone(part));
        }
        Ok(TreeNodeRecursion::Continue)
    });
    found
}

/// A condition that holds wherever the expression does.
fn allowed(expr: &Arc<dyn PhysicalExpr>, table: &TableSpec) -> Predicate {
    if let Some(dynamic) = expr.downcast_ref::<DynamicFilterPhysicalExpr>() {
        return dynamic.current().map_or(Predicate::Opaque, |current| allowed(&current, table));
    }
    if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
        let both = || [allowed(binary.left(), table), allowed(binary.right(), table)];
        match binary.op() {
            Operator::And => return Predicate::and(both()),
            Operator::Or => return Predicate::or(both()),
            _ => {}
        }
    }
    // A join over several partitions has a branch for each.
    if let Some(case) = expr.downcast_ref::<CaseExpr>() {
        let branches = case.when_then_expr().iter().map(|(_, then)| then).chain(case.else_expr());
        return Predicate::or(branches.map(|branch| allowed(branch, table)));
    }
    tuples(expr, table).unwrap_or_else(|| translate::predicate(expr, table))
}

/// `struct(a, b) IN (…)`, as a join over several columns says it, where these lead to the rows.
fn tuples(expr: &Arc<dyn PhysicalExpr>, table: &TableSpec) -> Option<Predicate> {
    let list = expr.downcast_ref::<InListExpr>().filter(|list| !list.negated())?;
    let function = list.expr().downcast_ref::<ScalarFunctionExpr>().filter(|function| function.name() == "struct")?;
    let columns: Vec<usize> = function.args().iter().map(|arg| Some(arg.downcast_ref::<Column>()?.index())).collect::<Option<_>>()?;
    let bind = &table.parent.as_ref()?.bind;
    let leads = |column: &usize| bind.iter().any(|(bound, _)| bound == column);
    if list.len() > MOST_TUPLES || !columns.iter().all(leads) {
        return Some(Predicate::Opaque);
    }
    let mut all = Vec::with_capacity(list.len());
    for literal in list.list() {
        let ScalarValue::Struct(row) = literal.downcast_ref::<Literal>()?.value() else { return None };
        // NULL finds no partner.
        let values: Option<Vec<Value>> = row.columns().iter().map(|cell| express::value(cell.as_ref(), 0)).collect();
        let Some(values) = values else { continue };
        all.push(Predicate::and(columns.iter().zip(values).map(|(column, value)| Predicate::leaf(*column, Test::In(vec![value])))));
    }
    Some(Predicate::or(all))
}

/// The part of it that is worth asking for.
fn usable(predicate: Predicate, table: &TableSpec) -> Predicate {
    match predicate {
        Predicate::And(parts) => Predicate::and(parts.into_iter().map(|part| usable(part, table))),
        Predicate::Or(parts) => Predicate::or(parts.into_iter().map(|part| usable(part, table))),
        // Handed to the API as it stands: only what a query says itself.
        Predicate::Leaf(leaf) if table.filters.iter().any(|filter| filter.pass_through && filter.column == leaf.column) => {
            Predicate::Opaque
        }
        Predicate::Leaf(leaf) => match &leaf.test {
            Test::In(values) if !is_worth(leaf.column, values.len(), table) => Predicate::Opaque,
            _ => Predicate::Leaf(leaf),
        },
        other => other,
    }
}

fn is_worth(column: usize, values: usize, table: &TableSpec) -> bool {
    let leads = table.parent.as_ref().is_some_and(|parent| parent.bind.iter().any(|(bound, _)| *bound == column));
    if leads || matches!(table.columns[column].origin, Origin::Parent(_)) {
        return true;
    }
    match table.lookups.iter().find(|lookup| lookup.columns.contains(&column)) {
        Some(lookup) => values.div_ceil(lookup.max.max(1)) <= MOST_LOOKUPS,
        None => values <= MOST_VALUES,
    }
}

/// A session's rules, and those that joins with API tables need.
pub(crate) fn with_join_rules(optimizer: PhysicalOptimizer) -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = optimizer.rules;
    // Behind the first push of filters, which tells scans what they will ask for, and before anything is divided for a join.
    let at = rules.iter().position(|rule| rule.name() == "FilterPushdown").map_or(0, |at| at + 1);
    rules.insert(at, Arc::new(ProbeApi));
    rules.push(Arc::new(WaitForJoins));
    rules
}

/// The side of a join that costs more calls is asked second, with the keys of the other. `JoinSelection` comes too early for that:
/// what a scan will ask for is known when it has its filters.
#[derive(Debug)]
struct ProbeApi;

impl PhysicalOptimizerRule for ProbeApi {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|node| {
            let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(Transformed::no(node)) };
            // Only what is second and need not be kept whole is asked by keys.
            let other = join.join_type();
            let gains = other.supports_swap() && !join.null_aware && other.swap().on_lr_is_preserved().1;
            if !gains || cost(join.left()) <= cost(join.right()).max(file_rows(join.right())?) {
                return Ok(Transformed::no(node));
            }
            Ok(Transformed::yes(join.swap_inputs(*join.partition_mode())?))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "sqluice_probe_api"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// What the dearest scan of a plan may cost, in rows; a scan that waits for the keys of another costs no more than that one.
fn cost(plan: &Arc<dyn ExecutionPlan>) -> usize {
    if let Some(scan) = plan.downcast_ref::<ApiScanExec>() {
        return scan.rows();
    }
    if let Some(join) = plan.downcast_ref::<HashJoinExec>() {
        return cost(join.left());
    }
    plan.children().into_iter().map(cost).max().unwrap_or(0)
}

/// About how many rows come from where no call is made, if that is known.
fn file_rows(side: &Arc<dyn ExecutionPlan>) -> Result<usize> {
    if cost(side) > 0 {
        return Ok(0);
    }
    let statistics = StatisticsContext::new().compute(side.as_ref(), &StatisticsArgs::new())?;
    Ok(statistics.num_rows.get_value().copied().unwrap_or(0))
}

/// Tells every scan which of its filters come from joins.
#[derive(Debug)]
struct WaitForJoins;

impl PhysicalOptimizerRule for WaitForJoins {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        let mut from_joins = HashSet::new();
        plan.apply(|node| {
            if node.is::<HashJoinExec>() {
                from_joins.extend(node.dynamic_expressions_produced().iter().filter_map(|filter| filter.expression_id()));
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
        plan.transform_up(|node| {
            let Some(scan) = node.downcast_ref::<ApiScanExec>().filter(|scan| !scan.dynamics().is_empty()) else {
                return Ok(Transformed::no(node));
            };
            let mark = |dynamic: &Dynamic| {
                let ids: Vec<Option<u64>> = parts(&dynamic.filter).iter().map(|part| part.expression_id()).collect();
                let from_join = !ids.is_empty() && ids.iter().all(|id| id.is_some_and(|id| from_joins.contains(&id)));
                Dynamic { filter: Arc::clone(&dynamic.filter), from_join }
            };
            let marked = scan.dynamics().iter().map(mark).collect();
            Ok(Transformed::yes(Arc::new(scan.clone().with_dynamics(marked)) as Arc<dyn ExecutionPlan>))
        })
        .data()
    }

    fn name(&self) -> &'static str {
        "sqluice_wait_for_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}
