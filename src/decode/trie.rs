//! The wanted paths as a tree, so that one walk over the JSON serves all of them.

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
}

impl Node {
    /// Whether a path goes on from here.
    pub(super) fn has_children(&self) -> bool {
        self.all.is_some() || !self.keys.is_empty()
    }

    /// Node of a member.
    pub(super) fn child(&self, name: &str) -> Option<usize> {
        self.keys.iter().find(|(key, _)| **key == *name).map(|(_, child)| *child)
    }
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

    /// Another place where paths start.
    pub(super) fn root(&mut self) -> usize {
        self.nodes.push(Node { path: Path::default().to_string(), ..Node::default() });
        self.nodes.len() - 1
    }

    /// Adds a path that ends in `leaf`.
    pub(super) fn insert(&mut self, path: &Path, leaf: usize) {
        self.insert_from(0, path, leaf);
    }

    /// As [`Trie::insert`], from another place than node 0.
    pub(super) fn insert_from(&mut self, root: usize, path: &Path, leaf: usize) {
        let mut at = root;
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
                if let Some(child) = parent.child(name) {
                    return child;
                }
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

    /// What is remembered of objects, one for each node.
    pub(super) fn shapes(&self) -> Vec<Shape> {
        self.nodes.iter().map(|_| Shape::default()).collect()
    }
}

/// The names of an object's members in the order in which they came last, as they stand in the text, with quotes: the next object
/// very likely has the same, so that one comparison reads a name and finds its node.
#[derive(Debug, Default)]
pub(super) struct Shape(Vec<(Box<[u8]>, Option<usize>)>);

impl Shape {
    /// Most names; objects with more are tables of their own.
    const MOST: usize = 256;
    /// How many members may be missing at once.
    const AHEAD: usize = 8;

    /// The node behind the name that the text begins with, and the name's length; none if it is not expected at this position.
    #[inline]
    pub(super) fn known(&self, text: &[u8], position: &mut usize) -> Option<(Option<usize>, usize)> {
        let expected = self.0.get(*position..)?;
        let (ahead, (name, child)) = expected.iter().take(Self::AHEAD).enumerate().find(|(_, (name, _))| text.starts_with(name))?;
        *position += ahead + 1;
        Some((*child, name.len()))
    }

    /// Expects a name at this position from now on.
    pub(super) fn learn(&mut self, name: &str, child: Option<usize>, position: &mut usize) {
        if self.0.len() < Self::MOST {
            let at = (*position).min(self.0.len());
            self.0.insert(at, (name.as_bytes().into(), child));
            *position = at + 1;
        } else {
            // Not 0, which is where objects begin.
            *position = (*position).max(1);
        }
    }
}
