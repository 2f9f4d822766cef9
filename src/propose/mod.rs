//! A first draft of a source's files, from one sample answer of its API.
//!
//! Owns what can be seen in an answer, and what can only be guessed: the parts of a URL ([`place`]), how the API is entered ([`entry`]),
//! the rows ([`sample`]), their columns and key ([`columns`]), signs of further pages ([`paging`]), and how a file is written ([`yaml`],
//! [`draft`]). A guess says in the file that it is one; what no sample can show (filters, orders) is left out. Before anybody sees them,
//! the files were read by the loader, and the sample by the decoder with them.
//!
//! Must not know what is printed. No request of its own: the one call is made by the engine's client for the proposed source, so that
//! its credential, redirects, bounds and errors are those of every later call. No secret comes here but by the name of its variable.

mod columns;
mod draft;
mod entry;
mod paging;
mod place;
mod sample;
mod yaml;

use std::fmt;
use std::io::{ErrorKind as IoErrorKind, Write};
use std::path::{Path as FilePath, PathBuf};

pub use self::draft::{Answered, Draft};
use datafusion::common::{DataFusionError, Result};

/// What is to be proposed, and from where.
#[derive(Clone, Default)]
pub struct Wish {
    /// Name of the source.
    pub source: String,
    /// Name of the table; without one, the URL's last segment.
    pub table: Option<String>,
    /// The URL that lists the rows.
    pub url: String,
    /// Path in the answer to the list of rows; `.` if the answer is the list.
    pub rows: String,
    /// Headers, `Name: value`; a value may name environment variables as `{env:NAME}`.
    pub headers: Vec<String>,
    /// Name of the environment variable that holds a bearer token.
    pub token_env: Option<String>,
}

/// URL and headers stay out of it: what is refused in them may be a secret.
impl fmt::Debug for Wish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wish").field("source", &self.source).field("table", &self.table).finish_non_exhaustive()
    }
}

/// Files that the loader takes, and that hold all rows of the sample.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Name of the source; also of the folder.
    pub source: String,
    /// Name of the table.
    pub table: String,
    /// Names of the files in the source's folder, and their texts.
    pub files: Vec<(String, String)>,
    /// Rows of the sample.
    pub rows: usize,
    /// Columns that they have.
    pub columns: usize,
    /// What a reader must know before relying on it.
    pub warnings: Vec<String>,
}

impl Proposal {
    /// Writes the files into a subfolder, named like the source, of a folder of tables; returns the subfolder. All of them or none.
    ///
    /// # Errors
    /// If one of the files is there already, or can't be written.
    pub fn write(&self, folder: &FilePath) -> Result<PathBuf> {
        let folder = folder.join(&self.source);
        is_free(&folder, self.files.iter().map(|(name, _)| name.as_str()))?;
        let fail = |path: &FilePath, error: &std::io::Error| {
            let why = if error.kind() == IoErrorKind::AlreadyExists {
                "is there already".to_owned()
            } else {
                format!("cannot be written: {error}")
            };
            configuration(format!("{} {why}; nothing was changed", path.display()))
        };
        std::fs::create_dir_all(&folder).map_err(|error| fail(&folder, &error))?;
        let mut written: Vec<PathBuf> = Vec::new();
        for (name, text) in &self.files {
            let path = folder.join(name);
            // Never over a file, also not one that came a moment ago.
            let file = std::fs::File::create_new(&path).inspect(|_| written.push(path.clone()));
            if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
                for path in &written {
                    drop(std::fs::remove_file(path));
                }
                return Err(fail(&path, &error));
            }
        }
        Ok(folder)
    }
}

/// That none of these files is in a folder, under either ending.
fn is_free<'n>(folder: &FilePath, mut names: impl Iterator<Item = &'n str>) -> Result<()> {
    let there = names.find_map(|name| {
        let path = folder.join(name);
        [path.clone(), path.with_extension("yml")].into_iter().find(|path| path.symlink_metadata().is_ok())
    });
    match there {
        None => Ok(()),
        Some(path) => Err(configuration(format!(
            "{} is there already; nothing was changed. Choose another name or folder, or see with --dry-run what would be written",
            path.display()
        ))),
    }
}

fn configuration(message: impl Into<String>) -> DataFusionError {
    DataFusionError::Configuration(message.into())
}
