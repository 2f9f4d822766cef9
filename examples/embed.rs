//! Streams the answer of a query as Arrow record batches, page by page.
//!
//! `cargo run --example embed`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use chrono::{Duration, Utc};
use futures::StreamExt;
use sqluice::Engine;
use sqluice::demo::{Workspace, company::Scale};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Emulators of the APIs, inside this process. With accounts: `Engine::builder().environment()`, or a configuration by
    // `Engine::read_config`, or `.source("jira", SourceConfig::of("jira").with("site", …))`.
    let demo = Workspace::start(Scale::Small, Utc::now()).await?;
    let engine = Engine::builder().config(demo.config()).max_requests(100).build()?;

    // Values are bound before planning: they reach the API as literals would, and never become part of the text.
    let sql = "SELECT key, status, updated FROM jira.issues WHERE updated >= $1 AND status <> $2 ORDER BY updated DESC";
    let since = (Utc::now() - Duration::days(365)).to_rfc3339();
    let query = engine.sql(sql).bind(since).bind("Done").await?;

    // Planning made no call; rows come as pages arrive. Dropping the stream would stop the calls.
    let run = Arc::clone(query.run());
    let mut batches = query.stream()?;
    let mut rows = 0;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        rows += batch.num_rows();
        println!("a batch of {} rows and {} columns", batch.num_rows(), batch.num_columns());
    }
    // Whatever is missing from a result is said here, or was an error.
    for warning in run.stats.warnings() {
        println!("warning: {warning}");
    }
    println!("{rows} rows, {} calls, complete: {}", run.stats.requests.load(Relaxed), run.stats.is_complete());
    Ok(())
}
