//! Folding: nested trees become flat, tests of one column are merged, contradictions become False.

use std::collections::BTreeMap;

use super::{Leaf, Predicate, Test, value};

pub(super) fn and(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
    let mut flat = Vec::new();
    for part in parts {
        match part {
            Predicate::True => {}
            Predicate::False => return Predicate::False,
            Predicate::And(inner) => flat.extend(inner),
            other => flat.push(other),
        }
    }
    let mut columns: BTreeMap<usize, Vec<Test>> = BTreeMap::new();
    let mut rest: Vec<Predicate> = Vec::new();
    for part in flat {
        match part {
            Predicate::Leaf(Leaf { column, test }) => columns.entry(column).or_default().push(test),
            other if rest.contains(&other) => {}
            other => rest.push(other),
        }
    }
    let mut all = Vec::new();
    for (column, tests) in columns {
        match meet(tests) {
            None => return Predicate::False,
            Some(tests) => all.extend(tests.into_iter().map(|test| Predicate::leaf(column, test))),
        }
    }
    all.extend(rest);
    match all.len() {
        0 => Predicate::True,
        1 => all.remove(0),
        _ => Predicate::And(all),
    }
}

pub(super) fn or(parts: impl IntoIterator<Item = Predicate>) -> Predicate {
    let mut flat: Vec<Predicate> = Vec::new();
    let mut lists: BTreeMap<usize, Vec<value::Value>> = BTreeMap::new();
    let mut add = |part: Predicate, flat: &mut Vec<Predicate>| match part {
        Predicate::Leaf(Leaf { column, test: Test::In(values) }) => lists.entry(column).or_default().extend(values),
        other if flat.contains(&other) => {}
        other => flat.push(other),
    };
    for part in parts {
        match part {
            Predicate::False => {}
            Predicate::True => return Predicate::True,
            Predicate::Or(inner) => inner.into_iter().for_each(|part| add(part, &mut flat)),
            other => add(other, &mut flat),
        }
    }
    let lists = lists.into_iter().map(|(column, values)| Predicate::leaf(column, Test::In(value::sorted(values))));
    let mut all: Vec<Predicate> = lists.chain(flat).collect();
    match all.len() {
        0 => Predicate::False,
        1 => all.remove(0),
        _ => Predicate::Or(all),
    }
}

/// All tests of one column at once; none if no value passes.
fn meet(tests: Vec<Test>) -> Option<Vec<Test>> {
    let (mut null, mut not_null) = (false, false);
    let mut list: Option<Vec<value::Value>> = None;
    let mut range: Option<value::Range> = None;
    let mut without: Vec<value::Value> = Vec::new();
    let mut elements: Vec<Test> = Vec::new();
    for test in tests {
        match test {
            Test::Null => null = true,
            Test::NotNull => not_null = true,
            Test::In(values) => {
                list = Some(match list {
                    None => values,
                    Some(known) => known.into_iter().filter(|value| values.contains(value)).collect(),
                });
            }
            Test::NotIn(values) => without.extend(values),
            Test::Range(other) => {
                range = Some(match range {
                    None => other,
                    Some(known) => known.intersect(other),
                });
            }
            Test::Has(_) if elements.contains(&test) => {}
            Test::Has(_) => elements.push(test),
        }
    }
    let others = not_null || list.is_some() || range.is_some() || !without.is_empty() || !elements.is_empty();
    if null {
        return (!others).then(|| vec![Test::Null]);
    }
    if let Some(values) = list {
        let kept: Vec<_> = values
            .into_iter()
            .filter(|value| !without.contains(value) && range.as_ref().is_none_or(|range| range.contains(value)))
            .collect();
        return (!kept.is_empty()).then(|| vec![Test::In(kept)]);
    }
    let mut all = elements;
    if let Some(range) = range {
        if range.is_empty() {
            return None;
        }
        without.retain(|value| range.contains(value));
        all.push(Test::Range(range));
    }
    if !without.is_empty() {
        all.push(Test::NotIn(value::sorted(without)));
    }
    if all.is_empty() && not_null {
        all.push(Test::NotNull);
    }
    Some(all)
}
