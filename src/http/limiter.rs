//! When a request may be sent.
//!
//! A gate, not a metronome: calls go out as fast as concurrency allows until the API says stop, then all of them wait until the
//! moment that it named. Only a rate that the host itself published is kept in advance.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use chrono::{DateTime, NaiveDateTime, Utc};
use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter};
use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use parking_lot::Mutex;
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

use super::stats::{QueryStats, Wait, WaitReason};
use crate::request::ApiRequest;
use crate::spec::Limits;
use crate::spec::file::{Backoff, Burst};

const CONCURRENCY: usize = 4;
const MAX_RETRIES: usize = 5;
const MAX_WAIT: u64 = 900;

/// Below this a reset header counts seconds from now; no API's window ended before 2001.
const EPOCH_SECONDS: f64 = 1e9;
/// Above this it counts milliseconds.
const EPOCH_MILLISECONDS: f64 = 1e11;

/// A longer wait is none; clocks overflow somewhere beyond it.
const FOREVER: Duration = Duration::from_hours(30 * 365 * 24);

type Pace = RateLimiter<NotKeyed, InMemoryState, TokioClock, NoOpMiddleware<Duration>>;

/// The limits that all requests of a credential share, and those that only some share.
#[derive(Debug)]
pub(super) struct Limiters {
    /// For all.
    pub all: Arc<Limiter>,
    /// For each bucket its own limits, and the source's host.
    buckets: BTreeMap<String, (bool, Limits)>,
    source: String,
    host: String,
    /// By bucket, and path where every path counts for itself.
    open: Mutex<HashMap<(String, String), Arc<Limiter>>>,
}

impl Limiters {
    /// The limits of a source whose base URL has this host. `set` says whether an input is set and not false.
    pub(super) fn new(source: &str, limits: &Limits, host: &str, set: impl Fn(&str) -> bool) -> Result<Self, String> {
        let mut buckets = BTreeMap::new();
        for (name, bucket) in &limits.buckets {
            let mut own = Limits { concurrency: bucket.concurrency.or(limits.concurrency), burst: bucket.burst.clone(), ..limits.clone() };
            if let Some(other) = bucket.burst_if.as_ref().filter(|other| set(&other.input)) {
                let host = own.burst.map_or_else(|| host.to_owned(), |burst| burst.host);
                own.burst = Some(Burst { requests: other.requests, per: other.per.clone(), host });
            }
            // What is wrong with a bucket is said now, not when it is used.
            Limiter::new(source, &own, host)?;
            buckets.insert(name.clone(), (bucket.each_path, own));
        }
        let all = Arc::new(Limiter::new(source, limits, host)?);
        Ok(Self { all, buckets, source: source.to_owned(), host: host.to_owned(), open: Mutex::default() })
    }

    /// Whose gate closes when this request is refused.
    pub(super) fn of(&self, request: &ApiRequest) -> Arc<Limiter> {
        let Some((name, (each_path, limits))) = request.bucket.as_ref().and_then(|name| self.buckets.get_key_value(name)) else {
            return Arc::clone(&self.all);
        };
        let key = (name.clone(), if *each_path { request.path.clone() } else { String::new() });
        let mut open = self.open.lock();
        match open.entry(key) {
            Entry::Occupied(known) => Arc::clone(known.get()),
            Entry::Vacant(free) => match Limiter::new(&self.source, limits, &self.host) {
                Ok(limiter) => Arc::clone(free.insert(Arc::new(limiter))),
                Err(_) => Arc::clone(&self.all),
            },
        }
    }
}

/// Limits of one credential, shared by all queries.
#[derive(Debug)]
pub(super) struct Limiter {
    /// The source, as configured.
    source: String,
    calls: Semaphore,
    concurrency: usize,
    /// Nobody calls before this.
    gate: Mutex<Option<Instant>>,
    pace: Option<Pace>,
    retry_after: Vec<String>,
    remaining: Option<String>,
    reset: Option<String>,
    backoff: ExponentialBuilder,
    max_retries: u32,
    max_wait: Duration,
}

/// The API asks for a wait that is longer than allowed.
#[derive(Debug)]
pub(super) struct TooLong {
    /// When calls are possible again.
    pub until: DateTime<Utc>,
}

impl Limiter {
    /// The limits of a source whose base URL has this host. The error says what is wrong with a limit.
    pub(super) fn new(source: &str, limits: &Limits, host: &str) -> Result<Self, String> {
        let concurrency = limits.concurrency.unwrap_or(CONCURRENCY).clamp(1, Semaphore::MAX_PERMITS);
        Ok(Self {
            source: source.to_owned(),
            calls: Semaphore::new(concurrency),
            concurrency,
            gate: Mutex::new(None),
            pace: limits.burst.as_ref().filter(|burst| published_by(host, &burst.host)).map(pace).transpose()?,
            retry_after: limits.retry_after.clone(),
            remaining: limits.remaining.clone(),
            reset: limits.reset.clone(),
            backoff: ExponentialBuilder::new()
                .with_jitter()
                .with_min_delay(duration(&limits.backoff.base)?)
                .with_max_delay(duration(&limits.backoff.max)?)
                .without_max_times(),
            max_retries: u32::try_from(limits.max_retries.unwrap_or(MAX_RETRIES)).unwrap_or(u32::MAX - 1),
            max_wait: Duration::from_secs(limits.max_wait.unwrap_or(MAX_WAIT)),
        })
    }

    /// Requests at once.
    pub(super) fn concurrency(&self) -> usize {
        self.concurrency
    }

    /// Attempts after the first.
    pub(super) fn max_retries(&self) -> u32 {
        self.max_retries
    }

    /// Longest wait for a limit.
    pub(super) fn max_wait(&self) -> Duration {
        self.max_wait
    }

    /// Waits before repetitions, where the API names none.
    pub(super) fn backoff(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        self.backoff.build()
    }

    /// Waits for a turn. Its holder may call until it is dropped.
    pub(super) async fn enter(&self, stats: &QueryStats) -> Result<SemaphorePermit<'_>, TooLong> {
        // The semaphore is never closed; were it, nobody could be told to wait.
        let Ok(permit) = self.calls.acquire().await else { return Err(TooLong { until: Utc::now() }) };
        let began = Instant::now();
        // Whoever has a turn waits with it: the others wait for turns, and few wake up when the gate opens.
        let closed = || self.closed_until().map(|until| (until, WaitReason::Limit));
        while let Some((until, reason)) = closed().or_else(|| Some((self.pace_until()?, WaitReason::Rate))) {
            if until - began > self.max_wait {
                return Err(TooLong { until: on_the_clock(until) });
            }
            let _waiting = stats.waiting(self.wait(reason, until));
            tokio::time::sleep_until(until).await;
        }
        Ok(permit)
    }

    /// Waits before a repetition, without holding a turn.
    pub(super) async fn pause(&self, wait: Duration, stats: &QueryStats) {
        let _waiting = stats.waiting(self.wait(WaitReason::Repetition, Instant::now() + wait.min(FOREVER)));
        tokio::time::sleep(wait).await;
    }

    fn wait(&self, reason: WaitReason, until: Instant) -> Wait {
        Wait { source: self.source.clone(), reason, until }
    }

    /// Nobody calls for this long.
    pub(super) fn close(&self, wait: Duration) {
        let until = Instant::now() + wait.min(FOREVER);
        let mut gate = self.gate.lock();
        *gate = Some(gate.map_or(until, |known| known.max(until)));
    }

    /// When the gate opens, if it is closed.
    pub(super) fn closed_until(&self) -> Option<Instant> {
        let mut gate = self.gate.lock();
        *gate = gate.filter(|until| *until > Instant::now());
        *gate
    }

    /// When the gate opens, by the clock on the wall.
    pub(super) fn opens_at(&self) -> Option<DateTime<Utc>> {
        self.closed_until().map(on_the_clock)
    }

    /// The wait that a refusal asks for, with up to a tenth of jitter.
    pub(super) fn asked_wait(&self, headers: &HeaderMap) -> Option<Duration> {
        let names = self.retry_after.iter().map(String::as_str).chain([RETRY_AFTER.as_str()]);
        let wait = names.filter_map(|name| text(headers, name)).find_map(|value| {
            value.parse().map_or_else(|_| until(DateTime::parse_from_rfc2822(value).ok()?.to_utc(), headers), positive_seconds)
        })?;
        Some(wait.saturating_add(wait.mul_f64(fastrand::f64() / 10.0)))
    }

    /// Calls that are left in the window.
    pub(super) fn quota(&self, headers: &HeaderMap) -> Option<u64> {
        text(headers, self.remaining.as_ref()?)?.parse().ok()
    }

    /// The wait until the window ends, if nothing remains of it.
    pub(super) fn window_wait(&self, headers: &HeaderMap) -> Option<Duration> {
        let reset = text(headers, self.reset.as_ref()?)?;
        if self.quota(headers)? != 0 {
            return None;
        }
        match reset.parse::<f64>() {
            Ok(seconds) if seconds < EPOCH_SECONDS => positive_seconds(seconds),
            Ok(number) => {
                let seconds = if number > EPOCH_MILLISECONDS { number / 1000.0 } else { number };
                until(DateTime::UNIX_EPOCH.checked_add_signed(chrono::Duration::from_std(positive_seconds(seconds)?).ok()?)?, headers)
            }
            Err(_) => until(iso_time(reset)?, headers),
        }
    }

    fn pace_until(&self) -> Option<Instant> {
        let pace = self.pace.as_ref()?;
        let refusal = pace.check().err()?;
        Some(Instant::now() + refusal.wait_time_from(pace.clock().now()))
    }
}

/// The user's limits over the source's.
pub(crate) fn merge(source: &Limits, user: Limits) -> Limits {
    let Backoff { base, max } = Backoff::default();
    let named = user.backoff.base != base || user.backoff.max != max;
    Limits {
        concurrency: user.concurrency.or(source.concurrency),
        burst: user.burst.or_else(|| source.burst.clone()),
        retry_after: if user.retry_after.is_empty() { source.retry_after.clone() } else { user.retry_after },
        remaining: user.remaining.or_else(|| source.remaining.clone()),
        reset: user.reset.or_else(|| source.reset.clone()),
        max_retries: user.max_retries.or(source.max_retries),
        max_wait: user.max_wait.or(source.max_wait),
        backoff: if named { user.backoff } else { source.backoff.clone() },
        buckets: source.buckets.clone().into_iter().chain(user.buckets).collect(),
    }
}

/// Governor's clock on tokio's time, so that tests can stop it.
#[derive(Clone, Debug)]
struct TokioClock(Instant);

impl Clock for TokioClock {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.elapsed()
    }
}

fn pace(burst: &Burst) -> Result<Pace, String> {
    let requests = std::num::NonZeroU32::new(burst.requests).ok_or("limits.burst.requests is 0")?;
    let quota = Quota::with_period(duration(&burst.per)? / requests.get()).ok_or("limits.burst.per is too short")?;
    Ok(RateLimiter::direct_with_clock(quota.allow_burst(requests), TokioClock(Instant::now())))
}

/// Whether the pattern (`*.` for any subdomain) names the host.
fn published_by(host: &str, pattern: &str) -> bool {
    let (host, pattern) = (host.to_ascii_lowercase(), pattern.to_ascii_lowercase());
    match pattern.strip_prefix("*.") {
        Some(parent) => host.strip_suffix(parent).is_some_and(|subdomain| subdomain.len() > 1 && subdomain.ends_with('.')),
        None => host == pattern,
    }
}

/// A time as table files write it: `500ms`, `1s`, `1m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is not a time; write 500ms, 1s, 1m or 1h");
    let (number, unit) = text.split_at(text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len()));
    let count: u64 = number.parse().map_err(|_| wrong())?;
    let unit = match unit {
        "us" => Duration::from_micros(1),
        "ms" => Duration::from_millis(1),
        "s" => Duration::from_secs(1),
        "m" => Duration::from_mins(1),
        "h" => Duration::from_hours(1),
        "d" => Duration::from_hours(24),
        _ => return Err(wrong()),
    };
    u32::try_from(count).ok().and_then(|count| unit.checked_mul(count)).ok_or_else(wrong)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

fn positive_seconds(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok().filter(|wait| !wait.is_zero())
}

/// The time from the server's now to a moment that it named: our own clock may be wrong.
fn until(moment: DateTime<Utc>, headers: &HeaderMap) -> Option<Duration> {
    let date = text(headers, DATE.as_str()).and_then(|date| DateTime::parse_from_rfc2822(date).ok());
    let now = date.map_or_else(Utc::now, |date| date.to_utc());
    (moment - now).to_std().ok().filter(|wait| !wait.is_zero())
}

/// RFC 3339, or without seconds as in `2026-03-26T16:00Z`.
fn iso_time(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Some(time.to_utc());
    }
    let local = text.strip_suffix(['Z', 'z']).unwrap_or(text);
    ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S%.f"].iter().find_map(|form| Some(NaiveDateTime::parse_from_str(local, form).ok()?.and_utc()))
}

fn on_the_clock(instant: Instant) -> DateTime<Utc> {
    Utc::now() + instant.saturating_duration_since(Instant::now())
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn limits() -> Limits {
        Limits { remaining: Some("X-Left".into()), reset: Some("X-Reset".into()), ..Limits::default() }
    }

    fn headers(values: &[(&str, &str)]) -> HeaderMap {
        values
            .iter()
            .map(|(name, value)| (HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap()))
            .chain([(DATE, HeaderValue::from_static("Thu, 26 Mar 2026 15:59:00 GMT"))])
            .collect()
    }

    #[tokio::test]
    async fn windows_end_by_the_servers_clock() {
        let limiter = Limiter::new("s", &limits(), "h").unwrap();
        let wait = |left, reset| limiter.window_wait(&headers(&[("x-left", left), ("x-reset", reset)])).map(|wait| wait.as_secs());
        assert_eq!(wait("0", "1774540860"), Some(120), "epoch seconds");
        assert_eq!(wait("0", "1774540860000"), Some(120), "epoch milliseconds");
        assert_eq!(wait("0", "2026-03-26T16:00Z"), Some(60));
        assert_eq!(wait("0", "2026-03-26T17:00:30.5+01:00"), Some(90));
        assert_eq!(wait("0", "45"), Some(45), "seconds from now");
        assert_eq!(wait("0", "2026-03-26T15:00Z"), None, "over");
        assert_eq!(wait("0", "soon"), None);
        assert_eq!(wait("0", "-1e300"), None);
        assert_eq!(wait("0", "NaN"), None);
        assert_eq!(wait("0", "1e300"), None);
        assert_eq!(wait("1", "1774540860"), None);
    }

    #[tokio::test]
    async fn a_refusal_names_its_wait() {
        let limiter = Limiter::new("s", &Limits { retry_after: vec!["X-Wait".into()], ..Limits::default() }, "h").unwrap();
        let wait = |values: &[(&str, &str)]| limiter.asked_wait(&headers(values)).map(|wait| wait.as_secs_f64());
        let near = |wait: Option<f64>, seconds: f64| wait.is_some_and(|wait| wait >= seconds && wait <= seconds * 1.1);
        assert!(near(wait(&[("retry-after", "10")]), 10.0));
        assert!(near(wait(&[("x-wait", "20"), ("retry-after", "10")]), 20.0), "the source's header first");
        assert!(near(wait(&[("retry-after", "Thu, 26 Mar 2026 16:00:00 GMT")]), 60.0));
        assert!(near(wait(&[("retry-after", "0.25")]), 0.25));
        for nothing in ["0", "-5", "inf", "soon", "1e400", "Thu, 26 Mar 2026 15:00:00 GMT"] {
            assert_eq!(wait(&[("retry-after", nothing)]), None, "{nothing}");
        }
    }

    #[test]
    fn a_published_rate_belongs_to_its_host() {
        assert!(published_by("acme.atlassian.net", "*.atlassian.net"));
        assert!(published_by("API.github.com", "api.github.com"));
        for host in ["atlassian.net", ".atlassian.net", "evilatlassian.net", "atlassian.net.evil.example", "127.0.0.1"] {
            assert!(!published_by(host, "*.atlassian.net"), "{host}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_published_rate_is_kept() {
        let burst = Burst { requests: 2, per: "1s".into(), host: "h".into() };
        let limiter = Limiter::new("s", &Limits { burst: Some(burst), ..Limits::default() }, "h").unwrap();
        let stats = QueryStats::new(None);
        let began = Instant::now();
        for _ in 0..4 {
            drop(limiter.enter(&stats).await.unwrap());
        }
        let took = began.elapsed().as_millis();
        assert!((1000..1100).contains(&took), "two at once, then one each half second: {took} ms");
        assert!(stats.throttled().as_millis() >= 1000);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_holds_up_nobody_else() {
        use crate::spec::file::{Bucket, BurstIf};
        let bucket = |each_path| Bucket {
            each_path,
            concurrency: Some(1),
            burst: None,
            burst_if: Some(BurstIf { input: "limited".into(), requests: 1, per: "1m".into() }),
        };
        let limits = Limits { buckets: [("one".to_owned(), bucket(false)), ("each".to_owned(), bucket(true))].into(), ..Limits::default() };
        let request = |bucket: &str, path: &str| ApiRequest { bucket: Some(bucket.to_owned()), ..ApiRequest::get(path) };
        let limiters = Limiters::new("s", &limits, "h", |input| input == "limited").unwrap();
        let closed = |bucket: &str, path: &str| limiters.of(&request(bucket, path)).closed_until().is_some();
        limiters.of(&request("one", "/a")).close(Duration::from_mins(1));
        limiters.of(&request("each", "/a")).close(Duration::from_mins(1));
        assert_eq!([closed("one", "/b"), closed("each", "/a"), closed("each", "/b"), closed("no such", "/a")], [true, true, false, false]);
        let stats = QueryStats::new(None);
        let began = Instant::now();
        for _ in 0..3 {
            drop(limiters.of(&request("each", "/c")).enter(&stats).await.unwrap());
        }
        assert!((120..125).contains(&began.elapsed().as_secs()), "one a minute");
        let free = Limiters::new("s", &limits, "h", |_| false).unwrap();
        for _ in 0..3 {
            drop(free.of(&request("each", "/c")).enter(&stats).await.unwrap());
        }
        assert!(began.elapsed().as_secs() < 125);
    }

    #[test]
    fn the_users_limits_win() {
        let source = Limits { concurrency: Some(8), max_retries: Some(3), remaining: Some("x".into()), ..Limits::default() };
        let merged = merge(&source, Limits { concurrency: Some(1), max_wait: Some(5), ..Limits::default() });
        assert_eq!((merged.concurrency, merged.max_retries, merged.max_wait), (Some(1), Some(3), Some(5)));
        assert_eq!(merged.remaining.as_deref(), Some("x"));
        assert_eq!(duration("500ms").unwrap(), Duration::from_millis(500));
        assert!(duration("5").is_err() && duration("ms").is_err() && duration("99999999999d").is_err());
    }
}
