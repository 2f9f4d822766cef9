//! The session: the settings that lazy paging needs, the engine's own and those of a session that somebody else makes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use datafusion::common::config::MaxRowGroupBytes;
use datafusion::common::{Result, plan_err};
use datafusion::config::ConfigOptions;
use datafusion::execution::SessionStateBuilder;
use datafusion::logical_expr::registry::FunctionRegistry;
use datafusion::optimizer::Analyzer;
use datafusion::prelude::{SessionConfig, SessionContext};

use super::builder::Settings;
use super::export::{ExportPlanner, ExportRule};
use super::stores::Stores;
use super::{CATALOG, Engine, Options, ROW_GROUP_BYTES, Run};
use crate::scan::with_join_rules;

/// Prepares a session of one's own for the sources of an [`Engine`], which [`Engine::register_into`] puts there.
///
/// Everything works without it; what it sets, and what a session without it loses:
///
/// | setting | without it |
/// |---|---|
/// | `datafusion.optimizer.enable_round_robin_repartition = false` | `LIMIT 10` may read pages that it does not need, since the node above a scan reads ahead |
/// | `datafusion.optimizer.hash_join_inlist_pushdown_max_…` | join keys are a list that a scan can see only up to 150 values |
/// | two rules of the physical optimizer | a join does not tell its other side which keys to ask for |
/// | `datafusion.execution.batch_size = 4096` | larger pages are copied into batches of 8192 rows |
/// | `datafusion.sql_parser.collect_spans = true` | errors do not know their place in the SQL |
/// | `sqluice.pushdown`, `sqluice.max_requests` | there is no `SET sqluice.…`, and no budget of calls |
/// | functions on JSON, `->` and `->>` | columns with JSON are just text |
///
/// The first of these that is missing is warned of: by `tracing`, and in the query's [`Run`].
///
/// What only [`Engine::sql`] does: it leaves hidden columns out of `SELECT *`, binds values, and gives a query its [`Run`]. To have
/// one in another session, put it into the configuration of the state that plans the query:
/// `state.config_mut().set_extension(Arc::new(Run::default()))`. Without one, each scan has its own budget, and warnings go to
/// `tracing`.
pub fn configure(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    let config = std::mem::take(builder.config()).unwrap_or_default();
    let mut config = config.with_batch_size(4096);
    let options = config.options_mut();
    if options.extensions.get::<Options>().is_none() {
        options.extensions.insert(Options::default());
    }
    // A repartition above a scan would read ahead of its consumer: `LIMIT 3` would read every page.
    options.optimizer.enable_round_robin_repartition = false;
    options.sql_parser.collect_spans = true;
    // Join keys become lists, not hash tables, as long as an API could be asked for them.
    options.optimizer.hash_join_inlist_pushdown_max_size = 16 << 20;
    options.optimizer.hash_join_inlist_pushdown_max_distinct_values = 100_000;
    let rules = with_join_rules(builder.physical_optimizers().take().unwrap_or_default());
    add_json_functions(builder.with_config(config).with_physical_optimizer_rules(rules))
}

/// The library of JSON functions registers itself in a session; a builder is none yet.
fn add_json_functions(mut builder: SessionStateBuilder) -> SessionStateBuilder {
    let mut scratch = SessionStateBuilder::new().build();
    // Registering in memory cannot fail; without it only `->` on JSON columns is missing.
    if let Err(error) = datafusion_functions_json::register_all(&mut scratch) {
        tracing::warn!(%error, "the JSON functions are not available");
    }
    let functions = scratch.udfs().into_iter().filter_map(|name| scratch.udf(&name).ok());
    let mut known: Vec<_> = std::mem::take(builder.scalar_functions()).unwrap_or_default();
    known.extend(functions);
    *builder.scalar_functions() = Some(known);
    builder.expr_planners().get_or_insert_with(Vec::new).extend(scratch.expr_planners().iter().map(Arc::clone));
    let analyzer = builder.analyzer().get_or_insert_with(Analyzer::default);
    for rewrite in scratch.analyzer().function_rewrites() {
        analyzer.add_function_rewrite(Arc::clone(rewrite));
    }
    builder
}

/// The engine's own session, without sources yet.
pub(super) fn new(settings: &Settings, stores: Stores) -> Result<SessionContext> {
    let mut config = SessionConfig::new().with_default_catalog_and_schema(CATALOG, "public").with_information_schema(true);
    // Texts of APIs have several lines, so a file of them must not be cut at line ends to be read in parallel.
    config.options_mut().catalog.newlines_in_values = true;
    let parquet = &mut config.options_mut().execution.parquet;
    parquet.max_row_group_bytes = Some(MaxRowGroupBytes::try_new(ROW_GROUP_BYTES)?);
    concat!("sqluice version ", env!("CARGO_PKG_VERSION")).clone_into(&mut parquet.created_by);
    let builder = SessionStateBuilder::new().with_config(config).with_runtime_env(settings.runtime(stores)?).with_default_features();
    let builder = builder.with_analyzer_rule(Arc::new(ExportRule)).with_query_planner(Arc::new(ExportPlanner));
    let mut state = configure(builder).build();
    if let Some(options) = state.config_mut().options_mut().extensions.get_mut::<Options>() {
        options.max_requests = settings.max_requests;
    }
    Ok(SessionContext::new_with_state(state))
}

/// Warns, once per process and in the query itself, of a session that was not [configured](configure).
pub(crate) fn note_missing_settings(config: &SessionConfig, run: &Run) {
    static SAID: AtomicBool = AtomicBool::new(false);
    let Some(missing) = missing_settings(config.options()) else { return };
    if !SAID.swap(true, Relaxed) {
        tracing::warn!("{missing}");
    }
    if !run.unseen {
        run.stats.warn(missing);
    }
}

fn missing_settings(options: &ConfigOptions) -> Option<&'static str> {
    if options.optimizer.enable_round_robin_repartition {
        return Some(
            "this session reads ahead of a LIMIT (datafusion.optimizer.enable_round_robin_repartition); \
             make it with sqluice::configure",
        );
    }
    options.extensions.get::<Options>().is_none().then_some("this session has no `sqluice.` settings; make it with sqluice::configure")
}

impl Engine {
    /// Registers the sources, and the system tables as `sqluice`, as schemas in the default catalog of another session, which should
    /// have been made with [`configure`]. A source that is
    /// [registered](Engine::register) later is not added.
    ///
    /// # Errors
    /// If that session has no default catalog, or a schema of the same name.
    pub fn register_into(&self, context: &SessionContext) -> Result<()> {
        let name = context.state().config_options().catalog.default_catalog.clone();
        let Some(target) = context.catalog(&name) else { return plan_err!("the session has no catalog {name}") };
        let schemas: Vec<String> = self.catalog.schema_names().into_iter().filter(|schema| self.is_source(schema)).collect();
        if let Some(taken) = schemas.iter().find(|schema| target.schema(schema).is_some()) {
            return plan_err!("the session has a schema {taken} already");
        }
        for schema in schemas {
            if let Some(provider) = self.catalog.schema(&schema) {
                target.register_schema(&schema, provider)?;
            }
        }
        Ok(())
    }
}
