//! A folder's files, and everything that is wrong with them: one mistake does not hide the next.

use std::collections::BTreeMap;
use std::path::Path as FilePath;
use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::SourceSpec;
use super::file::{SourceFile, TableFile};
use super::load::{SpecError, nearest};
use super::validate::{self, Written};

/// What a folder holds, right or wrong.
#[derive(Clone, Debug, Default)]
pub struct FolderReport {
    /// The sources that can be read, with their tables that can be read.
    pub sources: Vec<SourceSpec>,
    /// Their tables.
    pub tables: Vec<TableText>,
    /// How many files were read.
    pub files: usize,
    /// Everything that is wrong.
    pub problems: Vec<SpecError>,
}

/// A table file as it is written.
#[derive(Clone, Debug)]
pub struct TableText {
    /// Name of the source.
    pub source: String,
    /// Name of the table.
    pub table: String,
    /// The file.
    pub file: String,
    /// What is in it.
    pub text: String,
}

impl TableText {
    /// A problem with a part of the file, which is found by its text.
    pub fn problem(&self, part: &str, message: impl Into<String>) -> SpecError {
        SpecError::new(&self.file, validate::place_of(&self.text, part, 1), message)
    }
}

/// Reads a folder as [`super::load_folder`] does, but to its end.
pub fn examine_folder(folder: &FilePath, known: &BTreeMap<String, SourceSpec>) -> FolderReport {
    let mut report = FolderReport::default();
    let packages = packages(folder, known).unwrap_or_else(|problem| {
        report.problems.push(problem);
        Vec::new()
    });
    for (name, files) in packages {
        report.files += files.len();
        let examined = examine(name.clone(), files, known.get(&name));
        report.problems.extend(examined.problems);
        if let Some(source) = examined.source {
            let of_source = |(table, file, text)| TableText { source: source.name.clone(), table, file, text };
            report.tables.extend(examined.tables.into_iter().map(of_source));
            report.sources.push(source);
        }
    }
    report
}

/// Files by name, with their texts.
pub(super) type Files = Vec<(String, String)>;

/// The sources of a folder by name, as their files stand.
pub(super) fn packages(folder: &FilePath, known: &BTreeMap<String, SourceSpec>) -> Result<Vec<(String, Files)>, SpecError> {
    let unreadable =
        |path: &FilePath, error: std::io::Error| SpecError::new(&path.display().to_string(), None, format!("cannot be read: {error}"));
    let list = |folder: &FilePath| -> Result<Vec<std::path::PathBuf>, SpecError> {
        let mut paths = std::fs::read_dir(folder)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>())
            .map_err(|error| unreadable(folder, error))?;
        paths.sort();
        Ok(paths)
    };
    // `.` and `..` have a name, too.
    let name_of = |folder: &FilePath| {
        let named = folder.file_name().is_none().then(|| std::fs::canonicalize(folder).ok()).flatten();
        named.as_deref().unwrap_or(folder).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
    };
    let is_file = |path: &FilePath| path.is_file() && is_yaml(&path.to_string_lossy());
    let entries = list(folder)?;
    let adds = known.contains_key(&name_of(folder));
    let folders = if entries.iter().any(|path| is_file(path) && (adds || is_source(&path.to_string_lossy()))) {
        vec![folder.to_owned()]
    } else {
        entries.into_iter().filter(|path| path.is_dir()).collect()
    };
    let mut packages = Vec::new();
    for folder in folders {
        let mut files = Vec::new();
        for path in list(&folder)?.into_iter().filter(|path| is_file(path)) {
            files.push((path.display().to_string(), std::fs::read_to_string(&path).map_err(|error| unreadable(&path, error))?));
        }
        if !files.is_empty() {
            packages.push((name_of(&folder), files));
        }
    }
    if packages.is_empty() {
        return Err(SpecError::new(&folder.display().to_string(), None, "there is no source in this folder")
            .hint(Some("put source.yaml and one YAML file per table into it, or into a subfolder per source".to_owned())));
    }
    Ok(packages)
}

pub(super) fn is_yaml(path: &str) -> bool {
    matches!(FilePath::new(path).extension().and_then(|ending| ending.to_str()), Some("yaml" | "yml"))
}

fn is_source(path: &str) -> bool {
    FilePath::new(path).file_stem().is_some_and(|stem| stem == "source")
}

/// A source as its files say, and all that is wrong with them.
#[derive(Debug)]
pub(super) struct Examined {
    /// Name of the folder.
    pub(super) name: String,
    /// With the tables that can be read; none if the source itself can't.
    pub(super) source: Option<SourceSpec>,
    /// Names of the tables and their files.
    pub(super) tables: Vec<(String, String, String)>,
    pub(super) problems: Vec<SpecError>,
}

/// Reads a source's files, or those that add tables to a known one. A mistake in one of them does not keep the others from being read.
pub(super) fn examine(name: String, files: Files, known: Option<&SourceSpec>) -> Examined {
    let (own, others): (Files, Files) = files.into_iter().partition(|(path, _)| is_source(path));
    let mut problems = Vec::new();
    let mut source = match (own.into_iter().next(), known) {
        (Some((path, text)), _) => parse_all::<SourceFile>(text, &path, &mut problems).and_then(|(file, text)| {
            let source = validate::source(file, Written { path: &path, text: &text.text });
            source.map_err(|more| problems.extend(text.back(more))).ok()
        }),
        (None, Some(known)) => Some(known.clone()),
        (None, None) => {
            problems.push(SpecError::new(&name, None, "there is no source.yaml in this folder"));
            None
        }
    };
    let mut parsed = Vec::new();
    for (path, text) in others {
        let Some((file, text)) = parse_all::<TableFile>(text, &path, &mut problems) else { continue };
        let Some(source) = &mut source else { continue };
        match validate::table(&file, Written { path: &path, text: &text.text }, source) {
            Ok(table) => {
                let twice = parsed.iter().find(|(known, ..): &&(TableFile, _, _)| known.table.text() == file.table.text());
                if let Some((_, other, _)) = twice {
                    let message = format!("table `{}` is there twice: also in {other}", file.table.text());
                    problems.push(SpecError::new(&path, file.table.place(), message));
                }
                source.tables.insert(table.name.clone(), Arc::new(table));
                parsed.push((file, path, text.text));
            }
            Err(more) => problems.extend(text.back(more)),
        }
    }
    // A table that can't be read is missing for others, which is not their fault.
    if let (Some(source), true) = (&source, problems.is_empty()) {
        for (file, path, text) in &parsed {
            problems.extend(validate::relations(file, Written { path, text }, source));
        }
    }
    let tables = parsed.into_iter().map(|(file, path, text)| (file.table.text().to_owned(), path, text)).collect();
    Examined { name, source, tables, problems }
}

pub(super) fn parse<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, SpecError> {
    serde_saphyr::from_str(text).map_err(|error| {
        let place = error.location().filter(|location| location.line() > 0).map(|location| (location.line(), location.column()));
        let shown = error.without_snippet().to_string();
        // The place stands before the message already.
        let shown = shown.rsplit_once(" at line ").map_or(shown.as_str(), |(message, _)| message).to_owned();
        SpecError::new(file, place, shown.as_str()).hint(nearest_key(&shown).map(|(_, name)| format!("did you mean `{name}`?")))
    })
}

/// A text in which misspelt words were replaced.
struct Respelt {
    text: String,
    /// Line and column of what was replaced, and by how much the rest of the line moved.
    moved: Vec<(u64, u64, i64)>,
}

impl Respelt {
    /// Places as they are in the text as it was written.
    fn back(&self, mut problems: Vec<SpecError>) -> Vec<SpecError> {
        for problem in &mut problems {
            if let (Some(line), Some(column)) = (problem.line, &mut problem.column) {
                let before = self.moved.iter().filter(|(at, start, _)| *at == line && *start < *column);
                *column = column.saturating_add_signed(-before.map(|(.., by)| by).sum::<i64>());
            }
        }
        problems
    }
}

/// As [`parse`], but reads on behind a misspelt word as if it were spelt as meant, so that all of them are found.
fn parse_all<T: DeserializeOwned>(text: String, file: &str, problems: &mut Vec<SpecError>) -> Option<(T, Respelt)> {
    let mut respelt = Respelt { text, moved: Vec::new() };
    loop {
        let mut problem = match parse(&respelt.text, file) {
            Ok(parsed) => return Some((parsed, respelt)),
            Err(problem) => problem,
        };
        let meant = nearest_key(&problem.message).map(|(written, meant)| (written.to_owned(), meant.to_owned()));
        let found = meant.and_then(|(written, meant)| {
            let from = (problem.line.unwrap_or(1), problem.column.unwrap_or(1));
            let place = validate::place_from(&respelt.text, &written, from)?;
            let before: usize = respelt.text.split_inclusive('\n').take(usize::try_from(place.0).ok()? - 1).map(str::len).sum();
            let (at, _) = respelt.text[before..].char_indices().nth(usize::try_from(place.1).ok()? - 1)?;
            let mut text = respelt.text.clone();
            text.replace_range(before + at..before + at + written.len(), &meant);
            let by = i64::try_from(meant.chars().count()).ok()? - i64::try_from(written.chars().count()).ok()?;
            Some((text, place, by))
        });
        let Some((text, (line, column), by)) = found else {
            problems.extend(respelt.back(vec![problem]));
            return None;
        };
        (problem.line, problem.column) = (Some(line), Some(column));
        problems.extend(respelt.back(vec![problem]));
        respelt.text = text;
        respelt.moved.push((line, column, by));
    }
}

/// Serde's `unknown field` names what was written and what may be: the nearest of these is what was meant.
fn nearest_key(message: &str) -> Option<(&str, &str)> {
    let (written, known) = message.strip_prefix("unknown ")?.split_once(", expected")?;
    let written = written.split('`').nth(1)?;
    let known = known.split([',', ' ']).map(|name| name.trim_matches('`')).filter(|name| !name.is_empty());
    nearest(written, known).map(|name| (written, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "format: 1
source: shop
base_url: \"{input.site}\"
inputs: {site: {type: url, required: true}, token: {type: secret}}
";

    /// Line, column and message of everything that is wrong with a shop of these tables, without the file's name.
    fn problems(tables: &[(&str, &str)]) -> Vec<String> {
        let files = tables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
        let files = std::iter::once(("source.yaml".to_owned(), SOURCE.to_owned())).chain(files).collect();
        examine("shop".to_owned(), files, None).problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_told_with_its_place() {
        let told = problems(&[
            (
                "orders.yaml",
                "format: 1
table: orders
descripton: Orders.
key: [idd]
request: {path: \"/shops/{parent.shop}/orders\"}
rows: a..b
columns:
  - {name: id, type: int46}
  - {name: total, typ: float64, path: \"total.\"}
  - {name: at, type: timestamp, resolution: soon}
filters:
  - {column: id, ops: [eqq], param: id}
  - {column: total, ops: [gt], prama: total}
  - {column: when, ops: [gt], param: when}
order:
  - {column: id, send: {sort: id}, dir: [asc]}
",
            ),
            ("other.yaml", "format: 2\ntable: other\ndescription: x\nkey: [a]\nrequest: {path: /a}\nrows: a\ncolumns: []\n"),
        ]);
        let expected = [
            "orders.yaml:3:1: unknown field `descripton`, expected one of",
            "orders.yaml:9:19: unknown field `typ`, expected one of",
            "orders.yaml:12:24: unknown variant `eqq`, expected one of",
            "orders.yaml:13:32: unknown field `prama`, expected one of",
            "orders.yaml:8:12: column `id`: there is no type `int46`",
            "orders.yaml:9:40: `total.`: a name is missing",
            "orders.yaml:10:12: column `at`: `soon` is not a time",
            "orders.yaml:14:14: there is no column `when`",
            "orders.yaml:4:7: there is no column `idd`",
            "orders.yaml:5:25: the request names {parent.shop}, which has no value here",
            "orders.yaml:6:7: `a..b`: a name is missing",
            "other.yaml:1:1: this file is written in format 2",
        ];
        assert_eq!(told.len(), expected.len(), "{told:#?}");
        for (told, expected) in told.iter().zip(expected) {
            assert!(told.starts_with(expected), "{told} instead of {expected}");
        }
        for (position, hint) in [(0, "description"), (1, "type"), (2, "eq"), (3, "param"), (4, "int64"), (8, "id")] {
            assert!(told[position].ends_with(&format!("hint: did you mean `{hint}`?")), "{}", told[position]);
        }
    }

    #[test]
    fn what_tables_say_of_each_other_is_checked_once_they_can_be_read() {
        let table = |name: &str, rest: &str| {
            format!(
                "format: 1\ntable: {name}\ndescription: x\nkey: [id]\nrequest: {{path: /{name}}}\nrows: \".\"\ncolumns:\n  - {{name: id, type: int64}}\n{rest}"
            )
        };
        let child = table("items", "  - {name: order_id, type: int64, from: parent.nr}\nparent: {table: ordres, bind: {order_id: id}}\n");
        let told = problems(&[("orders.yaml", &table("orders", "")), ("items.yaml", &child)]);
        assert_eq!(told, ["items.yaml:10:17: there is no table `ordres` in source shop\nhint: did you mean `orders`?"]);
        let told = problems(&[("orders.yaml", &table("orders", "")), ("items.yaml", &child.replace("ordres", "orders"))]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("items.yaml:") && told[0].contains("table orders has no column `nr`"), "{told:?}");
        let told = problems(&[("orders.yaml", &table("orders", "")), ("again.yaml", &table("orders", ""))]);
        assert_eq!(told, ["again.yaml:2:8: table `orders` is there twice: also in orders.yaml"]);
    }

    #[test]
    fn a_secret_belongs_into_no_request() {
        let told = problems(&[(
            "orders.yaml",
            "format: 1\ntable: orders\ndescription: x\nkey: [id]\nrequest: {path: /o, query: {key: \"{input.token}\"}}\nrows: o\ncolumns: [{name: id, type: int64}]\n",
        )]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("orders.yaml:5:35: {input.token} is a secret"), "{told:?}");
    }
}
