//! Colours for SQL as it is typed.

use crate::cli::session::lex::{Kind, is_keyword, pieces};

const KEYWORD: &str = "\x1b[1;34m";
const TEXT: &str = "\x1b[32m";
const NUMBER: &str = "\x1b[36m";
const COMMENT: &str = "\x1b[90m";
const PARAMETER: &str = "\x1b[35m";
const PLAIN: &str = "\x1b[0m";

/// The line with colours, as wide as without.
pub(super) fn highlight(line: &str) -> String {
    let mut shown = String::with_capacity(line.len() * 2);
    if let Some(command) = line.strip_prefix('\\') {
        let end = 1 + command.find(char::is_whitespace).unwrap_or(command.len());
        paint(&mut shown, PARAMETER, &line[..end]);
        shown.push_str(&sql(&line[end..]));
        return shown;
    }
    sql(line)
}

fn sql(line: &str) -> String {
    let mut shown = String::with_capacity(line.len() * 2);
    for piece in pieces(line) {
        let text = &line[piece.at];
        match piece.kind {
            Kind::Word if is_keyword(text) => paint(&mut shown, KEYWORD, text),
            Kind::Text => paint(&mut shown, TEXT, text),
            Kind::Number => paint(&mut shown, NUMBER, text),
            Kind::Comment => paint(&mut shown, COMMENT, text),
            Kind::Parameter => paint(&mut shown, PARAMETER, text),
            Kind::Word | Kind::Quoted | Kind::Symbol | Kind::Space => shown.push_str(text),
        }
    }
    shown
}

fn paint(shown: &mut String, colour: &str, text: &str) {
    shown.push_str(colour);
    shown.push_str(text);
    shown.push_str(PLAIN);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_add_nothing_but_themselves() {
        let line = "select 'a''b', 1.5, $since -- note\nfrom x /* open";
        let shown = highlight(line);
        let mut plain = shown.clone();
        for colour in [KEYWORD, TEXT, NUMBER, COMMENT, PARAMETER, PLAIN] {
            plain = plain.replace(colour, "");
        }
        assert_eq!(plain, line);
        assert!(shown.starts_with("\x1b[1;34mselect\x1b[0m \x1b[32m'a''b'\x1b[0m, \x1b[36m1.5\x1b[0m, \x1b[35m$since\x1b[0m"), "{shown:?}");
        assert_eq!(highlight("\\d x"), "\x1b[35m\\d\x1b[0m x");
    }
}
