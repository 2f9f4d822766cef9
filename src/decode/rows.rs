//! The walk over one row: wanted leaves into cells, and at the row's end cells into builders.

use std::fmt;

use arrow::array::ArrayRef;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::builder::Builder;
use super::cell::{Cell, Column, Scalar};
use super::error::{DecodeErrorKind, Fault};
use super::trie::{Key, Node, Trie};

/// Which columns a row gives; the trie's leaves are positions in them.
#[derive(Debug)]
pub(super) struct RowPlan {
    pub(super) columns: Vec<Column>,
    pub(super) trie: Trie,
}

/// The rows of a page, as far as they are read.
#[derive(Debug)]
pub(super) struct Rows<'a, 'de> {
    plan: &'a RowPlan,
    cells: Vec<Cell<'de>>,
    builders: Vec<Builder>,
    orders: Vec<Vec<usize>>,
    /// Rows read to their end.
    pub(super) count: usize,
    /// Why reading stopped, if not for the JSON itself.
    pub(super) fault: Option<Fault>,
}

impl<'a> Rows<'a, '_> {
    pub(super) fn new(plan: &'a RowPlan) -> Self {
        let cells = plan.columns.iter().map(|_| Cell::default()).collect();
        let builders = plan.columns.iter().map(|column| Builder::new(column.kind, column.many())).collect();
        Self { plan, cells, builders, orders: plan.trie.orders(), count: 0, fault: None }
    }

    /// Drops all rows.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.plan);
    }

    pub(super) fn finish(mut self) -> Vec<ArrayRef> {
        self.builders.iter_mut().map(Builder::finish).collect()
    }

    /// Whether a column wants the text of the whole row.
    pub(super) fn wants_raw(&self) -> bool {
        self.has_raw(&self.plan.trie.nodes[0])
    }

    fn has_raw(&self, node: &Node) -> bool {
        node.leaves.iter().any(|leaf| self.plan.columns[*leaf].raw())
    }

    /// A node's value begins; it may have begun before in the same object, and then the new one counts.
    fn enter(&mut self, node: &Node) {
        for leaf in &node.below {
            let (cell, column) = (&mut self.cells[*leaf], &self.plan.columns[*leaf]);
            if node.element { cell.begin_element(column, node.depth) } else { cell.reset(column, node.depth) }
        }
    }

    fn end_row(&mut self) {
        for (builder, cell) in self.builders.iter_mut().zip(&self.cells) {
            builder.append(cell);
        }
        self.count += 1;
    }

    fn fail<E: Error>(&mut self, node: &Node, leaf: usize, message: String) -> E {
        let row = Some(self.count + 1);
        self.fault = Some(Fault { kind: DecodeErrorKind::Mismatch, row, column: Some(leaf), path: node.path.clone(), message });
        E::custom("a value is not as expected")
    }
}

/// Reads one row.
pub(super) struct Row<'r, 'a, 'de>(pub(super) &'r mut Rows<'a, 'de>);

impl<'de> DeserializeSeed<'de> for Row<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        Walk { rows: self.0, at: 0 }.deserialize(deserializer)?;
        self.0.end_row();
        Ok(())
    }
}

impl<'de> Row<'_, '_, 'de> {
    /// Reads one row that is known to be an object; not if [`Rows::wants_raw`].
    pub(super) fn of_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.enter(&self.0.plan.trie.nodes[0]);
        Walk { rows: self.0, at: 0 }.visit_map(map)?;
        self.0.end_row();
        Ok(())
    }
}

/// Reads what stands at a node.
struct Walk<'r, 'a, 'de> {
    rows: &'r mut Rows<'a, 'de>,
    at: usize,
}

impl<'a, 'de> Walk<'_, 'a, 'de> {
    fn node(&self) -> &'a Node {
        &self.rows.plan.trie.nodes[self.at]
    }

    /// First column of this very node, apart from those that take any JSON.
    fn scalar_leaf(&self) -> Option<usize> {
        self.node().leaves.iter().copied().find(|leaf| !self.rows.plan.columns[*leaf].raw())
    }

    /// First column behind this node.
    fn leaf_behind(&self) -> Option<usize> {
        let node = self.node();
        node.below.iter().copied().find(|leaf| !node.leaves.contains(leaf))
    }

    fn wrong<E: Error>(self, leaf: usize, expected: &str, got: &str) -> E {
        let node = self.node();
        self.rows.fail(node, leaf, format!("expected {expected}, got {got}"))
    }

    fn scalar<E: Error>(self, scalar: Scalar<'de, '_>) -> Result<(), E> {
        let (plan, node) = (self.rows.plan, self.node());
        if node.has_children() && !matches!(scalar, Scalar::Null) {
            let expected = if node.all.is_some() { "a list" } else { "an object" };
            let leaf = self.leaf_behind().unwrap_or_default();
            return Err(self.wrong(leaf, expected, &scalar.to_string()));
        }
        for &leaf in &node.leaves {
            let column = &plan.columns[leaf];
            if !column.raw()
                && let Err(message) = self.rows.cells[leaf].set(column, scalar)
            {
                return Err(self.rows.fail(node, leaf, message));
            }
        }
        Ok(())
    }

    /// Gives the value's text to the columns that want it, then reads it again for the others.
    fn raw<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let (plan, node) = (self.rows.plan, self.node());
        let json = <&RawValue>::deserialize(deserializer)?.get();
        for &leaf in &node.leaves {
            let column = &plan.columns[leaf];
            if column.raw()
                && let Err(message) = self.rows.cells[leaf].set_raw(column, json)
            {
                return Err(self.rows.fail(node, leaf, message));
            }
        }
        let Some(leaf) = self.scalar_leaf().or_else(|| self.leaf_behind()) else { return Ok(()) };
        let Self { rows, at } = self;
        let result = serde_json::Deserializer::from_str(json).deserialize_any(Walk { rows: &mut *rows, at });
        result.map_err(|error| match rows.fault {
            Some(_) => D::Error::custom("a value is not as expected"),
            None => rows.fail(node, leaf, error.to_string()),
        })
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_, '_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let node = self.node();
        self.rows.enter(node);
        if node.below.is_empty() {
            IgnoredAny::deserialize(deserializer).map(drop)
        } else if self.rows.has_raw(node) {
            self.raw(deserializer)
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

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.scalar(Scalar::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.scalar(Scalar::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.scalar(Scalar::Int(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.scalar(i64::try_from(value).map_or(Scalar::Big(value), Scalar::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.scalar(Scalar::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<(), E> {
        self.scalar(Scalar::Page(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.scalar(Scalar::Text(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let node = self.node();
        if let Some(leaf) = self.scalar_leaf() {
            let expected = self.rows.plan.columns[leaf].expected();
            return Err(self.wrong(leaf, expected, "an object"));
        }
        if node.all.is_some() {
            let leaf = self.leaf_behind().unwrap_or_default();
            return Err(self.wrong(leaf, "a list", "an object"));
        }
        let mut seen = 0;
        while let Some(child) = map.next_key_seed(Key { node, order: &mut self.rows.orders[self.at], seen: &mut seen })? {
            match child {
                Some(at) => map.next_value_seed(Walk { rows: &mut *self.rows, at })?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        let node = self.node();
        if let Some(leaf) = self.scalar_leaf() {
            let expected = self.rows.plan.columns[leaf].expected();
            return Err(self.wrong(leaf, expected, "a list"));
        }
        let Some(at) = node.all.filter(|_| node.keys.is_empty()) else {
            let leaf = self.leaf_behind().unwrap_or_default();
            return Err(self.wrong(leaf, "an object", "a list"));
        };
        for leaf in &self.rows.plan.trie.nodes[at].below {
            self.rows.cells[*leaf].begin_list();
        }
        while elements.next_element_seed(Walk { rows: &mut *self.rows, at })?.is_some() {}
        Ok(())
    }
}
