//! One request: which method, whose token, which arguments; and how its answer leaves.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method as Verb, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::super::server::Fault;
use super::data::{Channel, Kind};
use super::route::{self, Method};
use super::{App, data::Data};

const JSON: &str = "application/json; charset=utf-8";
const FORM: &str = "application/x-www-form-urlencoded";

/// A request, read.
#[derive(Debug)]
pub(super) struct Call<'a> {
    pub(super) app: &'a App,
    /// Whether a bot's token was sent, not a user's.
    pub(super) bot: bool,
    pub(super) scopes: &'a [&'static str],
    pub(super) fault: Option<Fault>,
    /// Position of the user as whom the token enters.
    pub(super) reader: usize,
    arguments: Arguments,
}

/// What was sent in the body, which wins, and in the query.
#[derive(Debug, Default)]
struct Arguments {
    form: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Arguments {
    /// The last one wins where it is repeated.
    fn get(&self, name: &str) -> Option<&str> {
        let last = |pairs: &'_ Vec<(String, String)>| pairs.iter().rposition(|(key, _)| key == name);
        match last(&self.form) {
            Some(at) => Some(&self.form[at].1),
            None => last(&self.query).map(|at| self.query[at].1.as_str()),
        }
    }
}

impl Call<'_> {
    pub(super) fn data(&self) -> &Data {
        &self.app.data
    }

    /// An argument as it was sent.
    pub(super) fn argument(&self, name: &str) -> Option<&str> {
        self.arguments.get(name)
    }

    /// Everything that was sent; what stands in the body is the last.
    pub(super) fn sent(&self) -> impl Iterator<Item = (&str, &str)> {
        let Arguments { form, query } = &self.arguments;
        query.iter().chain(form).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// An argument that has to be more than nothing.
    pub(super) fn filled(&self, name: &str) -> Option<&str> {
        self.argument(name).filter(|value| !value.is_empty())
    }

    /// A switch: on with anything but nothing, `0` and `false`.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.filled(name).is_some_and(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    pub(super) fn may(&self, scope: &str) -> bool {
        self.scopes.contains(&scope)
    }

    /// Refuses who lacks a scope.
    pub(super) fn needs(&self, scope: &str) -> Result<(), Refusal> {
        if self.may(scope) { Ok(()) } else { Err(Refusal::scope(scope, self.scopes)) }
    }

    /// The conversation that an argument names. One that the reader does not see is as if it weren't there.
    pub(super) fn channel(&self, name: &str) -> Result<&Channel, Refusal> {
        let found = self.argument(name).and_then(|id| self.data().channel(id)).filter(|channel| channel.seen_by(self.reader));
        found.ok_or(Refusal::new("channel_not_found"))
    }

    /// The same where a scope for its kind is needed; `right` is the part of it behind the colon.
    pub(super) fn scoped_channel(&self, name: &str, right: &str) -> Result<&Channel, Refusal> {
        let channel = self.channel(name)?;
        self.needs(&format!("{}:{right}", family(channel.kind)))?;
        Ok(channel)
    }
}

/// The part of a scope that stands for a kind of conversations.
pub(super) fn family(kind: Kind) -> &'static str {
    match kind {
        Kind::Public => "channels",
        Kind::Private => "groups",
        Kind::Direct => "im",
        Kind::Group => "mpim",
    }
}

/// Why a request is not answered. Nearly all travel with status 200.
#[derive(Clone, Debug, Default)]
pub(super) struct Refusal {
    pub(super) error: Cow<'static, str>,
    /// What the answer says beside.
    pub(super) more: Map<String, Value>,
    pub(super) messages: Vec<String>,
    /// Seconds after which to come again.
    pub(super) retry_after: Option<i64>,
}

/// What a method gives: the members of its answer beside `ok`.
pub(super) type Answer = Result<Value, Refusal>;

impl Refusal {
    pub(super) fn new(error: &'static str) -> Self {
        Self { error: Cow::Borrowed(error), ..Self::default() }
    }

    /// Of arguments, each with a line of its own.
    pub(super) fn arguments(messages: Vec<String>) -> Self {
        Self { messages, ..Self::new("invalid_arguments") }
    }

    fn scope(needed: &str, provided: &[&str]) -> Self {
        let mut refusal = Self::new("missing_scope");
        refusal.more.insert("needed".to_owned(), json!(needed));
        refusal.more.insert("provided".to_owned(), json!(provided.join(",")));
        refusal
    }

    fn body(self) -> Map<String, Value> {
        let mut body = Map::from_iter([("ok".to_owned(), json!(false)), ("error".to_owned(), json!(self.error))]);
        body.extend(self.more);
        if !self.messages.is_empty() {
            body.insert("response_metadata".to_owned(), json!({"messages": self.messages}));
        }
        body
    }
}

/// The token in the header: the scheme counts in this spelling alone, and only spaces part it from the token.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let sent = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim();
    Some(sent.strip_prefix("Bearer ")?.trim()).filter(|token| !token.is_empty())
}

/// Whose token it is: whether a bot's, or why not anybody's. `None` where none was sent.
fn credential(app: &App, headers: &HeaderMap, arguments: &Arguments, fault: Option<&Fault>) -> Result<Option<bool>, Refusal> {
    let last = |pairs: &'_ [(String, String)]| pairs.iter().rfind(|(name, _)| name == "token").map(|(_, value)| value.clone());
    let (in_form, in_query) = (last(&arguments.form), last(&arguments.query));
    let token = in_form.clone().filter(|token| !token.is_empty()).or_else(|| bearer(headers).map(str::to_owned));
    // In the query it is refused: an empty one only beside another, and any as if empty beside one in the form.
    if in_query.is_some_and(|text| token.is_some() || !text.is_empty() && in_form.is_none()) {
        return Err(Refusal::new("invalid_auth"));
    }
    let Some(token) = token else { return Ok(None) };
    let bot = token == app.options.token;
    if !bot && token != app.options.user_token {
        return Err(Refusal::new("invalid_auth"));
    }
    if fault == Some(&Fault::Revoked) { Err(Refusal::new("token_revoked")) } else { Ok(Some(bot)) }
}

/// What to say of the charset of a body.
fn warning(content_type: &str, body: &[u8]) -> Option<&'static str> {
    let (kind, rest) = content_type.split_once(';').unwrap_or((content_type, ""));
    let named = rest.split(';').any(|part| part.trim_start().starts_with("charset=") && part.trim_start().len() > 8);
    match kind.trim() {
        "" => None,
        FORM => named.then_some("superfluous_charset"),
        _ => (!named && !body.is_empty()).then_some("missing_charset"),
    }
}

/// Answers a request.
pub(super) fn answer(app: &App, parts: &Parts, body: &[u8]) -> Response {
    let Some(name) = parts.uri.path().strip_prefix("/api/").filter(|name| is_name(name)) else {
        return respond(StatusCode::NOT_FOUND, "text/html; charset=utf-8", "<!DOCTYPE html>\n<title>There's been a glitch</title>\n");
    };
    let headers = &parts.headers;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let posted = parts.method == Verb::POST;
    // A method that reads takes no arguments from a body of another kind.
    let form = if posted && content_type.split(';').next().is_some_and(|kind| kind.trim() == FORM) { body } else { &[] };
    let read = |text: &[u8]| url::form_urlencoded::parse(text).into_owned().collect();
    let arguments = Arguments { form: read(form), query: read(parts.uri.query().unwrap_or_default().as_bytes()) };
    let fault = parts.extensions.get::<Fault>().cloned();
    let credential = credential(app, headers, &arguments, fault.as_ref());
    let scopes = match credential {
        Ok(Some(true)) => app.options.scopes.as_slice(),
        Ok(Some(false)) => app.options.user_scopes.as_slice(),
        _ => &[],
    };
    let known = route::METHODS.iter().find(|method| method.name == name);
    let answer = match known {
        _ if !posted && parts.method != Verb::GET => Err(Refusal::new("unsupported_http_method")),
        None => Err(Refusal { more: Map::from_iter([("req_method".to_owned(), json!(name))]), ..Refusal::new("unknown_method") }),
        Some(method) => credential.and_then(|bot| {
            let bot = match bot {
                Some(bot) => bot,
                None if method.public => true,
                None => return Err(Refusal::new("not_authed")),
            };
            let reader = if bot { app.data.bot_reader } else { app.data.user_reader };
            perform(method, &Call { app, bot, scopes, fault, reader, arguments })
        }),
    };
    let warning = if posted { warning(content_type, body) } else { None };
    finish(answer, scopes, warning)
}

/// The checks that every method makes before it looks at anything: rate, kind of token, scopes, arguments that must be there.
fn perform(method: &Method, call: &Call) -> Answer {
    if let Err(seconds) = call.app.limits.count(&call.app.options, method.name, method.tier) {
        return Err(Refusal { retry_after: Some(seconds), ..Refusal::new("ratelimited") });
    }
    if method.users_only && call.bot {
        return Err(Refusal::new("not_allowed_token_type"));
    }
    if !method.scopes.is_empty() && !method.scopes.iter().any(|scope| call.may(scope)) {
        return Err(Refusal::scope(&method.scopes.join(","), call.scopes));
    }
    let missing = method.required.iter().filter(|name| call.argument(name).is_none());
    let missing: Vec<String> = missing.map(|name| format!("[ERROR] missing required field: {name}")).collect();
    if missing.is_empty() { (method.answer)(call) } else { Err(Refusal::arguments(missing)) }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

fn finish(answer: Answer, scopes: &[&str], warning: Option<&str>) -> Response {
    let (mut status, mut retry_after) = (StatusCode::OK, None);
    let body = match answer {
        Ok(fields) => {
            let mut body = Map::from_iter([("ok".to_owned(), json!(true))]);
            if let Value::Object(fields) = fields {
                body.extend(fields);
            }
            if let Some(warning) = warning {
                body.insert("warning".to_owned(), json!(warning));
                let metadata = body.entry("response_metadata").or_insert_with(|| json!({}));
                metadata["warnings"] = json!([warning]);
            }
            body
        }
        Err(refusal) => {
            retry_after = refusal.retry_after;
            if retry_after.is_some() {
                status = StatusCode::TOO_MANY_REQUESTS;
            }
            refusal.body()
        }
    };
    let mut response = respond(status, JSON, Value::Object(body).to_string());
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(value) = HeaderValue::try_from(scopes.join(",")).ok().filter(|value| !value.is_empty()) {
        response.headers_mut().insert("x-oauth-scopes", value);
    }
    response
}
