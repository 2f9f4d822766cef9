//! A report across sources: which pull requests are open for issues that are done already, by project.
//!
//! `cargo run --example report`

use std::error::Error;
use std::sync::Arc;

use chrono::Utc;
use sqluice::Engine;
use sqluice::demo::{Workspace, company::Scale};

const REPORT: &str = "
WITH pulls AS (
  SELECT repository, number, regexp_match(title, '[A-Z]+-[0-9]+')[1] AS issue
  FROM github.pull_requests
  WHERE updated_at > now() - interval '400 days'
)
SELECT i.project_key AS project, i.status_category AS issues, count(*) AS pull_requests, count(DISTINCT p.repository) AS repositories
FROM jira.issues i JOIN pulls p ON p.issue = i.key
WHERE i.updated > now() - interval '400 days'
GROUP BY ALL
ORDER BY pull_requests DESC, project, issues";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let demo = Workspace::start(Scale::Small, Utc::now()).await?;
    let engine = Engine::builder().config(demo.config()).build()?;
    let query = engine.sql(REPORT).await?;
    let run = Arc::clone(query.run());
    query.dataframe().show().await?;
    for warning in run.stats.warnings() {
        println!("warning: {warning}");
    }
    // What it cost, by source.
    let calls = "SELECT source, \"table\", count(*) AS calls, sum(rows) AS rows FROM sqluice.requests GROUP BY ALL ORDER BY 1, 2";
    engine.sql(calls).await?.dataframe().show().await?;
    Ok(())
}
