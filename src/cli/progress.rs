//! A line on standard error that tells what a query is doing, while it does it.
//!
//! It is there only while someone waits and looks: never in a pipe or file, and wiped before anything else is written.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::time::Instant;
use unicode_width::UnicodeWidthChar;

use crate::http::{QueryStats, Wait, WaitReason};

/// Shorter waits need no explanation.
const PATIENCE: Duration = Duration::from_millis(300);
const INTERVAL: Duration = Duration::from_millis(100);

/// Columns of a terminal that does not say.
const USUAL_WIDTH: usize = 80;

/// The line is on the screen. There is one standard error, so there is one line.
static DRAWN: AtomicBool = AtomicBool::new(false);

/// The line of one statement; gone when dropped.
#[derive(Debug)]
pub(super) struct Progress {
    visible: bool,
    began: Instant,
    next: Instant,
}

impl Progress {
    /// A line that begins to show soon, if it is to be visible at all.
    pub(super) fn new(visible: bool) -> Self {
        let began = Instant::now();
        Self { visible, began, next: began + PATIENCE }
    }

    /// Shows the line while something is waited for.
    pub(super) async fn during<F: Future>(&mut self, stats: Option<&QueryStats>, work: F) -> F::Output {
        if !self.visible {
            return work.await;
        }
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                // First, because work that never rests would leave it none of a task's budget.
                () = tokio::time::sleep_until(self.next) => self.draw(stats),
                done = &mut work => return done,
            }
        }
    }

    fn draw(&mut self, stats: Option<&QueryStats>) {
        let now = Instant::now();
        self.next = now + INTERVAL;
        let width = terminal_size::terminal_size_of(io::stderr()).map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0));
        let line = fit(&line(&Snapshot::of(stats, now - self.began), now), width.saturating_sub(1));
        DRAWN.store(true, Relaxed);
        // The cursor goes back to the beginning, so that an echoed ^C does not push the line on. Who can't be told does not need to be.
        let _ = write!(io::stderr().lock(), "\r\x1b[K{line}\r");
    }
}

/// Whether standard error is a terminal that can take a line back.
pub(super) fn can_show() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

impl Drop for Progress {
    fn drop(&mut self) {
        wipe();
    }
}

/// Takes the line off the screen; it comes back at its next turn.
pub(super) fn wipe() {
    if DRAWN.swap(false, Relaxed) {
        clear();
    }
}

/// Empties the line that the cursor is in, of an echoed `^C` too.
pub(super) fn clear() {
    if can_show() {
        let mut stderr = io::stderr().lock();
        let _ = stderr.write_all(b"\r\x1b[K").and_then(|()| stderr.flush());
    }
}

/// Standard error for the log, which wipes the line first.
#[derive(Debug)]
pub(super) struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        wipe();
        io::stderr().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// What the line tells.
#[derive(Clone, Debug, Default)]
struct Snapshot {
    elapsed: Duration,
    pages: u64,
    rows: u64,
    calls: u64,
    bytes: u64,
    wait: Option<Wait>,
    quotas: Vec<(String, u64)>,
}

impl Snapshot {
    fn of(stats: Option<&QueryStats>, elapsed: Duration) -> Self {
        let Some(stats) = stats else { return Self { elapsed, ..Self::default() } };
        Self {
            elapsed,
            pages: stats.pages.load(Relaxed),
            rows: stats.rows.load(Relaxed),
            calls: stats.requests.load(Relaxed),
            bytes: stats.bytes.load(Relaxed),
            wait: stats.wait(),
            quotas: stats.quotas().into_iter().collect(),
        }
    }
}

fn line(snapshot: &Snapshot, now: Instant) -> String {
    let mut text = format!("{:.1} s", snapshot.elapsed.as_secs_f64());
    if snapshot.calls > 0 {
        for (count, one, many) in [(snapshot.calls, "call", "calls"), (snapshot.pages, "page", "pages"), (snapshot.rows, "row", "rows")] {
            let _ = write!(text, " · {} {}", grouped(count), if count == 1 { one } else { many });
        }
        let _ = write!(text, " · {}", size(snapshot.bytes));
    }
    if let Some(wait) = &snapshot.wait {
        let left = wait.until.saturating_duration_since(now).as_secs_f64().ceil();
        let what = match wait.reason {
            WaitReason::Limit => "limit",
            WaitReason::Rate => "rate",
            WaitReason::Repetition => "next attempt",
        };
        let _ = write!(text, " · waiting {left:.0} s for {}'s {what}", wait.source);
    }
    for (source, left) in &snapshot.quotas {
        let _ = write!(text, " · {} calls left at {source}", grouped(*left));
    }
    text
}

/// 1234567 as 1,234,567.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Bytes in units of a thousand.
pub(super) fn size(bytes: u64) -> String {
    #[allow(clippy::cast_precision_loss, reason = "one digit behind the point is shown")]
    let number = bytes as f64;
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", number / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", number / 1e6),
        _ => format!("{:.1} GB", number / 1e9),
    }
}

/// What of a text fits into so many columns: a line that wraps can't be wiped.
fn fit(text: &str, width: usize) -> String {
    let mut used = 0;
    let whole = text.chars().all(|letter| {
        used += letter.width().unwrap_or(0);
        used <= width
    });
    if whole {
        return text.to_owned();
    }
    used = 1;
    let kept = text.chars().take_while(|letter| {
        used += letter.width().unwrap_or(0);
        used <= width
    });
    kept.chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_line_tells_what_is_done_and_waited_for() {
        let now = Instant::now();
        let mut snapshot = Snapshot { elapsed: Duration::from_millis(1_240), ..Snapshot::default() };
        assert_eq!(line(&snapshot, now), "1.2 s");
        snapshot = Snapshot { pages: 1, rows: 1_200, calls: 12, bytes: 3_400_000, ..snapshot };
        assert_eq!(line(&snapshot, now), "1.2 s · 12 calls · 1 page · 1,200 rows · 3.4 MB");
        let until = now + Duration::from_millis(40_100);
        snapshot.wait = Some(Wait { source: "jira".to_owned(), reason: WaitReason::Limit, until });
        snapshot.quotas = vec![("github".to_owned(), 4_987)];
        let text = line(&snapshot, now);
        assert!(text.ends_with(" · waiting 41 s for jira's limit · 4,987 calls left at github"), "{text}");
        assert_eq!(fit(&text, 20), "1.2 s · 12 calls · …");
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 6), "日本語");
    }

    #[test]
    fn numbers_as_people_read_them() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0, 999, 1_500, 2_000_000, 3_100_000_000].map(size), ["0 B", "999 B", "1.5 kB", "2.0 MB", "3.1 GB"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_snapshot_is_what_the_query_counted() {
        let stats = QueryStats::new(None);
        stats.requests.store(3, Relaxed);
        stats.bytes.store(5, Relaxed);
        let snapshot = Snapshot::of(Some(&stats), Duration::from_secs(1));
        assert_eq!((snapshot.calls, snapshot.bytes, snapshot.wait), (3, 5, None));
    }
}
