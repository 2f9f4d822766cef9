//! Why an answer could not be read.

use std::fmt;
use std::sync::Arc;

/// What is wrong with an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DecodeErrorKind {
    /// The body is no JSON, or was cut off.
    NotJson,
    /// The body is JSON, but there are no rows where the table has them.
    NoRows,
    /// A value is not of the type that the table says.
    Mismatch,
    /// A list in a row was cut off by the API.
    Truncated,
}

/// An answer that could not be read, and the place in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// Table, with its source.
    pub table: Arc<str>,
    /// Page, from 1.
    pub page: usize,
    /// Row of the page, from 1.
    pub row: Option<usize>,
    /// The column; where several depend on the value, the first of them.
    pub column: Option<String>,
    /// Path to the value: within the row if there is one, else within the body. Empty for the body as a whole.
    pub path: String,
    /// What was expected and what was there.
    pub message: String,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, page {}", self.table, self.page)?;
        if let Some(row) = self.row {
            write!(f, ", row {row}")?;
        }
        match (&self.column, self.path.as_str()) {
            (Some(column), path) => write!(f, ": column {column} at {path}")?,
            (None, "") => {}
            (None, path) => write!(f, ": at {path}")?,
        }
        write!(f, ": {}", self.message)
    }
}

/// A [`DecodeError`] as the walk knows it: it can't travel inside the JSON reader's own error, so it is left beside it.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) kind: DecodeErrorKind,
    pub(super) row: Option<usize>,
    pub(super) column: Option<usize>,
    pub(super) path: String,
    pub(super) message: String,
}

/// The first characters of a text, on one line.
pub(super) fn excerpt(text: &str, most: usize) -> String {
    let mut rest = text.chars();
    let mut shown: String = rest.by_ref().take(most).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if !rest.as_str().is_empty() {
        shown.push('…');
    }
    shown
}
