//! `sqluice.toml`: which sources there are, and how to enter them.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;

use super::value::{ConfigValue, From, is_open};
use crate::http::{InputValue, Inputs, auth_inputs};
use crate::spec::{Input, InputKind, Limits, SourceSpec};

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
#[derive(Clone, Default, Deserialize)]
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

/// The proxy stays out of `Debug`: its URL may hold a password.
impl std::fmt::Debug for SourceConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("SourceConfig");
        shown.field("kind", &self.kind).field("limits", &self.limits).field("ca_file", &self.ca_file);
        shown.field("client_cert", &self.client_cert).field("proxy", &self.proxy.as_ref().map(|_| "…"));
        shown.field("cache_ttl", &self.cache_ttl).field("values", &self.values).finish()
    }
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
        let asked = |value: &ConfigValue| matches!(value, ConfigValue::From(From::Prompt(true)));
        let of_source = |(name, source): (&String, &SourceConfig)| {
            let inputs = source.values.iter().filter(|(_, value)| asked(value));
            inputs.map(|(input, _)| (name.clone(), input.clone())).collect::<Vec<_>>()
        };
        self.sources.iter().flat_map(of_source).collect()
    }

    /// What is to be said about secrets that stand in a file which others can read.
    pub(super) fn exposed(&self, specs: &BTreeMap<String, SourceSpec>) -> Option<String> {
        let file = self.open_file.as_ref()?.display();
        let written = |value: &ConfigValue| !matches!(value, ConfigValue::From(_));
        let of_source = |(name, source): (&String, &SourceConfig)| {
            let spec = specs.get(source.kind.as_deref().unwrap_or(name))?;
            let is_secret = |input: &String| spec.inputs.get(input).is_some_and(|input| input.kind == InputKind::Secret);
            let with_password =
                source.proxy.as_deref().and_then(|proxy| url::Url::parse(proxy).ok()).is_some_and(|url| url.password().is_some());
            let input = source.values.iter().find(|(input, value)| is_secret(input) && written(value)).map(|(input, _)| input.as_str());
            let input = input.or(with_password.then_some("proxy"))?;
            Some(format!("`{input}` of [sources.{name}]"))
        };
        let of_store = |(name, store): (&String, &StoreConfig)| {
            let is_secret = |option: &str| {
                ["secret", "token", "sas", "password", "account_key", "access_key", "service_account_key"]
                    .iter()
                    .any(|part| option.to_lowercase().contains(part))
            };
            let (option, _) = store.0.iter().find(|(option, value)| is_secret(option) && written(value))?;
            Some(format!("`{option}` of [stores.\"{name}\"]"))
        };
        let secrets = self.sources.iter().filter_map(of_source).chain(self.stores.iter().filter_map(of_store));
        let secrets: Vec<String> = secrets.collect();
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

    /// Adds the sources whose inputs stand in the environment: at least one of them, and all that are required. A source that has none
    /// needs nothing.
    #[must_use]
    pub fn with_environment(mut self, specs: &BTreeMap<String, SourceSpec>) -> Self {
        for (name, spec) in specs {
            let taken = self.sources.iter().any(|(known, source)| source.kind.as_deref().unwrap_or(known) == name);
            let set = |variable: &String| std::env::var_os(variable).is_some_and(|value| !value.is_empty());
            let any = spec.inputs.values().any(|input| input.env.as_ref().is_some_and(set));
            let all = spec.inputs.values().filter(|input| input.required).all(|input| input.env.as_ref().is_some_and(set));
            if !taken && (any && all || spec.inputs.is_empty()) {
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

    /// The inputs with their values, from here, and from the environment where that may be asked and can mean this source.
    pub(super) fn inputs(&self, name: &str, spec: &SourceSpec, environment: bool) -> Result<Inputs, ConfigError> {
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
        if environment && inputs.may_be_from_environment(name, spec) {
            fill_in(&mut inputs, spec, &|variable| std::env::var(variable).ok().filter(|value| !value.is_empty()));
        }
        Ok(inputs)
    }
}

/// Takes from the environment what a section leaves open. The environment is one account at one place: nothing of it goes to another
/// place, and no credential of it beside one that the section has.
fn fill_in(inputs: &mut Inputs, spec: &SourceSpec, environment: &dyn Fn(&str) -> Option<String>) {
    let variable = |declared: &Input| declared.env.as_deref().and_then(environment);
    let mut urls = spec.inputs.iter().filter(|(_, declared)| declared.kind == InputKind::Url);
    let same = |ours: &str, theirs: &str| ours.trim_end_matches('/').eq_ignore_ascii_case(theirs.trim_end_matches('/'));
    let elsewhere =
        urls.any(|(input, declared)| inputs.text(input).zip(variable(declared)).is_some_and(|(ours, theirs)| !same(ours, &theirs)));
    if elsewhere {
        return;
    }
    let ways: Vec<Vec<String>> = spec.auth.iter().map(auth_inputs).collect();
    let entered = ways.iter().any(|way| !way.is_empty() && way.iter().all(|input| inputs.is_set(input)));
    for (input, declared) in &spec.inputs {
        let is_credential = declared.kind == InputKind::Secret && ways.iter().flatten().any(|needed| needed == input);
        if inputs.is_set(input) || entered && is_credential {
            continue;
        }
        if let Some(value) = variable(declared) {
            let value = match declared.kind {
                InputKind::Secret => InputValue::secret(value),
                InputKind::List => InputValue::List(list(&value)),
                _ => InputValue::Text(value),
            };
            inputs.insert(input.as_str(), value);
        }
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
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
    fn a_value_has_one_place() {
        for wrong in [
            "{ env = \"CANARY\", file = \"canary\" }",
            "{ key = \"canary\" }",
            "{ keyring = [\"canary\"] }",
            "{ prompt = \"canary\" }",
            "1.5",
        ] {
            let error = Config::parse(&format!("[sources.jira]\ntoken = {wrong}\n"), "c").unwrap_err().to_string();
            assert!(error.starts_with("c:1: ") && error.contains("{ keyring = \"NAME\" }"), "{error}");
            assert!(!error.to_lowercase().contains("canary"), "{error}");
        }
    }

    #[test]
    fn what_is_asked_for_is_asked_for_by_nobody_here() {
        let config = Config::parse("[sources.jira]\nsite = \"https://x.example\"\ntoken = { prompt = true }\n", "c").unwrap();
        assert_eq!(config.prompts(), [("jira".to_owned(), "token".to_owned())]);
        let specs = crate::spec::built_in().unwrap();
        let error = config.sources["jira"].inputs("jira", &specs["jira"], false).unwrap_err().to_string();
        assert!(error.starts_with("[sources.jira]: token: ") && error.contains("nobody to ask"), "{error}");
    }

    #[test]
    fn a_token_in_place_of_a_variable_is_not_repeated() {
        let specs = crate::spec::built_in().unwrap();
        for (written, shown) in [("canary-token", false), ("CANARY_TOKEN", true)] {
            let config = Config::parse(&format!("[sources.jira]\ntoken = {{ env = \"{written}\" }}\n"), "c").unwrap();
            let error = config.sources["jira"].inputs("jira", &specs["jira"], false).unwrap_err().to_string();
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
            config.sources["jira"].inputs("jira", &specs["jira"], false)
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
        for (text, named) in [
            ("[stores.\"s3://b\"]\nregion = \"eu\"\nsecret_access_key = \"canary\"\n", "`secret_access_key` of [stores.\"s3://b\"]"),
            ("[sources.jira]\nproxy = \"http://u:canary@p.example\"\n", "`proxy` of [sources.jira]"),
        ] {
            let said = warning(0o644, text).unwrap();
            assert!(said.contains(named) && !said.contains("canary"), "{said}");
            assert_eq!(warning(0o600, text), None);
        }
        assert_eq!(warning(0o644, "[stores.s3]\nregion = \"eu\"\n[sources.jira]\nproxy = \"http://p.example\"\n"), None);
    }

    #[test]
    fn values_never_show() {
        let text = "[sources.jira]\ntoken = \"canary-token\"\nproxy = \"http://u:canary@p.example\"\n[stores.s3]\nsas_token = \"canary\"\n";
        let config = Config::parse(text, "c").unwrap();
        assert!(!format!("{config:?}").contains("canary"));
    }

    #[test]
    fn the_environment_is_one_account_at_one_place() {
        let specs = crate::spec::built_in().unwrap();
        let environment = |variable: &str| {
            let known = [
                ("JIRA_SITE", "https://a.example"),
                ("JIRA_EMAIL", "ann@a.example"),
                ("JIRA_API_TOKEN", "canary-jira"),
                ("LINEAR_API_KEY", "canary-linear"),
                ("GITHUB_TOKEN", "canary-github"),
                ("GITHUB_ORGANIZATION", "a"),
            ];
            known.iter().find(|(name, _)| *name == variable).map(|(_, value)| (*value).to_owned())
        };
        let filled = |name: &str, kind: &str, section: &str| {
            let config = Config::parse(&format!("[sources.{name}]\n{section}"), "c").unwrap();
            let spec = &specs[kind];
            let mut inputs = config.sources[name].inputs(name, spec, false).unwrap();
            if inputs.may_be_from_environment(name, spec) {
                fill_in(&mut inputs, spec, &environment);
            }
            spec.inputs.keys().filter(|input| inputs.is_set(input)).cloned().collect::<Vec<_>>().join(" ")
        };
        for (name, kind, section, set) in [
            ("jira", "jira", "", "email site token"),
            ("jira", "jira", "site = \"https://A.example/\"", "email site token"),
            ("jira", "jira", "email = \"bob@a.example\"", "email site token"),
            // Another site has accounts of its own.
            ("jira", "jira", "site = \"https://b.example\"", "site"),
            ("jira_eu", "jira", "type = \"jira\"\nsite = \"https://a.example\"", "site"),
            ("jira", "jira", "access_token = \"x\"", "access_token email site"),
            // Another way in would come first.
            ("linear", "linear", "access_token = \"x\"", "access_token"),
            ("linear", "linear", "", "token"),
            ("github", "github", "", "organization token"),
            ("github", "github", "base_url = \"https://ghes.example/api/v3\"", ""),
        ] {
            assert_eq!(filled(name, kind, section), set, "{name}: {section}");
        }
    }
}
