//! Jira's query language. A literal is quoted with `"`, and `\` and `"` inside it are
//! escaped; times travel as epoch milliseconds without quotes, because a date text is read in the caller's own time zone.
//! Comparisons with an absent value hold for no row, as in SQL.

use std::fmt::Write;

use super::literal;
use crate::predicate::{Ask, Edge, Term, Test, Value};
use crate::spec::{Dir, TableSpec};

/// The condition in JQL; empty for "everything".
pub(super) fn condition(ask: &Ask, table: &TableSpec) -> String {
    let mut text = String::new();
    if *ask != Ask::True {
        write(ask, table, false, &mut text);
    }
    text
}

/// `ORDER BY …`, empty without an order. `order`: field names and directions.
pub(super) fn order_by(order: &[(&str, Dir)]) -> String {
    let keys: Vec<String> = order.iter().map(|(field, dir)| format!("{field} {}", if *dir == Dir::Asc { "ASC" } else { "DESC" })).collect();
    if keys.is_empty() { String::new() } else { format!("ORDER BY {}", keys.join(", ")) }
}

fn write(ask: &Ask, table: &TableSpec, nested: bool, text: &mut String) {
    match ask {
        // `plan` makes no request for False, and True only stands alone.
        Ask::True | Ask::False => {}
        Ask::Term(term) => term_text(term, table, text),
        Ask::And(parts) => join(parts, " AND ", table, nested, text),
        Ask::Or(parts) => join(parts, " OR ", table, true, text),
    }
}

fn join(parts: &[Ask], word: &str, table: &TableSpec, brackets: bool, text: &mut String) {
    if brackets {
        text.push('(');
    }
    for (position, part) in parts.iter().enumerate() {
        if position > 0 {
            text.push_str(word);
        }
        write(part, table, true, text);
    }
    if brackets {
        text.push(')');
    }
}

fn term_text(term: &Term, table: &TableSpec, text: &mut String) {
    let filter = &table.filters[term.filter];
    let field = filter.field.as_deref().unwrap_or_default();
    let value = |value: &Value| literal_text(value, filter.encode);
    let list = |values: &[Value]| values.iter().map(value).collect::<Vec<_>>().join(", ");
    // Writing to a String cannot fail.
    let _ = match &term.test {
        Test::In(values) => match values.as_slice() {
            [one] => write!(text, "{field} = {}", value(one)),
            many => write!(text, "{field} in ({})", list(many)),
        },
        Test::NotIn(values) => match values.as_slice() {
            [one] => write!(text, "{field} != {}", value(one)),
            many => write!(text, "{field} not in ({})", list(many)),
        },
        Test::Has(element) => write!(text, "{field} = {}", value(element)),
        Test::Null => write!(text, "{field} is EMPTY"),
        Test::NotNull => write!(text, "{field} is not EMPTY"),
        Test::Range(range) => {
            let side = |edge: &Option<Edge>, with: &str, without: &str| {
                edge.as_ref().map(|edge| format!("{field} {} {}", if edge.inclusive { with } else { without }, value(&edge.value)))
            };
            let sides: Vec<String> = [side(&range.low, ">=", ">"), side(&range.high, "<=", "<")].into_iter().flatten().collect();
            write!(text, "{}", sides.join(" AND "))
        }
    };
}

fn literal_text(value: &Value, encode: Option<crate::spec::Encode>) -> String {
    let plain = literal::text(value, encode);
    match value {
        // Unquoted digits are an id before they are a name.
        Value::Text(_) if encode == Some(crate::spec::Encode::Id) => plain,
        Value::Text(_) | Value::Date(_) => quote(&plain),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Time(_) => plain,
    }
}

/// A text as one JQL literal, whatever is in it.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                quoted.push('\\');
                quoted.push(character);
            }
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}

/// Whether a text that is passed through stays inside its brackets: quotes are closed, and no bracket closes one that it did not open.
pub(super) fn balanced(text: &str) -> bool {
    let (mut depth, mut quote, mut escaped) = (0_i32, None, false);
    for character in text.chars() {
        if let Some(open) = quote {
            if !escaped && character == open {
                quote = None;
            }
            escaped = !escaped && character == '\\';
            continue;
        }
        match character {
            '"' | '\'' => quote = Some(character),
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0 && quote.is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_cannot_leave_its_quotes() {
        assert_eq!(quote(r#"" OR project = X"#), r#""\" OR project = X""#);
        assert_eq!(quote(r"a\"), r#""a\\""#);
        assert_eq!(quote("a\nb"), "\"a\\nb\"");
    }

    #[test]
    fn a_passed_text_cannot_leave_its_brackets() {
        assert!(balanced("project = A AND (x = 1 OR y = \")\")"));
        for text in ["a) OR (b", "(a", "a\"", "a '"] {
            assert!(!balanced(text), "{text}");
        }
    }
}
