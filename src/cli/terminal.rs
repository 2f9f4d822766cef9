//! Text on its way to a person: nothing in it steers their terminal, and whoever has gone is not told.
//!
//! What an API says, a row holds or a file is called may be made to move the cursor, to retitle the window, or to type for whoever
//! reads it. So lines for standard error, and whatever a terminal shows of results, pass through here.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

/// A text without control characters, but for line breaks and tabs.
pub(super) fn clean(text: &str) -> String {
    let kept = |letter: char| match letter {
        '\r' => None,
        '\n' | '\t' => Some(letter),
        other if other.is_control() => Some('\u{fffd}'),
        other => Some(other),
    };
    text.chars().filter_map(kept).collect()
}

/// Writes a line on standard error.
pub(super) fn say(text: impl Display) {
    write(io::stderr(), &clean(&text.to_string()));
}

/// Writes a line on standard output, into a file or pipe as it is.
pub(super) fn tell(text: impl Display) {
    let text = text.to_string();
    write(io::stdout(), &if io::stdout().is_terminal() { clean(&text) } else { text });
}

/// In one piece, so that lines of several threads do not mix. Whoever closed the other end does not want it.
fn write(mut to: impl Write, text: &str) {
    let _ = to.write_all(format!("{text}\n").as_bytes());
}

/// A terminal that gets results, cleaned.
pub(super) struct Cleaned<W> {
    inner: W,
    /// The beginning of a letter whose end is still to come.
    rest: Vec<u8>,
}

impl<W: Write> Cleaned<W> {
    pub(super) fn new(inner: W) -> Self {
        Self { inner, rest: Vec::new() }
    }
}

impl<W: Write> Write for Cleaned<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            // What is no text at all is shown as such.
            _ => self.rest.len(),
        };
        let text = clean(&String::from_utf8_lossy(&self.rest[..whole]));
        self.rest.drain(..whole);
        self.inner.write_all(text.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_shown_as_a_sign() {
        assert_eq!(clean("a\x1b[2Jb\r\n\tc\u{9b}\x07é"), "a\u{fffd}[2Jb\n\tc\u{fffd}\u{fffd}é");
    }

    #[test]
    fn a_stream_is_cleaned_wherever_it_is_cut() {
        let text = "é|\u{9b}2J|\x1b]0;x\x07|日本|\u{9d}\n";
        for piece in 1..5 {
            let mut terminal = Cleaned::new(Vec::new());
            text.as_bytes().chunks(piece).for_each(|piece| terminal.write_all(piece).unwrap());
            assert_eq!(String::from_utf8(terminal.inner).unwrap(), clean(text), "{piece}");
        }
        let mut terminal = Cleaned::new(Vec::new());
        terminal.write_all(b"PAR1\xff\x1b[").unwrap();
        assert_eq!(terminal.inner, "PAR1\u{fffd}\u{fffd}[".as_bytes());
    }
}
