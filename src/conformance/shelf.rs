//! A list in memory that answers as the table's file says its API does, and has the mishaps that a real API has too rarely.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, LINK, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use serde_json::Value as Json;

use super::json;
use super::memo::{Exchange, Memo};
use crate::http::{HttpService, TransportError, TransportErrorKind};
use crate::spec::{PagingKind, RowsAt, Slot, TableSpec};

/// Begins every token that leads on in the list.
const TOKEN: &str = "sq-";
/// Carries it in links.
const MARK: &str = "sqluice_page";

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mishap {
    /// Nothing.
    None,
    /// This status instead of the first answers.
    Refused { status: u16, times: u64 },
    /// The list has no row.
    Nothing,
    /// A page without rows comes before the first.
    EmptyFirst,
    /// The second page leads to itself.
    Circle,
    /// A page for people.
    NoJson,
    /// JSON, but no list in it.
    NoList,
}

/// The list.
#[derive(Debug)]
pub(super) struct Shelf {
    /// For what is not this list.
    pub(super) memo: Arc<Memo>,
    pub(super) table: Arc<TableSpec>,
    /// The real request for the first page, and its answer.
    pub(super) first: Arc<Exchange>,
    /// JSON texts.
    pub(super) rows: Vec<String>,
    /// Most rows of a page, whatever is asked for.
    pub(super) most: usize,
    pub(super) mishap: Mishap,
    /// Requests for the list so far.
    pub(super) calls: AtomicU64,
}

/// What a request is about, but for the page.
#[derive(Debug, PartialEq)]
struct Subject {
    query: Vec<(String, String)>,
    body: Json,
}

/// A page, made up.
struct Page {
    body: String,
    /// Where the next one is.
    next: Option<usize>,
}

#[async_trait]
impl HttpService for Shelf {
    async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let own = self.first.method == *request.method() && self.first.uri.path() == request.uri().path();
        let subject = self.subject(request.uri(), request.body());
        let first = self.subject(&self.first.uri, &self.first.body);
        if !own || subject.body.get("query") != first.body.get("query") {
            return self.memo.call(request).await;
        }
        let response = if subject == first {
            let call = self.calls.fetch_add(1, Relaxed);
            self.answer(&request, call)
        } else {
            // Another list of the table: its rows are not these.
            self.page(&request, Mishap::Nothing).and_then(|page| respond(200, page.body, &[]))
        };
        response.ok_or_else(|| TransportError::new(TransportErrorKind::Other, "no page can be made of the real one"))
    }
}

impl Shelf {
    fn answer(&self, request: &Request<Bytes>, call: u64) -> Option<Response<Bytes>> {
        match self.mishap {
            Mishap::Refused { status, times } if call < times => {
                respond(status, r#"{"message": "refused by the conformance suite"}"#.to_owned(), &[(RETRY_AFTER, "0".to_owned())])
            }
            Mishap::NoJson => respond(200, "<!doctype html><title>Please log in</title>".to_owned(), &[]),
            Mishap::NoList => respond(200, r#"{"unexpected": true}"#.to_owned(), &[]),
            mishap => {
                let page = self.page(request, mishap)?;
                let more = page.next.filter(|_| self.table.paging.kind == PagingKind::Link);
                let headers: Vec<(HeaderName, String)> =
                    more.map(|next| (LINK, format!("<{}>; rel=\"next\"", link(request.uri(), next)))).into_iter().collect();
                respond(200, page.body, &headers)
            }
        }
    }

    fn page(&self, request: &Request<Bytes>, mishap: Mishap) -> Option<Page> {
        let paging = &self.table.paging;
        let rows: &[String] = if mishap == Mishap::Nothing { &[] } else { &self.rows };
        let (token, size) = self.asked(request);
        let most = match paging.kind {
            PagingKind::None => usize::MAX,
            _ => size.unwrap_or(usize::MAX).min(self.most).max(1),
        };
        let number = |text: &str| text.parse::<usize>().ok();
        let at = match (paging.kind, &token) {
            (PagingKind::None, _) | (_, None) => 0,
            (PagingKind::Token | PagingKind::Link, Some(token)) => token.strip_prefix(TOKEN).and_then(number)?,
            // Who pages by number and gets the same page for every number goes in a circle, too.
            (PagingKind::Offset | PagingKind::Page, Some(_)) if mishap == Mishap::Circle => 0,
            (PagingKind::Offset, Some(token)) => number(token)?,
            (PagingKind::Page, Some(token)) => number(token)?.checked_sub(1)?.checked_mul(most)?,
        };
        let empty = mishap == Mishap::EmptyFirst && token.is_none();
        let shown = if empty { &[][..] } else { rows.get(at..at.saturating_add(most).min(rows.len())).unwrap_or_default() };
        let behind = at + shown.len();
        let next = match mishap {
            Mishap::EmptyFirst if empty => Some(0),
            Mishap::Circle => Some(most.min(rows.len().saturating_sub(1))),
            _ => (behind < rows.len()).then_some(behind),
        };

        let RowsAt::List(list) = &self.table.rows else { return None };
        let mut body = String::from_utf8(self.first.answer.to_vec()).ok()?;
        body = json::set(&body, &list.0, &format!("[{}]", shown.join(",")))?;
        let all = if mishap == Mishap::Circle { rows.len() * 1_000 } else { rows.len() };
        let token = next.map_or("null".to_owned(), |next| format!("\"{TOKEN}{next}\""));
        let says = [
            (&paging.next, token),
            (&paging.end, (next.is_none() != paging.end_if_false).to_string()),
            (&paging.total, all.to_string()),
            (&paging.pages, all.div_ceil(most).to_string()),
        ];
        for (path, value) in says {
            if let Some(path) = path {
                body = json::set(&body, &path.0, &value)?;
            }
        }
        Some(Page { body, next })
    }

    /// The page that is asked for, and how many rows.
    fn asked(&self, request: &Request<Bytes>) -> (Option<String>, Option<usize>) {
        let paging = &self.table.paging;
        let query = |wanted: &str| pairs(request.uri()).find(|(name, _)| name == wanted).map(|(_, value)| value);
        let body: Json = serde_json::from_slice(request.body()).unwrap_or_default();
        let member = |slot: &Slot| {
            let place = self.table.request.body.as_ref()?.place_of(slot)?;
            let found = place.iter().try_fold(&body, |at, name| at.get(*name))?;
            Some(found.as_str().map_or_else(|| found.to_string(), str::to_owned)).filter(|text| text != "null")
        };
        let token = match (paging.kind, &paging.param) {
            (PagingKind::Link, _) => query(MARK),
            (_, Some(param)) => query(param),
            (_, None) => member(&Slot::PageToken),
        };
        let size = paging.size_param.as_deref().and_then(query).or_else(|| member(&Slot::PageSize));
        (token, size.and_then(|size| size.parse().ok()))
    }

    fn subject(&self, uri: &Uri, body: &Bytes) -> Subject {
        let paging = &self.table.paging;
        let of_page = |name: &String| name == MARK || [&paging.param, &paging.size_param].contains(&&Some(name.clone()));
        let mut body: Json = serde_json::from_slice(body).unwrap_or_default();
        for slot in [Slot::PageToken, Slot::PageSize] {
            let place = self.table.request.body.as_ref().and_then(|template| template.place_of(&slot));
            let Some([path @ .., name]) = place.as_deref() else { continue };
            if let Some(Json::Object(members)) = path.iter().try_fold(&mut body, |at, name| at.get_mut(*name)) {
                members.remove(*name);
            }
        }
        Subject { query: pairs(uri).filter(|(name, _)| !of_page(name)).collect(), body }
    }
}

/// Where the page from a row on is.
fn link(uri: &Uri, next: usize) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs(uri).filter(|(name, _)| name != MARK));
    query.append_pair(MARK, &format!("{TOKEN}{next}"));
    format!("{}?{}", uri.path(), query.finish())
}

fn pairs(uri: &Uri) -> impl Iterator<Item = (String, String)> {
    url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()).into_owned()
}

fn respond(status: u16, body: String, headers: &[(HeaderName, String)]) -> Option<Response<Bytes>> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = StatusCode::from_u16(status).ok()?;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in headers {
        response.headers_mut().insert(name.clone(), HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

/// Whether a real exchange is a page of the table, and its rows.
pub(super) fn rows_of(table: &TableSpec, exchange: &Exchange) -> Option<Vec<String>> {
    let RowsAt::List(list) = &table.rows else { return None };
    let reads = exchange.method == Method::GET || exchange.method == Method::POST;
    let text = std::str::from_utf8(&exchange.answer).ok().filter(|_| reads && exchange.status.is_success())?;
    json::items(&json::get(text, &list.0)?)
}
