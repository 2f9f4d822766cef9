//! What the API says when it doesn't answer.

use std::fmt;

use async_graphql::Pos;
use axum::http::StatusCode;
use serde_json::{Value, json};

/// What kind of refusal it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// The credential.
    Unauthorized,
    /// A rate limit.
    RateLimited,
    /// What wraps the query.
    BadRequest,
    /// The text of the query.
    Unparsable,
    /// The query or its variables, against the schema.
    Invalid,
    /// The request as a whole, for a reason of the API's own.
    BadInput,
    /// An argument that fits the schema and yet is wrong.
    Argument,
    /// What a field was asked for.
    Input,
    /// Nothing that the vendor would say: its answer isn't known.
    Unknown,
}

impl Class {
    /// The status that carries it; a refusal of one field is a 200.
    pub(super) fn status(self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::RateLimited | Self::BadRequest | Self::Unparsable | Self::Invalid | Self::BadInput => StatusCode::BAD_REQUEST,
            Self::Argument | Self::Input | Self::Unknown => StatusCode::OK,
        }
    }

    /// One of the vendor's fixed texts.
    fn kind(self) -> &'static str {
        match self {
            Self::Unauthorized => "authentication error",
            Self::RateLimited => "ratelimited",
            // To ask again for what is not played helps nobody.
            Self::BadRequest | Self::Unparsable | Self::Invalid | Self::Unknown => "graphql error",
            Self::BadInput | Self::Argument | Self::Input => "invalid input",
        }
    }

    fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "AUTHENTICATION_ERROR",
            Self::RateLimited => "RATELIMITED",
            Self::BadRequest => "BAD_REQUEST",
            Self::Unparsable => "GRAPHQL_PARSE_FAILED",
            Self::Invalid => "GRAPHQL_VALIDATION_FAILED",
            Self::BadInput | Self::Input => "INPUT_ERROR",
            Self::Argument => "INVALID_INPUT",
            Self::Unknown => "NOT_EMULATED",
        }
    }
}

/// A refusal.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Refusal {
    pub(super) class: Class,
    /// For developers.
    message: String,
    /// For people.
    presentable: Option<String>,
    /// Where in the document.
    place: Option<Pos>,
    /// Which field of the answer.
    pub(super) path: Vec<Value>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Refusal {
    fn new(class: Class, message: impl Into<String>) -> Self {
        Self { class, message: message.into(), presentable: None, place: None, path: Vec::new() }
    }

    /// The refusal with its place in the document.
    pub(super) fn at(self, place: Option<Pos>) -> Self {
        Self { place, ..self }
    }

    fn saying(self, presentable: impl Into<String>) -> Self {
        Self { presentable: Some(presentable.into()), ..self }
    }

    /// No credential, or one that isn't valid.
    pub(super) fn unauthorized() -> Self {
        Self::new(Class::Unauthorized, "Authentication required").saying("Invalid API key")
    }

    /// An API key sent as if it were an OAuth token.
    pub(super) fn key_as_bearer() -> Self {
        let message = "It looks like you're trying to use an API key as a Bearer token. Remove the Bearer prefix from the \
                       Authorization header.";
        Self::new(Class::BadInput, message)
    }

    /// Too many requests, or too complex ones.
    pub(super) fn rate_limited(what: &str, limit: u64) -> Self {
        let message = format!("Rate limit exceeded. Only {limit} {what} are allowed per 1 hour.");
        Self::new(Class::RateLimited, message.clone()).saying(message)
    }

    /// One query that would cost more than any may.
    pub(super) fn too_complex(points: u64, limit: u64) -> Self {
        let message = format!("Query too complex: {points} points, and no query may have more than {limit}.");
        Self::new(Class::BadInput, message.clone()).saying(message)
    }

    /// The body isn't a query.
    pub(super) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Class::BadRequest, message)
    }

    /// The text isn't GraphQL.
    pub(super) fn unparsable(message: impl Into<String>) -> Self {
        Self::new(Class::Unparsable, message)
    }

    /// The document or its variables don't fit the schema.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Class::Invalid, message)
    }

    /// An argument that fits the schema and yet is wrong.
    pub(super) fn argument(why: impl Into<String>) -> Self {
        Self::new(Class::Argument, "Argument Validation Error").saying(why)
    }

    /// Arguments that exclude each other.
    pub(super) fn input(message: impl Into<String>) -> Self {
        Self::new(Class::Input, message)
    }

    /// No row has the id that was asked for.
    pub(super) fn not_found(entity: &str) -> Self {
        let presentable = format!("Could not find referenced {entity}.");
        Self::new(Class::Input, format!("Entity not found: {entity} - {presentable}")).saying(presentable)
    }

    /// Something whose meaning at Linear isn't known or isn't emulated; it is never guessed.
    pub(super) fn unknown_meaning(what: impl fmt::Display) -> Self {
        Self::new(Class::Unknown, format!("The demo does not know the answer: {what}"))
    }

    /// The refusal as an entry of `errors`.
    pub(super) fn json(&self) -> Value {
        let mut extensions = json!({
            "type": self.class.kind(), "code": self.class.code(), "userError": self.class != Class::Unknown,
        });
        if self.class.status() == StatusCode::BAD_REQUEST {
            extensions["statusCode"] = json!(400);
        }
        if let Some(presentable) = &self.presentable {
            extensions["userPresentableMessage"] = json!(presentable);
        }
        let mut error = json!({"message": self.message, "extensions": extensions});
        if let Some(Pos { line, column }) = self.place {
            error["locations"] = json!([{"line": line, "column": column}]);
        }
        if !self.path.is_empty() {
            error["path"] = json!(self.path);
        }
        error
    }
}
