//! Filters: reads the filter inputs of the schema and says which rows they let through.
//!
//! The schema tells what a key is: a comparator, a filter of the row that a relation leads to, or one of a collection. The
//! rules are the vendor's as measured, with their traps:
//!
//! - The keys of one branch of an `or` are alternatives.
//! - A key that constrains nothing (`title: {}`) makes the whole `or` around it constrain nothing; an empty branch is left out.
//! - `null: true` on a relation wins over everything beside it.
//! - A collection answers one key only, and `some` and `every` are each other's negation under a negative operator.
//!
//! What is known of no measurement is refused, never guessed.

mod collection;
mod comparator;
pub(super) mod moment;
mod relation;

use async_graphql::Value;

use self::collection::Quantifier;
use self::comparator::Comparator;
use super::refusal::Refusal;
use super::schema::Definitions;
use super::view::{Cell, Node, View};

/// An input object.
type Object = async_graphql::indexmap::IndexMap<async_graphql::Name, Value>;

/// What a row has to meet.
#[derive(Clone, Debug)]
pub(super) enum Test {
    /// All of them.
    All(Vec<Test>),
    /// One of them.
    Any(Vec<Test>),
    /// A field's value.
    Field(String, Comparator),
    /// Whether a relation leads to a row.
    Present(String, bool),
    /// The row that a relation leads to, or its absence.
    Related(String, Box<Test>),
    /// How many rows a collection has.
    Length(String, Comparator),
    /// The rows of a collection.
    Many(String, Quantifier),
}

/// What an object or a key of it amounts to.
#[derive(Clone, Debug)]
enum Part {
    /// There is nothing in it.
    Nothing,
    /// There is something in it that constrains nothing.
    Vacuous,
    /// A condition.
    Test(Test),
}

/// Reads a filter; `None` lets everything through.
pub(super) fn read(view: &View, types: &Definitions, filter: &str, value: &Value) -> Result<Option<Test>, Refusal> {
    let Value::Object(object) = value else { return Ok(None) };
    match (Reader { view, types }).row(filter, object)? {
        Part::Test(test) => Ok(Some(test)),
        Part::Nothing | Part::Vacuous => Ok(None),
    }
}

struct Reader<'a> {
    view: &'a View,
    types: &'a Definitions,
}

impl Reader<'_> {
    /// An object that filters the rows of a list.
    fn row(&self, filter: &str, object: &Object) -> Result<Part, Refusal> {
        let (mut tests, mut vacuous) = (Vec::new(), false);
        for (key, value) in object.iter().filter(|(_, value)| **value != Value::Null) {
            let part = match key.as_str() {
                "and" => self.branches(filter, &objects(value).into_iter().cloned().collect::<Vec<_>>(), Test::All)?,
                "or" => self.branches(filter, &single_keys(value), Test::Any)?,
                key => self.key(filter, key, value)?,
            };
            match part {
                Part::Test(test) => tests.push(test),
                Part::Vacuous => vacuous = true,
                Part::Nothing => {}
            }
        }
        Ok(match (tests.len(), vacuous) {
            (0, true) => Part::Vacuous,
            (0, false) => Part::Nothing,
            _ => Part::Test(Test::All(tests)),
        })
    }

    fn branches(&self, filter: &str, branches: &[Object], join: fn(Vec<Test>) -> Test) -> Result<Part, Refusal> {
        let any = matches!(join(Vec::new()), Test::Any(_));
        let (mut tests, mut vacuous) = (Vec::new(), false);
        for branch in branches {
            match self.row(filter, branch)? {
                Part::Test(test) => tests.push(test),
                Part::Vacuous => vacuous = true,
                Part::Nothing => {}
            }
        }
        Ok(match (tests.is_empty(), vacuous && any) {
            (true, false) if branches.is_empty() => Part::Nothing,
            (false, false) => Part::Test(join(tests)),
            _ => Part::Vacuous,
        })
    }

    /// One key of an object, neither `and` nor `or`.
    fn key(&self, filter: &str, key: &str, value: &Value) -> Result<Part, Refusal> {
        let Value::Object(object) = value else {
            return Err(Refusal::unknown_meaning(format!("\"{key}\" of {filter} as {value}")));
        };
        let Some(kind) = self.types.input_type(filter, key) else {
            return Err(Refusal::unknown_meaning(format!("\"{key}\" of {filter}")));
        };
        if kind.ends_with("Comparator") {
            return Ok(if object.is_empty() {
                Part::Vacuous
            } else {
                Part::Test(Test::Field(key.to_owned(), Comparator::read(self.view, kind, key, object)?))
            });
        }
        if kind.ends_with("CollectionFilter") { self.collection(key, kind, object) } else { self.relation(key, kind, object) }
    }
}

/// The objects of a list; what else stands there has been refused before.
fn objects(list: &Value) -> Vec<&Object> {
    match list {
        Value::List(list) => list.iter().filter_map(|each| if let Value::Object(object) = each { Some(object) } else { None }).collect(),
        Value::Object(object) => vec![object],
        _ => Vec::new(),
    }
}

/// The objects of a list, each cut into objects of one key.
fn single_keys(list: &Value) -> Vec<Object> {
    let single = |(key, value): (&async_graphql::Name, &Value)| Object::from_iter([(key.clone(), value.clone())]);
    objects(list).into_iter().flat_map(|object| object.iter().map(single)).collect()
}

impl Test {
    /// Whether a row meets it. `None` stands for the row of a relation that is missing.
    pub(super) fn holds(&self, view: &View, row: Option<Node>) -> Result<bool, Refusal> {
        let cell = |field: &str| match row.map(|row| view.stored(row, field)) {
            Some(Cell::Unknown) => {
                let kind = row.map_or("", |row| row.kind.type_name());
                Err(Refusal::unknown_meaning(format!("\"{field}\" of {kind} in a filter")))
            }
            cell => Ok(cell),
        };
        match self {
            Self::All(tests) => {
                for test in tests {
                    if !test.holds(view, row)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Self::Any(tests) => {
                for test in tests {
                    if test.holds(view, row)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Self::Field(field, comparator) => Ok(comparator.holds(cell(field)?.as_ref())),
            Self::Present(field, wanted) => Ok(matches!(cell(field)?, Some(Cell::Row(_))) == *wanted),
            Self::Related(field, test) => match cell(field)? {
                Some(Cell::Row(related)) => test.holds(view, Some(related)),
                _ => test.holds(view, None),
            },
            Self::Length(field, comparator) => {
                let length = u32::try_from(members(cell(field)?).len()).unwrap_or(u32::MAX);
                Ok(comparator.holds(Some(&Cell::from(length))))
            }
            Self::Many(field, quantifier) => quantifier.holds(view, &members(cell(field)?)),
        }
    }
}

fn members(cell: Option<Cell<'_>>) -> Vec<Node> {
    if let Some(Cell::Rows(rows)) = cell { rows } else { Vec::new() }
}
