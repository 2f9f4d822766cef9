//! Backslash commands as data.

use std::path::PathBuf;

use clap::ValueEnum;

use super::super::args::{Format, Rows, rows};
use super::super::layout::Expanded;
use crate::spec::nearest;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Tables, or one table or source.
    Describe(Option<String>),
    Sources,
    /// The calls of the last query.
    Requests,
    /// The plan of this query, or of the last one.
    Explain(Option<String>),
    /// On, off, or the other of the two.
    Timing(Option<bool>),
    Format(Option<Format>),
    Expanded(Option<Expanded>),
    MaxRows(Option<Rows>),
    /// Into a file, or back to the screen.
    Output(Option<PathBuf>),
    Show,
    Set(String, String),
    Unset(String),
    Help,
    Quit,
}

/// Name, arguments and purpose of every command.
pub(super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("\\d", "[NAME]", "tables; of a table, its columns and what is pushed to the API; of a source, its tables"),
    ("\\explain", "[SQL]", "the plan, with the calls it will make, of this query or of the last one"),
    ("\\format", "[FORMAT]", "how results are written: table, csv, tsv, json, ndjson, markdown, arrow, parquet"),
    ("\\h", "", "this list"),
    ("\\maxrows", "[N|all]", "how many rows are shown; no page beyond them is read"),
    ("\\o", "[FILE]", "write results into a file from here on; without FILE, finish it and show them again"),
    ("\\q", "", "quit, as Ctrl-D does"),
    ("\\requests", "", "the calls of the last query"),
    ("\\set", "[NAME VALUE]", "a value for $NAME, or for a setting such as sqluice.pushdown; without arguments, all of them"),
    ("\\sources", "", "the sources"),
    ("\\timing", "[on|off]", "say after each statement how long it took, and for how many calls"),
    ("\\unset", "NAME", "take back the value for $NAME"),
    ("\\x", "[auto|on|off]", "one line per column; auto does so when a row is wider than the terminal"),
];

/// Words that people type instead of a command.
const WORDS: &[(&str, Command)] = &[("quit", Command::Quit), ("exit", Command::Quit), ("help", Command::Help)];

/// Whether a line is a command and no SQL.
pub(super) fn is_command(line: &str) -> bool {
    line.starts_with('\\') || word(line).is_some()
}

fn word(line: &str) -> Option<&'static Command> {
    let line = line.trim_end_matches(';').trim();
    WORDS.iter().find(|(word, _)| word.eq_ignore_ascii_case(line)).map(|(_, command)| command)
}

/// Reads a command. The error says what to write instead.
pub(super) fn parse(line: &str) -> Result<Command, String> {
    let line = line.trim();
    if let Some(command) = word(line) {
        return Ok(command.clone());
    }
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    // Whoever is used to SQL ends commands with `;`, too.
    let (name, rest) = if rest.is_empty() { (name.trim_end_matches(';'), rest) } else { (name, rest.trim_end_matches(';').trim()) };
    let given = (!rest.is_empty()).then_some(rest);
    let bare = |command: Command| if given.is_none() { Ok(command) } else { Err(format!("{name} takes no argument")) };
    match name {
        "\\d" => Ok(Command::Describe(given.map(str::to_owned))),
        "\\sources" => bare(Command::Sources),
        "\\requests" => bare(Command::Requests),
        "\\explain" => Ok(Command::Explain(given.map(str::to_owned))),
        "\\timing" => given.map(switch).transpose().map(Command::Timing),
        "\\format" => given.map(|name| Format::from_str(name, true).map_err(|_| unknown_format(name))).transpose().map(Command::Format),
        "\\x" => given.map(expanded).transpose().map(Command::Expanded),
        "\\maxrows" => given.map(rows).transpose().map(Command::MaxRows),
        "\\o" => Ok(Command::Output(given.map(|file| PathBuf::from(unquoted(file))))),
        "\\set" => match rest.split_once(char::is_whitespace) {
            Some((name, value)) => Ok(Command::Set(name.trim_start_matches('$').to_owned(), unquoted(value.trim()).to_owned())),
            None if rest.is_empty() => Ok(Command::Show),
            None => Err(format!("write \\set {rest} VALUE, or \\unset {rest}")),
        },
        "\\unset" => given.map(|name| Command::Unset(name.trim_start_matches('$').to_owned())).ok_or("write \\unset NAME".to_owned()),
        "\\h" | "\\?" | "\\help" => bare(Command::Help),
        "\\q" | "\\quit" => bare(Command::Quit),
        other => {
            let names = COMMANDS.iter().map(|(name, ..)| *name);
            let hint = nearest(other, names).map_or_else(|| "\\h lists them all".to_owned(), |name| format!("did you mean {name}?"));
            Err(format!("there is no command {other}; {hint}"))
        }
    }
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "on" | "true" | "1" => Ok(true),
        "off" | "false" | "0" => Ok(false),
        _ => Err("write on or off".to_owned()),
    }
}

fn expanded(text: &str) -> Result<Expanded, String> {
    if text.eq_ignore_ascii_case("auto") {
        return Ok(Expanded::Auto);
    }
    switch(text).map(|on| if on { Expanded::On } else { Expanded::Off }).map_err(|_| "write auto, on or off".to_owned())
}

/// Names of the formats.
pub(super) fn formats() -> impl Iterator<Item = String> {
    Format::value_variants().iter().map(ToString::to_string)
}

fn unknown_format(name: &str) -> String {
    let names: Vec<String> = formats().collect();
    let hint = nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    format!("there is no format {name}; {hint}the formats are: {}", names.join(", "))
}

fn unquoted(text: &str) -> &str {
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_become_data() {
        for (line, command) in [
            ("\\d", Command::Describe(None)),
            ("\\d jira.issues ;", Command::Describe(Some("jira.issues".into()))),
            ("\\explain SELECT 1;", Command::Explain(Some("SELECT 1".into()))),
            ("\\timing", Command::Timing(None)),
            ("\\timing OFF", Command::Timing(Some(false))),
            ("\\format CSV", Command::Format(Some(Format::Csv))),
            ("\\x auto", Command::Expanded(Some(Expanded::Auto))),
            ("\\maxrows all", Command::MaxRows(Some(Rows::All))),
            ("\\maxrows 7", Command::MaxRows(Some(Rows::Most(7)))),
            ("\\o 'my file.csv'", Command::Output(Some("my file.csv".into()))),
            ("\\o", Command::Output(None)),
            ("\\set", Command::Show),
            ("\\set $since 2026-01-01 10:00", Command::Set("since".into(), "2026-01-01 10:00".into())),
            ("\\set who 'a b'", Command::Set("who".into(), "a b".into())),
            ("\\unset who", Command::Unset("who".into())),
            ("\\?", Command::Help),
            ("\\q;", Command::Quit),
            ("EXIT;", Command::Quit),
        ] {
            assert!(is_command(line));
            assert_eq!(parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn mistakes_name_what_to_write() {
        for (line, hint) in [
            ("\\formt csv", "did you mean \\format?"),
            ("\\zzz", "\\h lists"),
            ("\\format jsn", "did you mean json?"),
            ("\\format cvs", "the formats are: table, csv, "),
            ("\\timing maybe", "on or off"),
            ("\\maxrows few", "a number, or all"),
            ("\\set x", "\\set x VALUE"),
            ("\\q now", "takes no argument"),
        ] {
            let error = parse(line).unwrap_err();
            assert!(error.contains(hint), "{line}: {error}");
        }
        assert!(!is_command("SELECT 1") && !is_command("quitter"));
    }

    #[test]
    fn every_command_is_listed_and_read() {
        for (name, arguments, _) in COMMANDS {
            let line = format!("{name} {}", if arguments.starts_with('[') || arguments.is_empty() { "" } else { "x" });
            assert!(parse(&line).is_ok(), "{line}");
        }
    }
}
