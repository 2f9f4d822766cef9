//! What a list hangs on: the parents that a query names, or how they are listed first.

use super::PlanError;
use super::plan::{Scan, ScanPlan, plan};
use crate::predicate::{Edge, Grid, Op, Predicate, Range, Test, Value};
use crate::spec::{Origin, Side, TableSpec};

/// What a unit of work hangs on.
#[derive(Clone, Debug)]
pub enum Bindings {
    /// Nothing: one list.
    None,
    /// Parents that the query names.
    Named(Vec<Binding>),
    /// Parents that are listed first.
    Listed(Box<ParentPlan>),
}

/// One parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Binding {
    /// This table's columns and their values.
    pub values: Vec<(usize, Value)>,
    /// Whether it came from a list (and may be gone, or out of reach) instead of the query.
    pub listed: bool,
}

/// How the parents are listed.
#[derive(Clone, Debug)]
pub struct ParentPlan {
    /// The parent's own plan.
    pub plan: ScanPlan,
    /// Which parents are wanted, over the parent's columns.
    pub predicate: Predicate,
    /// This table's column and the parent's column that gives its value.
    pub bind: Vec<(usize, usize)>,
    /// Whether the query names the parents, if not by the columns that lead to the rows.
    pub named: bool,
}

pub(super) fn bindings(scan: &Scan<'_>, said: &Predicate, predicate: &Predicate) -> Result<Bindings, PlanError> {
    let table = scan.table;
    let Some(parent) = &table.parent else { return Ok(Bindings::None) };
    let of_parent = scan
        .source
        .tables
        .get(&parent.table)
        .ok_or_else(|| PlanError(format!("{}: there is no table {} in source {}", table.full_name(), parent.table, table.source)))?;
    let usual = scan.parent_defaults.get(&table.name);
    let columns: Vec<usize> = parent.bind.iter().map(|(column, _)| *column).collect();
    let one_of = |column: usize, values: Vec<Value>| {
        let equal = |value| Predicate::compare(column, Grid::Dense, Op::Eq, value);
        Predicate::or(values.into_iter().map(equal))
    };
    let configured = parent.bind.iter().filter(|(column, _)| said.required_values(*column).is_none());
    let scoped = configured.filter_map(|(column, name)| Some(one_of(*column, scope_values(scan, of_parent, name)?)));
    let named = Predicate::and([said.clone()].into_iter().chain(scoped));
    let narrowed = Predicate::and([named.clone(), scan.joined.clone()]);
    let lacking = columns.iter().filter(|column| named.required_values(**column).is_none()).count();
    // A join narrows what is named, and names where nothing else does: not beyond what is listed by default, and not every value of
    // one column with every value of another.
    let single = |column: &usize| named.required_values(*column).is_none_or(|values| values.len() == 1);
    let names = usual.is_none() && (lacking == 1 && columns.iter().all(single) || scan.joined.together(&columns).is_some());
    let tuples = if lacking == 0 || names { narrowed.required_tuples(&columns) } else { None };
    let from_parent = |column: usize| matches!(table.columns[column].origin, Origin::Parent(_));
    let known = |column: &usize| parent.exact && columns.contains(column);
    let needs_parent = scan.columns.iter().chain(&columns).any(|column| from_parent(*column) && !known(column));
    if !needs_parent && let Some(tuples) = tuples {
        let binding = |values: Vec<Value>| Binding { values: columns.iter().copied().zip(values).collect(), listed: lacking > 0 };
        return Ok(Bindings::Named(tuples.into_iter().map(binding).collect()));
    }

    let mut bind: Vec<(usize, usize)> = Vec::new();
    for (column, name) in
        parent.bind.iter().map(|(column, name)| (*column, name)).chain(table.columns.iter().enumerate().filter_map(|(column, spec)| {
            match &spec.origin {
                Origin::Parent(name) if scan.columns.contains(&column) => Some((column, name)),
                _ => None,
            }
        }))
    {
        let parent_column = of_parent
            .column(name)
            .ok_or_else(|| PlanError(format!("{}: {} has no column {name}", table.full_name(), of_parent.full_name())))?;
        if !bind.contains(&(column, parent_column)) {
            bind.push((column, parent_column));
        }
    }
    // What the query asks for by name must not be left out because it is not listed by default.
    let is_named = (0..table.columns.len()).any(|column| {
        let of_parent = matches!(table.columns[column].origin, Origin::Parent(_)) || parent.bind.iter().any(|(bound, _)| *bound == column);
        of_parent && said.required_values(column).is_some()
    });
    let wanted = Predicate::and(
        implied_of_parent(said, predicate, table, of_parent)
            .into_iter()
            // Combinations are for rows, not for lists of parents.
            .filter(|part| *scan.joined == Predicate::True || !matches!(part, Predicate::Or(_)))
            .chain(scan.parent_filters.get(&table.name).cloned())
            .chain(usual.filter(|_| !is_named).cloned()),
    );
    let leads: Vec<usize> = bind.iter().map(|(_, column)| *column).collect();
    let parent_scan = Scan {
        source: scan.source,
        table: of_parent,
        inputs: scan.inputs,
        parent_filters: scan.parent_filters,
        parent_defaults: scan.parent_defaults,
        reads: scan.reads,
        predicate: &wanted,
        joined: &Predicate::True,
        columns: &[leads, mentioned(&wanted, of_parent)].concat(),
        order: &[],
        fetch: None,
        // A parent that the query names is required, not pushed down.
        pushdown: scan.pushdown || lacking < columns.len(),
    };
    Ok(Bindings::Listed(Box::new(ParentPlan { plan: plan(&parent_scan)?, predicate: wanted, bind, named: is_named })))
}

/// The configured values of a parent's column, if the configuration limits the parent by it.
fn scope_values(scan: &Scan<'_>, parent: &TableSpec, column: &str) -> Option<Vec<Value>> {
    let (scoped, input) = parent.scope.as_ref()?;
    let values = scan.inputs.get(input).filter(|values| !values.is_empty())?;
    (parent.columns[*scoped].name == column).then(|| values.iter().cloned().map(Value::Text).collect())
}

/// What a condition on this table says of the parent.
fn implied_of_parent(said: &Predicate, predicate: &Predicate, table: &TableSpec, parent: &TableSpec) -> Vec<Predicate> {
    let Some(spec) = &table.parent else { return Vec::new() };
    let twin = |column: usize| {
        let bound = spec.bind.iter().find(|(bound, _)| *bound == column).map(|(_, name)| name);
        let filled = match &table.columns[column].origin {
            Origin::Parent(name) => Some(name),
            _ => None,
        };
        bound.or(filled).and_then(|name| parent.column(name))
    };
    // Values that are said anywhere, if only in each branch of an OR.
    let named = (0..table.columns.len()).filter_map(|column| {
        let values = said.required_values(column)?;
        let twin = twin(column)?;
        Some(if values.is_empty() { Predicate::False } else { Predicate::leaf(twin, Test::In(values)) })
    });
    let mut all: Vec<Predicate> = named.collect();
    for part in predicate.conjuncts() {
        if let Some(moved) = moved(part, &twin) {
            all.push(moved);
        }
        if let Predicate::Leaf(leaf) = part {
            for (_, name, side) in spec.implies.iter().filter(|(column, ..)| *column == leaf.column) {
                let Some(column) = parent.column(name) else { continue };
                let range = match side {
                    Side::Lower => Range { low: lower_bound(&leaf.test), high: None },
                    Side::Upper => Range { low: None, high: upper_bound(&leaf.test) },
                };
                if range.low.is_some() || range.high.is_some() {
                    all.push(Predicate::leaf(column, Test::Range(range)));
                }
            }
        }
    }
    all
}

fn lower_bound(test: &Test) -> Option<Edge> {
    match test {
        Test::Range(range) => range.low.clone(),
        Test::In(values) => values.first().map(|value| Edge { value: value.clone(), inclusive: true }),
        _ => None,
    }
}

fn upper_bound(test: &Test) -> Option<Edge> {
    match test {
        Test::Range(range) => range.high.clone(),
        Test::In(values) => values.last().map(|value| Edge { value: value.clone(), inclusive: true }),
        _ => None,
    }
}

/// A condition that is only about columns that the parent has too, over the parent's columns.
fn moved(predicate: &Predicate, twin: &dyn Fn(usize) -> Option<usize>) -> Option<Predicate> {
    match predicate {
        Predicate::Leaf(leaf) => twin(leaf.column).map(|column| Predicate::leaf(column, leaf.test.clone())),
        Predicate::And(parts) => parts.iter().map(|part| moved(part, twin)).collect::<Option<Vec<_>>>().map(Predicate::and),
        Predicate::Or(parts) => parts.iter().map(|part| moved(part, twin)).collect::<Option<Vec<_>>>().map(Predicate::or),
        _ => None,
    }
}

/// Columns that a condition tests.
fn mentioned(predicate: &Predicate, table: &TableSpec) -> Vec<usize> {
    (0..table.columns.len()).filter(|column| predicate.mentions(*column)).collect()
}
