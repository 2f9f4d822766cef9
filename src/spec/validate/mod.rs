//! From what is written in a file to the model: names become positions, texts become templates, and contradictions become errors.

mod part;

use std::collections::BTreeSet;

use self::part::{Place, Use};
use super::file::{self, Located, SourceFile, TableFile};
use super::load::{SpecError, nearest};
use super::{ColumnSpec, HydrateSpec, LookupSpec, ParentSpec};
use super::{Path, Slot, SourceSpec, TableSpec, Template};

/// The format version that this engine reads.
const FORMAT: u32 = 1;

/// What is wrong with a file. Gathered, so that all of it is told at once and not one thing after the other.
#[derive(Debug, Default)]
struct Problems(Vec<SpecError>);

impl Problems {
    fn add(&mut self, problem: SpecError) {
        self.0.push(problem);
    }

    /// What is right; what is wrong is kept.
    fn note<T>(&mut self, result: Result<T, SpecError>) -> Option<T> {
        result.map_err(|problem| self.add(problem)).ok()
    }

    /// What is right of several.
    fn each<T>(&mut self, results: impl Iterator<Item = Result<T, SpecError>>) -> Vec<T> {
        results.filter_map(|result| self.note(result)).collect()
    }

    fn finish<T>(self, value: T) -> Result<T, Vec<SpecError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }
}

/// A file that is being checked: its name for errors, and its text to find places in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) path: &'a str,
    pub(super) text: &'a str,
}

impl Written<'_> {
    fn error(self, near: &str, message: impl Into<String>) -> SpecError {
        SpecError::new(self.path, place_of(self.text, near, 1), message)
    }
}

pub(super) fn source(file: SourceFile, written: Written<'_>) -> Result<SourceSpec, Vec<SpecError>> {
    check_format(file.format, written).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    for (name, burst) in file
        .limits
        .burst
        .iter()
        .map(|burst| ("limits.burst.per", &burst.per))
        .chain(file.limits.buckets.values().flat_map(|bucket| {
            let published = bucket.burst.iter().map(|burst| ("limits.buckets.burst.per", &burst.per));
            published.chain(bucket.burst_if.iter().map(|burst| ("limits.buckets.burst_if.per", &burst.per)))
        }))
        .chain([("limits.backoff.base", &file.limits.backoff.base), ("limits.backoff.max", &file.limits.backoff.max)])
    {
        problems.note(microseconds(burst).map_err(|message| written.error(burst, format!("{name}: {message}"))));
    }
    let template = |text: &str| {
        let template = Template::parse(text).map_err(|message| written.error(text, message))?;
        for slot in template.slots() {
            match slot {
                Slot::Input(name) if file.inputs.contains_key(name) => {}
                slot => return Err(written.error(&slot.to_string(), format!("{slot} is not an input of this source"))),
            }
        }
        Ok(template)
    };
    problems.each(error_rules(&file.errors, written));
    let entered = file.auth.iter().flat_map(|auth| match auth {
        file::Auth::Basic { username, password } => vec![username, password],
        file::Auth::Bearer { token: text } | file::Auth::Header { value: text, .. } => vec![text],
    });
    problems.each(entered.map(|text| template(text)));
    if let Some(check) = &file.check {
        problems.note(template(&check.path));
        problems.note(Path::parse(&check.identity).map_err(|message| written.error(&check.identity, format!("check.identity: {message}"))));
    }
    let base_url = problems.note(template(&file.base_url)).unwrap_or_default();
    let headers = problems.each(file.headers.iter().map(|(name, value)| Ok((name.clone(), template(value)?))));
    problems.finish(SourceSpec {
        base_url,
        headers,
        name: file.source,
        description: file.description,
        inputs: file.inputs,
        auth: file.auth,
        check: file.check,
        limits: file.limits,
        conditional: file.conditional,
        errors: file.errors,
        tables: std::collections::BTreeMap::new(),
    })
}

pub(super) fn table(file: &TableFile, written: Written<'_>, source: &SourceSpec) -> Result<TableSpec, Vec<SpecError>> {
    check_format(file.format, written).map_err(|problem| vec![problem])?;
    let mut problems = Problems::default();
    let rules = file.errors.iter().chain(file.hydrate.iter().flat_map(|hydrate| &hydrate.errors));
    problems.each(error_rules(rules, written));
    let place = Place { written, columns: file.columns.iter().map(|column| column.name.text().to_owned()).collect() };
    let hydrates: Vec<&str> = file.hydrate.iter().map(|hydrate| hydrate.name.text()).collect();
    // One that can't be read keeps its place, so that the others keep theirs.
    let columns: Vec<Option<ColumnSpec>> = file.columns.iter().map(|column| problems.note(place.column(column, file, &hydrates))).collect();
    let mut seen = BTreeSet::new();
    for column in &file.columns {
        if !seen.insert(column.name.text()) {
            problems.add(place.at(&column.name, format!("column `{}` is there twice", column.name.text())));
        }
    }
    let bound: Vec<&str> = file.parent.iter().flat_map(|parent| parent.bind.keys()).map(String::as_str).collect();
    let request = |request: &file::Request, use_: Use, near: &Located| place.request(request, use_, source, &bound, near);
    let filters = problems.each(file.filters.iter().filter_map(|filter| place.filter(filter, &columns, file.dialect).transpose()));
    let unbounded = file.unbounded.as_ref().and_then(|unbounded| problems.note(place.unbounded(unbounded, file)));
    let parent = file.parent.as_ref().map(|parent| ParentSpec {
        table: parent.table.text().to_owned(),
        bind: problems.each(parent.bind.iter().map(|(column, of_parent)| {
            let at = place.find(column, &parent.table);
            Ok((place.index_of(column, at)?, of_parent.clone()))
        })),
        filter: parent.filter.clone(),
        many: parent.many,
        exact: parent.exact,
        default: parent.default.clone(),
        implies: problems
            .each(parent.implies.iter().map(|implies| Ok((place.index(&implies.column)?, implies.parent.clone(), implies.side)))),
    });
    let scope = file.scope.as_ref().and_then(|scope| {
        if !source.inputs.contains_key(&scope.input) {
            problems.add(place.at(&scope.column, format!("there is no input `{}`", scope.input)));
        }
        problems.note(place.index(&scope.column)).map(|column| (column, scope.input.clone()))
    });
    let key = problems.each(file.key.iter().map(|name| place.index(name)));
    let list = problems.note(request(&file.request, Use::List, &file.table));
    let rows = problems.note(place.rows(&file.rows, &file.table));
    let each = file.each.as_ref().and_then(|each| problems.note(place.each(each, &file.table)));
    let paging = problems.note(place.paging(&file.paging, &file.table, &file.request));
    let lookups = problems.each(file.lookup.iter().map(|lookup| {
        let first = lookup.columns.first().ok_or_else(|| place.at(&file.table, "a lookup needs a column".to_owned()))?;
        Ok(LookupSpec {
            columns: lookup.columns.iter().map(|name| place.index(name)).collect::<Result<_, _>>()?,
            max: lookup.max,
            up_to: lookup.up_to,
            request: request(&lookup.request, Use::Lookup, first)?,
            rows: place.rows(&lookup.rows, first)?,
            paging: place.paging(&lookup.paging, first, &lookup.request)?,
            chars: lookup.chars.as_deref().map(ranges),
        })
    }));
    let orders = problems.each(file.order.iter().filter_map(|order| place.order(order, &columns, file.dialect).transpose()));
    let hydrates = problems.each(file.hydrate.iter().map(|hydrate| {
        Ok(HydrateSpec {
            name: hydrate.name.text().to_owned(),
            request: request(&hydrate.request, Use::Hydrate, &hydrate.name)?,
            errors: hydrate.errors.iter().chain(&source.errors).cloned().collect(),
        })
    }));
    let columns: Option<Vec<ColumnSpec>> = columns.into_iter().collect();
    let (Some(request), Some(rows), Some(paging), Some(columns)) = (list, rows, paging, columns) else { return Err(problems.0) };
    problems.finish(TableSpec {
        scope,
        source: source.name.clone(),
        name: file.table.text().to_owned(),
        description: file.description.clone(),
        key,
        dialect: file.dialect,
        request,
        unbounded,
        rows,
        each,
        keep: file.keep.as_ref().map(|keep| keep.text().to_owned()),
        paging,
        lookups,
        orders,
        hydrates,
        errors: file.errors.iter().chain(&source.errors).cloned().collect(),
        parent,
        filters,
        columns,
    })
}

/// What is wrong with what a table says of other tables of its source.
pub(super) fn relations(file: &TableFile, written: Written<'_>, source: &SourceSpec) -> Vec<SpecError> {
    let parents = file.parent.iter().flat_map(|parent| {
        let implied = parent.implies.iter().map(|implies| &implies.parent);
        let filled = file.columns.iter().filter_map(|column| column.from.as_deref()?.strip_prefix("parent."));
        let columns = parent.bind.values().chain(implied).map(String::as_str).chain(filled);
        columns.map(move |column| (parent.table.text(), column, &parent.table))
    });
    let listed = file.unbounded.iter().filter_map(|unbounded| {
        let (table, column) = unbounded.from.split_once('.')?;
        Some((table, column, &unbounded.filter))
    });
    let mut problems: Vec<SpecError> = Vec::new();
    for (other, column, near) in parents.chain(listed) {
        let from = near.place().map_or(1, |(line, _)| line);
        let problem = match source.tables.get(other) {
            None => SpecError::new(
                written.path,
                place_of(written.text, other, from),
                format!("there is no table `{other}` in source {}", source.name),
            )
            .hint(did_you_mean(other, source.tables.keys().map(String::as_str))),
            Some(found) if found.column(column).is_none() => {
                SpecError::new(written.path, place_of(written.text, column, from), format!("table {other} has no column `{column}`"))
                    .hint(did_you_mean(column, found.columns.iter().map(|column| column.name.as_str())))
            }
            Some(_) => continue,
        };
        if !problems.iter().any(|known| known.message == problem.message) {
            problems.push(problem);
        }
    }
    problems
}

/// Line and column of the first place, from a line on, where a text stands by itself.
pub(super) fn place_of(text: &str, wanted: &str, from: u64) -> Option<(u64, u64)> {
    place_from(text, wanted, (from, 1))
}

/// As [`place_of`], from a line and column on.
pub(super) fn place_from(text: &str, wanted: &str, from: (u64, u64)) -> Option<(u64, u64)> {
    let part_of_a_name = |character: char| character.is_alphanumeric() || character == '_';
    // A text over several lines is known by the first of them.
    let wanted = wanted.lines().next()?.trim_end();
    let (first, last) = (wanted.chars().next()?, wanted.chars().next_back()?);
    for (number, line) in (1..).zip(text.lines()) {
        for (at, _) in line.match_indices(wanted) {
            let column = line[..at].chars().count() as u64 + 1;
            let before = line[..at].chars().next_back().is_some_and(part_of_a_name);
            let after = line[at + wanted.len()..].chars().next().is_some_and(part_of_a_name);
            if (number, column) >= from && !(before && part_of_a_name(first) || after && part_of_a_name(last)) {
                return Some((number, column));
            }
        }
    }
    None
}

/// That the paths of error rules can be followed.
fn error_rules<'r>(
    rules: impl IntoIterator<Item = &'r file::ErrorRule>,
    written: Written<'_>,
) -> impl Iterator<Item = Result<Path, SpecError>> {
    let names = rules.into_iter().flat_map(|rule| rule.body.keys());
    names.map(move |name| Path::parse(name).map_err(|message| written.error(name, format!("errors: {message}"))))
}

/// A step in time, such as `1m` or `100ms`, in microseconds.
pub(crate) fn microseconds(text: &str) -> Result<i64, String> {
    let digits = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let unit = match &text[digits..] {
        "us" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return Err(format!("`{text}` is not a time; write 1us, 1ms, 1s, 1m, 1h or 1d")),
    };
    let count: i64 = text[..digits].parse().map_err(|_| format!("`{text}` is not a time; write 1us, 1ms, 1s, 1m, 1h or 1d"))?;
    count.checked_mul(unit).filter(|step| *step > 0).ok_or_else(|| format!("`{text}` is no useful time"))
}

fn did_you_mean<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(written, known).map(|name| format!("did you mean `{name}`?"))
}

fn check_format(format: u32, written: Written<'_>) -> Result<(), SpecError> {
    if format == FORMAT {
        return Ok(());
    }
    Err(written
        .error("format", format!("this file is written in format {format}; this version of sqluice reads format {FORMAT}"))
        .hint((format > FORMAT).then(|| "a newer sqluice is needed".to_owned())))
}

/// `0-9A-Za-z-` as ranges of characters.
fn ranges(text: &str) -> Vec<(char, char)> {
    let characters: Vec<char> = text.chars().collect();
    let mut ranges = Vec::new();
    let mut at = 0;
    while at < characters.len() {
        if at + 2 < characters.len() && characters[at + 1] == '-' {
            ranges.push((characters[at], characters[at + 2]));
            at += 3;
        } else {
            ranges.push((characters[at], characters[at]));
            at += 1;
        }
    }
    ranges
}
