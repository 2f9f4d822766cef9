//! Prepared statements: `PREPARE name AS …`, `EXECUTE name(…)`, `DEALLOCATE name`.
//!
//! A statement is kept as it was read, and values take their places before anything is planned, so that they reach an API as
//! literals do. (`DataFusion`'s own store optimises when a statement is prepared.)

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::metadata::ScalarAndMetadata;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::common::{ParamValues, Result, exec_err, not_impl_err, plan_err};
use datafusion::execution::SessionState;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Execute, Expr, LogicalPlan, Prepare, Statement};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use parking_lot::Mutex;

/// The prepared statements of an engine, by name.
#[derive(Debug, Default)]
pub(super) struct Prepared(Mutex<BTreeMap<String, Arc<Prepare>>>);

impl Prepared {
    /// Keeps a statement.
    pub(super) fn keep(&self, prepare: Prepare) -> Result<()> {
        // Also what stands below EXPLAIN: it would be run by whoever executes this.
        if prepare.input.exists(|node| Ok(matches!(node, LogicalPlan::Statement(_))))? {
            return plan_err!("PREPARE takes a query, not a statement that changes the session");
        }
        count_parameters(&prepare.input)?;
        let mut kept = self.0.lock();
        if kept.contains_key(&prepare.name) {
            return exec_err!("the prepared statement {0} exists already; DEALLOCATE {0} forgets it", prepare.name);
        }
        kept.insert(prepare.name.clone(), Arc::new(prepare));
        Ok(())
    }

    /// Forgets a statement, or all.
    pub(super) fn forget(&self, name: &str) -> Result<()> {
        let mut kept = self.0.lock();
        if kept.remove(name).is_none() {
            if name != "all" {
                return unknown(name);
            }
            kept.clear();
        }
        Ok(())
    }

    /// The plan with every EXECUTE in it, but for one that is prepared itself, replaced by the statement that it names.
    pub(super) fn fill_in(&self, plan: LogicalPlan, state: &SessionState) -> Result<LogicalPlan> {
        plan.transform_down(|node| match node {
            LogicalPlan::Statement(Statement::Execute(execute)) => Ok(Transformed::yes(self.bound(execute, state)?)),
            node @ LogicalPlan::Statement(Statement::Prepare(_)) => Ok(Transformed::new(node, false, TreeNodeRecursion::Jump)),
            node => Ok(Transformed::no(node)),
        })
        .data()
    }

    fn bound(&self, execute: Execute, state: &SessionState) -> Result<LogicalPlan> {
        let Some(prepared) = self.0.lock().get(&execute.name).cloned() else { return unknown(&execute.name) };
        let context = SimplifyContext::builder()
            .with_schema(Arc::clone(prepared.input.schema()))
            .with_config_options(Arc::clone(state.config_options()))
            .with_query_execution_start_time(state.execution_props().query_execution_start_time)
            .build();
        let simplifier = ExprSimplifier::new(context);
        let value = |value: Expr| match simplifier.simplify(value)? {
            Expr::Literal(value, metadata) => Ok(ScalarAndMetadata::new(value, metadata)),
            other => not_impl_err!("EXECUTE takes values; {other} is none"),
        };
        let values = execute.parameters.into_iter().map(value).collect::<Result<Vec<_>>>()?;
        let wanted = count_parameters(&prepared.input)?;
        if values.len() != wanted {
            return exec_err!("{} has {wanted} parameters, and {} values were given", execute.name, values.len());
        }
        // Types that are not said are guessed, and where one of them could not be, nobody knows whose the others are.
        let values = if prepared.fields.len() == wanted {
            values.iter().zip(&prepared.fields).map(|(value, field)| value.cast_storage_to(field.data_type())).collect::<Result<_>>()?
        } else {
            values
        };
        prepared.input.as_ref().clone().replace_params_with_values(&ParamValues::List(values))
    }
}

/// How many values a statement takes: the highest number of a parameter.
fn count_parameters(plan: &LogicalPlan) -> Result<usize> {
    let mut most = 0;
    for name in plan.get_parameter_names()? {
        match name.trim_start_matches('$').parse::<usize>() {
            Ok(number) => most = most.max(number),
            Err(_) => return plan_err!("the parameters of a prepared statement are numbers ($1, $2, …), not {name}"),
        }
    }
    Ok(most)
}

fn unknown<T>(name: &str) -> Result<T> {
    exec_err!("there is no prepared statement {name}")
}
