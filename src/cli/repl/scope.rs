//! What a statement that is being written says so far: which relations it reads, and what the words before the cursor call for.

use crate::cli::session::Names;
use crate::cli::session::lex::is_keyword;
use crate::cli::session::names::PUBLIC;

/// A relation of the statement: what it is called, and which table it is.
pub(super) struct Relation {
    pub(super) called: String,
    pub(super) table: Option<(String, String)>,
}

/// What the words before the cursor call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Relation,
    Setting,
    /// A column, a function, or a keyword.
    Operand,
    Keyword,
}

pub(super) fn place(before: &[&str]) -> Place {
    let is = |word: &str, names: &[&str]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    let Some(last) = before.last() else { return Place::Keyword };
    if is(last, &["FROM", "JOIN", "INTO", "TABLE", "VIEW", "DESCRIBE", "COPY"]) {
        return Place::Relation;
    }
    if is(last, &["SET", "SHOW"]) {
        return Place::Setting;
    }
    if *last == "," && in_from(before) {
        return Place::Relation;
    }
    let is_operand = |word: &str| !is_keyword(word) || is(word, &["END", "NULL", "TRUE", "FALSE", "ASC", "DESC", "ALL"]);
    let operand =
        last.starts_with(['\'', '"', ')', '*', '$']) || (last.starts_with(|first: char| first.is_alphanumeric()) && is_operand(last));
    if operand || is(last, &["AS"]) || in_from(before) {
        return Place::Keyword;
    }
    Place::Operand
}

/// Whether a FROM list is being written, at this depth of parentheses.
fn in_from(before: &[&str]) -> bool {
    let mut depth = 0_usize;
    for word in before.iter().rev() {
        match *word {
            ")" => depth += 1,
            "(" => match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return false,
            },
            _ if depth > 0 => {}
            word => match word.to_ascii_uppercase().as_str() {
                "FROM" | "JOIN" => return true,
                "SELECT" | "WHERE" | "BY" | "HAVING" | "ON" | "SET" | "LIMIT" | "USING" | "VALUES" | "QUALIFY" => return false,
                _ => {}
            },
        }
    }
    false
}

/// The relations that a statement names, with what they are called.
pub(super) fn relations_of(names: &Names, words: &[&str]) -> Vec<Relation> {
    let mut found = Vec::new();
    for place in 0..words.len() {
        let word = words[place];
        let starts = ["FROM", "JOIN"].iter().any(|keyword| keyword.eq_ignore_ascii_case(word)) || word == "," && in_from(&words[..place]);
        if !starts {
            continue;
        }
        let mut parts: Vec<String> = Vec::new();
        let mut next = place + 1;
        while let Some(part) = words.get(next).filter(|part| is_name(part)) {
            parts.push(folded(part));
            next += 1;
            if words.get(next) != Some(&".") {
                break;
            }
            next += 1;
        }
        let Some(last) = parts.last().cloned() else { continue };
        let (schema, table) = match parts.as_slice() {
            [.., schema, table] => (schema.clone(), table.clone()),
            _ => (PUBLIC.to_owned(), last.clone()),
        };
        if words.get(next).is_some_and(|word| word.eq_ignore_ascii_case("AS")) {
            next += 1;
        }
        let alias = words.get(next).filter(|word| is_name(word)).map(|word| folded(word));
        let table = names.columns(&schema, &table).is_some().then_some((schema, table));
        found.push(Relation { called: alias.unwrap_or(last), table });
    }
    found
}

fn is_name(word: &str) -> bool {
    word.starts_with('"') || (word.starts_with(|first: char| first.is_alphabetic() || first == '_') && !is_keyword(word))
}

/// Names before `AS (`: the common tables of the statement.
pub(super) fn common_tables(words: &[&str]) -> Vec<String> {
    let as_query = |window: &&[&str]| window[1].eq_ignore_ascii_case("AS") && window[2] == "(" && is_name(window[0]);
    words.windows(3).filter(as_query).map(|window| window[0].to_owned()).collect()
}

pub(super) fn folded(name: &str) -> String {
    match name.strip_prefix('"') {
        Some(quoted) => quoted.trim_end_matches('"').to_owned(),
        None => name.to_lowercase(),
    }
}
