//! Rate limits: how often a method may be called in a minute.

use std::collections::{HashMap, VecDeque};

use parking_lot::Mutex;

use super::{Options, RateLimits};

/// How often a method may be called, as the vendor sorts them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tier {
    /// Twenty times a minute.
    Two,
    /// Fifty times a minute.
    Three,
    /// As [`Tier::Three`], but once a minute for an app that the Marketplace does not list.
    Messages,
    /// A hundred times a minute.
    Four,
    /// Hundreds of times a minute, which nobody reaches here.
    Special,
}

impl Tier {
    fn calls(self, limits: RateLimits) -> Option<usize> {
        match (limits, self) {
            (RateLimits::Off, _) | (_, Self::Special) => None,
            (RateLimits::Unlisted, Self::Messages) => Some(1),
            (_, Self::Two) => Some(20),
            (_, Self::Three | Self::Messages) => Some(50),
            (_, Self::Four) => Some(100),
        }
    }
}

/// When each method was called, in milliseconds. The workspace and the app are always the same here.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<HashMap<&'static str, VecDeque<i64>>>);

impl Limits {
    /// Counts a call, or says in how many seconds to come again. A refused call is not counted.
    pub(super) fn count(&self, options: &Options, method: &'static str, tier: Tier) -> Result<(), i64> {
        let Some(most) = tier.calls(options.rate_limits) else { return Ok(()) };
        let (now, window) = ((options.api_now)().timestamp_millis(), options.rate_window * 1_000);
        let mut methods = self.0.lock();
        let calls = methods.entry(method).or_default();
        while calls.front().is_some_and(|first| *first <= now - window) {
            calls.pop_front();
        }
        match calls.front() {
            Some(first) if calls.len() >= most => Err((first + window - now + 999) / 1_000),
            _ => {
                calls.push_back(now);
                Ok(())
            }
        }
    }
}
