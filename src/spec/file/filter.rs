//! What an API can filter.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Located;

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
