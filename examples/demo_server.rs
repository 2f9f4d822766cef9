//! Runs the demo workspace for outside clients: prints where each API is and what enters it, then serves until standard input ends.
//!
//! `cargo run --example demo_server -- [small|full]`

use std::io::Read;

use sqluice::demo::company::Scale;
use sqluice::demo::{Options, Workspace, github, jira, linear, slack};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let scale = if std::env::args().nth(1).as_deref() == Some("small") { Scale::Small } else { Scale::Full };
    // A walk through an official client takes more calls than an hour's window has.
    let github = github::Options { rate_limit: 1_000_000, ..github::Options::default() };
    let workspace = Workspace::start_with(scale, chrono::Utc::now(), Options { github, ..Options::default() }).await?;
    let (github, jira, slack) = (github::Options::default(), jira::Options::default(), slack::Options::default());
    let line = serde_json::json!({
        "organization": workspace.company.organization,
        "github": {"url": workspace.github.server.url(), "token": github.token},
        "jira": {"url": workspace.jira.server.url(), "email": jira.email, "token": jira.token},
        "slack": {"url": format!("{}/api", workspace.slack.server.url()), "token": slack.token, "user_token": slack.user_token},
        "linear": {"url": workspace.linear.server.url(), "token": linear::Options::default().token},
    });
    println!("{line}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    Ok(())
}
