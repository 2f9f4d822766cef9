//! The walk over the body around the rows: finds the rows, and what paging asks for, in whatever order they come.

use super::PageEnd;
use super::cell::Scalar;
use super::error::{DecodeErrorKind, Fault};
use super::json::{Json, Member, Stop};
use super::rows::Rows;
use super::trie::{Node, Shape, Trie};

/// Leaves of the body's trie.
pub(super) const ROWS: usize = 0;
pub(super) const TOKEN: usize = 1;
pub(super) const LAST: usize = 2;
pub(super) const TOTAL: usize = 3;
pub(super) const TRUNCATED: usize = 4;
pub(super) const PAGES: usize = 5;

/// A body, as far as it is read.
#[derive(Debug)]
pub(super) struct Body<'a, 'de> {
    pub(super) trie: &'a Trie,
    pub(super) shapes: Vec<Shape>,
    pub(super) rows: Rows<'a, 'de>,
    pub(super) end: PageEnd,
    /// Whether there were rows where they belong; of a path through arrays, in the current element.
    pub(super) found: bool,
}

impl<'a, 'de> Body<'a, 'de> {
    /// Reads the body.
    pub(super) fn read(&mut self, json: &mut Json<'de>) -> Result<(), Stop> {
        self.node(json, 0, true)?;
        json.end()
    }

    /// Reads what stands at a node. `rows` says whether rows are looked for; not when a row is read again for what else is in it.
    fn node(&mut self, json: &mut Json<'de>, at: usize, rows: bool) -> Result<(), Stop> {
        let node = &self.trie.nodes[at];
        self.enter(node)?;
        let start = json.place()?;
        if rows && node.leaves.contains(&ROWS) && json.peek()? == b'{' {
            self.found = true;
            self.rows.row(json)?;
            return if node.has_children() { self.value(&mut json.again(start), at, false) } else { Ok(()) };
        }
        self.value(json, at, rows)
    }

    fn value(&mut self, json: &mut Json<'de>, at: usize, rows: bool) -> Result<(), Stop> {
        let node: &'a Node = &self.trie.nodes[at];
        let rows_here = rows && node.leaves.contains(&ROWS);
        match json.peek()? {
            b'"' => {
                let mut scratch = String::new();
                let scalar = match json.text(&mut scratch)? {
                    Some(text) => Scalar::Page(text),
                    None => Scalar::Text(&scratch),
                };
                self.scalar(node, scalar, rows_here)
            }
            b'{' => {
                if node.keys.is_empty() {
                    return Err(wrong(node, "an object"));
                }
                json.open();
                let mut position = 0;
                loop {
                    match json.member(node, &mut self.shapes[at], &mut position)? {
                        Member::Wanted(at) => self.node(json, at, rows)?,
                        Member::Other => json.skip()?,
                        Member::End => return Ok(()),
                    }
                }
            }
            b'[' if rows_here => {
                self.found = true;
                json.open();
                let mut first = true;
                while json.element(&mut first)? {
                    self.rows.row(json)?;
                }
                Ok(())
            }
            b'[' => {
                let Some(at) = node.all else { return Err(wrong(node, "a list")) };
                let holds_rows = node.below.contains(&ROWS);
                json.open();
                let mut first = true;
                while json.element(&mut first)? {
                    self.node(json, at, rows)?;
                    if holds_rows && !std::mem::take(&mut self.found) {
                        return Err(fail(DecodeErrorKind::NoRows, node, "an element of the list holds no rows".to_owned()));
                    }
                }
                self.found |= holds_rows;
                Ok(())
            }
            _ => match json.literal()? {
                // Absent is what null means; whether rows are missing is asked at the end.
                Scalar::Null => Ok(()),
                scalar => self.scalar(node, scalar, rows_here),
            },
        }
    }

    /// A node's value begins. If it has begun before in the same object, the new one counts.
    fn enter(&mut self, node: &Node) -> Result<(), Stop> {
        for leaf in &node.below {
            match *leaf {
                TOKEN => self.end.token = None,
                LAST => self.end.last = None,
                TOTAL => self.end.total = None,
                PAGES => self.end.pages = None,
                TRUNCATED => self.end.truncated = false,
                _ if !self.found => {}
                // Which of the rows came from this element is not known any more.
                _ if node.depth > 0 => {
                    return Err(fail(DecodeErrorKind::NoRows, node, "the same rows twice in one object".to_owned()));
                }
                _ => {
                    self.rows.clear();
                    self.found = false;
                }
            }
        }
        Ok(())
    }

    fn scalar(&mut self, node: &Node, scalar: Scalar<'_, '_>, rows_here: bool) -> Result<(), Stop> {
        if rows_here || node.has_children() {
            return Err(wrong(node, &scalar.to_string()));
        }
        let (text, flag) = match scalar {
            Scalar::Page(text) | Scalar::Text(text) => (Some(text), text.parse().ok()),
            Scalar::Bool(flag) => (None, Some(flag)),
            _ => (None, None),
        };
        for leaf in &node.leaves {
            let fits = match *leaf {
                TOKEN => {
                    self.end.token = match text {
                        Some("") => None,
                        Some(text) => Some(text.to_owned()),
                        None => Some(scalar.to_string()),
                    };
                    !matches!(scalar, Scalar::Bool(_))
                }
                LAST => {
                    self.end.last = flag;
                    flag.is_some()
                }
                TRUNCATED => {
                    self.end.truncated = flag == Some(true);
                    flag.is_some()
                }
                TOTAL | PAGES => {
                    let count = match scalar {
                        Scalar::Int(count) => u64::try_from(count).ok(),
                        Scalar::Big(count) => Some(count),
                        Scalar::Float(count) => whole(count),
                        _ => text.and_then(|text| text.parse().ok()),
                    };
                    if *leaf == TOTAL {
                        self.end.total = count;
                    } else {
                        self.end.pages = count;
                    }
                    count.is_some()
                }
                _ => true,
            };
            if !fits {
                return Err(wrong(node, &scalar.to_string()));
            }
        }
        Ok(())
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "only whole numbers that a double holds exactly are cast")]
fn whole(number: f64) -> Option<u64> {
    (number.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&number)).then_some(number as u64)
}

fn fail(kind: DecodeErrorKind, node: &Node, message: String) -> Stop {
    Stop::Fault(Box::new(Fault { kind, row: None, column: None, path: node.path.clone(), message }))
}

fn wrong(node: &Node, got: &str) -> Stop {
    let kind = if node.below.contains(&ROWS) { DecodeErrorKind::NoRows } else { DecodeErrorKind::Mismatch };
    let expected = match node.leaves.first() {
        _ if node.all.is_some() => "a list",
        None => "an object",
        Some(&ROWS) => "a list of rows",
        Some(&TOKEN) => "a token for the next page",
        Some(&LAST | &TRUNCATED) => "true or false",
        Some(&PAGES) => "a number of pages",
        Some(_) => "a number of rows",
    };
    fail(kind, node, format!("expected {expected}, got {got}"))
}
