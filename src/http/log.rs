//! The last calls of all queries, behind `sqluice.requests`.

use std::collections::VecDeque;
use std::time::SystemTime;

use parking_lot::Mutex;

/// Calls that are kept.
const KEPT: usize = 10_000;

/// One call. Holds no credential.
#[derive(Clone, Debug)]
pub struct LoggedCall {
    /// When it was sent.
    pub started: SystemTime,
    /// The source, as configured.
    pub source: String,
    /// The table it was for; empty for a check.
    pub table: String,
    /// HTTP method.
    pub method: &'static str,
    /// URL, redacted.
    pub url: String,
    /// Status of the answer; 0 if none came.
    pub status: u16,
    /// Time until the answer was read.
    pub duration_ms: u64,
    /// Bytes of the answer, after decompression.
    pub bytes: u64,
    /// 1 for the first attempt.
    pub attempt: u32,
    /// Rows in the answer, if it was read as a page.
    pub rows: Option<u64>,
    /// What went wrong, or what the API said.
    pub error: Option<String>,
}

/// A ring of the last 10,000 calls over all queries. Calls are numbered from 1 in the order in which they end.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    calls: VecDeque<LoggedCall>,
    last: u64,
}

impl RequestLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The calls, the oldest first.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.0.lock().calls.iter().cloned().collect()
    }

    /// The number of the last call.
    pub fn last(&self) -> u64 {
        self.0.lock().last
    }

    /// The calls after the one with this number, as far as they are kept; the oldest first.
    pub fn after(&self, number: u64) -> Vec<LoggedCall> {
        let ring = self.0.lock();
        let count = usize::try_from(ring.last.saturating_sub(number)).unwrap_or(KEPT).min(ring.calls.len());
        ring.calls.iter().skip(ring.calls.len() - count).cloned().collect()
    }

    /// Adds a call and returns its number.
    pub(super) fn push(&self, call: LoggedCall) -> u64 {
        let mut ring = self.0.lock();
        if ring.calls.len() == KEPT {
            ring.calls.pop_front();
        }
        ring.calls.push_back(call);
        ring.last += 1;
        ring.last
    }

    /// Notes how many rows a call's answer had.
    pub(super) fn note_rows(&self, number: u64, rows: u64) {
        let mut ring = self.0.lock();
        let back = usize::try_from(ring.last.saturating_sub(number)).ok();
        let place = back.and_then(|back| ring.calls.len().checked_sub(back + 1));
        if let Some(call) = place.and_then(|place| ring.calls.get_mut(place)) {
            call.rows = Some(rows);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_calls_make_room() {
        let log = RequestLog::new();
        for attempt in 0..10_005 {
            log.push(LoggedCall {
                started: SystemTime::UNIX_EPOCH,
                source: "s".into(),
                table: "t".into(),
                method: "GET",
                url: "u".into(),
                status: 200,
                duration_ms: 1,
                bytes: 1,
                attempt,
                rows: None,
                error: None,
            });
        }
        let calls = log.calls();
        assert_eq!((calls.len(), calls[0].attempt), (KEPT, 5));
        assert_eq!(log.last(), 10_005);
        log.note_rows(10_004, 7);
        log.note_rows(3, 9);
        let rows: Vec<_> = log.after(10_002).iter().map(|call| (call.attempt, call.rows)).collect();
        assert_eq!(rows, [(10_002, None), (10_003, Some(7)), (10_004, None)]);
        assert!(log.calls()[..KEPT - 3].iter().all(|call| call.rows.is_none()));
        assert_eq!((log.after(0).len(), log.after(99_999).len()), (KEPT, 0));
    }
}
