//! What can stand where the cursor is.

use std::collections::BTreeSet;
use std::ops::Range;

use super::scope::{Place, Relation, common_tables, folded, place, relations_of};
use crate::cli::session::Names;
use crate::cli::session::command::{COMMANDS, formats, is_command};
use crate::cli::session::lex::{KEYWORDS, Kind, Piece, pieces};
use crate::cli::session::names::{PUBLIC, written};

/// Where the word under the cursor begins, and what it may become.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Completion {
    pub(super) start: usize,
    pub(super) candidates: Vec<String>,
    /// A file's name is wanted; the file system knows.
    pub(super) file: bool,
}

/// Completes the word that ends at the cursor.
pub(super) fn complete(names: &Names, text: &str, cursor: usize) -> Completion {
    if text.starts_with('\\') && is_command(text) {
        return complete_command(names, text, cursor);
    }
    complete_sql(names, text, cursor, 0)
}

fn complete_command(names: &Names, text: &str, cursor: usize) -> Completion {
    let before = &text[..cursor];
    let Some((command, rest)) = before.split_once(char::is_whitespace) else {
        return among(0, before, COMMANDS.iter().map(|(name, ..)| (*name).to_owned()));
    };
    let start = cursor - rest.trim_start().len();
    let word = &before[start..];
    match command {
        "\\explain" => complete_sql(names, text, cursor, start),
        "\\i" | "\\ir" | "\\o" => Completion { start, file: true, ..Completion::default() },
        "\\d" => tables(names, word, start),
        "\\format" => among(start, word, formats()),
        "\\timing" => among(start, word, ["on", "off"].map(str::to_owned)),
        "\\x" => among(start, word, ["auto", "on", "off"].map(str::to_owned)),
        "\\set" if !word.contains(char::is_whitespace) => among(start, word, names.settings.iter().cloned()),
        _ => Completion { start, ..Completion::default() },
    }
}

/// The candidates that the word begins, whatever its case.
fn among(start: usize, word: &str, candidates: impl IntoIterator<Item = String>) -> Completion {
    let found: BTreeSet<String> = candidates.into_iter().filter(|candidate| begins(candidate, word)).collect();
    Completion { start, candidates: found.into_iter().collect(), file: false }
}

fn begins(candidate: &str, word: &str) -> bool {
    let word = word.trim_start_matches('"').to_lowercase();
    candidate.trim_start_matches('"').to_lowercase().starts_with(&word)
}

/// Sources, and behind their dot their tables.
fn tables(names: &Names, word: &str, start: usize) -> Completion {
    match word.split_once('.') {
        Some((schema, rest)) => {
            let tables = names.schemas.get(schema.trim_matches('"')).into_iter().flat_map(|tables| tables.keys());
            among(start + schema.len() + 1, rest, tables.map(|table| written(table).into_owned()))
        }
        None => among(start, word, relations(names, &[])),
    }
}

/// What can be read from: sources, one's own tables, and the names that the statement gives itself.
fn relations(names: &Names, own: &[String]) -> Vec<String> {
    let schemas = names.schemas.keys().filter(|schema| *schema != PUBLIC).map(|schema| format!("{}.", written(schema)));
    let public = names.schemas.get(PUBLIC).into_iter().flat_map(|tables| tables.keys());
    schemas.chain(public.map(|table| written(table).into_owned())).chain(own.iter().cloned()).collect()
}

fn complete_sql(names: &Names, text: &str, cursor: usize, from: usize) -> Completion {
    let all: Vec<Piece> = pieces(&text[from..]).into_iter().map(|piece| Piece { at: shifted(&piece.at, from), ..piece }).collect();
    let statement = statement_at(text, &all, cursor);
    let inside = |piece: &&Piece| piece.at.start < cursor && cursor <= piece.at.end;
    if let Some(piece) = statement.iter().find(inside) {
        let within = cursor < piece.at.end || piece.open || text[piece.at.clone()].starts_with("--");
        if within && matches!(piece.kind, Kind::Text | Kind::Comment) {
            return Completion { start: cursor, ..Completion::default() };
        }
    }
    let tokens: Vec<&Piece> = statement.iter().filter(|piece| !matches!(piece.kind, Kind::Space | Kind::Comment)).collect();
    // The dotted name that ends at the cursor, and what stands before it.
    let mut first = tokens.iter().position(|piece| piece.at.start >= cursor).unwrap_or(tokens.len());
    let mut end = cursor;
    while let Some(piece) = first.checked_sub(1).map(|place| tokens[place]) {
        let touches = piece.at.end >= end;
        let part = matches!(piece.kind, Kind::Word | Kind::Quoted) || &text[piece.at.clone()] == ".";
        if !(touches && part) {
            break;
        }
        (first, end) = (first - 1, piece.at.start);
    }
    let name = &text[end..cursor];
    let before: Vec<&str> = tokens[..first].iter().map(|piece| &text[piece.at.clone()]).collect();
    let words: Vec<&str> = tokens.iter().map(|piece| &text[piece.at.clone()]).collect();
    let relations_here = relations_of(names, &words);
    if let Some((qualifier, word)) = name.rsplit_once('.') {
        return qualified(names, &relations_here, qualifier, word, cursor);
    }
    let start = end;
    let place = place(&before);
    let mut found: Vec<String> = Vec::new();
    if place == Place::Relation {
        let own: Vec<String> = common_tables(&words);
        return among(start, name, relations(names, &own));
    }
    if place == Place::Setting {
        return among(start, name, names.settings.iter().cloned());
    }
    if place == Place::Operand {
        let known: Vec<&Relation> = relations_here.iter().filter(|relation| relation.table.is_some()).collect();
        for relation in &known {
            let Some((schema, table)) = &relation.table else { continue };
            found.extend(names.columns(schema, table).into_iter().flatten().map(|column| written(column).into_owned()));
        }
        found.extend(relations_here.iter().map(|relation| format!("{}.", written(&relation.called))));
        // Before FROM is written, a column may be any table's.
        if known.is_empty() && !name.is_empty() {
            found.extend(names.schemas.values().flat_map(|tables| tables.values().flatten()).map(|column| written(column).into_owned()));
        }
        // What begins with a quote is a name.
        if name.starts_with('"') {
            return among(start, name, found);
        }
        found.extend(names.functions.iter().map(|function| format!("{function}(")));
    }
    let upper = !name.chars().next().is_some_and(char::is_lowercase);
    found.extend(KEYWORDS.iter().map(|keyword| if upper { (*keyword).to_owned() } else { keyword.to_lowercase() }));
    among(start, name, found)
}

fn shifted(at: &Range<usize>, by: usize) -> Range<usize> {
    at.start + by..at.end + by
}

/// The pieces between the semicolons around the cursor.
fn statement_at<'p>(text: &str, all: &'p [Piece], cursor: usize) -> &'p [Piece] {
    let ends = |piece: &Piece| &text[piece.at.clone()] == ";";
    let first = all.iter().rposition(|piece| ends(piece) && piece.at.end <= cursor).map_or(0, |place| place + 1);
    let last = all[first..].iter().position(ends).map_or(all.len(), |place| first + place);
    &all[first..last]
}

/// Behind the dot: columns of a relation of the statement, tables of a source, columns of a table.
fn qualified(names: &Names, relations: &[Relation], qualifier: &str, word: &str, cursor: usize) -> Completion {
    let start = cursor - word.len();
    let parts: Vec<String> = qualifier.split('.').map(folded).collect();
    let columns = |schema: &str, table: &str| names.columns(schema, table).into_iter().flatten().map(|column| written(column).into_owned());
    let mut found: Vec<String> = Vec::new();
    match parts.as_slice() {
        [one] => {
            let tables = relations.iter().filter(|relation| relation.called == *one).filter_map(|relation| relation.table.as_ref());
            found.extend(tables.flat_map(|(schema, table)| columns(schema, table)));
            found.extend(names.schemas.get(one).into_iter().flat_map(|tables| tables.keys()).map(|table| written(table).into_owned()));
            // A setting has dots in its name.
            found.extend(names.settings.iter().filter_map(|setting| Some(setting.strip_prefix(one)?.strip_prefix('.')?.to_owned())));
        }
        [.., schema, table] => {
            found.extend(columns(schema, table));
            let prefix = format!("{}.", parts.join("."));
            found.extend(names.settings.iter().filter_map(|setting| Some(setting.strip_prefix(&prefix)?.to_owned())));
        }
        [] => {}
    }
    among(start, word, found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::session::names::tests::sample;

    /// Completes at `|`.
    fn at(text: &str) -> (usize, Vec<String>) {
        let cursor = text.find('|').unwrap();
        let completion = complete(&sample(), &text.replacen('|', "", 1), cursor);
        (completion.start, completion.candidates)
    }

    fn offered(text: &str) -> Vec<String> {
        at(text).1
    }

    #[test]
    fn sources_then_tables_then_columns() {
        assert_eq!(at("SELECT * FROM ji|"), (14, vec!["jira.".to_owned()]));
        assert_eq!(at("SELECT * FROM jira.|"), (19, vec!["issues".to_owned(), "projects".to_owned()]));
        assert_eq!(offered("SELECT * FROM jira.is|"), ["issues"]);
        assert_eq!(offered("SELECT * FROM jira.issues, gith|"), ["github."]);
        assert_eq!(offered("SELECT * FROM jira.issues JOIN |"), ["github.", "jira.", "mine", "sqluice."]);
        assert_eq!(offered("SELECT sta| FROM jira.issues"), ["status", "status_category"]);
        assert_eq!(offered("SELECT key FROM jira.issues WHERE updated > now() AND su|"), ["substr(", "sum(", "summary"]);
        assert_eq!(offered("SELECT i.su| FROM jira.issues i"), ["summary"]);
        assert_eq!(offered("SELECT p.m| FROM jira.issues AS i JOIN github.pull_requests p ON true"), ["merged_at"]);
        assert_eq!(offered("SELECT issues.ti| FROM github.issues"), ["title"]);
        assert_eq!(offered("SELECT jira.issues.su| FROM jira.issues"), ["summary"]);
        assert_eq!(offered("SELECT * FROM jira.issues ORDER BY up|"), ["updated"]);
        assert_eq!(offered("with recent as (select 1) select * from rec|"), ["recent"]);
    }

    #[test]
    fn columns_of_any_table_before_from_is_written() {
        assert!(offered("SELECT merg|").contains(&"merged_at".to_owned()));
        assert!(!offered("SELECT |").contains(&"merged_at".to_owned()));
        assert!(offered("SELECT |").contains(&"lower(".to_owned()));
    }

    #[test]
    fn keywords_follow_the_case_of_what_is_typed() {
        assert_eq!(offered("sel|"), ["select"]);
        assert_eq!(offered("SEL|"), ["SELECT"]);
        assert_eq!(offered("SELECT * FROM jira.issues WH|"), ["WHEN", "WHERE"]);
        assert_eq!(offered("SELECT key FR|"), ["FROM"]);
        assert_eq!(offered("SELECT 1; SEL|"), ["SELECT"]);
        assert_eq!(offered("SELECT * FROM jira.issues i ORD|ER BY 1"), ["ORDER"]);
    }

    #[test]
    fn names_that_need_quotes_get_them() {
        assert_eq!(offered("SELECT tab| FROM sqluice.columns"), ["\"table\"", "table", "tables"]);
        assert_eq!(offered("SELECT \"tab| FROM sqluice.columns"), ["\"table\""]);
        assert_eq!(offered("SELECT c.\"tab\"| FROM sqluice.columns c"), Vec::<String>::new());
        assert_eq!(offered("SELECT c.\"ta| FROM sqluice.columns c"), Vec::<String>::new());
        assert_eq!(offered("SELECT * FROM sqluice.columns c WHERE c.\"ta|"), ["\"table\""]);
        assert_eq!(offered("SELECT tot| FROM mine"), ["\"Total\""]);
    }

    #[test]
    fn nothing_in_texts_and_comments() {
        for text in ["SELECT 'ji|", "SELECT 'ji|ra'", "SELECT 1 -- sel|", "SELECT /* sel| */ 1"] {
            assert_eq!(offered(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn commands_and_their_arguments() {
        assert_eq!(offered("\\tim|"), ["\\timing"]);
        assert_eq!(at("\\d ji|"), (3, vec!["jira.".to_owned()]));
        assert_eq!(at("\\d jira.pro|"), (8, vec!["projects".to_owned()]));
        assert_eq!(offered("\\format c|"), ["csv"]);
        assert_eq!(offered("\\explain SELECT * FROM jira.is|"), ["issues"]);
        assert_eq!(offered("\\set sqluice.p|"), ["sqluice.pushdown"]);
        assert_eq!(offered("SET sqluice.p|"), ["pushdown"]);
        assert_eq!(offered("SET sql|"), ["sqluice.max_requests", "sqluice.pushdown"]);
        for text in ["\\o fi", "\\i fi", "\\ir fi"] {
            assert!(complete(&sample(), text, text.len()).file, "{text}");
        }
        assert_eq!(offered("\\i|"), ["\\i", "\\ir"]);
    }

    #[test]
    fn any_cursor_in_any_text_is_answered() {
        let mut rng = fastrand::Rng::with_seed(11);
        let parts = ["SELECT", "FROM", " ", ".", "jira", "issues", ",", "(", ")", "'", "\"", "é", ";", "\\d", "\n", "--", "AS", "x"];
        let names = sample();
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(0..14)).map(|_| parts[rng.usize(..parts.len())]).collect();
            let cursors: Vec<usize> = (0..=text.len()).filter(|place| text.is_char_boundary(*place)).collect();
            let cursor = cursors[rng.usize(..cursors.len())];
            let completion = complete(&names, &text, cursor);
            assert!(completion.start <= cursor && text.is_char_boundary(completion.start), "{text:?} at {cursor}");
        }
    }
}
