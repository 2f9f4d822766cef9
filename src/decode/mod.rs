//! JSON bytes of one page of an API → Arrow arrays of the wanted columns, in one pass.
//!
//! Owns the walk over the JSON, the conversion of values to the columns' types, and the errors that name a value's place. Must not
//! know the network, requests, or `DataFusion`: it takes a table's description and bytes, and gives arrays and what paging asks for.
//!
//! ```text
//! body ─ trie of rows, next, end, total ─▶ row ─ trie of column paths ─▶ cells ─ end of row ─▶ builders
//! ```
//! Everything that no path leads to is gone past, and only must be JSON. A value is never guessed: absent and null are NULL, and what
//! does not fit its column is an error. Where an object has a member twice, the last one counts; both must fit. Half of a surrogate
//! pair is read as U+FFFD.
//!
//! - Text takes strings, and numbers and booleans as JSON writes them; not a number beyond 64 bits, which has lost digits by then.
//! - Integers take JSON integers, whole floats, and both in strings; floats and integers alike must be in range.
//! - Times need a zone or an epoch unit; see `timestamp` in `time.rs` for spellings. A date takes the date part of a time as written.
//! - Lists: only `list<string>` and `json` columns may have `[*]` in their path. Each element of the last array gives one item, NULL
//!   where the rest of the path leads nowhere; arrays in arrays are flattened. A `list<string>` path without `[*]` means the elements.
//! - JSON columns hold the text as it was sent; with `[*]`, a JSON array of such texts.

mod adf;
mod body;
mod builder;
mod cell;
mod error;
mod json;
mod probe;
mod rows;
#[cfg(test)]
mod tests;
mod time;
mod trie;

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray};

pub use self::builder::arrow_type;
pub use self::error::{DecodeError, DecodeErrorKind};
pub(crate) use self::probe::probe;
pub(crate) use self::time::{date as read_date, timestamp as read_timestamp};
use crate::spec::{ColumnType, Origin, PagingSpec, Path, RowsAt, Step, TableSpec};

use self::body::{Body, LAST, PAGES, ROWS, TOKEN, TOTAL, TRUNCATED};
use self::cell::Column;
use self::error::{Fault, excerpt};
use self::json::{Json, Stop};
use self::rows::{RowPlan, Rows};
use self::trie::Trie;

/// Reads the pages of a scan. Holds nothing of a page: one decoder serves all pages, also at the same time.
#[derive(Debug)]
pub struct PageDecoder {
    table: Arc<str>,
    body: Trie,
    rows: RowsAt,
    /// What the member says that tells the last page.
    last: bool,
    row: RowPlan,
    /// Flags of lists that were cut off, behind the wanted columns: the columns that they are about.
    guards: Vec<usize>,
}

/// What a page holds.
#[derive(Clone, Debug)]
pub struct DecodedPage {
    /// One array for each wanted column, in their order.
    pub arrays: Vec<ArrayRef>,
    /// Length of each array.
    pub rows: usize,
    /// Objects that the API sent: as many as rows, but where each has a list of rows.
    pub received: usize,
    /// What the page says about paging.
    pub end: PageEnd,
}

/// What a page says about paging; of what it does not say, or what was not asked for, none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageEnd {
    /// Token of the next page; a number as its text. None also for an empty text.
    pub token: Option<String>,
    /// Whether this is the last page.
    pub last: Option<bool>,
    /// Number of rows in all pages.
    pub total: Option<u64>,
    /// Number of pages.
    pub pages: Option<u64>,
    /// Whether the API left rows out.
    pub truncated: bool,
}

impl PageDecoder {
    /// For the columns at these positions of the table, which have a path each; a column without one is NULL. `rows` is the path to the
    /// rows (of the table, or of a lookup), `.` for a body that is the list of rows, or is one row. Of `paging`, only paths count.
    ///
    /// # Panics
    /// If the table has no column at a position.
    pub fn new(table: &TableSpec, columns: &[usize], rows: &RowsAt, paging: &PagingSpec) -> Self {
        let mut body = Trie::new();
        body.insert(&rows.path(), ROWS);
        let ends =
            [(&paging.next, TOKEN), (&paging.end, LAST), (&paging.total, TOTAL), (&paging.truncated, TRUNCATED), (&paging.pages, PAGES)];
        for (path, leaf) in ends {
            if let Some(path) = path {
                body.insert(path, leaf);
            }
        }
        let (mut found, mut trie) = (Vec::with_capacity(columns.len()), Trie::new());
        // A row for each element of a list in what `rows` finds.
        let each = table.each.as_ref().filter(|_| *rows == table.rows).map(|list| {
            let mut way = Trie::new();
            way.insert(list, 0);
            (list, way, trie.root())
        });
        for (leaf, spec) in columns.iter().map(|position| &table.columns[*position]).enumerate() {
            let mut path = match &spec.origin {
                Origin::Path(path) => Some(path.clone()),
                _ => None,
            };
            if let Some(path) = &mut path {
                let inner = each.as_ref().and_then(|(list, _, element)| {
                    let rest = path.0.strip_prefix(list.0.as_slice())?.strip_prefix(&[Step::All])?;
                    Some((*element, Path(rest.to_vec())))
                });
                let root = inner.map_or(0, |(element, rest)| {
                    *path = rest;
                    element
                });
                if spec.kind == ColumnType::TextList && !path.0.contains(&Step::All) {
                    path.0.push(Step::All);
                }
                trie.insert_from(root, path, leaf);
            }
            found.push(Column::new(spec, &path.unwrap_or_default()));
        }
        let mut guards = Vec::new();
        for (wanted, spec) in columns.iter().map(|position| &table.columns[*position]).enumerate() {
            if let Some(path) = &spec.truncated_if {
                trie.insert(path, found.len());
                found.push(Column::flag(&spec.name, path));
                guards.push(wanted);
            }
        }
        let last = !paging.end_if_false;
        Self {
            table: table.full_name().into(),
            body,
            rows: rows.clone(),
            last,
            row: RowPlan::new(found, trie, each.map(|(_, way, element)| (way, element))),
            guards,
        }
    }

    /// Reads a page; `number` counts pages from 1 and is only for errors.
    ///
    /// # Errors
    /// If the page is no JSON, has no rows where they belong (an empty list is fine, nothing or null is not), or a value does not
    /// fit its column.
    pub fn decode(&self, page: &[u8], number: usize) -> Result<DecodedPage, DecodeError> {
        let fail = |fault| self.error(fault, number);
        if let Some(column) = self.row.columns.iter().position(|column| column.many() && !may_be_many(column.kind)) {
            let message = "only list<string> and json columns may have [*] in their path".to_owned();
            let path = self.row.trie.nodes.iter().find(|node| node.leaves.contains(&column)).map(|node| node.path.clone());
            let path = path.unwrap_or_default();
            return Err(fail(Fault { kind: DecodeErrorKind::Mismatch, row: None, column: Some(column), path, message }));
        }
        let of_body = |kind, message| fail(Fault { kind, row: None, column: None, path: String::new(), message });
        let no_json = |why: &dyn std::fmt::Display| {
            let start = String::from_utf8_lossy(&page[..page.len().min(400)]);
            let message = match start.trim() {
                "" => "the body is no JSON: it is empty".to_owned(),
                start => format!("the body is no JSON ({why}); {} bytes that start with: {}", page.len(), excerpt(start, 80)),
            };
            of_body(DecodeErrorKind::NotJson, message)
        };
        let text = simdutf8::compat::from_utf8(page).map_err(|error| no_json(&error))?;
        // RFC 8259, section 8.1: a byte order mark may be ignored.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);

        // An error's body must not pass for a row, nor a list for one.
        if self.rows.path().0.is_empty() && text.trim_start().starts_with(if self.rows == RowsAt::One { '[' } else { '{' }) {
            let expected = if self.rows == RowsAt::One { "one row" } else { "a list of rows" };
            return Err(of_body(DecodeErrorKind::NoRows, format!("expected {expected}, got: {}", excerpt(text.trim(), 80))));
        }

        let rows = Rows::new(&self.row);
        let mut body = Body { trie: &self.body, shapes: self.body.shapes(), rows, end: PageEnd::default(), found: false };
        match body.read(&mut Json::new(text)) {
            Ok(()) => {}
            Err(Stop::Fault(fault)) => return Err(fail(*fault)),
            Err(Stop::Syntax(error)) => return Err(no_json(&error)),
        }
        if !body.found {
            let message = format!("no rows at `{}`; the body starts with: {}", self.rows.path(), excerpt(text.trim(), 80));
            return Err(of_body(DecodeErrorKind::NoRows, message));
        }
        let Body { rows, mut end, .. } = body;
        end.last = end.last.map(|flag| flag == self.last);
        let (count, received) = (rows.count, rows.received);
        let mut arrays = rows.finish();
        for (guard, column) in arrays.split_off(arrays.len() - self.guards.len()).iter().zip(&self.guards) {
            if let Some(row) = guard.as_boolean().iter().position(|cut| cut == Some(true)) {
                let message = "the API sent only the first part of the list".to_owned();
                let path = self.row.trie.nodes.iter().find(|node| node.leaves.contains(column)).map(|node| node.path.clone());
                let path = path.unwrap_or_default();
                return Err(fail(Fault { kind: DecodeErrorKind::Truncated, row: Some(row + 1), column: Some(*column), path, message }));
            }
        }
        Ok(DecodedPage { rows: count, received, arrays, end })
    }

    fn error(&self, fault: Fault, page: usize) -> DecodeError {
        let Fault { kind, row, column, path, message } = fault;
        let column = column.map(|position| self.row.columns[position].name.clone());
        DecodeError { kind, table: Arc::clone(&self.table), page, row, column, path, message }
    }
}

fn may_be_many(kind: ColumnType) -> bool {
    matches!(kind, ColumnType::TextList | ColumnType::Json)
}
