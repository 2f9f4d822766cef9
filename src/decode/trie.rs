//! The wanted paths as a tree, so that one walk over the JSON serves all of them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, Visitor};

use crate::spec::{Path, Step};

/// A place in the JSON that a wanted path leads to or through.
#[derive(Debug, Default)]
pub(super) struct Node {
    /// The path that leads here, for messages.
    pub(super) path: String,
    /// Wanted members and their nodes.
    pub(super) keys: Vec<(Box<str>, usize)>,
    /// Node of the elements, if they are wanted.
    pub(super) all: Option<usize>,
    /// Leaves whose path ends here.
    pub(super) leaves: Vec<usize>,
    /// Leaves whose path ends here or deeper.
    pub(super) below: Vec<usize>,
    /// Number of `[*]` on the path.
    pub(super) depth: usize,
    /// Whether this is the element of an array.
    pub(super) element: bool,
    /// Bit n is set if a wanted member's name has n bytes (modulo 64): rejects most other names at once.
    lengths: u64,
}

impl Node {
    /// Whether a path goes on from here.
    pub(super) fn has_children(&self) -> bool {
        self.all.is_some() || !self.keys.is_empty()
    }

    fn may_have(&self, name: &str) -> bool {
        self.lengths & length_bit(name) != 0
    }
}

fn length_bit(name: &str) -> u64 {
    1 << (name.len() % 64)
}

/// The tree; node 0 is where all paths start. Leaves are numbers that mean something to whoever inserted them.
#[derive(Debug)]
pub(super) struct Trie {
    /// All nodes.
    pub(super) nodes: Vec<Node>,
}

impl Trie {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node { path: Path::default().to_string(), ..Node::default() }] }
    }

    /// Adds a path that ends in `leaf`.
    pub(super) fn insert(&mut self, path: &Path, leaf: usize) {
        let mut at = 0;
        self.nodes[at].below.push(leaf);
        for (position, step) in path.0.iter().enumerate() {
            at = self.child(at, step, || Path(path.0[..=position].to_vec()).to_string());
            self.nodes[at].below.push(leaf);
        }
        self.nodes[at].leaves.push(leaf);
    }

    fn child(&mut self, at: usize, step: &Step, path: impl FnOnce() -> String) -> usize {
        let fresh = self.nodes.len();
        let parent = &mut self.nodes[at];
        let element = match step {
            Step::Key(name) => {
                if let Some((_, child)) = parent.keys.iter().find(|(key, _)| **key == **name) {
                    return *child;
                }
                parent.lengths |= length_bit(name);
                parent.keys.push((name.as_str().into(), fresh));
                false
            }
            Step::All => {
                if let Some(child) = parent.all {
                    return child;
                }
                parent.all = Some(fresh);
                true
            }
        };
        let depth = parent.depth + usize::from(element);
        self.nodes.push(Node { path: path(), depth, element, ..Node::default() });
        fresh
    }

    /// What [`Key`] remembers about the order of members, one list per node.
    pub(super) fn orders(&self) -> Vec<Vec<usize>> {
        self.nodes.iter().map(|node| (0..node.keys.len()).collect()).collect()
    }
}

/// Reads a member's name: the node behind it, or none if nobody wants it.
pub(super) struct Key<'s> {
    /// The object's node.
    pub(super) node: &'s Node,
    /// Positions in [`Node::keys`], in the order in which the last object had them: the next object has very likely the same.
    pub(super) order: &'s mut [usize],
    /// How many wanted members of this object were seen.
    pub(super) seen: &'s mut usize,
}

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a member's name")
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Self::Value, E> {
        if !self.node.may_have(name) {
            return Ok(None);
        }
        let node = self.node;
        let matches = |place: &usize| *node.keys[*place].0 == *name;
        let found = match self.order.get(*self.seen) {
            Some(expected) if matches(expected) => Some(*self.seen),
            _ => self.order.iter().position(matches),
        };
        Ok(found.map(|mut at| {
            // Not where it was expected: expect it here in the next object. A name that comes twice stays where it is.
            if at >= *self.seen {
                self.order.swap(at, *self.seen);
                at = *self.seen;
                *self.seen += 1;
            }
            node.keys[self.order[at]].1
        }))
    }
}
