//! `sqluice secret`: what the operating system's keyring keeps for the configuration.

use std::io::IsTerminal;

use datafusion::common::{DataFusionError, Result};

use super::args::SecretAction;
use super::failure::{self, USAGE};
use super::prompt;
use super::terminal::say;
use crate::engine::keyring;

/// Does it; the exit code says whether it went well. A secret is never an argument, which others could see, and never printed.
pub(super) async fn run(action: SecretAction) -> u8 {
    match done(action).await {
        Ok(()) => 0,
        Err(error) => {
            say(failure::text(&error, None));
            failure::code(&error).max(USAGE)
        }
    }
}

async fn done(action: SecretAction) -> Result<()> {
    // Nobody types what can't be kept.
    apart(keyring::available).await?;
    match action {
        SecretAction::Set { name } => {
            let secret = if std::io::stdin().is_terminal() { prompt::ask(format!("{name}: ")).await } else { prompt::read_in().await }?;
            if secret.is_empty() {
                return Err(DataFusionError::Configuration("nothing was given, so nothing is kept".to_owned()));
            }
            apart(move || keyring::set(&name, &secret)).await
        }
        SecretAction::Delete { name } => apart(move || keyring::delete(&name)).await,
    }
}

/// Works on a thread of its own: the keyring may ask its user for a password.
async fn apart(work: impl FnOnce() -> Result<(), String> + Send + 'static) -> Result<()> {
    let done = tokio::task::spawn_blocking(work).await.map_err(|error| DataFusionError::External(Box::new(error)))?;
    done.map_err(DataFusionError::Configuration)
}
