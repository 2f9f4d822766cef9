//! Secrets that are asked for: `{ prompt = true }` in the configuration.

use std::io::IsTerminal;

use datafusion::common::{DataFusionError, Result};

use crate::engine::Config;

/// Asks for what the configuration leaves to be asked. What is typed is not shown.
pub(super) async fn fill_in(config: &mut Config) -> Result<()> {
    let prompts = config.prompts();
    // Whoever pipes SQL in, or reads errors out, does not sit there and type.
    if prompts.is_empty() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(());
    }
    for (name, input) in prompts {
        let question = format!("{input} of [sources.{name}]: ");
        // On a thread of its own, so that Ctrl-C ends the wait.
        let typed = tokio::task::spawn_blocking(move || rpassword::prompt_password(question)).await;
        let typed = typed.map_err(|error| DataFusionError::External(Box::new(error)))??;
        let source = config.sources.remove(&name).unwrap_or_default();
        config.sources.insert(name, source.with(&input, typed.trim_end_matches(['\r', '\n'])));
    }
    Ok(())
}
