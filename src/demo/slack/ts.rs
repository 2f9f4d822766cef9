//! Timestamps: when a message was posted, and which message of its channel it is.

use std::fmt::{Display, Formatter, Result as Fmt};

/// Microseconds since 1970. Shown as Slack does: ten digits of seconds, a point, six digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(pub i64);

impl Ts {
    /// Whole seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Reads the id of a message, which has one spelling.
    pub fn read(text: &str) -> Option<Self> {
        let (seconds, micros) = text.split_once('.')?;
        let ts = Self(seconds.parse::<i64>().ok()?.checked_mul(1_000_000)?.checked_add(micros.parse().ok()?)?);
        (ts.to_string() == text).then_some(ts)
    }

    /// Reads a bound of a time range, which Slack takes in any spelling: what is no digit is dropped, the digits behind
    /// the first point are a number of microseconds (`.5` is five), and a second point ends it. Nothing and `0` are no
    /// bound; what amounts to zero otherwise is an error.
    pub(super) fn bound(text: Option<&str>) -> Result<Option<Self>, ()> {
        let text = text.unwrap_or_default();
        if text.is_empty() || text == "0" {
            return Ok(None);
        }
        let mut parts = text.split('.').map(|part| part.chars().filter(char::is_ascii_digit).collect::<String>());
        let (seconds, micros) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let digits = format!("{seconds}{:0>6}", micros.trim_start_matches('0'));
        // Twenty digits are beyond the largest bound already.
        let digits: String = digits.trim_start_matches('0').chars().take(20).collect();
        match digits.parse::<u128>() {
            Ok(micros) => Ok(Some(Self(i64::try_from(micros).unwrap_or(i64::MAX)))),
            Err(_) => Err(()),
        }
    }
}

impl Display for Ts {
    fn fmt(&self, out: &mut Formatter) -> Fmt {
        write!(out, "{:010}.{:06}", self.seconds(), self.0.rem_euclid(1_000_000))
    }
}
