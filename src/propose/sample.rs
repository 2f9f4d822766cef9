//! A sample answer: its members in the order in which the API sent them, and the rows in it.

use std::collections::HashMap;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::yaml;
use crate::spec::{Path, Step};

/// How many members a message names.
const SHOWN: usize = 20;

/// How deep lists are looked for that could have been meant.
const DEEP: usize = 3;

/// Why an answer has no rows to learn from, and what to do about it.
#[derive(Debug)]
pub(super) struct Unfit {
    pub(super) said: String,
    pub(super) advice: String,
}

impl Unfit {
    pub(super) fn new(said: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { said: said.into(), advice: advice.into() }
    }
}

/// The members of an object, in their order; where one is there twice, the last one counts, as it does when rows are read.
#[derive(Debug)]
pub(super) struct Members<'a>(pub(super) Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;
        impl<'de> Visitor<'de> for Read {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members: Vec<(String, &'de RawValue)> = Vec::new();
                let mut places: HashMap<String, usize> = HashMap::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    if let Some(place) = places.get(&name) {
                        members[*place].1 = value;
                    } else {
                        places.insert(name.clone(), members.len());
                        members.push((name, value));
                    }
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Read)
    }
}

/// What a JSON value looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    Null,
    Bool,
    /// A whole number of 64 bits.
    Int,
    /// A whole number that needs the sign's bit, too.
    Big,
    /// A whole number beyond 64 bits, or one that no double can hold.
    Huge,
    Float,
    Text,
    List,
    Object,
}

impl Shape {
    pub(super) fn of(value: &RawValue) -> Self {
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'n') => Self::Null,
            Some(b't' | b'f') => Self::Bool,
            Some(b'"') => Self::Text,
            Some(b'[') => Self::List,
            Some(b'{') => Self::Object,
            _ if text.parse::<i64>().is_ok() => Self::Int,
            _ if text.parse::<u64>().is_ok() => Self::Big,
            _ if text.contains(['.', 'e', 'E']) && text.parse().is_ok_and(f64::is_finite) => Self::Float,
            _ => Self::Huge,
        }
    }

    /// In words, for several values.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Null => "nulls",
            Self::Bool => "true or false",
            Self::Int | Self::Big | Self::Huge | Self::Float => "numbers",
            Self::Text => "texts",
            Self::List => "lists",
            Self::Object => "objects",
        }
    }
}

/// The members of an object; none for everything else.
pub(super) fn members(value: &RawValue) -> Option<Vec<(String, &RawValue)>> {
    if Shape::of(value) != Shape::Object {
        return None;
    }
    serde_json::from_str::<Members<'_>>(value.get()).ok().map(|members| members.0)
}

/// The elements of a list; none for everything else.
pub(super) fn elements(value: &RawValue) -> Option<Vec<&RawValue>> {
    if Shape::of(value) == Shape::List { serde_json::from_str(value.get()).ok() } else { None }
}

/// A text; none for everything else.
pub(super) fn text(value: &RawValue) -> Option<String> {
    if Shape::of(value) == Shape::Text { serde_json::from_str(value.get()).ok() } else { None }
}

/// The rows at a path.
pub(super) fn rows<'a>(answer: &'a RawValue, path: &Path) -> Result<Vec<&'a RawValue>, Unfit> {
    let mut found = vec![answer];
    let mut walked = Path::default();
    for step in &path.0 {
        let mut next = Vec::new();
        for value in found {
            match step {
                Step::All => next.extend(elements(value).ok_or_else(|| missing(answer, value, &walked, "is no list"))?),
                Step::Key(name) => {
                    let member = members(value).and_then(|members| members.into_iter().find(|(known, _)| known == name));
                    let lacks = format!("has no member `{}`", yaml::shown(std::slice::from_ref(name)));
                    next.push(member.ok_or_else(|| missing(answer, value, &walked, &lacks))?.1);
                }
            }
        }
        found = next;
        walked.0.push(step.clone());
    }
    let mut rows = Vec::new();
    for value in found {
        rows.extend(elements(value).ok_or_else(|| missing(answer, value, &walked, "is no list"))?);
    }
    Ok(rows)
}

/// That a place in the answer is not what leads to rows; with what is there, and the lists that could have been meant.
fn missing(answer: &RawValue, place: &RawValue, walked: &Path, what: &str) -> Unfit {
    let place_name = if walked.0.is_empty() { "the answer".to_owned() } else { format!("`{walked}`") };
    let has = match members(place) {
        Some(members) if members.is_empty() => "it is an empty object".to_owned(),
        Some(members) => {
            let named =
                members.iter().take(SHOWN).map(|(name, value)| format!("`{}` ({})", yaml::shown(std::slice::from_ref(name)), told(value)));
            let more = if members.len() > SHOWN { ", …" } else { "" };
            format!("it has {}{more}", named.collect::<Vec<_>>().join(", "))
        }
        None => format!("it is {}", told(place)),
    };
    let mut lists = Vec::new();
    collect(answer, &mut Vec::new(), &mut lists);
    // Lists of objects first: they are more often what is looked for.
    lists.sort_by_key(|(_, objects, _)| !objects);
    let advice = match lists.first() {
        None => "there is no list in the answer: is this the URL of a list?".to_owned(),
        Some((first, ..)) => {
            let all = lists.iter().take(SHOWN).map(|(path, _, count)| format!("`{path}` ({count})"));
            format!("the lists in it: {}; write --rows '{first}'", all.collect::<Vec<_>>().join(", "))
        }
    };
    Unfit::new(format!("{place_name} {what}; {has}"), advice)
}

/// Lists in a value: their paths, whether they hold objects, and how many elements.
fn collect(value: &RawValue, at: &mut Vec<String>, lists: &mut Vec<(String, bool, usize)>) {
    if let Some(elements) = elements(value) {
        let objects = elements.first().is_some_and(|first| Shape::of(first) == Shape::Object);
        let path = if at.is_empty() { Some(".".to_owned()) } else { yaml::path(at) };
        lists.extend(path.map(|path| (path, objects, elements.len())));
    } else if at.len() < DEEP {
        for (name, value) in members(value).unwrap_or_default() {
            at.push(name);
            collect(value, at, lists);
            at.pop();
        }
    }
}

/// A value in a few words.
fn told(value: &RawValue) -> String {
    match Shape::of(value) {
        Shape::Null => "null".to_owned(),
        Shape::Bool => "true or false".to_owned(),
        Shape::Int | Shape::Big | Shape::Huge | Shape::Float => "a number".to_owned(),
        Shape::Text => "a text".to_owned(),
        Shape::List => elements(value).map_or_else(|| "a list".to_owned(), |elements| format!("a list of {}", elements.len())),
        Shape::Object => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(answer: &str, path: &str) -> Result<usize, String> {
        let answer: &RawValue = serde_json::from_str(answer).unwrap();
        rows(answer, &Path::parse(path).unwrap()).map(|rows| rows.len()).map_err(|unfit| format!("{} | {}", unfit.said, unfit.advice))
    }

    #[test]
    fn rows_are_found_or_the_lists_are_named() {
        assert_eq!(found("[1, {}, null]", "."), Ok(3));
        assert_eq!(found(r#"{"a": {"b.c": [1]}}"#, "a.\"b.c\""), Ok(1));
        assert_eq!(found(r#"{"a": [{"b": [1, 2]}, {"b": [3]}]}"#, "a[*].b"), Ok(3));
        assert_eq!(found(r#"{"a": [1], "a": [1, 2]}"#, "a"), Ok(2), "the last one counts");
        let answer = r#"{"tags": ["x"], "data": {"orders": [{}, {}], "next": null}, "total": 2}"#;
        let error = found(answer, "orders").unwrap_err();
        assert!(
            error.starts_with("the answer has no member `orders`; it has `tags` (a list of 1), `data` (an object), `total` (a number) | ")
        );
        assert!(error.ends_with("the lists in it: `data.orders` (2), `tags` (1); write --rows 'data.orders'"), "{error}");
        let error = found(answer, ".").unwrap_err();
        assert!(error.starts_with("the answer is no list; it has "), "{error}");
        let error = found(answer, "data.items").unwrap_err();
        assert!(error.starts_with("`data` has no member `items`; it has `orders` (a list of 2), `next` (null)"), "{error}");
        let error = found(answer, "data").unwrap_err();
        assert!(error.starts_with("`data` is no list"), "{error}");
        let error = found(r#"{"ok": false}"#, "x").unwrap_err();
        assert!(error.contains("is this the URL of a list?"), "{error}");
        assert!(found("\"x\"", "x").unwrap_err().contains("it is a text"));
    }

    #[test]
    fn shapes() {
        for (json, shape) in [
            ("9223372036854775807", Shape::Int),
            ("-1", Shape::Int),
            ("9223372036854775808", Shape::Big),
            ("18446744073709551616", Shape::Huge),
            ("-9223372036854775809", Shape::Huge),
            ("1e400", Shape::Huge),
            ("1.0", Shape::Float),
            ("1E3", Shape::Float),
        ] {
            assert_eq!(Shape::of(serde_json::from_str(json).unwrap()), shape, "{json}");
        }
    }
}
