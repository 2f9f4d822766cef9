//! JQL text to tokens.

/// A piece of a query.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    /// Characters without quotes.
    Word(String),
    /// Characters that stood in quotes, unescaped.
    Quoted(String),
    /// `cf[…]` with its number.
    CustomField(i64),
    /// `=`, `!=`, `<`, `<=`, `>`, `>=`, `~`, `!~`, `(`, `)`, `,`, and `and`, `or`, `not` written as signs.
    Sign(&'static str),
}

/// Characters that have no meaning yet and may stand in quotes only.
const RESERVED: &str = "{}[]*/%+^$#@?;\\`";

/// The signs, longer ones first.
const SIGNS: [(&str, &str); 16] = [
    ("!=", "!="),
    ("<=", "<="),
    (">=", ">="),
    ("!~", "!~"),
    ("&&", "and"),
    ("||", "or"),
    ("=", "="),
    ("<", "<"),
    (">", ">"),
    ("~", "~"),
    ("!", "not"),
    ("&", "and"),
    ("|", "or"),
    ("(", "("),
    (")", ")"),
    (",", ","),
];

/// The tokens of a query, or what is wrong with it.
pub(super) fn tokens(jql: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = jql.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, tail) = if first == '"' || first == '\'' {
            quoted(&rest[1..], first)?
        } else if let Some((sign, meaning)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            (Token::Sign(meaning), &rest[sign.len()..])
        } else if let Some((number, tail)) = custom_field(rest) {
            (Token::CustomField(number), tail)
        } else {
            word(rest)?
        };
        found.push(token);
        rest = tail.trim_start();
    }
    Ok(found)
}

fn custom_field(text: &str) -> Option<(i64, &str)> {
    let (head, rest) = text.split_at_checked(2)?;
    let (number, tail) = rest.trim_start().strip_prefix('[').filter(|_| head.eq_ignore_ascii_case("cf"))?.split_once(']')?;
    Some((number.trim().parse().ok()?, tail))
}

fn word(text: &str) -> Result<(Token, &str), String> {
    let ends = |c: char| c.is_whitespace() || "\"'=!<>~&|(),".contains(c) || RESERVED.contains(c);
    let end = text.find(ends).unwrap_or(text.len());
    match text[end..].chars().next() {
        Some(c) if RESERVED.contains(c) => Err(format!("Fehler in der JQL-Abfrage: Das Zeichen '{c}' ist ein reserviertes JQL-Zeichen.")),
        _ => Ok((Token::Word(text[..end].to_owned()), &text[end..])),
    }
}

/// The text up to the closing quote.
fn quoted(text: &str, quote: char) -> Result<(Token, &str), String> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Ok((Token::Quoted(value), &text[at + 1..]));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        let escaped = chars.next().map_or('\0', |(_, c)| c);
        value.push(match escaped {
            '"' | '\'' | '\\' | ' ' => escaped,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'u' => {
                let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                let code = u32::from_str_radix(&digits, 16).ok().filter(|_| digits.len() == 4);
                code.and_then(char::from_u32).ok_or_else(|| bad_escape(&digits))?
            }
            other => return Err(bad_escape(&other.to_string())),
        });
    }
    Err("Fehler in der JQL-Abfrage: Die in Anführungszeichen gesetzte Zeichenfolge wurde nicht abgeschlossen.".to_owned())
}

fn bad_escape(what: &str) -> String {
    format!("Fehler in der JQL-Abfrage: '\\{what}' ist keine zulässige JQL-Escape-Sequenz.")
}
