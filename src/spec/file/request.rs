//! How a list is asked for, and how one page leads to the next.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

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
