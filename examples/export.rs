//! Writes the answer of a query to a Parquet file without holding more than a row group of it, and reads the file back.
//!
//! `cargo run --example export -- [FILE]`

use std::error::Error;
use std::path::PathBuf;

use chrono::Utc;
use datafusion::parquet::arrow::ArrowWriter;
use futures::StreamExt;
use sqluice::Engine;
use sqluice::demo::{Workspace, company::Scale};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = Workspace::start(Scale::Small, Utc::now()).await?;
    let engine = Engine::builder().config(demo.config()).build()?;
    let scratch = tempfile::tempdir()?;
    let file = std::env::args().nth(1).map_or_else(|| scratch.path().join("issues.parquet"), PathBuf::from);

    let query =
        engine.sql("SELECT key, project_key, status, labels, created, updated FROM jira.issues WHERE created >= '2000-01-01'").await?;
    // Written beside its place and moved there when it is complete: a query that fails half-way leaves no half file.
    let part = tempfile::NamedTempFile::new_in(file.parent().unwrap_or(&file))?;
    let mut writer = ArrowWriter::try_new(part.as_file(), query.schema(), None)?;
    let mut batches = query.stream()?;
    while let Some(batch) = batches.next().await {
        writer.write(&batch?)?;
    }
    let rows = writer.close()?.file_metadata().num_rows();
    part.persist(&file)?;
    println!("{rows} rows written");

    // A file is a table.
    let sql = format!("SELECT count(*) AS rows, count(DISTINCT project_key) AS projects FROM '{}'", file.display());
    engine.sql(&sql).await?.dataframe().show().await?;
    Ok(())
}
