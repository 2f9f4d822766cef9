//! From a request to its handler, and what stands around every answer.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;

use super::http::{Ask, Failure, Reply, set};
use super::render::adf::flatten;
use super::site::Site;
use super::{activity, agile, limits, lists, projects, search, users};
use crate::demo::server::Fault;

/// The largest body that is read.
const MAX_BODY: usize = 4 << 20;

/// Answers a request.
type Handler = fn(&Ask<'_>) -> Reply;

/// Every endpoint that the emulator has; all others are refused as unknown.
fn find(method: &Method, path: &[&str]) -> Option<Handler> {
    let get = *method == Method::GET || *method == Method::HEAD;
    let post = *method == Method::POST;
    Some(match path.strip_prefix(&["rest"])? {
        ["api", "2" | "3", path @ ..] => return platform(get, post, path),
        ["agile", "1.0", "board"] if get => agile::boards,
        ["agile", "1.0", "board", _] if get => agile::one_board,
        ["agile", "1.0", "board", _, "configuration"] if get => agile::configuration,
        ["agile", "1.0", "board", _, "sprint"] if get => agile::sprints,
        ["agile", "1.0", "board", _, "epic"] if get => agile::epics,
        ["agile", "1.0", "sprint", _] if get => agile::one_sprint,
        ["agile", "1.0", list @ ..] if get && is_issue_list(list) => agile::issues_by_offset,
        ["software", "1.0", list @ .., "approximate-count"] if get && is_issue_list(list) => agile::count,
        ["software", "1.0", list @ ..] if get && is_issue_list(list) => agile::issues,
        _ => return None,
    })
}

/// The platform API. Its second version differs from the third in rich text only.
fn platform(get: bool, post: bool, path: &[&str]) -> Option<Handler> {
    Some(match path {
        ["myself"] if get => projects::myself,
        ["serverInfo"] if get => projects::server_info,
        ["project", "search"] if get => projects::search,
        ["project", _] if get => projects::project,
        ["search"] if get || post => search::removed,
        ["search", "jql"] if get => search::search_get,
        ["search", "jql"] if post => search::search_post,
        ["search", "approximate-count"] if post => search::count,
        ["issue", "bulkfetch"] if post => search::bulkfetch,
        ["issue", _] if get => search::issue,
        ["issue", _, "comment"] if get => activity::comments,
        ["issue", _, "worklog"] if get => activity::worklogs,
        ["issue", _, "changelog"] if get => activity::changelog,
        ["comment", "list"] if post => activity::comment_list,
        ["worklog", "list"] if post => activity::worklog_list,
        ["worklog", "updated"] if get => activity::worklogs_updated,
        ["worklog", "deleted"] if get => activity::worklogs_deleted,
        ["changelog", "bulkfetch"] if post => activity::changelog_bulk,
        ["project", _, "version"] if get => lists::version_search,
        ["project", _, "versions"] if get => lists::versions,
        ["project", _, "component"] if get => lists::component_search,
        ["project", _, "components"] if get => lists::components,
        ["field"] if get => lists::fields,
        ["field", "search"] if get => lists::field_search,
        ["status"] if get => lists::statuses,
        ["statuscategory"] if get => lists::status_categories,
        ["statuses", "search"] if get => lists::status_search,
        ["priority"] if get => lists::priorities,
        ["priority", "search"] if get => lists::priority_search,
        ["resolution"] if get => lists::resolutions,
        ["resolution", "search"] if get => lists::resolution_search,
        ["issuetype"] if get => lists::issue_types,
        ["issueLinkType"] if get => lists::link_types,
        ["projectCategory"] if get => lists::categories,
        ["label"] if get => lists::labels,
        ["users", "search"] if get => users::all,
        ["user"] if get => users::one,
        ["user", "bulk"] if get => users::bulk,
        ["user", "search"] if get => users::search,
        ["group", "bulk"] if get => users::groups,
        ["group", "member"] if get => users::members,
        _ => return None,
    })
}

/// Lists of issues that the agile API has, in an old and a new style.
fn is_issue_list(path: &[&str]) -> bool {
    matches!(path, ["board", _, "issue" | "backlog"] | ["board", _, "sprint" | "epic", _, "issue"] | ["sprint" | "epic", _, "issue"])
}

/// Who asks.
enum Caller {
    Known,
    /// No credential, or one that is not basic.
    Nobody,
    /// A pair of name and token that is wrong: treated as nobody, and only a header says so.
    Failed,
    Bearer,
}

fn caller(site: &Site, request: &Request) -> Caller {
    if matches!(request.extensions().get(), Some(Fault::Revoked)) {
        return Caller::Failed;
    }
    let Some(value) = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()) else { return Caller::Nobody };
    let (scheme, rest) = value.split_once(' ').unwrap_or((value, ""));
    if scheme.eq_ignore_ascii_case("bearer") {
        return Caller::Bearer;
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return Caller::Nobody;
    }
    let pair = STANDARD.decode(rest.trim()).ok().and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
    match pair.split_once(':') {
        Some((email, token)) if email.eq_ignore_ascii_case(&site.options.email) && token == site.options.token => Caller::Known,
        _ => Caller::Failed,
    }
}

/// Answers every request.
pub(super) async fn answer(State(site): State<Arc<Site>>, request: Request) -> Response {
    let caller = caller(&site, &request);
    let counted = site.options.burst.map(|burst| site.limits.count(burst, request.method(), request.uri().path()));
    let mut response = match caller {
        // What stands before the API says no more than the status.
        _ if counted.is_some_and(|counted| counted.over) => StatusCode::TOO_MANY_REQUESTS.into_response(),
        Caller::Bearer => Failure::UnreadableBearer.into_response(),
        _ => handle(&site, request, !matches!(caller, Caller::Known)).await,
    };
    match caller {
        Caller::Known => set(&mut response, "x-aaccountid", &site.data.users[site.data.caller].account_id),
        Caller::Failed => set(&mut response, "x-seraph-loginreason", "AUTHENTICATED_FAILED"),
        Caller::Nobody | Caller::Bearer => {}
    }
    match counted {
        Some(counted) => counted.tell(&mut response),
        // As they were measured.
        None => limits::tell(&mut response, 350, 349),
    }
    set(&mut response, "cache-control", "no-cache, no-store, no-transform");
    response
}

async fn handle(site: &Site, request: Request, anonymous: bool) -> Response {
    let (parts, body) = request.into_parts();
    let raw_path = parts.uri.path().to_owned();
    let path: Vec<String> =
        raw_path.trim_matches('/').split('/').map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned()).collect();
    let segments: Vec<&str> = path.iter().map(String::as_str).collect();
    let Some(handler) = find(&parts.method, &segments) else {
        let allowed: Vec<&str> =
            [Method::GET, Method::POST].iter().filter(|method| find(method, &segments).is_some()).map(method_name).collect();
        return match allowed.as_slice() {
            [] => (
                StatusCode::NOT_FOUND,
                axum::Json(serde_json::json!({"message": format!("null for uri: {}{raw_path}", site.base), "status-code": 404})),
            )
                .into_response(),
            allowed => {
                let detail = format!("Method '{}' is not supported.", parts.method);
                Failure::Problem(StatusCode::METHOD_NOT_ALLOWED, detail, Some(("allow", allowed.join(",")))).into_response()
            }
        };
    };
    let ask = Ask {
        site,
        path,
        raw_path,
        query: url::form_urlencoded::parse(parts.uri.query().unwrap_or("").as_bytes()).into_owned().collect(),
        content_type: parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("").to_lowercase(),
        body: to_bytes(body, MAX_BODY).await.unwrap_or_default().to_vec(),
        fault: parts.extensions.get::<Fault>().cloned(),
        anonymous,
    };
    match handler(&ask) {
        Ok(mut value) => {
            if ask.segment(2) == "2" {
                flatten(&mut value);
            }
            ([(header::CONTENT_TYPE, "application/json;charset=UTF-8")], Body::from(value.to_string())).into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

fn method_name(method: &Method) -> &'static str {
    if *method == Method::POST { "POST" } else { "GET" }
}
