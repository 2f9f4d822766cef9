//! Pages: by cursor nearly everywhere, by number where the method is old.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::server::Fault;
use super::RateLimits;
use super::call::{Call, Refusal};

/// The most rows of a page by cursor.
pub(super) const MOST: usize = 999;
/// The most rows of a page of messages.
pub(super) const MESSAGES: usize = 100;
/// The same for an app that the Marketplace does not list.
const UNLISTED_MESSAGES: usize = 15;
/// The most rows of a page by number, and the last number of one.
pub(super) const MOST_BY_NUMBER: usize = 100;

/// Some of the rows, and the cursor that leads to the next.
#[derive(Debug)]
pub(super) struct Page<'a, T> {
    pub(super) rows: &'a [T],
    pub(super) next: Option<String>,
}

/// What was sent as `limit`: a decimal number, of which the part behind the point does not matter. Zero is as nothing.
fn limit(call: &Call) -> Result<Option<i64>, Refusal> {
    let Some(text) = call.argument("limit") else { return Ok(None) };
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = mantissa.strip_prefix('-').unwrap_or(mantissa);
    let number = match unsigned.split_once('.') {
        Some((whole, part)) => (whole.is_empty() || digits(whole)) && digits(part),
        None => digits(unsigned),
    };
    let number = number && digits(exponent.strip_prefix('-').unwrap_or(exponent));
    let value = text.parse::<f64>().ok().filter(|_| number).ok_or_else(|| not_a_number("limit"))?;
    #[expect(clippy::cast_possible_truncation, reason = "the part behind the point is to be lost, and the rest is capped")]
    let value = value as i64;
    Ok(Some(value).filter(|value| *value != 0))
}

fn not_a_number(name: &str) -> Refusal {
    Refusal::arguments(vec![format!("[ERROR] must provide a number [json-pointer:/{name}]")])
}

/// How many rows a page of a list has; `None` for all of them.
pub(super) fn list_size(call: &Call, most: usize) -> Result<Option<usize>, Refusal> {
    match limit(call)? {
        // What a number below zero gives differs by method, and nobody should ask.
        Some(..0) => Err(not_a_number("limit")),
        Some(size) => Ok(Some(usize::try_from(size).unwrap_or(most).min(most))),
        None => Ok(None),
    }
}

/// How many messages a page has.
pub(super) fn message_size(call: &Call) -> Result<usize, Refusal> {
    let unlisted = call.app.options.rate_limits == RateLimits::Unlisted;
    let (usual, most) = if unlisted { (UNLISTED_MESSAGES, UNLISTED_MESSAGES) } else { (MESSAGES, MOST) };
    Ok(match limit(call)? {
        Some(..0) => 1,
        Some(size) => usize::try_from(size).unwrap_or(most).min(most),
        None => usual,
    })
}

/// A cursor: what kind of list it belongs to, at which row it goes on, and how many empty pages it has passed there.
fn cursor(kind: &str, key: &str, empty: usize) -> String {
    let passed = if empty == 0 { String::new() } else { format!(":{empty}") };
    STANDARD.encode(format!("{kind}:{key}{passed}"))
}

fn read_cursor(text: &str, kind: &str) -> Option<(String, usize)> {
    let decoded = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
    let rest = decoded.strip_prefix(kind)?.strip_prefix(':')?;
    match rest.split_once(':') {
        Some((key, empty)) => Some((key.to_owned(), empty.parse().ok()?)),
        None => Some((rest.to_owned(), 0)),
    }
}

/// A page by cursor. `size` is `None` for all rows; `key` names a row among those of its kind.
pub(super) fn by_cursor<'a, T>(
    call: &Call,
    kind: &str,
    rows: &'a [T],
    size: Option<usize>,
    key: impl Fn(&T) -> String,
) -> Result<Page<'a, T>, Refusal> {
    let sent = call.filled("cursor");
    let (start, empty) = match sent {
        None => (0, 0),
        Some(_) if call.fault == Some(Fault::ExpiredCursor) => return Err(Refusal::new("invalid_cursor")),
        Some(text) => {
            let (wanted, empty) = read_cursor(text, kind).ok_or(Refusal::new("invalid_cursor"))?;
            (rows.iter().position(|row| key(row) == wanted).ok_or(Refusal::new("invalid_cursor"))?, empty)
        }
    };
    if size.is_none() && rows.len() - start > call.app.options.unlimited_rows {
        return Err(Refusal::new("limit_required"));
    }
    let mut size = size.unwrap_or(rows.len());
    if let Some(Fault::ClampPage(most)) = call.fault {
        size = size.min(most.max(1));
    }
    let end = (start + size).min(rows.len());
    let to = |row: usize, empty: usize| rows.get(row).map(|row| cursor(kind, &key(row), empty));
    Ok(match call.fault {
        Some(Fault::EmptyPage) => Page { rows: &[], next: to(start, empty + 1) },
        Some(Fault::RepeatCursor) => Page { rows: &rows[start..end], next: sent.map(str::to_owned).or_else(|| to(start, 0)) },
        _ => Page { rows: &rows[start..end], next: to(end, 0) },
    })
}

/// What the end of a list says, and every page before it.
pub(super) fn metadata(next: Option<String>) -> Value {
    json!({"next_cursor": next.unwrap_or_default()})
}

/// A page by number.
#[derive(Debug)]
pub(super) struct Numbered {
    pub(super) count: usize,
    pub(super) page: usize,
}

/// Reads whole numbers: digits, with a minus sign only before one that is not zero.
pub(super) fn whole<const COUNT: usize>(call: &Call, names: [&str; COUNT]) -> Result<[Option<i64>; COUNT], Refusal> {
    let mut wrong = Vec::new();
    let numbers = names.map(|name| {
        let text = call.argument(name)?;
        let signed = text.starts_with('+') || text.starts_with("-0");
        let number = text.parse().ok().filter(|_| !signed);
        if number.is_none() {
            wrong.extend(not_a_number(name).messages);
        }
        number
    });
    if wrong.is_empty() { Ok(numbers) } else { Err(Refusal::arguments(wrong)) }
}

/// Reads `count` and `page`. More than the most is the most, less than one is one.
pub(super) fn numbered(call: &Call, usual: usize) -> Result<Numbered, Refusal> {
    let capped = |number: i64| usize::try_from(number).unwrap_or(0).clamp(1, MOST_BY_NUMBER);
    let [count, page] = whole(call, ["count", "page"])?;
    let mut count = count.map_or(usual, capped);
    if let Some(Fault::ClampPage(most)) = call.fault {
        count = count.min(most.max(1));
    }
    Ok(Numbered { count, page: page.map_or(1, capped) })
}

impl Numbered {
    /// The rows of this page.
    pub(super) fn of<'a, T>(&self, rows: &'a [T]) -> &'a [T] {
        let start = ((self.page - 1) * self.count).min(rows.len());
        &rows[start..(start + self.count).min(rows.len())]
    }

    /// How many pages there are.
    pub(super) fn pages(&self, total: usize) -> usize {
        total.div_ceil(self.count)
    }

    /// What the answer says of it.
    pub(super) fn paging(&self, total: usize) -> Value {
        json!({"count": self.count, "total": total, "page": self.page, "pages": self.pages(total)})
    }
}
