//! The operands of date comparators: ISO 8601 in Linear's spellings, shortcuts, and durations from now.

use chrono::{DateTime, Duration, Months, NaiveDate, NaiveDateTime, NaiveTime, SubsecRound, TimeDelta, Utc};

/// Reads an operand. A duration counts from `now`.
pub(in crate::demo::linear) fn parse(text: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, String> {
    let trimmed = text.trim();
    let read = if trimmed.trim_start_matches(['+', '-']).starts_with('P') { duration(trimmed, now) } else { moment(trimmed) };
    read.map(|moment| moment.trunc_subsecs(3)).ok_or_else(|| format!("Unable to parse value '{text}' into a valid date"))
}

/// A year, a month, a day, or a day with a time of at least hours and minutes; in UTC unless an offset says otherwise.
fn moment(text: &str) -> Option<DateTime<Utc>> {
    let split = text.find(['T', ' ']);
    let (day, time) = split.map_or((text, None), |at| (&text[..at], Some(&text[at + 1..])));
    let parts: Vec<&str> = day.split('-').collect();
    let number = |part: &str, digits: std::ops::RangeInclusive<usize>| {
        let fits = digits.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let year = i32::try_from(number(parts[0], 1..=4)?).ok()?;
    let date = match parts[1..] {
        [] => NaiveDate::from_ymd_opt(year, 1, 1),
        [month] => NaiveDate::from_ymd_opt(year, number(month, 2..=2)?, 1),
        [month, day] => NaiveDate::from_ymd_opt(year, number(month, 2..=2)?, number(day, 2..=2)?),
        _ => None,
    }?;
    let Some(time) = time else { return Some(date.and_time(NaiveTime::MIN).and_utc()) };
    if parts.len() < 3 {
        return None;
    }
    let zone = time.find(['Z', '+', '-']).unwrap_or(time.len());
    let (clock, zone) = time.split_at(zone);
    let clock = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(clock, form).ok())?;
    Some(NaiveDateTime::new(date, clock).and_utc() - offset(zone)?)
}

/// `Z`, `+02`, `+0200`, `+02:00` or nothing.
fn offset(zone: &str) -> Option<Duration> {
    if matches!(zone, "" | "Z") {
        return Some(Duration::zero());
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits: String = zone[1..].chars().filter(|letter| *letter != ':').collect();
    let known = matches!(zone.len(), 3 | 5 | 6) && matches!(digits.len(), 2 | 4) && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = |range: std::ops::Range<usize>| digits.get(range).map_or(Some(0), |part| part.parse::<i64>().ok());
    if known { Some(Duration::minutes(sign * (number(0..2)? * 60 + number(2..4)?))) } else { None }
}

/// A duration in designators, such as `-P1Y2M3W4DT5H6M7S`.
fn duration(text: &str, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let back = text.starts_with('-');
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text).strip_prefix('P')?;
    let (mut months, mut exact, mut timed, mut any) = (0_u32, TimeDelta::zero(), false, false);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('T').filter(|_| !timed) {
            (rest, timed) = (after, true);
            continue;
        }
        let digits = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let unit = rest[digits..].chars().next()?;
        let small = u32::try_from(number).ok()?;
        match (timed, unit) {
            (false, 'Y') => months = months.checked_add(small.checked_mul(12)?)?,
            (false, 'M') => months = months.checked_add(small)?,
            (false, 'W') => exact += TimeDelta::try_weeks(number)?,
            (false, 'D') => exact += TimeDelta::try_days(number)?,
            (true, 'H') => exact += TimeDelta::try_hours(number)?,
            (true, 'M') => exact += TimeDelta::try_minutes(number)?,
            (true, 'S') => exact += TimeDelta::try_seconds(number)?,
            _ => return None,
        }
        (rest, any) = (&rest[digits + 1..], true);
    }
    let months = Months::new(months);
    match (any, back) {
        (false, _) => None,
        (true, false) => now.checked_add_months(months)?.checked_add_signed(exact),
        (true, true) => now.checked_sub_months(months)?.checked_sub_signed(exact),
    }
}
