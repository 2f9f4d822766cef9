//! Pages: by number as nearly everywhere, by cursor as in the list of issues. Links name things by their ids.

use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use url::form_urlencoded::Serializer;

use super::super::server::Fault;
use super::call::{Call, Reply};

const DEFAULT: usize = 30;
const MOST: usize = 100;

/// Some of the rows, and the header that leads to the others.
#[derive(Debug)]
pub(super) struct Page<'a, T> {
    pub(super) rows: &'a [T],
    pub(super) link: Option<String>,
}

/// A number as GitHub reads it: what is none, or not above zero, counts as not sent.
fn number(call: &Call, name: &str) -> Option<usize> {
    call.parameter(name)?.parse().ok().filter(|number| *number > 0)
}

fn per_page(call: &Call) -> usize {
    let size = number(call, "per_page").unwrap_or(DEFAULT).min(MOST);
    match call.fault {
        Some(Fault::ClampPage(most)) => size.min(most.max(1)),
        _ => size,
    }
}

/// The parameters of `names` that were sent, in that order.
fn echo<'a>(call: &'a Call, names: &[&'a str]) -> Vec<(&'a str, String)> {
    names.iter().filter_map(|name| Some((*name, call.parameter(name)?.to_owned()))).collect()
}

fn link(call: &Call, path: &str, query: &[(&str, String)], more: &[(&str, String)], rel: &str) -> String {
    let query = Serializer::new(String::new()).extend_pairs(query.iter().chain(more)).finish();
    format!("<{}{path}?{query}>; rel=\"{rel}\"", call.app.url)
}

/// A page by number. `filters` are the parameters that links repeat; `cap` is how many rows there are at most to see.
pub(super) fn by_number<'a, T>(call: &Call, path: &str, filters: &[&str], rows: &'a [T], cap: Option<usize>) -> Page<'a, T> {
    let rows = &rows[..rows.len().min(cap.unwrap_or(usize::MAX))];
    let size = per_page(call);
    let page = number(call, "page").unwrap_or(1);
    let last = rows.len().div_ceil(size).max(1);
    let start = (page - 1).saturating_mul(size).min(rows.len());
    let mut shown = &rows[start..(start + size).min(rows.len())];
    // The size is repeated as it was sent, and left out where it was not.
    let query = echo(call, &[filters, &["per_page"]].concat());
    let to = |page: usize, rel: &str| link(call, path, &query, &[("page", page.to_string())], rel);
    let mut links = Vec::new();
    if last > 1 {
        if page > 1 {
            links.push(to((page - 1).min(last), "prev"));
        }
        if page < last {
            links.push(to(page + 1, "next"));
        }
        if page != last {
            links.push(to(last, "last"));
        }
        if page > 1 {
            links.push(to(1, "first"));
        }
    }
    match call.fault {
        Some(Fault::RepeatCursor) => {
            links.retain(|link| !link.ends_with("rel=\"next\""));
            links.push(to(page, "next"));
        }
        Some(Fault::EmptyPage) => {
            shown = &[];
            if page >= last {
                links.push(to(page + 1, "next"));
            }
        }
        _ => {}
    }
    Page { rows: shown, link: (!links.is_empty()).then(|| links.join(", ")) }
}

/// A cursor: where it stands among the rows, and how many empty pages it has passed there.
fn cursor(position: usize, empty: usize) -> String {
    STANDARD.encode(format!("cursor:v2:{position}:{empty}"))
}

fn read_cursor(text: &str) -> Option<(usize, usize)> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let (position, empty) = decoded.strip_prefix("cursor:v2:")?.split_once(':')?;
    Some((position.parse().ok()?, empty.parse().ok()?))
}

/// A page by cursor: only `next` and `prev`, never how many pages there are.
pub(super) fn by_cursor<'a, T>(call: &Call, path: &str, filters: &[&str], rows: &'a [T]) -> Result<Page<'a, T>, Reply> {
    let size = per_page(call);
    let asserted = number(call, "page");
    let (after, before) = (call.filled("after"), call.filled("before"));
    let refused = || Reply::invalid("Issue", if after.is_some() { "after" } else { "before" }, after.or(before).unwrap_or_default());
    if (after.is_some() || before.is_some()) && call.fault == Some(Fault::ExpiredCursor) {
        return Err(refused());
    }
    // A cursor wins over a page number.
    let (start, empty) = match (after, before) {
        (Some(text), _) => read_cursor(text).ok_or_else(refused)?,
        (None, Some(text)) => (read_cursor(text).ok_or_else(refused)?.0.saturating_sub(size), 0),
        (None, None) => ((asserted.unwrap_or(1) - 1).saturating_mul(size), 0),
    };
    let end = start.saturating_add(size).min(rows.len());
    let mut shown = rows.get(start..end).unwrap_or_default();
    let mut query = echo(call, filters);
    query.push(("per_page", size.to_string()));
    // A number is carried on only by who claims one; it leads nowhere.
    let page = if after.is_some() || before.is_some() { asserted.filter(|page| *page > 1) } else { Some(asserted.unwrap_or(1)) };
    let to = |up: bool, cursor: String| {
        let number = page.map(|page| ("page", if up { page + 1 } else { page - 1 }.to_string()));
        let more: Vec<_> = number.into_iter().chain([(if up { "after" } else { "before" }, cursor)]).collect();
        link(call, path, &query, &more, if up { "next" } else { "prev" })
    };
    let next = match &call.fault {
        Some(Fault::RepeatCursor) => Some(match after {
            Some(cursor) => to(true, cursor.to_owned()),
            None => link(call, path, &query, &[], "next"),
        }),
        Some(Fault::EmptyPage) => {
            shown = &[];
            Some(to(true, cursor(start.min(rows.len()), empty + 1)))
        }
        _ => (end < rows.len() && start < end).then(|| to(true, cursor(end, 0))),
    };
    let prev = (start > 0 && start < rows.len()).then(|| to(false, cursor(start, 0)));
    let links: Vec<String> = next.into_iter().chain(prev).collect();
    Ok(Page { rows: shown, link: (!links.is_empty()).then(|| links.join(", ")) })
}

/// 422 where a search is asked for what lies behind its last result.
pub(super) fn too_deep(call: &Call, cap: usize) -> Result<(), Reply> {
    if (number(call, "page").unwrap_or(1) - 1).saturating_mul(per_page(call)) < cap {
        return Ok(());
    }
    let message = format!("Only the first {cap} search results are available");
    Err(Reply::refusal(StatusCode::UNPROCESSABLE_ENTITY, &message))
}
