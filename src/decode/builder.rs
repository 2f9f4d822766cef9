//! The values of a column, row by row → an Arrow array.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanBuilder, Date32Builder, Float64Builder, Int32Builder, Int64Builder, ListBuilder, StringBuilder};
use arrow::array::{StringViewBuilder, TimestampMicrosecondBuilder};
use arrow::datatypes::{DataType, Field, TimeUnit};

use super::cell::{Cell, Value};
use crate::spec::ColumnType;

/// The Arrow type of a column's type.
pub fn arrow_type(kind: ColumnType) -> DataType {
    match kind {
        ColumnType::Text | ColumnType::Json => DataType::Utf8View,
        ColumnType::Int32 => DataType::Int32,
        ColumnType::Int64 => DataType::Int64,
        ColumnType::Float64 => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Timestamp => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
        ColumnType::Date => DataType::Date32,
        ColumnType::TextList => DataType::List(Arc::new(Field::new_list_field(DataType::Utf8, true))),
    }
}

/// The array of a column while it grows.
#[derive(Debug)]
pub(super) enum Builder {
    Text(StringViewBuilder),
    /// Lists of JSON texts, each written as one JSON array; the text is kept for its memory.
    JsonList(StringViewBuilder, String),
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Bool(BooleanBuilder),
    Timestamp(TimestampMicrosecondBuilder),
    Date(Date32Builder),
    List(ListBuilder<StringBuilder>),
}

impl Builder {
    pub(super) fn new(kind: ColumnType, many: bool) -> Self {
        match kind {
            ColumnType::Json if many => Self::JsonList(StringViewBuilder::new(), String::new()),
            ColumnType::Text | ColumnType::Json => Self::Text(StringViewBuilder::new()),
            ColumnType::Int32 => Self::Int32(Int32Builder::new()),
            ColumnType::Int64 => Self::Int64(Int64Builder::new()),
            ColumnType::Float64 => Self::Float64(Float64Builder::new()),
            ColumnType::Bool => Self::Bool(BooleanBuilder::new()),
            ColumnType::Timestamp => Self::Timestamp(TimestampMicrosecondBuilder::new().with_timezone("UTC")),
            ColumnType::Date => Self::Date(Date32Builder::new()),
            ColumnType::TextList => Self::List(ListBuilder::new(StringBuilder::new())),
        }
    }

    /// Adds a row. A cell holds nothing but its column's type, so any other pair is a null.
    pub(super) fn append(&mut self, cell: &Cell<'_>) {
        match (self, cell.value()) {
            (Self::Text(builder), Value::Text(text)) => builder.append_value(text),
            (Self::Text(builder), Value::Owned) => builder.append_value(cell.text()),
            (Self::Text(builder), Value::Bool(value)) => builder.append_value(if value { "true" } else { "false" }),
            (Self::JsonList(builder, text), Value::List) => {
                text.clear();
                for item in cell.items() {
                    text.push(if text.is_empty() { '[' } else { ',' });
                    text.push_str(item.unwrap_or("null"));
                }
                text.push_str(if text.is_empty() { "[]" } else { "]" });
                builder.append_value(&*text);
            }
            (Self::Text(builder) | Self::JsonList(builder, _), _) => builder.append_null(),
            (Self::Int32(builder), Value::Int(value)) => builder.append_option(i32::try_from(value).ok()),
            (Self::Int32(builder), _) => builder.append_null(),
            (Self::Int64(builder), Value::Int(value)) => builder.append_value(value),
            (Self::Int64(builder), _) => builder.append_null(),
            (Self::Float64(builder), Value::Float(value)) => builder.append_value(value),
            (Self::Float64(builder), _) => builder.append_null(),
            (Self::Bool(builder), Value::Bool(value)) => builder.append_value(value),
            (Self::Bool(builder), _) => builder.append_null(),
            (Self::Timestamp(builder), Value::Int(value)) => builder.append_value(value),
            (Self::Timestamp(builder), _) => builder.append_null(),
            (Self::Date(builder), Value::Int(value)) => builder.append_option(i32::try_from(value).ok()),
            (Self::Date(builder), _) => builder.append_null(),
            (Self::List(builder), Value::List) => {
                for item in cell.items() {
                    builder.values().append_option(item);
                }
                builder.append(true);
            }
            (Self::List(builder), _) => builder.append_null(),
        }
    }

    pub(super) fn finish(&mut self) -> ArrayRef {
        match self {
            Self::Text(builder) | Self::JsonList(builder, _) => Arc::new(builder.finish()),
            Self::Int32(builder) => Arc::new(builder.finish()),
            Self::Int64(builder) => Arc::new(builder.finish()),
            Self::Float64(builder) => Arc::new(builder.finish()),
            Self::Bool(builder) => Arc::new(builder.finish()),
            Self::Timestamp(builder) => Arc::new(builder.finish()),
            Self::Date(builder) => Arc::new(builder.finish()),
            Self::List(builder) => Arc::new(builder.finish()),
        }
    }
}
