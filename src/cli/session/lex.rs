//! SQL as it is being typed: pieces with their places, and no error for what is not finished yet.

use std::ops::Range;

/// What a piece is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Kind {
    Space,
    Comment,
    /// A keyword or a name.
    Word,
    /// A name in double quotes or backticks.
    Quoted,
    /// A text, also in dollar quotes.
    Text,
    Number,
    /// `$name` or `$1`.
    Parameter,
    Symbol,
}

/// A piece of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Piece {
    pub(in super::super) kind: Kind,
    pub(in super::super) at: Range<usize>,
    /// A text, comment or quoted name that was not ended.
    pub(in super::super) open: bool,
}

/// Cuts the input into pieces without a gap.
pub(in super::super) fn pieces(text: &str) -> Vec<Piece> {
    let mut start = 0;
    std::iter::from_fn(|| {
        let piece = piece_at(text, start)?;
        start = piece.at.end;
        Some(piece)
    })
    .collect()
}

/// The piece that begins at a place, unless that is the end.
pub(super) fn piece_at(text: &str, start: usize) -> Option<Piece> {
    let rest = &text[start..];
    let first = rest.chars().next()?;
    let (kind, length, open) = piece(rest, first);
    Some(Piece { kind, at: start..start + length.max(first.len_utf8()), open })
}

fn piece(rest: &str, first: char) -> (Kind, usize, bool) {
    let run = |from: usize, belongs: fn(char) -> bool| from + rest[from..].find(|next| !belongs(next)).unwrap_or(rest.len() - from);
    let second = rest[first.len_utf8()..].chars().next();
    match first {
        space if space.is_whitespace() => (Kind::Space, run(0, char::is_whitespace), false),
        '-' if second == Some('-') => (Kind::Comment, rest.find('\n').unwrap_or(rest.len()), false),
        '/' if second == Some('*') => block_comment(rest),
        '\'' => quoted(rest, '\'', Kind::Text),
        'e' | 'E' if second == Some('\'') => escaped(rest),
        '"' | '`' => quoted(rest, first, Kind::Quoted),
        '$' => dollar(rest),
        digit if digit.is_ascii_digit() => (Kind::Number, run(0, |next| next.is_ascii_alphanumeric() || next == '.'), false),
        letter if is_name(letter) => (Kind::Word, run(0, is_name), false),
        _ => (Kind::Symbol, first.len_utf8(), false),
    }
}

fn is_name(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Up to the closing quote; a doubled one is part of the text.
fn quoted(rest: &str, quote: char, kind: Kind) -> (Kind, usize, bool) {
    let mut letters = rest.char_indices().skip(1).peekable();
    while let Some((place, letter)) = letters.next() {
        if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return (kind, place + 1, false);
        }
    }
    (kind, rest.len(), true)
}

/// `E'…'`: a backslash takes the meaning from what follows it.
fn escaped(rest: &str) -> (Kind, usize, bool) {
    let mut letters = rest.char_indices().skip(2);
    while let Some((place, letter)) = letters.next() {
        match letter {
            '\\' => {
                letters.next();
            }
            '\'' => return (Kind::Text, place + 1, false),
            _ => {}
        }
    }
    (Kind::Text, rest.len(), true)
}

/// Comments may hold comments.
fn block_comment(rest: &str) -> (Kind, usize, bool) {
    let bytes = rest.as_bytes();
    let (mut depth, mut place) = (0_usize, 0);
    while place + 1 < bytes.len() {
        match &bytes[place..place + 2] {
            b"/*" => depth += 1,
            b"*/" => depth -= 1,
            _ => {
                place += 1;
                continue;
            }
        }
        place += 2;
        if depth == 0 {
            return (Kind::Comment, place, false);
        }
    }
    (Kind::Comment, rest.len(), true)
}

/// `$tag$ text $tag$`, or a parameter.
fn dollar(rest: &str) -> (Kind, usize, bool) {
    let name = 1 + rest[1..].find(|next| !is_name(next)).unwrap_or(rest.len() - 1);
    if !rest[name..].starts_with('$') {
        return (if name > 1 { Kind::Parameter } else { Kind::Symbol }, name, false);
    }
    let tag = &rest[..=name];
    match rest[tag.len()..].find(tag) {
        Some(end) => (Kind::Text, end + 2 * tag.len(), false),
        None => (Kind::Text, rest.len(), true),
    }
}

/// What a statement explains; any other statement as it is.
pub(super) fn without_explain(sql: &str) -> &str {
    let pieces: Vec<Piece> = pieces(sql).into_iter().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment)).collect();
    let is_one = |at: usize, words: &[&str]| {
        let found = pieces.get(at).map(|piece| &sql[piece.at.clone()]);
        found.is_some_and(|found| words.iter().any(|word| word.eq_ignore_ascii_case(found)))
    };
    if !is_one(0, &["EXPLAIN"]) {
        return sql;
    }
    let mut at = 1;
    // Options in parentheses, and not a query.
    if is_one(at, &["("]) && !is_one(at + 1, &["SELECT", "WITH", "VALUES", "TABLE", "FROM", "("]) {
        while at < pieces.len() && !is_one(at, &[")"]) {
            at += 1;
        }
        at += 1;
    }
    loop {
        match at {
            _ if is_one(at, &["ANALYZE", "VERBOSE"]) => at += 1,
            _ if is_one(at, &["FORMAT"]) => at += 2,
            _ => return pieces.get(at).map_or("", |piece| &sql[piece.at.start..]),
        }
    }
}

/// Words that SQL has a meaning for, as far as a query needs them.
pub(in super::super) const KEYWORDS: &[&str] = &[
    "ALL",
    "ANALYZE",
    "AND",
    "ANTI",
    "ANY",
    "AS",
    "ASC",
    "BETWEEN",
    "BY",
    "CASE",
    "CAST",
    "COPY",
    "CREATE",
    "CROSS",
    "CURRENT_DATE",
    "CURRENT_TIMESTAMP",
    "DATE",
    "DELETE",
    "DESC",
    "DESCRIBE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "END",
    "EXCEPT",
    "EXCLUDE",
    "EXISTS",
    "EXPLAIN",
    "EXTERNAL",
    "EXTRACT",
    "FALSE",
    "FILTER",
    "FIRST",
    "FOLLOWING",
    "FROM",
    "FULL",
    "GROUP",
    "HAVING",
    "IF",
    "ILIKE",
    "IN",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTERVAL",
    "INTO",
    "IS",
    "JOIN",
    "LAST",
    "LATERAL",
    "LEFT",
    "LIKE",
    "LIMIT",
    "LOCATION",
    "NATURAL",
    "NOT",
    "NULL",
    "NULLS",
    "OFFSET",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PARTITION",
    "PRECEDING",
    "QUALIFY",
    "RANGE",
    "RECURSIVE",
    "REPLACE",
    "RIGHT",
    "ROWS",
    "SELECT",
    "SEMI",
    "SET",
    "SHOW",
    "SIMILAR",
    "STORED",
    "TABLE",
    "TABLES",
    "THEN",
    "TIMESTAMP",
    "TO",
    "TRUE",
    "UNBOUNDED",
    "UNION",
    "UNNEST",
    "USING",
    "VALUES",
    "VERBOSE",
    "VIEW",
    "WHEN",
    "WHERE",
    "WINDOW",
    "WITH",
    "WITHIN",
];

/// Whether a word is a keyword.
pub(in super::super) fn is_keyword(word: &str) -> bool {
    KEYWORDS.binary_search_by(|keyword| keyword.bytes().cmp(word.bytes().map(|byte| byte.to_ascii_uppercase()))).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_have_no_gap_whatever_is_typed() {
        let mut rng = fastrand::Rng::with_seed(7);
        let parts = ["'", "\"", "$", "a", "$a$", "--", "/*", "*/", "\n", " ", ";", "é", "1.5", "\\", "x'y", "``"];
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(0..12)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let mut end = 0;
            for piece in pieces(&text) {
                assert_eq!(piece.at.start, end, "{text:?}");
                assert!(piece.at.end > end && text.is_char_boundary(piece.at.end), "{text:?}");
                end = piece.at.end;
            }
            assert_eq!(end, text.len(), "{text:?}");
        }
    }

    #[test]
    fn kinds() {
        let kinds = |text: &str| pieces(text).iter().filter(|piece| piece.kind != Kind::Space).map(|piece| piece.kind).collect::<Vec<_>>();
        assert_eq!(
            kinds("a 'it''s' \"q\" 1e5 $p -- x"),
            [Kind::Word, Kind::Text, Kind::Quoted, Kind::Number, Kind::Parameter, Kind::Comment]
        );
        assert_eq!(kinds("/* /* */ */ $t$ ; $x$ $t$ <>"), [Kind::Comment, Kind::Text, Kind::Symbol, Kind::Symbol]);
        assert!(KEYWORDS.is_sorted());
        assert!(is_keyword("Select") && !is_keyword("selec"));
    }

    #[test]
    fn what_is_explained_is_told_from_how() {
        for explained in [
            "EXPLAIN SELECT 1 -- x",
            "explain analyze verbose SELECT 1 -- x",
            "/* a */ EXPLAIN\nANALYZE FORMAT tree SELECT 1 -- x",
            "EXPLAIN (ANALYZE, FORMAT 'tree') SELECT 1 -- x",
            "SELECT 1 -- x",
        ] {
            assert_eq!(without_explain(explained), "SELECT 1 -- x", "{explained}");
        }
        assert_eq!(without_explain("EXPLAIN (SELECT 1) UNION SELECT 2"), "(SELECT 1) UNION SELECT 2");
    }
}
