//! HTTP around the queries: who asks, what is in the body, how much is left, and how answers and refusals leave.

use std::sync::Arc;

use async_graphql::{ServerError, Value, Variables};
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value as Json, json};

use super::limits::Budget;
use super::refusal::Refusal;
use super::schema::{Document, coerce, cost};
use super::{App, Asked};
use crate::demo::server::Fault;

/// The largest body that is read.
const MAX_BODY: usize = 10 << 20;

/// What an answer holds.
#[derive(Debug, Default, Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<Json>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

/// A query as it is sent.
#[derive(Debug)]
struct Query {
    text: String,
    operation: Option<String>,
    variables: Variables,
}

/// Answers a request.
pub(super) async fn answer(app: Arc<App>, request: Request) -> Response {
    if request.method() != Method::POST || request.uri().path() != "/graphql" {
        return express(StatusCode::NOT_FOUND, &format!("Cannot {} {}", request.method(), request.uri().path()));
    }
    let (parts, body) = request.into_parts();
    let fault = parts.extensions.get::<Fault>().cloned();
    let credential = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let bearer = credential.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    // This is said before the body is looked at; everything else about a credential comes after.
    if bearer.is_some_and(|token| token.starts_with("lin_api_")) {
        return refused(&[Refusal::key_as_bearer()]);
    }
    let query = match read(&parts.headers, to_bytes(body, MAX_BODY).await.unwrap_or_default().as_ref()) {
        Ok(query) => query,
        Err(response) => return *response,
    };
    let known = bearer.map_or(credential == app.options.token, |token| token == app.options.oauth_token);
    if !known || fault == Some(Fault::Revoked) {
        return refused(&[Refusal::unauthorized()]);
    }
    let mut points = 0;
    let mut retry = None;
    let outcome = match app.limits.take(&app.options, Budget::Requests, 1) {
        Ok(()) => run(&app, query, fault, &mut points, &mut retry).await,
        Err(seconds) => {
            retry = Some(seconds);
            Err(Refusal::rate_limited("requests", app.options.requests_per_hour))
        }
    };
    let mut response = match outcome {
        Ok(response) => response,
        Err(refusal) => refused(&[refusal]),
    };
    tell_limits(&app, points, retry, response.headers_mut());
    response
}

/// Executes a query whose sender is known and has requests left.
async fn run(app: &Arc<App>, query: Query, fault: Option<Fault>, points: &mut u64, retry: &mut Option<i64>) -> Result<Response, Refusal> {
    let types = &app.contract.types;
    let document = Document::read(&query.text, query.operation.as_deref(), &query.variables)?;
    coerce::check(types, &document, app.view.data.now)?;
    *points = cost::points(types, &document)?;
    if *points > app.options.query_complexity {
        return Err(Refusal::too_complex(*points, app.options.query_complexity));
    }
    app.limits.take(&app.options, Budget::Complexity, *points).map_err(|seconds| {
        *retry = Some(seconds);
        Refusal::rate_limited("points of complexity", app.options.complexity_per_hour)
    })?;
    let mut request = async_graphql::Request::new(query.text).variables(query.variables).data(Asked { app: Arc::clone(app), fault });
    if let Some(operation) = query.operation {
        request = request.operation_name(operation);
    }
    let executed = app.contract.engine.execute(request).await;
    let refusals: Vec<Refusal> = executed.errors.iter().map(said).collect();
    if refusals.iter().any(|refusal| refusal.class.status() != StatusCode::OK) {
        return Ok(refused(&refusals));
    }
    let errors = refusals.iter().map(Refusal::json).collect();
    Ok(send(StatusCode::OK, &Answer { errors, data: Some(executed.data) }))
}

/// What the engine says, in the words of the vendor's engine where both check the same.
fn said(error: &ServerError) -> Refusal {
    let place = error.locations.first().copied();
    if let Some(refusal) = error.source::<Refusal>() {
        return refusal.clone().at(place);
    }
    if !error.path.is_empty() {
        return Refusal::unknown_meaning(&error.message).at(place);
    }
    let message = error.message.split(". Did you mean").next().unwrap_or_default().trim_end_matches('.');
    let message = match (message.strip_prefix("Unknown field "), message.strip_prefix("Unknown argument ")) {
        (Some(rest), _) => format!("Cannot query field {rest}."),
        (None, Some(rest)) => match rest.split('"').collect::<Vec<_>>()[..] {
            [_, argument, _, field, _, ty, ..] => format!("Unknown argument \"{argument}\" on field \"{ty}.{field}\"."),
            _ => format!("{message}."),
        },
        _ => error.message.clone(),
    };
    Refusal::invalid(message).at(place)
}

/// Reads the body. What stands before the API refuses what isn't JSON, in words and a shape of its own.
fn read(headers: &HeaderMap, body: &[u8]) -> Result<Query, Box<Response>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let is_json = kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    let bad = |message: &str| Box::new(refused(&[Refusal::bad_request(message)]));
    if body.is_empty() || !is_json {
        return Err(bad("POST body missing, invalid Content-Type, or JSON object has no keys."));
    }
    let sent: Json = serde_json::from_slice(body).map_err(|error| Box::new(express(StatusCode::BAD_REQUEST, &error.to_string())))?;
    let Json::Object(sent) = sent else { return Err(bad("POST body missing, invalid Content-Type, or JSON object has no keys.")) };
    let operation = match sent.get("operationName") {
        None | Some(Json::Null) => None,
        Some(Json::String(name)) => Some(name.clone()),
        Some(_) => return Err(bad("`operationName` in a POST body must be a string if provided.")),
    };
    let variables = match sent.get("variables") {
        None | Some(Json::Null) => Variables::default(),
        Some(variables @ Json::Object(_)) => Variables::from_json(variables.clone()),
        Some(_) => return Err(bad("`variables` in a POST body must be an object if provided.")),
    };
    match sent.get("query") {
        Some(Json::String(text)) if !text.trim().is_empty() => Ok(Query { text: text.clone(), operation, variables }),
        _ => Err(bad("GraphQL operations must contain a non-empty `query`.")),
    }
}

fn send<T: Serialize>(status: StatusCode, body: &T) -> Response {
    let mut response = Response::new(Body::from(serde_json::to_vec(body).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    response
}

/// A refusal of the whole request: without data.
fn refused(refusals: &[Refusal]) -> Response {
    let status = refusals.iter().map(|refusal| refusal.class.status()).find(|status| *status != StatusCode::OK).unwrap_or_default();
    send(status, &Answer { errors: refusals.iter().map(Refusal::json).collect(), data: None })
}

/// A refusal by what stands before the API.
fn express(status: StatusCode, message: &str) -> Response {
    send(status, &json!({"error": message, "details": {}, "code": status.as_u16()}))
}

fn tell_limits(app: &App, points: u64, retry: Option<i64>, headers: &mut HeaderMap) {
    let mut tell = |name: &'static str, value: String| {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let requests = app.limits.allowance(&app.options, Budget::Requests);
    tell("x-ratelimit-requests-limit", requests.allowed.to_string());
    tell("x-ratelimit-requests-remaining", requests.remaining.to_string());
    tell("x-ratelimit-requests-reset", requests.reset.to_string());
    let complexity = app.limits.allowance(&app.options, Budget::Complexity);
    tell("x-complexity", points.to_string());
    tell("x-ratelimit-complexity-limit", complexity.allowed.to_string());
    tell("x-ratelimit-complexity-remaining", complexity.remaining.to_string());
    tell("x-ratelimit-complexity-reset", complexity.reset.to_string());
    if let Some(seconds) = retry.filter(|_| app.options.retry_after) {
        tell("retry-after", seconds.to_string());
    }
}
