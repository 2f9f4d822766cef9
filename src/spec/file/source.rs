//! `source.yaml`.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

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
