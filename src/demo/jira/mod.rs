//! An emulator of Jira Cloud: the platform's REST API v3 and the agile API, as far as they read.
//!
//! Written from the vendor's contract alone, so that it and the connector cannot agree with each other and be wrong
//! together. Rows are in [`Data`]; handlers choose, order and show them. Refusals speak German on purpose: the vendor's
//! do so for German accounts, so nobody may look for English words in them.

mod activity;
mod agile;
pub mod data;
mod fields;
mod generate;
mod http;
mod jql;
mod limits;
mod lists;
mod projects;
mod render;
mod routes;
mod search;
mod site;
#[cfg(test)]
mod tests;
mod users;

use std::io;
use std::sync::Arc;

use axum::Router;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use self::data::Data;
use self::limits::Limits;
use self::site::{Index, Site};
use super::company::Company;
use super::server::Server;

/// How the site behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// Mail address of the accepted pair.
    pub email: String,
    /// API token of the accepted pair.
    pub token: String,
    /// Zone in the profile of the account that asks: dates in queries are read in it, moments in issues are shown in it.
    pub time_zone: Tz,
    /// In steps of how many milliseconds a moment is compared that a query gives as a number. What the vendor does
    /// below a minute is not known; 1 plays the other possibility.
    pub epoch_granularity_ms: i64,
    /// Whether the stored moment is cut to the same steps as the one in the query, or compared in full.
    pub floor_stored: bool,
    /// Whether a clause that holds for every issue (`created is not EMPTY`) counts as the restriction that a search
    /// has to have. Whether the vendor says so is not known.
    pub tautology_bounds: bool,
    /// Whether `changelog/bulkfetch` gives its moments in seconds, as the vendor's example does, or in milliseconds.
    pub changelog_seconds: bool,
    /// How many calls each endpoint takes; without it none are counted.
    pub burst: Option<Burst>,
    /// Port to listen on; 0 for any.
    pub port: u16,
}

/// A limit on the calls of each endpoint.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    /// Calls in a window.
    pub calls: u32,
    /// How long a window is.
    pub window: Window,
    /// Whether a refusal says after how many seconds to come back.
    pub retry_after: bool,
    /// The clock that windows run by.
    pub api_now: fn() -> DateTime<Utc>,
}

/// When a window ends, and how that is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// So many seconds after its first call.
    Seconds(i64),
    /// With the minute, which is told without seconds.
    Minute,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            email: "demo@lumenfold.example".to_owned(),
            token: "demo-jira-token".to_owned(),
            time_zone: Tz::UTC,
            epoch_granularity_ms: 60_000,
            floor_stored: true,
            tautology_bounds: false,
            changelog_seconds: true,
            burst: None,
            port: 0,
        }
    }
}

/// A running emulator; dropping it ends it.
#[derive(Debug)]
pub struct Jira {
    /// The server.
    pub server: Server,
    /// The rows that it shows.
    pub data: Arc<Data>,
}

impl Jira {
    /// Starts the site of a company.
    pub async fn start(company: &Company, options: Options) -> io::Result<Self> {
        Self::start_with(Arc::new(Data::generate(company)), options).await
    }

    /// Starts a site with given rows.
    pub async fn start_with(data: Arc<Data>, options: Options) -> io::Result<Self> {
        let index = Index::new(&data);
        let rows = Arc::clone(&data);
        let server = Server::start_at(options.port, |base| {
            let site = Arc::new(Site { data: rows, index, limits: Limits::default(), options, base: base.to_owned() });
            Router::new().fallback(routes::answer).with_state(site)
        })
        .await?;
        Ok(Self { server, data })
    }
}
