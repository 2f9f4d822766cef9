//! Errors as a person reads them, and exit codes as a script does.

use std::error::Error;

use datafusion::common::{DataFusionError, Diagnostic};
use datafusion::sql::sqlparser::parser::ParserError;

use crate::engine::ConfigError;
use crate::http::{ApiError, ErrorKind};
use crate::spec::SpecError;

/// What the exit codes stand for.
pub(super) const EXIT_CODES: [(u8, &str); 6] = [
    (0, "done"),
    (1, "the statement failed"),
    (USAGE, "wrong usage or configuration"),
    (3, "an API refused the credential"),
    (4, "an API could not be reached or its limit lasts"),
    (CANCELLED, "cancelled"),
];

/// Wrong usage or configuration.
pub(super) const USAGE: u8 = 2;
/// Ended by Ctrl-C.
pub(super) const CANCELLED: u8 = 130;

/// The exit code for an error.
pub(super) fn code(error: &DataFusionError) -> u8 {
    if let Some(error) = inner::<ApiError>(error) {
        return match error.kind {
            ErrorKind::Auth | ErrorKind::Forbidden => 3,
            ErrorKind::RateLimited | ErrorKind::Server | ErrorKind::Network => 4,
            ErrorKind::Config => USAGE,
            _ => 1,
        };
    }
    if inner::<ConfigError>(error).is_some() || inner::<SpecError>(error).is_some() { USAGE } else { 1 }
}

/// The error in words, with the place in the SQL where it is known.
pub(super) fn text(error: &DataFusionError, sql: Option<&str>) -> String {
    let root = match error.find_root() {
        DataFusionError::External(inner) => inner.to_string(),
        DataFusionError::Plan(message) | DataFusionError::Execution(message) | DataFusionError::Configuration(message) => message.clone(),
        DataFusionError::SQL(error, _) => match error.as_ref() {
            ParserError::ParserError(message) | ParserError::TokenizerError(message) => message.clone(),
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
        },
        other => other.strip_backtrace(),
    };
    let Some(sql) = sql else { return format!("error: {root}") };
    let (message, location) = located(&root);
    let Some(diagnostic) = error.diagnostic() else {
        // An end that came too early has no place of its own.
        let end = || (sql.lines().count(), sql.lines().last().unwrap_or("").chars().count() + 1);
        let place = location.or_else(|| message.ends_with("found: EOF").then(end));
        let place = place.map(|(line, column)| mark(sql, line, column, 1)).unwrap_or_default();
        return format!("error: {message}{place}");
    };
    // Our catalog says more about a table that is not there.
    let missing = table_not_found(&diagnostic.message);
    let message = if missing.is_some() { message } else { located(&diagnostic.message).0 };
    let span = diagnostic.span.map(|span| {
        let number = |number: u64| usize::try_from(number).unwrap_or(0);
        let length = if span.end.line == span.start.line { span.end.column.saturating_sub(span.start.column) } else { 1 };
        (number(span.start.line), number(span.start.column), number(length))
    });
    let place = span.or_else(|| find(sql, missing?));
    let place = place.map(|(line, column, length)| mark(sql, line, column, length)).unwrap_or_default();
    format!("error: {message}{place}{}", hints(diagnostic))
}

/// The table that the catalog does not have, as it was looked for.
pub(super) fn missing_table(error: &DataFusionError) -> Option<&str> {
    let DataFusionError::Plan(message) = error.find_root() else { return None };
    table_not_found(message)
}

fn table_not_found(message: &str) -> Option<&str> {
    message.strip_prefix("table '")?.strip_suffix("' not found")
}

/// Separates ` at Line: 1, Column: 8` from what the parser says.
fn located(message: &str) -> (&str, Option<(usize, usize)>) {
    let found = || {
        let (message, place) = message.rsplit_once(" at Line: ")?;
        let (line, column) = place.split_once(", Column: ")?;
        Some((message, Some((line.trim().parse().ok()?, column.trim().parse().ok()?))))
    };
    found().unwrap_or((message, None))
}

/// The line of the SQL with a mark under the place; lines and columns count from 1.
fn mark(sql: &str, line: usize, column: usize, length: usize) -> String {
    let Some(line) = line.checked_sub(1).and_then(|line| sql.lines().nth(line)) else { return String::new() };
    let before: String = line.chars().take(column.max(1) - 1).map(|letter| if letter == '\t' { '\t' } else { ' ' }).collect();
    format!("\n  |\n  | {line}\n  | {before}{}", "^".repeat(length.max(1)))
}

/// Where a name stands in the SQL, and how long it is.
fn find(sql: &str, name: &str) -> Option<(usize, usize, usize)> {
    sql.lines().enumerate().find_map(|(number, line)| {
        let place = line.to_lowercase().find(name)?;
        Some((number + 1, line.get(..place)?.chars().count() + 1, name.chars().count()))
    })
}

/// What else is known, one line each.
fn hints(diagnostic: &Diagnostic) -> String {
    let said = diagnostic.notes.iter().map(|note| &note.message).chain(diagnostic.helps.iter().map(|help| &help.message));
    let lines = said.map(|said| {
        let name = ["possible column ", "Possible function "].iter().find_map(|start| said.strip_prefix(start));
        match name {
            Some(name) => format!("\n  = did you mean {}?", name.trim_matches('\'')),
            None => format!("\n  = {said}"),
        }
    });
    lines.collect()
}

/// The error of a given type that lies at the bottom.
fn inner<T: Error + 'static>(error: &DataFusionError) -> Option<&T> {
    let mut current: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(error) = current {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        if let Some(DataFusionError::External(boxed)) = error.downcast_ref::<DataFusionError>()
            && let Some(found) = boxed.downcast_ref::<T>()
        {
            return Some(found);
        }
        if let Some(DataFusionError::Shared(shared)) = error.downcast_ref::<DataFusionError>() {
            return inner(shared);
        }
        current = error.source();
    }
    None
}
