//! Backslash commands as data.

use std::borrow::Cow;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

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
    Include(Include),
    Watch(Watch),
    Help,
    Quit,
}

/// A file to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Include {
    pub(super) file: PathBuf,
    /// Relative to the file that says so, not to the working folder.
    pub(super) beside: bool,
}

/// How often a statement is run anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Watch {
    pub(super) every: Duration,
    /// Runs, if there is an end.
    pub(super) count: Option<u64>,
}

/// The time between two runs, in seconds, and the usual one.
const SECONDS: RangeInclusive<f64> = 0.1..=86_400.0;
const USUAL: Duration = Duration::from_secs(2);

/// Name, arguments and purpose of every command.
pub(in super::super) const COMMANDS: &[(&str, &str, &str)] = &[
    ("\\d", "[NAME]", "tables; of a table, its columns and what is pushed to the API; of a source, its tables"),
    ("\\explain", "[SQL]", "the plan, with the calls it will make, of this query or of the last one"),
    ("\\format", "[FORMAT]", "how results are written: table, csv, tsv, json, ndjson, markdown, arrow, parquet"),
    ("\\h", "", "this list"),
    ("\\i", "FILE", "run the statements and commands of a file, up to the first mistake"),
    ("\\ir", "FILE", "the same; within a file, FILE is relative to that file's folder"),
    ("\\maxrows", "[N|all]", "how many rows are shown; no page beyond them is read"),
    ("\\o", "[FILE]", "write results into a file from here on; without FILE, finish it and show them again"),
    ("\\q", "", "quit, as Ctrl-D does"),
    ("\\requests", "", "the calls of the last query"),
    ("\\set", "[NAME VALUE]", "a value for $NAME, or for a setting such as sqluice.pushdown; without arguments, all of them"),
    ("\\sources", "", "the sources"),
    ("\\timing", "[on|off]", "say after each statement how long it took, and for how many calls"),
    ("\\unset", "NAME", "take back the value for $NAME"),
    ("\\watch", "[SEC] [c=N]", "run the last statement, or the one before it on the line, every SEC seconds (2), N times or until Ctrl-C"),
    ("\\x", "[auto|on|off]", "one line per column; auto does so when a row is wider than the terminal"),
];

/// Words that people type instead of a command.
const WORDS: &[(&str, Command)] = &[("quit", Command::Quit), ("exit", Command::Quit), ("help", Command::Help)];

/// Whether a line is a command and no SQL.
pub(in super::super) fn is_command(line: &str) -> bool {
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
        "\\o" => Ok(Command::Output(given.map(file))),
        "\\set" => match rest.split_once(char::is_whitespace) {
            Some((name, value)) => Ok(Command::Set(name.trim_start_matches('$').to_owned(), unquoted(value.trim()).to_owned())),
            None if rest.is_empty() => Ok(Command::Show),
            None => Err(format!("write \\set {rest} VALUE, or \\unset {rest}")),
        },
        "\\unset" => given.map(|name| Command::Unset(name.trim_start_matches('$').to_owned())).ok_or("write \\unset NAME".to_owned()),
        "\\i" | "\\include" => included(given, false),
        "\\ir" | "\\include_relative" => included(given, true),
        "\\watch" => watch(rest).map(Command::Watch),
        "\\h" | "\\?" | "\\help" => bare(Command::Help),
        "\\q" | "\\quit" => bare(Command::Quit),
        other => {
            let names = COMMANDS.iter().map(|(name, ..)| *name);
            let hint = nearest(other, names).map_or_else(|| "\\h lists them all".to_owned(), |name| format!("did you mean {name}?"));
            Err(format!("there is no command {other}; {hint}"))
        }
    }
}

fn included(given: Option<&str>, beside: bool) -> Result<Command, String> {
    let name = given.ok_or_else(|| format!("write \\{} FILE", if beside { "ir" } else { "i" }))?;
    Ok(Command::Include(Include { file: file(name), beside }))
}

/// `2`, `i=2`, `c=5`, in any order.
fn watch(text: &str) -> Result<Watch, String> {
    let usage = || format!("write \\watch SECONDS c=COUNT, with SECONDS from {} to {}", SECONDS.start(), SECONDS.end());
    let (mut every, mut count) = (None, None);
    for word in text.split_whitespace() {
        let twice = match word.split_once('=').unwrap_or(("i", word)) {
            ("i" | "interval", seconds) => {
                let seconds = seconds.parse::<f64>().ok().filter(|seconds| SECONDS.contains(seconds)).ok_or_else(usage)?;
                every.replace(Duration::try_from_secs_f64(seconds).map_err(|_| usage())?).is_some()
            }
            ("c" | "count", runs) => count.replace(runs.parse::<u64>().ok().filter(|runs| *runs > 0).ok_or_else(usage)?).is_some(),
            _ => true,
        };
        if twice {
            return Err(usage());
        }
    }
    Ok(Watch { every: every.unwrap_or(USUAL), count })
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
pub(in super::super) fn formats() -> impl Iterator<Item = String> {
    Format::value_variants().iter().map(ToString::to_string)
}

fn unknown_format(name: &str) -> String {
    let names: Vec<String> = formats().collect();
    let hint = nearest(name, names.iter().map(String::as_str)).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    format!("there is no format {name}; {hint}the formats are: {}", names.join(", "))
}

/// A file's name, in quotes or as completion writes it: with a backslash before what would end it.
fn file(text: &str) -> PathBuf {
    let inner = unquoted(text);
    let escaped = cfg!(unix) && inner == text && text.contains('\\');
    let name = if escaped { Cow::Owned(unescaped(text)) } else { Cow::Borrowed(inner) };
    PathBuf::from(name.as_ref())
}

fn unescaped(text: &str) -> String {
    let mut letters = text.chars();
    std::iter::from_fn(|| letters.next().and_then(|letter| if letter == '\\' { letters.next() } else { Some(letter) })).collect()
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
            ("\\i my\\ file.sql", Command::Include(Include { file: "my file.sql".into(), beside: false })),
            ("\\ir 'a b.sql';", Command::Include(Include { file: "a b.sql".into(), beside: true })),
            ("\\watch", Command::Watch(Watch { every: USUAL, count: None })),
            ("\\watch 0.5 c=3;", Command::Watch(Watch { every: Duration::from_millis(500), count: Some(3) })),
            ("\\watch count=1 interval=10", Command::Watch(Watch { every: Duration::from_secs(10), count: Some(1) })),
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
            ("\\i", "write \\i FILE"),
            ("\\ir", "write \\ir FILE"),
            ("\\watch 0.05", "SECONDS from 0.1"),
            ("\\watch NaN", "SECONDS from 0.1"),
            ("\\watch 1e300", "write \\watch SECONDS"),
            ("\\watch 1 2", "write \\watch SECONDS"),
            ("\\watch c=0", "c=COUNT"),
            ("\\watch m=3", "c=COUNT"),
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
