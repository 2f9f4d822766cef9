//! Dates, times and durations as JQL writes them.

use chrono::{DateTime, Datelike, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;

/// The greatest number in a distance; farther away there are no dates.
const MAX_DISTANCE: u32 = 99_999;

/// The moment that a text means: a date and time to the minute, a date, or a distance from now.
pub(super) fn moment(text: &str, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if let Some(local) = local(text) {
        return Some(utc(zone, local));
    }
    relative(text, now)
}

fn local(text: &str) -> Option<NaiveDateTime> {
    let text = text.replace('/', "-");
    let well_formed = |text: &str, pattern: &str| {
        text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(|(c, p)| if p == b'0' { c.is_ascii_digit() } else { c == p })
    };
    if well_formed(&text, "0000-00-00 00:00") {
        NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M").ok()
    } else if well_formed(&text, "0000-00-00") {
        NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok().map(|day| day.and_time(NaiveTime::MIN))
    } else {
        None
    }
}

/// A local time in UTC. One that the clocks show twice means its first time; one that they skip moves on by what was skipped.
pub(super) fn utc(zone: Tz, local: NaiveDateTime) -> DateTime<Utc> {
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| {
        let before = zone.from_local_datetime(&(local - Duration::hours(3))).latest()?;
        Some(before + Duration::hours(3))
    });
    found.map_or_else(|| local.and_utc(), |moment| moment.with_timezone(&Utc))
}

/// `-1w`, `2d 4h`: a distance from `now`.
fn relative(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let (back, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut moment = now;
    for part in rest.split_whitespace() {
        let (digits, unit) = part.split_at_checked(part.find(|c: char| !c.is_ascii_digit())?)?;
        let number: u32 = digits.parse().ok().filter(|number| *number <= MAX_DISTANCE)?;
        moment = match unit {
            "y" | "M" => {
                let months = Months::new(number.checked_mul(if unit == "y" { 12 } else { 1 })?);
                if back { moment.checked_sub_months(months)? } else { moment.checked_add_months(months)? }
            }
            _ => {
                let minutes = match unit {
                    "w" => 7 * 1_440,
                    "d" => 1_440,
                    "h" => 60,
                    "m" => 1,
                    _ => return None,
                };
                let distance = Duration::minutes(i64::from(number) * minutes);
                if back { moment.checked_sub_signed(distance)? } else { moment.checked_add_signed(distance)? }
            }
        };
    }
    (!rest.trim().is_empty()).then_some(moment)
}

/// `startOfDay` and its like, in the given zone, moved by an optional distance (`-1` counts in the function's own unit).
pub(super) fn edge(name: &str, argument: Option<&str>, zone: Tz, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let name = name.to_lowercase();
    let (end, unit) = match (name.strip_prefix("startof"), name.strip_prefix("endof")) {
        (Some(unit), _) => (false, unit),
        (_, Some(unit)) => (true, unit),
        _ => return (name == "now" && argument.is_none()).then_some(now),
    };
    let letter = match unit {
        "day" => "d",
        "week" => "w",
        "month" => "M",
        "year" => "y",
        _ => return None,
    };
    let moved = match argument {
        None => now,
        Some(text) if text.trim_start_matches(['-', '+']).bytes().all(|c| c.is_ascii_digit()) => relative(&format!("{text}{letter}"), now)?,
        Some(text) => relative(text, now)?,
    };
    let today = moved.with_timezone(&zone).date_naive();
    let first = match letter {
        "d" => today,
        // The week of the default locale begins on Sunday.
        "w" => today - Duration::days(i64::from(today.weekday().num_days_from_sunday())),
        "M" => today.with_day(1)?,
        _ => today.with_ordinal(1)?,
    };
    let next = match letter {
        "d" => first + Duration::days(1),
        "w" => first + Duration::days(7),
        "M" => first + Months::new(1),
        _ => first + Months::new(12),
    };
    let border = |day: NaiveDate| utc(zone, day.and_time(NaiveTime::MIN));
    Some(if end { border(next) - Duration::milliseconds(1) } else { border(first) })
}

/// Seconds of work: `2h`, `1d 30m` (a day has eight hours, a week five days), or a number of minutes.
pub(super) fn work(text: &str) -> Option<i64> {
    if let Ok(minutes) = text.trim().parse::<i64>() {
        return minutes.checked_mul(60);
    }
    let mut seconds = 0_i64;
    for part in text.split_whitespace() {
        let (digits, unit) = part.split_at_checked(part.find(|c: char| !c.is_ascii_digit())?)?;
        let each = match unit {
            "w" => 5 * 8 * 3_600,
            "d" => 8 * 3_600,
            "h" => 3_600,
            "m" => 60,
            _ => return None,
        };
        seconds = seconds.checked_add(digits.parse::<i64>().ok()?.checked_mul(each)?)?;
    }
    (!text.trim().is_empty()).then_some(seconds)
}
