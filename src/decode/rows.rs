//! The walk over one row: wanted leaves into cells, and at the row's end cells into builders.

use arrow::array::ArrayRef;

use super::builder::Builder;
use super::cell::{Cell, Column, Scalar};
use super::error::{DecodeErrorKind, Fault};
use super::json::{Json, Member, Stop};
use super::probe::seek;
use super::trie::{Node, Shape, Trie};

/// Which columns a row gives; the trie's leaves are positions in them.
#[derive(Debug)]
pub(super) struct RowPlan {
    pub(super) columns: Vec<Column>,
    pub(super) trie: Trie,
    /// For each node of the trie, whether a column wants the text of what stands there.
    raw: Vec<bool>,
    /// Where there is a row for each element of a list: the way to the list, and the node of an element.
    each: Option<(Trie, usize)>,
}

impl RowPlan {
    pub(super) fn new(columns: Vec<Column>, trie: Trie, each: Option<(Trie, usize)>) -> Self {
        let raw = trie.nodes.iter().map(|node| node.leaves.iter().any(|leaf| columns[*leaf].raw())).collect();
        Self { columns, trie, raw, each }
    }
}

/// The rows of a page, as far as they are read.
#[derive(Debug)]
pub(super) struct Rows<'a, 'de> {
    plan: &'a RowPlan,
    cells: Vec<Cell<'de>>,
    builders: Vec<Builder>,
    shapes: Vec<Shape>,
    /// A text whose escapes were read; kept for its memory.
    scratch: String,
    /// Rows read to their end.
    pub(super) count: usize,
    /// Objects read; other than rows only where each has a list of rows.
    pub(super) received: usize,
}

impl<'a, 'de> Rows<'a, 'de> {
    pub(super) fn new(plan: &'a RowPlan) -> Self {
        let cells = plan.columns.iter().map(|_| Cell::default()).collect();
        let builders = plan.columns.iter().map(|column| Builder::new(column.kind, column.many())).collect();
        Self { plan, cells, builders, shapes: plan.trie.shapes(), scratch: String::new(), count: 0, received: 0 }
    }

    /// Drops all rows.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.plan);
    }

    pub(super) fn finish(mut self) -> Vec<ArrayRef> {
        self.builders.iter_mut().map(Builder::finish).collect()
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

    fn fail(&self, node: &Node, leaf: usize, message: String) -> Stop {
        let row = Some(self.count + 1);
        Stop::Fault(Box::new(Fault { kind: DecodeErrorKind::Mismatch, row, column: Some(leaf), path: node.path.clone(), message }))
    }

    /// First column of this very node, apart from those that take any JSON.
    fn scalar_leaf(&self, node: &Node) -> Option<usize> {
        node.leaves.iter().copied().find(|leaf| !self.plan.columns[*leaf].raw())
    }

    /// That what stands at a node is not what its columns want, or not what leads to those behind it.
    #[cold]
    fn wrong(&self, node: &Node, leading: &str, got: &str) -> Stop {
        let (leaf, expected) = match self.scalar_leaf(node) {
            Some(leaf) => (leaf, self.plan.columns[leaf].expected()),
            None => (behind(node), leading),
        };
        self.fail(node, leaf, format!("expected {expected}, got {got}"))
    }

    /// Reads one row, or all rows of an object that has a list of them.
    pub(super) fn row(&mut self, json: &mut Json<'de>) -> Result<(), Stop> {
        self.received += 1;
        let plan = self.plan;
        let Some((way, element)) = &plan.each else {
            self.node(json, 0)?;
            self.end_row();
            return Ok(());
        };
        // What is around the list may follow it.
        let start = json.place()?;
        self.node(json, 0)?;
        seek(&mut json.again(start), way, &mut way.shapes(), 0, &mut |_, list| {
            if list.peek()? != b'[' {
                return list.skip();
            }
            list.open();
            let mut first = true;
            while list.element(&mut first)? {
                self.node(list, *element)?;
                self.end_row();
            }
            Ok(())
        })
    }

    /// Reads what stands at a node.
    fn node(&mut self, json: &mut Json<'de>, at: usize) -> Result<(), Stop> {
        let node = &self.plan.trie.nodes[at];
        self.enter(node);
        if node.below.is_empty() {
            json.skip()
        } else if self.plan.raw[at] {
            self.raw(json, at)
        } else {
            self.value(json, at)
        }
    }

    /// Gives the value's text to the columns that want it, then reads it again for the others.
    fn raw(&mut self, json: &mut Json<'de>, at: usize) -> Result<(), Stop> {
        let (plan, node) = (self.plan, &self.plan.trie.nodes[at]);
        let start = json.place()?;
        let text = json.raw()?;
        for &leaf in &node.leaves {
            let column = &plan.columns[leaf];
            if column.raw()
                && let Err(message) = self.cells[leaf].set_raw(column, text)
            {
                return Err(self.fail(node, leaf, message));
            }
        }
        if self.scalar_leaf(node).is_none() && !node.has_children() {
            return Ok(());
        }
        self.value(&mut json.again(start), at)
    }

    fn value(&mut self, json: &mut Json<'de>, at: usize) -> Result<(), Stop> {
        let node = &self.plan.trie.nodes[at];
        match json.peek()? {
            b'"' => {
                let mut scratch = std::mem::take(&mut self.scratch);
                let taken = match json.text(&mut scratch)? {
                    Some(text) => self.scalar(node, Scalar::Page(text)),
                    None => self.scalar(node, Scalar::Text(&scratch)),
                };
                self.scratch = scratch;
                taken
            }
            b'{' => {
                json.open();
                self.object(json, at)
            }
            b'[' => {
                json.open();
                self.array(json, at)
            }
            _ => {
                let scalar = json.literal()?;
                self.scalar(node, scalar)
            }
        }
    }

    fn scalar(&mut self, node: &Node, scalar: Scalar<'de, '_>) -> Result<(), Stop> {
        let plan = self.plan;
        if node.has_children() && !matches!(scalar, Scalar::Null) {
            let expected = if node.all.is_some() { "a list" } else { "an object" };
            return Err(self.fail(node, behind(node), format!("expected {expected}, got {scalar}")));
        }
        for &leaf in &node.leaves {
            let column = &plan.columns[leaf];
            if !column.raw()
                && let Err(message) = self.cells[leaf].set(column, scalar)
            {
                return Err(self.fail(node, leaf, message));
            }
        }
        Ok(())
    }

    fn object(&mut self, json: &mut Json<'de>, at: usize) -> Result<(), Stop> {
        let node = &self.plan.trie.nodes[at];
        if self.scalar_leaf(node).is_some() || node.all.is_some() {
            return Err(self.wrong(node, "a list", "an object"));
        }
        let mut position = 0;
        loop {
            match json.member(node, &mut self.shapes[at], &mut position)? {
                Member::Wanted(at) => self.node(json, at)?,
                Member::Other => json.skip()?,
                Member::End => return Ok(()),
            }
        }
    }

    fn array(&mut self, json: &mut Json<'de>, at: usize) -> Result<(), Stop> {
        let plan = self.plan;
        let node = &plan.trie.nodes[at];
        let Some(at) = node.all.filter(|_| node.keys.is_empty() && self.scalar_leaf(node).is_none()) else {
            return Err(self.wrong(node, "an object", "a list"));
        };
        for leaf in &plan.trie.nodes[at].below {
            self.cells[*leaf].begin_list();
        }
        let mut first = true;
        while json.element(&mut first)? {
            self.node(json, at)?;
        }
        Ok(())
    }
}

/// First column behind a node.
fn behind(node: &Node) -> usize {
    node.below.iter().copied().find(|leaf| !node.leaves.contains(leaf)).unwrap_or_default()
}
