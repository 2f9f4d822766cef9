//! `sqluice.toml`: which sources there are, and how to enter them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::http::{InputValue, Inputs};
use crate::spec::{InputKind, Limits, SourceSpec};

/// What is wrong with a configuration, and where.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(super) fn unknown_source<'a>(name: &str, kind: &str, known: impl Iterator<Item = &'a str> + Clone) -> Self {
        let list = known.clone().collect::<Vec<_>>().join(", ");
        let hint = crate::spec::nearest(kind, known).map(|near| format!("; did you mean type = \"{near}\"?")).unwrap_or_default();
        Self(format!("[sources.{name}]: there is no source type `{kind}`{hint}\nthe types are: {list}"))
    }
}

/// A configuration.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Sources by the name under which their tables appear.
    #[serde(default)]
    pub sources: BTreeMap<String, SourceConfig>,
}

/// A configured source.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct SourceConfig {
    /// Type of the source; default: its name.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// Limits in place of the source's own.
    pub limits: Option<Limits>,
    /// More certificate authorities to trust (PEM).
    pub ca_file: Option<PathBuf>,
    /// A client certificate with its key (PEM).
    pub client_cert: Option<PathBuf>,
    /// A proxy for this source.
    pub proxy: Option<String>,
    /// Values of the source's inputs.
    #[serde(flatten)]
    pub values: BTreeMap<String, ConfigValue>,
}

/// A value in a configuration.
#[derive(Clone, Deserialize)]
#[serde(untagged)]
pub enum ConfigValue {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// true or false.
    Flag(bool),
    /// A list of texts.
    List(Vec<String>),
    /// `{ env = "NAME" }` or `{ file = "path" }`.
    From(From),
}

/// Values stay out of `Debug`: any of them may be a secret.
impl std::fmt::Debug for ConfigValue {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Where a value is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct From {
    env: Option<String>,
    file: Option<PathBuf>,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Names file, line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let text = std::fs::read_to_string(path).map_err(|error| ConfigError(format!("{} cannot be read: {error}", path.display())))?;
        Self::parse(&text, &path.display().to_string())
    }

    /// Reads a text; `name` stands for it in errors.
    ///
    /// # Errors
    /// Names line and what to write instead.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            // toml's own rendering quotes the line, and a line of a configuration may hold a token.
            ConfigError(format!("{name}:{line}: {}", error.message()))
        })
    }

    /// The nearest `sqluice.toml`: in the working folder, then in the user's configuration folder.
    pub fn find() -> Option<PathBuf> {
        let home = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".config")));
        [Some(PathBuf::from("sqluice.toml")), home.map(|home| home.join("sqluice").join("sqluice.toml"))]
            .into_iter()
            .flatten()
            .find(|path| path.is_file())
    }

    /// Adds the sources whose inputs stand in the environment: at least one of them, and all that are required.
    #[must_use]
    pub fn with_environment(mut self, specs: &BTreeMap<String, SourceSpec>) -> Self {
        for (name, spec) in specs {
            let taken = self.sources.iter().any(|(known, source)| source.kind.as_deref().unwrap_or(known) == name);
            let set = |variable: &String| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
            let any = spec.inputs.values().any(|input| input.env.as_ref().is_some_and(set));
            let all = spec.inputs.values().filter(|input| input.required).all(|input| input.env.as_ref().is_some_and(set));
            if !taken && any && all {
                self.sources.insert(name.clone(), SourceConfig::default());
            }
        }
        self
    }
}

impl SourceConfig {
    /// Sets an input.
    #[must_use]
    pub fn with(mut self, input: &str, value: &str) -> Self {
        self.values.insert(input.to_owned(), ConfigValue::Text(value.to_owned()));
        self
    }

    /// The inputs with their values, from here or from the environment.
    pub(super) fn inputs(&self, name: &str, spec: &SourceSpec) -> Result<Inputs, ConfigError> {
        let mut inputs = Inputs::new();
        for (input, value) in &self.values {
            let kind = match spec.inputs.get(input) {
                Some(declared) => declared.kind,
                None if input == "base_url" => InputKind::Url,
                None => {
                    let known =
                        spec.inputs.keys().map(String::as_str).chain(["type", "base_url", "limits", "ca_file", "client_cert", "proxy"]);
                    let list = known.clone().collect::<Vec<_>>().join(", ");
                    let hint = crate::spec::nearest(input, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
                    return Err(ConfigError(format!("[sources.{name}]: there is no input `{input}`{hint}\nthe inputs are: {list}")));
                }
            };
            let text = |text: String| if kind == InputKind::Secret { InputValue::secret(text) } else { InputValue::Text(text) };
            let value = match value {
                ConfigValue::Text(value) if kind == InputKind::List => InputValue::List(list(value)),
                ConfigValue::Text(value) => text(value.clone()),
                ConfigValue::Number(value) => text(value.to_string()),
                ConfigValue::Flag(value) => text(value.to_string()),
                ConfigValue::List(values) if kind == InputKind::List => InputValue::List(values.clone()),
                ConfigValue::List(_) => return Err(ConfigError(format!("[sources.{name}]: {input} is one value, not a list"))),
                ConfigValue::From(from) => {
                    let read = from.read().map_err(|message| ConfigError(format!("[sources.{name}]: {input}: {message}")))?;
                    if kind == InputKind::List { InputValue::List(list(&read)) } else { text(read) }
                }
            };
            inputs.insert(input.as_str(), value);
        }
        for (input, declared) in &spec.inputs {
            let from_environment =
                declared.env.as_ref().and_then(|variable| std::env::var(variable).ok()).filter(|value| !value.is_empty());
            if let (false, Some(value)) = (inputs.is_set(input), from_environment) {
                let value = match declared.kind {
                    InputKind::Secret => InputValue::secret(value),
                    InputKind::List => InputValue::List(list(&value)),
                    _ => InputValue::Text(value),
                };
                inputs.insert(input.as_str(), value);
            }
        }
        Ok(inputs)
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

impl From {
    fn read(&self) -> Result<String, String> {
        match (&self.env, &self.file) {
            (Some(variable), None) => std::env::var(variable).map_err(|_| format!("the environment variable {variable} is not set")),
            (None, Some(file)) => {
                check_mode(file)?;
                let text = std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            _ => Err("write { env = \"NAME\" } or { file = \"path\" }".to_owned()),
        }
    }
}

/// A secret that others can read is none.
#[cfg(unix)]
fn check_mode(file: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
            Err(format!("{} can be read by others; run: chmod 600 {}", file.display(), file.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_mode(_file: &Path) -> Result<(), String> {
    Ok(())
}

/// What a plan may know of the inputs: everything but secrets.
pub(super) fn plain_inputs(inputs: &Inputs) -> BTreeMap<String, Vec<String>> {
    inputs
        .iter()
        .filter_map(|(name, value)| match value {
            InputValue::Text(text) => Some((name.to_owned(), vec![text.clone()])),
            InputValue::List(texts) => Some((name.to_owned(), texts.clone())),
            InputValue::Secret(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_line_and_never_quotes_it() {
        let error = Config::parse("[sources.jira]\nsite = \"x\"\ntoken = \"canary-token", "sqluice.toml").unwrap_err().to_string();
        assert!(error.starts_with("sqluice.toml:3: "), "{error}");
        assert!(!error.contains("canary"), "{error}");
        assert!(Config::parse("[source.jira]\n", "c").unwrap_err().to_string().contains("source"));
    }

    #[test]
    fn values_never_show() {
        let config = Config::parse("[sources.jira]\ntoken = \"canary-token\"\n", "c").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
    }
}
