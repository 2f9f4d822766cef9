//! GitHub's REST API over made-up repositories, for demos and tests.
//!
//! Follows the vendor: version 2022-11-28 of the API, its defaults, refusals, ways of paging and known oddities. Only
//! reads. Whoever sends no token sees what is public, at the rate of the anonymous.
//!
//! The faults that an emulator plays: `Revoked` is the refusal of a bad credential. `ClampPage` makes pages smaller.
//! `EmptyPage` on the list of issues is a page without rows whose cursor leads to those rows; on a list paged by number
//! the rows of that page are as if hidden from the reader, and `next` leads on. `RepeatCursor` names the page itself as
//! next. `ExpiredCursor` refuses a cursor.

mod actions;
mod call;
mod code;
mod data;
mod discussion;
mod files;
mod issues;
mod limits;
mod page;
mod pulls;
mod releases;
mod render;
mod repositories;
mod route;
mod search;
#[cfg(test)]
mod tests;
mod users;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};

pub use data::{
    Asset, Branch, Comment, Commit, Data, File, Issue, IssueType, Job, Label, Milestone, Owner, Pull, Release, Repository, Review,
    ReviewComment, Run, Signature, Star, Tag, User, Workflow,
};

use super::company::Company;
use super::server::Server;
use limits::Limits;

/// How the emulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The only token that is accepted.
    pub token: String,
    /// The clock that rate limits run by.
    pub api_now: fn() -> DateTime<Utc>,
    /// Requests that a token has in a window; searches have a window of their own.
    pub rate_limit: i64,
    /// Length of that window in seconds.
    pub rate_window: i64,
    /// Status of the refusal when a window is spent: 403 or 429.
    pub spent_status: u16,
    /// How many rows a search or a filtered list of runs gives at most.
    pub result_cap: usize,
    /// How many entries a tree has at most.
    pub tree_limit: usize,
    /// Port on 127.0.0.1; 0 for any.
    pub port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "demo-github-token".to_owned(),
            api_now: Utc::now,
            rate_limit: 5_000,
            rate_window: 3_600,
            spent_status: 403,
            result_cap: 1_000,
            tree_limit: 100_000,
            port: 0,
        }
    }
}

/// A running emulator; dropping it ends it.
#[derive(Debug)]
pub struct Github {
    /// The server: its address, its log and its faults.
    pub server: Server,
    /// The rows it answers from.
    pub data: Arc<Data>,
}

impl Github {
    /// Starts with the rows of a company.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start(company: &Company, options: Options) -> io::Result<Self> {
        Self::start_with(Arc::new(Data::generate(company)), options).await
    }

    /// Starts with given rows.
    ///
    /// # Errors
    /// If the port cannot be had.
    pub async fn start_with(data: Arc<Data>, options: Options) -> io::Result<Self> {
        let port = options.port;
        let rows = Arc::clone(&data);
        let server = Server::start_at(port, move |url| {
            let app = App { data: rows, limits: Limits::default(), options, url: url.to_owned() };
            Router::new().fallback(answer).with_state(Arc::new(app))
        })
        .await?;
        Ok(Self { server, data })
    }
}

/// What every request is answered from.
#[derive(Debug)]
struct App {
    data: Arc<Data>,
    options: Options,
    limits: Limits,
    /// The server's own address, which links begin with.
    url: String,
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    call::answer(&app, &request)
}
