//! Filters of collections: how many rows they have and what some or all of them are.

use async_graphql::Value;

use super::comparator::{Comparator, NEGATIVE};
use super::{Object, Part, Reader, Test, objects, single_keys};
use crate::demo::linear::refusal::Refusal;
use crate::demo::linear::view::{Node, View};

/// What the rows of a collection have to meet.
#[derive(Clone, Debug)]
pub(in crate::demo::linear) struct Quantifier {
    every: bool,
    /// Whether the test reads as a negation. An empty collection then meets it, and otherwise never does.
    negative: bool,
    test: Box<Test>,
}

impl Quantifier {
    pub(super) fn holds(&self, view: &View, rows: &[Node]) -> Result<bool, Refusal> {
        if rows.is_empty() {
            return Ok(self.negative);
        }
        for row in rows {
            if self.test.holds(view, Some(*row))? != self.every {
                return Ok(!self.every);
            }
        }
        Ok(self.every)
    }
}

impl Reader<'_> {
    /// An object under a collection. Of its keys one answers and the others are ignored: `and`, `or`, `length`, `every`,
    /// `some`, `name`, in this order.
    pub(super) fn collection(&self, field: &str, filter: &str, object: &Object) -> Result<Part, Refusal> {
        let value = |key: &str| object.get(key).filter(|value| **value != Value::Null);
        if let Some(branches) = value("and") {
            return self.collections(field, filter, branches, Test::All);
        }
        if let Some(branches) = value("or") {
            return self.collections(field, filter, branches, Test::Any);
        }
        let known = ["length", "every", "some", "name"];
        if let Some((key, _)) = object.iter().find(|(key, value)| **value != Value::Null && !known.contains(&key.as_str())) {
            return Err(Refusal::unknown_meaning(format!("\"{key}\" of the collection \"{field}\"")));
        }
        if let Some(Value::Object(length)) = value("length") {
            return Ok(if length.is_empty() {
                Part::Vacuous
            } else {
                Part::Test(Test::Length(field.to_owned(), Comparator::read(self.view, "NumberComparator", "length", length)?))
            });
        }
        let Some(element) = self.types.input_type(filter, "some") else {
            return Err(Refusal::unknown_meaning(format!("the collection \"{field}\"")));
        };
        match (value("every"), value("some"), value("name")) {
            (Some(Value::Object(every)), ..) => self.quantified(field, element, every, true),
            (None, Some(Value::Object(some)), _) => self.quantified(field, element, some, false),
            (None, None, Some(name)) => {
                self.quantified(field, element, &Object::from_iter([(async_graphql::Name::new("name"), name.clone())]), false)
            }
            _ => Ok(Part::Vacuous),
        }
    }

    /// `and` and `or` under a collection: each branch is read by itself, and its keys are no alternatives.
    fn collections(&self, field: &str, filter: &str, branches: &Value, join: fn(Vec<Test>) -> Test) -> Result<Part, Refusal> {
        let any = matches!(join(Vec::new()), Test::Any(_));
        let mut tests = Vec::new();
        for branch in objects(branches) {
            match self.collection(field, filter, branch)? {
                Part::Test(test) => tests.push(test),
                _ if any => return Ok(Part::Vacuous),
                _ => {}
            }
        }
        Ok(if tests.is_empty() { Part::Vacuous } else { Part::Test(join(tests)) })
    }

    fn quantified(&self, field: &str, element: &str, object: &Object, every: bool) -> Result<Part, Refusal> {
        Ok(match self.element(field, element, object)? {
            Part::Test(test) => {
                let negative = self.negative(element, object);
                Part::Test(Test::Many(field.to_owned(), Quantifier { every, negative, test: Box::new(test) }))
            }
            _ => Part::Vacuous,
        })
    }

    /// What one row of the collection has to meet.
    fn element(&self, field: &str, filter: &str, object: &Object) -> Result<Part, Refusal> {
        let mut tests = Vec::new();
        for (key, value) in object.iter().filter(|(_, value)| **value != Value::Null) {
            let branches: Vec<Object> = match key.as_str() {
                "and" => objects(value).into_iter().cloned().collect(),
                "or" => single_keys(value),
                key => {
                    if let Part::Test(test) = self.key(filter, key, value)? {
                        tests.push(test);
                    }
                    continue;
                }
            };
            let mut inner = Vec::new();
            for branch in &branches {
                match self.element(field, filter, branch)? {
                    Part::Test(test) => inner.push(test),
                    _ => return Err(Refusal::unknown_meaning(format!("an empty branch of \"{key}\" in the collection \"{field}\""))),
                }
            }
            if inner.is_empty() || objects(value).iter().any(|branch| branch.is_empty()) {
                return Err(Refusal::unknown_meaning(format!("an empty \"{key}\" in the collection \"{field}\"")));
            }
            tests.push(if key == "and" { Test::All(inner) } else { Test::Any(inner) });
        }
        Ok(if tests.is_empty() { Part::Vacuous } else { Part::Test(Test::All(tests)) })
    }

    /// Whether an object reads as a negation: every operator in it does, every branch of `and`, some branch of `or`.
    fn negative(&self, filter: &str, object: &Object) -> bool {
        let keys = object.iter().filter(|(_, value)| **value != Value::Null);
        keys.into_iter().all(|(key, value)| match (key.as_str(), value) {
            ("and", branches) => objects(branches).into_iter().all(|branch| self.negative(filter, branch)),
            ("or", branches) => objects(branches).into_iter().any(|branch| self.negative(filter, branch)),
            (key, Value::Object(inner)) => match self.types.input_type(filter, key) {
                Some(kind) if !kind.ends_with("Comparator") => self.negative(kind, inner),
                _ => inner.keys().all(|operator| NEGATIVE.contains(&operator.as_str())),
            },
            _ => false,
        })
    }
}
