//! Predicates as request parameters: each parameter gets what the whole tree implies for its filter, which is less than the tree
//! says as soon as it is more than one conjunction.

use super::literal;
use crate::predicate::{Ask, Range, Test, Value};
use crate::spec::{FilterSpec, ListStyle, OpName, TableSpec};

/// Parameters, and whether together they say all that the tree says.
pub(super) struct Params {
    /// Names and values, in the order of the table's filters.
    pub(super) pairs: Vec<(String, String)>,
    /// Filters that took part.
    pub(super) used: Vec<usize>,
    /// Whether nothing of the tree was left out.
    pub(super) faithful: bool,
}

pub(super) fn render(ask: &Ask, table: &TableSpec) -> Params {
    let mut params = Params { pairs: Vec::new(), used: Vec::new(), faithful: conjunction(ask) };
    let mut ranges: Vec<(String, Value, usize)> = Vec::new();
    for (position, filter) in table.filters.iter().enumerate() {
        let Some(name) = filter.param.as_ref().filter(|_| !filter.pass_through) else { continue };
        let Some(implied) = implied(ask, position) else { continue };
        let before = params.pairs.len();
        match &implied {
            Implied::Elements(elements) => {
                let texts: Vec<String> = elements.iter().map(|value| literal::sent(value, filter)).collect();
                params.faithful &= send_list(&texts, filter.all, name, usize::MAX, &mut params.pairs);
            }
            Implied::Test(Test::Range(range)) if filter.dots => {
                let end = |edge: &Option<crate::predicate::Edge>| edge.as_ref().map(|edge| literal::text(&edge.value, filter.encode));
                params.pairs.extend(match (end(&range.low), end(&range.high)) {
                    (Some(low), Some(high)) => Some((name.clone(), format!("{low}..{high}"))),
                    (Some(low), None) => Some((name.clone(), format!(">={low}"))),
                    (None, Some(high)) => Some((name.clone(), format!("<={high}"))),
                    (None, None) => None,
                });
            }
            Implied::Test(Test::Range(range)) => {
                let Some(edge) = (if serves_low(filter) { &range.low } else { &range.high }) else {
                    params.faithful = false;
                    continue;
                };
                params.faithful &= range.low.is_none() || range.high.is_none();
                // Two columns may share a parameter (updated and created both imply `since`): the tighter bound serves both.
                match ranges.iter_mut().find(|(known, ..)| known == name) {
                    Some((_, value, _)) => {
                        params.faithful = false;
                        let order = edge.value.order(value);
                        let tighter = if serves_low(filter) { std::cmp::Ordering::Greater } else { std::cmp::Ordering::Less };
                        if order == Some(tighter) {
                            *value = edge.value.clone();
                        }
                    }
                    None => ranges.push((name.clone(), edge.value.clone(), position)),
                }
                params.used.push(position);
                continue;
            }
            Implied::Test(Test::In(values)) => {
                let texts: Vec<String> = values.iter().map(|value| literal::sent(value, filter)).collect();
                params.faithful &= send_list(&texts, filter.list, name, filter.max.unwrap_or(usize::MAX), &mut params.pairs);
            }
            Implied::Test(Test::Null) => params.pairs.extend(filter.null_value.iter().map(|value| (name.clone(), value.clone()))),
            Implied::Test(Test::NotNull) => params.pairs.extend(filter.not_null_value.iter().map(|value| (name.clone(), value.clone()))),
            Implied::Test(Test::NotIn(_) | Test::Has(_)) => params.faithful = false,
        }
        // One parameter, one value: a second filter with the same parameter is left to the recheck.
        let added = params.pairs.split_off(before);
        if added.is_empty() || params.pairs.iter().any(|(known, _)| known == name) {
            params.faithful = false;
        } else {
            params.used.push(position);
            params.pairs.extend(added);
        }
    }
    for (name, value, position) in ranges {
        params.pairs.push((name, literal::text(&value, table.filters[position].encode)));
    }
    params
}

fn serves_low(filter: &FilterSpec) -> bool {
    filter.has(OpName::Ge) || filter.has(OpName::Gt)
}

fn send_list(texts: &[String], style: Option<ListStyle>, name: &str, max: usize, pairs: &mut Vec<(String, String)>) -> bool {
    match (texts, style) {
        // A comma within would make two values of it.
        (texts, Some(ListStyle::Comma)) if texts.iter().any(|text| text.contains(',')) => return false,
        ([one], _) => pairs.push((name.to_owned(), one.clone())),
        (many, Some(ListStyle::Comma)) if many.len() <= max => {
            pairs.push((name.to_owned(), many.join(",")));
        }
        (many, Some(ListStyle::Repeat)) if many.len() <= max => pairs.extend(many.iter().map(|text| (name.to_owned(), text.clone()))),
        _ => return false,
    }
    true
}

/// Whether a tree is nothing but terms that must all hold.
fn conjunction(ask: &Ask) -> bool {
    match ask {
        Ask::And(parts) => parts.iter().all(|part| matches!(part, Ask::Term(_))),
        Ask::Or(_) => false,
        Ask::True | Ask::False | Ask::Term(_) => true,
    }
}

/// What a tree implies for one filter.
#[derive(Clone, Debug, PartialEq)]
enum Implied {
    Test(Test),
    /// List elements that every row has.
    Elements(Vec<Value>),
}

fn implied(ask: &Ask, filter: usize) -> Option<Implied> {
    match ask {
        Ask::Term(term) if term.filter == filter => Some(match &term.test {
            Test::Has(value) => Implied::Elements(vec![value.clone()]),
            test => Implied::Test(test.clone()),
        }),
        Ask::And(parts) => parts.iter().filter_map(|part| implied(part, filter)).reduce(both),
        Ask::Or(parts) => {
            let mut parts = parts.iter().map(|part| implied(part, filter));
            let first = parts.next()??;
            parts.try_fold(first, |a, b| either(a, b?))
        }
        _ => None,
    }
}

/// Both hold; where that can't be said in one test, the first one alone is still implied.
fn both(a: Implied, b: Implied) -> Implied {
    match (a, b) {
        (Implied::Elements(mut a), Implied::Elements(b)) => {
            for value in b {
                if !a.contains(&value) {
                    a.push(value);
                }
            }
            Implied::Elements(a)
        }
        (Implied::Test(Test::Range(a)), Implied::Test(Test::Range(b))) => Implied::Test(Test::Range(a.intersect(b))),
        (Implied::Test(Test::In(a)), Implied::Test(Test::In(b))) => {
            let kept: Vec<Value> = a.iter().filter(|value| b.contains(value)).cloned().collect();
            // Contradictions were folded before; if one is left, the first list alone is implied as well.
            Implied::Test(Test::In(if kept.is_empty() { a } else { kept }))
        }
        (a, _) => a,
    }
}

/// At least one holds.
fn either(a: Implied, b: Implied) -> Option<Implied> {
    match (a, b) {
        (a, b) if a == b => Some(a),
        (Implied::Elements(a), Implied::Elements(b)) => {
            let common: Vec<Value> = a.into_iter().filter(|value| b.contains(value)).collect();
            (!common.is_empty()).then_some(Implied::Elements(common))
        }
        (Implied::Test(Test::In(mut a)), Implied::Test(Test::In(b))) => {
            a.extend(b.into_iter().filter(|value| !a.contains(value)).collect::<Vec<_>>());
            Some(Implied::Test(Test::In(a)))
        }
        (Implied::Test(Test::Range(a)), Implied::Test(Test::Range(b))) => hull(a, b).map(|range| Implied::Test(Test::Range(range))),
        _ => None,
    }
}

/// The smallest range around both.
fn hull(a: Range, b: Range) -> Option<Range> {
    use std::cmp::Ordering;
    let pick = |a: Option<crate::predicate::Edge>, b: Option<crate::predicate::Edge>, wins: Ordering| {
        let (a, b) = (a?, b?);
        Some(match a.value.order(&b.value)? {
            Ordering::Equal => crate::predicate::Edge { inclusive: a.inclusive || b.inclusive, value: a.value },
            order if order == wins => a,
            _ => b,
        })
    };
    let range = Range { low: pick(a.low, b.low, Ordering::Less), high: pick(a.high, b.high, Ordering::Greater) };
    (range.low.is_some() || range.high.is_some()).then_some(range)
}
