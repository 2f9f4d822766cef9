//! Comparators of single values: `{eq: …}`, `{in: […]}`, `{contains: …}` and the rest.
//!
//! What they do with a missing value is not what SQL does. On a field without a value `neq` fails and `nin` holds; behind a
//! relation that is missing both hold. A null operand is a condition, not an absent one: comparisons with it fail for every
//! row, all others hold for every row.

use std::cmp::Ordering;

use async_graphql::Value;
use chrono::{DateTime, NaiveDate, Utc};

use super::{Object, moment};
use crate::demo::linear::refusal::Refusal;
use crate::demo::linear::view::{Cell, Kind, View};

/// Operators that read as a negation; what a quantifier says of an empty collection depends on it.
pub(super) const NEGATIVE: [&str; 7] =
    ["neq", "nin", "neqIgnoreCase", "notContains", "notContainsIgnoreCase", "notStartsWith", "notEndsWith"];

/// What a row is compared with.
#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Text(String),
    Number(f64),
    Flag(bool),
    Moment(DateTime<Utc>),
    Day(NaiveDate),
}

/// How text is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Match {
    Whole,
    Start,
    End,
    Part,
}

/// One operator with its operand.
#[derive(Clone, Debug)]
enum Check {
    Constant(bool),
    Null(bool),
    Order(fn(Ordering) -> bool, Operand),
    NotEqual(Operand),
    In(Vec<Operand>),
    NotIn(Vec<Operand>),
    Text { how: Match, fold: bool, negated: bool, operand: String },
    All(Vec<Comparator>),
    Any(Vec<Comparator>),
}

/// Operators that all have to hold.
#[derive(Clone, Debug)]
pub(in crate::demo::linear) struct Comparator {
    checks: Vec<Check>,
    /// Whether a row without a value meets no operator at all.
    needs_value: bool,
}

/// What a comparator compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Subject {
    Text,
    Id,
    IssueId,
    Number,
    Flag,
    Moment,
    Day,
}

impl Subject {
    fn of(comparator: &str) -> Option<Self> {
        Some(match comparator {
            "StringComparator" | "NullableStringComparator" | "SourceTypeComparator" | "TeamVisibilityComparator" => Self::Text,
            "IDComparator" => Self::Id,
            "IssueIDComparator" => Self::IssueId,
            "NumberComparator" | "NullableNumberComparator" | "EstimateComparator" => Self::Number,
            "BooleanComparator" | "RelationExistsComparator" => Self::Flag,
            "DateComparator" | "NullableDateComparator" => Self::Moment,
            "NullableTimelessDateComparator" => Self::Day,
            _ => return None,
        })
    }
}

impl Comparator {
    /// Reads a comparator of the type of the given name, found under `key`.
    pub(super) fn read(view: &View, comparator: &str, key: &str, object: &Object) -> Result<Self, Refusal> {
        let Some(subject) = Subject::of(comparator) else {
            return Err(Refusal::unknown_meaning(format!("what {comparator} does with \"{key}\"")));
        };
        let checks = object.iter().map(|(operator, operand)| check(view, subject, (comparator, key), operator, operand));
        Ok(Self { checks: checks.collect::<Result<_, _>>()?, needs_value: comparator == "SourceTypeComparator" })
    }

    /// Whether a value meets it. `None` stands for a value behind a relation that is missing.
    pub(super) fn holds(&self, value: Option<&Cell<'_>>) -> bool {
        if self.needs_value && matches!(value, None | Some(Cell::Null)) {
            return false;
        }
        self.checks.iter().all(|check| check.holds(value))
    }
}

fn check(view: &View, subject: Subject, (comparator, key): (&str, &str), operator: &str, operand: &Value) -> Result<Check, Refusal> {
    let one = |operand: &Value| read(view, subject, key, operand);
    let many = |operand: &Value| match operand {
        Value::List(list) => list.iter().map(one).collect::<Result<Vec<_>, _>>(),
        single => Ok(vec![one(single)?]),
    };
    let nested = |operand: &Value| {
        let Value::List(list) = operand else { return Ok(Vec::new()) };
        let objects = list.iter().filter_map(|each| if let Value::Object(object) = each { Some(object) } else { None });
        objects.map(|object| Comparator::read(view, comparator, key, object)).collect::<Result<Vec<_>, _>>()
    };
    Ok(match (operator, operand) {
        // On the operator `null` itself a null operand reads as true.
        ("null", operand) => Check::Null(*operand != Value::Boolean(false)),
        ("and" | "or", Value::Null) => Check::Constant(true),
        ("and", operand) => Check::All(nested(operand)?),
        ("or", operand) => Check::Any(nested(operand)?),
        ("eq" | "neq" | "lt" | "lte" | "gt" | "gte", Value::Null) => Check::Constant(false),
        (_, Value::Null) => Check::Constant(true),
        ("eq", operand) => Check::Order(Ordering::is_eq, one(operand)?),
        ("lt", operand) => Check::Order(Ordering::is_lt, one(operand)?),
        ("lte", operand) => Check::Order(Ordering::is_le, one(operand)?),
        ("gt", operand) => Check::Order(Ordering::is_gt, one(operand)?),
        ("gte", operand) => Check::Order(Ordering::is_ge, one(operand)?),
        ("neq", operand) => Check::NotEqual(one(operand)?),
        ("in", operand) => Check::In(many(operand)?),
        ("nin", operand) => Check::NotIn(many(operand)?),
        (operator, Value::String(operand)) => text(operator, operand)?,
        (operator, _) => return Err(Refusal::unknown_meaning(format!("the operator \"{operator}\""))),
    })
}

fn text(operator: &str, operand: &str) -> Result<Check, Refusal> {
    let (how, fold, negated) = match operator {
        "eqIgnoreCase" => (Match::Whole, true, false),
        "neqIgnoreCase" => (Match::Whole, true, true),
        "startsWith" => (Match::Start, false, false),
        "startsWithIgnoreCase" => (Match::Start, true, false),
        "notStartsWith" => (Match::Start, false, true),
        "endsWith" => (Match::End, false, false),
        "notEndsWith" => (Match::End, false, true),
        "contains" => (Match::Part, false, false),
        "notContains" => (Match::Part, false, true),
        "containsIgnoreCase" => (Match::Part, true, false),
        "notContainsIgnoreCase" => (Match::Part, true, true),
        _ => return Err(Refusal::unknown_meaning(format!("the operator \"{operator}\""))),
    };
    Ok(Check::Text { how, fold, negated, operand: if fold { operand.to_lowercase() } else { operand.to_owned() } })
}

fn read(view: &View, subject: Subject, key: &str, operand: &Value) -> Result<Operand, Refusal> {
    let moment = |text: &str| moment::parse(text, view.data.now).map_err(Refusal::argument);
    Ok(match (subject, operand) {
        (Subject::Text, Value::String(text)) => Operand::Text(text.clone()),
        (Subject::Text, Value::Enum(name)) => Operand::Text(name.to_string()),
        (Subject::Id, Value::String(id)) => Operand::Text(well_formed(id)?.to_lowercase()),
        (Subject::IssueId, Value::String(id)) => match view.data.identified(well_formed(id)?) {
            Some(at) => Operand::Text(view.record(Kind::Issue.at(at)).id.clone()),
            None => Operand::Text(id.to_lowercase()),
        },
        // The coercion of ids lets whole numbers pass.
        (Subject::Id | Subject::IssueId, Value::Number(id)) => Operand::Text(id.to_string()),
        (Subject::Number, Value::Number(number)) => {
            let number = number.as_f64().unwrap_or(f64::NAN);
            if key == "number" && (number < 1.0 || number.fract() != 0.0) {
                return Err(Refusal::argument("number comparisons must use positive integers."));
            }
            Operand::Number(number)
        }
        (Subject::Flag, Value::Boolean(flag)) => Operand::Flag(*flag),
        (Subject::Moment, Value::String(text)) => Operand::Moment(moment(text)?),
        (Subject::Day, Value::String(text)) => Operand::Day(moment(text)?.date_naive()),
        (_, other) => return Err(Refusal::unknown_meaning(format!("the operand {other} for \"{key}\""))),
    })
}

/// Refuses what has the shape of a UUID and isn't one: the digit of the variant has to be 8, 9, a or b.
fn well_formed(id: &str) -> Result<&str, Refusal> {
    let parts: Vec<&str> = id.split('-').collect();
    let lengths = parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12]);
    let shaped = lengths && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if shaped && !parts[3].starts_with(['8', '9', 'a', 'b', 'A', 'B']) {
        return Err(Refusal::argument("id must be a UUID."));
    }
    Ok(id)
}

impl Check {
    fn holds(&self, value: Option<&Cell<'_>>) -> bool {
        let present = value.filter(|cell| **cell != Cell::Null);
        match self {
            Self::Constant(holds) => *holds,
            Self::Null(null) => present.is_none() == *null,
            Self::Order(wanted, operand) => present.is_some_and(|cell| operand.against(cell).is_some_and(wanted)),
            Self::NotEqual(operand) => match present {
                Some(cell) => !operand.equals(cell),
                None => value.is_none(),
            },
            Self::In(operands) => present.is_some_and(|cell| operands.iter().any(|operand| operand.equals(cell))),
            Self::NotIn(operands) => !present.is_some_and(|cell| operands.iter().any(|operand| operand.equals(cell))),
            Self::Text { how, fold, negated, operand } => match present {
                Some(Cell::Text(text)) => {
                    let folded = if *fold { text.to_lowercase() } else { text.to_string() };
                    let found = match how {
                        Match::Whole => folded == *operand,
                        Match::Start => folded.starts_with(operand),
                        Match::End => folded.ends_with(operand),
                        Match::Part => folded.contains(operand),
                    };
                    found != *negated
                }
                Some(_) => false,
                // Of the negations of text only this one is known to keep rows without the relation.
                None => value.is_none() && *negated && *how == Match::Whole,
            },
            Self::All(comparators) => comparators.iter().all(|comparator| comparator.holds(value)),
            Self::Any(comparators) => comparators.is_empty() || comparators.iter().any(|comparator| comparator.holds(value)),
        }
    }
}

impl Operand {
    fn equals(&self, cell: &Cell<'_>) -> bool {
        self.against(cell) == Some(Ordering::Equal)
    }

    /// How a value stands to it; `None` if they are not of one type.
    fn against(&self, cell: &Cell<'_>) -> Option<Ordering> {
        match (cell, self) {
            (Cell::Text(value), Self::Text(operand)) => Some(value.as_ref().cmp(operand)),
            (Cell::Number(value), Self::Number(operand)) => value.partial_cmp(operand),
            (Cell::Flag(value), Self::Flag(operand)) => Some(value.cmp(operand)),
            (Cell::Moment(value), Self::Moment(operand)) => Some(value.cmp(operand)),
            (Cell::Day(value), Self::Day(operand)) => Some(value.cmp(operand)),
            // A day is compared with the day of the moment.
            (Cell::Day(value), Self::Moment(operand)) => Some(value.cmp(&operand.date_naive())),
            _ => None,
        }
    }
}
