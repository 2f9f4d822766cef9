//! From what SQL wants to what an API can be asked for.
//!
//! One function walks the tree. An opaque part, or one that the API has no filter for, asks for everything. AND keeps what it
//! can; OR asks for everything as soon as one branch does. A bound is rounded outward to the step at which the API compares.
//! "Exact" is derived on the way: rounding moved nothing, and the declared facts are SQL's.

use super::{Edge, Leaf, Predicate, Range, Test, Value};
use crate::spec::{Bound, ColumnType, Compares, Dialect, Encode, FilterSpec, Nulls, OpName, TableSpec};

/// A condition that an API is asked for: it holds for every row that is wanted.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Everything.
    True,
    /// Nothing.
    False,
    /// What one filter of the table does.
    Term(Term),
    /// All of these.
    And(Vec<Ask>),
    /// Any of these.
    Or(Vec<Ask>),
}

/// One filter at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// Position in [`TableSpec::filters`].
    pub filter: usize,
    /// What is asked, with bounds as the API means them.
    pub test: Test,
}

/// What to ask, and whether the answer needs no further filtering.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The condition.
    pub tree: Ask,
    /// Whether it holds for exactly the wanted rows.
    pub exact: bool,
}

impl Asked {
    const EVERYTHING: Self = Self { tree: Ask::True, exact: false };
}

impl Ask {
    /// Both; everything is left out, nothing wins.
    #[must_use]
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::True => {}
                Self::False => return Self::False,
                Self::And(inner) => all.extend(inner),
                other if all.contains(&other) => {}
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Self::True,
            1 => all.remove(0),
            _ => Self::And(all),
        }
    }

    /// Either; nothing is left out, everything wins.
    #[must_use]
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        let mut all: Vec<Self> = Vec::new();
        for part in parts {
            match part {
                Self::False => {}
                Self::True => return Self::True,
                Self::Or(inner) => all.extend(inner),
                other if all.contains(&other) => {}
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Self::False,
            1 => all.remove(0),
            _ => Self::Or(all),
        }
    }
}

/// What to ask the table's API for, so that no row for which `predicate` holds is missing.
///
/// `usable` says which filters may take part (all, or only those that cannot make the API refuse).
pub fn widen(predicate: &Predicate, table: &TableSpec, usable: &dyn Fn(&FilterSpec) -> bool) -> Asked {
    match predicate {
        Predicate::True => Asked { tree: Ask::True, exact: true },
        Predicate::False => Asked { tree: Ask::False, exact: true },
        Predicate::Opaque => Asked::EVERYTHING,
        Predicate::Leaf(leaf) => widen_leaf(leaf, table, usable),
        Predicate::And(parts) => {
            let parts: Vec<Asked> = parts.iter().map(|part| widen(part, table, usable)).collect();
            Asked { exact: parts.iter().all(|part| part.exact), tree: Ask::and(parts.into_iter().map(|part| part.tree)) }
        }
        Predicate::Or(parts) => {
            let parts: Vec<Asked> = parts.iter().map(|part| widen(part, table, usable)).collect();
            Asked { exact: parts.iter().all(|part| part.exact), tree: Ask::or(parts.into_iter().map(|part| part.tree)) }
        }
    }
}

/// Every filter of the column that has the operator takes part: each alone is a superset, so all together are one.
fn widen_leaf(leaf: &Leaf, table: &TableSpec, usable: &dyn Fn(&FilterSpec) -> bool) -> Asked {
    let mut asked = Asked::EVERYTHING;
    for (position, filter) in table.filters.iter().enumerate() {
        if filter.column != leaf.column || filter.pass_through || !usable(filter) {
            continue;
        }
        let one = Widening { table, filter, position }.test(&leaf.test);
        asked = Asked { exact: asked.exact || one.exact, tree: Ask::and([asked.tree, one.tree]) };
    }
    asked
}

struct Widening<'a> {
    table: &'a TableSpec,
    filter: &'a FilterSpec,
    position: usize,
}

impl Widening<'_> {
    fn test(&self, test: &Test) -> Asked {
        let filter = self.filter;
        let plain = !filter.superset && !filter.stop;
        let equal = plain && filter.compares == Compares::Sql;
        match test {
            Test::In(values) if self.is_time() && !filter.has(OpName::Eq) => self.range_around(values),
            Test::In(values) => {
                let values: &[Value] = &values.iter().filter(|value| self.can_be(value)).cloned().collect::<Vec<_>>();
                if values.is_empty() {
                    return Asked { tree: Ask::False, exact: true };
                }
                if !values.iter().all(|value| self.can_send(value)) {
                    return Asked::EVERYTHING;
                }
                match (values, filter.has(OpName::Eq), filter.has(OpName::In)) {
                    ([_], true, _) | (_, _, true) => Asked { tree: self.term(Test::In(values.to_vec())), exact: equal },
                    (_, true, false) => {
                        let each = values.iter().map(|value| self.term(Test::In(vec![value.clone()])));
                        Asked { tree: Ask::or(each), exact: equal }
                    }
                    _ => Asked::EVERYTHING,
                }
            }
            Test::NotIn(values) => {
                // What cannot be sent is not excluded there, only here.
                let (sent, kept): (Vec<_>, Vec<_>) = values.iter().cloned().partition(|value| self.can_send(value));
                let exact = equal && kept.is_empty() && filter.nulls == Nulls::Sql;
                match (sent.as_slice(), filter.has(OpName::Ne), filter.has(OpName::NotIn)) {
                    ([], ..) => Asked::EVERYTHING,
                    ([_], true, _) | (_, _, true) => Asked { tree: self.term(Test::NotIn(sent)), exact },
                    (_, true, false) => {
                        let each = sent.into_iter().map(|value| self.term(Test::NotIn(vec![value])));
                        Asked { tree: Ask::and(each), exact }
                    }
                    _ => Asked::EVERYTHING,
                }
            }
            Test::Range(range) => self.range(range),
            Test::Null if filter.has(OpName::IsNull) => Asked { tree: self.term(Test::Null), exact: plain },
            Test::NotNull if filter.has(OpName::IsNotNull) => Asked { tree: self.term(Test::NotNull), exact: plain },
            Test::Has(value) if filter.has(OpName::HasElement) && self.can_send(value) => {
                Asked { tree: self.term(test.clone()), exact: equal }
            }
            Test::Null | Test::NotNull | Test::Has(_) => Asked::EVERYTHING,
        }
    }

    fn term(&self, test: Test) -> Ask {
        Ask::Term(Term { filter: self.position, test })
    }

    fn is_time(&self) -> bool {
        matches!(self.table.columns[self.filter.column].kind, ColumnType::Timestamp | ColumnType::Date)
    }

    /// Whether a row can have this value: an id has only digits, and the file may say more.
    fn can_be(&self, value: &Value) -> bool {
        let id = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let written = value.text().is_none_or(|text| {
            (self.filter.encode != Some(Encode::Id) || id(text)) && self.filter.format.is_none_or(|format| format.fits(text))
        });
        written && self.filter.min.is_none_or(|min| !matches!(value, Value::Int(number) if *number < min))
    }

    fn is_listed(&self, text: &str) -> bool {
        self.filter.values.is_empty() || self.filter.values.iter().any(|(literal, _)| literal == text)
    }

    /// A blank is never sent: APIs differ in whether it is a value, none, or an error. Nor is NUL, which no API stores.
    fn can_send(&self, value: &Value) -> bool {
        match value {
            Value::Text(text) => {
                let listed = self.is_listed(text);
                let never = |character: char| character == '\0' || self.filter.never.contains(character);
                let account = self.filter.encode != Some(Encode::AccountId) || is_account_id(text);
                listed && account && self.can_be(value) && !text.trim().is_empty() && !text.contains(never)
            }
            Value::Float(number) => number.is_finite(),
            Value::Time(at) if self.filter.encode == Some(Encode::EpochSFrac6) => TEN_DIGITS.contains(at),
            Value::Time(at) => writable(*at),
            Value::Int(number) => self.can_be(value) && self.is_listed(&number.to_string()),
            Value::Bool(flag) => self.is_listed(if *flag { "true" } else { "false" }),
            Value::Date(_) => true,
        }
    }

    /// Equality on a column of which the API has only ranges: from the first value to behind the last.
    fn range_around(&self, values: &[Value]) -> Asked {
        let (Some(first), Some(last)) = (values.first(), values.last()) else {
            return Asked::EVERYTHING;
        };
        let step = self.table.columns[self.filter.column].resolution;
        let range = Range {
            low: Some(Edge { value: first.clone(), inclusive: true }),
            high: shift(last, self.own_unit(step)).map(|value| Edge { value, inclusive: false }),
        };
        let asked = self.range(&range);
        Asked { exact: asked.exact && values.len() == 1, ..asked }
    }

    fn range(&self, range: &Range) -> Asked {
        let filter = self.filter;
        let mut exact = !filter.superset && !filter.stop && filter.compares == Compares::Sql;
        let low = range.low.as_ref().and_then(|edge| self.low(edge, &mut exact));
        let high = range.high.as_ref().and_then(|edge| self.high(edge, &mut exact));
        exact &= low.is_some() == range.low.is_some() && high.is_some() == range.high.is_some();
        if low.is_none() && high.is_none() {
            return Asked::EVERYTHING;
        }
        Asked { tree: self.term(Test::Range(Range { low, high })), exact }
    }

    /// The lower end as the API means it: rounded down, and one unit lower where the API leaves out its own bound (or may).
    fn low(&self, edge: &Edge, exact: &mut bool) -> Option<Edge> {
        let (inclusive, exclusive) = (self.filter.has(OpName::Ge), self.filter.has(OpName::Gt));
        if !inclusive && !exclusive {
            return None;
        }
        let Some(unit) = self.unit() else {
            *exact &= edge.inclusive && inclusive || !edge.inclusive && exclusive;
            return Some(Edge { value: edge.value.clone(), inclusive: inclusive && (edge.inclusive || !exclusive) });
        };
        let value = floor(&edge.value, unit);
        *exact &= value == edge.value;
        let sends_bound = self.sends_own_bound(inclusive);
        *exact &= sends_bound == Some(true) || sends_bound.is_some() && !self.is_coarse(unit);
        let value = if sends_bound == Some(true) { value } else { shift(&value, -unit)? };
        self.can_send(&value).then_some(Edge { value, inclusive: sends_bound == Some(true) })
    }

    /// The upper end likewise. Where the API compares coarser than the column shows, it is rounded up by a whole unit even if it
    /// lies on one: nobody vouches for what such an API does with the rest of the unit.
    fn high(&self, edge: &Edge, exact: &mut bool) -> Option<Edge> {
        let (inclusive, exclusive) = (self.filter.has(OpName::Le), self.filter.has(OpName::Lt));
        if !inclusive && !exclusive {
            return None;
        }
        let Some(unit) = self.unit() else {
            *exact &= edge.inclusive && inclusive || !edge.inclusive && exclusive;
            return Some(Edge { value: edge.value.clone(), inclusive: inclusive && (edge.inclusive || !exclusive) });
        };
        let coarse = self.is_coarse(unit);
        let value = if coarse { shift(&floor(&edge.value, unit), unit)? } else { edge.value.clone() };
        let behind = self.sends_own_bound(!exclusive);
        *exact &= behind.is_some() && !coarse;
        // The last value before the end is one step lower only where there is none in between.
        let value = if behind == Some(true) && !coarse { shift(&value, -unit)? } else { value };
        self.can_send(&value).then_some(Edge { value, inclusive: behind == Some(true) })
    }

    /// Whether a bound is sent as one that includes itself; none if nobody knows. A query language has operators for both.
    fn sends_own_bound(&self, operator: bool) -> Option<bool> {
        if self.table.dialect != Dialect::Params {
            return Some(operator);
        }
        match self.filter.bound {
            Bound::Inclusive => Some(true),
            Bound::Exclusive => Some(false),
            Bound::Unknown => None,
        }
    }

    /// The step of the API's comparison in the column's own unit; none for columns that lie on no grid.
    fn unit(&self) -> Option<i64> {
        let column = &self.table.columns[self.filter.column];
        let written = match self.filter.encode {
            Some(Encode::EpochS) => 1_000_000,
            Some(Encode::EpochMs | Encode::Rfc3339Ms) => 1_000,
            Some(Encode::Date) => 86_400_000_000,
            Some(Encode::Rfc3339 | Encode::EpochSFrac6 | Encode::Id | Encode::AccountId) | None => 1,
        };
        match column.kind {
            ColumnType::Timestamp | ColumnType::Date => Some(self.own_unit(self.filter.granularity.max(column.resolution).max(written))),
            ColumnType::Int32 | ColumnType::Int64 => Some(1),
            _ => None,
        }
    }

    /// Whether the API compares in larger steps than the column shows.
    fn is_coarse(&self, unit: i64) -> bool {
        unit > self.own_unit(self.table.columns[self.filter.column].resolution)
    }

    fn own_unit(&self, microseconds: i64) -> i64 {
        match self.table.columns[self.filter.column].kind {
            ColumnType::Date => (microseconds / 86_400_000_000).max(1),
            _ => microseconds,
        }
    }
}

/// The shapes of Atlassian's account ids: 24 hexadecimal digits, or a number or word, a colon, and more.
fn is_account_id(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b':' | b'-' | b'_');
    let old = text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    old || text.len() > 24 && text.contains(':') && text.bytes().all(plain)
}

/// Seconds that have ten digits before the point, in microseconds.
const TEN_DIGITS: std::ops::Range<i64> = 1_000_000_000_000_000..10_000_000_000_000_000;

/// Years 1970 to 9999: what every API reads back as what was meant.
fn writable(microseconds: i64) -> bool {
    (0..253_402_300_800_000_000).contains(&microseconds)
}

fn floor(value: &Value, unit: i64) -> Value {
    match value {
        Value::Time(at) => Value::Time(at.div_euclid(unit) * unit),
        Value::Date(day) => i32::try_from(unit).map_or(value.clone(), |unit| Value::Date(day.div_euclid(unit) * unit)),
        other => other.clone(),
    }
}

fn shift(value: &Value, by: i64) -> Option<Value> {
    match value {
        Value::Time(at) => at.checked_add(by).map(Value::Time),
        Value::Int(at) => at.checked_add(by).map(Value::Int),
        Value::Date(day) => day.checked_add(i32::try_from(by).ok()?).map(Value::Date),
        _ => None,
    }
}
