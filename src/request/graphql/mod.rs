//! GraphQL: the predicate as a filter input, in Linear's way, and what a page costs by its selection.
//!
//! Every test is an object of its own with one key, because two keys in one branch of an `or` are alternatives to Linear. Nothing
//! is ever empty: an empty object holds for every row. Negative comparators keep rows without a value, which SQL does not, so that a
//! value is asked for beside them. Values travel as variables: there is nothing that could be quoted wrongly.

#[cfg(test)]
mod tests;

use serde_json::{Value as Json, json};

use super::literal;
use crate::predicate::{Ask, Edge, Term, Test, Value};
use crate::spec::{Encode, FilterSpec, OpName, TableSpec};

/// The condition and the texts that are handed through; none for "everything".
pub(super) fn filter(ask: &Ask, passed: &[(usize, String)], table: &TableSpec) -> Option<Json> {
    let passed = passed.iter().filter_map(|(column, text)| {
        let filter = table.filters.iter().find(|filter| filter.pass_through && filter.column == *column)?;
        // The path's last name is the comparator.
        Some(at(filter.field.as_deref()?, json!(text)))
    });
    let mut all: Vec<Json> = passed.chain(condition(ask, table)).collect();
    match all.len() {
        0 => None,
        1 => Some(all.remove(0)),
        _ => Some(json!({ "and": all })),
    }
}

fn condition(ask: &Ask, table: &TableSpec) -> Option<Json> {
    let joined =
        |word: &str, parts: &[Ask]| Some(json!({ word: parts.iter().filter_map(|part| condition(part, table)).collect::<Vec<_>>() }));
    match ask {
        // `plan` makes no request for False, and True only stands alone.
        Ask::True | Ask::False => None,
        Ask::And(parts) => joined("and", parts),
        Ask::Or(parts) => joined("or", parts),
        Ask::Term(term) => Some(written(term, &table.filters[term.filter])),
    }
}

fn written(term: &Term, filter: &FilterSpec) -> Json {
    let field = filter.field.as_deref().unwrap_or_default();
    let null_field = filter.null_field.as_deref().unwrap_or(field);
    let one = |value: &Value| literal_of(value, filter.encode);
    let compare = |comparator: &str, value: Json| at(field, json!({ comparator: value }));
    let list = |values: &[Value]| values.iter().map(one).collect::<Json>();
    let mut all = Vec::new();
    match &term.test {
        Test::In(values) => all.push(match values.as_slice() {
            [value] => compare("eq", one(value)),
            many => compare("in", list(many)),
        }),
        Test::NotIn(values) => {
            all.push(match values.as_slice() {
                [value] => compare("neq", one(value)),
                many => compare("nin", list(many)),
            });
            if filter.has(OpName::IsNull) || filter.has(OpName::IsNotNull) {
                all.push(at(null_field, json!({ "null": false })));
            }
        }
        Test::Range(range) => {
            let side = |edge: &Option<Edge>, with: &str, without: &str| {
                edge.as_ref().map(|edge| compare(if edge.inclusive { with } else { without }, one(&edge.value)))
            };
            all.extend([side(&range.low, "gte", "gt"), side(&range.high, "lte", "lt")].into_iter().flatten());
        }
        Test::Has(value) => all.push(compare("eq", one(value))),
        Test::Null => all.push(at(null_field, json!({ "null": true }))),
        Test::NotNull => all.push(at(null_field, json!({ "null": false }))),
    }
    if all.len() == 1 { all.remove(0) } else { json!({ "and": all }) }
}

/// `a.b` and a comparator: `{a: {b: comparator}}`.
fn at(path: &str, comparator: Json) -> Json {
    path.rsplit('.').fold(comparator, |below, name| json!({ name: below }))
}

fn literal_of(value: &Value, encode: Option<Encode>) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Float(number) => json!(number),
        Value::Text(_) | Value::Time(_) | Value::Date(_) => json!(literal::text(value, encode)),
    }
}

/// How many rows a page may have that costs no more than `points`: an object costs 1, a scalar 0.1, and a list inside of a row its
/// elements as many times as are asked for (50 unless it says so). Linear publishes the rule for its complexity limit.
pub(super) fn rows_for(points: u32, selection: &str) -> u32 {
    let mut words = Words(selection);
    // Counted in tenths; the row itself is an object.
    let row = 10 + words.cost();
    // What stands around the rows: the connection and its page info.
    let around = 32;
    ((u64::from(points) * 10).saturating_sub(around) / row).clamp(1, u64::from(u32::MAX)).try_into().unwrap_or(1)
}

/// What is left of a selection.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// The next name, bracketed arguments or brace.
    fn next(&mut self) -> Option<&'a str> {
        let text = self.0.trim_start();
        let length = match text.as_bytes().first()? {
            b'{' | b'}' => 1,
            b'(' => text.find(')').map_or(text.len(), |end| end + 1),
            _ => text.find(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | '(')).unwrap_or(text.len()),
        };
        let (word, rest) = text.split_at(length);
        self.0 = rest;
        Some(word)
    }

    /// What the fields up to a closing brace cost, in tenths.
    fn cost(&mut self) -> u64 {
        let (mut sum, mut scalar, mut times) = (0, 0, 50);
        while let Some(word) = self.next() {
            match word {
                "}" => break,
                "{" => {
                    // The field before it is no scalar. `nodes` are as many as its list was asked for.
                    let inside = self.within(times);
                    sum = sum - scalar + 10 + inside;
                    scalar = 0;
                }
                arguments if arguments.starts_with('(') => {
                    let first = arguments.split("first:").nth(1).unwrap_or_default().trim_start();
                    let digits = first.find(|c: char| !c.is_ascii_digit()).unwrap_or(first.len());
                    times = first[..digits].parse().unwrap_or(50);
                }
                _ => {
                    (scalar, times) = (1, 50);
                    sum += 1;
                }
            }
        }
        sum
    }

    /// As [`Words::cost`] of what an object holds, whose `nodes` count `times`.
    fn within(&mut self, times: u64) -> u64 {
        let rest = self.0.trim_start();
        match rest.strip_prefix("nodes").map(str::trim_start).and_then(|rest| rest.strip_prefix('{')) {
            Some(below) => {
                self.0 = below;
                let nodes = times * (10 + self.cost());
                nodes + self.cost()
            }
            None => self.cost(),
        }
    }
}
