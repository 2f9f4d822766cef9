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
        let typed = ask(format!("{input} of [sources.{name}]: ")).await?;
        let source = config.sources.remove(&name).unwrap_or_default();
        config.sources.insert(name, source.with(&input, &typed));
    }
    Ok(())
}

/// Asks for a secret at the terminal.
pub(super) async fn ask(question: String) -> Result<String> {
    read(move || rpassword::prompt_password(question)).await
}

/// Reads a secret from standard input, to its end.
pub(super) async fn read_in() -> Result<String> {
    read(|| std::io::read_to_string(std::io::stdin())).await
}

/// Reads on a thread of its own, so that Ctrl-C ends the wait.
async fn read(read: impl FnOnce() -> std::io::Result<String> + Send + 'static) -> Result<String> {
    let text = tokio::task::spawn_blocking(read).await.map_err(|error| DataFusionError::External(Box::new(error)))??;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}
