//! Errors as a person reads them, and exit codes as a script does.

use std::error::Error;
use std::io;

use datafusion::common::{DataFusionError, Diagnostic};

use crate::engine::ConfigError;
use crate::http::{ApiError, ErrorKind};
use crate::spec::SpecError;

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
    if let (Some(diagnostic), Some(sql)) = (error.diagnostic(), sql) {
        return format!("error: {}{}", diagnostic.message, place(diagnostic, sql));
    }
    let root = error.find_root();
    let text = match root {
        DataFusionError::External(inner) => inner.to_string(),
        DataFusionError::Plan(message) | DataFusionError::Execution(message) | DataFusionError::Configuration(message) => message.clone(),
        other => other.strip_backtrace(),
    };
    format!("error: {text}")
}

fn place(diagnostic: &Diagnostic, sql: &str) -> String {
    let mut text = String::new();
    if let Some(span) = diagnostic.span
        && let Some(line) = usize::try_from(span.start.line).ok().and_then(|line| sql.lines().nth(line.checked_sub(1)?))
    {
        let column = usize::try_from(span.start.column).unwrap_or(1).max(1);
        let end = usize::try_from(span.end.column).unwrap_or(column + 1);
        let marks = if span.end.line == span.start.line { end.saturating_sub(column).max(1) } else { 1 };
        text.push_str(&format!("\n  |\n  | {line}\n  | {}{}", " ".repeat(column - 1), "^".repeat(marks)));
    }
    for note in diagnostic.notes.iter().map(|note| &note.message).chain(diagnostic.helps.iter().map(|help| &help.message)) {
        text.push_str(&format!("\n  = {note}"));
    }
    text
}

/// Whether whoever read our output has gone.
pub(super) fn is_broken_pipe(error: &DataFusionError) -> bool {
    inner::<io::Error>(error).is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
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
