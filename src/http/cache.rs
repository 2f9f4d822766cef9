//! What was listed a moment ago: whole lists, kept for queries that only pass through them on their way to others.
//!
//! What is kept is a list, not an answer: were page 2 older than page 1, a row that moved from the one to the other in between would
//! be on neither. So the pages of a list stay together as a [`Listing`], found by its first request, and only one that somebody read
//! to its end is kept. While a query reads a list, all its scans that need the same one share it: each page is asked for once, by
//! whoever comes to it first, and whoever is left goes on when that one is dropped. Failures and refusals are never kept.
//!
//! A library such as moka brings expiry, eviction and single flight for values that are made at once. A listing is made page by
//! page, no faster than its readers use it, and counts against the bound while it grows; what is left for a library to do is a map
//! with few entries (one per list). This one also runs on tokio's clock, which tests stop.

use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::time::Duration;

use http::HeaderMap;
use http::header::{ETAG, LINK};
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::client::{Answer, CallContext, Client, Reply};
use super::error::ApiError;
use super::limiter;
use super::link::next_link;
use super::stats::QueryStats;
use crate::request::ApiRequest;
use crate::spec::Method;

/// How long a list is kept, unless the configuration or the session says otherwise.
pub(super) const TTL: Duration = Duration::from_mins(5);

/// Most bytes of answers that are kept for a credential.
const CAPACITY: usize = 64 << 20;

/// What an entry takes beside its texts.
const OVERHEAD: usize = 512;

/// Reads how long lists are kept: `0` for not at all, else as `90s` or `5m`.
///
/// # Errors
/// Says what to write.
pub fn cache_ttl(text: &str) -> Result<Duration, String> {
    let text = text.trim();
    if text == "0" { Ok(Duration::ZERO) } else { limiter::duration(text).map_err(|message| format!("{message}, or 0 to keep nothing")) }
}

/// A list: the table it was read for, and its first request.
type Key = (String, ApiRequest);

/// The lists of one credential.
#[derive(Debug)]
pub(super) struct Cache {
    capacity: usize,
    /// Bytes of all listings that are alive.
    held: Arc<AtomicUsize>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: HashMap<Key, Kept>,
    /// What queries are reading, by the query's number.
    under_way: HashMap<(u64, Key), Weak<Listing>>,
    /// Counts uses, to know which was last.
    uses: u64,
    /// How often all was forgotten: what began before is not kept.
    cleared: u64,
}

#[derive(Debug)]
struct Kept {
    listing: Arc<Listing>,
    used: u64,
}

/// The answers of one list, read one after another. Shared by the scans of a query while it is read, by all queries when it is whole.
pub struct Listing {
    key: Key,
    query: u64,
    /// Before the first request.
    began: Instant,
    /// How often all had been forgotten by then.
    cleared: u64,
    pages: Mutex<Pages>,
    held: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Pages {
    answers: HashMap<ApiRequest, Arc<OnceCell<Answer>>>,
    /// The last page may have a successor by now without having changed itself.
    open_ended: bool,
    whole: bool,
    too_large: bool,
    bytes: usize,
    /// The same list as it was read before, to be asked whether it still holds.
    known: Option<Arc<Listing>>,
}

/// What is kept of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cached {
    /// Time since it was asked for.
    pub age: Duration,
    /// Whether the API can be asked if it still holds.
    pub revalidates: bool,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").field("first", &self.key.1).finish_non_exhaustive()
    }
}

impl Cache {
    pub(super) fn new() -> Self {
        Self::with_capacity(CAPACITY)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self { capacity, held: Arc::default(), state: Mutex::default() }
    }

    fn open(&self, key: Key, max_age: Duration, query: u64, conditional: bool) -> Arc<Listing> {
        let mut state = self.state.lock();
        state.uses += 1;
        let uses = state.uses;
        let mut known = None;
        if let Some(kept) = state.kept.get_mut(&key) {
            if kept.listing.began.elapsed() < max_age {
                kept.used = uses;
                return Arc::clone(&kept.listing);
            }
            known = Some(Arc::clone(&kept.listing)).filter(|_| conditional);
        }
        state.under_way.retain(|_, listing| listing.strong_count() > 0);
        let place = (query, key);
        if let Some(listing) = state.under_way.get(&place).and_then(Weak::upgrade) {
            return listing;
        }
        let listing = Arc::new(Listing {
            key: place.1.clone(),
            query,
            began: Instant::now(),
            cleared: state.cleared,
            pages: Mutex::new(Pages { known, ..Pages::default() }),
            held: Arc::clone(&self.held),
        });
        state.under_way.insert(place, Arc::downgrade(&listing));
        listing
    }

    /// Counts a page that a listing has from now on. What was not used for the longest time makes room.
    fn grow(&self, listing: &Listing, bytes: usize) {
        {
            let mut pages = listing.pages.lock();
            if pages.too_large {
                return;
            }
            pages.bytes += bytes;
            self.held.fetch_add(bytes, Relaxed);
        }
        while self.held.load(Relaxed) > self.capacity {
            let mut state = self.state.lock();
            let oldest = state.kept.iter().min_by_key(|(_, kept)| kept.used).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else {
                drop(state);
                return listing.give_up();
            };
            state.kept.remove(&oldest);
        }
    }

    fn keep(&self, listing: &Arc<Listing>, open_ended: bool) {
        {
            let mut pages = listing.pages.lock();
            if pages.too_large || pages.whole {
                return;
            }
            pages.whole = true;
            pages.open_ended = open_ended;
            pages.known = None;
        }
        let mut state = self.state.lock();
        state.under_way.remove(&(listing.query, listing.key.clone()));
        let newer = state.kept.get(&listing.key).is_some_and(|kept| kept.listing.began > listing.began);
        if newer || listing.cleared < state.cleared {
            return;
        }
        state.uses += 1;
        let kept = Kept { listing: Arc::clone(listing), used: state.uses };
        state.kept.insert(listing.key.clone(), kept);
    }

    fn find(&self, key: &Key) -> Option<Cached> {
        let state = self.state.lock();
        let listing = &state.kept.get(key)?.listing;
        Some(Cached { age: listing.began.elapsed(), revalidates: listing.has_etag() })
    }

    fn clear(&self) {
        let mut state = self.state.lock();
        state.cleared += 1;
        state.kept.clear();
    }
}

impl Listing {
    /// The place of a page's answer; none if the answer is not to be kept here.
    fn place(&self, request: &ApiRequest) -> Option<Arc<OnceCell<Answer>>> {
        let mut pages = self.pages.lock();
        if let Some(place) = pages.answers.get(request) {
            return Some(Arc::clone(place));
        }
        if pages.whole || pages.too_large {
            return None;
        }
        Some(Arc::clone(pages.answers.entry(request.clone()).or_default()))
    }

    /// The page as the list had it before, if the API can be asked whether it still holds.
    fn known(&self, request: &ApiRequest) -> Option<Answer> {
        let known = self.pages.lock().known.clone()?;
        let pages = known.pages.lock();
        let answer = pages.answers.get(request)?.get().filter(|answer| answer.headers.contains_key(ETAG))?;
        // That a full page is unchanged does not tell that no page follows it by now.
        let may_be_followed = pages.open_ended && next_link(&answer.headers).is_none();
        (request.method == Method::Get && !may_be_followed).then(|| answer.clone())
    }

    fn has_etag(&self) -> bool {
        let pages = self.pages.lock();
        pages.answers.values().filter_map(|place| place.get()).any(|answer| answer.headers.contains_key(ETAG))
    }

    /// Keeps nothing any more. Whoever reads the list reads on without it.
    fn give_up(&self) {
        let mut pages = self.pages.lock();
        self.held.fetch_sub(pages.bytes, Relaxed);
        *pages = Pages { too_large: true, ..Pages::default() };
    }
}

impl Drop for Listing {
    fn drop(&mut self) {
        self.held.fetch_sub(self.pages.get_mut().bytes, Relaxed);
    }
}

fn size(request: &ApiRequest, answer: &Answer) -> usize {
    let headers: usize = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    let asked = request.path.len() + request.link.as_ref().map_or(0, String::len);
    answer.body.len() + headers + asked + OVERHEAD
}

/// A known answer that still holds, by an answer without a body that says so. What it does not repeat of how pages follow each other
/// is as it was; the rest, limits above all, the old answer can't know.
pub(super) fn revalidated(known: &Answer, answer: Answer) -> Answer {
    let mut headers: HeaderMap = answer.headers;
    for name in [LINK, ETAG] {
        if !headers.contains_key(&name) {
            for value in known.headers.get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
    }
    Answer { status: known.status, headers, body: known.body.clone(), call: answer.call }
}

impl Client {
    /// How long lists are kept, as configured.
    pub fn cache_ttl(&self) -> Duration {
        self.cache_ttl
    }

    /// The list that begins with a request, as a query reads it for a table: one that is kept and younger than `max_age`, else the one
    /// that the query is reading already, else a new one. It has no answers of its own accord; [`Client::send_within`] gives it some.
    pub fn listing(&self, table: &str, first: &ApiRequest, max_age: Duration, stats: &QueryStats) -> Arc<Listing> {
        self.cache.open((table.to_owned(), first.clone()), max_age, stats.number(), self.spec.conditional.is_some())
    }

    /// As [`Client::send`], unless the listing has the answer, or somebody is just asking for it.
    ///
    /// # Errors
    /// As [`Client::send`]; nobody else's.
    pub async fn send_within(&self, listing: &Listing, request: &ApiRequest, context: &CallContext<'_>) -> Result<Reply, ApiError> {
        let Some(place) = listing.place(request) else { return self.send(request, context).await };
        let mut sent = false;
        let fetch = async {
            sent = true;
            let known = listing.known(request);
            match self.send(request, &CallContext { known: known.as_ref(), ..*context }).await {
                Ok(Reply::Page(answer)) => {
                    self.cache.grow(listing, size(request, &answer));
                    Ok(answer)
                }
                other => Err(other),
            }
        };
        // Should this be dropped, or end without a page, the next one that waits here asks for itself.
        match place.get_or_try_init(|| fetch).await.cloned() {
            Ok(answer) => {
                if !sent {
                    context.stats.cached.fetch_add(1, Relaxed);
                }
                Ok(Reply::Page(answer))
            }
            Err(other) => other,
        }
    }

    /// Keeps a list that was read to its end through [`Client::send_within`]. `open_ended` says that its last page might be followed
    /// by another one some day and stay the same.
    pub fn keep(&self, listing: &Arc<Listing>, open_ended: bool) {
        self.cache.keep(listing, open_ended);
    }

    /// What is kept of the list that begins with a request.
    pub fn cached(&self, table: &str, first: &ApiRequest) -> Option<Cached> {
        let mut cached = self.cache.find(&(table.to_owned(), first.clone()))?;
        cached.revalidates &= self.spec.conditional.is_some();
        Some(cached)
    }

    /// Forgets all lists. What queries are reading now is not kept, either.
    pub fn clear_cache(&self) {
        self.cache.clear();
    }
}

#[cfg(test)]
mod tests;
