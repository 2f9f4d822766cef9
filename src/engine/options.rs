//! What travels in a session's configuration: settings (`SET sqluice.…`) and the query that is running.

use std::sync::Arc;
use std::time::Duration;

use datafusion::common::config::{ConfigExtension, ConfigField, ConfigOptions, Visit};
use datafusion::common::{DataFusionError, Result, extensions_options};
use datafusion::prelude::SessionConfig;

use crate::http::{QueryStats, cache_ttl};

extensions_options! {
    /// Settings of the engine, under `sqluice.` in SQL.
    pub struct Options {
        /// Ask APIs for what the query wants. Off: ask only for what a table requires, and filter, sort and limit here.
        pub pushdown: bool, default = true

        /// Most API calls of one query; 0 for no bound.
        pub max_requests: u64, default = 0

        /// How long lists that lead to a table's rows are kept, such as 90s or 5m; 0 for not at all, `default` for as configured.
        pub cache_ttl: Ttl, default = Ttl::default()

        /// Let COPY add files to a directory that is not empty, instead of refusing it.
        pub export_append: bool, default = false
    }
}

/// How long something is kept, if a session says so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ttl(Option<(String, Duration)>);

impl Ttl {
    /// The time; none for as configured.
    pub fn duration(&self) -> Option<Duration> {
        self.0.as_ref().map(|(_, duration)| *duration)
    }
}

impl ConfigField for Ttl {
    fn visit<V: Visit>(&self, visitor: &mut V, key: &str, description: &'static str) {
        match &self.0 {
            Some((text, _)) => visitor.some(key, text, description),
            None => visitor.none(key, description),
        }
    }

    fn set(&mut self, _: &str, value: &str) -> Result<()> {
        let wrong = |message| DataFusionError::Configuration(format!("sqluice.cache_ttl: {message}"));
        self.0 = if value == "default" { None } else { Some((value.to_owned(), cache_ttl(value).map_err(wrong)?)) };
        Ok(())
    }

    fn reset(&mut self, _: &str) -> Result<()> {
        self.0 = None;
        Ok(())
    }
}

impl ConfigExtension for Options {
    const PREFIX: &'static str = "sqluice";
}

impl Options {
    /// The settings of a session; the defaults if it has none.
    pub fn of(config: &ConfigOptions) -> Self {
        config.extensions.get::<Self>().cloned().unwrap_or_default()
    }
}

/// One query at work. Every scan of the query finds it in the session's configuration.
#[derive(Debug, Default)]
pub struct Run {
    /// What it did so far.
    pub stats: QueryStats,
    /// Nobody else knows it: its warnings go to the log.
    pub(super) unseen: bool,
}

impl Run {
    /// A run with a budget of calls; 0 for none.
    pub fn new(max_requests: u64) -> Self {
        Self { stats: QueryStats::new((max_requests > 0).then_some(max_requests)), unseen: false }
    }

    /// The run of a session; one of its own for a session that was made without the engine.
    pub(crate) fn of(config: &SessionConfig) -> Arc<Self> {
        config.get_extension::<Self>().unwrap_or_else(|| {
            let mut alone = Self::new(Options::of(config.options()).max_requests);
            alone.unseen = true;
            Arc::new(alone)
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        if self.unseen {
            for warning in self.stats.warnings() {
                tracing::warn!("{warning}");
            }
        }
    }
}
