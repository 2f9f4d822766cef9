//! Cells as text: times in RFC 3339, what is nested as JSON, NULL as nothing.

use std::fmt::Write;
use std::ops::Range;

use arrow::array::{Array, AsArray, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};
use chrono::{DateTime, Datelike, SecondsFormat, Timelike};

use crate::engine::nested::as_json;

/// Writes the cells of one column.
pub(super) enum Cells<'a> {
    Text(&'a StringArray),
    View(&'a arrow::array::StringViewArray),
    Nested(StringArray),
    /// Moments in UTC, which is what most columns of an API are.
    Moment(&'a TimestampMicrosecondArray),
    Other(ArrayFormatter<'a>),
}

/// Times without a format of their own are RFC 3339, with their zone's offset.
const OPTIONS: FormatOptions<'static> = FormatOptions::new().with_duration_format(DurationFormat::ISO8601);

impl<'a> Cells<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        // What JSON has nothing for is shown as Arrow does.
        let nested = array.data_type().is_nested().then(|| as_json(array).ok()).flatten();
        if let Some(texts) = nested {
            return Ok(Self::Nested(texts));
        }
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::Utf8View => Self::View(array.as_string_view()),
            DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if matches!(&**zone, "UTC" | "+00:00" | "Z") => {
                Self::Moment(array.as_primitive())
            }
            _ => Self::Other(ArrayFormatter::try_new(array, &OPTIONS)?),
        })
    }

    /// All columns of a batch.
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Vec<Self>, ArrowError> {
        batch.columns().iter().map(|column| Self::new(column.as_ref())).collect()
    }

    /// The text of a cell, which may be written into `scratch` first; none for NULL.
    pub(super) fn text<'t>(&'t self, row: usize, scratch: &'t mut String) -> Result<Option<&'t str>, ArrowError> {
        match self {
            Self::Text(array) => Ok((!array.is_null(row)).then(|| array.value(row))),
            Self::View(array) => Ok((!array.is_null(row)).then(|| array.value(row))),
            Self::Nested(array) => Ok((!array.is_null(row)).then(|| array.value(row))),
            Self::Moment(array) => {
                scratch.clear();
                Ok((!array.is_null(row)).then(|| {
                    moment(array.value(row), scratch);
                    scratch.as_str()
                }))
            }
            Self::Other(formatter) => {
                scratch.clear();
                write!(scratch, "{}", formatter.value(row)).map_err(|error| ArrowError::ComputeError(error.to_string()))?;
                Ok((!scratch.is_empty()).then_some(scratch))
            }
        }
    }
}

/// Writes microseconds since 1970 as RFC 3339, with no, three or six digits behind the second: what chrono writes, without the text
/// that it makes for each, which took an export to CSV longer than reading the pages.
fn moment(micros: i64, text: &mut String) {
    let Some(time) = DateTime::from_timestamp_micros(micros) else {
        // Arrow counts further than chrono's calendar goes.
        text.push_str(&micros.to_string());
        return;
    };
    let Some(year) = u32::try_from(time.year()).ok().filter(|year| *year <= 9_999) else {
        text.push_str(&time.to_rfc3339_opts(SecondsFormat::AutoSi, true));
        return;
    };
    let mut written = *b"YYYY-MM-DDTHH:MM:SS.ffffff";
    let mut digits = |mut number: u32, places: Range<usize>| {
        for place in places.rev() {
            written[place] = b'0' + u8::try_from(number % 10).unwrap_or_default();
            number /= 10;
        }
    };
    digits(year, 0..4);
    digits(time.month(), 5..7);
    digits(time.day(), 8..10);
    digits(time.hour(), 11..13);
    digits(time.minute(), 14..16);
    digits(time.second(), 17..19);
    let fraction = time.timestamp_subsec_micros();
    digits(fraction, 20..26);
    let length = match fraction {
        0 => 19,
        fraction if fraction % 1_000 == 0 => 23,
        _ => 26,
    };
    text.push_str(std::str::from_utf8(&written[..length]).unwrap_or_default());
    text.push('Z');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_chrono_writes_them() {
        let mut rng = fastrand::Rng::with_seed(3);
        let day = 86_400_000_000;
        let edges = [0, -1, 1, 951_782_400_000_000, 4_107_542_400_000_000, 253_402_300_799_999_999, 253_402_300_800_000_000];
        let years = (-800_000..2_932_897).step_by(17).map(|days| days * day);
        let random = (0..20_000).map(|round| {
            let micros = rng.i64(-62_135_596_800_000_000..253_402_300_800_000_000);
            micros - micros % [1, 1_000, 1_000_000][round % 3]
        });
        for micros in edges.into_iter().chain(years).chain(random) {
            let mut text = String::new();
            moment(micros, &mut text);
            assert_eq!(text, DateTime::from_timestamp_micros(micros).unwrap().to_rfc3339_opts(SecondsFormat::AutoSi, true), "{micros}");
        }
        let mut text = String::new();
        moment(i64::MIN, &mut text);
        assert_eq!(text, i64::MIN.to_string());
    }
}
