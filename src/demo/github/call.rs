//! One request: who asks, in which version, with which parameters; and how its answer leaves.

use std::hash::{DefaultHasher, Hash, Hasher};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Timelike, Utc};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::super::server::Fault;
use super::limits::{Resource, Window};
use super::{App, route};

const DOCUMENTATION: &str = "https://docs.github.com/rest";
const JSON: &str = "application/json; charset=utf-8";
const VERSION: &str = "x-github-api-version";
const SELECTED: HeaderName = HeaderName::from_static("x-github-api-version-selected");

/// The versions of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// 2022-11-28, which whoever asks for none gets.
    V2022,
    /// 2026-03-10.
    V2026,
}

/// A request, read.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    pub(super) version: Version,
    /// Whether it comes with the token.
    pub(super) authenticated: bool,
    /// Path as sent.
    pub(super) path: &'a str,
    pub(super) accept: String,
    pub(super) fault: Option<Fault>,
    /// Query as sent.
    sent_query: Option<&'a str>,
    query: Vec<(String, String)>,
}

impl Call<'_> {
    /// A parameter; the last one wins where it is repeated.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The query as it was sent, with its question mark, or nothing.
    pub(super) fn query_text(&self) -> String {
        self.sent_query.map(|query| format!("?{query}")).unwrap_or_default()
    }

    /// A parameter that has to be more than nothing.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.parameter(name).filter(|value| !value.is_empty())
    }

    /// A moment, cut to whole seconds.
    pub(super) fn moment(&self, name: &str, resource: &str) -> Result<Option<DateTime<Utc>>, Reply> {
        let Some(text) = self.filled(name) else { return Ok(None) };
        match moment(text) {
            Some(moment) => Ok(Some(moment)),
            None => Err(Reply::invalid(resource, name, text)),
        }
    }

    /// Whether a media type of GitHub's own is asked for, such as `star`.
    pub(super) fn accepts(&self, kind: &str) -> bool {
        let spellings = ["", "v3."].map(|version| format!("application/vnd.github.{version}{kind}"));
        let types = self.accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
        types.map(|one| one.strip_suffix("+json").unwrap_or(one)).any(|one| spellings.iter().any(|spelling| spelling == one))
    }

    /// Refuses who has no token.
    pub(super) fn needs_token(&self) -> Result<(), Reply> {
        if self.authenticated { Ok(()) } else { Err(Reply::refusal(StatusCode::UNAUTHORIZED, "Requires authentication")) }
    }
}

/// Reads a moment in one of the spellings of ISO 8601, as UTC unless it says otherwise.
pub(super) fn moment(text: &str) -> Option<DateTime<Utc>> {
    // A plus sign that nobody encoded arrives as a space.
    let text = text.trim().replace(' ', "+");
    let read = DateTime::parse_from_rfc3339(&text).map(|moment| moment.to_utc()).ok();
    let read = read.or_else(|| NaiveDateTime::parse_from_str(&text, "%Y-%m-%dT%H:%M:%S").ok().map(|moment| moment.and_utc()));
    let read = read.or_else(|| text.parse::<NaiveDate>().ok()?.and_hms_opt(0, 0, 0).map(|moment| moment.and_utc()));
    read?.with_nanosecond(0)
}

/// What an answer holds.
#[derive(Debug)]
pub(super) enum Content {
    /// JSON.
    Json(Value),
    /// Anything else, with its media type.
    Other(&'static str, Vec<u8>),
    /// Nothing.
    Nothing,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) content: Content,
    pub(super) link: Option<String>,
    pub(super) location: Option<String>,
}

/// What a handler gives: an answer, or early a refusal.
pub(super) type Answer = Result<Reply, Reply>;

impl Reply {
    pub(super) fn new(status: StatusCode, content: Content) -> Self {
        Self { status, content, link: None, location: None }
    }

    /// 200 with JSON.
    pub(super) fn json(body: Value) -> Self {
        Self::new(StatusCode::OK, Content::Json(body))
    }

    /// A page of a list.
    pub(super) fn page(rows: Vec<Value>, link: Option<String>) -> Self {
        Self { link, ..Self::json(Value::Array(rows)) }
    }

    /// An error.
    pub(super) fn refusal(status: StatusCode, message: &str) -> Self {
        let body = json!({"message": message, "documentation_url": DOCUMENTATION, "status": status.as_u16().to_string()});
        Self::new(status, Content::Json(body))
    }

    /// 404.
    pub(super) fn not_found() -> Self {
        Self::refusal(StatusCode::NOT_FOUND, "Not Found")
    }

    /// 422 for one parameter.
    pub(super) fn invalid(resource: &str, field: &str, value: &str) -> Self {
        let mut reply = Self::refusal(StatusCode::UNPROCESSABLE_ENTITY, "Validation Failed");
        if let Content::Json(body) = &mut reply.content {
            body["errors"] = json!([{"value": value, "resource": resource, "field": field, "code": "invalid"}]);
        }
        reply
    }

    /// 301 to another address of this server.
    pub(super) fn moved(location: String) -> Self {
        let mut reply = Self::refusal(StatusCode::MOVED_PERMANENTLY, "Moved Permanently");
        if let Content::Json(body) = &mut reply.content {
            body["url"] = json!(location);
        }
        reply.location = Some(location);
        reply
    }
}

/// Who asks, as far as the headers tell.
enum Credential {
    Nobody,
    Token,
    Wrong,
}

fn credential(headers: &HeaderMap, token: &str) -> Credential {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let Some(first) = sent.next() else { return Credential::Nobody };
    if sent.next().is_some() {
        return Credential::Wrong;
    }
    let text = String::from_utf8_lossy(first.as_bytes());
    let text = text.trim();
    // Only a space parts the scheme from the token; after anything else no token is found.
    let (scheme, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
    let secret = match scheme.to_ascii_lowercase().as_str() {
        "bearer" | "token" if rest.starts_with(' ') => rest.trim().to_owned(),
        "bearer" | "token" => return Credential::Wrong,
        "basic" => {
            let Ok(decoded) = STANDARD.decode(rest.trim()) else { return Credential::Wrong };
            let decoded = String::from_utf8_lossy(&decoded).into_owned();
            let (user, password) = decoded.split_once(':').unwrap_or((&decoded, ""));
            // Names no token: as if nothing had been sent.
            if user != token && password != token {
                return Credential::Nobody;
            }
            token.to_owned()
        }
        _ => return Credential::Nobody,
    };
    if secret == token { Credential::Token } else { Credential::Wrong }
}

/// Answers a request.
pub(super) fn answer(app: &App, request: &Request) -> Response {
    let headers = request.headers();
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if text("user-agent").is_empty() {
        let words = b"Request forbidden by administrative rules: send a User-Agent header.\n";
        return respond(Reply::new(StatusCode::FORBIDDEN, Content::Other("text/html; charset=utf-8", words.to_vec())));
    }
    let fault = request.extensions().get::<Fault>().cloned();
    let authenticated = match credential(headers, &app.options.token) {
        Credential::Token if fault != Some(Fault::Revoked) => true,
        Credential::Nobody => false,
        // Counted nowhere, and without a word about versions.
        _ => return respond(Reply::refusal(StatusCode::UNAUTHORIZED, "Bad credentials")),
    };
    let path = request.uri().path();
    let resource = if path.starts_with("/search/") { Resource::Search } else { Resource::Core };
    let free = path == "/rate_limit";
    let window = app.limits.count(&app.options, authenticated, resource, 0);
    if window.remaining == 0 && !free {
        return limited(respond(spent(app, authenticated)), resource, window);
    }
    let version = match text(VERSION) {
        "" | "2022-11-28" => Some(Version::V2022),
        "2026-03-10" => Some(Version::V2026),
        _ => None,
    };
    let reply = match version {
        _ if !matches!(*request.method(), Method::GET | Method::HEAD) => Reply::not_found(),
        None => unsupported_version(text(VERSION)),
        Some(version) => {
            let sent_query = request.uri().query();
            let query = url::form_urlencoded::parse(sent_query.unwrap_or_default().as_bytes()).into_owned().collect();
            let call = Call { app, version, authenticated, path, accept: text("accept").to_owned(), fault, sent_query, query };
            let segments: Vec<String> =
                path.split('/').skip(1).map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
            let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
            match route::route(&call, &segments) {
                Ok(reply) | Err(reply) => reply,
            }
        }
    };
    let fresh = respond(reply);
    // Whoever has the answer already gets it said so, free of charge.
    let known = fresh.headers().get(header::ETAG).is_some_and(|tag| is_known(headers, tag));
    let mut response = if known {
        let mut response = respond(Reply::new(StatusCode::NOT_MODIFIED, Content::Nothing));
        // Without links: whether the vendor repeats them, nobody vouches for.
        if let Some(tag) = fresh.headers().get(header::ETAG) {
            response.headers_mut().insert(header::ETAG, tag.clone());
        }
        response
    } else {
        fresh
    };
    match version {
        Some(Version::V2022) => response.headers_mut().insert(SELECTED, HeaderValue::from_static("2022-11-28")),
        Some(Version::V2026) => response.headers_mut().insert(SELECTED, HeaderValue::from_static("2026-03-10")),
        None => None,
    };
    if authenticated {
        response.headers_mut().insert("x-oauth-scopes", HeaderValue::from_static("read:org, read:user, repo"));
    }
    limited(response, resource, app.limits.count(&app.options, authenticated, resource, i64::from(!known && !free)))
}

/// Whether a tag is among those that the caller has. Weak and strong ones are the same here (RFC 9110, section 13.1.2).
fn is_known(headers: &HeaderMap, tag: &HeaderValue) -> bool {
    fn opaque(tag: &[u8]) -> &[u8] {
        let tag = tag.trim_ascii();
        tag.strip_prefix(b"W/").unwrap_or(tag)
    }
    let mut sent = headers.get_all(header::IF_NONE_MATCH).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    sent.any(|sent| sent.trim_ascii() == b"*" || opaque(sent) == opaque(tag.as_bytes()))
}

fn spent(app: &App, authenticated: bool) -> Reply {
    let now = (app.options.api_now)();
    let message = if authenticated {
        let id = app.data.users[app.data.viewer].id;
        format!(
            "API rate limit exceeded for user ID {id}. If you reach out to GitHub Support for help, please include the request ID {:X} and timestamp {} UTC.",
            now.timestamp(),
            now.format("%Y-%m-%d %H:%M:%S")
        )
    } else {
        "API rate limit exceeded for 127.0.0.1. (Authenticated requests get a higher rate limit.)".to_owned()
    };
    Reply::refusal(StatusCode::from_u16(app.options.spent_status).unwrap_or(StatusCode::FORBIDDEN), &message)
}

fn unsupported_version(sent: &str) -> Reply {
    let message = format!("\"{sent}\" is not a supported API version. Supported: \"2026-03-10\" (most recent) and \"2022-11-28\".");
    Reply::refusal(StatusCode::BAD_REQUEST, &message)
}

fn limited(mut response: Response, resource: Resource, window: Window) -> Response {
    let headers = response.headers_mut();
    for (name, value) in [
        ("x-ratelimit-limit", window.limit),
        ("x-ratelimit-remaining", window.remaining),
        ("x-ratelimit-used", window.used),
        ("x-ratelimit-reset", window.reset),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
    headers.insert("x-ratelimit-resource", HeaderValue::from_static(resource.name()));
    response
}

fn respond(reply: Reply) -> Response {
    let (kind, body) = match reply.content {
        Content::Json(body) => (JSON, body.to_string().into_bytes()),
        Content::Other(kind, body) => (kind, body),
        Content::Nothing => ("", Vec::new()),
    };
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = reply.status;
    let headers = response.headers_mut();
    if !kind.is_empty() {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    }
    for (name, value) in [(header::LINK, reply.link), (header::LOCATION, reply.location)] {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
    if reply.status == StatusCode::OK
        && let Ok(tag) = HeaderValue::from_str(&format!("W/\"{:016x}\"", hasher.finish()))
    {
        headers.insert(header::ETAG, tag);
    }
    response
}
