//! The normal form of WHERE and the superset algebra.
//!
//! A [`Predicate`] is an AND/OR tree over tests of single columns; NOT is pushed to the leaves while it is built, and "holds"
//! means TRUE: FALSE and NULL are both "not wanted". [`widen`] turns it into what a table's API can be asked for, which holds
//! for every row for which the predicate holds.
//!
//! Owns: values, ranges on a column's grid, folding of contradictions, widening. Must not know `DataFusion`, requests, or how a
//! query language is written.

mod fold;
mod value;
mod widen;

pub use value::{Edge, Grid, Op, Range, Value};
pub use widen::{Ask, Asked, Term, widen};

/// More combinations of values than this are not worth asking for one by one.
const MOST_COMBINATIONS: usize = 100_000;

/// A test of one column. All but [`Test::Null`] are false where the column is NULL.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// Equal to one of these; sorted, without duplicates, not empty.
    In(Vec<Value>),
    /// Equal to none of these; sorted, without duplicates, not empty.
    NotIn(Vec<Value>),
    /// Within a range.
    Range(Range),
    /// IS NULL
    Null,
    /// IS NOT NULL
    NotNull,
    /// The list has this element.
    Has(Value),
}

/// A test of one column of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Leaf {
    /// Position of the column in the table.
    pub column: usize,
    /// The test.
    pub test: Test,
}

/// A condition on a row. It holds where SQL's condition is TRUE.
#[derive(Clone, Debug, PartialEq)]
pub enum Predicate {
    /// Holds for every row.
    True,
    /// Holds for no row.
    False,
    /// Something that this form cannot say; nothing is known about it.
    Opaque,
    /// A test of one column.
    Leaf(Leaf),
    /// All hold; never empty, never nested directly.
    And(Vec<Predicate>),
    /// At least one holds; never empty, never nested directly.
    Or(Vec<Predicate>),
}

impl Predicate {
    /// `column test`
    pub fn leaf(column: usize, test: Test) -> Self {
        Self::Leaf(Leaf { column, test })
    }

    /// `column op value` for a value on the column's own grid.
    pub fn compare(column: usize, grid: Grid, op: Op, value: Value) -> Self {
        match grid.test(op, value) {
            Some(test) => Self::leaf(column, test),
            None => Self::False,
        }
    }

    /// All of `parts`, folded.
    pub fn and(parts: impl IntoIterator<Item = Self>) -> Self {
        fold::and(parts)
    }

    /// At least one of `parts`, folded.
    pub fn or(parts: impl IntoIterator<Item = Self>) -> Self {
        fold::or(parts)
    }

    /// The parts that must all hold.
    pub fn conjuncts(&self) -> &[Self] {
        match self {
            Self::True => &[],
            Self::And(parts) => parts,
            one => std::slice::from_ref(one),
        }
    }

    /// The values that a column must be one of, where the predicate says so by itself. An empty list means no row.
    pub fn required_values(&self, column: usize) -> Option<Vec<Value>> {
        match self {
            Self::False => Some(Vec::new()),
            Self::Leaf(leaf) if leaf.column == column => match &leaf.test {
                Test::In(values) => Some(values.clone()),
                _ => None,
            },
            Self::And(parts) => parts
                .iter()
                .filter_map(|part| part.required_values(column))
                .reduce(|a, b| a.into_iter().filter(|value| b.contains(value)).collect()),
            Self::Or(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(part.required_values(column)?);
                }
                Some(value::sorted(all))
            }
            _ => None,
        }
    }

    /// The combinations of values that some columns must have, where the predicate says so by itself, unless they are too many to be
    /// asked for one by one. An empty list means no row.
    pub fn required_tuples(&self, columns: &[usize]) -> Option<Vec<Vec<Value>>> {
        if let Self::Or(parts) = self {
            let (mut all, mut seen) = (Vec::new(), std::collections::HashSet::new());
            for part in parts {
                all.extend(part.required_tuples(columns)?.into_iter().filter(|tuple| seen.insert(format!("{tuple:?}"))));
            }
            return Some(all);
        }
        let values = columns.iter().map(|column| self.required_values(*column)).collect::<Option<Vec<_>>>()?;
        if let Some(tuples) = self.conjuncts().iter().find_map(|part| part.together(columns)) {
            let fits = |tuple: &Vec<Value>| tuple.iter().zip(&values).all(|(value, known)| known.contains(value));
            return Some(tuples.into_iter().filter(fits).collect());
        }
        let many = values.iter().try_fold(1_usize, |many, values| many.checked_mul(values.len()));
        if many.is_none_or(|many| many > MOST_COMBINATIONS) {
            return None;
        }
        let mut all = vec![Vec::new()];
        for values in values {
            let longer =
                |known: Vec<Value>| values.iter().map(move |value| [known.clone(), vec![value.clone()]].concat()).collect::<Vec<_>>();
            all = all.into_iter().flat_map(longer).collect();
        }
        Some(all)
    }

    /// As [`Predicate::required_tuples`], if an OR names the columns together.
    pub fn together(&self, columns: &[usize]) -> Option<Vec<Vec<Value>>> {
        match self {
            Self::Or(_) => self.required_tuples(columns),
            Self::And(parts) => parts.iter().find_map(|part| part.together(columns)),
            _ => None,
        }
    }

    /// Whether some part tests the column.
    pub fn mentions(&self, column: usize) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.column == column,
            Self::And(parts) | Self::Or(parts) => parts.iter().any(|part| part.mentions(column)),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests;
