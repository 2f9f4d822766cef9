//! A table file: its columns, and what leads to its rows.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::{ErrorRule, Filter, Paging, Request};

/// A table file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TableFile {
    /// Version of the format: 1.
    pub format: u32,
    /// Name of the table.
    pub table: Located,
    /// One sentence for `sqluice.tables`.
    pub description: String,
    /// Columns that tell one row from every other.
    pub key: Vec<Located>,
    /// How predicates are written into requests.
    #[serde(default)]
    pub dialect: Dialect,
    /// The request for a page of rows.
    pub request: Request,
    /// What restricts a query that has no filter, where the API refuses one without.
    pub unbounded: Option<Unbounded>,
    /// Path to the rows in an answer; `.` if the answer is the list of rows, `{}` if it is one row.
    pub rows: String,
    /// Path to a list, with `[*]` at its end, in what `rows` finds: each element is a row. Columns whose path begins so are the
    /// element's, the others what is around it.
    pub each: Option<String>,
    /// SQL over the table's columns that a row must satisfy to belong to the table.
    pub keep: Option<Located>,
    /// How one page leads to the next.
    #[serde(default)]
    pub paging: Paging,
    /// What the API can filter, as facts.
    #[serde(default)]
    pub filters: Vec<Filter>,
    /// Requests for rows by key.
    #[serde(default)]
    pub lookup: Vec<Lookup>,
    /// Orders of the API that are SQL's orders.
    #[serde(default)]
    pub order: Vec<Order>,
    /// The table whose rows each lead to a list of this table's rows.
    pub parent: Option<Parent>,
    /// An input that limits the table to some values of a column, unless the query names others.
    pub scope: Option<Scope>,
    /// Calls that complete a row.
    #[serde(default)]
    pub hydrate: Vec<Hydrate>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// How to read refusals; tried before the source's rules.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
}

/// A name with its place in the file.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Located(#[schemars(with = "String")] pub Spanned<String>);

impl Located {
    /// The name.
    pub fn text(&self) -> &str {
        &self.0.value
    }

    /// Line and column in the file, from 1; none where they are not known.
    pub fn place(&self) -> Option<(u64, u64)> {
        let at = self.0.referenced;
        (at.line() > 0).then(|| (at.line(), at.column()))
    }
}

/// How predicates are written.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Dialect {
    /// One request parameter per filter.
    #[default]
    Params,
    /// Jira's query language.
    Jql,
    /// A GraphQL document that selects the wanted columns; the predicate is its filter variable, in the way of Linear's filter inputs.
    Graphql,
}

/// A restriction for a query that has none.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unbounded {
    /// Column whose filter restricts the request.
    pub filter: Located,
    /// Table and column (`projects.id`) that list all values.
    pub from: String,
    /// SQL over that table's columns: which of them count.
    #[serde(rename = "where")]
    pub where_: Option<String>,
}

/// Rows by key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Columns, any one of which may hold the keys.
    pub columns: Vec<Located>,
    /// Keys per request.
    #[serde(default = "one")]
    pub max: usize,
    /// With more keys than this the list is cheaper.
    pub up_to: Option<usize>,
    /// The request; `{key}` is one key, `{keys}` the list.
    pub request: Request,
    /// Path to the rows; `.` if the answer is the list of rows, `{}` if it is one row.
    pub rows: String,
    /// How one page leads to the next; default: one page.
    #[serde(default)]
    pub paging: Paging,
    /// A text that is not a key for the API: a key must have only these characters (as in `0-9A-Za-z-`), else there is no such row.
    pub chars: Option<String>,
}

fn one() -> usize {
    1
}

/// An order that the API can give and that is SQL's.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The column.
    pub column: Located,
    /// Name in the query language.
    pub field: Option<String>,
    /// Query parameters (in GraphQL variables, of any JSON) that ask for it; `{dir}` is `asc` or `desc`.
    #[serde(default)]
    pub send: BTreeMap<String, serde_json::Value>,
    /// Directions that the API has.
    pub dir: Vec<Dir>,
    /// The API has this order without being asked.
    #[serde(default)]
    pub natural: bool,
}

/// Directions.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Dir {
    /// Smallest first.
    Asc,
    /// Largest first.
    Desc,
}

/// An input (a list) that limits a table to some values of a column.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scope {
    /// The column.
    pub column: Located,
    /// The input.
    pub input: String,
}

/// The table whose rows each lead to a list of this table's rows.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Parent {
    /// The table, in the same source.
    pub table: Located,
    /// Columns of this table and the parent's columns that they equal.
    pub bind: BTreeMap<String, String>,
    /// SQL over the parent's columns: which parents have children.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// SQL over the parent's columns: which parents are listed if the query names none.
    pub default: Option<String>,
    /// What a bound on this table implies for the parent.
    #[serde(default)]
    pub implies: Vec<Implies>,
    /// There are so many parents that merging their lists in an order would cost a page of each: orders are not asked for where
    /// parents have to be listed, and a list of them is read each time, while other parents' lists are kept for a while.
    #[serde(default)]
    pub many: bool,
    /// The API knows a parent by no other spelling of these values than the parent's own (another case, leading zeros), so that what a
    /// query writes may stand in the rows. Where it does not say so, columns `from` the parent are always taken from a list of parents.
    #[serde(default)]
    pub exact: bool,
}

/// Sides of a range.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// `>=`
    #[default]
    Lower,
    /// `<=`
    Upper,
}

/// A bound on this table's column holds for the parent's column too.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Implies {
    /// Column of this table.
    pub column: Located,
    /// Column of the parent that is never smaller (`lower`) or never larger (`upper`), and never null.
    pub parent: String,
    /// Which bound it is.
    #[serde(default)]
    pub side: Side,
}

/// A call per row that completes it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Hydrate {
    /// Name that columns refer to.
    pub name: Located,
    /// The request; `{row.x}` is a column of the row.
    pub request: Request,
    /// How to read refusals; `empty` leaves the row's columns null.
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
}

/// A column.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Column {
    /// Its name, in `snake_case`.
    pub name: Located,
    /// `string`, `int32`, `int64`, `float64`, `bool`, `timestamp`, `date`, `list<string>` or `json`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Path in the row: `a.b`, `a[*].b`, `.` for the row itself. Default: the name.
    pub path: Option<String>,
    /// `parent.x`: the value of the row's parent.
    pub from: Option<String>,
    /// SQL over other columns of the table.
    pub sql: Option<String>,
    /// For times: no value is finer than this (default `1s`).
    pub resolution: Option<String>,
    /// How the value is written in the answer, if not in the type's usual way.
    pub decode: Option<Decode>,
    /// Texts, or numbers as JSON writes them, that stand for no value.
    #[serde(default)]
    pub null_if: Vec<String>,
    /// Keep only the part of a text between two marks.
    pub cut: Option<Cut>,
    /// What the API must be asked for to get it.
    #[serde(default)]
    pub fetch: Vec<String>,
    /// Path in the row to a boolean that is true where the list was cut off; such a row is an error if the column is wanted.
    pub truncated_if: Option<String>,
    /// In a path, a value is this many segments (`owner/name` is 2). Default 1: a slash in it is encoded.
    pub segments: Option<usize>,
    /// The detail call that brings it.
    pub hydrate: Option<Located>,
    /// Not part of `SELECT *`.
    #[serde(default)]
    pub hidden: bool,
    /// One sentence for `sqluice.columns`.
    #[serde(default)]
    pub description: String,
}

/// Ways to write values.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Decode {
    /// Seconds since 1970 UTC.
    EpochS,
    /// Milliseconds since 1970 UTC.
    EpochMs,
    /// Atlassian Document Format; the column is its plain text.
    Adf,
    /// Base64 text (RFC 4648); the column is the UTF-8 text in it, or null.
    Base64,
}

/// A part of a text.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// Starts behind the first of these marks.
    pub after: Option<String>,
    /// Starts behind the last of these marks.
    pub after_last: Option<String>,
    /// Ends before the next of these marks, or at the end.
    pub before: Option<String>,
    /// Ends before the last of these marks, or at the end.
    pub before_last: Option<String>,
}
