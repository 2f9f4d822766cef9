//! Rate limits: how many requests a caller has left in which window.

use std::collections::HashMap;

use parking_lot::Mutex;

use super::Options;

/// Requests a minute to the search endpoints, with and without a token.
const SEARCHES: i64 = 30;
const ANONYMOUS_SEARCHES: i64 = 10;
/// Requests in a window of the core resource without a token.
const ANONYMOUS: i64 = 60;

/// What requests are counted against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Resource {
    /// Everything but searches.
    Core,
    /// Searches.
    Search,
}

impl Resource {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::Search => "search",
        }
    }
}

/// A window as it is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) limit: i64,
    pub(super) used: i64,
    pub(super) remaining: i64,
    pub(super) reset: i64,
}

/// Windows of callers: with the token or without, by resource. Each opens when it is first asked about.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<(bool, Resource), (i64, i64)>>);

impl Limits {
    /// The window after `more` requests.
    pub(super) fn count(&self, options: &Options, with_token: bool, resource: Resource, more: i64) -> Window {
        let (limit, length) = match (resource, with_token) {
            (Resource::Core, true) => (options.rate_limit, options.rate_window),
            (Resource::Core, false) => (ANONYMOUS, options.rate_window),
            (Resource::Search, true) => (SEARCHES, 60),
            (Resource::Search, false) => (ANONYMOUS_SEARCHES, 60),
        };
        let now = (options.api_now)().timestamp();
        let mut windows = self.0.lock();
        let (reset, used) = windows.entry((with_token, resource)).or_insert((now + length, 0));
        if now >= *reset {
            (*reset, *used) = (now + length, 0);
        }
        *used = (*used + more).min(limit);
        Window { limit, used: *used, remaining: limit - *used, reset: *reset }
    }
}
