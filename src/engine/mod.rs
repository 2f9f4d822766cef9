//! The engine: configured sources, a session that knows them, statements in and record batches out.
//!
//! Owns configuration, the catalog of sources, how a statement is run, and the system tables. Must not know how results are
//! printed; below it, nothing knows it but for [`Options`] and [`Run`], which travel in the session's configuration.

mod catalog;
mod config;
mod hidden;
mod options;
mod statement;
mod system;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::http::{Client, ClientConfig, HttpService, Recorder, RequestLog, ReqwestService, TransportOptions};
use crate::scan::SourceHandle;
use crate::spec::{self, SourceSpec};

pub use config::{Config, ConfigError, SourceConfig};
pub use options::{Options, Run};
pub use statement::{Query, split_statements};

/// The name of the catalog that holds all sources.
pub const CATALOG: &str = "sqluice";

/// Makes an [`Engine`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    config: Config,
    tables: Vec<PathBuf>,
    service: Option<Arc<dyn HttpService>>,
    record: Option<PathBuf>,
    environment: bool,
}

impl EngineBuilder {
    /// The configuration of sources.
    #[must_use]
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// A folder with sources or tables beyond the built-in ones.
    #[must_use]
    pub fn tables(mut self, folder: impl Into<PathBuf>) -> Self {
        self.tables.push(folder.into());
        self
    }

    /// The transport for all sources, instead of reqwest.
    #[must_use]
    pub fn service(mut self, service: Arc<dyn HttpService>) -> Self {
        self.service = Some(service);
        self
    }

    /// Writes every exchange into this file, secrets stripped.
    #[must_use]
    pub fn record(mut self, file: impl Into<PathBuf>) -> Self {
        self.record = Some(file.into());
        self
    }

    /// Also configures the sources whose inputs stand in their usual environment variables.
    #[must_use]
    pub fn environment(mut self) -> Self {
        self.environment = true;
        self
    }

    /// Builds the engine. No call is made.
    ///
    /// # Errors
    /// If a table file or the configuration is wrong.
    pub fn build(self) -> Result<Engine> {
        let external = |error: Box<dyn std::error::Error + Send + Sync>| DataFusionError::External(error);
        let mut specs = spec::built_in().map_err(|error| external(error.into()))?;
        for folder in &self.tables {
            let more = spec::load_folder(folder, &specs).map_err(|error| external(error.into()))?;
            specs.extend(more);
        }
        let config = if self.environment { self.config.with_environment(&specs) } else { self.config };
        let recorder = match &self.record {
            None => None,
            Some(file) => Some(Arc::new(Recorder::open(file).map_err(|error| {
                DataFusionError::Configuration(format!("the recording {} cannot be written: {error}", file.display()))
            })?)),
        };
        let log = Arc::new(RequestLog::new());
        let context = session();
        let mut sources = BTreeMap::new();
        for (name, source) in &config.sources {
            let kind = source.kind.as_deref().unwrap_or(name);
            let Some(spec) = specs.get(kind) else {
                return Err(external(Box::new(ConfigError::unknown_source(name, kind, specs.keys().map(String::as_str)))));
            };
            let handle = enter(name, spec, source, self.service.as_ref(), &log, recorder.as_ref(), &context)?;
            sources.insert(name.clone(), Arc::new(handle));
        }
        let sources = Arc::new(sources);
        catalog::register(&context, &sources, &specs, &log)?;
        Ok(Engine { context: context.enable_url_table(), sources, log })
    }
}

fn enter(
    name: &str,
    spec: &SourceSpec,
    source: &SourceConfig,
    service: Option<&Arc<dyn HttpService>>,
    log: &Arc<RequestLog>,
    recorder: Option<&Arc<Recorder>>,
    context: &SessionContext,
) -> Result<SourceHandle> {
    let service = if let Some(service) = service {
        Arc::clone(service)
    } else {
        let options = TransportOptions {
            ca_file: source.ca_file.clone(),
            client_cert: source.client_cert.clone(),
            proxy: source.proxy.clone(),
            ..TransportOptions::default()
        };
        Arc::new(ReqwestService::new(&options).map_err(|error| DataFusionError::Configuration(format!("source {name}: {error}")))?)
    };
    let inputs = source.inputs(name, spec).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let spec = Arc::new(spec.clone());
    let client = ClientConfig {
        name: name.to_owned(),
        spec: Arc::clone(&spec),
        inputs,
        service,
        log: Arc::clone(log),
        recorder: recorder.cloned(),
        limits: source.limits.clone(),
    };
    let client = Client::new(client).map_err(|error| DataFusionError::External(Box::new(error)))?;
    let texts = config::plain_inputs(client.inputs());
    SourceHandle::new(name, spec, Arc::new(client), texts, context)
}

/// A session with the settings that lazy paging needs.
fn session() -> SessionContext {
    let mut config =
        SessionConfig::new().with_default_catalog_and_schema(CATALOG, "public").with_information_schema(true).with_batch_size(4096);
    let options = config.options_mut();
    options.extensions.insert(Options::default());
    // A repartition above a scan would read ahead of its consumer: `LIMIT 3` would read every page.
    options.optimizer.enable_round_robin_repartition = false;
    options.sql_parser.collect_spans = true;
    // Join keys become lists, not hash tables, as long as an API could be asked for them.
    options.optimizer.hash_join_inlist_pushdown_max_size = 16 << 20;
    options.optimizer.hash_join_inlist_pushdown_max_distinct_values = 100_000;
    let state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    let mut context = SessionContext::new_with_state(state);
    // Registering in memory cannot fail; without it only `->` on JSON columns is missing.
    if let Err(error) = datafusion_functions_json::register_all(&mut context) {
        tracing::warn!(%error, "the JSON functions are not available");
    }
    context
}

/// The engine: sources as tables.
#[derive(Clone)]
pub struct Engine {
    context: SessionContext,
    sources: Arc<BTreeMap<String, Arc<SourceHandle>>>,
    log: Arc<RequestLog>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("sources", &self.sources.keys().collect::<Vec<_>>()).finish_non_exhaustive()
    }
}

impl Engine {
    /// A builder without sources.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// The `DataFusion` session. Tables of one's own may be registered in it.
    pub fn context(&self) -> &SessionContext {
        &self.context
    }

    /// The configured sources by name.
    pub fn sources(&self) -> &BTreeMap<String, Arc<SourceHandle>> {
        &self.sources
    }

    /// The last calls of all queries.
    pub fn requests(&self) -> &RequestLog {
        &self.log
    }

    /// Reads a configuration file.
    ///
    /// # Errors
    /// Names file, line and what to write instead.
    pub fn read_config(path: &Path) -> Result<Config, ConfigError> {
        Config::read(path)
    }
}
