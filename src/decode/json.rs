//! A cursor over JSON text (RFC 8259): takes a value, or goes past it unread, but never past what is no JSON.
//!
//! Our own, because a page is mostly names that every row repeats and values that nobody asked for: see [`Shape`], and
//! `benches/decode.rs` for what it is worth beside `serde_json`.

use std::fmt;

use super::cell::Scalar;
use super::error::Fault;
use super::trie::{Node, Shape};

/// Why reading stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// The text is no JSON.
    Syntax(Box<Syntax>),
    /// It is JSON, but not what was expected.
    Fault(Box<Fault>),
}

/// What was expected instead, and where.
#[derive(Debug)]
pub(super) struct Syntax {
    expected: &'static str,
    line: usize,
    column: usize,
}

impl fmt::Display for Syntax {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {} at line {} column {}", self.expected, self.line, self.column)
    }
}

/// Where the next member of an object leads.
#[derive(Clone, Copy, Debug)]
pub(super) enum Member {
    /// To this node.
    Wanted(usize),
    /// Nowhere that is wanted.
    Other,
    /// There is none.
    End,
}

/// The cursor.
#[derive(Debug)]
pub(super) struct Json<'de> {
    text: &'de str,
    at: usize,
    /// Closing brackets of what is being gone past; kept for its memory.
    open: Vec<u8>,
}

impl<'de> Json<'de> {
    pub(super) fn new(text: &'de str) -> Self {
        Self { text, at: 0, open: Vec::new() }
    }

    /// The same text from an earlier place on.
    pub(super) fn again(&self, from: usize) -> Self {
        Self { text: self.text, at: from, open: Vec::new() }
    }

    /// Where the next value begins.
    pub(super) fn place(&mut self) -> Result<usize, Stop> {
        self.peek()?;
        Ok(self.at)
    }

    /// The first byte of the next value.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<u8, Stop> {
        match self.next() {
            Some(byte) => Ok(byte),
            None => self.fail("more, not the end of the text"),
        }
    }

    #[inline]
    fn next(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// That nothing but white space is left.
    pub(super) fn end(&mut self) -> Result<(), Stop> {
        if self.next().is_some() { self.fail("the end of the text") } else { Ok(()) }
    }

    /// Begins the object or array whose bracket was peeked.
    pub(super) fn open(&mut self) {
        self.at += 1;
    }

    /// Reads a value that is no text, no object and no array.
    pub(super) fn literal(&mut self) -> Result<Scalar<'de, 'static>, Stop> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word("true").map(|()| Scalar::Bool(true)),
            b'f' => self.word("false").map(|()| Scalar::Bool(false)),
            b'n' => self.word("null").map(|()| Scalar::Null),
            _ => self.fail("a value"),
        }
    }

    /// Goes to the next element of an array, or past its end. `first` is true before the first one.
    pub(super) fn element(&mut self, first: &mut bool) -> Result<bool, Stop> {
        self.more(b']', first)
    }

    /// Goes to the value of an object's next member, or past its end.
    #[inline]
    pub(super) fn member(&mut self, node: &Node, shape: &mut Shape, position: &mut usize) -> Result<Member, Stop> {
        let mut first = *position == 0;
        if !self.more(b'}', &mut first)? {
            return Ok(Member::End);
        }
        if self.peek()? != b'"' {
            return self.fail("a member's name");
        }
        let (child, length) = match shape.known(&self.text.as_bytes()[self.at..], position) {
            Some(found) => found,
            None => self.learn(node, shape, position)?,
        };
        self.at += length;
        if self.text.as_bytes()[self.at - 1] != b':' {
            self.colon()?;
        }
        Ok(child.map_or(Member::Other, Member::Wanted))
    }

    /// Reads a name that was not expected here.
    #[cold]
    fn learn(&mut self, node: &Node, shape: &mut Shape, position: &mut usize) -> Result<(Option<usize>, usize), Stop> {
        let start = self.at;
        let mut scratch = String::new();
        let child = match self.text(&mut scratch)? {
            Some(name) => node.child(name),
            None => node.child(&scratch),
        };
        let end = self.at + usize::from(self.text.as_bytes().get(self.at) == Some(&b':'));
        self.at = start;
        shape.learn(&self.text[start..end], child, position);
        Ok((child, end - start))
    }

    /// Goes past a value.
    pub(super) fn skip(&mut self) -> Result<(), Stop> {
        self.open.clear();
        'value: loop {
            match self.peek()? {
                b'"' => self.skip_text()?,
                b'{' => {
                    self.at += 1;
                    if self.peek()? != b'}' {
                        self.open.push(b'}');
                        self.skip_name()?;
                        continue;
                    }
                    self.at += 1;
                }
                b'[' => {
                    self.at += 1;
                    if self.peek()? != b']' {
                        self.open.push(b']');
                        continue;
                    }
                    self.at += 1;
                }
                b'-' | b'0'..=b'9' => drop(self.digits()?),
                b't' => self.word("true")?,
                b'f' => self.word("false")?,
                b'n' => self.word("null")?,
                _ => return self.fail("a value"),
            }
            while let Some(&close) = self.open.last() {
                match self.peek()? {
                    b',' => {
                        self.at += 1;
                        if close == b'}' {
                            self.skip_name()?;
                        }
                        continue 'value;
                    }
                    byte if byte == close => {
                        self.at += 1;
                        self.open.pop();
                    }
                    _ => return self.fail("`,` or the end of what was opened"),
                }
            }
            return Ok(());
        }
    }

    /// The text of the next value, which is gone past.
    pub(super) fn raw(&mut self) -> Result<&'de str, Stop> {
        let start = self.place()?;
        self.skip()?;
        Ok(&self.text[start..self.at])
    }

    fn more(&mut self, close: u8, first: &mut bool) -> Result<bool, Stop> {
        let next = self.peek()?;
        if next == close {
            self.at += 1;
            return Ok(false);
        }
        if !std::mem::take(first) {
            if next != b',' {
                return self.fail("`,` or the end of what was opened");
            }
            self.at += 1;
        }
        Ok(true)
    }

    fn skip_name(&mut self) -> Result<(), Stop> {
        if self.peek()? != b'"' {
            return self.fail("a member's name");
        }
        self.skip_text()?;
        self.colon()
    }

    fn colon(&mut self) -> Result<(), Stop> {
        if self.peek()? != b':' {
            return self.fail("`:`");
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &'static str) -> Result<(), Stop> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return self.fail(word);
        }
        self.at += word.len();
        Ok(())
    }

    /// Reads a text whose quote was peeked. Without escapes it is what stands in the page; otherwise it is put into `scratch`.
    #[inline]
    pub(super) fn text(&mut self, scratch: &mut String) -> Result<Option<&'de str>, Stop> {
        let bytes = self.text.as_bytes();
        let start = self.at + 1;
        self.at = start + plain(&bytes[start..]);
        if bytes.get(self.at) == Some(&b'"') {
            let text = &self.text[start..self.at];
            self.at += 1;
            return Ok(Some(text));
        }
        scratch.clear();
        let mut from = start;
        loop {
            scratch.push_str(&self.text[from..self.at]);
            if bytes.get(self.at) != Some(&b'\\') {
                return self.close().map(|()| None);
            }
            let (character, length) = self.escape()?;
            scratch.push(character);
            from = self.at + length;
            self.at = from + plain(&bytes[from..]);
        }
    }

    /// Goes past a text whose quote was peeked.
    fn skip_text(&mut self) -> Result<(), Stop> {
        let bytes = self.text.as_bytes();
        self.at += 1;
        loop {
            self.at += plain(&bytes[self.at..]);
            if bytes.get(self.at) != Some(&b'\\') {
                return self.close();
            }
            self.at += self.escape()?.1;
        }
    }

    /// The end of a text, where nothing else can be.
    fn close(&mut self) -> Result<(), Stop> {
        match self.text.as_bytes().get(self.at) {
            Some(b'"') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => self.fail("no control character in a text"),
            None => self.fail("a closing quote"),
        }
    }

    /// The character that an escape means, and how many bytes write it. Half of a surrogate pair, which is no character, becomes
    /// U+FFFD: a page must not be lost for an emoji that somebody's program cut in two.
    fn escape(&self) -> Result<(char, usize), Stop> {
        let bytes = &self.text.as_bytes()[self.at..];
        let character = match bytes.get(1) {
            Some(&byte @ (b'"' | b'\\' | b'/')) => byte.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let Some(unit) = hex(bytes, 2) else { return self.fail("four hexadecimal digits") };
                let second = hex(bytes, 8).filter(|second| bytes[6..8] == *b"\\u" && (0xdc00..0xe000).contains(second));
                return Ok(match (unit, second) {
                    (0xd800..0xdc00, Some(second)) => (character(0x10000 + ((unit - 0xd800) << 10) + (second - 0xdc00)), 12),
                    _ => (character(unit), 6),
                });
            }
            _ => return self.fail("an escape such as \\n or \\u00e9"),
        };
        Ok((character, 2))
    }

    /// The text of a number.
    fn digits(&mut self) -> Result<&'de str, Stop> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        self.at += usize::from(bytes[start] == b'-');
        let whole = self.at;
        self.some_digits("a digit")?;
        if bytes[whole] == b'0' && self.at > whole + 1 {
            return self.fail("a number without leading zeros");
        }
        if bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.some_digits("a digit")?;
        }
        if let Some(b'e' | b'E') = bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = bytes.get(self.at) {
                self.at += 1;
            }
            self.some_digits("a digit")?;
        }
        Ok(&self.text[start..self.at])
    }

    fn some_digits(&mut self, expected: &'static str) -> Result<(), Stop> {
        let start = self.at;
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        if self.at == start { self.fail(expected) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Scalar<'de, 'static>, Stop> {
        let digits = self.digits()?;
        // A whole number whose sign would be lost is a float.
        if digits != "-0" && digits.bytes().all(|c| c.is_ascii_digit() || c == b'-') {
            if let Ok(value) = digits.parse() {
                return Ok(Scalar::Int(value));
            }
            if let Ok(value) = digits.parse() {
                return Ok(Scalar::Big(value));
            }
        }
        match digits.parse::<f64>() {
            Ok(value) if value.is_finite() => Ok(Scalar::Float(value)),
            _ => self.fail("a number that a double can hold"),
        }
    }

    #[cold]
    fn fail<T>(&self, expected: &'static str) -> Result<T, Stop> {
        let before = &self.text.as_bytes()[..self.at.min(self.text.len())];
        let start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
        let (line, column) = (1 + memchr::memchr_iter(b'\n', before).count(), 1 + before.len() - start);
        Err(Stop::Syntax(Box::new(Syntax { expected, line, column })))
    }
}

/// How many bytes come before a quote, a backslash or a control character; eight at a time.
#[inline]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Marks bytes below `limit` in their highest bit; what borrows into the bytes above is of no matter, the lowest mark counts.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word;
    let (words, rest) = bytes.as_chunks::<8>();
    for (number, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let found = (quote | backslash | below(word, 0x20)) & HIGH;
        if found != 0 {
            return number * 8 + found.trailing_zeros() as usize / 8;
        }
    }
    let stops = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    bytes.len() - rest.len() + rest.iter().position(stops).unwrap_or(rest.len())
}

/// The number that four hexadecimal digits write.
fn hex(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.iter().try_fold(0, |number, digit| Some(number * 16 + char::from(*digit).to_digit(16)?))
}

fn character(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}
