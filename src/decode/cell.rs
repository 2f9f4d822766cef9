//! One column's value in the row that is being read: a JSON scalar → the column's type.
//!
//! A value waits here until its row ends, because an object may have a member twice (the last one counts) or not at all.

use std::fmt::{self, Write as _};
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::error::excerpt;
use super::{adf, time};
use crate::spec::{ColumnSpec, ColumnType, Cut, Decode, Path, Step};

/// What a cell has to know about its column.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: ColumnType,
    decode: Option<Decode>,
    cut: Option<Cut>,
    null_if: Vec<String>,
    /// Number of `[*]` in the path.
    pub(super) arrays: usize,
}

impl Column {
    pub(super) fn new(spec: &ColumnSpec, path: &Path) -> Self {
        let arrays = path.0.iter().filter(|step| **step == Step::All).count();
        Self { name: spec.name.clone(), kind: spec.kind, decode: spec.decode, cut: spec.cut.clone(), null_if: spec.null_if.clone(), arrays }
    }

    /// A flag beside a column of this name.
    pub(super) fn flag(name: &str, path: &Path) -> Self {
        let arrays = path.0.iter().filter(|step| **step == Step::All).count();
        Self { name: name.to_owned(), kind: ColumnType::Bool, decode: None, cut: None, null_if: Vec::new(), arrays }
    }

    /// Whether the value may be an object, so that its text is needed.
    pub(super) fn raw(&self) -> bool {
        self.kind == ColumnType::Json || self.decode == Some(Decode::Adf)
    }

    /// Whether the value is made of many leaves.
    pub(super) fn many(&self) -> bool {
        self.arrays > 0
    }

    fn stands_for_none(&self, scalar: Scalar<'_, '_>) -> bool {
        match scalar {
            _ if self.null_if.is_empty() => false,
            Scalar::Page(text) | Scalar::Text(text) => self.null_if.iter().any(|none| none == text),
            number => self.null_if.contains(&number.to_string()),
        }
    }

    /// What the API should have sent, for messages.
    pub(super) fn expected(&self) -> &'static str {
        match self.kind {
            ColumnType::Text | ColumnType::TextList => "a text",
            ColumnType::Int32 | ColumnType::Int64 => "an integer",
            ColumnType::Float64 => "a number",
            ColumnType::Bool => "true or false",
            ColumnType::Timestamp => "a time",
            ColumnType::Date => "a date",
            ColumnType::Json => "JSON",
        }
    }

    fn unit(&self) -> Option<i64> {
        match self.decode {
            Some(Decode::EpochS) => Some(1_000_000),
            Some(Decode::EpochMs) => Some(1_000),
            _ => None,
        }
    }
}

/// A JSON scalar.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scalar<'de, 't> {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// More than an [`Scalar::Int`] holds.
    Big(u64),
    /// A text that stands in the page as it is.
    Page(&'de str),
    /// A text that had escapes.
    Text(&'t str),
}

impl<'t> fmt::Display for Scalar<'t, 't> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Null => f.write_str("null"),
            Self::Bool(value) => value.fmt(f),
            Self::Int(value) => value.fmt(f),
            Self::Big(value) => value.fmt(f),
            Self::Float(value) => match serde_json::Number::from_f64(value) {
                Some(number) => number.fmt(f),
                None => value.fmt(f),
            },
            Self::Page(text) | Self::Text(text) => write!(f, "{:?}", excerpt(text, 60)),
        }
    }
}

/// A value of the column's type.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Value<'de> {
    #[default]
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(&'de str),
    /// The text is in the cell.
    Owned,
    /// The items are in the cell.
    List,
}

/// A column's value in the row that is being read.
#[derive(Debug, Default)]
pub(super) struct Cell<'de> {
    value: Value<'de>,
    /// Text that is not in the page, or the texts of all items; kept from row to row for its memory.
    text: String,
    /// Items, as places in the text.
    items: Vec<Option<Range<usize>>>,
    /// For each array on the path but the last: number of items when its current element began.
    begun: Vec<usize>,
}

impl<'de> Cell<'de> {
    /// Forgets what was read for a place below `depth` arrays: it is about to be read, maybe again.
    pub(super) fn reset(&mut self, column: &Column, depth: usize) {
        if depth == 0 {
            self.value = Value::Null;
            self.items.clear();
            self.text.clear();
        } else if depth == column.arrays {
            self.set_item(None);
        } else {
            self.items.truncate(self.begun.get(depth - 1).copied().unwrap_or(0));
        }
    }

    /// An array on the path begins.
    pub(super) fn begin_list(&mut self) {
        self.value = Value::List;
    }

    /// An element of an array on the path begins; `depth` counts that array. The last array's elements are the items: one each,
    /// null unless a leaf is found, so that lists of the same array stay side by side.
    pub(super) fn begin_element(&mut self, column: &Column, depth: usize) {
        if depth == column.arrays {
            self.items.push(None);
        } else {
            self.begun.truncate(depth - 1);
            self.begun.push(self.items.len());
        }
    }

    /// Takes a scalar.
    pub(super) fn set(&mut self, column: &Column, scalar: Scalar<'de, '_>) -> Result<(), String> {
        if column.stands_for_none(scalar) {
            self.set_null(column);
            return Ok(());
        }
        let unpacked;
        let scalar = match (column.decode, scalar) {
            (Some(Decode::Base64), Scalar::Page(text) | Scalar::Text(text)) => {
                unpacked = base64_text(text);
                unpacked.as_deref().map_or(Scalar::Null, Scalar::Text)
            }
            _ => scalar,
        };
        let written;
        let scalar = match (&column.cut, scalar) {
            (None, _) | (_, Scalar::Null) => scalar,
            (Some(cut), Scalar::Page(text)) => cut_text(cut, text).map_or(Scalar::Null, Scalar::Page),
            (Some(cut), Scalar::Text(text)) => cut_text(cut, text).map_or(Scalar::Null, Scalar::Text),
            (Some(cut), number) => {
                written = number.to_string();
                cut_text(cut, &written).map_or(Scalar::Null, Scalar::Text)
            }
        };
        if let Scalar::Null = scalar {
            self.set_null(column);
            return Ok(());
        }
        let wrong = |expected: &str| format!("expected {expected}, got {scalar}");
        self.value = match column.kind {
            ColumnType::Text | ColumnType::TextList | ColumnType::Json => return self.set_text(column, scalar).map_err(wrong),
            ColumnType::Int64 => Value::Int(integer(scalar).map_err(wrong)?),
            ColumnType::Int32 => match integer(scalar).map_err(wrong)? {
                value if i32::try_from(value).is_ok() => Value::Int(value),
                _ => return Err(wrong("an integer of 32 bits")),
            },
            ColumnType::Float64 => Value::Float(float(scalar).ok_or_else(|| wrong("a number"))?),
            ColumnType::Bool => match scalar {
                Scalar::Bool(value) => Value::Bool(value),
                Scalar::Page("true") | Scalar::Text("true") => Value::Bool(true),
                Scalar::Page("false") | Scalar::Text("false") => Value::Bool(false),
                _ => return Err(wrong("true or false")),
            },
            ColumnType::Timestamp | ColumnType::Date => moment(column, scalar).map_err(wrong)?,
        };
        Ok(())
    }

    /// Takes the JSON text of whatever stands at the column's path.
    pub(super) fn set_raw(&mut self, column: &Column, json: &'de str) -> Result<(), String> {
        if json == "null" {
            self.set_null(column);
        } else if column.kind == ColumnType::Json {
            if column.many() { self.set_item(Some(json)) } else { self.value = Value::Text(json) }
        } else if json.starts_with('{') {
            let text = adf::plain_text(json).map_err(|error| format!("no Atlassian document: {error}"))?;
            self.set(column, Scalar::Text(&text))?;
        } else {
            let scalar: serde_json::Value = serde_json::from_str(json).map_err(|error| error.to_string())?;
            let serde_json::Value::String(text) = scalar else {
                return Err(format!("expected an Atlassian document or a text, got {}", excerpt(json, 60)));
            };
            self.set(column, Scalar::Text(&text))?;
        }
        Ok(())
    }

    fn set_null(&mut self, column: &Column) {
        if column.many() { self.set_item(None) } else { self.value = Value::Null }
    }

    fn set_text(&mut self, column: &Column, scalar: Scalar<'de, '_>) -> Result<(), &'static str> {
        if let Scalar::Float(value) = scalar
            && value.abs() >= 18_446_744_073_709_551_616.0
        {
            return Err("a text, or a number that keeps its digits");
        }
        match scalar {
            Scalar::Page(text) | Scalar::Text(text) if column.many() => self.set_item(Some(text)),
            Scalar::Page(text) => self.value = Value::Text(text),
            scalar if column.many() => self.set_item(Some(&scalar.to_string())),
            Scalar::Bool(value) => self.value = Value::Bool(value),
            scalar => {
                self.value = Value::Owned;
                self.text.clear();
                match scalar {
                    Scalar::Text(text) => self.text.push_str(text),
                    other => write!(self.text, "{other}").map_err(|_| "a text")?,
                }
            }
        }
        Ok(())
    }

    fn set_item(&mut self, text: Option<&str>) {
        if let Some(item) = self.items.last_mut() {
            *item = text.map(|text| {
                let start = self.text.len();
                self.text.push_str(text);
                start..self.text.len()
            });
        }
    }

    /// The value; texts and items that are not in the page are asked for separately.
    pub(super) fn value(&self) -> Value<'de> {
        self.value
    }

    /// The text of [`Value::Owned`].
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The items of [`Value::List`].
    pub(super) fn items(&self) -> impl Iterator<Item = Option<&str>> {
        self.items.iter().map(|item| item.clone().and_then(|place| self.text.get(place)))
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "only whole numbers inside the type's range are cast")]
fn integer(scalar: Scalar<'_, '_>) -> Result<i64, &'static str> {
    const WIDE: &str = "an integer of 64 bits";
    let whole = |value: f64| match value {
        _ if value.fract() != 0.0 => Err("an integer"),
        _ if value >= i64::MIN as f64 && value < -(i64::MIN as f64) => Ok(value as i64),
        _ => Err(WIDE),
    };
    match scalar {
        Scalar::Int(value) => Ok(value),
        Scalar::Big(_) => Err(WIDE),
        Scalar::Float(value) => whole(value),
        Scalar::Page(text) | Scalar::Text(text) => match text.parse() {
            Ok(value) => Ok(value),
            Err(_) => float(scalar).map_or(Err("an integer"), whole),
        },
        Scalar::Null | Scalar::Bool(_) => Err("an integer"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a double is what the column holds")]
fn float(scalar: Scalar<'_, '_>) -> Option<f64> {
    match scalar {
        Scalar::Int(value) => Some(value as f64),
        Scalar::Big(value) => Some(value as f64),
        Scalar::Float(value) => Some(value),
        // Rust also reads "inf" and "nan", which no API means as a number.
        Scalar::Page(text) | Scalar::Text(text) => text.parse().ok().filter(|value: &f64| value.is_finite()),
        Scalar::Null | Scalar::Bool(_) => None,
    }
}

/// A time or a date; an empty text is how many APIs write that there is none.
fn moment<'de>(column: &Column, scalar: Scalar<'_, '_>) -> Result<Value<'de>, &'static str> {
    let day = column.kind == ColumnType::Date;
    let micros = match (scalar, column.unit()) {
        (Scalar::Page("") | Scalar::Text(""), _) => return Ok(Value::Null),
        (Scalar::Page(text) | Scalar::Text(text), None) if day => return time::date(text).map(|days| Value::Int(days.into())),
        (Scalar::Page(text) | Scalar::Text(text), None) => time::timestamp(text)?,
        (Scalar::Page(text) | Scalar::Text(text), Some(unit)) => time::epoch_text(text, unit)?,
        (Scalar::Int(count), Some(unit)) => time::epoch(count, unit)?,
        (Scalar::Float(count), Some(unit)) => time::epoch_float(count, unit)?,
        _ => return Err(column.expected()),
    };
    if day { time::day_of(micros).map(|days| Value::Int(days.into())) } else { Ok(Value::Int(micros)) }
}

/// The part of a text that is kept; none if a mark that it starts behind is missing.
fn cut_text<'t>(cut: &Cut, text: &'t str) -> Option<&'t str> {
    let mut rest = text;
    if let Some(mark) = &cut.after {
        rest = &rest[memchr::memmem::find(rest.as_bytes(), mark.as_bytes())? + mark.len()..];
    }
    if let Some(mark) = &cut.after_last {
        rest = rest.rsplit_once(mark.as_str())?.1;
    }
    if let Some(mark) = &cut.before {
        rest = rest.split_once(mark.as_str()).map_or(rest, |(head, _)| head);
    }
    if let Some(mark) = &cut.before_last {
        rest = rest.rsplit_once(mark.as_str()).map_or(rest, |(head, _)| head);
    }
    Some(rest)
}

/// The UTF-8 text in base64 of either alphabet, padded or not, on one line or many.
fn base64_text(text: &str) -> Option<String> {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    let packed: Vec<u8> = text.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
    let engine = if packed.iter().any(|c| matches!(c, b'-' | b'_')) { URL_SAFE } else { STANDARD };
    String::from_utf8(engine.decode(packed).ok()?).ok()
}
