//! Requests as handlers see them, and answers as the vendor words them.

use std::str::FromStr;

use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use super::site::Site;
use crate::demo::server::Fault;

/// What an endpoint answers.
pub(super) type Reply = Result<Value, Failure>;

/// Characters that stay as they are in the links of answers.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A refusal.
#[derive(Debug)]
pub(super) enum Failure {
    /// The body of most refusals: sentences in the language of the account.
    Messages(StatusCode, Vec<String>),
    /// A refusal by the framework in front of the API, with a header that says what would have been right.
    Problem(StatusCode, String, Option<(&'static str, String)>),
    /// Not logged in, where that is said.
    Unauthorized,
    /// A bearer token that means nothing here.
    UnreadableBearer,
}

impl Failure {
    /// 400 with one sentence.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::Messages(StatusCode::BAD_REQUEST, vec![message.into()])
    }

    /// 404 with one sentence.
    pub(super) fn missing(message: impl Into<String>) -> Self {
        Self::Messages(StatusCode::NOT_FOUND, vec![message.into()])
    }

    /// 404 for an issue: it may exist and be out of sight.
    pub(super) fn no_issue() -> Self {
        Self::missing("Der Vorgang existiert nicht, oder Sie haben nicht die Berechtigung, ihn anzuzeigen.")
    }

    /// 404 for a project.
    pub(super) fn no_project(name: &str) -> Self {
        Self::missing(format!("Es wurde kein Projekt mit dem Schlüssel oder der ID '{name}' gefunden."))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        match self {
            Self::Messages(status, messages) => (status, axum::Json(json!({"errorMessages": messages, "errors": {}}))).into_response(),
            Self::Problem(status, detail, header) => {
                let body = json!({
                    "type": "about:blank", "title": status.canonical_reason(), "status": status.as_u16(), "detail": detail, "instance": "/rest",
                });
                let mut response = (status, [("content-type", "application/problem+json")], body.to_string()).into_response();
                if let Some((name, value)) = header {
                    set(&mut response, name, &value);
                }
                response
            }
            Self::Unauthorized => {
                let mut response = (StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.").into_response();
                set(&mut response, "www-authenticate", "OAuth realm=\"https%3A%2F%2Flumenfold.example\"");
                response
            }
            Self::UnreadableBearer => {
                (StatusCode::FORBIDDEN, axum::Json(json!({"error": "Failed to parse Connect Session Auth Token"}))).into_response()
            }
        }
    }
}

/// Sets a header, if its value can be one.
pub(super) fn set(response: &mut Response, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// A request.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    /// The site that is asked.
    pub site: &'a Site,
    /// Segments of the path, decoded.
    pub path: Vec<String>,
    /// Path as sent.
    pub raw_path: String,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    /// `Content-Type`, in lower case.
    pub content_type: String,
    /// Body.
    pub body: Vec<u8>,
    /// The fault to play, if any.
    pub fault: Option<Fault>,
    /// Whether nobody is logged in.
    pub anonymous: bool,
}

impl Ask<'_> {
    /// A segment of the path.
    pub(super) fn segment(&self, at: usize) -> &str {
        self.path.get(at).map_or("", String::as_str)
    }

    /// The first value of a parameter; an empty one counts as absent.
    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// All values of a parameter that may be repeated.
    pub(super) fn many(&self, name: &str) -> Vec<&str> {
        self.query.iter().filter(|(key, value)| key == name && !value.is_empty()).map(|(_, value)| value.as_str()).collect()
    }

    /// All values of a parameter that may be repeated or be a list with commas.
    pub(super) fn list(&self, name: &str) -> Vec<String> {
        self.many(name)
            .into_iter()
            .flat_map(|value| value.split(','))
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .collect()
    }

    /// A parameter that is a number or a truth value; anything else is refused before the API sees it.
    pub(super) fn typed<T: FromStr>(&self, name: &str) -> Result<Option<T>, Failure> {
        self.one(name).map(|value| value.parse().map_err(|_| unreadable(name, value))).transpose()
    }

    /// As [`Ask::typed`], for repeated numbers.
    pub(super) fn typed_many<T: FromStr>(&self, name: &str) -> Result<Vec<T>, Failure> {
        self.many(name).into_iter().map(|value| value.parse().map_err(|_| unreadable(name, value))).collect()
    }

    /// The JSON object in the body. Only the named fields may be in it.
    pub(super) fn json(&self, known: &[&str]) -> Result<Map<String, Value>, Failure> {
        let kind = self.content_type.split(';').next().unwrap_or("").trim();
        if kind != "application/json" {
            let detail = format!("Content-Type '{kind}' is not supported.");
            return Err(Failure::Problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail, Some(("accept", "application/json".to_owned()))));
        }
        let invalid = || Failure::bad("Ungültiger Anfrageinhalt. Lesen Sie die REST-API-Dokumentation, und versuchen Sie es erneut.");
        let Ok(Value::Object(body)) = serde_json::from_slice(&self.body) else { return Err(invalid()) };
        if body.keys().any(|key| !known.contains(&key.as_str())) { Err(invalid()) } else { Ok(body) }
    }

    /// The address that was asked.
    pub(super) fn address(&self) -> String {
        let query: Vec<(String, String)> = self.query.clone();
        self.link(&query)
    }

    /// The address that was asked, with another query.
    pub(super) fn link(&self, query: &[(String, String)]) -> String {
        let encoded: Vec<String> = query
            .iter()
            .map(|(name, value)| format!("{}={}", utf8_percent_encode(name, PLAIN), utf8_percent_encode(value, PLAIN)))
            .collect();
        let mark = if encoded.is_empty() { "" } else { "?" };
        format!("{}{}{mark}{}", self.site.base, self.raw_path, encoded.join("&"))
    }

    /// The address that was asked, with one parameter replaced.
    pub(super) fn link_with(&self, name: &str, value: &str) -> String {
        let mut query: Vec<(String, String)> = self.query.iter().filter(|(key, _)| key != name).cloned().collect();
        query.push((name.to_owned(), value.to_owned()));
        self.link(&query)
    }

    /// `startAt` and `maxResults` as they are applied, with the faults that play with pages.
    pub(super) fn window(&self, default: usize, cap: usize) -> Result<(usize, usize), Failure> {
        let start = self.typed::<i64>("startAt")?.unwrap_or(0);
        let start = usize::try_from(start).map_err(|_| Failure::bad("Der Wert von 'startAt' darf nicht negativ sein."))?;
        let size = self.typed::<i64>("maxResults")?.map_or(default, |size| usize::try_from(size).unwrap_or(default)).min(cap);
        Ok((start, if let Some(Fault::ClampPage(most)) = self.fault { size.min(most) } else { size }))
    }

    /// One page of rows with the vendor's offset paging.
    pub(super) fn page<T>(&self, rows: &[T], default: usize, cap: usize, show: impl Fn(&T) -> Value) -> Reply {
        let (start, size) = self.window(default, cap)?;
        let rows: &[T] = if self.anonymous { &[] } else { rows };
        let mut end = start.saturating_add(size).min(rows.len());
        let mut last = end >= rows.len();
        if self.fault == Some(Fault::EmptyPage) {
            (end, last) = (start.min(rows.len()), false);
        }
        let values: Vec<Value> = rows.get(start..end).unwrap_or_default().iter().map(show).collect();
        let mut page = json!({
            "self": self.address(), "maxResults": size, "startAt": start, "total": rows.len(), "isLast": last, "values": values,
        });
        if !last {
            let next = if self.fault == Some(Fault::RepeatCursor) {
                self.address()
            } else {
                self.link_with("startAt", &end.max(start).to_string())
            };
            page["nextPage"] = json!(next);
        }
        Ok(page)
    }
}

fn unreadable(name: &str, value: &str) -> Failure {
    Failure::Problem(StatusCode::BAD_REQUEST, format!("Failed to convert '{name}' with value: '{value}'"), None)
}
