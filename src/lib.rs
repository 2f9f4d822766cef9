//! Sqluice shows `SaaS` APIs as SQL tables, on Apache `DataFusion`.
//!
//! `SELECT key FROM jira.issues WHERE updated > now() - interval '7 days'` becomes the fewest calls of Jira's API that answer it,
//! streamed into Arrow record batches page by page. This page is the manual for programs that embed the engine; each recipe is also a
//! program in `examples/` that runs without an account.
//!
//! # A query
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::StreamExt;
//! // The sources whose inputs stand in the environment: GITHUB_TOKEN; JIRA_SITE, JIRA_EMAIL and JIRA_API_TOKEN; …
//! let engine = sqluice::Engine::builder().environment().build()?;
//! let query = engine.sql("SELECT key, updated FROM jira.issues ORDER BY updated DESC LIMIT 10").await?;
//! let run = query.run().clone();
//! let mut batches = query.stream()?;
//! while let Some(batch) = batches.next().await {
//!     println!("{} rows", batch?.num_rows());
//! }
//! assert!(run.stats.is_complete(), "{:?}", run.stats.warnings());
//! # Ok(())
//! # }
//! ```
//!
//! An [`Engine`] is made once and shared: cloning it is cheap, queries run side by side, and all of them keep a credential's limits
//! together. Planning makes no call. The stream asks for a page when the one before it is used up, then runs ahead as it is read;
//! dropping it stops the calls. [`Run`](engine::Run) tells, while the query runs and afterwards, what it asked for and what it lacks.
//! [`Query::dataframe`] hands the query to `DataFusion`, which the crate re-exports: writing Parquet and CSV, collecting, more plans.
//!
//! # Sources
//!
//! A source is configured by a file ([`Engine::read_config`]), by the environment, or in code. One type may be entered many times, each
//! under its own name. Table files may come with the program, as text or as a folder ([`EngineBuilder::tables`]); what they say is in
//! [`spec::file`].
//!
//! ```
//! use sqluice::engine::SourceConfig;
//! # fn example(token: &str) -> sqluice::datafusion::error::Result<()> {
//! let engine = sqluice::Engine::builder()
//!     .source("jira_eu", SourceConfig::of("jira").with("site", "https://acme-eu.atlassian.net").with("email", "ada@acme.example").with("token", token))
//!     .source("shop", SourceConfig::default())
//!     .table_files([
//!         ("shop/source.yaml", "format: 1\nsource: shop\nbase_url: \"https://api.shop.example/v1\"\n"),
//!         ("shop/orders.yaml", "format: 1\ntable: orders\ndescription: Orders.\nkey: [id]\nrequest: {path: /orders}\nrows: orders\ncolumns:\n  - {name: id, type: int64}\n"),
//!     ])
//!     .build()?;
//! assert_eq!(engine.sources().keys().collect::<Vec<_>>(), ["jira_eu", "shop"]);
//! # Ok(())
//! # }
//! # example("t").unwrap();
//! ```
//!
//! Whatever gives record batches is a source too: implement [`native::NativeSource`] (two methods) and [`Engine::register`] it. Filters,
//! order and limit are offers to it; every row is checked here. Both kinds join with each other, with files (`FROM 'teams.csv'`) and with
//! tables that the program registers in [`Engine::context`].
//!
//! # Values
//!
//! Values never become part of the SQL text, and are pushed down as literals are. `PREPARE` and `EXECUTE` do the same in SQL.
//!
//! ```
//! # async fn example(engine: &sqluice::Engine) -> sqluice::datafusion::error::Result<()> {
//! let sql = "SELECT key FROM jira.issues WHERE project_key = $1 AND updated >= $2";
//! let query = engine.sql(sql).bind("ENG").bind("2026-01-01T00:00:00Z").await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Statements of strangers
//!
//! A program that runs what others write bounds what a statement may do and cost. A read-only engine has no files, no COPY, no CREATE,
//! and no SET that lifts a bound; on any engine a source is only read.
//!
//! ```
//! # async fn example() -> sqluice::datafusion::error::Result<()> {
//! let engine = sqluice::Engine::builder().read_only().max_requests(200).memory_limit(512 << 20).build()?;
//! for sql in ["COPY (SELECT 1) TO 'x.csv'", "EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", "SELECT * FROM '/etc/passwd'"] {
//!     assert!(engine.sql(sql).await.unwrap_err().to_string().contains("this engine is read-only"));
//! }
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(example()).unwrap();
//! ```
//!
//! Settings (`SET`), prepared statements, tables and views belong to the engine, not to who made them: give people who must not see each
//! other's an engine each.
//!
//! # A session of one's own
//!
//! A program with its own `SessionContext` makes it with [`configure`], whose page says what is lost without it, and puts the sources in:
//!
//! ```
//! use sqluice::datafusion::execution::SessionStateBuilder;
//! use sqluice::datafusion::prelude::SessionContext;
//! # fn example(engine: &sqluice::Engine) -> sqluice::datafusion::error::Result<()> {
//! let state = sqluice::configure(SessionStateBuilder::new().with_default_features()).build();
//! let context = SessionContext::new_with_state(state);
//! engine.register_into(&context)?;
//! # Ok(())
//! # }
//! # example(&sqluice::Engine::builder().build().unwrap()).unwrap();
//! ```
//!
//! # Transport, time, memory
//!
//! | wish | how |
//! |---|---|
//! | an HTTP client with proxies, certificates, timeouts of one's own, shared by all sources | [`http::ReqwestService::with_client`] as [`EngineBuilder::service`] |
//! | no network: recordings, scripts, faults | an [`http::HttpService`] as [`EngineBuilder::service`] |
//! | fewer calls at once, fewer attempts, shorter waits, for all sources | [`EngineBuilder::limits`] |
//! | a bound on memory, and where the rest goes | [`EngineBuilder::memory_limit`], [`EngineBuilder::spill_to`], [`EngineBuilder::no_spilling`] |
//! | tests that ask the same every day | [`EngineBuilder::clock`] |
//!
//! # Features
//!
//! | feature | brings |
//! |---|---|
//! | `cli` (default) | the command line; a library does not need it |
//! | `demo` (default) | emulators of the APIs with one made-up company's data, for tests and for trying things out |
//! | `keyring` | `{ keyring = "NAME" }` in the configuration: secrets that the operating system keeps |
//! | `keyring-core` | the same, from the store that the program has set with the crate `keyring-core` |
//!
//! A program that embeds the engine says `default-features = false`.
//!
//! # The way of a query
//!
//! ```text
//! SQL ─▶ engine ─▶ scan ─▶ predicate ─▶ request ─▶ http ─▶ decode ─▶ scan ─▶ Arrow
//! ```
//!
//! One way: nothing below knows anything above it. The types that the layers hand to each other are plain data:
//!
//! | type | says |
//! |---|---|
//! | [`spec::TableSpec`] | what an API can do, as facts: granularity, inclusiveness, case, nulls. Never a verdict |
//! | [`predicate::Predicate`] | what SQL wants: an AND/OR tree over tests of single columns, NOT pushed to the leaves |
//! | [`predicate::Asked`] | what the API is asked for, a superset of that, and whether it is exact: derived, never assumed |
//! | [`request::ScanPlan`] | how: list or lookup, parents, order, page size, where to stop. EXPLAIN prints it |
//! | [`request::Unit`] | one independent chain of pages, and which rows are its own |
//! | [`request::ApiRequest`] | one request: no host, no credential, so it may be printed, compared and shipped |
//! | [`http::HttpService`] | the seam to the network: reqwest in production, anything in tests |
//! | [`decode::PageDecoder`] | JSON bytes to Arrow columns in one pass, the next cursor found on the way |
//! | [`scan::ApiScanExec`] | the plan node of a declared table: what it absorbed, and the plan that follows from it |
//! | [`native::ScanRequest`] | the same wishes, as a source written in Rust is told them |
//!
//! # Promises
//!
//! 1. A pushed predicate never loses a row, and every row is rechecked. `SET sqluice.pushdown = false` gives the same rows.
//!    Exceptions, listed in `sqluice.columns.note`: pass-through columns have no meaning here, a literal that names a parent that
//!    does not exist is an error, and a parent that a join names is asked for even if no list of parents shows it.
//! 2. Nothing is silent: what is missing is an error, or a warning with its count in [`http::QueryStats`].
//! 3. Lazy and bounded: a limit reads no page after the one that holds its last row, and dropping a stream stops its calls.
//! 4. No call that the query did not need, and none while planning.
//! 5. A SELECT never writes, and a credential goes to the origin of its source and nowhere else.

#[cfg(feature = "cli")]
pub mod cli;
pub mod conformance;
pub mod decode;
#[cfg(feature = "demo")]
pub mod demo;
pub mod engine;
pub mod http;
pub mod native;
pub mod predicate;
pub mod propose;
pub mod request;
pub mod scan;
pub mod spec;

pub use datafusion;
pub use engine::{Config, Engine, EngineBuilder, Query, configure};
