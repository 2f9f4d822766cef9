//! What is asked, against a model of Linear's comparators as they were measured (its API page, section 5), on random conditions and rows.

use std::sync::Arc;

use chrono::DateTime;

use super::*;
use crate::predicate::{Grid, Op, Predicate, Range, widen};

struct Dice(fastrand::Rng);

impl Dice {
    fn below(&mut self, sides: u64) -> u64 {
        self.0.u64(..sides)
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[usize::try_from(self.below(from.len() as u64)).unwrap()]
    }
}

fn issues() -> Arc<TableSpec> {
    let sources = crate::spec::built_in().unwrap();
    Arc::clone(&sources["linear"].tables["issues"])
}

const PEOPLE: [&str; 3] =
    ["11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"];

/// A row of Linear's, and what the columns show of it.
fn row(dice: &mut Dice) -> Json {
    let time = |dice: &mut Dice| json!(1_788_000_000_000_i64 + i64::try_from(dice.below(5)).unwrap());
    let maybe = |dice: &mut Dice, value: Json| if dice.below(3) == 0 { Json::Null } else { value };
    let assignee = json!({ "id": dice.pick(&PEOPLE) });
    let cycle = json!({ "number": 1 + dice.below(3), "id": dice.pick(&PEOPLE) });
    let completed = time(dice);
    let due = json!(20_600 + dice.below(3));
    let labels: Vec<Json> = ["Bug", "bug", "Feature"].iter().filter(|_| dice.below(2) == 0).map(|name| json!({ "name": name })).collect();
    json!({
        "title": dice.pick(&["a", "A", "b"]),
        "priority": dice.below(3),
        "estimate": maybe(dice, json!(1.5)),
        "state": { "type": dice.pick(&["started", "completed", "triage"]) },
        "team": { "key": dice.pick(&["ENG", "OPS"]) },
        "assignee": maybe(dice, assignee),
        "cycle": maybe(dice, cycle),
        "labels": labels,
        "createdAt": time(dice),
        "completedAt": maybe(dice, completed),
        "dueDate": maybe(dice, due),
    })
}

const COLUMNS: [(&str, &str); 11] = [
    ("title", "title"),
    ("priority", "priority"),
    ("estimate", "estimate"),
    ("state_type", "state.type"),
    ("team_key", "team.key"),
    ("assignee_id", "assignee.id"),
    ("cycle_number", "cycle.number"),
    ("cycle_id", "cycle.id"),
    ("created_at", "createdAt"),
    ("completed_at", "completedAt"),
    ("due_date", "dueDate"),
];

fn shown(row: &Json, column: &str, path: &str) -> Option<Value> {
    let value = path.split('.').try_fold(row, |at, name| at.get(name))?;
    match (column, value) {
        (_, Json::Null) => None,
        ("created_at" | "completed_at", value) => Some(Value::Time(value.as_i64()? * 1_000)),
        ("due_date", value) => Some(Value::Date(i32::try_from(value.as_i64()?).ok()?)),
        ("estimate", value) => Some(Value::Float(value.as_f64()?)),
        (_, Json::String(text)) => Some(Value::Text(text.clone())),
        (_, value) => Some(Value::Int(value.as_i64()?)),
    }
}

fn predicate(dice: &mut Dice, table: &TableSpec, depth: u32) -> Predicate {
    if depth > 0 && dice.below(3) > 0 {
        let count = 2 + dice.below(2);
        let parts: Vec<_> = (0..count).map(|_| predicate(dice, table, depth - 1)).collect();
        return if dice.below(2) == 0 { Predicate::and(parts) } else { Predicate::or(parts) };
    }
    if dice.below(12) == 0 {
        return Predicate::Opaque;
    }
    if dice.below(8) == 0 {
        let labels = table.column("labels").unwrap();
        return Predicate::leaf(labels, Test::Has(Value::Text((*dice.pick(&["Bug", "bug"])).to_owned())));
    }
    let (name, _) = *dice.pick(&COLUMNS);
    let column = table.column(name).unwrap();
    let one = |dice: &mut Dice| match name {
        "title" => Value::Text((*dice.pick(&["a", "A", "b", "c"])).to_owned()),
        "state_type" => Value::Text((*dice.pick(&["started", "completed", "no such"])).to_owned()),
        "team_key" => Value::Text((*dice.pick(&["ENG", "eng", "OPS"])).to_owned()),
        "assignee_id" | "cycle_id" => Value::Text((*dice.pick(&PEOPLE)).to_owned()),
        "estimate" => Value::Float(*dice.pick(&[1.5, 2.0])),
        "created_at" | "completed_at" => Value::Time(1_788_000_000_000_000 + 500 * i64::try_from(dice.below(10)).unwrap()),
        "due_date" => Value::Date(20_600 + i32::try_from(dice.below(4)).unwrap()),
        _ => Value::Int(1 + i64::try_from(dice.below(3)).unwrap()),
    };
    let grid = match name {
        "created_at" | "completed_at" => Grid::Time(1_000),
        "due_date" => Grid::Date,
        "priority" | "cycle_number" => Grid::Int,
        _ => Grid::Dense,
    };
    let value = one(dice);
    let text = matches!(value, Value::Text(_));
    match dice.below(8) {
        0 => Predicate::leaf(column, Test::Null),
        1 => Predicate::leaf(column, Test::NotNull),
        2 => Predicate::compare(column, grid, Op::Ne, value),
        3 => {
            let other = one(dice);
            let parts = [value, other].map(|value| Predicate::compare(column, grid, Op::Ne, value));
            Predicate::and(parts)
        }
        4 => {
            let other = one(dice);
            Predicate::or([value, other].map(|value| Predicate::compare(column, grid, Op::Eq, value)))
        }
        5 if !text => Predicate::compare(column, grid, *dice.pick(&[Op::Lt, Op::Le]), value),
        6 if !text => Predicate::compare(column, grid, *dice.pick(&[Op::Gt, Op::Ge]), value),
        _ => Predicate::compare(column, grid, Op::Eq, value),
    }
}

/// SQL: whether the condition is TRUE. What is opaque is true for every second row.
fn holds(predicate: &Predicate, table: &TableSpec, row: &Json, number: usize) -> bool {
    match predicate {
        Predicate::True => true,
        Predicate::False => false,
        Predicate::Opaque => number.is_multiple_of(2),
        Predicate::And(parts) => parts.iter().all(|part| holds(part, table, row, number)),
        Predicate::Or(parts) => parts.iter().any(|part| holds(part, table, row, number)),
        Predicate::Leaf(leaf) => {
            let name = table.columns[leaf.column].name.as_str();
            if let Test::Has(Value::Text(text)) = &leaf.test {
                return row["labels"].as_array().unwrap().iter().any(|label| label["name"] == text.as_str());
            }
            let (_, path) = COLUMNS.iter().find(|(known, _)| *known == name).unwrap();
            match (shown(row, name, path), &leaf.test) {
                (value, Test::Null) => value.is_none(),
                (None, _) => false,
                (Some(_), Test::NotNull) => true,
                (Some(value), Test::In(values)) => values.contains(&value),
                (Some(value), Test::NotIn(values)) => !values.contains(&value),
                (Some(value), Test::Range(range)) => range.contains(&value),
                (Some(_), Test::Has(_)) => unreachable!("only labels"),
            }
        }
    }
}

/// Linear, as measured: all keys of an object must hold, but of a branch of `or` any one is enough.
fn linear(filter: &Json, row: &Json, branch: bool) -> bool {
    let object = filter.as_object().unwrap();
    assert!(!object.is_empty(), "an empty object holds for every row");
    if object.get("null") == Some(&json!(true)) {
        assert_eq!(object.len(), 1, "siblings of `null: true` are ignored");
    }
    let mut keys = object.iter().map(|(key, below)| match (key.as_str(), below) {
        ("and", Json::Array(parts)) => parts.iter().all(|part| linear(part, row, false)),
        ("or", Json::Array(parts)) => !parts.is_empty() && parts.iter().any(|part| linear(part, row, true)),
        ("labels", below) => {
            let some = below.get("some").expect("no other quantifier is SQL's");
            row["labels"].as_array().unwrap().iter().any(|label| linear(some, label, false))
        }
        (relation @ ("assignee" | "cycle" | "state" | "team"), below) => match (&row[relation], below.get("null")) {
            (value, Some(Json::Bool(null))) => value.is_null() == *null,
            // What hangs on a relation that is not there: negative comparators hold, positive ones do not.
            (Json::Null, _) => {
                below.as_object().unwrap().values().all(|comparator| comparator.get("neq").is_some() || comparator.get("nin").is_some())
            }
            (value, _) => linear(below, value, false),
        },
        (field, comparator) => compared(comparator, &row[field], field),
    });
    if branch { keys.any(|holds| holds) } else { keys.all(|holds| holds) }
}

fn compared(comparator: &Json, value: &Json, field: &str) -> bool {
    comparator.as_object().unwrap().iter().all(|(name, operand)| {
        assert!(!operand.is_null(), "a null operand matches nothing or everything");
        let same = |operand: &Json| order(value, operand, field) == Some(std::cmp::Ordering::Equal);
        let many = |operand: &Json| operand.as_array().unwrap().iter().any(same);
        match name.as_str() {
            "null" => value.is_null() == operand.as_bool().unwrap(),
            "eq" => same(operand),
            "in" => many(operand),
            "neq" => !value.is_null() && !same(operand),
            // On a field without a value it holds.
            "nin" => !many(operand),
            "gt" => order(value, operand, field).is_some_and(std::cmp::Ordering::is_gt),
            "gte" => order(value, operand, field).is_some_and(std::cmp::Ordering::is_ge),
            "lt" => order(value, operand, field).is_some_and(std::cmp::Ordering::is_lt),
            "lte" => order(value, operand, field).is_some_and(std::cmp::Ordering::is_le),
            other => panic!("no comparator {other}"),
        }
    })
}

fn order(value: &Json, operand: &Json, field: &str) -> Option<std::cmp::Ordering> {
    let number = |text: &Json| match field {
        "createdAt" | "completedAt" => DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap().timestamp_millis(),
        _ => i64::from(text.as_str().unwrap().parse::<chrono::NaiveDate>().unwrap().to_epoch_days()),
    };
    match (value, operand) {
        (Json::Null, _) => None,
        (Json::String(value), Json::String(operand)) => Some(value.cmp(operand)),
        (value, Json::String(_)) => Some(value.as_i64().unwrap().cmp(&number(operand))),
        (value, operand) => value.as_f64().unwrap().partial_cmp(&operand.as_f64().unwrap()),
    }
}

#[test]
fn what_is_asked_holds_wherever_sql_does() {
    let table = issues();
    let mut dice = Dice(fastrand::Rng::with_seed(1));
    let rows: Vec<Json> = (0..300).map(|_| row(&mut dice)).collect();
    let (mut asked, mut exact) = (0, 0);
    for round in 0..20_000 {
        let predicate = predicate(&mut dice, &table, 3);
        let wide = widen(&predicate, &table, &|_| true);
        if wide.tree == Ask::False {
            assert!(rows.iter().enumerate().all(|(number, row)| !holds(&predicate, &table, row, number)), "{round}: {predicate:?}");
            continue;
        }
        let filter = filter(&wide.tree, &[], &table);
        asked += usize::from(filter.is_some());
        exact += usize::from(wide.exact && filter.is_some());
        for (number, row) in rows.iter().enumerate() {
            let wanted = holds(&predicate, &table, row, number);
            let given = filter.as_ref().is_none_or(|filter| linear(filter, row, false));
            assert!(given || !wanted, "{round}: lost {row}\n{predicate:?}\n{filter:?}");
            assert!(!wide.exact || given == wanted, "{round}: not exact for {row}\n{predicate:?}\n{filter:?}");
        }
    }
    assert!(asked > 5_000 && exact > 1_000, "{asked} asked, {exact} exact");
}

#[test]
fn a_term_is_one_key() {
    let table = issues();
    let position = |name: &str| table.filters.iter().position(|filter| table.columns[filter.column].name == name).unwrap();
    let term = |name: &str, test: Test| filter(&Ask::Term(Term { filter: position(name), test }), &[], &table).unwrap();
    let ada = || Value::Text(PEOPLE[0].to_owned());
    assert_eq!(term("team_key", Test::In(vec![Value::Text("ENG".into())])), json!({"team": {"key": {"eq": "ENG"}}}));
    assert_eq!(
        term("assignee_id", Test::NotIn(vec![ada()])),
        json!({"and": [{"assignee": {"id": {"neq": PEOPLE[0]}}}, {"assignee": {"null": false}}]})
    );
    assert_eq!(term("assignee_id", Test::Null), json!({"assignee": {"null": true}}));
    assert_eq!(term("labels", Test::Has(Value::Text("Bug".into()))), json!({"labels": {"some": {"name": {"eq": "Bug"}}}}));
    let edge = |at: i64| Some(Edge { value: Value::Time(at), inclusive: at == 0 });
    assert_eq!(
        term("created_at", Test::Range(Range { low: edge(0), high: edge(1_500_000) })),
        json!({"and": [{"createdAt": {"gte": "1970-01-01T00:00:00.000Z"}}, {"createdAt": {"lt": "1970-01-01T00:00:01.500Z"}}]})
    );
}

#[test]
fn a_path_is_nested() {
    assert_eq!(at("assignee.id", json!({ "eq": "x" })), json!({"assignee": {"id": {"eq": "x"}}}));
    assert_eq!(at("searchableContent.contains", json!("x")), json!({"searchableContent": {"contains": "x"}}));
}

#[test]
fn a_page_costs_what_it_selects() {
    // Scalars: 1 + 0.2 a row, 3.2 around.
    assert_eq!(rows_for(100, "id title"), 80);
    // 1 + 0.1 + (1 + 0.1) + (1 + 50 * (1 + 0.1) + (1 + 0.1)) = 59.3 a row.
    assert_eq!(rows_for(9_900, "id assignee { id } labels(first: 50) { nodes { name } pageInfo { hasNextPage } }"), 166);
    // 1 + 0.1 + (1 + 10 * (1 + 0.1)) = 13.1 a row.
    assert_eq!(rows_for(9_900, "id labels(first: 10) { nodes { name } }"), 755);
    assert_eq!(rows_for(1, "id labels { nodes { name } }"), 1);
}
