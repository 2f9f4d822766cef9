//! Values of a configuration, and where they are kept.

use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use serde::Deserialize;

use super::keyring;

/// A value in a configuration.
#[derive(Clone, Deserialize)]
#[serde(
    untagged,
    expecting = "a value is a text, a whole number, true, false, a list of texts, { env = \"NAME\" }, { file = \"path\" }, \
    { keyring = \"NAME\" } or { prompt = true }"
)]
pub enum ConfigValue {
    /// Text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// true or false.
    Flag(bool),
    /// A list of texts.
    List(Vec<String>),
    /// `{ env = "NAME" }`, `{ file = "path" }`, `{ keyring = "NAME" }` or `{ prompt = true }`.
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
#[serde(rename_all = "lowercase")]
pub enum From {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(PathBuf),
    /// In the operating system's keyring.
    Keyring(String),
    /// In somebody's head.
    Prompt(bool),
}

impl From {
    /// Gets it from there.
    pub(super) fn read(&self) -> Result<String, String> {
        match self {
            Self::Env(variable) => std::env::var(variable).map_err(|_| {
                // Who puts the secret itself here must not see it in an error.
                let is_name = variable.chars().all(|letter| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_');
                let name = if is_name { variable.as_str() } else { "that `env` names" };
                format!("the environment variable {name} is not set")
            }),
            Self::File(path) => {
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
            Self::Keyring(name) => keyring::read(name),
            Self::Prompt(true) => {
                let elsewhere = "{ env = \"NAME\" }, { file = \"path\" } or { keyring = \"NAME\" }";
                Err(format!("it is to be asked for, and here is nobody to ask; write {elsewhere}"))
            }
            Self::Prompt(false) => Err("write { prompt = true }".to_owned()),
        }
    }
}

/// Whether group or others can read or write a file.
#[cfg(unix)]
pub(super) fn is_open(file: &File) -> bool {
    use std::os::unix::fs::PermissionsExt;
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
pub(super) fn is_open(_file: &File) -> bool {
    false
}
