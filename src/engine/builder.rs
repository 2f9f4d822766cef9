//! What an engine may be told beside its configuration of sources: bounds, a clock, tables as text, whether it only reads.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use datafusion::common::Result;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::runtime_env::{RuntimeEnv, RuntimeEnvBuilder};

use super::stores::Stores;
use super::{EngineBuilder, SourceConfig};
use crate::http::merge_limits;
use crate::spec::Limits;

/// Tells the time.
pub(super) type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What [`EngineBuilder`] holds beside sources.
#[derive(Default)]
pub(super) struct Settings {
    pub(super) sources: Vec<(String, SourceConfig)>,
    /// Table files by path.
    pub(super) files: Vec<(String, String)>,
    pub(super) limits: Option<Limits>,
    pub(super) memory: Option<usize>,
    pub(super) spill: Spill,
    pub(super) max_requests: u64,
    pub(super) read_only: bool,
    pub(super) clock: Option<Clock>,
}

/// Where what does not fit into memory goes.
#[derive(Debug, Default)]
pub(super) enum Spill {
    /// The system's folder for temporary files.
    #[default]
    System,
    Folder(PathBuf),
    Nowhere,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("memory", &self.memory).field("read_only", &self.read_only).finish_non_exhaustive()
    }
}

impl Settings {
    pub(super) fn runtime(&self, stores: Stores) -> Result<Arc<RuntimeEnv>> {
        let mode = match &self.spill {
            Spill::System => DiskManagerMode::OsTmpDirectory,
            Spill::Folder(folder) => DiskManagerMode::Directories(vec![folder.clone()]),
            Spill::Nowhere => DiskManagerMode::Disabled,
        };
        // A directory is listed when it is asked for: an export may have come since.
        let builder = RuntimeEnvBuilder::new().with_object_store_registry(Arc::new(stores)).with_object_list_cache_limit(0);
        let builder = builder.with_disk_manager_builder(DiskManagerBuilder::default().with_mode(mode));
        let builder = match self.memory {
            Some(bytes) => builder.with_memory_limit(bytes, 1.0),
            None => builder,
        };
        builder.build_arc()
    }

    /// A source's own limits over the engine's.
    pub(super) fn limits_of(&self, source: &SourceConfig) -> Option<Limits> {
        match (&self.limits, &source.limits) {
            (Some(all), Some(own)) => Some(merge_limits(all, own.clone())),
            (all, own) => own.clone().or_else(|| all.clone()),
        }
    }
}

impl SourceConfig {
    /// A source of this type, without values yet. The name that it gets in an engine is its schema.
    pub fn of(kind: impl Into<String>) -> Self {
        Self { kind: Some(kind.into()), ..Self::default() }
    }
}

/// For programs that embed the engine.
impl EngineBuilder {
    /// Adds a source under this name, in place of what the configuration says of it.
    #[must_use]
    pub fn source(mut self, name: impl Into<String>, source: SourceConfig) -> Self {
        self.settings.sources.push((name.into(), source));
        self
    }

    /// Table files as text, by the path that they would have: `shop/source.yaml`, `shop/orders.yaml`, … A folder that is named like
    /// a known source, and has no `source.yaml`, adds tables to that source. For files, see [`EngineBuilder::tables`].
    #[must_use]
    pub fn table_files<P: Into<String>, T: Into<String>>(mut self, files: impl IntoIterator<Item = (P, T)>) -> Self {
        self.settings.files.extend(files.into_iter().map(|(path, text)| (path.into(), text.into())));
        self
    }

    /// Limits for all sources (requests at once, attempts, waits); those that a source's own configuration names come first.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = Some(limits);
        self
    }

    /// Most API calls of one query, as `SET sqluice.max_requests` would say; 0 for no bound.
    #[must_use]
    pub fn max_requests(mut self, requests: u64) -> Self {
        self.settings.max_requests = requests;
        self
    }

    /// Most bytes that all queries together may hold. Sorts, joins and aggregates beyond it are written to disk where that is possible
    /// ([`EngineBuilder::spill_to`]); otherwise the query fails and says what holds how much.
    #[must_use]
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        self.settings.memory = Some(bytes);
        self
    }

    /// The folder for what does not fit into memory, instead of the system's.
    #[must_use]
    pub fn spill_to(mut self, folder: impl Into<PathBuf>) -> Self {
        self.settings.spill = Spill::Folder(folder.into());
        self
    }

    /// Nothing is written to disk: what does not fit into memory fails.
    #[must_use]
    pub fn no_spilling(mut self) -> Self {
        self.settings.spill = Spill::Nowhere;
        self
    }

    /// What `now()`, `current_date` and `current_time` are, read once for each statement that is planned by [`Engine::sql`](super::Engine::sql):
    /// a test that fixes it sends the same requests every day. Limits, waits and the log keep the system's time.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static) -> Self {
        self.settings.clock = Some(Arc::new(now));
        self
    }

    /// For statements of people who are not trusted: queries and nothing else. Refused are `CREATE`, `DROP`, `INSERT`, `UPDATE`,
    /// `DELETE`, `COPY`, files as tables, and every `SET` but of `sqluice.pushdown`, the time zone, and how EXPLAIN looks.
    /// `REFRESH SOURCE` is allowed: it forgets what is kept of a source, which costs calls and changes no data.
    ///
    /// The session behind [`Engine::context`](super::Engine::context) has no access to local files either, but a program that is
    /// handed it may still change it.
    #[must_use]
    pub fn read_only(mut self) -> Self {
        self.settings.read_only = true;
        self
    }
}
