//! Reads table files: the ones compiled into the binary, and a user's own folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path as FilePath;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::file::{SourceFile, TableFile};
use super::validate;
use super::{SourceSpec, TableSpec};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");

/// What is wrong with a table file, and where.
#[derive(Clone, Debug, thiserror::Error)]
pub struct SpecError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        write!(f, ": {}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl SpecError {
    pub(super) fn new(file: &str, line: Option<u64>, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), line, message: message.into(), hint: None }
    }

    pub(super) fn hint(mut self, hint: Option<String>) -> Self {
        self.hint = hint;
        self
    }
}

/// Reads a `source.yaml`; its tables are still empty.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn parse_source(text: &str, file: &str) -> Result<SourceSpec, SpecError> {
    validate::source(parse::<SourceFile>(text, file)?, file)
}

/// Reads a table file of a source.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn parse_table(text: &str, file: &str, source: &SourceSpec) -> Result<TableSpec, SpecError> {
    validate::table(&parse::<TableFile>(text, file)?, file, source)
}

/// The sources compiled into the binary, by name.
///
/// # Errors
/// Never for a released version: a test reads them all.
pub fn built_in() -> Result<BTreeMap<String, SourceSpec>, SpecError> {
    let files = |dir: &Dir<'static>| {
        dir.files()
            .filter_map(|file| Some((file.path().to_string_lossy().into_owned(), file.contents_utf8()?.to_owned())))
            .filter(|(path, _)| is_yaml(path))
            .map(|(path, text)| (format!("tables/{path}"), text))
            .collect::<Vec<_>>()
    };
    BUILT_IN.dirs().map(|dir| assemble(&dir.path().to_string_lossy(), files(dir))).collect()
}

/// The sources of a folder: each subfolder with a `source.yaml`, or the folder itself if it has one. A subfolder named like a
/// known source and without a `source.yaml` adds tables to that source.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn load_folder(folder: &FilePath, known: &BTreeMap<String, SourceSpec>) -> Result<BTreeMap<String, SourceSpec>, SpecError> {
    let unreadable =
        |path: &FilePath, error: std::io::Error| SpecError::new(&path.display().to_string(), None, format!("cannot be read: {error}"));
    let list = |folder: &FilePath| -> Result<Vec<std::path::PathBuf>, SpecError> {
        let mut paths = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
            .map_err(|error| unreadable(folder, error))?;
        paths.sort();
        Ok(paths)
    };
    let folders = if folder.join("source.yaml").is_file() {
        vec![folder.to_owned()]
    } else {
        list(folder)?.into_iter().filter(|path| path.is_dir()).collect()
    };
    let mut sources = BTreeMap::new();
    for folder in folders {
        let mut files = Vec::new();
        for path in list(&folder)? {
            let name = path.display().to_string();
            if path.is_file() && is_yaml(&name) {
                files.push((name, std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?));
            }
        }
        if files.is_empty() {
            continue;
        }
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let (name, source) = match known.get(&name) {
            Some(known) if !files.iter().any(|(path, _)| is_source(path)) => (name, add_tables(known.clone(), files)?),
            _ => assemble(&name, files)?,
        };
        sources.insert(name, source);
    }
    if sources.is_empty() {
        return Err(SpecError::new(&folder.display().to_string(), None, "there is no source in this folder")
            .hint(Some("put source.yaml and one YAML file per table into it, or into a subfolder per source".to_owned())));
    }
    Ok(sources)
}

/// The JSON schemas of the two kinds of files: `source.yaml`, and a table's.
pub fn schema() -> (serde_json::Value, serde_json::Value) {
    (schemars::schema_for!(SourceFile).to_value(), schemars::schema_for!(TableFile).to_value())
}

fn is_yaml(path: &str) -> bool {
    matches!(FilePath::new(path).extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml"))
}

fn is_source(path: &str) -> bool {
    FilePath::new(path).file_stem().is_some_and(|stem| stem == "source")
}

fn assemble(folder: &str, files: Vec<(String, String)>) -> Result<(String, SourceSpec), SpecError> {
    let (source, tables): (Vec<_>, Vec<_>) = files.into_iter().partition(|(path, _)| is_source(path));
    let Some((path, text)) = source.into_iter().next() else {
        return Err(SpecError::new(folder, None, "there is no source.yaml in this folder"));
    };
    let source = parse_source(&text, &path)?;
    let source = add_tables(source, tables)?;
    Ok((source.name.clone(), source))
}

fn add_tables(mut source: SourceSpec, files: Vec<(String, String)>) -> Result<SourceSpec, SpecError> {
    for (path, text) in files {
        let table = parse_table(&text, &path, &source)?;
        source.tables.insert(table.name.clone(), Arc::new(table));
    }
    validate::relations(&source)?;
    Ok(source)
}

fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, SpecError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let line = error.location().map(|location| location.line());
        let shown = error.without_snippet().to_string();
        // The place stands before the message already.
        let shown = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message).to_owned();
        SpecError::new(file, line, shown.as_str()).hint(nearest_key(&shown))
    })
}

/// Serde's `unknown field` names what was written and what may be: the nearest of these is what was meant.
fn nearest_key(message: &str) -> Option<String> {
    let (written, known) = message.strip_prefix("unknown ")?.split_once(", expected")?;
    let written = written.split('`').nth(1)?;
    let known = known.split([',', ' ']).map(|name| name.trim_matches('`')).filter(|name| !name.is_empty());
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

/// The name that a misspelt one most likely stands for.
pub(crate) fn nearest<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    known
        .into_iter()
        .map(|name| (strsim::jaro_winkler(written, name), name))
        .filter(|(likeness, _)| *likeness > 0.7)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "format: 1\nsource: shop\nbase_url: \"{input.site}\"\ninputs: {site: {type: url, required: true}}\n";
    const TABLE: &str = "format: 1\ntable: orders\ndescription: Orders.\nkey: [id]\nrequest: {path: /orders}\nrows: orders\ncolumns:\n  - {name: id, type: int64}\n  - {name: total, type: float64}\n";

    fn error(table: &str) -> String {
        let source = parse_source(SOURCE, "shop/source.yaml").unwrap();
        parse_table(table, "shop/orders.yaml", &source).unwrap_err().to_string()
    }

    #[test]
    fn the_built_in_tables_load() {
        built_in().unwrap();
    }

    #[test]
    fn a_small_source_is_enough() {
        let source = parse_source(SOURCE, "shop/source.yaml").unwrap();
        let table = parse_table(TABLE, "shop/orders.yaml", &source).unwrap();
        assert_eq!(table.columns.len(), 2);
        assert_eq!(table.key, [0]);
    }

    #[test]
    fn errors_say_where_and_what_instead() {
        let text = error(&TABLE.replace("description: Orders.", "descripton: Orders."));
        assert!(text.starts_with("shop/orders.yaml:3: "), "{text}");
        assert!(text.contains("did you mean `description`?"), "{text}");

        let text = error(&TABLE.replace("key: [id]", "key: [idd]"));
        assert!(text.starts_with("shop/orders.yaml:4: there is no column `idd`"), "{text}");
        assert!(text.contains("did you mean `id`?"), "{text}");

        let text = error(&TABLE.replace("format: 1", "format: 2"));
        assert!(text.contains("format 2") && text.contains("format 1"), "{text}");

        let text = error(&format!("{TABLE}filters:\n  - {{column: total, ops: [ne], param: total, compares: case_insensitive}}\n"));
        assert!(text.contains(":11:") && text.contains("compares: sql"), "{text}");

        let text = error(&TABLE.replace("/orders}", "\"/orders/{parent.shop}\"}"));
        assert!(text.contains("{parent.shop}"), "{text}");
    }
}
