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
    /// What went wrong, or what the API said.
    pub error: Option<String>,
}

/// A ring of the last 10,000 calls over all queries.
#[derive(Debug, Default)]
pub struct RequestLog(Mutex<VecDeque<LoggedCall>>);

impl RequestLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// The calls, the oldest first.
    pub fn calls(&self) -> Vec<LoggedCall> {
        self.0.lock().iter().cloned().collect()
    }

    pub(super) fn push(&self, call: LoggedCall) {
        let mut calls = self.0.lock();
        if calls.len() == KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
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
                error: None,
            });
        }
        let calls = log.calls();
        assert_eq!((calls.len(), calls[0].attempt), (KEPT, 5));
    }
}
