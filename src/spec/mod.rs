//! What a source and its tables are: the validated model behind `tables/*/*.yaml`.
//!
//! Owns the file format ([`file`]), its checks (an error names file, line and what to write instead) and the loader.
//! Must not know the network, `DataFusion`, or how a predicate is rendered: it states facts about APIs and nothing else.

mod examine;
pub mod file;
mod load;
mod path;
mod template;
mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use examine::{FolderReport, TableText, examine_folder};
pub use file::{
    Auth, Bound, Check, Compares, Conditional, Cut, Decode, Dialect, Dir, Encode, ErrorRule, FailKind, Format, Input, InputKind, Limits,
};
pub use file::{ListStyle, Method, Nulls, OneOrMany, OpName, PagingKind, Side, SizeIf, SizeIfInput, Then, When};
pub(crate) use load::nearest;
pub use load::{SpecError, built_in, load_folder, load_texts, parse_source, parse_table, schema};
pub use path::{Path, Step};
pub use template::{JsonTemplate, Part, Slot, Template};

/// A source: an API and its tables.
#[derive(Clone, Debug)]
pub struct SourceSpec {
    /// Name, such as `jira`; also the type that a configuration names.
    pub name: String,
    /// One line about it.
    pub description: String,
    /// What a user configures.
    pub inputs: BTreeMap<String, Input>,
    /// Where the API is.
    pub base_url: Template,
    /// Headers of every request.
    pub headers: Vec<(String, Template)>,
    /// Ways to authenticate; the first whose inputs are set is used.
    pub auth: Vec<Auth>,
    /// A cheap call that proves the credential.
    pub check: Option<Check>,
    /// What the API bears.
    pub limits: Limits,
    /// How the API can be asked whether an answer still holds.
    pub conditional: Option<Conditional>,
    /// How to read refusals.
    pub errors: Vec<ErrorRule>,
    /// The tables, by name.
    pub tables: BTreeMap<String, Arc<TableSpec>>,
}

/// A table of a source.
#[derive(Clone, Debug)]
pub struct TableSpec {
    /// Name of the source.
    pub source: String,
    /// Name of the table.
    pub name: String,
    /// One sentence about it.
    pub description: String,
    /// Columns that tell one row from every other.
    pub key: Vec<usize>,
    /// How predicates are written.
    pub dialect: Dialect,
    /// The request for a page of rows.
    pub request: RequestSpec,
    /// What restricts a query that has no filter.
    pub unbounded: Option<UnboundedSpec>,
    /// Where the rows are in an answer.
    pub rows: RowsAt,
    /// The list, in what is found there, whose elements are the rows.
    pub each: Option<Path>,
    /// SQL that a row must satisfy to belong to the table.
    pub keep: Option<String>,
    /// How one page leads to the next.
    pub paging: PagingSpec,
    /// What the API can filter.
    pub filters: Vec<FilterSpec>,
    /// Requests by key.
    pub lookups: Vec<LookupSpec>,
    /// Orders of the API that are SQL's.
    pub orders: Vec<OrderSpec>,
    /// The table whose rows lead to this one's.
    pub parent: Option<ParentSpec>,
    /// A column, and the input (a list) whose values limit it unless the query names others.
    pub scope: Option<(usize, String)>,
    /// Calls that complete a row.
    pub hydrates: Vec<HydrateSpec>,
    /// The columns, in order.
    pub columns: Vec<ColumnSpec>,
    /// How to read refusals: the table's rules, then the source's.
    pub errors: Vec<ErrorRule>,
}

impl TableSpec {
    /// Position of a column.
    pub fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// `source.table`
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.source, self.name)
    }
}

/// Where the rows are in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowsAt {
    /// A list at this path.
    List(Path),
    /// The answer itself is the one row.
    One,
}

impl RowsAt {
    /// The path to the list, or to the row.
    pub fn path(&self) -> Path {
        match self {
            Self::List(path) => path.clone(),
            Self::One => Path::default(),
        }
    }
}

/// A request with slots.
#[derive(Clone, Debug)]
pub struct RequestSpec {
    /// HTTP method.
    pub method: Method,
    /// Path below the base URL.
    pub path: Template,
    /// Name of the limits that it shares with others.
    pub bucket: Option<String>,
    /// Paths that replace it when an input is set.
    pub path_if: Vec<PathIfSpec>,
    /// Query parameters.
    pub query: Vec<(String, QueryValue)>,
    /// Headers beyond the source's.
    pub headers: Vec<(String, Template)>,
    /// JSON body.
    pub body: Option<JsonTemplate>,
}

impl RequestSpec {
    /// The row's columns that a detail call is made of.
    pub fn row_columns(&self) -> impl Iterator<Item = &str> {
        let query = self.query.iter().map(|(_, value)| match value {
            QueryValue::Fixed(template) | QueryValue::Default(template) | QueryValue::AnyOf(template) => template,
        });
        let slots = std::iter::once(&self.path).chain(query).flat_map(Template::slots);
        slots.chain(self.body.iter().flat_map(JsonTemplate::slots)).filter_map(|slot| match slot {
            Slot::Row(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

/// A path that replaces the default one when an input is set.
#[derive(Clone, Debug)]
pub struct PathIfSpec {
    /// The input.
    pub input: String,
    /// The path.
    pub path: Template,
    /// Query parameters of the default path that this one does not know.
    pub without: Vec<String>,
}

/// The value of a query parameter.
#[derive(Clone, Debug)]
pub enum QueryValue {
    /// Always sent.
    Fixed(Template),
    /// Sent unless a filter or an order sends the same parameter.
    Default(Template),
    /// The same, of values that no row has two of, so that each can be asked for by itself.
    AnyOf(Template),
}

/// A restriction for queries without one.
#[derive(Clone, Debug)]
pub struct UnboundedSpec {
    /// Position in [`TableSpec::filters`].
    pub filter: usize,
    /// Table that lists the values.
    pub table: String,
    /// Its column.
    pub column: String,
    /// SQL over that table's columns: which of them count.
    pub where_: Option<String>,
}

/// How one page leads to the next.
#[derive(Clone, Debug, Default)]
pub struct PagingSpec {
    /// The kind.
    pub kind: PagingKind,
    /// Path to the next token.
    pub next: Option<Path>,
    /// Path to a boolean that tells the last page…
    pub end: Option<Path>,
    /// …by being false instead of true.
    pub end_if_false: bool,
    /// Path to the number of all rows.
    pub total: Option<Path>,
    /// Path to the number of pages.
    pub pages: Option<Path>,
    /// Query parameter of token or offset.
    pub param: Option<String>,
    /// Query parameter of the page size.
    pub size_param: Option<String>,
    /// Rows per page.
    pub size: Option<u32>,
    /// Sizes for narrow requests.
    pub sizes: Vec<SizeIf>,
    /// Sizes where an input is set.
    pub size_if: Vec<SizeIfInput>,
    /// Most rows that the API serves of any list.
    pub most: Option<u64>,
    /// What a page of a GraphQL API may cost.
    pub points: Option<u32>,
    /// Query parameter that numbers pages, for links with `rel="last"`.
    pub numbered: Option<String>,
    /// Most rows that the API lists for a filtered request.
    pub cap: Option<u64>,
    /// Path to a boolean that is true where the API left rows out.
    pub truncated: Option<Path>,
    /// Pages overlap; rows with a key that came before are left out.
    pub overlap: bool,
}

/// What the API can filter by one column.
#[derive(Clone, Debug)]
pub struct FilterSpec {
    /// Position in [`TableSpec::columns`].
    pub column: usize,
    /// Operators.
    pub ops: Vec<OpName>,
    /// Name in the query language, or path in the filter input.
    pub field: Option<String>,
    /// Path in the filter input of what is asked whether it is null.
    pub null_field: Option<String>,
    /// What a value looks like.
    pub format: Option<Format>,
    /// No row has a smaller number.
    pub min: Option<i64>,
    /// Query parameter.
    pub param: Option<String>,
    /// How texts compare.
    pub compares: Compares,
    /// What negative operators do with absent values.
    pub nulls: Nulls,
    /// Step at which the API compares times, in microseconds.
    pub granularity: i64,
    /// Whether a range parameter includes its value.
    pub bound: Bound,
    /// How a literal is written.
    pub encode: Option<Encode>,
    /// The only values that may be sent, and what is sent for them; empty means any.
    pub values: Vec<(String, String)>,
    /// Characters of literals that are not sent.
    pub never: String,
    /// What is sent for IS NULL.
    pub null_value: Option<String>,
    /// What is sent for IS NOT NULL.
    pub not_null_value: Option<String>,
    /// How alternatives travel.
    pub list: Option<ListStyle>,
    /// Most alternatives in one request.
    pub max: Option<usize>,
    /// How required elements travel.
    pub all: Option<ListStyle>,
    /// One parameter holds both ends of a range.
    pub dots: bool,
    /// A superset for a reason that the other facts do not say.
    pub superset: bool,
    /// Order and stop instead of a parameter.
    pub stop: bool,
    /// Can't make the API refuse.
    pub safe: bool,
    /// The table cannot be read without it.
    pub required: bool,
    /// Handed to the API as it stands.
    pub pass_through: bool,
}

impl FilterSpec {
    /// Whether the API has the operator.
    pub fn has(&self, op: OpName) -> bool {
        self.ops.contains(&op)
    }
}

/// A request by key.
#[derive(Clone, Debug)]
pub struct LookupSpec {
    /// Columns, any one of which may hold the keys.
    pub columns: Vec<usize>,
    /// Keys per request.
    pub max: usize,
    /// With more keys the list is read.
    pub up_to: Option<usize>,
    /// The request.
    pub request: RequestSpec,
    /// Where the rows are.
    pub rows: RowsAt,
    /// How one page leads to the next.
    pub paging: PagingSpec,
    /// Characters that a key may have.
    pub chars: Option<Vec<(char, char)>>,
}

/// An order of the API.
#[derive(Clone, Debug)]
pub struct OrderSpec {
    /// The column.
    pub column: usize,
    /// Name in the query language.
    pub field: Option<String>,
    /// Query parameters or variables that ask for it.
    pub send: Vec<(String, JsonTemplate)>,
    /// Directions.
    pub dir: Vec<Dir>,
    /// Given without being asked.
    pub natural: bool,
}

/// The parent table.
#[derive(Clone, Debug)]
pub struct ParentSpec {
    /// Its name, in the same source.
    pub table: String,
    /// This table's column and the parent's column that it equals.
    pub bind: Vec<(usize, String)>,
    /// SQL over the parent's columns: which parents have children.
    pub filter: Option<String>,
    /// SQL over the parent's columns: which parents are listed if the query names none.
    pub default: Option<String>,
    /// A bound on this table's column holds for the parent's column too.
    pub implies: Vec<(usize, String, Side)>,
    /// Too many to merge their lists in an order, and too lively for a list of them to be kept.
    pub many: bool,
    /// A parent is known by its own spelling only.
    pub exact: bool,
}

/// A call per row.
#[derive(Clone, Debug)]
pub struct HydrateSpec {
    /// Its name.
    pub name: String,
    /// The request.
    pub request: RequestSpec,
    /// How to read refusals.
    pub errors: Vec<ErrorRule>,
}

/// Types of columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// 32-bit integer.
    Int32,
    /// 64-bit integer.
    Int64,
    /// Double-precision number.
    Float64,
    /// Boolean.
    Bool,
    /// Microseconds since 1970, UTC.
    Timestamp,
    /// Days since 1970.
    Date,
    /// List of texts.
    TextList,
    /// JSON text, as the API sent it.
    Json,
}

/// Where a column's value comes from.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A path in the row.
    Path(Path),
    /// A column of the row's parent.
    Parent(String),
    /// SQL over other columns.
    Sql(String),
    /// The literal that the query gives.
    PassThrough,
}

/// A column of a table.
#[derive(Clone, Debug)]
pub struct ColumnSpec {
    /// Name.
    pub name: String,
    /// Type.
    pub kind: ColumnType,
    /// Where its value comes from.
    pub origin: Origin,
    /// For times: no value is finer than this, in microseconds.
    pub resolution: i64,
    /// How the value is written, if not in the type's usual way.
    pub decode: Option<Decode>,
    /// What stands for no value.
    pub null_if: Vec<String>,
    /// The part of a text that is kept.
    pub cut: Option<Cut>,
    /// What the API is asked for to get it.
    pub fetch: Vec<String>,
    /// Path to a boolean that is true where the list was cut off.
    pub truncated_if: Option<Path>,
    /// How many path segments a value is.
    pub segments: usize,
    /// Position of the detail call that brings it.
    pub hydrate: Option<usize>,
    /// Not part of `SELECT *`.
    pub hidden: bool,
    /// One sentence about it.
    pub description: String,
}
