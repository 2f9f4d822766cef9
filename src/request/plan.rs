//! Choosing how to ask: list or look up, for which parents, in which order, with which pages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::parents::{Bindings, bindings};
use super::{PlanError, graphql, jql, params};
use crate::predicate::{Ask, Edge, Grid, Predicate, Range, Term, Test, Value, widen};
use crate::spec::{ColumnType, Dialect, Dir, OpName, Origin, SourceSpec, TableSpec};

/// So few calls are made for the keys of a join, whatever else the query says.
const FEW_LOOKUPS: usize = 3;

/// A sort key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    /// Position of the column in the table.
    pub column: usize,
    /// Direction.
    pub dir: Dir,
}

/// What must be read of a table beside the columns that are wanted.
#[derive(Clone, Debug, Default)]
pub struct Reads {
    /// Columns that tell which rows belong to the table.
    pub always: Vec<usize>,
    /// Columns that others follow from, or are asked for by.
    pub of: BTreeMap<usize, Vec<usize>>,
}

impl Reads {
    /// These columns and all that they need.
    pub fn with(&self, columns: &[usize]) -> Vec<usize> {
        let mut all: BTreeSet<usize> = BTreeSet::new();
        let mut open: Vec<usize> = columns.iter().chain(&self.always).copied().collect();
        while let Some(column) = open.pop() {
            if all.insert(column) {
                open.extend(self.of.get(&column).into_iter().flatten());
            }
        }
        all.into_iter().collect()
    }
}

/// What a query wants of a table.
#[derive(Clone, Debug)]
pub struct Scan<'a> {
    /// The source.
    pub source: &'a SourceSpec,
    /// The table.
    pub table: &'a Arc<TableSpec>,
    /// What is configured, secrets left out; a single value is a list of one.
    pub inputs: &'a Arc<BTreeMap<String, Vec<String>>>,
    /// For each table with a parent: which parents have children, over the parent's columns.
    pub parent_filters: &'a BTreeMap<String, Predicate>,
    /// For each table with a parent that says so: which parents are listed if the query names none.
    pub parent_defaults: &'a BTreeMap<String, Predicate>,
    /// For each table: what is read beside what is wanted.
    pub reads: &'a BTreeMap<String, Reads>,
    /// The condition.
    pub predicate: &'a Predicate,
    /// What joins with other tables allow; rows beyond it are harmless.
    pub joined: &'a Predicate,
    /// Columns whose values are needed.
    pub columns: &'a [usize],
    /// The wanted order; empty for any.
    pub order: &'a [Order],
    /// Most rows that are needed.
    pub fetch: Option<usize>,
    /// False: ask only for what the table requires.
    pub pushdown: bool,
}

/// How a table will be asked. Plain data.
#[derive(Clone, Debug)]
pub struct ScanPlan {
    /// The table.
    pub table: Arc<TableSpec>,
    /// What is configured.
    pub inputs: Arc<BTreeMap<String, Vec<String>>>,
    /// Position of the lookup that is used; none for the list.
    pub lookup: Option<usize>,
    /// Keys for the lookup, one chunk a request, and their column.
    pub keys: Option<(usize, Vec<Vec<Value>>)>,
    /// Nothing can match: no request at all.
    pub nothing: bool,
    /// What is asked.
    pub ask: Ask,
    /// What is asked after the API refused.
    pub safe_ask: Ask,
    /// Whether filters that can make the API refuse take part.
    pub filtered: bool,
    /// Whether no row of the answer fails the query's own condition.
    pub exact: bool,
    /// Literals that are handed through.
    pub passed: Vec<(usize, String)>,
    /// What the list hangs on.
    pub bindings: Bindings,
    /// Order that the API is asked for.
    pub order: Vec<Order>,
    /// Whether the wanted order is the API's.
    pub ordered: bool,
    /// Where to stop reading.
    pub stop: Option<Stop>,
    /// Columns to read from the answer.
    pub columns: Vec<usize>,
    /// Rows per page.
    pub size: Option<u32>,
}

/// Reading stops at the first row past this bound, because the API lists in the order of the column.
#[derive(Clone, Debug, PartialEq)]
pub struct Stop {
    /// The column.
    pub column: usize,
    /// Rows outside of this range end the list.
    pub range: Range,
}

/// Plans a scan.
///
/// # Errors
/// If the query uses a pass-through column in a way that no API can follow.
pub fn plan(scan: &Scan<'_>) -> Result<ScanPlan, PlanError> {
    let table = scan.table;
    let said = scoped(scan);
    let passed = passed(&said, table)?;
    // What joins allow does not tell whether a row of the answer is one of the query.
    let predicate = &Predicate::and(
        [said.clone(), scan.joined.clone()].into_iter().chain((*scan.joined != Predicate::True).then_some(Predicate::Opaque)),
    );
    let asked = if scan.pushdown { widen(predicate, table, &|_| true) } else { unasked(predicate) };
    let safe = if scan.pushdown { widen(predicate, table, &|filter| filter.safe) } else { unasked(predicate) };
    // What is handed through means something to the list only.
    let found = if scan.pushdown && passed.is_empty() { lookup(predicate, table) } else { None };
    // Keys that only a join knows may be more than the list has rows, if the query restricts it.
    let found = found.filter(|(_, column, chunks)| {
        chunks.len() <= FEW_LOOKUPS || said.required_values(*column).is_some() || widen(&said, table, &|_| true).tree == Ask::True
    });
    let bindings = bindings(scan, &said, predicate)?;
    let mut columns = scan.reads.get(&table.name).map_or_else(|| scan.columns.to_vec(), |reads| reads.with(scan.columns));
    columns.extend(table.parent.iter().flat_map(|parent| parent.bind.iter().map(|(column, _)| *column)));
    columns.extend(found.iter().map(|(_, column, _)| *column));

    let mut plan = ScanPlan {
        table: Arc::clone(table),
        inputs: Arc::clone(scan.inputs),
        nothing: asked.tree == Ask::False || *predicate == Predicate::False,
        filtered: false,
        exact: asked.exact && found.is_none(),
        ask: asked.tree,
        safe_ask: safe.tree,
        passed,
        bindings,
        order: Vec::new(),
        ordered: false,
        stop: None,
        columns: Vec::new(),
        size: None,
        lookup: found.as_ref().map(|(lookup, ..)| *lookup),
        keys: found.map(|(_, column, chunks)| (column, chunks)),
    };
    if plan.lookup.is_none() {
        plan.arrange(scan, predicate);
    } else {
        plan.ask = Ask::True;
        plan.safe_ask = Ask::True;
    }
    plan.filtered = plan.uses_unsafe_filters();
    columns.extend(plan.stop.iter().map(|stop| stop.column));
    columns.extend(plan.order.iter().map(|order| order.column));
    if plan.paging().overlap {
        columns.extend(&table.key);
    }
    columns.retain(|column| matches!(table.columns[*column].origin, Origin::Path(_)) && table.columns[*column].hydrate.is_none());
    columns.sort_unstable();
    columns.dedup();
    plan.columns = columns;
    plan.size = plan.page_size(scan.fetch);
    Ok(plan)
}

/// Pushdown is off: nothing is asked, and only what can never hold is left out.
fn unasked(predicate: &Predicate) -> crate::predicate::Asked {
    let tree = if *predicate == Predicate::False { Ask::False } else { Ask::True };
    crate::predicate::Asked { tree, exact: *predicate == Predicate::True }
}

/// A table whose rows the configuration limits: unless the query names values itself, the configured ones are meant.
fn scoped(scan: &Scan<'_>) -> Predicate {
    let Some((column, input)) = &scan.table.scope else { return scan.predicate.clone() };
    let Some(values) = scan.inputs.get(input).filter(|values| !values.is_empty()) else { return scan.predicate.clone() };
    if scan.predicate.required_values(*column).is_some() {
        return scan.predicate.clone();
    }
    let values = values.iter().map(|value| Predicate::compare(*column, Grid::Dense, crate::predicate::Op::Eq, Value::Text(value.clone())));
    Predicate::and([scan.predicate.clone(), Predicate::or(values)])
}

/// Pass-through columns: one `=` each, at the top of the condition.
fn passed(predicate: &Predicate, table: &TableSpec) -> Result<Vec<(usize, String)>, PlanError> {
    let mut passed = Vec::new();
    for filter in table.filters.iter().filter(|filter| filter.pass_through) {
        let name = &table.columns[filter.column].name;
        let mut texts = predicate.conjuncts().iter().filter(|part| part.mentions(filter.column));
        let Some(first) = texts.next() else { continue };
        let only =
            format!("{}: the column {name} is handed to the API as it stands; use it once, as {name} = '…' AND …", table.full_name());
        let (Predicate::Leaf(leaf), None) = (first, texts.next()) else { return Err(PlanError(only)) };
        let Test::In(values) = &leaf.test else { return Err(PlanError(only)) };
        let [Value::Text(text)] = values.as_slice() else { return Err(PlanError(only)) };
        if table.dialect == Dialect::Jql && !jql::balanced(text) {
            return Err(PlanError(format!("{}: the text for {name} has a quote or bracket that is not closed: {text}", table.full_name())));
        }
        passed.push((filter.column, text.clone()));
    }
    Ok(passed)
}

/// The first lookup whose keys the condition names; an impossible key names no row, so it is left out.
fn lookup(predicate: &Predicate, table: &TableSpec) -> Option<(usize, usize, Vec<Vec<Value>>)> {
    table.lookups.iter().enumerate().find_map(|(position, lookup)| {
        lookup.columns.iter().find_map(|column| {
            let mut keys = predicate.required_values(*column)?;
            if let Some(ranges) = &lookup.chars {
                let fits = |character: char| ranges.iter().any(|(low, high)| (*low..=*high).contains(&character));
                keys.retain(|key| key.text().is_none_or(|text| !text.is_empty() && text.chars().all(fits)));
            }
            // A segment of dots is a way through folders to every server, and the name of nothing.
            let dots = |text: &str| text.split('/').any(|part| part == "." || part == "..");
            keys.retain(|key| key.text().is_none_or(|text| !dots(text)));
            if lookup.up_to.is_some_and(|most| keys.len() > most) {
                return None;
            }
            Some((position, *column, keys.chunks(lookup.max.max(1)).map(<[Value]>::to_vec).collect()))
        })
    })
}

impl ScanPlan {
    /// Order, stop, and what parameters can't say.
    fn arrange(&mut self, scan: &Scan<'_>, predicate: &Predicate) {
        let table = Arc::clone(&self.table);
        let wanted: Vec<Order> = scan.order.to_vec();
        let most = if table.dialect == Dialect::Jql { 7 } else { 1 };
        let listed = matches!(self.bindings, Bindings::Listed(_)) && table.parent.as_ref().is_some_and(|parent| parent.many);
        self.ordered =
            scan.pushdown && !listed && !wanted.is_empty() && wanted.len() <= most && wanted.iter().all(|order| self.has_order(*order));
        if self.ordered {
            self.order = wanted;
        }
        if scan.pushdown {
            self.stop = table.filters.iter().filter(|filter| filter.stop).find_map(|filter| {
                let (range, dir) = stop_range(predicate, filter.column, filter.has(OpName::Ge))?;
                let order = Order { column: filter.column, dir };
                let free = self.order.is_empty() && scan.order.is_empty() || self.order == [order];
                (free && self.has_order(order)).then(|| {
                    self.order = vec![order];
                    Stop { column: filter.column, range }
                })
            });
        }
        self.ask = without_stops(&self.ask, &table);
        self.safe_ask = without_stops(&self.safe_ask, &table);
        if table.dialect == Dialect::Params {
            let params = params::render(&self.ask, &table);
            let configured = |input: &str| self.inputs.get(input).is_some_and(|values| !values.is_empty());
            let without = table.request.path_if.iter().find(|path| configured(&path.input)).map_or(&[][..], |path| &path.without);
            let unknown = params.pairs.iter().any(|(name, _)| without.contains(name));
            self.exact &= params.faithful && !unknown && self.stop.is_none();
        }
    }

    fn has_order(&self, order: Order) -> bool {
        self.table.orders.iter().any(|known| known.column == order.column && known.dir.contains(&order.dir))
    }

    fn uses_unsafe_filters(&self) -> bool {
        if self.table.dialect == Dialect::Params {
            params::render(&self.ask, &self.table).used.iter().any(|filter| !self.table.filters[*filter].safe)
        } else {
            terms(&self.ask).iter().any(|term| !self.table.filters[term.filter].safe)
        }
    }

    /// The page size: what the table allows for these columns, and no more than LIMIT needs if every row counts.
    fn page_size(&self, fetch: Option<usize>) -> Option<u32> {
        let paging = self.paging();
        let fetched: Vec<&str> = self.fetched();
        let narrow = paging.sizes.iter().find(|narrow| fetched.iter().all(|field| narrow.only.iter().any(|only| only == field)));
        let size = narrow.map_or(paging.size, |narrow| Some(narrow.size))?;
        let set = |input: &str| self.inputs.get(input).is_some_and(|values| values.iter().any(|value| value != "false"));
        let size = paging.size_if.iter().find(|other| set(&other.input)).map_or(size, |other| other.size);
        let size = paging.points.map_or(size, |points| size.min(graphql::rows_for(points, &fetched.join(" "))));
        let every_row_counts = self.exact && self.table.keep.is_none() && self.table.parent.is_none() && self.stop.is_none();
        let needed = fetch.filter(|_| every_row_counts).and_then(|rows| u32::try_from(rows.max(1)).ok());
        Some(needed.map_or(size, |needed| size.min(needed)))
    }

    /// How one page leads to the next.
    pub fn paging(&self) -> &crate::spec::PagingSpec {
        self.lookup.map_or(&self.table.paging, |lookup| &self.table.lookups[lookup].paging)
    }

    /// Where the rows are in an answer.
    pub fn rows(&self) -> &crate::spec::RowsAt {
        self.lookup.map_or(&self.table.rows, |lookup| &self.table.lookups[lookup].rows)
    }

    /// What the API is asked for to get the columns; if they need nothing, what the key needs.
    pub(super) fn fetched(&self) -> Vec<&str> {
        let of = |columns: &[usize]| {
            let mut fields: Vec<&str> =
                columns.iter().flat_map(|column| self.table.columns[*column].fetch.iter().map(String::as_str)).collect();
            fields.sort_unstable();
            fields.dedup();
            fields
        };
        let fields = of(&self.columns);
        if fields.is_empty() { of(&self.table.key) } else { fields }
    }

    /// Whether the list needs a restriction that has to be looked up first.
    pub fn needs_restriction(&self) -> bool {
        self.table.unbounded.is_some() && self.lookup.is_none() && self.ask == Ask::True && self.passed.is_empty()
    }
}

/// The range that a column must be in for every row, if it ends on the side where the list stops.
fn stop_range(predicate: &Predicate, column: usize, low: bool) -> Option<(Range, Dir)> {
    predicate.conjuncts().iter().find_map(|part| match part {
        Predicate::Leaf(leaf) if leaf.column == column => {
            let range = match &leaf.test {
                Test::Range(range) => range.clone(),
                Test::In(values) => Range {
                    low: values.first().map(|value| Edge { value: value.clone(), inclusive: true }),
                    high: values.last().map(|value| Edge { value: value.clone(), inclusive: true }),
                },
                _ => return None,
            };
            if low {
                Some((Range { low: Some(range.low?), high: None }, Dir::Desc))
            } else {
                Some((Range { low: None, high: Some(range.high?) }, Dir::Asc))
            }
        }
        _ => None,
    })
}

fn without_stops(ask: &Ask, table: &TableSpec) -> Ask {
    match ask {
        Ask::Term(term) if table.filters[term.filter].stop => Ask::True,
        Ask::And(parts) => Ask::and(parts.iter().map(|part| without_stops(part, table))),
        Ask::Or(parts) => Ask::or(parts.iter().map(|part| without_stops(part, table))),
        other => other.clone(),
    }
}

pub(super) fn terms(ask: &Ask) -> Vec<&Term> {
    match ask {
        Ask::Term(term) => vec![term],
        Ask::And(parts) | Ask::Or(parts) => parts.iter().flat_map(terms).collect(),
        Ask::True | Ask::False => Vec::new(),
    }
}

/// The grid on which a column's values lie.
pub(crate) fn grid(table: &TableSpec, column: usize) -> Grid {
    match table.columns[column].kind {
        ColumnType::Timestamp => Grid::Time(table.columns[column].resolution),
        ColumnType::Date => Grid::Date,
        ColumnType::Int32 | ColumnType::Int64 => Grid::Int,
        _ => Grid::Dense,
    }
}
