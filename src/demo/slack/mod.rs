//! Slack's Web API over a made-up workspace, for demos and tests.
//!
//! Owns the workspace's rows ([`Data`]) and how Slack shows them: its two kinds of tokens and their scopes, refusals that
//! travel with status 200, ways of paging, bounds on timestamps, threads, tiers of rate limits. Only reads. It must not
//! know what a connector sends, nor anything of GitHub and Jira but what the company tells.
//!
//! The faults that an emulator plays: `Revoked` is the refusal of a token that was taken back. `ClampPage` makes pages
//! smaller. On a list paged by cursor, `EmptyPage` is a page without rows whose cursor leads to those rows,
//! `RepeatCursor` names the page itself as next, and `ExpiredCursor` refuses a cursor.

mod call;
mod conversations;
mod data;
mod files;
mod groups;
mod history;
mod items;
mod limits;
mod page;
mod query;
mod render;
mod route;
mod search;
mod team;
#[cfg(test)]
mod tests;
mod ts;
mod users;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::to_bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};

pub use data::{
    Bookmark, Bot, Channel, Custom, Data, Edit, File, Kind, Login, Message, Note, Pin, Reaction, Subtype, Team, User, Usergroup,
};
pub use ts::Ts;

use super::company::Company;
use super::server::Server;
use limits::Limits;

/// What a bot token may read.
pub const BOT_SCOPES: [&str; 16] = [
    "bookmarks:read",
    "channels:history",
    "channels:read",
    "dnd:read",
    "emoji:read",
    "files:read",
    "groups:history",
    "groups:read",
    "im:history",
    "im:read",
    "mpim:history",
    "mpim:read",
    "pins:read",
    "reactions:read",
    "team:read",
    "usergroups:read",
];
/// What both kinds of tokens may know of users.
pub const PEOPLE_SCOPES: [&str; 2] = ["users:read", "users:read.email"];
/// What only a user token may read.
pub const USER_SCOPES: [&str; 2] = ["admin", "search:read"];

/// The largest request body that is read.
const MAX_BODY: usize = 1 << 20;

/// Which limits the app that asks is under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RateLimits {
    /// None at all.
    Off,
    /// Each method's tier, as for an app of the Marketplace or one that a company made for itself.
    Tiers,
    /// As `Tiers`, but history and replies only once a minute and 15 messages at a time: an app that is sold outside
    /// of the Marketplace, since 2025-05-29.
    Unlisted,
}

/// How the emulator behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The accepted bot token. It enters as [`Data::bot_reader`].
    pub token: String,
    /// Scopes of the bot token.
    pub scopes: Vec<&'static str>,
    /// The accepted user token, the only kind that may search. It enters as [`Data::user_reader`].
    pub user_token: String,
    /// Scopes of the user token.
    pub user_scopes: Vec<&'static str>,
    /// The clock that rate limits run by.
    pub api_now: fn() -> DateTime<Utc>,
    /// Which limits there are.
    pub rate_limits: RateLimits,
    /// How many seconds a limit's window has.
    pub rate_window: i64,
    /// How many rows a list gives at most to who names no `limit`; for more it has to be named.
    pub unlimited_rows: usize,
    /// How many users of a reaction a message names at most; its count is full all the same.
    pub reaction_users: usize,
    /// Whether every page of replies begins with the thread's root, or only the first. Which of the two Slack does is
    /// not known.
    pub repeat_root: bool,
    /// Port on 127.0.0.1; 0 for any.
    pub port: u16,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            token: "xoxb-demo-slack-token".to_owned(),
            scopes: BOT_SCOPES.into_iter().chain(PEOPLE_SCOPES).collect(),
            user_token: "xoxp-demo-slack-token".to_owned(),
            user_scopes: BOT_SCOPES.into_iter().chain(PEOPLE_SCOPES).chain(USER_SCOPES).collect(),
            api_now: Utc::now,
            rate_limits: RateLimits::Off,
            rate_window: 60,
            unlimited_rows: 1_000,
            reaction_users: 50,
            repeat_root: true,
            port: 0,
        }
    }
}

/// A running emulator; dropping it ends it.
#[derive(Debug)]
pub struct Slack {
    /// The server: its address, its log and its faults. Methods are below `/api/`.
    pub server: Server,
    /// The rows it answers from.
    pub data: Arc<Data>,
    forward_pages: Arc<AtomicUsize>,
}

impl Slack {
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
        let (rows, port) = (Arc::clone(&data), options.port);
        let forward_pages = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&forward_pages);
        let server = Server::start_at(port, move |_| {
            let app = App { data: rows, limits: Limits::default(), options, forward_pages: counter };
            Router::new().fallback(answer).with_state(Arc::new(app))
        })
        .await?;
        Ok(Self { server, data, forward_pages })
    }

    /// How many pages of history were served so far to walks that go forward in time, which is what `oldest` without
    /// `latest` asks for.
    pub fn forward_pages(&self) -> usize {
        self.forward_pages.load(Ordering::Relaxed)
    }
}

/// What every request is answered from.
#[derive(Debug)]
struct App {
    data: Arc<Data>,
    options: Options,
    limits: Limits,
    forward_pages: Arc<AtomicUsize>,
}

async fn answer(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    call::answer(&app, &parts, &body)
}
