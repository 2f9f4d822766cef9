//! Values, ranges, and the grid on which a column's values lie.

use std::cmp::Ordering;

use super::Test;

/// A literal, typed as the column it is compared with. There is no NULL: a comparison with NULL holds for no row.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Boolean.
    Bool(bool),
    /// Integer.
    Int(i64),
    /// Double-precision number, never NaN.
    Float(f64),
    /// Text.
    Text(String),
    /// Microseconds since 1970, UTC.
    Time(i64),
    /// Days since 1970.
    Date(i32),
}

impl Value {
    /// Order among values of one type; values of different types are not compared.
    pub fn order(&self, other: &Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => Some(a.cmp(b)),
            (Self::Int(a), Self::Int(b)) | (Self::Time(a), Self::Time(b)) => Some(a.cmp(b)),
            (Self::Float(a), Self::Float(b)) => a.partial_cmp(b),
            (Self::Text(a), Self::Text(b)) => Some(a.cmp(b)),
            (Self::Date(a), Self::Date(b)) => Some(a.cmp(b)),
            _ => None,
        }
    }

    /// The text, if it is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

pub(super) fn sorted(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_by(|a, b| a.order(b).unwrap_or(Ordering::Equal));
    values.dedup();
    values
}

/// Comparison operators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// `=`
    Eq,
    /// `<>`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl Op {
    /// The operator with its sides exchanged: `a < b` is `b > a`.
    #[must_use]
    pub fn mirrored(self) -> Self {
        match self {
            Self::Lt => Self::Gt,
            Self::Le => Self::Ge,
            Self::Gt => Self::Lt,
            Self::Ge => Self::Le,
            same => same,
        }
    }

    /// The operator that is TRUE where this one is FALSE.
    #[must_use]
    pub fn negated(self) -> Self {
        match self {
            Self::Eq => Self::Ne,
            Self::Ne => Self::Eq,
            Self::Lt => Self::Ge,
            Self::Le => Self::Gt,
            Self::Gt => Self::Le,
            Self::Ge => Self::Lt,
        }
    }
}

/// One end of a range.
#[derive(Clone, Debug, PartialEq)]
pub struct Edge {
    /// Where it is.
    pub value: Value,
    /// Whether the value itself belongs to the range.
    pub inclusive: bool,
}

/// A range with at least one end. On a grid the low end is inclusive and the high end is exclusive.
#[derive(Clone, Debug, PartialEq)]
pub struct Range {
    /// Lower end.
    pub low: Option<Edge>,
    /// Upper end.
    pub high: Option<Edge>,
}

impl Range {
    /// Whether a value lies in it.
    pub fn contains(&self, value: &Value) -> bool {
        let above = self.low.as_ref().is_none_or(|low| match value.order(&low.value) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => low.inclusive,
            _ => false,
        });
        let below = self.high.as_ref().is_none_or(|high| match value.order(&high.value) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => high.inclusive,
            _ => false,
        });
        above && below
    }

    /// Values in both ranges.
    #[must_use]
    pub fn intersect(self, other: Self) -> Self {
        let pick = |a: Option<Edge>, b: Option<Edge>, wins: Ordering| match (a, b) {
            (Some(a), Some(b)) => Some(match a.value.order(&b.value) {
                Some(Ordering::Equal) => Edge { inclusive: a.inclusive && b.inclusive, value: a.value },
                Some(order) if order == wins => a,
                _ => b,
            }),
            (a, b) => a.or(b),
        };
        Self { low: pick(self.low, other.low, Ordering::Greater), high: pick(self.high, other.high, Ordering::Less) }
    }

    /// Whether no value can lie in it.
    pub fn is_empty(&self) -> bool {
        match (&self.low, &self.high) {
            (Some(low), Some(high)) => match low.value.order(&high.value) {
                Some(Ordering::Greater) => true,
                Some(Ordering::Equal) => !(low.inclusive && high.inclusive),
                _ => false,
            },
            _ => false,
        }
    }
}

/// Where a column's values lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// Times: multiples of this many microseconds since 1970.
    Time(i64),
    /// Whole days.
    Date,
    /// Integers.
    Int,
    /// Anywhere: texts, floats, booleans.
    Dense,
}

impl Grid {
    /// The step to the next value, in the column's own unit.
    pub fn step(self) -> i64 {
        match self {
            Self::Time(step) => step,
            _ => 1,
        }
    }

    /// The test `x op value`, in half-open form on the grid; none if no value passes it.
    pub(super) fn test(self, op: Op, value: Value) -> Option<Test> {
        let edge = |value: Value, inclusive: bool| Some(Edge { value, inclusive });
        if self == Self::Dense {
            return Some(match op {
                Op::Eq => Test::In(vec![value]),
                Op::Ne => Test::NotIn(vec![value]),
                Op::Gt | Op::Ge => Test::Range(Range { low: edge(value, op == Op::Ge), high: None }),
                Op::Lt | Op::Le => Test::Range(Range { low: None, high: edge(value, op == Op::Le) }),
            });
        }
        let at = match &value {
            Value::Time(at) | Value::Int(at) => i128::from(*at),
            Value::Date(day) => i128::from(*day),
            _ => return Some(Test::NotNull),
        };
        let step = i128::from(self.step());
        let floor = at.div_euclid(step) * step;
        self.test_between(op, floor, floor == at)
    }

    /// As [`Grid::test`] for a literal that lies at the grid's point `floor` (`exact`) or between it and the next.
    /// Points beyond what a column can hold are handled as what they are: beyond.
    pub(crate) fn test_between(self, op: Op, floor: i128, exact: bool) -> Option<Test> {
        let next = floor + i128::from(self.step());
        let low = |at: i128| match self.value(at) {
            Some(value) => Some(Test::Range(Range { low: Some(Edge { value, inclusive: true }), high: None })),
            None if at > 0 => None,
            None => Some(Test::NotNull),
        };
        let high = |at: i128| match self.value(at) {
            Some(value) => Some(Test::Range(Range { low: None, high: Some(Edge { value, inclusive: false }) })),
            None if at < 0 => None,
            None => Some(Test::NotNull),
        };
        match op {
            Op::Eq => exact.then(|| self.value(floor)).flatten().map(|value| Test::In(vec![value])),
            Op::Ne => Some(exact.then(|| self.value(floor)).flatten().map_or(Test::NotNull, |value| Test::NotIn(vec![value]))),
            Op::Ge => low(if exact { floor } else { next }),
            Op::Gt => low(next),
            Op::Lt => high(if exact { floor } else { next }),
            Op::Le => high(next),
        }
    }

    /// The value at a point, if the column's type can hold it.
    pub(crate) fn value(self, at: i128) -> Option<Value> {
        match self {
            Self::Time(_) => i64::try_from(at).ok().map(Value::Time),
            Self::Int => i64::try_from(at).ok().map(Value::Int),
            Self::Date => i32::try_from(at).ok().map(Value::Date),
            Self::Dense => None,
        }
    }
}
