//! Filters of the row that a relation leads to.

use async_graphql::Value;

use super::{Object, Part, Reader, Test, objects, single_keys};
use crate::demo::linear::refusal::Refusal;

impl Reader<'_> {
    /// An object under a relation. Its `and` branches are more keys of the same object, and a `null` of its own wins over
    /// those in the branches, among which `true` wins.
    pub(super) fn relation(&self, field: &str, filter: &str, object: &Object) -> Result<Part, Refusal> {
        let mut items = Vec::new();
        flatten(object, false, &mut items);
        let nulls = |nested: bool| {
            let flags = items.iter().filter(move |(key, _, deep)| *key == "null" && *deep == nested);
            flags.map(|(_, value, _)| **value == Value::Boolean(true)).reduce(|a, b| a || b)
        };
        let null = nulls(false).or_else(|| nulls(true));
        if null == Some(true) {
            return Ok(Part::Test(Test::Present(field.to_owned(), false)));
        }
        let mut tests = Vec::new();
        if null == Some(false) {
            tests.push(Test::Present(field.to_owned(), true));
        }
        for (key, value, _) in items.iter().filter(|(key, ..)| *key != "null") {
            match *key {
                "or" => tests.push(self.alternatives(field, filter, value)?),
                key => {
                    if let Part::Test(test) = self.key(filter, key, value)? {
                        tests.push(Test::Related(field.to_owned(), Box::new(test)));
                    }
                }
            }
        }
        Ok(if tests.is_empty() { Part::Vacuous } else { Part::Test(Test::All(tests)) })
    }

    /// An `or` under a relation: an empty one wants the relation to be there.
    fn alternatives(&self, field: &str, filter: &str, list: &Value) -> Result<Test, Refusal> {
        let mut tests = Vec::new();
        if objects(list).iter().any(|branch| branch.is_empty()) {
            return Err(Refusal::unknown_meaning(format!("an empty branch of \"or\" in \"{field}\"")));
        }
        for branch in single_keys(list) {
            let Some((key, value)) = branch.first() else { continue };
            if matches!(key.as_str(), "null" | "and" | "or") || *value == Value::Null {
                return Err(Refusal::unknown_meaning(format!("\"{key}\" in a branch of \"or\" in \"{field}\"")));
            }
            match self.key(filter, key, value)? {
                Part::Test(test) => tests.push(test),
                _ => return Err(Refusal::unknown_meaning(format!("an empty \"{key}\" in a branch of \"or\" in \"{field}\""))),
            }
        }
        Ok(if tests.is_empty() {
            Test::Present(field.to_owned(), true)
        } else {
            Test::Related(field.to_owned(), Box::new(Test::Any(tests)))
        })
    }
}

/// The keys of an object and of its `and` branches, with whether they come from a branch. A key that is null is none.
fn flatten<'a>(object: &'a Object, nested: bool, items: &mut Vec<(&'a str, &'a Value, bool)>) {
    for (key, value) in object.iter().filter(|(_, value)| **value != Value::Null) {
        if key == "and" {
            for branch in objects(value) {
                flatten(branch, true, items);
            }
        } else {
            items.push((key.as_str(), value, nested));
        }
    }
}
