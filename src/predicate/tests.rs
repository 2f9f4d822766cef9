//! Property tests: folding keeps what holds, and what is asked contains what is wanted, whatever an API does within its declared facts.

use super::*;
use crate::spec::{self, Compares, FilterSpec, Nulls, TableSpec};

/// A row: text, text, integer, time in milliseconds (held in microseconds), list.
type Row = [Cell; 5];

#[derive(Clone, Debug, PartialEq)]
enum Cell {
    Null,
    Value(Value),
    List(Vec<String>),
}

const SOURCE: &str = "format: 1\nsource: s\nbase_url: \"http://s\"\n";

fn table(rest: &str) -> TableSpec {
    let text = format!(
        "format: 1\ntable: t\ndescription: T.\nkey: [id]\nrequest: {{path: /t}}\nrows: rows\n{rest}\ncolumns:\n  - {{name: id, type: string}}\n  - {{name: name, type: string}}\n  - {{name: n, type: int64}}\n  - {{name: at, type: timestamp, resolution: 1ms}}\n  - {{name: tags, type: \"list<string>\"}}\n"
    );
    let source = spec::parse_source(SOURCE, "s/source.yaml").unwrap();
    spec::parse_table(&text, "s/t.yaml", &source).unwrap()
}

fn tables() -> Vec<TableSpec> {
    vec![
        table(
            "dialect: jql\nfilters:\n  - {column: id, field: id, ops: [eq, ne, in, not_in, is_null, is_not_null], compares: sql, nulls: sql}\n  - {column: name, field: name, ops: [eq, in]}\n  - {column: n, field: n, ops: [eq, gt, ge, lt, le]}\n  - {column: at, field: at, ops: [ge, lt], granularity: 1m}\n  - {column: tags, field: tags, ops: [has_element]}",
        ),
        table(
            "dialect: jql\nfilters:\n  - {column: id, field: id, ops: [eq, ne], compares: sql}\n  - {column: n, field: n, ops: [gt, le]}\n  - {column: at, field: at, ops: [gt, le], granularity: 1s}",
        ),
        table(
            "filters:\n  - {column: id, param: id, ops: [eq], compares: sql, values: [a, b]}\n  - {column: name, param: name, ops: [eq, is_null], null_value: none}\n  - {column: at, param: since, ops: [ge, gt], bound: inclusive, encode: epoch_s}\n  - {column: at, param: until, ops: [le, lt], bound: exclusive}",
        ),
        table(
            "filters:\n  - {column: at, param: since, ops: [ge, gt], bound: unknown}\n  - {column: at, param: until, ops: [le, lt], bound: inclusive, encode: epoch_ms}",
        ),
    ]
}

/// Steps of a minute around a few instants, so that literals and values meet on borders.
fn time(random: &mut fastrand::Rng) -> i64 {
    let base = [0, 1_790_000_000_000, 1_767_608_400_000][random.usize(..3)] + random.i64(-2..=2) * 60_000;
    (base + [0, 0, 0, 1, -1, 999, 1_000, 59_999][random.usize(..8)]).max(0) * 1_000
}

fn row(random: &mut fastrand::Rng) -> Row {
    fn cell(random: &mut fastrand::Rng, value: Value) -> Cell {
        if random.u8(..5) == 0 { Cell::Null } else { Cell::Value(value) }
    }
    let text = |random: &mut fastrand::Rng| Value::Text(["a", "A", "b", "c"][random.usize(..4)].to_owned());
    let (id, name, n, at) = (text(random), text(random), Value::Int(random.i64(-2..3)), Value::Time(time(random)));
    let tags = (0..random.usize(..3)).map(|_| ["x", "X", "y"][random.usize(..3)].to_owned()).collect();
    let list = if random.u8(..5) == 0 { Cell::Null } else { Cell::List(tags) };
    [cell(random, id), cell(random, name), cell(random, n), cell(random, at), list]
}

fn leaf(random: &mut fastrand::Rng) -> Predicate {
    let op = [Op::Eq, Op::Ne, Op::Lt, Op::Le, Op::Gt, Op::Ge][random.usize(..6)];
    match random.u8(..12) {
        0 => Predicate::leaf(random.usize(..5), if random.bool() { Test::Null } else { Test::NotNull }),
        1 => Predicate::Opaque,
        2 => Predicate::leaf(4, Test::Has(Value::Text(["x", "X", "y", ""][random.usize(..4)].to_owned()))),
        3..=5 => {
            let value = Value::Text(["a", "A", "b", "", "z\0"][random.usize(..5)].to_owned());
            let op = if random.bool() { Op::Eq } else { op };
            Predicate::compare(random.usize(..2), Grid::Dense, op, value)
        }
        6 | 7 => Predicate::compare(2, Grid::Int, op, Value::Int(random.i64(-3..4))),
        _ => {
            // Literals between two points of the grid come as their floor.
            let at = time(random);
            match Grid::Time(1_000).test_between(op, i128::from(at), random.bool()) {
                Some(test) => Predicate::leaf(3, test),
                None => Predicate::False,
            }
        }
    }
}

fn tree(random: &mut fastrand::Rng, depth: usize) -> (Predicate, Vec<Predicate>, u8) {
    if depth == 0 || random.u8(..3) == 0 {
        let leaf = leaf(random);
        return (leaf.clone(), vec![leaf], 0);
    }
    let parts: Vec<Predicate> = (0..random.usize(2..4)).map(|_| tree(random, depth - 1).0).collect();
    let kind = 1 + random.u8(..2);
    let whole = if kind == 1 { Predicate::and(parts.clone()) } else { Predicate::or(parts.clone()) };
    (whole, parts, kind)
}

/// Whether a predicate holds; none if that hangs on an opaque part.
fn holds(predicate: &Predicate, row: &Row) -> Option<bool> {
    match predicate {
        Predicate::True => Some(true),
        Predicate::False => Some(false),
        Predicate::Opaque => None,
        Predicate::Leaf(leaf) => Some(passes(&leaf.test, &row[leaf.column])),
        Predicate::And(parts) => {
            let all: Vec<Option<bool>> = parts.iter().map(|part| holds(part, row)).collect();
            if all.contains(&Some(false)) {
                Some(false)
            } else if all.contains(&None) {
                None
            } else {
                Some(true)
            }
        }
        Predicate::Or(parts) => {
            let all: Vec<Option<bool>> = parts.iter().map(|part| holds(part, row)).collect();
            if all.contains(&Some(true)) {
                Some(true)
            } else if all.contains(&None) {
                None
            } else {
                Some(false)
            }
        }
    }
}

fn passes(test: &Test, cell: &Cell) -> bool {
    match (test, cell) {
        (Test::Null, cell) => *cell == Cell::Null,
        (_, Cell::Null) => false,
        (Test::NotNull, _) => true,
        (Test::In(values), Cell::Value(value)) => values.contains(value),
        (Test::NotIn(values), Cell::Value(value)) => !values.contains(value),
        (Test::Range(range), Cell::Value(value)) => range.contains(value),
        (Test::Has(wanted), Cell::List(items)) => items.iter().any(|item| wanted.text() == Some(item)),
        _ => false,
    }
}

/// How an API that keeps to a filter's facts may behave where the facts leave a choice.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// Cuts stored times to its step before it compares them.
    floors: bool,
    /// Where it is unknown: a bound includes itself.
    inclusive: bool,
}

fn api(ask: &Ask, row: &Row, table: &TableSpec, habit: Habit) -> bool {
    match ask {
        Ask::True => true,
        Ask::False => false,
        Ask::And(parts) => parts.iter().all(|part| api(part, row, table, habit)),
        Ask::Or(parts) => parts.iter().any(|part| api(part, row, table, habit)),
        Ask::Term(term) => {
            let filter = &table.filters[term.filter];
            answers(filter, &term.test, &row[filter.column], habit, table)
        }
    }
}

fn answers(filter: &FilterSpec, test: &Test, cell: &Cell, habit: Habit, table: &TableSpec) -> bool {
    let fold = |text: &str| if filter.compares == Compares::Sql { text.to_owned() } else { text.to_lowercase() };
    let same = |a: &Value, b: &Value| match (a, b) {
        (Value::Text(a), Value::Text(b)) => fold(a) == fold(b),
        (a, b) => a == b,
    };
    match (test, cell) {
        (Test::Null, cell) => *cell == Cell::Null,
        (Test::NotIn(_), Cell::Null) => filter.nulls == Nulls::Kept,
        (_, Cell::Null) => false,
        (Test::NotNull, _) => true,
        (Test::In(values), Cell::Value(value)) => values.iter().any(|wanted| same(wanted, value)),
        (Test::NotIn(values), Cell::Value(value)) => !values.iter().any(|wanted| same(wanted, value)),
        (Test::Has(wanted), Cell::List(items)) => items.iter().any(|item| same(wanted, &Value::Text(item.clone()))),
        (Test::Range(range), Cell::Value(value)) => {
            let value = match value {
                Value::Time(at) if habit.floors => Value::Time(at.div_euclid(filter.granularity) * filter.granularity),
                other => other.clone(),
            };
            let mut range = range.clone();
            if table.dialect == crate::spec::Dialect::Params {
                // A parameter has no operator: the API includes its own bound or not, whatever we think.
                let inclusive = match filter.bound {
                    crate::spec::Bound::Inclusive => true,
                    crate::spec::Bound::Exclusive => false,
                    crate::spec::Bound::Unknown => habit.inclusive,
                };
                for edge in [&mut range.low, &mut range.high].into_iter().flatten() {
                    edge.inclusive = inclusive;
                }
            }
            range.contains(&value)
        }
        _ => false,
    }
}

#[test]
fn folding_keeps_what_holds() {
    let mut random = fastrand::Rng::with_seed(1);
    for _ in 0..20_000 {
        let (whole, parts, kind) = tree(&mut random, 2);
        for _ in 0..4 {
            let row = row(&mut random);
            let each: Vec<Option<bool>> = parts.iter().map(|part| holds(part, &row)).collect();
            let wanted = match kind {
                2 if each.contains(&Some(true)) => Some(true),
                1 if each.contains(&Some(false)) => Some(false),
                _ if each.contains(&None) => None,
                1 => Some(true),
                2 => Some(false),
                _ => each[0],
            };
            let got = holds(&whole, &row);
            // Folding may find out what an opaque part left open, never the opposite of what is known.
            assert!(wanted.is_none() || got == wanted, "{whole:?} of {parts:?} on {row:?}: {got:?}, not {wanted:?}");
        }
    }
}

#[test]
fn what_is_asked_contains_what_is_wanted() {
    let mut random = fastrand::Rng::with_seed(2);
    let (mut asked_something, mut exact) = (0, 0);
    let tables = tables();
    for round in 0..20_000 {
        let table = &tables[round % tables.len()];
        let (predicate, ..) = tree(&mut random, 2);
        let asked = widen(&predicate, table, &|_| true);
        asked_something += usize::from(asked.tree != Ask::True);
        exact += usize::from(asked.exact);
        for _ in 0..6 {
            let row = row(&mut random);
            for habit in [(false, false), (false, true), (true, false), (true, true)] {
                let habit = Habit { floors: habit.0, inclusive: habit.1 };
                let answered = api(&asked.tree, &row, table, habit);
                // Opaque parts may be true: then the row is wanted.
                let wanted = holds(&predicate, &row).unwrap_or(true);
                assert!(answered || !wanted, "{row:?} is lost: {predicate:?} asked as {:?} with {habit:?}", asked.tree);
                assert!(!asked.exact || answered == wanted, "{row:?}: {predicate:?} asked as {:?} is not exact with {habit:?}", asked.tree);
            }
        }
    }
    assert!(asked_something > 8_000, "only {asked_something} predicates asked for something");
    assert!(exact > 1_000, "only {exact} were exact");
}

#[test]
fn required_values_come_from_all_shapes() {
    let text = |text: &str| Value::Text(text.to_owned());
    let is = |value: &str| Predicate::compare(0, Grid::Dense, Op::Eq, text(value));
    let either = Predicate::or([is("b"), is("a"), Predicate::False]);
    assert_eq!(either.required_values(0), Some(vec![text("a"), text("b")]));
    assert_eq!(Predicate::and([either.clone(), Predicate::Opaque]).required_values(0), Some(vec![text("a"), text("b")]));
    assert_eq!(Predicate::and([either.clone(), is("c")]), Predicate::False);
    assert_eq!(Predicate::or([either, Predicate::Opaque]).required_values(0), None);
}

#[test]
fn combinations_are_named_one_by_one_if_they_are_few() {
    let of = |column: usize, many: i64| Predicate::leaf(column, Test::In((0..many).map(Value::Int).collect()));
    let few = Predicate::and([of(0, 3), of(1, 4)]);
    assert_eq!(few.required_tuples(&[0, 1]).map(|all| all.len()), Some(12));
    assert_eq!(Predicate::and([of(0, 2_000), of(1, 2_000)]).required_tuples(&[0, 1]), None);
    assert_eq!(of(0, 2_000).required_tuples(&[0]).map(|all| all.len()), Some(2_000));
}
