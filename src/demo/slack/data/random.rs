//! Small helpers over the company's randomness.

use chrono::{DateTime, Duration, Timelike, Utc};

use super::super::super::company::Company;
use super::super::ts::Ts;

const LETTERS: &[u8; 36] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// An id: a letter for the kind, the rest opaque.
pub(super) fn id(random: &mut fastrand::Rng, kind: char) -> String {
    let mut id = String::with_capacity(11);
    id.push(kind);
    id.push('0');
    id.extend((0..9).map(|_| char::from(LETTERS[random.usize(..LETTERS.len())])));
    id
}

/// A moment in the past in whole seconds.
pub(super) fn past(company: &Company, random: &mut fastrand::Rng) -> DateTime<Utc> {
    let moment = company.past(random);
    moment.with_nanosecond(0).unwrap_or(moment)
}

/// A moment as a timestamp.
pub(super) fn stamp(moment: DateTime<Utc>) -> Ts {
    Ts(moment.timestamp_micros())
}

/// The whole second of a timestamp.
pub(super) fn second(ts: Ts) -> DateTime<Utc> {
    DateTime::from_timestamp(ts.seconds(), 0).unwrap_or(DateTime::UNIX_EPOCH)
}

/// One of several.
pub(super) fn pick<'a, T>(random: &mut fastrand::Rng, choices: &'a [T]) -> &'a T {
    &choices[random.usize(..choices.len())]
}

/// So many days before now.
pub(super) fn ago(company: &Company, days: i64) -> DateTime<Utc> {
    company.now - Duration::days(days)
}
