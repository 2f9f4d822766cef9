//! The walk over the body around the rows: finds the rows, and what paging asks for, in whatever order they come.

use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::PageEnd;
use super::error::{DecodeErrorKind, Fault};
use super::rows::{Row, Rows};
use super::trie::{Key, Node, Trie};

/// Leaves of the body's trie.
pub(super) const ROWS: usize = 0;
pub(super) const TOKEN: usize = 1;
pub(super) const LAST: usize = 2;
pub(super) const TOTAL: usize = 3;
pub(super) const TRUNCATED: usize = 4;

/// A body, as far as it is read.
#[derive(Debug)]
pub(super) struct Body<'a, 'de> {
    pub(super) trie: &'a Trie,
    pub(super) orders: Vec<Vec<usize>>,
    pub(super) rows: Rows<'a, 'de>,
    pub(super) end: PageEnd,
    /// Whether there were rows where they belong; of a path through arrays, in the current element.
    pub(super) found: bool,
}

impl Body<'_, '_> {
    /// A node's value begins. If it has begun before in the same object, the new one counts.
    fn enter<E: Error>(&mut self, node: &Node) -> Result<(), E> {
        for leaf in &node.below {
            match *leaf {
                TOKEN => self.end.token = None,
                LAST => self.end.last = None,
                TOTAL => self.end.total = None,
                TRUNCATED => self.end.truncated = false,
                _ if !self.found => {}
                // Which of the rows came from this element is not known any more.
                _ if node.depth > 0 => {
                    return Err(self.fail(DecodeErrorKind::NoRows, node, "the same rows twice in one object".to_owned()));
                }
                _ => {
                    self.rows.clear();
                    self.found = false;
                }
            }
        }
        Ok(())
    }

    fn fail<E: Error>(&mut self, kind: DecodeErrorKind, node: &Node, message: String) -> E {
        self.rows.fault = Some(Fault { kind, row: None, column: None, path: node.path.clone(), message });
        E::custom("the answer is not as expected")
    }
}

/// Reads what stands at a node of the body.
pub(super) struct Walk<'b, 'a, 'de> {
    pub(super) body: &'b mut Body<'a, 'de>,
    pub(super) at: usize,
    /// Whether rows are looked for here; not when a value is read again for what else is in it.
    pub(super) rows: bool,
}

impl<'a, 'de> Walk<'_, 'a, 'de> {
    fn node(&self) -> &'a Node {
        &self.body.trie.nodes[self.at]
    }

    fn rows_here(&self) -> bool {
        self.rows && self.node().leaves.contains(&ROWS)
    }

    fn wrong<E: Error>(self, got: &str) -> E {
        let node = self.node();
        let kind = if node.below.contains(&ROWS) { DecodeErrorKind::NoRows } else { DecodeErrorKind::Mismatch };
        let expected = match node.leaves.first() {
            _ if node.all.is_some() => "a list",
            None => "an object",
            Some(&ROWS) => "a list of rows",
            Some(&TOKEN) => "a token for the next page",
            Some(&LAST | &TRUNCATED) => "true or false",
            Some(_) => "a number of rows",
        };
        self.body.fail(kind, node, format!("expected {expected}, got {got}"))
    }

    fn scalar<E: Error>(self, scalar: &serde_json::Value) -> Result<(), E> {
        let node = self.node();
        if self.rows_here() || node.has_children() {
            return Err(self.wrong(&scalar.to_string()));
        }
        for leaf in &node.leaves {
            let text = scalar.as_str();
            let fits = match *leaf {
                TOKEN => {
                    self.body.end.token = match text {
                        Some("") => None,
                        Some(text) => Some(text.to_owned()),
                        None => Some(scalar.to_string()),
                    };
                    !scalar.is_boolean()
                }
                LAST => {
                    self.body.end.last = scalar.as_bool().or_else(|| text?.parse().ok());
                    self.body.end.last.is_some()
                }
                TRUNCATED => {
                    let flag = scalar.as_bool().or_else(|| text?.parse().ok());
                    self.body.end.truncated = flag == Some(true);
                    flag.is_some()
                }
                TOTAL => {
                    self.body.end.total = scalar.as_u64().or_else(|| text?.parse().ok()).or_else(|| whole(scalar.as_f64()?));
                    self.body.end.total.is_some()
                }
                _ => true,
            };
            if !fits {
                return Err(self.wrong(&scalar.to_string()));
            }
        }
        Ok(())
    }

    /// The rows as a text that is read twice: a column wants the row's own text, or paging looks into the row.
    fn twice<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        let Self { body, at, .. } = self;
        let node = &body.trie.nodes[at];
        let mut again = || {
            if json.starts_with('{') {
                body.found = true;
                Row(&mut body.rows).deserialize(&mut serde_json::Deserializer::from_str(json))?;
            } else {
                serde_json::Deserializer::from_str(json).deserialize_any(Walk { body: &mut *body, at, rows: true })?;
            }
            if json.starts_with('{') && node.has_children() {
                serde_json::Deserializer::from_str(json).deserialize_any(Walk { body: &mut *body, at, rows: false })?;
            }
            Ok(())
        };
        again().map_err(|error: serde_json::Error| match body.rows.fault {
            Some(_) => D::Error::custom("the answer is not as expected"),
            None => body.fail(DecodeErrorKind::NotJson, node, error.to_string()),
        })
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only whole numbers that a double holds exactly are cast")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let node = self.node();
        self.body.enter(node)?;
        if self.rows_here() && (node.has_children() || self.body.rows.wants_raw()) {
            self.twice(deserializer)
        } else {
            deserializer.deserialize_any(self)
        }
    }
}

impl<'de> Visitor<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    /// Absent is what null means; whether rows are missing is asked at the end.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(&value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(&value.into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(&value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(&value.into())
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(&value.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let node = self.node();
        if self.rows_here() {
            self.body.found = true;
            return Row(&mut self.body.rows).of_map(map);
        }
        if node.keys.is_empty() {
            return Err(self.wrong("an object"));
        }
        let mut seen = 0;
        while let Some(child) = map.next_key_seed(Key { node, order: &mut self.body.orders[self.at], seen: &mut seen })? {
            match child {
                Some(at) => map.next_value_seed(Walk { body: &mut *self.body, at, rows: self.rows })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        if self.rows_here() {
            self.body.found = true;
            while elements.next_element_seed(Row(&mut self.body.rows))?.is_some() {}
            return Ok(());
        }
        let node = self.node();
        let Some(at) = node.all else { return Err(self.wrong("a list")) };
        let holds_rows = node.below.contains(&ROWS);
        while elements.next_element_seed(Walk { body: &mut *self.body, at, rows: self.rows })?.is_some() {
            if holds_rows && !std::mem::take(&mut self.body.found) {
                return Err(self.body.fail(DecodeErrorKind::NoRows, node, "an element of the list holds no rows".to_owned()));
            }
        }
        self.body.found |= holds_rows;
        Ok(())
    }
}
