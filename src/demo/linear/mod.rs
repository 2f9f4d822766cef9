//! Linear's GraphQL API over a made-up workspace, for demos and tests.
//!
//! Queries are executed by a real engine over the vendor's own schema (`schema`), so that an unknown field, a wrong operator
//! or a bad date fails as it fails there. Rows are in [`Data`]; `view` gives their fields their names, `filter` and `page`
//! choose and order them, `http` says who may ask and how much. Only reads.
//!
//! The vendor's semantics are those that were measured. What they say nothing about is refused with a "graphql error" that
//! names it, and never guessed.
//! Durations in filters count from the moment at which the data is seen, not from the clock.
//!
//! The faults that the emulator plays, on the lists at the root of a query: `Revoked` is the refusal of a bad credential.
//! `ClampPage` makes pages smaller. `EmptyPage` is a page without rows whose cursor leads to those rows. `RepeatCursor` gives
//! the cursor that the page was asked with. `ExpiredCursor` refuses a cursor.

mod data;
mod filter;
mod generate;
mod http;
mod limits;
mod page;
mod refusal;
mod resolve;
mod schema;
#[cfg(test)]
mod tests;
mod view;

use std::io;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};

pub use data::{
    Attachment, Change, Comment, Cycle, Data, Document, Entry, Initiative, Issue, Label, Membership, Milestone, Organization, Place,
    Project, ProjectLink, ProjectStatus, ProjectUpdate, Record, Relation, State as WorkflowState, Subject, Team, User,
};

use self::limits::Limits;
use self::schema::Contract;
use self::view::View;
use super::company::Company;
use super::server::{Fault, Server};

/// How the emulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The API key that is accepted, sent bare.
    pub token: String,
    /// The OAuth access token that is accepted as a bearer token.
    pub oauth_token: String,
    /// The clock that rate limits run by.
    pub api_now: fn() -> DateTime<Utc>,
    /// Requests in an hour; they come back all the time.
    pub requests_per_hour: u64,
    /// Points of complexity in an hour; they come back all the time.
    pub complexity_per_hour: u64,
    /// How many seconds that hour has.
    pub rate_window: i64,
    /// The most points that one query may have.
    pub query_complexity: u64,
    /// Whether a refusal over a rate limit says when to come back.
    pub retry_after: bool,
    /// Whether moments are stored with microseconds that answers do not show: filters and orders see them then. What the
    /// vendor stores below a millisecond is not known.
    pub stored_micros: bool,
    /// Port on 127.0.0.1; 0 for any.
    pub port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "lin_api_demo0000000000000000000000000000000000lf".to_owned(),
            oauth_token: "demo-linear-oauth-token".to_owned(),
            api_now: Utc::now,
            requests_per_hour: 2_500,
            complexity_per_hour: 3_000_000,
            rate_window: 3_600,
            query_complexity: 10_000,
            retry_after: true,
            stored_micros: false,
            port: 0,
        }
    }
}

/// A running emulator; dropping it ends it.
#[derive(Debug)]
pub struct Linear {
    /// The server: its address, its log and its faults. The API is at `/graphql` below it.
    pub server: Server,
    /// The rows it answers from.
    pub data: Arc<Data>,
}

impl Linear {
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
        let app = Arc::new(App::new(Arc::clone(&data), options)?);
        let port = app.options.port;
        let server = Server::start_at(port, move |_| Router::new().fallback(answer).with_state(app)).await?;
        Ok(Self { server, data })
    }
}

/// What every request is answered from.
#[derive(Debug)]
struct App {
    view: View,
    contract: &'static Contract,
    limits: Limits,
    options: Options,
}

impl App {
    fn new(data: Arc<Data>, options: Options) -> io::Result<Self> {
        let contract = schema::contract().map_err(io::Error::other)?;
        Ok(Self { view: View::new(data, options.stored_micros), contract, limits: Limits::default(), options })
    }
}

/// One query, as resolvers see it.
#[derive(Clone, Debug)]
struct Asked {
    app: Arc<App>,
    fault: Option<Fault>,
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    http::answer(app, request).await
}
