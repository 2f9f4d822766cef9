//! Sqluice shows `SaaS` APIs as SQL tables, on Apache `DataFusion`.
//!
//! `SELECT key FROM jira.issues WHERE updated > now() - interval '7 days'` becomes the fewest calls of Jira's API that answer it,
//! streamed into Arrow record batches page by page.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use futures::StreamExt;
//! let engine = sqluice::Engine::builder().environment().build()?;
//! let query = engine.sql("SELECT key, updated FROM jira.issues ORDER BY updated DESC LIMIT 10").await?;
//! let mut batches = query.stream()?;
//! while let Some(batch) = batches.next().await {
//!     println!("{} rows", batch?.num_rows());
//! }
//! # Ok(())
//! # }
//! ```
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
//! | [`scan::ApiScanExec`] | the one plan node: what it absorbed, and the plan that follows from it |
//!
//! # Promises
//!
//! 1. A pushed predicate never loses a row, and every row is rechecked. `SET sqluice.pushdown = false` gives the same rows.
//!    Two exceptions, listed in `sqluice.columns.note`: pass-through columns have no meaning here, and a literal that names a
//!    parent that does not exist is an error.
//! 2. Nothing is silent: what is missing is an error, or a warning with its count in [`http::QueryStats`].
//! 3. Lazy and bounded: a limit reads no page after the one that holds its last row, and dropping a stream stops its calls.
//! 4. No call that the query did not need, and none while planning.
//! 5. A SELECT never writes, and a credential goes to the origin of its source and nowhere else.

#[cfg(feature = "cli")]
pub mod cli;
pub mod decode;
#[cfg(feature = "demo")]
pub mod demo;
pub mod engine;
pub mod http;
pub mod predicate;
pub mod request;
pub mod scan;
pub mod spec;

pub use engine::{Config, Engine, EngineBuilder, Query};
