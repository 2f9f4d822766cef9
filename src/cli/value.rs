//! Cells as text: times in RFC 3339, lists as JSON, NULL as nothing.

use std::fmt::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, TimeUnit};
use arrow::error::ArrowError;
use arrow::util::display::{ArrayFormatter, DurationFormat, FormatOptions};

/// Writes the cells of one column.
pub(super) enum Cells<'a> {
    Text(&'a arrow::array::StringArray),
    View(&'a arrow::array::StringViewArray),
    List(&'a dyn Array),
    Other(ArrayFormatter<'a>),
}

const OPTIONS: FormatOptions<'static> = FormatOptions::new()
    .with_timestamp_tz_format(Some("%Y-%m-%dT%H:%M:%S%.fZ"))
    .with_timestamp_format(Some("%Y-%m-%dT%H:%M:%S%.f"))
    .with_duration_format(DurationFormat::ISO8601);

impl<'a> Cells<'a> {
    pub(super) fn new(array: &'a dyn Array) -> Result<Self, ArrowError> {
        Ok(match array.data_type() {
            DataType::Utf8 => Self::Text(array.as_string()),
            DataType::Utf8View => Self::View(array.as_string_view()),
            DataType::List(_) | DataType::LargeList(_) => Self::List(array),
            _ => Self::Other(ArrayFormatter::try_new(array, &OPTIONS)?),
        })
    }

    /// All columns of a batch.
    pub(super) fn of(batch: &'a RecordBatch) -> Result<Vec<Self>, ArrowError> {
        batch.columns().iter().map(|column| Self::new(column.as_ref())).collect()
    }

    /// Puts the text of a cell into `text`, which is empty afterwards for NULL; says whether it is NULL.
    pub(super) fn write(&self, row: usize, text: &mut String) -> Result<bool, ArrowError> {
        text.clear();
        match self {
            Self::Text(array) if array.is_null(row) => return Ok(true),
            Self::View(array) if array.is_null(row) => return Ok(true),
            Self::Text(array) => text.push_str(array.value(row)),
            Self::View(array) => text.push_str(array.value(row)),
            Self::List(array) => {
                if array.is_null(row) {
                    return Ok(true);
                }
                list(*array, row, text)?;
            }
            Self::Other(formatter) => {
                write!(text, "{}", formatter.value(row)).map_err(|error| ArrowError::ComputeError(error.to_string()))?;
                return Ok(text.is_empty());
            }
        }
        Ok(false)
    }
}

fn list(array: &dyn Array, row: usize, text: &mut String) -> Result<(), ArrowError> {
    let values = match array.data_type() {
        DataType::LargeList(_) => array.as_list::<i64>().value(row),
        _ => array.as_list::<i32>().value(row),
    };
    let quoted = matches!(
        values.data_type(),
        DataType::Utf8
            | DataType::Utf8View
            | DataType::LargeUtf8
            | DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _)
            | DataType::Date32
    );
    let cells = Cells::new(values.as_ref())?;
    let mut item = String::new();
    text.push('[');
    for position in 0..values.len() {
        if position > 0 {
            text.push(',');
        }
        let null = cells.write(position, &mut item)?;
        if null {
            text.push_str("null");
        } else if quoted {
            text.push_str(&serde_json::Value::from(item.as_str()).to_string());
        } else {
            text.push_str(&item);
        }
    }
    text.push(']');
    Ok(())
}
