//! What travels in a session's configuration: settings (`SET sqluice.…`) and the query that is running.

use std::sync::Arc;

use datafusion::common::config::{ConfigExtension, ConfigOptions};
use datafusion::common::extensions_options;
use datafusion::prelude::SessionConfig;

use crate::http::QueryStats;

extensions_options! {
    /// Settings of the engine, under `sqluice.` in SQL.
    pub struct Options {
        /// Ask APIs for what the query wants. Off: ask only for what a table requires, and filter, sort and limit here.
        pub pushdown: bool, default = true

        /// Most API calls of one query; 0 for no bound.
        pub max_requests: u64, default = 0
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
}

impl Run {
    /// A run with a budget of calls; 0 for none.
    pub fn new(max_requests: u64) -> Self {
        Self { stats: QueryStats::new((max_requests > 0).then_some(max_requests)) }
    }

    /// The run of a session; one of its own for a session that was made without the engine.
    pub(crate) fn of(config: &SessionConfig) -> Arc<Self> {
        config.get_extension::<Self>().unwrap_or_else(|| Arc::new(Self::new(Options::of(config.options()).max_requests)))
    }
}
