//! Reads table files: the ones compiled into the binary, and a user's own folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path as FilePath;

use include_dir::{Dir, include_dir};

use super::examine::{Examined, examine, is_yaml, packages, parse};
use super::file::{SourceFile, TableFile};
use super::validate::{self, Written};
use super::{SourceSpec, TableSpec};

static BUILT_IN: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/tables");

/// What is wrong with a table file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct SpecError {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: Option<u64>,
    /// Column, from 1, in characters.
    pub column: Option<u64>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        for number in [self.line, self.column].into_iter().flatten() {
            write!(f, ":{number}")?;
        }
        write!(f, ": {}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\nhint: {hint}"))
    }
}

impl SpecError {
    /// A problem at a line and column, if they are known.
    pub(crate) fn new(file: &str, place: Option<(u64, u64)>, message: impl Into<String>) -> Self {
        let (line, column) = place.unzip();
        Self { file: file.to_owned(), line, column, message: message.into(), hint: None }
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
    validate::source(parse::<SourceFile>(text, file)?, Written { path: file, text }).map_err(first)
}

/// Reads a table file of a source.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn parse_table(text: &str, file: &str, source: &SourceSpec) -> Result<TableSpec, SpecError> {
    validate::table(&parse::<TableFile>(text, file)?, Written { path: file, text }, source).map_err(first)
}

fn first(mut problems: Vec<SpecError>) -> SpecError {
    problems.swap_remove(0)
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
    BUILT_IN.dirs().map(|dir| whole(examine(dir.path().to_string_lossy().into_owned(), files(dir), None))).collect()
}

/// The sources of a folder: each subfolder with a `source.yaml`, or the folder itself if it has one. A subfolder named like a
/// known source and without a `source.yaml` adds tables to that source, and so does the folder itself if it holds YAML files and is
/// named so.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn load_folder(folder: &FilePath, known: &BTreeMap<String, SourceSpec>) -> Result<BTreeMap<String, SourceSpec>, SpecError> {
    packages(folder, known)?
        .into_iter()
        .map(|(name, files)| {
            let known = known.get(&name);
            whole(examine(name, files, known))
        })
        .collect()
}

fn whole(examined: Examined) -> Result<(String, SourceSpec), SpecError> {
    match (examined.source, examined.problems.into_iter().next()) {
        (Some(source), None) => Ok((source.name.clone(), source)),
        (_, Some(problem)) => Err(problem),
        (None, None) => Err(SpecError::new(&examined.name, None, "there is no source.yaml in this folder")),
    }
}

/// The sources of table files that are at hand as text, by their paths: `shop/source.yaml`, `shop/orders.yaml`. A folder named like a
/// known source and without a `source.yaml` adds tables to that source.
///
/// # Errors
/// Names file, line and what to write instead.
pub fn load_texts(
    texts: impl IntoIterator<Item = (String, String)>,
    known: &BTreeMap<String, SourceSpec>,
) -> Result<BTreeMap<String, SourceSpec>, SpecError> {
    let mut folders: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for (path, text) in texts {
        let folder = FilePath::new(&path).parent().and_then(FilePath::file_name).map(|name| name.to_string_lossy().into_owned());
        folders.entry(folder.unwrap_or_else(|| ".".to_owned())).or_default().push((path, text));
    }
    let examined = folders.into_iter().map(|(folder, files)| {
        let known = known.get(&folder);
        whole(examine(folder, files, known))
    });
    examined.collect()
}

/// The JSON schemas of the two kinds of files: `source.yaml`, and a table's.
pub fn schema() -> (serde_json::Value, serde_json::Value) {
    (schemars::schema_for!(SourceFile).to_value(), schemars::schema_for!(TableFile).to_value())
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
        assert!(text.starts_with("shop/orders.yaml:3:1: "), "{text}");
        assert!(text.contains("did you mean `description`?"), "{text}");

        let text = error(&TABLE.replace("key: [id]", "key: [idd]"));
        assert!(text.starts_with("shop/orders.yaml:4:7: there is no column `idd`"), "{text}");
        assert!(text.contains("did you mean `id`?"), "{text}");

        let text = error(&TABLE.replace("format: 1", "format: 2"));
        assert!(text.contains("format 2") && text.contains("format 1"), "{text}");

        let text = error(&format!("{TABLE}filters:\n  - {{column: total, ops: [ne], param: total, compares: case_insensitive}}\n"));
        assert!(text.contains(":11:") && text.contains("compares: sql"), "{text}");

        let text = error(&TABLE.replace("/orders}", "\"/orders/{parent.shop}\"}"));
        assert!(text.contains("{parent.shop}"), "{text}");
    }
}
