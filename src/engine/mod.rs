//! The engine: configured sources, a session that knows them, statements in and record batches out.
//!
//! Owns configuration, the catalog of sources, how a statement is run, files and object stores, and the system tables. Must not know how results are
//! printed; below it, nothing knows it but for [`Options`] and [`Run`], which travel in the session's configuration.

mod access;
mod builder;
mod catalog;
mod config;
mod export;
mod files;
mod hidden;
#[cfg_attr(not(feature = "cli"), allow(dead_code, unused_imports, reason = "only the command line keeps secrets; a library reads them"))]
pub(crate) mod keyring;
pub(crate) mod nested;
mod options;
mod prepared;
mod refresh;
mod session;
mod statement;
mod stores;
mod system;
mod validate;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use datafusion::catalog::CatalogProvider;
use datafusion::common::{DataFusionError, Result, plan_err};
use datafusion::prelude::SessionContext;
use parking_lot::RwLock;

use crate::http::{Client, ClientConfig, HttpService, Recorder, RequestLog, ReqwestService, TransportOptions};
use crate::native::{NativeSchema, NativeSource};
use crate::scan::SourceHandle;
use crate::spec::{self, SourceSpec};

use self::builder::{Clock, Settings};
use self::prepared::Prepared;
use self::stores::Stores;

pub use config::{Config, ConfigError, SourceConfig, StoreConfig};
pub use export::{ExportExec, settled};
pub use options::{Options, Run, Ttl};
pub use session::configure;
pub(crate) use session::note_missing_settings;
pub use statement::{Query, Sql, split_statements};
pub use validate::validate;

/// The name of the catalog that holds all sources.
pub const CATALOG: &str = "sqluice";

/// Most bytes of a Parquet row group, unless a COPY says otherwise (`'format.max_row_group_bytes'`): what is written stays in memory
/// until its row group ends.
pub const ROW_GROUP_BYTES: usize = 16 << 20;

/// Makes an [`Engine`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    config: Config,
    tables: Vec<PathBuf>,
    service: Option<Arc<dyn HttpService>>,
    record: Option<PathBuf>,
    environment: bool,
    settings: Settings,
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

    /// Also configures the sources whose inputs stand in their usual environment variables, and takes from there what the section of
    /// such a source leaves open. A section of another name, with a `base_url` or for another site takes nothing from there.
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
        let mut settings = self.settings;
        let more = spec::load_texts(std::mem::take(&mut settings.files), &specs).map_err(|error| external(error.into()))?;
        specs.extend(more);
        let mut config = self.config;
        config.sources.extend(std::mem::take(&mut settings.sources));
        let config = if self.environment { config.with_environment(&specs) } else { config };
        if let Some(warning) = config.exposed(&specs) {
            tracing::warn!("{warning}");
        }
        let recorder = match &self.record {
            None => None,
            Some(file) => Some(Arc::new(Recorder::open(file).map_err(|error| {
                DataFusionError::Configuration(format!("the recording {} cannot be written: {error}", file.display()))
            })?)),
        };
        let log = Arc::new(RequestLog::new());
        let context = session::new(&settings, Stores::new(config.stores.clone()))?;
        let around = Around { service: self.service, environment: self.environment, log: &log, recorder, context: &context };
        let mut sources = BTreeMap::new();
        for (name, source) in &config.sources {
            let kind = source.kind.as_deref().unwrap_or(name);
            let Some(spec) = specs.get(kind) else {
                return Err(external(Box::new(ConfigError::unknown_source(name, kind, specs.keys().map(String::as_str)))));
            };
            let source = &SourceConfig { limits: settings.limits_of(source), ..source.clone() };
            let handle = around.enter(name, spec, source)?;
            sources.insert(name.clone(), Arc::new(handle));
        }
        let sources = Arc::new(sources);
        let catalog = catalog::register(&context, &sources, &specs, &log, settings.read_only)?;
        let context = if settings.read_only { access::without_files(context) } else { files::enable(context) };
        let (native, prepared) = (Arc::default(), Arc::default());
        Ok(Engine { context, catalog, sources, native, log, prepared, clock: settings.clock, read_only: settings.read_only })
    }
}

/// What all sources of an engine share.
struct Around<'a> {
    service: Option<Arc<dyn HttpService>>,
    environment: bool,
    log: &'a Arc<RequestLog>,
    recorder: Option<Arc<Recorder>>,
    context: &'a SessionContext,
}

impl Around<'_> {
    fn enter(&self, name: &str, spec: &SourceSpec, source: &SourceConfig) -> Result<SourceHandle> {
        let service = if let Some(service) = &self.service {
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
        let wrong = |error: ConfigError| DataFusionError::External(Box::new(error));
        let spec = Arc::new(spec.clone());
        let client = ClientConfig {
            name: name.to_owned(),
            spec: Arc::clone(&spec),
            inputs: source.inputs(name, &spec, self.environment).map_err(wrong)?,
            service,
            log: Arc::clone(self.log),
            recorder: self.recorder.clone(),
            limits: source.limits.clone(),
            cache_ttl: source.cache_ttl(name).map_err(wrong)?,
        };
        let client = Client::new(client).map_err(|error| DataFusionError::External(Box::new(error)))?;
        let texts = config::plain_inputs(client.inputs());
        SourceHandle::new(name, spec, Arc::new(client), texts, self.context)
    }
}

/// The engine: sources as tables.
#[derive(Clone)]
pub struct Engine {
    context: SessionContext,
    catalog: Arc<dyn CatalogProvider>,
    sources: Arc<BTreeMap<String, Arc<SourceHandle>>>,
    /// Names of the sources written in Rust.
    native: Arc<RwLock<BTreeSet<String>>>,
    log: Arc<RequestLog>,
    prepared: Arc<Prepared>,
    clock: Option<Clock>,
    read_only: bool,
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

    /// Adds a source written in Rust as a schema of this name.
    ///
    /// # Errors
    /// If there is a schema of that name, or two of its tables have the same name.
    pub fn register(&self, name: &str, source: impl NativeSource + 'static) -> Result<()> {
        let mut native = self.native.write();
        // A source that is known and not configured has a place already, with nothing in it.
        if self.is_taken(name) || native.contains(name) {
            return plan_err!("there is a schema {name} already");
        }
        let source: Arc<dyn NativeSource> = Arc::new(source);
        self.catalog.register_schema(name, Arc::new(NativeSchema::new(name, &source)?))?;
        native.insert(name.to_owned());
        Ok(())
    }

    /// Whether a schema holds what others own.
    fn is_source(&self, schema: &str) -> bool {
        schema == catalog::SYSTEM || self.sources.contains_key(schema) || self.native.read().contains(schema)
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
