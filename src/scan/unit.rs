//! A chain of pages: which request follows which answer, and when it is over.

use std::collections::{BTreeMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use http::HeaderMap;
use url::Url;

use super::page::{Memory, UnitCheck};
use crate::decode::PageEnd;
use crate::http::{Answer, ApiError, ErrorKind, Listing, links};
use crate::request::{ApiRequest, Binding, Unit};
use crate::spec::{PagingKind, PagingSpec, Slot, TableSpec};

/// Pages without a row, one after another, after which a list is taken to be endless.
const MANY_EMPTY_PAGES: usize = 1_000;

/// The round of a chain to which no answer belongs any more; lists are counted from 1.
const NO_ROUND: usize = 0;

/// A unit at work.
#[derive(Debug)]
pub(super) struct Chain {
    pub(super) unit: Arc<Unit>,
    pub(super) check: UnitCheck,
    /// The parent, for asking again.
    pub(super) binding: Option<Binding>,
    pub(super) relaxed: bool,
    /// Which of all lists that the scan began this is.
    pub(super) round: usize,
    /// Where the answers come from and are kept, if they are. None for what was not read to its end.
    pub(super) listing: Option<Arc<Listing>>,
    /// Answers that wait for their turn, by the number of their page.
    pub(super) arrived: BTreeMap<usize, Answer>,
    /// The page whose turn it is, from 1.
    pub(super) turn: usize,
    pub(super) in_flight: usize,
    /// Requests under way from before it started over; their answers are dropped.
    pub(super) outdated: usize,
    /// Requests sent so far.
    sent: usize,
    next: Next,
    seen: HashSet<u64>,
    received: u64,
    /// Rows on the last page that was read.
    last_page: usize,
    empty_pages: usize,
    pub(super) rows: u64,
    pub(super) foreign_rows: u64,
    pub(super) memory: Memory,
    paging: PagingSpec,
    table: Arc<TableSpec>,
}

/// What can be asked next.
#[derive(Clone, Debug)]
enum Next {
    /// This.
    Request(Box<ApiRequest>),
    /// The pages with these numbers, by a link that needs only its number changed.
    Numbered { link: Url, param: String, next: u64, last: u64 },
    /// Nothing before the answer to what is under way.
    Unknown,
    /// Nothing ever.
    Over,
}

impl Chain {
    pub(super) fn new(unit: Unit, check: UnitCheck, binding: Option<Binding>, paging: PagingSpec, table: Arc<TableSpec>) -> Self {
        Self {
            next: Next::Request(Box::new(unit.request.clone())),
            unit: Arc::new(unit),
            check,
            binding,
            relaxed: false,
            round: 0,
            listing: None,
            arrived: BTreeMap::new(),
            turn: 1,
            in_flight: 0,
            outdated: 0,
            sent: 0,
            seen: HashSet::new(),
            received: 0,
            last_page: 0,
            empty_pages: 0,
            rows: 0,
            foreign_rows: 0,
            memory: Memory::default(),
            paging,
            table,
        }
    }

    /// The next request and the number of its page, if one can be sent now.
    pub(super) fn take(&mut self) -> Option<(usize, ApiRequest)> {
        let request = match &mut self.next {
            Next::Request(_) => match std::mem::replace(&mut self.next, Next::Unknown) {
                Next::Request(request) => *request,
                _ => return None,
            },
            Next::Numbered { link, param, next, last } => {
                let request = numbered(&self.unit.request, link, param, *next);
                *next += 1;
                if next > last {
                    self.next = Next::Unknown;
                }
                request
            }
            Next::Unknown | Next::Over => return None,
        };
        self.sent += 1;
        self.in_flight += 1;
        Some((self.sent, request))
    }

    pub(super) fn can_send(&self) -> bool {
        matches!(self.next, Next::Request(_) | Next::Numbered { .. })
    }

    /// Nothing to send, nothing under way, nothing waiting for its turn.
    pub(super) fn is_over(&self) -> bool {
        !self.can_send() && self.in_flight + self.outdated == 0 && self.arrived.is_empty()
    }

    /// Reads no further. Gives the bytes of answers that nobody will read.
    pub(super) fn stop(&mut self) -> usize {
        self.next = Next::Over;
        self.listing = None;
        self.forget(NO_ROUND)
    }

    /// What waits for its turn is dropped, and so will be what is under way.
    fn forget(&mut self, round: usize) -> usize {
        self.round = round;
        self.outdated += std::mem::take(&mut self.in_flight);
        std::mem::take(&mut self.arrived).into_values().map(|answer| answer.body.len()).sum()
    }

    /// Starts over with another unit. Gives the bytes of answers that nobody will read.
    pub(super) fn restart(&mut self, unit: Unit, check: UnitCheck, round: usize) -> usize {
        self.next = Next::Request(Box::new(unit.request.clone()));
        self.unit = Arc::new(unit);
        self.check = check;
        self.relaxed = true;
        self.listing = None;
        self.turn = 1;
        self.sent = 0;
        self.received = 0;
        self.memory = Memory::default();
        self.seen.clear();
        self.forget(round)
    }

    pub(super) fn error(&self, kind: ErrorKind, message: impl Into<String>) -> ApiError {
        ApiError::new(kind, &self.table.source, &self.table.name, message).request(self.unit.request.to_string())
    }

    /// Whether headers name the next page.
    pub(super) fn is_linked(&self) -> bool {
        self.paging.kind == PagingKind::Link
    }

    /// What the headers of a page's answer say about the next page: enough for links, before the body is read. Only the last page
    /// that was asked for has something to say, and only once.
    ///
    /// That there is no next page is only believed of a `whole` answer: one that breaks off is asked for again, and may say more.
    pub(super) fn after_headers(&mut self, page: usize, headers: &HeaderMap, whole: bool, base: &Url) -> Result<(), ApiError> {
        if !self.is_linked() || !matches!(self.next, Next::Unknown) || page != self.sent {
            return Ok(());
        }
        let mut next = None;
        let mut last = None;
        for (rel, target) in links(headers) {
            match rel.as_str() {
                "next" => next = Some(target),
                "last" => last = Some(target),
                _ => {}
            }
        }
        let Some(next) = next else {
            if whole {
                self.next = Next::Over;
            }
            return Ok(());
        };
        self.remember(&next)?;
        if let (Some(param), Some(last)) = (&self.paging.numbered, last)
            && let (Some(from), Some(to)) = (page_number(base, &next, param), page_number(base, &last, param))
            && from.1 < to.1
        {
            self.next = Next::Numbered { link: from.0, param: param.clone(), next: from.1, last: to.1 };
            return Ok(());
        }
        let mut request = ApiRequest::get(String::new());
        request.headers.clone_from(&self.unit.request.headers);
        request.bucket.clone_from(&self.unit.request.bucket);
        request.link = Some(next);
        self.next = Next::Request(Box::new(request));
        Ok(())
    }

    /// What a page that was read says about the next one.
    pub(super) fn after_page(&mut self, body: &[u8], end: &PageEnd, received: usize) -> Result<(), ApiError> {
        // A link may count its pages on while its cursor stands still, so the page itself tells.
        if received > 0 && self.sent > 1 {
            self.remember_hash(&sample(body), "the API sent a page again that was read before")?;
        }
        self.received += received as u64;
        self.last_page = received;
        self.empty_pages = if received == 0 { self.empty_pages + 1 } else { 0 };
        if self.empty_pages >= MANY_EMPTY_PAGES {
            return Err(
                self.error(ErrorKind::SourceChanged, format!("{MANY_EMPTY_PAGES} pages in a row had no rows, and more were announced"))
            );
        }
        if let (Some(most), Some(total)) = (self.paging.most, end.total)
            && total > most
            && self.received >= most
        {
            let message = format!("the API serves {most} of {total} rows and no more");
            let error = self.error(ErrorKind::Truncated, message);
            return Err(error.advice("ask for fewer rows: what was read so far is right, but it is not all"));
        }
        if !matches!(self.next, Next::Unknown) {
            return Ok(());
        }
        self.next = match self.paging.kind {
            PagingKind::None => Next::Over,
            // Links were read from the headers; under way are only numbered pages.
            PagingKind::Link => return Ok(()),
            PagingKind::Token => match &end.token {
                Some(_) if end.last == Some(true) => Next::Over,
                Some(token) => {
                    self.remember(token)?;
                    Next::Request(Box::new(self.with_token(token)))
                }
                None if end.last == Some(false) => {
                    return Err(self.error(ErrorKind::SourceChanged, "the page says that it is not the last one, but names no next one"));
                }
                None => Next::Over,
            },
            kind @ (PagingKind::Offset | PagingKind::Page) => {
                let reached =
                    end.total.is_some_and(|total| self.received >= total) || end.pages.is_some_and(|pages| self.sent as u64 >= pages);
                if received == 0 || end.last == Some(true) || reached {
                    Next::Over
                } else {
                    let mut request = self.unit.request.clone();
                    if let Some(param) = &self.paging.param {
                        let next = if kind == PagingKind::Page { self.sent as u64 + 1 } else { self.received };
                        request.set_query(param, next.to_string());
                    }
                    Next::Request(Box::new(request))
                }
            }
        };
        Ok(())
    }

    /// Whether a page may come to follow the last one while that one stays the same: not if it has room for more of the `size` rows that
    /// were asked for.
    pub(super) fn is_open_ended(&self, size: Option<u32>) -> bool {
        let has_room = size.is_some_and(|size| self.last_page < size as usize) && self.table.each.is_none();
        self.paging.kind != PagingKind::None && !has_room
    }

    /// Whether the API lists fewer rows than there are.
    pub(super) fn over_cap(&self, end: &PageEnd) -> Option<u64> {
        self.paging.cap.filter(|cap| self.unit.kind.filtered && end.total.is_some_and(|total| total > *cap))
    }

    fn with_token(&self, token: &str) -> ApiRequest {
        let mut request = self.unit.request.clone();
        if let Some(param) = &self.paging.param {
            request.set_query(param, token);
            return request;
        }
        let place = self.table.request.body.as_ref().and_then(|body| body.place_of(&Slot::PageToken)).unwrap_or_default();
        let [path @ .., name] = place.as_slice() else { return request };
        let holder = request.body.as_mut().and_then(|body| path.iter().try_fold(body, |at, name| at.get_mut(*name)));
        if let Some(holder) = holder.and_then(serde_json::Value::as_object_mut) {
            holder.insert((*name).to_owned(), token.into());
        }
        request
    }

    /// A cursor that comes a second time leads in a circle.
    fn remember(&mut self, cursor: &str) -> Result<(), ApiError> {
        self.remember_hash(&cursor, "the API named a next page that was read before")
    }

    fn remember_hash(&mut self, what: &impl Hash, message: &str) -> Result<(), ApiError> {
        let mut hasher = DefaultHasher::new();
        what.hash(&mut hasher);
        if self.seen.insert(hasher.finish()) {
            return Ok(());
        }
        let error = self.error(ErrorKind::SourceChanged, format!("{message}; reading on would never end"));
        Err(error.advice(
            "the API, or a proxy before it, does not page as it should; nothing that was read so far is wrong, but there may be more",
        ))
    }
}

/// Enough of a page to know it again: its rows begin with what tells them apart.
fn sample(body: &[u8]) -> (usize, &[u8], &[u8]) {
    let some = body.len().min(1_024);
    (body.len(), &body[..some], &body[body.len() - some..])
}

fn page_number(base: &Url, link: &str, param: &str) -> Option<(Url, u64)> {
    let url = base.join(link).ok()?;
    let number = url.query_pairs().find(|(name, _)| name == param)?.1.parse().ok()?;
    Some((url, number))
}

fn numbered(first: &ApiRequest, link: &Url, param: &str, number: u64) -> ApiRequest {
    let pairs: Vec<(String, String)> = link
        .query_pairs()
        .map(|(name, value)| if name == param { (name.into_owned(), number.to_string()) } else { (name.into_owned(), value.into_owned()) })
        .collect();
    let mut url = link.clone();
    url.query_pairs_mut().clear().extend_pairs(pairs);
    let mut request = ApiRequest::get(String::new());
    request.headers.clone_from(&first.headers);
    request.bucket.clone_from(&first.bucket);
    request.link = Some(url.into());
    request
}
