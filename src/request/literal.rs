//! How a literal is written for an API.

use chrono::{DateTime, Days, NaiveDate, SecondsFormat};

use crate::predicate::Value;
use crate::spec::{Encode, FilterSpec};

/// What a filter sends for a literal.
pub(super) fn sent(value: &Value, filter: &FilterSpec) -> String {
    let text = text(value, filter.encode);
    match filter.values.iter().find(|(literal, _)| *literal == text) {
        Some((_, sent)) => sent.clone(),
        None => text,
    }
}

/// The literal as text, unquoted. Times are RFC 3339 in UTC unless the filter says otherwise, with as many digits as needed.
pub(super) fn text(value: &Value, encode: Option<Encode>) -> String {
    match (value, encode) {
        (Value::Bool(flag), _) => flag.to_string(),
        (Value::Int(number), _) => number.to_string(),
        (Value::Float(number), _) => number.to_string(),
        (Value::Text(text), _) => text.clone(),
        (Value::Time(at), Some(Encode::EpochS)) => at.div_euclid(1_000_000).to_string(),
        (Value::Time(at), Some(Encode::EpochMs)) => at.div_euclid(1_000).to_string(),
        (Value::Time(at), Some(Encode::EpochSFrac6)) => format!("{}.{:06}", at.div_euclid(1_000_000), at.rem_euclid(1_000_000)),
        (Value::Time(at), Some(Encode::Date)) => date(at.div_euclid(86_400_000_000)),
        (Value::Time(at), Some(Encode::Rfc3339Ms)) => match DateTime::from_timestamp_micros(*at) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::Millis, true),
            None => at.to_string(),
        },
        (Value::Time(at), _) => match DateTime::from_timestamp_micros(*at) {
            Some(time) => time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
            None => at.to_string(),
        },
        (Value::Date(day), _) => date(i64::from(*day)),
    }
}

fn date(day: i64) -> String {
    let epoch = NaiveDate::default();
    let moved =
        if day < 0 { epoch.checked_sub_days(Days::new(day.unsigned_abs())) } else { epoch.checked_add_days(Days::new(day.unsigned_abs())) };
    moved.map_or_else(|| day.to_string(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_the_api_reads_them() {
        let at = Value::Time(1_767_608_430_500_000);
        assert_eq!(text(&at, None), "2026-01-05T10:20:30.500Z");
        assert_eq!(text(&Value::Time(1_767_608_430_000_000), None), "2026-01-05T10:20:30Z");
        assert_eq!(text(&at, Some(Encode::EpochMs)), "1767608430500");
        assert_eq!(text(&Value::Time(1_767_608_430_000_000), Some(Encode::Rfc3339Ms)), "2026-01-05T10:20:30.000Z");
        assert_eq!(text(&at, Some(Encode::EpochS)), "1767608430");
        assert_eq!(text(&at, Some(Encode::Date)), "2026-01-05");
        assert_eq!(text(&Value::Date(20_458), None), "2026-01-05");
    }
}
