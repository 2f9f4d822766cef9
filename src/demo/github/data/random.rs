//! Small helpers over the company's randomness.

use std::fmt::Write as _;

use chrono::{DateTime, Duration, Timelike, Utc};

use super::super::super::company::Company;

/// A moment in the past in whole seconds.
pub(super) fn past(company: &Company, random: &mut fastrand::Rng) -> DateTime<Utc> {
    let moment = company.past(random);
    moment.with_nanosecond(0).unwrap_or(moment)
}

/// A moment between two others, both included.
pub(super) fn between(random: &mut fastrand::Rng, first: DateTime<Utc>, last: DateTime<Utc>) -> DateTime<Utc> {
    let seconds = (last - first).num_seconds().max(0);
    first + Duration::seconds(random.i64(0..=seconds))
}

/// Forty hexadecimal digits.
pub(super) fn sha(random: &mut fastrand::Rng) -> String {
    (0..5).fold(String::with_capacity(40), |mut text, _| {
        let _ = write!(text, "{:08x}", random.u32(..));
        text
    })
}

/// One of several.
pub(super) fn pick<'a, T>(random: &mut fastrand::Rng, choices: &'a [T]) -> &'a T {
    &choices[random.usize(..choices.len())]
}

/// Reactions: mostly none.
pub(super) fn reactions(random: &mut fastrand::Rng) -> [i64; 8] {
    if random.u8(0..5) > 0 { [0; 8] } else { std::array::from_fn(|_| random.i64(-3..=4).max(0)) }
}
