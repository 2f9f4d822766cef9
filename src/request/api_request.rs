//! One HTTP request as plain data: no host, no credential, so it may be printed, compared, cached and shipped.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value as Json;

use crate::spec::Method;

/// Characters that stand unencoded in a path segment (RFC 3986, `unreserved`).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Characters that stand unencoded in a query value: `unreserved`, and what a query may hold and no server reads as syntax.
const QUERY: &AsciiSet = &SEGMENT.remove(b'/').remove(b':').remove(b',').remove(b'*').remove(b'@').remove(b'!').remove(b'(').remove(b')');

/// A request to a source's API.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ApiRequest {
    /// HTTP method.
    pub method: Method,
    /// Path below the source's base URL, percent-encoded.
    pub path: String,
    /// Query parameters in the order in which they are sent, not encoded.
    pub query: Vec<(String, String)>,
    /// Headers beyond the source's own.
    pub headers: Vec<(String, String)>,
    /// JSON body.
    pub body: Option<Json>,
    /// A link that the API gave, to be followed as it stands instead of path and query.
    pub link: Option<String>,
    /// Name of the limits that it shares with others.
    pub bucket: Option<String>,
}

impl ApiRequest {
    /// A GET of a path without parameters.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), query: Vec::new(), headers: Vec::new(), body: None, link: None, bucket: None }
    }

    /// Sets a query parameter, in place if it is there already.
    pub fn set_query(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.query.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.query.push((name.to_owned(), value)),
        }
    }

    /// Path and encoded query, as they follow the base URL.
    pub fn target(&self) -> String {
        let mut target = self.path.clone();
        for (position, (name, value)) in self.query.iter().enumerate() {
            target.push(if position == 0 { '?' } else { '&' });
            target.extend(utf8_percent_encode(name, QUERY));
            target.push('=');
            target.extend(utf8_percent_encode(value, QUERY));
        }
        target
    }
}

/// A text as one segment of a path: `a/b` becomes `a%2Fb`. A segment of dots only stays one that climbs, encoded or not: the client
/// refuses to send it.
pub fn encode_segment(text: &str) -> String {
    utf8_percent_encode(text, SEGMENT).to_string()
}

/// The line of EXPLAIN: method, path as it is sent, and parameters as they are read.
impl fmt::Display for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = match self.method {
            Method::Get => "GET",
            Method::Post => "POST",
        };
        if let Some(link) = &self.link {
            return write!(f, "{method} {link}");
        }
        // As it is sent, but for the braces of what is filled in later.
        write!(f, "{method} {}", self.path.replace("%7B", "{").replace("%7D", "}"))?;
        for (position, (name, value)) in self.query.iter().enumerate() {
            write!(f, "{}{name}={value}", if position == 0 { '?' } else { '&' })?;
        }
        if let Some(body) = &self.body {
            write!(f, " {body}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_stays_one_segment() {
        assert_eq!(encode_segment("a/b?c#d e"), "a%2Fb%3Fc%23d%20e");
        assert_eq!(encode_segment("v1.2"), "v1.2");
    }

    #[test]
    fn query_values_are_encoded_once() {
        let mut request = ApiRequest::get("/repos/a/b/issues");
        request.set_query("labels", "a b,c&d=+%");
        request.set_query("since", "2026-01-05T10:20:30Z");
        assert_eq!(request.target(), "/repos/a/b/issues?labels=a%20b,c%26d%3D%2B%25&since=2026-01-05T10:20:30Z");
        assert_eq!(request.to_string(), "GET /repos/a/b/issues?labels=a b,c&d=+%&since=2026-01-05T10:20:30Z");
    }
}
