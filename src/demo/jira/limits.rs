//! Rate limits: how many calls each endpoint has left in its window.

use std::collections::HashMap;

use axum::http::Method;
use axum::response::Response;
use chrono::{DateTime, Duration, DurationRound, SecondsFormat, Utc};
use parking_lot::Mutex;

use super::http::set;
use super::{Burst, Window};

/// The share of a window below which answers say that it is nearly spent: a fifth.
const NEAR: u32 = 5;

/// The window of each endpoint: of a method and a path without what it names.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<(Method, String), Open>>);

/// A window.
#[derive(Clone, Copy, Debug)]
struct Open {
    reset: DateTime<Utc>,
    left: u32,
}

/// A window after a call.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counted {
    burst: Burst,
    now: DateTime<Utc>,
    window: Open,
    /// Whether the call was one too many.
    pub(super) over: bool,
}

impl Limits {
    /// Counts a call.
    pub(super) fn count(&self, burst: Burst, method: &Method, path: &str) -> Counted {
        let now = (burst.api_now)();
        let reset = match burst.window {
            Window::Seconds(seconds) => now + Duration::seconds(seconds),
            Window::Minute => now.duration_trunc(Duration::minutes(1)).unwrap_or(now) + Duration::minutes(1),
        };
        let fresh = Open { reset, left: burst.calls };
        // Keys, ids and versions are in capitals or have digits.
        let plain = |segment: &&str| segment.contains(char::is_lowercase) && !segment.contains(|char: char| char.is_ascii_digit());
        let endpoint: Vec<&str> = path.split('/').filter(plain).collect();
        let mut windows = self.0.lock();
        let window = windows.entry((method.clone(), endpoint.join("/"))).or_insert(fresh);
        if now >= window.reset {
            *window = fresh;
        }
        let over = window.left == 0;
        window.left = window.left.saturating_sub(1);
        Counted { burst, now, window: *window, over }
    }
}

impl Counted {
    /// Puts the window into an answer's headers, and into a refusal's when to come back.
    pub(super) fn tell(self, response: &mut Response) {
        let reset = match self.burst.window {
            Window::Seconds(_) => self.window.reset.to_rfc3339_opts(SecondsFormat::Millis, true),
            Window::Minute => self.window.reset.format("%Y-%m-%dT%H:%MZ").to_string(),
        };
        tell(response, self.burst.calls, self.window.left);
        set(response, "x-ratelimit-reset", &reset);
        set(response, "date", &self.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string());
        if self.window.left * NEAR < self.burst.calls {
            set(response, "x-ratelimit-nearlimit", "true");
        }
        if self.over {
            set(response, "ratelimit-reason", "jira-burst-based");
            if self.burst.retry_after {
                // Whole seconds, and never too few.
                let wait = (self.window.reset - self.now).num_milliseconds();
                set(response, "retry-after", &((wait + 999) / 1_000).to_string());
            }
        }
    }
}

/// How many calls a window has, and how many of them are left.
pub(super) fn tell(response: &mut Response, calls: u32, left: u32) {
    set(response, "x-ratelimit-limit", &calls.to_string());
    set(response, "x-ratelimit-remaining", &left.to_string());
}
