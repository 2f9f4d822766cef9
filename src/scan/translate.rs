//! From physical expressions, as `DataFusion` hands them down after coercion, to predicates.
//!
//! Whatever is not recognised becomes [`Predicate::Opaque`]: nothing is asked for it, and the recheck decides.

use std::sync::Arc;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, NaiveTime};
use datafusion::arrow::datatypes::{DataType, TimeUnit};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Operator;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{
    BinaryExpr, CastExpr, Column, InListExpr, IsNotNullExpr, IsNullExpr, Literal, NotExpr, TryCastExpr,
};

use crate::predicate::{Edge, Grid, Op, Predicate, Range, Test, Value};
use crate::spec::{ColumnType, TableSpec};

const DAY: i128 = 86_400_000_000;

/// The predicate that an expression over the table's own columns (by their positions) states.
pub(super) fn predicate(expr: &Arc<dyn PhysicalExpr>, table: &TableSpec) -> Predicate {
    predicate_over(expr, &|column| (table.columns[column].kind, crate::request::grid(table, column)))
}

/// The predicate that an expression over columns (by their positions) of these types and grids states.
pub(crate) fn predicate_over(expr: &Arc<dyn PhysicalExpr>, columns: &dyn Fn(usize) -> (ColumnType, Grid)) -> Predicate {
    Translator { columns }.walk(expr, false)
}

struct Translator<'a> {
    /// What a column's values are, and where they lie.
    columns: &'a dyn Fn(usize) -> (ColumnType, Grid),
}

/// What stands on one side of a comparison.
#[derive(Clone, Copy, Debug)]
enum Side {
    /// A column itself.
    Column(usize),
    /// A time as one of another zone than UTC: the same instant, but what is cut from it is cut by another clock.
    Zoned(usize),
    /// The day of a time.
    Day(usize),
    /// A time cut to a unit.
    Cut(usize, Unit),
    /// The year of a time, as a number.
    Year(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

impl Translator<'_> {
    fn kind(&self, column: usize) -> ColumnType {
        (self.columns)(column).0
    }

    fn grid(&self, column: usize) -> Grid {
        (self.columns)(column).1
    }

    fn walk(&self, expr: &Arc<dyn PhysicalExpr>, negated: bool) -> Predicate {
        if let Some(literal) = expr.downcast_ref::<Literal>() {
            return match literal.value() {
                ScalarValue::Boolean(Some(value)) if *value != negated => Predicate::True,
                // NULL holds for nothing, and neither does its negation.
                ScalarValue::Boolean(_) | ScalarValue::Null => Predicate::False,
                _ => Predicate::Opaque,
            };
        }
        if let Some(not) = expr.downcast_ref::<NotExpr>() {
            return self.walk(not.arg(), !negated);
        }
        if let Some(binary) = expr.downcast_ref::<BinaryExpr>() {
            return self.binary(binary, negated);
        }
        if let Some(test) = expr.downcast_ref::<IsNullExpr>() {
            return self.null(test.arg(), !negated);
        }
        if let Some(test) = expr.downcast_ref::<IsNotNullExpr>() {
            return self.null(test.arg(), negated);
        }
        if let Some(list) = expr.downcast_ref::<InListExpr>() {
            return self.list(list, negated);
        }
        if let Some(function) = expr.downcast_ref::<ScalarFunctionExpr>() {
            return if negated { Predicate::Opaque } else { self.function(function) };
        }
        match self.side(expr) {
            Some(Side::Column(column)) if self.kind(column) == ColumnType::Bool => {
                Predicate::leaf(column, Test::In(vec![Value::Bool(!negated)]))
            }
            _ => Predicate::Opaque,
        }
    }

    fn binary(&self, binary: &BinaryExpr, negated: bool) -> Predicate {
        let both = || [self.walk(binary.left(), negated), self.walk(binary.right(), negated)];
        let op = match binary.op() {
            Operator::And if negated => return Predicate::or(both()),
            Operator::And => return Predicate::and(both()),
            Operator::Or if negated => return Predicate::and(both()),
            Operator::Or => return Predicate::or(both()),
            Operator::Eq => Op::Eq,
            Operator::NotEq => Op::Ne,
            Operator::Lt => Op::Lt,
            Operator::LtEq => Op::Le,
            Operator::Gt => Op::Gt,
            Operator::GtEq => Op::Ge,
            _ => return Predicate::Opaque,
        };
        let (side, op, literal) = match (constant(binary.left()), constant(binary.right())) {
            (None, Some(literal)) => (self.side(binary.left()), op, literal),
            (Some(literal), None) => (self.side(binary.right()), op.mirrored(), literal),
            _ => return Predicate::Opaque,
        };
        let Some(side) = side else { return Predicate::Opaque };
        self.compare(side, if negated { op.negated() } else { op }, &literal)
    }

    fn null(&self, arg: &Arc<dyn PhysicalExpr>, is_null: bool) -> Predicate {
        match self.side(arg) {
            Some(Side::Column(column) | Side::Zoned(column)) => Predicate::leaf(column, if is_null { Test::Null } else { Test::NotNull }),
            _ => Predicate::Opaque,
        }
    }

    fn list(&self, list: &InListExpr, negated: bool) -> Predicate {
        let Some(side) = self.side(list.expr()) else { return Predicate::Opaque };
        let Some(literals) = list.list().iter().map(constant).collect::<Option<Vec<_>>>() else { return Predicate::Opaque };
        if list.negated() == negated {
            return Predicate::or(literals.iter().filter(|literal| !literal.is_null()).map(|literal| self.compare(side, Op::Eq, literal)));
        }
        // x NOT IN (…, NULL) is never TRUE.
        Predicate::and(literals.iter().map(|literal| self.compare(side, Op::Ne, literal)))
    }

    /// Tests of list columns.
    fn function(&self, function: &ScalarFunctionExpr) -> Predicate {
        let [list, wanted] = function.args() else { return Predicate::Opaque };
        let Some(Side::Column(column)) = self.side(list) else { return Predicate::Opaque };
        if self.kind(column) != ColumnType::TextList {
            return Predicate::Opaque;
        }
        let Some(wanted) = constant(wanted) else { return Predicate::Opaque };
        let has = |text: &ScalarValue| match text.try_as_str() {
            Some(Some(text)) => Predicate::leaf(column, Test::Has(Value::Text(text.to_owned()))),
            _ => Predicate::Opaque,
        };
        match function.name() {
            "array_has" => has(&wanted),
            "array_has_any" => elements(&wanted).map_or(Predicate::Opaque, |all| Predicate::or(all.iter().map(has))),
            "array_has_all" => elements(&wanted).map_or(Predicate::Opaque, |all| Predicate::and(all.iter().map(has))),
            _ => Predicate::Opaque,
        }
    }

    /// The side of a comparison that follows from one column, in a way that keeps its order.
    fn side(&self, expr: &Arc<dyn PhysicalExpr>) -> Option<Side> {
        if let Some(column) = expr.downcast_ref::<Column>() {
            return Some(Side::Column(column.index()));
        }
        let cast = expr.downcast_ref::<CastExpr>().map(|cast| (cast.expr(), cast.cast_type()));
        let cast = cast.or_else(|| expr.downcast_ref::<TryCastExpr>().map(|cast| (cast.expr(), cast.cast_type())));
        if let Some((inner, to)) = cast {
            let inner = self.side(inner)?;
            let from = |column: usize| self.kind(column);
            return match (inner, to) {
                (Side::Column(column), DataType::Date32) if from(column) == ColumnType::Timestamp => Some(Side::Day(column)),
                (Side::Column(column), DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, zone))
                    if from(column) == ColumnType::Timestamp =>
                {
                    Some(if zone.as_deref().is_none_or(is_utc) { inner } else { Side::Zoned(column) })
                }
                // As a time of a zone, a day begins when it does there; and what is cut from such a time is cut there.
                (Side::Day(_) | Side::Cut(..), DataType::Timestamp(_, Some(zone))) if !is_utc(zone) => None,
                (Side::Column(column), DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, zone))
                    if from(column) == ColumnType::Date && zone.as_deref().is_none_or(is_utc) =>
                {
                    Some(inner)
                }
                (Side::Column(column), DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View) if from(column) == ColumnType::Text => {
                    Some(inner)
                }
                (Side::Column(column), DataType::Int64 | DataType::Float64)
                    if matches!(from(column), ColumnType::Int32 | ColumnType::Int64 | ColumnType::Float64) =>
                {
                    (to == &DataType::Float64 || from(column) != ColumnType::Float64).then_some(inner)
                }
                (Side::Day(_) | Side::Cut(..), DataType::Timestamp(TimeUnit::Microsecond | TimeUnit::Nanosecond, _))
                | (Side::Year(_), DataType::Int64 | DataType::Int32) => Some(inner),
                _ => None,
            };
        }
        let function = expr.downcast_ref::<ScalarFunctionExpr>()?;
        let [part, time] = function.args() else { return None };
        let Some(Side::Column(column)) = self.side(time) else { return None };
        if self.kind(column) != ColumnType::Timestamp {
            return None;
        }
        let part = constant(part)?;
        let part = part.try_as_str()??.to_lowercase();
        match function.name() {
            "date_trunc" => Unit::parse(&part).map(|unit| Side::Cut(column, unit)),
            "date_part" if part == "year" => Some(Side::Year(column)),
            _ => None,
        }
    }

    fn compare(&self, side: Side, op: Op, literal: &ScalarValue) -> Predicate {
        if literal.is_null() {
            return Predicate::False;
        }
        match side {
            Side::Column(column) | Side::Zoned(column) => self.compare_column(column, op, literal),
            Side::Day(column) => match instant(literal) {
                Some(nanos) if nanos.rem_euclid(DAY * 1_000) == 0 => self.compare_cut(column, Unit::Day, op, nanos / 1_000),
                _ => Predicate::Opaque,
            },
            Side::Cut(column, unit) => match instant(literal) {
                Some(nanos) => self.compare_cut_nanos(column, unit, op, nanos),
                None => Predicate::Opaque,
            },
            Side::Year(column) => {
                match integer(literal).and_then(|year| i32::try_from(year).ok()).and_then(|year| NaiveDate::from_ymd_opt(year, 1, 1)) {
                    Some(start) => self.compare_cut(column, Unit::Year, op, micros(start)),
                    None => Predicate::Opaque,
                }
            }
        }
    }

    fn compare_column(&self, column: usize, op: Op, literal: &ScalarValue) -> Predicate {
        let grid = self.grid(column);
        let on_grid = |floor: i128, exact: bool| match grid.test_between(op, floor, exact) {
            Some(test) => Predicate::leaf(column, test),
            None => Predicate::False,
        };
        match self.kind(column) {
            ColumnType::Timestamp | ColumnType::Date => {
                let Some(nanos) = instant(literal) else { return Predicate::Opaque };
                let (step, unit) = if let Grid::Time(step) = grid { (i128::from(step), 1_000) } else { (1, DAY * 1_000) };
                on_grid(nanos.div_euclid(step * unit) * step, nanos.rem_euclid(step * unit) == 0)
            }
            ColumnType::Int32 | ColumnType::Int64 => {
                if let Some(number) = integer(literal) {
                    return on_grid(number, true);
                }
                match float(literal) {
                    // Beyond 2^53 a double no longer tells neighbouring integers apart.
                    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
                    Some(number) if number.abs() < 9.0e15 => on_grid(number.floor() as i128, number.fract() == 0.0),
                    _ => Predicate::Opaque,
                }
            }
            ColumnType::Float64 => match float(literal) {
                Some(number) => Predicate::compare(column, grid, op, Value::Float(number)),
                None => Predicate::Opaque,
            },
            ColumnType::Text => match literal.try_as_str() {
                Some(Some(text)) => Predicate::compare(column, grid, op, Value::Text(text.to_owned())),
                _ => Predicate::Opaque,
            },
            ColumnType::Bool => match literal {
                ScalarValue::Boolean(Some(flag)) if matches!(op, Op::Eq | Op::Ne) => {
                    Predicate::leaf(column, Test::In(vec![Value::Bool(*flag == (op == Op::Eq))]))
                }
                _ => Predicate::Opaque,
            },
            ColumnType::TextList | ColumnType::Json => Predicate::Opaque,
        }
    }

    fn compare_cut_nanos(&self, column: usize, unit: Unit, op: Op, nanos: i128) -> Predicate {
        let at = nanos.div_euclid(1_000);
        let Some(start) = unit.start(at) else { return Predicate::Opaque };
        if start * 1_000 == nanos {
            return self.compare_cut(column, unit, op, start);
        }
        // The literal lies inside of a unit: no cut time equals it.
        match op {
            Op::Eq => Predicate::False,
            Op::Ne => Predicate::leaf(column, Test::NotNull),
            Op::Lt | Op::Le => self.compare_cut(column, unit, Op::Le, start),
            Op::Gt | Op::Ge => self.compare_cut(column, unit, Op::Gt, start),
        }
    }

    /// `cut(column) op start`, where `start` is the first instant of a unit.
    fn compare_cut(&self, column: usize, unit: Unit, op: Op, start: i128) -> Predicate {
        let Some(next) = unit.next(start) else { return Predicate::Opaque };
        let (Ok(start), Ok(next)) = (i64::try_from(start), i64::try_from(next)) else { return Predicate::Opaque };
        let step = self.grid(column).step();
        if start.rem_euclid(step) != 0 || next.rem_euclid(step) != 0 {
            return Predicate::Opaque;
        }
        let low = |at: i64| Some(Edge { value: Value::Time(at), inclusive: true });
        let high = |at: i64| Some(Edge { value: Value::Time(at), inclusive: false });
        let range = |low, high| Predicate::leaf(column, Test::Range(Range { low, high }));
        match op {
            Op::Eq => range(low(start), high(next)),
            Op::Ne => Predicate::or([range(None, high(start)), range(low(next), None)]),
            Op::Lt => range(None, high(start)),
            Op::Le => range(None, high(next)),
            Op::Gt => range(low(next), None),
            Op::Ge => range(low(start), None),
        }
    }
}

impl Unit {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "second" => Self::Second,
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day" => Self::Day,
            "week" => Self::Week,
            "month" => Self::Month,
            "quarter" => Self::Quarter,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// Length in microseconds, if it is always the same.
    fn length(self) -> Option<i128> {
        match self {
            Self::Second => Some(1_000_000),
            Self::Minute => Some(60_000_000),
            Self::Hour => Some(3_600_000_000),
            Self::Day => Some(DAY),
            Self::Week | Self::Month | Self::Quarter | Self::Year => None,
        }
    }

    /// The first instant of the unit that holds `at`.
    fn start(self, at: i128) -> Option<i128> {
        if let Some(length) = self.length() {
            return Some(at.div_euclid(length) * length);
        }
        let date = DateTime::from_timestamp_micros(i64::try_from(at).ok()?)?.date_naive();
        let first = match self {
            Self::Week => date.checked_sub_days(Days::new(u64::from(date.weekday().num_days_from_monday())))?,
            Self::Month => date.with_day(1)?,
            Self::Quarter => NaiveDate::from_ymd_opt(date.year(), (date.month0() / 3) * 3 + 1, 1)?,
            _ => NaiveDate::from_ymd_opt(date.year(), 1, 1)?,
        };
        Some(micros(first))
    }

    /// The first instant of the unit after the one that starts at `start`.
    fn next(self, start: i128) -> Option<i128> {
        if let Some(length) = self.length() {
            return Some(start + length);
        }
        let date = DateTime::from_timestamp_micros(i64::try_from(start).ok()?)?.date_naive();
        let next = match self {
            Self::Week => date.checked_add_days(Days::new(7))?,
            Self::Month => date.checked_add_months(Months::new(1))?,
            Self::Quarter => date.checked_add_months(Months::new(3))?,
            _ => date.checked_add_months(Months::new(12))?,
        };
        Some(micros(next))
    }
}

/// Whether a time zone is UTC.
pub(crate) fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "+00:00" | "Z" | "Etc/UTC")
}

fn micros(date: NaiveDate) -> i128 {
    i128::from(date.and_time(NaiveTime::MIN).and_utc().timestamp_micros())
}

fn constant(expr: &Arc<dyn PhysicalExpr>) -> Option<ScalarValue> {
    if let Some(literal) = expr.downcast_ref::<Literal>() {
        return Some(literal.value().clone());
    }
    let cast = expr.downcast_ref::<CastExpr>()?;
    constant(cast.expr())?.cast_to(cast.cast_type()).ok()
}

/// Nanoseconds since 1970 UTC. A time without a zone is UTC, whatever the session's zone.
fn instant(literal: &ScalarValue) -> Option<i128> {
    Some(match literal {
        ScalarValue::TimestampSecond(Some(at), _) => i128::from(*at) * 1_000_000_000,
        ScalarValue::TimestampMillisecond(Some(at), _) => i128::from(*at) * 1_000_000,
        ScalarValue::TimestampMicrosecond(Some(at), _) => i128::from(*at) * 1_000,
        ScalarValue::TimestampNanosecond(Some(at), _) => i128::from(*at),
        ScalarValue::Date32(Some(day)) => i128::from(*day) * DAY * 1_000,
        _ => return None,
    })
}

fn integer(literal: &ScalarValue) -> Option<i128> {
    Some(match literal {
        ScalarValue::Int8(Some(number)) => i128::from(*number),
        ScalarValue::Int16(Some(number)) => i128::from(*number),
        ScalarValue::Int32(Some(number)) => i128::from(*number),
        ScalarValue::Int64(Some(number)) => i128::from(*number),
        ScalarValue::UInt8(Some(number)) => i128::from(*number),
        ScalarValue::UInt16(Some(number)) => i128::from(*number),
        ScalarValue::UInt32(Some(number)) => i128::from(*number),
        ScalarValue::UInt64(Some(number)) => i128::from(*number),
        _ => return None,
    })
}

fn float(literal: &ScalarValue) -> Option<f64> {
    let number = match literal {
        ScalarValue::Float64(Some(number)) => *number,
        ScalarValue::Float32(Some(number)) => f64::from(*number),
        #[expect(clippy::cast_precision_loss, reason = "bounded just before")]
        other => integer(other).filter(|number| number.abs() < 9_000_000_000_000_000)? as f64,
    };
    number.is_finite().then_some(number)
}

fn elements(list: &ScalarValue) -> Option<Vec<ScalarValue>> {
    let ScalarValue::List(array) = list else { return None };
    let values = array.values();
    (0..values.len()).map(|row| ScalarValue::try_from_array(values, row).ok().filter(|value| !value.is_null())).collect()
}
