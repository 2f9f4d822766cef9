//! The demo workspace: in-process emulators of the APIs on loopback, filled with one made-up company's data.
//!
//! Owns the company ([`company`]) and one emulator per source. An emulator implements its vendor's semantics, not what a connector
//! happens to send; it must not know the connectors.

pub mod company;
pub mod github;
pub mod jira;
pub mod linear;
pub mod server;
pub mod slack;

use std::io;

use chrono::{DateTime, Utc};

use self::company::{Company, Scale};
use self::github::Github;
use self::jira::Jira;
use self::linear::Linear;
use self::slack::Slack;
use crate::engine::{Config, SourceConfig};

/// All emulators, running; dropping it ends them.
#[derive(Debug)]
pub struct Workspace {
    /// The company whose data they show.
    pub company: Company,
    /// GitHub.
    pub github: Github,
    /// Jira.
    pub jira: Jira,
    /// Linear.
    pub linear: Linear,
    /// Slack.
    pub slack: Slack,
}

/// How the emulators behave.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// GitHub's.
    pub github: github::Options,
    /// Jira's.
    pub jira: jira::Options,
    /// Linear's.
    pub linear: linear::Options,
    /// Slack's.
    pub slack: slack::Options,
}

impl Workspace {
    /// Starts an emulator for every source, with the company's data as of `now`.
    ///
    /// # Errors
    /// If a port can't be had.
    pub async fn start(scale: Scale, now: DateTime<Utc>) -> io::Result<Self> {
        Self::start_with(scale, now, Options::default()).await
    }

    /// As [`Workspace::start`], with emulators that behave otherwise.
    ///
    /// # Errors
    /// If a port can't be had.
    pub async fn start_with(scale: Scale, now: DateTime<Utc>, options: Options) -> io::Result<Self> {
        let company = Company::new(scale, now);
        let github = Github::start(&company, options.github).await?;
        let jira = Jira::start(&company, options.jira).await?;
        let linear = Linear::start(&company, options.linear).await?;
        let slack = Slack::start(&company, options.slack).await?;
        Ok(Self { company, github, jira, linear, slack })
    }

    /// The configuration that enters the emulators.
    pub fn config(&self) -> Config {
        let mut config = Config::default();
        let github = github::Options::default();
        let source = SourceConfig::default().with("base_url", &self.github.server.url()).with("token", &github.token);
        config.sources.insert("github".to_owned(), source.with("organization", self.company.organization));
        let jira = jira::Options::default();
        let source = SourceConfig::default().with("site", &self.jira.server.url()).with("email", &jira.email).with("token", &jira.token);
        config.sources.insert("jira".to_owned(), source);
        let source = SourceConfig::default().with("base_url", &self.linear.server.url());
        config.sources.insert("linear".to_owned(), source.with("token", &linear::Options::default().token));
        let source = SourceConfig::default().with("base_url", &format!("{}/api", self.slack.server.url()));
        config.sources.insert("slack".to_owned(), source.with("token", &slack::Options::default().token));
        config
    }
}
