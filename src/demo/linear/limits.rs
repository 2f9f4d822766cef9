//! Rate limits: buckets that refill all the time, one of requests and one of points of complexity.

use chrono::{DateTime, Duration, Utc};
use parking_lot::Mutex;

use super::Options;

/// What a bucket holds, and since when.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Thousandths of what is counted, so that a refill of less than one isn't lost.
    used: i64,
    at: DateTime<Utc>,
}

/// The two buckets.
#[derive(Debug, Default)]
pub(super) struct Limits(Mutex<[Option<Level>; 2]>);

/// Which bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Budget {
    Requests,
    Complexity,
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Allowance {
    /// What the API calls the budget.
    pub(super) kind: &'static str,
    /// How much there is in an hour.
    pub(super) allowed: u64,
    /// How much is left.
    pub(super) remaining: u64,
    /// When all of it is back, in milliseconds since 1970.
    pub(super) reset: i64,
}

impl Budget {
    fn limit(self, options: &Options) -> u64 {
        match self {
            Self::Requests => options.requests_per_hour,
            Self::Complexity => options.complexity_per_hour,
        }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Complexity => "complexity",
        }
    }
}

impl Limits {
    /// Takes from a budget. `Err` says in how many seconds there would be enough; nothing is taken then.
    pub(super) fn take(&self, options: &Options, budget: Budget, amount: u64) -> Result<(), i64> {
        let limit = thousandths(budget.limit(options));
        let amount = thousandths(amount);
        let mut levels = self.0.lock();
        let level = refilled(&mut levels[budget as usize], limit, options);
        let over = level.used.saturating_add(amount) - limit;
        if over > 0 {
            let ms = over.saturating_mul(hour_ms(options)) / limit.max(1);
            return Err(ms / 1_000 + 1);
        }
        level.used += amount;
        Ok(())
    }

    /// What is left of a budget.
    pub(super) fn allowance(&self, options: &Options, budget: Budget) -> Allowance {
        let allowed = budget.limit(options);
        let limit = thousandths(allowed);
        let mut levels = self.0.lock();
        let level = refilled(&mut levels[budget as usize], limit, options);
        let full = level.at + Duration::milliseconds(level.used.saturating_mul(hour_ms(options)) / limit.max(1));
        let remaining = u64::try_from((limit - level.used) / 1_000).unwrap_or(0);
        Allowance { kind: budget.kind(), allowed, remaining, reset: full.timestamp_millis() }
    }

    /// Both budgets.
    pub(super) fn allowances(&self, options: &Options) -> Vec<Allowance> {
        [Budget::Requests, Budget::Complexity].map(|budget| self.allowance(options, budget)).to_vec()
    }
}

/// What a bucket refills in.
fn hour_ms(options: &Options) -> i64 {
    options.rate_window.saturating_mul(1_000)
}

fn thousandths(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX).saturating_mul(1_000)
}

fn refilled<'a>(level: &'a mut Option<Level>, limit: i64, options: &Options) -> &'a mut Level {
    let now = (options.api_now)();
    let level = level.get_or_insert(Level { used: 0, at: now });
    let back = (now - level.at).num_milliseconds().max(0).saturating_mul(limit) / hour_ms(options).max(1);
    if back > 0 {
        (level.used, level.at) = ((level.used - back).max(0), now);
    }
    level
}
