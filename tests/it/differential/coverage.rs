//! What a run sent, and whether that is every operator that a table's file declares.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::physical_plan::ExecutionPlan;
use sqluice::predicate::{Ask, Range, Test};
use sqluice::request::Bindings;
use sqluice::scan::ApiScanExec;
use sqluice::spec::{ColumnType, FilterSpec, TableSpec};

use super::subjects::{Subject, TABLES};

/// How often a column was sent under an operator.
pub(super) type Hits = BTreeMap<(String, &'static str), usize>;

/// Filters whose column the truth cannot have, and why: table, column, reason.
const UNTESTED: [(&str, &str, &str); 1] = [("linear.projects", "label_ids", "no project of the demo's company has a label")];

/// Columns and operators that a plan's scans send.
pub(super) fn terms(plan: &Arc<dyn ExecutionPlan>, found: &mut Vec<(String, &'static str)>) {
    if let Some(scan) = plan.downcast_ref::<ApiScanExec>() {
        let plan = scan.plan();
        let pushed = plan.pushed_columns();
        let name = |column: usize| plan.table.columns[column].name.clone();
        walk(&plan.ask, &mut |filter, test| {
            let column = plan.table.filters[filter].column;
            if !pushed.contains(&column) {
                return;
            }
            let mut add = |op| found.push((name(column), op));
            match test {
                Test::In(values) => add(if values.len() == 1 { "=" } else { "IN" }),
                Test::NotIn(values) => add(if values.len() == 1 { "<>" } else { "NOT IN" }),
                Test::Null => add("IS NULL"),
                Test::NotNull => add("IS NOT NULL"),
                Test::Has(_) => add("has element"),
                Test::Range(range) => ends(range).for_each(add),
            }
        });
        // Sent as an order, and as the place where reading ends.
        if let Some(stop) = &plan.stop {
            found.extend(ends(&stop.range).map(|op| (name(stop.column), op)));
        }
        if let Some((column, chunks)) = &plan.keys {
            found.push((name(*column), if chunks.iter().map(Vec::len).sum::<usize>() == 1 { "=" } else { "IN" }));
        }
        if let Bindings::Named(_) = &plan.bindings {
            let bind = plan.table.parent.iter().flat_map(|parent| &parent.bind);
            found.extend(bind.map(|(column, _)| (name(*column), "=")));
        }
        if matches!(&plan.bindings, Bindings::Listed(parent) if parent.named) {
            found.push(("the parent".to_owned(), "="));
        }
    }
    plan.children().into_iter().for_each(|child| terms(child, found));
}

/// The operators of a range's ends.
fn ends(range: &Range) -> impl Iterator<Item = &'static str> {
    let low = range.low.as_ref().map(|edge| if edge.inclusive { ">=" } else { ">" });
    let high = range.high.as_ref().map(|edge| if edge.inclusive { "<=" } else { "<" });
    low.into_iter().chain(high)
}

fn walk(ask: &Ask, found: &mut impl FnMut(usize, &Test)) {
    match ask {
        Ask::Term(term) => found(term.filter, &term.test),
        Ask::And(parts) | Ask::Or(parts) => parts.iter().for_each(|part| walk(part, found)),
        Ask::True | Ask::False => {}
    }
}

/// The names of the columns that a table has filters for, one for each filter.
pub(super) fn declared(spec: &TableSpec) -> impl Iterator<Item = (&str, &FilterSpec)> {
    let filters = spec.filters.iter().filter(|filter| !filter.pass_through);
    filters.map(|filter| (spec.columns[filter.column].name.as_str(), filter))
}

/// Every declared column was sent, and every operator that is declared for it at least this often.
pub(super) fn covered(subject: &Subject, hits: &Hits, least: usize) {
    let mut rare = Vec::new();
    for (name, filter) in declared(subject.spec()).filter(|(name, _)| subject.knows(name)) {
        if !hits.keys().any(|(sent, _)| sent == name) {
            rare.push(format!("{name} was never sent"));
        }
        // Where values lie on a grid, `> x` and `>= next of x` are one test, and which of them is sent is the planner's choice.
        let dense = subject.spec().columns[filter.column].kind == ColumnType::Float64;
        for op in &filter.ops {
            let spellings: &[&'static str] = match op.sql() {
                ">" | ">=" if !dense => &[">", ">="],
                "<" | "<=" if !dense => &["<", "<="],
                same => &[same],
            };
            let sent: usize = spellings.iter().filter_map(|op| hits.get(&(name.to_owned(), *op))).sum();
            if sent < least {
                rare.push(format!("{name} {} was sent {sent} times", op.sql()));
            }
        }
    }
    assert!(rare.is_empty(), "{}: fewer than {least} times: {rare:#?}", subject.table);
}

/// Each declared filter is either held against the truth or excused by name.
#[tokio::test(flavor = "multi_thread")]
async fn every_declared_filter_is_tested_or_excused() {
    for table in TABLES {
        let subject = Subject::of(table).await;
        let spec = subject.spec();
        let excused: Vec<&str> = UNTESTED.iter().filter(|(of, ..)| *of == table).map(|(_, column, _)| *column).collect();
        for (name, _) in declared(spec) {
            assert_ne!(subject.knows(name), excused.contains(&name), "{table}.{name} is to be known to the truth, or excused");
        }
        let vain: Vec<&&str> = excused.iter().filter(|column| declared(spec).all(|(name, _)| name != **column)).collect();
        assert!(vain.is_empty(), "{table} declares no filter for {vain:?}");
    }
}
