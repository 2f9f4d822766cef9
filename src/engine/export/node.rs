//! COPY in plans: `DataFusion`'s logical node becomes one of ours, and that an [`ExportExec`].

use std::fmt;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{DFSchema, DFSchemaRef, Result};
use datafusion::execution::context::QueryPlanner;
use datafusion::logical_expr::dml::CopyTo;
use datafusion::logical_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion::logical_expr::{Expr, Extension, LogicalPlan, UserDefinedLogicalNode, UserDefinedLogicalNodeCore};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_planner::{DefaultPhysicalPlanner, ExtensionPlanner, PhysicalPlanner};

use super::exec::{self, ExportExec};

/// The schema of what an export answers.
static ANSWER: LazyLock<DFSchemaRef> = LazyLock::new(|| {
    let schema = exec::answer_schema();
    // Four names, all different.
    Arc::new(DFSchema::try_from(schema).unwrap_or_else(|_| DFSchema::empty()))
});

/// A COPY that we carry out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Hash)]
struct ExportNode(CopyTo);

impl UserDefinedLogicalNodeCore for ExportNode {
    fn name(&self) -> &'static str {
        "Export"
    }

    fn inputs(&self) -> Vec<&LogicalPlan> {
        vec![&self.0.input]
    }

    fn schema(&self) -> &DFSchemaRef {
        &ANSWER
    }

    fn expressions(&self) -> Vec<Expr> {
        Vec::new()
    }

    fn fmt_for_explain(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let CopyTo { output_url, file_type, partition_by, options, .. } = &self.0;
        write!(f, "Export: format={} to={output_url}", file_type.get_ext())?;
        if !partition_by.is_empty() {
            write!(f, " partitioned_by=[{}]", partition_by.join(", "))?;
        }
        if !options.is_empty() {
            let mut options: Vec<String> = options.iter().map(|(name, value)| format!("{name} {value:?}")).collect();
            options.sort();
            write!(f, " options=({})", options.join(", "))?;
        }
        Ok(())
    }

    fn with_exprs_and_inputs(&self, _exprs: Vec<Expr>, inputs: Vec<LogicalPlan>) -> Result<Self> {
        let [input] = <[LogicalPlan; 1]>::try_from(inputs)
            .map_err(|inputs| datafusion::common::internal_datafusion_err!("an export has one input, not {}", inputs.len()))?;
        Ok(Self(CopyTo { input: Arc::new(input), ..self.0.clone() }))
    }
}

/// Takes every COPY over.
#[derive(Debug)]
pub(in crate::engine) struct ExportRule;

impl AnalyzerRule for ExportRule {
    fn analyze(&self, plan: LogicalPlan, _config: &ConfigOptions) -> Result<LogicalPlan> {
        let taken = plan.transform_down(|plan| {
            Ok(match plan {
                LogicalPlan::Copy(copy) => Transformed::yes(LogicalPlan::Extension(Extension { node: Arc::new(ExportNode(copy)) })),
                plan => Transformed::no(plan),
            })
        });
        Ok(taken?.data)
    }

    fn name(&self) -> &'static str {
        "export"
    }
}

/// Plans as `DataFusion` does, and exports too.
#[derive(Debug)]
pub(in crate::engine) struct ExportPlanner;

#[async_trait]
impl QueryPlanner for ExportPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        DefaultPhysicalPlanner::with_extension_planners(vec![Arc::new(Self)]).create_physical_plan(plan, session).await
    }
}

#[async_trait]
impl ExtensionPlanner for ExportPlanner {
    async fn plan_extension(
        &self,
        _planner: &dyn PhysicalPlanner,
        node: &dyn UserDefinedLogicalNode,
        _logical_inputs: &[&LogicalPlan],
        physical_inputs: &[Arc<dyn ExecutionPlan>],
        session: &dyn Session,
        _planning_ctx: &PhysicalPlanningContext,
    ) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let (Some(ExportNode(copy)), [input]) = (node.as_any().downcast_ref::<ExportNode>(), physical_inputs) else { return Ok(None) };
        Ok(Some(Arc::new(ExportExec::new(Arc::clone(input), copy, session)?)))
    }
}
