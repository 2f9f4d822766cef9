//! A text as what is to be done, one step after the other. Whatever is typed or read has its steps; mistakes are found when they are run.

use super::command::is_command;
use super::lex::{Kind, piece_at};

/// SQL, a command, or SQL with a command behind it on its line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Step {
    /// Where it begins, counted from 1.
    pub(super) line: usize,
    pub(super) sql: Option<String>,
    /// The SQL has no `;`.
    pub(super) open: bool,
    pub(super) command: Option<String>,
}

/// The steps of a text.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Steps {
    pub(super) steps: Vec<Step>,
    /// Whether the last one has its end: nothing more needs to be typed.
    pub(in super::super) ended: bool,
}

/// Takes a text apart: statements end with `;`, and commands, which begin with a backslash, with their line.
pub(in super::super) fn steps(text: &str) -> Steps {
    let mut found: Vec<Step> = Vec::new();
    let mut lines = Lines { text, line: 1, counted: 0 };
    // The statement that has begun, and where the one before it ended.
    let (mut begun, mut last_end) = (None, 0);
    let (mut at, mut open) = (0, false);
    while let Some(piece) = piece_at(text, at) {
        at = piece.at.end;
        open |= piece.open;
        let here = &text[piece.at.clone()];
        if matches!(piece.kind, Kind::Space | Kind::Comment) {
            continue;
        }
        if here == "\\" || begun.is_none() && is_command(line_at(text, piece.at.start)) {
            let end = end_of_command(text, piece.at.start);
            let command = Some(text[piece.at.start..end].trim_end().to_owned());
            let same_line = !text[last_end..piece.at.start].contains('\n');
            match (begun.take(), found.last_mut()) {
                (Some(start), _) => {
                    let sql = Some(text[start..piece.at.start].trim_end().to_owned());
                    found.push(Step { line: lines.at(start), sql, open: true, command });
                }
                (None, Some(before @ Step { command: None, .. })) if same_line => before.command = command,
                (None, _) => found.push(Step { line: lines.at(piece.at.start), command, ..Step::default() }),
            }
            (at, last_end) = (end, end);
        } else if here == ";" {
            if let Some(start) = begun.take() {
                let sql = Some(text[start..piece.at.start].to_owned());
                found.push(Step { line: lines.at(start), sql, ..Step::default() });
            }
            last_end = at;
        } else {
            begun = begun.or(Some(piece.at.start));
        }
    }
    let ended = !open && begun.is_none();
    if let Some(start) = begun {
        let sql = Some(text[start..].trim_end().to_owned());
        found.push(Step { line: lines.at(start), sql, open: true, command: None });
    }
    Steps { steps: found, ended }
}

/// Where a command that begins here ends: with its line; the SQL of `\explain` may go on to its `;`.
fn end_of_command(text: &str, start: usize) -> usize {
    let line = line_at(text, start);
    let end = start + line.len();
    let explains = line.strip_prefix("\\explain").is_some_and(|sql| sql.starts_with(char::is_whitespace) && !sql.trim().is_empty());
    if !explains {
        return end;
    }
    let mut at = start + 1;
    while let Some(piece) = piece_at(text, at) {
        at = piece.at.end;
        if &text[piece.at] == ";" {
            break;
        }
    }
    at
}

/// The rest of the line.
fn line_at(text: &str, start: usize) -> &str {
    text[start..].lines().next().unwrap_or_default()
}

/// Counts lines up to places that only go forward.
struct Lines<'t> {
    text: &'t str,
    line: usize,
    counted: usize,
}

impl Lines<'_> {
    fn at(&mut self, place: usize) -> usize {
        self.line += self.text[self.counted..place].matches('\n').count();
        self.counted = place;
        self.line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(line: usize, sql: &str, command: &str) -> Step {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Step { line, sql: some(sql), open: false, command: some(command) }
    }

    fn open(line: usize, sql: &str, command: &str) -> Step {
        Step { open: true, ..step(line, sql, command) }
    }

    #[test]
    fn statements_and_commands_know_their_lines() {
        let text = "-- a; comment\nSELECT ';' -- not; here\n, $$;$$;\n\n\\set x it's\nSELECT 2; SELECT\n3; quit\n";
        let expected = [
            step(2, "SELECT ';' -- not; here\n, $$;$$", ""),
            step(5, "", "\\set x it's"),
            step(6, "SELECT 2", ""),
            step(6, "SELECT\n3", "quit"),
        ];
        assert_eq!(steps(text).steps, expected);
        assert_eq!(steps(" ; ; ").steps, []);
    }

    #[test]
    fn a_command_stands_behind_sql_on_its_line_only() {
        for (text, expected) in [
            ("SELECT 1; \\watch 2", vec![step(1, "SELECT 1", "\\watch 2")]),
            ("SELECT 1\n\\watch 2\nSELECT 3;", vec![open(1, "SELECT 1", "\\watch 2"), step(3, "SELECT 3", "")]),
            ("SELECT 1;\n\\watch 2", vec![step(1, "SELECT 1", ""), step(2, "", "\\watch 2")]),
            ("SELECT '\\x' \\x", vec![open(1, "SELECT '\\x'", "\\x")]),
            ("SELECT 1;\nSELECT 2 ", vec![step(1, "SELECT 1", ""), open(2, "SELECT 2", "")]),
            ("\\x\n\\x", vec![step(1, "", "\\x"), step(2, "", "\\x")]),
        ] {
            assert_eq!(steps(text).steps, expected, "{text}");
        }
    }

    #[test]
    fn what_is_explained_goes_on_to_its_end() {
        let text = "\\explain SELECT 1\nFROM t; SELECT 2;\n\\explain\nSELECT 3;";
        let expected =
            [step(1, "", "\\explain SELECT 1\nFROM t;"), step(2, "SELECT 2", ""), step(3, "", "\\explain"), step(4, "SELECT 3", "")];
        assert_eq!(steps(text).steps, expected);
    }

    #[test]
    fn an_input_ends_with_its_statement() {
        for complete in [
            "",
            "  ",
            "\\d",
            "SELECT 1;",
            "SELECT 1; -- a",
            "SELECT ';';\n",
            "-- only a comment",
            "quit",
            "SELECT $$;$$;",
            "SELECT E'it\\'s';",
            "SELECT 1 \\watch 2",
            "SELECT 1\nFROM t\n\\watch 2",
            "\\o 'open",
        ] {
            assert!(steps(complete).ended, "{complete}");
        }
        for open in
            ["SELECT 1", "SELECT 'a;", "SELECT \"a;", "SELECT 1 /* ; ", "SELECT 1; SELECT", "SELECT 1 -- ;", "SELECT $a$;", "SELECT '\\x"]
        {
            assert!(!steps(open).ended, "{open}");
        }
    }

    #[test]
    fn any_text_has_steps() {
        let mut rng = fastrand::Rng::with_seed(3);
        let parts = ["'", "\\x", "\\explain ", "quit", ";", "\n", "\r\n", " ", "é", "--", "/*", "*/", "$$", "SELECT 1"];
        for _ in 0..5_000 {
            let text: String = (0..rng.usize(0..12)).map(|_| parts[rng.usize(..parts.len())]).collect();
            for step in steps(&text).steps {
                assert!(step.sql.is_some() || step.command.is_some(), "{text:?}");
                assert!(step.line <= 1 + text.matches('\n').count(), "{text:?}");
            }
        }
    }
}
