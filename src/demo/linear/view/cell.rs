//! Values of fields.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::Node;

/// The value of a field.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::demo::linear) enum Cell<'a> {
    /// No value.
    Null,
    /// Text, ids and enum values.
    Text(Cow<'a, str>),
    /// Any number.
    Number(f64),
    /// A truth value.
    Flag(bool),
    /// A moment.
    Moment(DateTime<Utc>),
    /// A day.
    Day(NaiveDate),
    /// JSON: lists of scalars and objects.
    Json(Value),
    /// Another row.
    Row(Node),
    /// Other rows, in no order.
    Rows(Vec<Node>),
    /// There is no such field, or nothing is known of it.
    Unknown,
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(value: &'a str) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(value: &'a String) -> Self {
        Self::Text(Cow::Borrowed(value))
    }
}

impl From<String> for Cell<'_> {
    fn from(value: String) -> Self {
        Self::Text(Cow::Owned(value))
    }
}

impl From<f64> for Cell<'_> {
    fn from(value: f64) -> Self {
        Self::Number(value)
    }
}

impl From<u32> for Cell<'_> {
    fn from(value: u32) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<u8> for Cell<'_> {
    fn from(value: u8) -> Self {
        Self::Number(f64::from(value))
    }
}

impl From<bool> for Cell<'_> {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<DateTime<Utc>> for Cell<'_> {
    fn from(value: DateTime<Utc>) -> Self {
        Self::Moment(value)
    }
}

impl From<NaiveDate> for Cell<'_> {
    fn from(value: NaiveDate) -> Self {
        Self::Day(value)
    }
}

impl From<Value> for Cell<'_> {
    fn from(value: Value) -> Self {
        Self::Json(value)
    }
}

impl From<Node> for Cell<'_> {
    fn from(value: Node) -> Self {
        Self::Row(value)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
