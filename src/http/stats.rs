//! What one query did.

use std::collections::BTreeMap;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;

/// Different warnings that are kept; a query with more has one cause, not a hundred.
const MOST_WARNINGS: usize = 100;

/// Queries so far.
static NUMBER: AtomicU64 = AtomicU64::new(0);

/// Counters of one query, shared by everything that works for it.
#[derive(Debug)]
pub struct QueryStats {
    /// Requests sent, repeated and redirected ones included.
    pub requests: AtomicU64,
    /// Answers that were there without a request: lists that were kept, or that another part of the query asked for.
    pub cached: AtomicU64,
    /// Pages read.
    pub pages: AtomicU64,
    /// Rows decoded.
    pub rows: AtomicU64,
    /// Bytes of answers, after decompression.
    pub bytes: AtomicU64,
    /// Requests that were repetitions.
    pub retries: AtomicU64,
    /// Requests that the API refused for their filters. Counted by the client.
    pub relaxed: AtomicU64,
    number: u64,
    started: Instant,
    first_row_ms: OnceLock<u64>,
    throttled: Mutex<Throttled>,
    quotas: Mutex<BTreeMap<String, u64>>,
    warnings: Mutex<Warnings>,
    incomplete: AtomicBool,
    budget: Option<u64>,
}

/// Time during which at least one call waited. A sum over calls would exceed the query's own time.
#[derive(Debug, Default)]
struct Throttled {
    /// Waits under way, by number.
    waits: BTreeMap<u64, Wait>,
    began: u64,
    since: Option<Instant>,
    total: Duration,
}

/// A call that is held back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The source, as configured.
    pub source: String,
    /// Why.
    pub reason: WaitReason,
    /// Until when.
    pub until: Instant,
}

/// Why a call is held back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    /// The API asked for it, or nothing remains of its window.
    Limit,
    /// The rate that the host published.
    Rate,
    /// It failed and will be repeated.
    Repetition,
}

#[derive(Debug, Default)]
struct Warnings {
    distinct: Vec<(String, u64)>,
    others: u64,
}

/// Counts time as throttled until it is dropped, also if the call is cancelled.
#[derive(Debug)]
pub(super) struct Waiting<'a> {
    stats: &'a QueryStats,
    number: u64,
}

impl Default for QueryStats {
    fn default() -> Self {
        Self::new(None)
    }
}

impl QueryStats {
    /// A query that begins now and may send so many requests.
    pub fn new(budget: Option<u64>) -> Self {
        Self {
            requests: AtomicU64::new(0),
            cached: AtomicU64::new(0),
            pages: AtomicU64::new(0),
            rows: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            relaxed: AtomicU64::new(0),
            number: NUMBER.fetch_add(1, Relaxed),
            started: Instant::now(),
            first_row_ms: OnceLock::new(),
            throttled: Mutex::default(),
            quotas: Mutex::default(),
            warnings: Mutex::default(),
            incomplete: AtomicBool::new(false),
            budget,
        }
    }

    /// Tells the query from all others of the process.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Requests that the query may send.
    pub fn budget(&self) -> Option<u64> {
        self.budget
    }

    /// Notes that a row is there. Only the first call counts.
    pub fn first_row(&self) {
        self.first_row_ms.get_or_init(|| milliseconds(self.started.elapsed()));
    }

    /// Time during which calls waited for a limit or before a repetition.
    pub fn throttled(&self) -> Duration {
        let throttled = self.throttled.lock();
        throttled.total + throttled.since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// The wait under way that began first.
    pub fn wait(&self) -> Option<Wait> {
        self.throttled.lock().waits.first_key_value().map(|(_, wait)| wait.clone())
    }

    /// Calls that the sources asked say are left in their windows, by source.
    pub fn quotas(&self) -> BTreeMap<String, u64> {
        self.quotas.lock().clone()
    }

    /// Notes what is left of a source's window, by the last answer.
    pub(super) fn note_quota(&self, source: &str, left: u64) {
        let mut quotas = self.quotas.lock();
        match quotas.get_mut(source) {
            Some(known) => *known = left,
            None => {
                quotas.insert(source.to_owned(), left);
            }
        }
    }

    /// Adds a warning; the same one again is counted.
    pub fn warn(&self, warning: impl Into<String>) {
        let warning = warning.into();
        let mut warnings = self.warnings.lock();
        if let Some((_, count)) = warnings.distinct.iter_mut().find(|(known, _)| *known == warning) {
            *count += 1;
        } else if warnings.distinct.len() < MOST_WARNINGS {
            warnings.distinct.push((warning, 1));
        } else {
            warnings.others += 1;
        }
    }

    /// The warnings in the order in which they first came, with their counts.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock();
        let shown = warnings.distinct.iter().map(|(warning, count)| match count {
            1 => warning.clone(),
            count => format!("{warning} ({count} times)"),
        });
        let others = (warnings.others > 0).then(|| format!("{} more warnings", warnings.others));
        shown.chain(others).collect()
    }

    /// Notes that the result lacks rows.
    pub fn mark_incomplete(&self) {
        self.incomplete.store(true, Relaxed);
    }

    /// Whether the result has all its rows.
    pub fn is_complete(&self) -> bool {
        !self.incomplete.load(Relaxed)
    }

    /// The counters as a line for programs.
    pub fn to_json(&self, elapsed: Duration) -> serde_json::Value {
        serde_json::json!({
            "requests": self.requests.load(Relaxed),
            "cached": self.cached.load(Relaxed),
            "pages": self.pages.load(Relaxed),
            "rows": self.rows.load(Relaxed),
            "bytes": self.bytes.load(Relaxed),
            "retries": self.retries.load(Relaxed),
            "relaxed": self.relaxed.load(Relaxed),
            "throttled_ms": milliseconds(self.throttled()),
            "first_row_ms": self.first_row_ms.get(),
            "elapsed_ms": milliseconds(elapsed),
            "complete": self.is_complete(),
        })
    }

    /// Counts a request that is about to be sent; false if the budget forbids it.
    pub(super) fn take_request(&self) -> bool {
        let within = |sent: u64| self.budget.is_none_or(|budget| sent < budget).then_some(sent + 1);
        self.requests.fetch_update(Relaxed, Relaxed, within).is_ok()
    }

    /// Begins a wait.
    pub(super) fn waiting(&self, wait: Wait) -> Waiting<'_> {
        let mut throttled = self.throttled.lock();
        throttled.began += 1;
        let number = throttled.began;
        throttled.waits.insert(number, wait);
        throttled.since.get_or_insert_with(Instant::now);
        Waiting { stats: self, number }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut throttled = self.stats.throttled.lock();
        throttled.waits.remove(&self.number);
        if throttled.waits.is_empty()
            && let Some(since) = throttled.since.take()
        {
            throttled.total += since.elapsed();
        }
    }
}

/// Whole milliseconds; a duration that does not fit is none that anyone waited.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn warnings_are_counted_and_bounded() {
        let stats = QueryStats::new(None);
        stats.warn("a");
        stats.warn("a");
        for number in 0..150 {
            stats.warn(format!("w{number}"));
        }
        let warnings = stats.warnings();
        assert_eq!(warnings[0], "a (2 times)");
        assert_eq!(warnings.len(), MOST_WARNINGS + 1);
        assert_eq!(warnings[MOST_WARNINGS], "51 more warnings");
    }

    #[tokio::test(start_paused = true)]
    async fn waits_at_the_same_time_count_once() {
        let stats = QueryStats::new(Some(1));
        let wait = |source: &str| Wait { source: source.to_owned(), reason: WaitReason::Limit, until: Instant::now() };
        let first = stats.waiting(wait("a"));
        tokio::time::sleep(Duration::from_secs(1)).await;
        let second = stats.waiting(wait("b"));
        assert_eq!(stats.wait().unwrap().source, "a");
        tokio::time::sleep(Duration::from_secs(1)).await;
        drop(first);
        assert_eq!(stats.wait().unwrap().source, "b");
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(milliseconds(stats.throttled()), 3000, "a wait that lasts counts too");
        drop(second);
        assert_eq!(stats.wait(), None);
        tokio::time::sleep(Duration::from_secs(5)).await;
        stats.first_row();
        tokio::time::sleep(Duration::from_secs(5)).await;
        stats.first_row();
        assert!(stats.take_request() && !stats.take_request());
        assert_eq!(
            stats.to_json(Duration::from_secs(9)),
            serde_json::json!({"requests": 1, "cached": 0, "pages": 0, "rows": 0, "bytes": 0, "retries": 0, "relaxed": 0,
                "throttled_ms": 3000, "first_row_ms": 8000, "elapsed_ms": 9000, "complete": true})
        );
    }
}
