//! `sqluice.toml`: which sources there are, and how to enter them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    /// Object stores by URL (`s3://bucket`), or by scheme (`s3`) for all that have no section of their own.
    #[serde(default)]
    pub stores: BTreeMap<String, StoreConfig>,
    /// The file that it was read from, if others can read it, too.
    #[serde(skip)]
    open_file: Option<PathBuf>,
}

/// Options of an object store beyond what stands in the environment, by the names of the crate `object_store`: for S3 `endpoint`,
/// `region`, `allow_http`, `access_key_id`, `secret_access_key` and more.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct StoreConfig(BTreeMap<String, ConfigValue>);

impl StoreConfig {
    /// Sets an option.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.0.insert(option.to_owned(), ConfigValue::Text(value.to_owned()));
        self
    }

    /// The options with their values, secrets in plain: only for the store itself.
    pub(super) fn options(&self) -> Result<Vec<(String, String)>, String> {
        let value = |(name, value): (&String, &ConfigValue)| {
            let value = match value {
                ConfigValue::Text(value) => value.clone(),
                ConfigValue::Number(value) => value.to_string(),
                ConfigValue::Flag(value) => value.to_string(),
                ConfigValue::From(from) => from.read().map_err(|message| format!("{name}: {message}"))?,
                ConfigValue::List(_) => return Err(format!("{name} is one value, not a list")),
            };
            Ok((name.clone(), value))
        };
        self.0.iter().map(value).collect()
    }
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
    /// How long lists that lead to a table's rows are kept, such as `5m`; `0` for not at all.
    pub cache_ttl: Option<String>,
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
    /// `{ env = "NAME" }`, `{ file = "path" }` or `{ prompt = true }`.
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
    #[serde(default)]
    prompt: bool,
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// Names file, line and what to write instead.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let unreadable = |error: std::io::Error| ConfigError(format!("{} cannot be read: {error}", path.display()));
        let mut file = File::open(path).map_err(unreadable)?;
        let mut text = String::new();
        file.read_to_string(&mut text).map_err(unreadable)?;
        let mut config = Self::parse(&text, &path.display().to_string())?;
        config.open_file = is_open(&file).then(|| path.to_owned());
        Ok(config)
    }

    /// Reads a text; `name` stands for it in errors.
    ///
    /// # Errors
    /// Names line and what to write instead.
    pub fn parse(text: &str, name: &str) -> Result<Self, ConfigError> {
        toml::from_str(text).map_err(|error| {
            let line = error.span().map_or(1, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            // toml's own rendering quotes the line, and a line of a configuration may hold a token.
            ConfigError(format!("{name}:{line}: {}", without_value(error.message())))
        })
    }

    /// Inputs that are to be asked for at a terminal (`{ prompt = true }`), with their sources.
    pub fn prompts(&self) -> Vec<(String, String)> {
        let asked = |value: &ConfigValue| matches!(value, ConfigValue::From(From { prompt: true, .. }));
        let of_source = |(name, source): (&String, &SourceConfig)| {
            let inputs = source.values.iter().filter(|(_, value)| asked(value));
            inputs.map(|(input, _)| (name.clone(), input.clone())).collect::<Vec<_>>()
        };
        self.sources.iter().flat_map(of_source).collect()
    }

    /// What is to be said about secrets that stand in a file which others can read.
    pub(super) fn exposed(&self, specs: &BTreeMap<String, SourceSpec>) -> Option<String> {
        let file = self.open_file.as_ref()?.display();
        let in_file = |(name, source): (&String, &SourceConfig)| {
            let spec = specs.get(source.kind.as_deref().unwrap_or(name))?;
            let is_secret = |input: &String| spec.inputs.get(input).is_some_and(|input| input.kind == InputKind::Secret);
            let written = |value: &ConfigValue| !matches!(value, ConfigValue::From(_));
            let (input, _) = source.values.iter().find(|(input, value)| is_secret(input) && written(value))?;
            Some(format!("`{input}` of [sources.{name}]"))
        };
        let secrets: Vec<String> = self.sources.iter().filter_map(in_file).collect();
        (!secrets.is_empty()).then(|| format!("{file} holds {} and can be read by others; run: chmod 600 {file}", secrets.join(", ")))
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

    pub(super) fn cache_ttl(&self, name: &str) -> Result<Option<Duration>, ConfigError> {
        let ttl = self.cache_ttl.as_deref().map(crate::http::cache_ttl).transpose();
        ttl.map_err(|message| ConfigError(format!("[sources.{name}]: cache_ttl: {message}")))
    }

    /// The inputs with their values, from here or from the environment.
    pub(super) fn inputs(&self, name: &str, spec: &SourceSpec) -> Result<Inputs, ConfigError> {
        let mut inputs = Inputs::new();
        for (input, value) in &self.values {
            let kind = match spec.inputs.get(input) {
                Some(declared) => declared.kind,
                None if input == "base_url" => InputKind::Url,
                None => {
                    let known = spec.inputs.keys().map(String::as_str).chain([
                        "type",
                        "base_url",
                        "limits",
                        "ca_file",
                        "client_cert",
                        "proxy",
                        "cache_ttl",
                    ]);
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
        match (&self.env, &self.file, self.prompt) {
            (Some(variable), None, false) => std::env::var(variable).map_err(|_| {
                // Who puts the secret itself here must not see it in an error.
                let is_name = variable.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
                let name = if is_name { variable.as_str() } else { "that `env` names" };
                format!("the environment variable {name} is not set")
            }),
            (None, Some(path), false) => {
                let unreadable = |error: std::io::Error| format!("{} cannot be read: {error}", path.display());
                let mut file = File::open(path).map_err(unreadable)?;
                // A secret that others can read is none.
                if is_open(&file) {
                    return Err(format!("{} can be read by others; run: chmod 600 {}", path.display(), path.display()));
                }
                let mut text = String::new();
                file.read_to_string(&mut text).map_err(unreadable)?;
                Ok(text.trim_end_matches(['\r', '\n']).to_owned())
            }
            (None, None, true) => {
                Err("it is to be asked for, and here is nobody to ask; write { env = \"NAME\" } or { file = \"path\" }".to_owned())
            }
            _ => Err("write { env = \"NAME\" }, { file = \"path\" } or { prompt = true }".to_owned()),
        }
    }
}

/// Whether group or others can read or write a file.
#[cfg(unix)]
fn is_open(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn is_open(_file: &File) -> bool {
    false
}

/// What serde says about a value of the wrong type, without the value: it may be a token in the wrong place.
fn without_value(message: &str) -> String {
    let quoted = ["invalid type: ", "invalid value: "].iter().find_map(|start| {
        let (shown, expected) = message.strip_prefix(start)?.rsplit_once(", expected ")?;
        let kind = shown.split(['"', '`']).next().unwrap_or_default().trim_end();
        Some(format!("{start}{kind}, expected {expected}"))
    });
    quoted.unwrap_or_else(|| message.to_owned())
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
        for wrong in [
            "sources.jira = \"canary\"",
            "[sources.jira]\nca_file = 4711",
            "[sources.jira]\nlimits = \"canary, expected\"",
            "sources = 4711",
        ] {
            let error = Config::parse(wrong, "c").unwrap_err().to_string();
            assert!(error.contains("invalid type: ") && error.contains(", expected "), "{error}");
            assert!(!error.contains("canary") && !error.contains("4711"), "{error}");
        }
    }

    #[test]
    fn what_is_asked_for_is_asked_for_by_nobody_here() {
        let config = Config::parse("[sources.jira]\nsite = \"https://x.example\"\ntoken = { prompt = true }\n", "c").unwrap();
        assert_eq!(config.prompts(), [("jira".to_owned(), "token".to_owned())]);
        let specs = crate::spec::built_in().unwrap();
        let error = config.sources["jira"].inputs("jira", &specs["jira"]).unwrap_err().to_string();
        assert!(error.starts_with("[sources.jira]: token: ") && error.contains("nobody to ask"), "{error}");
    }

    #[test]
    fn a_token_in_place_of_a_variable_is_not_repeated() {
        let specs = crate::spec::built_in().unwrap();
        for (written, shown) in [("canary-token", false), ("CANARY_TOKEN", true)] {
            let config = Config::parse(&format!("[sources.jira]\ntoken = {{ env = \"{written}\" }}\n"), "c").unwrap();
            let error = config.sources["jira"].inputs("jira", &specs["jira"]).unwrap_err().to_string();
            assert_eq!(error.contains(written), shown, "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_can_read_holds_no_secret() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str, mode: u32| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            path
        };
        let specs = crate::spec::built_in().unwrap();
        let inputs = |path: &Path| {
            let config = Config::parse(&format!("[sources.jira]\ntoken = {{ file = {path:?} }}\n"), "c").unwrap();
            config.sources["jira"].inputs("jira", &specs["jira"])
        };
        for mode in [0o640, 0o604, 0o620, 0o602, 0o644] {
            let error = inputs(&write("token", "canary-token\n", mode)).unwrap_err().to_string();
            assert!(error.contains("run: chmod 600 ") && !error.contains("canary"), "{error}");
        }
        let read = inputs(&write("token", "canary-token\r\n", 0o600)).unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(read.secret("token").unwrap()), "canary-token");

        let text = "[sources.jira]\nsite = \"https://x.example\"\ntoken = \"canary-token\"\n";
        let warning = |mode: u32, text: &str| Config::read(&write("sqluice.toml", text, mode)).unwrap().exposed(&specs);
        let said = warning(0o644, text).unwrap();
        assert!(said.contains("`token` of [sources.jira]") && said.contains("chmod 600") && !said.contains("canary"), "{said}");
        assert_eq!(warning(0o600, text), None);
        assert_eq!(warning(0o644, &text.replace("\"canary-token\"", "{ env = \"X\" }")), None);
    }

    #[test]
    fn values_never_show() {
        let config = Config::parse("[sources.jira]\ntoken = \"canary-token\"\n", "c").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
    }
}
