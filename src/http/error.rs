//! What goes wrong with an API, said so that a reader can act on it.

use std::fmt;

/// Kinds of failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The credential is missing, wrong or expired.
    Auth,
    /// The credential may not do this.
    Forbidden,
    /// What was named does not exist, or must not be seen.
    NotFound,
    /// A limit lasts longer than we wait.
    RateLimited,
    /// The API did not understand the request.
    InvalidRequest,
    /// The API failed.
    Server,
    /// No answer came.
    Network,
    /// The answer can't be read.
    Decode,
    /// The API no longer works as its tables describe.
    SourceChanged,
    /// Not everything was or can be read.
    Truncated,
    /// The query has no requests left.
    Budget,
    /// The query was stopped.
    Cancelled,
    /// The configuration is wrong.
    Config,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auth => "not authenticated",
            Self::Forbidden => "not allowed",
            Self::NotFound => "not found",
            Self::RateLimited => "rate limit",
            Self::InvalidRequest => "the API refused the request",
            Self::Server => "the API failed",
            Self::Network => "no answer",
            Self::Decode => "the answer can't be read",
            Self::SourceChanged => "the API does not work as described",
            Self::Truncated => "the answer is not complete",
            Self::Budget => "no requests left",
            Self::Cancelled => "cancelled",
            Self::Config => "configuration",
        })
    }
}

/// A failure of one call. Holds no credential: all texts were redacted before they came here.
///
/// ```text
/// github.issues: not found (HTTP 404): Not Found
///   request: GET /repos/acme/webb/issues?state=all (api.github.com)
///   next: check the spelling, and that the credential may see it
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// The source, as configured.
    pub source: Box<str>,
    /// The table; empty where the source as a whole is meant.
    pub table: Box<str>,
    /// The request and the host; empty where none was made up.
    pub request: String,
    /// Status of the last answer.
    pub status: Option<u16>,
    /// What the API said, or what happened.
    pub said: String,
    /// What to do next.
    pub advice: String,
    /// How often the request was sent.
    pub attempts: u32,
}

impl ApiError {
    /// A failure. The message must hold no credential.
    pub fn new(kind: ErrorKind, source: &str, table: &str, message: impl Into<String>) -> Self {
        Self {
            kind,
            source: source.into(),
            table: table.into(),
            request: String::new(),
            status: None,
            said: message.into(),
            advice: String::new(),
            attempts: 0,
        }
    }

    /// Sets what to do next.
    #[must_use]
    pub fn advice(mut self, advice: impl Into<String>) -> Self {
        self.advice = advice.into();
        self
    }

    /// Sets the request; must hold no credential.
    #[must_use]
    pub fn request(mut self, request: impl Into<String>) -> Self {
        self.request = request.into();
        self
    }

    /// Sets the status of the last answer.
    #[must_use]
    pub fn status(mut self, status: impl Into<Option<u16>>) -> Self {
        self.status = status.into();
        self
    }

    /// Sets how often the request was sent.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)?;
        if !self.table.is_empty() {
            write!(f, ".{}", self.table)?;
        }
        write!(f, ": {}", self.kind)?;
        match (self.status, self.attempts) {
            (Some(status), 0 | 1) => write!(f, " (HTTP {status})")?,
            (Some(status), attempts) => write!(f, " (HTTP {status} after {attempts} attempts)")?,
            (None, 0 | 1) => {}
            (None, attempts) => write!(f, " (after {attempts} attempts)")?,
        }
        if !self.said.is_empty() {
            write!(f, ": {}", self.said)?;
        }
        if !self.request.is_empty() {
            write!(f, "\n  request: {}", self.request)?;
        }
        if !self.advice.is_empty() {
            write!(f, "\n  next: {}", self.advice)?;
        }
        Ok(())
    }
}

// By hand, since thiserror takes a field named `source` for the cause.
impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_from_what_to_why_to_next() {
        let error = ApiError::new(ErrorKind::NotFound, "github", "issues", "Not Found")
            .status(404)
            .attempts(1)
            .request("GET /repos/a/b/issues (api.github.com)")
            .advice("check the spelling");
        assert_eq!(
            error.to_string(),
            "github.issues: not found (HTTP 404): Not Found\n  request: GET /repos/a/b/issues (api.github.com)\n  next: check the spelling"
        );
        assert_eq!(ApiError::new(ErrorKind::Config, "jira", "", "`site` is missing").to_string(), "jira: configuration: `site` is missing");
    }
}
