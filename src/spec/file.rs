//! The table files as they are written: one `source.yaml` and one file per table. Strict: a key that is not listed here is an error.
//!
//! These types say only what may be written; [`super::TableSpec`] is what the rest of the crate works with.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

/// `source.yaml`: where an API is, how it is entered, and how it refuses.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Version of the format: 1.
    pub format: u32,
    /// Name of the source; the schema under which its tables appear.
    pub source: String,
    /// One line for `sqluice.sources`.
    #[serde(default)]
    pub description: String,
    /// What a user configures, by name.
    #[serde(default)]
    pub inputs: BTreeMap<String, Input>,
    /// Where the API is; may name inputs as `{input.x}`.
    pub base_url: String,
    /// Headers of every request.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// Ways to authenticate; the first whose inputs are all set is used, none means anonymous.
    #[serde(default)]
    pub auth: Vec<Auth>,
    /// A cheap call that proves the credential.
    pub check: Option<Check>,
    /// What the API bears.
    #[serde(default)]
    pub limits: Limits,
    /// How the API can be asked whether an answer still holds; where it can't, an answer that is too old is asked for again.
    pub conditional: Option<Conditional>,
    /// How to read refusals; the first match wins. What no rule matches fails, but for 429 (waits) and 5xx (repeats).
    #[serde(default)]
    pub errors: Vec<ErrorRule>,
}

/// One thing that a user configures.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: InputKind,
    /// Whether the source does not work without it.
    #[serde(default)]
    pub required: bool,
    /// Environment variable that holds it where the configuration does not.
    pub env: Option<String>,
    /// Value where neither holds it.
    pub default: Option<String>,
    /// An example or a pointer, shown when it is missing.
    #[serde(default)]
    pub hint: String,
}

/// Types of inputs.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    /// An absolute http or https URL.
    Url,
    /// Text.
    String,
    /// Text that is never shown.
    Secret,
    /// A whole number.
    Int,
    /// true or false.
    Bool,
    /// A list of texts.
    List,
}

/// How requests prove who asks.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, tag = "kind", rename_all = "snake_case")]
pub enum Auth {
    /// HTTP Basic (RFC 7617).
    Basic {
        /// User name, usually an input in braces.
        username: String,
        /// Password, usually a secret input in braces.
        password: String,
    },
    /// `Authorization: Bearer` (RFC 6750).
    Bearer {
        /// Token, usually a secret input in braces.
        token: String,
    },
    /// A header of the API's own.
    Header {
        /// Header name.
        name: String,
        /// Header value, usually a secret input in braces.
        value: String,
    },
}

/// The call that proves a credential.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// Path below the base URL.
    pub path: String,
    /// A GraphQL document that is posted there.
    pub graphql: Option<String>,
    /// Path in the answer to a name of whoever the credential belongs to.
    pub identity: String,
}

/// How a request is made to depend on what is known already (RFC 9110, section 13).
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Conditional {
    /// Answers to GET carry an `ETag`; where it is still the same, `If-None-Match` is answered by 304 and no body.
    Etag,
}

/// What an API bears, and which headers tell.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests at once over all queries (default 4).
    pub concurrency: Option<usize>,
    /// A published request rate; kept only towards the host that published it.
    pub burst: Option<Burst>,
    /// Headers that say how long to wait after a refusal, in seconds (RFC 9110, section 10.2.3).
    #[serde(default)]
    pub retry_after: Vec<String>,
    /// Header that counts the requests left in the current window.
    pub remaining: Option<String>,
    /// Header that tells when the window ends: epoch seconds or ISO 8601.
    pub reset: Option<String>,
    /// Attempts after the first (default 5).
    pub max_retries: Option<usize>,
    /// Longest wait for a limit before the query fails, in seconds (default 900).
    pub max_wait: Option<u64>,
    /// Waits between attempts where the API names none.
    #[serde(default)]
    pub backoff: Backoff,
    /// Limits that only some requests share, by the name under which requests say so. A refusal holds up nobody else.
    #[serde(default)]
    pub buckets: BTreeMap<String, Bucket>,
}

/// Limits that some requests share.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// Every path counts for itself.
    #[serde(default)]
    pub each_path: bool,
    /// Requests at once (default: as many as the source's).
    pub concurrency: Option<usize>,
    /// A published request rate.
    pub burst: Option<Burst>,
    /// Another rate, if an input is set.
    pub burst_if: Option<BurstIf>,
}

/// A request rate that depends on an input.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BurstIf {
    /// The input; `false` is as good as not set.
    pub input: String,
    /// Requests…
    pub requests: u32,
    /// …per this time.
    pub per: String,
}

/// A published request rate.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    /// Requests…
    pub requests: u32,
    /// …per this time, such as `1s` or `1m`.
    pub per: String,
    /// Host (`*.` for any subdomain) that published it.
    pub host: String,
}

/// Exponential waits with jitter.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// First wait, such as `1s`.
    pub base: String,
    /// Longest wait.
    pub max: String,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: "500ms".to_owned(), max: "30s".to_owned() }
    }
}

/// How to read an answer that is not a page.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ErrorRule {
    /// Statuses it is about; none means any status, 200 included.
    #[serde(default)]
    pub status: Vec<u16>,
    /// Headers that must be there: a value, or `*` for any value.
    #[serde(default)]
    pub header: BTreeMap<String, String>,
    /// Text that the body must contain. Not for APIs that translate their messages.
    pub says: Option<String>,
    /// Paths into a JSON body and what must be there: a text (numbers and booleans as JSON writes them), a list of which one is enough,
    /// or `*` for anything but null. Of a path with `[*]` one element is enough.
    #[serde(default)]
    pub body: BTreeMap<String, OneOrMany>,
    /// Only for requests of this kind.
    pub when: Option<When>,
    /// What to do.
    pub then: Then,
    /// The error's kind, for `then: fail`.
    pub kind: Option<FailKind>,
    /// What the reader should do next, for `then: fail`.
    pub advice: Option<String>,
}

/// One text, or several of which one is enough.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum OneOrMany {
    /// This one.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}

impl OneOrMany {
    /// Whether a scalar is meant.
    pub fn means(&self, text: &str) -> bool {
        match self {
            Self::One(any) if any == "*" => true,
            Self::One(one) => one == text,
            Self::Many(many) => many.iter().any(|one| one == text),
        }
    }
}

/// Kinds of requests that an error rule tells apart.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Carries a filter of the query that is not marked `safe`.
    Filtered,
    /// Asks for rows by their key.
    Keyed,
    /// Belongs to a parent that came from a list, not from the query.
    Parent,
}

/// What an error rule does.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// The query fails.
    Fail,
    /// The same request again, after a wait.
    Retry,
    /// Wait for the limit, then the same request again.
    Throttle,
    /// No rows; with a warning where a parent or key came from a list.
    Empty,
    /// Ask again with only the filters marked `safe`, filter here, and warn. A second refusal stands.
    Relax,
    /// Ask once for each value of the `any_of` parameter, and leave out with a warning those that are refused again; if all are, fail.
    Split,
}

/// Kinds of failures that a rule may name.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FailKind {
    /// The credential is missing, wrong or expired.
    Auth,
    /// The credential may not do this.
    Forbidden,
    /// What was named does not exist, or must not be seen.
    NotFound,
    /// The API did not understand the request.
    InvalidRequest,
    /// The API no longer works as described here.
    SourceChanged,
}

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

/// A request. Texts may hold slots: `{input.x}`, `{parent.x}`, `{key}`, `{keys}`, `{row.x}`, `{page.size}`, `{page.token}`,
/// `{fields}`, `{predicate}`. A slot alone keeps its type; in a path it is percent-encoded.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Request {
    /// HTTP method.
    #[serde(default)]
    pub method: Method,
    /// Path below the base URL.
    pub path: String,
    /// The limits that it shares with others, of `limits.buckets`.
    pub bucket: Option<String>,
    /// Paths instead of `path` when an input is set.
    #[serde(default)]
    pub path_if: Vec<PathIf>,
    /// Query parameters: a text, a number, a boolean, a list (the parameter is repeated), `{default: …}` for one that filters and
    /// orders may replace, or `{any_of: […]}` for all of these with commas between, unless a filter sends fewer.
    #[serde(default)]
    pub query: BTreeMap<String, serde_json::Value>,
    /// Headers.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// JSON body.
    pub body: Option<serde_json::Value>,
    /// With `dialect: graphql`, the document. Its one slot is `{fields}`; all other braces are GraphQL's.
    pub graphql: Option<String>,
    /// The document's variables. A lone slot without a value leaves its variable out.
    #[serde(default)]
    pub variables: BTreeMap<String, serde_json::Value>,
}

/// A path that is used when an input is set.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PathIf {
    /// The input.
    pub input: String,
    /// Path below the base URL.
    pub path: String,
    /// Query parameters that only the default path knows, and that are left out here.
    #[serde(default)]
    pub without: Vec<String>,
}

/// HTTP methods that only read, in the APIs that use them so.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq, Hash)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET
    #[default]
    Get,
    /// POST
    Post,
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

/// How one page leads to the next.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// The kind.
    #[serde(default)]
    pub kind: PagingKind,
    /// Path in the answer to the next token.
    pub next: Option<String>,
    /// Path in the answer to a boolean that is true on the last page.
    pub end: Option<String>,
    /// Path in the answer to a boolean that is false on the last page.
    pub more: Option<String>,
    /// Path in the answer to the number of all rows.
    pub total: Option<String>,
    /// Path in the answer to the number of pages.
    pub pages: Option<String>,
    /// Query parameter of the token, the page number or the offset.
    pub param: Option<String>,
    /// Query parameter of the page size.
    pub size_param: Option<String>,
    /// Rows per page to ask for.
    pub size: Option<u32>,
    /// Other sizes for narrow requests.
    #[serde(default)]
    pub sizes: Vec<SizeIf>,
    /// Other sizes where an input is set.
    #[serde(default)]
    pub size_if: Vec<SizeIfInput>,
    /// The API serves no more than this many rows of any list; where there are more, reading to the end is an error.
    pub most: Option<u64>,
    /// With GraphQL: what a page may cost, where a scalar costs 0.1, an object 1, and a list inside of a row as many times its
    /// elements as are asked for.
    pub points: Option<u32>,
    /// With links: the query parameter that numbers pages, where `rel="last"` tells how many there are.
    pub numbered: Option<String>,
    /// The API lists no more than this many rows of a filtered request; past it the list is read without the filters.
    pub cap: Option<u64>,
    /// Path in the answer to a boolean that is true where the API left rows out; such an answer is an error.
    pub truncated: Option<String>,
    /// With offsets: the API drops rows after it paged, so pages overlap; rows with a key that came before are left out.
    #[serde(default)]
    pub overlap: bool,
}

/// Kinds of paging.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum PagingKind {
    /// One answer holds all rows.
    #[default]
    None,
    /// A token from the answer asks for the next page.
    Token,
    /// The number of rows to skip; ends by `end`, by `total`, or on an empty page.
    Offset,
    /// Pages by number, from 1; ends by `pages`, by `total`, by `end`, or on an empty page.
    Page,
    /// A `Link` header (RFC 8288) with `rel="next"`.
    Link,
}

/// A page size for requests that want only some fields.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeIf {
    /// No other fields than these are fetched.
    pub only: Vec<String>,
    /// Rows per page.
    pub size: u32,
}

/// A page size that depends on an input.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SizeIfInput {
    /// The input; `false` is as good as not set.
    pub input: String,
    /// Rows per page.
    pub size: u32,
}

/// What the API can filter. Facts only: whether a filter is exact, a superset or not sent is derived from them.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// The column.
    pub column: Located,
    /// Operators that the API has.
    #[serde(default)]
    pub ops: Vec<OpName>,
    /// Name in the query language; in GraphQL the path in the filter input.
    pub field: Option<String>,
    /// In GraphQL, the path of what is asked whether it is null; default `field`.
    pub null_field: Option<String>,
    /// What a value looks like; nothing else is ever sent, and no row has it.
    pub format: Option<Format>,
    /// No row has a smaller number, and none is sent.
    pub min: Option<i64>,
    /// Query parameter.
    pub param: Option<String>,
    /// How the API compares texts (default `case_insensitive` for text, `sql` for the rest).
    pub compares: Option<Compares>,
    /// What negative operators do with absent values (default `kept`).
    #[serde(default)]
    pub nulls: Nulls,
    /// Step at which the API compares; default the column's resolution.
    pub granularity: Option<String>,
    /// Whether a range parameter includes its own value (default `unknown`).
    #[serde(default)]
    pub bound: Bound,
    /// How a literal is written (default RFC 3339 for times).
    pub encode: Option<Encode>,
    /// The only values that may be sent: a list, or literals and what is sent for them.
    #[serde(default)]
    pub values: Values,
    /// A literal that holds one of these characters is not sent.
    #[serde(default)]
    pub never: String,
    /// What is sent for IS NULL.
    pub null_value: Option<String>,
    /// What is sent for IS NOT NULL.
    pub not_null_value: Option<String>,
    /// How several alternatives (IN) travel in one request.
    pub list: Option<ListStyle>,
    /// Most alternatives in one request.
    pub max: Option<usize>,
    /// How several required elements of a list column travel in one request.
    pub all: Option<ListStyle>,
    /// One parameter holds both ends of a range, inclusively: `a..b`, `>=a`, `<=b`.
    #[serde(default)]
    pub dots: bool,
    /// The API's rows contain the wanted ones but are more, for a reason that the other facts do not say.
    #[serde(default)]
    pub superset: bool,
    /// Not a parameter: ask for the order by this column, and stop at the first row past the bound.
    #[serde(default)]
    pub stop: bool,
    /// A literal that does not exist cannot make the API refuse.
    #[serde(default)]
    pub safe: bool,
    /// The table cannot be read without a value for this column.
    #[serde(default)]
    pub required: bool,
    /// The column's value is handed to the API as it stands (in `param`, or as a part of the query text) and has no meaning here.
    #[serde(default)]
    pub pass_through: bool,
}

/// Values that may be sent.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Values {
    /// As they are.
    List(Vec<String>),
    /// For a literal, what the API calls it.
    Map(BTreeMap<String, String>),
}

impl Default for Values {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

/// Shapes of texts.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// `8-4-4-4-12` lower-case hexadecimal digits (RFC 9562).
    Uuid,
    /// Letters and digits, `-`, digits: `ENG-42`.
    IssueKey,
}

impl Format {
    /// Whether a text has the shape.
    pub fn fits(self, text: &str) -> bool {
        match self {
            Self::Uuid => {
                let lengths = text.split('-').map(str::len);
                let digits = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'));
                digits && lengths.eq([8, 4, 4, 4, 12]) && matches!(text.as_bytes()[19], b'8' | b'9' | b'a' | b'b')
            }
            Self::IssueKey => text.split_once('-').is_some_and(|(team, number)| {
                let plain = |part: &str, fits: fn(&u8) -> bool| !part.is_empty() && part.as_bytes().iter().all(fits);
                plain(team, u8::is_ascii_alphanumeric) && plain(number, u8::is_ascii_digit)
            }),
        }
    }
}

/// Operators by the names that files use.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub enum OpName {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `IN`
    In,
    /// `NOT IN`
    NotIn,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `IS NULL`
    IsNull,
    /// `IS NOT NULL`
    IsNotNull,
    /// A list column contains a value.
    HasElement,
}

impl OpName {
    /// The operator as SQL writes it.
    pub fn sql(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "<>",
            Self::In => "IN",
            Self::NotIn => "NOT IN",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::IsNull => "IS NULL",
            Self::IsNotNull => "IS NOT NULL",
            Self::HasElement => "has element",
        }
    }

    /// Whether rows are named that are not wanted.
    pub fn negative(self) -> bool {
        matches!(self, Self::Ne | Self::NotIn)
    }
}

/// How an API compares.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Compares {
    /// As SQL does.
    Sql,
    /// Equal but for upper and lower case.
    CaseInsensitive,
}

/// What an API's negative operators do with absent values.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Nulls {
    /// Rows without a value are among the answer.
    #[default]
    Kept,
    /// Rows without a value are left out, as in SQL.
    Sql,
}

/// Whether a bound includes its own value.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It does.
    Inclusive,
    /// It does not.
    Exclusive,
    /// Nobody vouches for either.
    #[default]
    Unknown,
}

/// How literals are written into requests.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Encode {
    /// `2026-01-05T10:20:00Z`
    Rfc3339,
    /// `2026-01-05T10:20:00.000Z`, always with milliseconds.
    Rfc3339Ms,
    /// Whole seconds since 1970 UTC.
    EpochS,
    /// Milliseconds since 1970 UTC.
    EpochMs,
    /// Seconds since 1970 UTC with exactly six digits behind the point; only from 2001 to 2286, where they have ten before it.
    EpochSFrac6,
    /// `2026-01-05`
    Date,
    /// Digits without quotes; a text with anything else in it is no row's id.
    Id,
    /// An Atlassian account id; what does not look like one would be taken for a name, and is not sent.
    AccountId,
}

/// How several values travel.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum ListStyle {
    /// `x=a,b`
    Comma,
    /// `x=a&x=b`
    Repeat,
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
