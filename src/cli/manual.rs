//! What is printed for shells and for `man`: both follow from the arguments' definition, and from the tables that the program itself uses.

use std::io::{self, Write};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::args::Args;
use super::failure::{EXIT_CODES, USAGE};
use super::session::command::COMMANDS;
use super::terminal::say;
use crate::spec;

/// Files that are read or written unasked.
const FILES: &[(&str, &str)] = &[
    ("sqluice.toml", "the configuration, in the working folder"),
    ("~/.config/sqluice/sqluice.toml", "the configuration, if the working folder has none; $XDG_CONFIG_HOME is in place of ~/.config"),
    ("~/.local/share/sqluice/history", "what was typed; $XDG_DATA_HOME is in place of ~/.local/share"),
];

/// Variables beside those of sources.
const ENVIRONMENT: &[(&str, &str)] = &[
    ("SQLUICE_CONFIG", "the configuration, as --config names it"),
    ("SQLUICE_LOG", "what is logged on standard error, in place of what -v says: error, warn, info, debug, trace, or sqluice::http=debug"),
    ("HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY", "proxies, for sources that configure none"),
    ("AWS_*, GOOGLE_*, AZURE_*", "how object stores are entered, as their vendors' tools are"),
];

/// Arguments of calls to learn from.
const EXAMPLES: &[(&str, &[&str])] = &[
    ("A prompt with made-up data, without an account:", &["--demo"]),
    (
        "One query:",
        &["--demo", "-c", "SELECT key, summary FROM jira.issues WHERE updated > now() - interval '7 days' ORDER BY updated DESC LIMIT 20"],
    ),
    ("What a query will ask for, before it does:", &["--demo", "-c", "EXPLAIN SELECT key FROM jira.issues WHERE status = 'Done' LIMIT 5"]),
    ("A file, which appears when it is complete:", &["-o", "issues.parquet", "-c", "SELECT * FROM github.issues WHERE state = 'open'"]),
    (
        "A value that is no part of the SQL:",
        &["--param", "since=2026-10-01", "-c", "SELECT count(*) FROM jira.issues WHERE updated >= $since"],
    ),
    ("A script, with its calls as JSON on standard error:", &["--stats", "--format", "csv", "-f", "report.sql"]),
    ("Who the credentials belong to:", &["check"]),
    ("A token for token = { keyring = \"jira\" } in the configuration:", &["secret", "set", "jira"]),
];

/// A script that completes the command line.
pub(super) fn completions(shell: Shell) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Args::command(), "sqluice", &mut script);
    script
}

/// The manual page, in roff.
pub(super) fn page() -> io::Result<Vec<u8>> {
    let mut command = Args::command();
    command.build();
    let man = Man::new(command.clone());
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    let mut roff = Roff::new();
    roff.control("SH", ["SUBCOMMANDS"]);
    subcommands(&mut roff, &command);
    let backslash = COMMANDS.iter().map(|(name, arguments, purpose)| (format!("{name} {arguments}"), (*purpose).to_owned()));
    list(&mut roff, "BACKSLASH COMMANDS", backslash);
    list(&mut roff, "EXIT STATUS", EXIT_CODES.iter().map(|(code, meaning)| (code.to_string(), (*meaning).to_owned())));
    list(&mut roff, "FILES", FILES.iter().map(owned));
    list(&mut roff, "ENVIRONMENT", ENVIRONMENT.iter().map(owned).chain(inputs()));
    roff.control("SH", ["EXAMPLES"]);
    for (purpose, arguments) in EXAMPLES {
        let call: Vec<String> = arguments.iter().map(|argument| quoted(argument)).collect();
        roff.control("PP", []).text([roman(*purpose)]).control("PP", []).control("RS", ["4"]);
        roff.control("nf", []).text([roman(format!("sqluice {}", call.join(" ")))]).control("fi", []).control("RE", []);
    }
    roff.to_writer(&mut page)?;
    Ok(page)
}

/// Prints to standard output. Whoever closed it does not want the rest.
pub(super) fn print(text: &[u8]) -> u8 {
    match io::stdout().lock().write_all(text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            say(format_args!("error: {error}"));
            USAGE
        }
        _ => 0,
    }
}

/// The subcommands with what only they take.
fn subcommands(roff: &mut Roff, command: &Command) {
    for subcommand in command.get_subcommands().filter(|subcommand| subcommand.get_name() != "help") {
        if subcommand.has_subcommands() {
            subcommands(roff, subcommand);
            continue;
        }
        let usage = subcommand.clone().render_usage().to_string();
        let about = subcommand.get_about().map(ToString::to_string).unwrap_or_default();
        roff.control("SS", [usage.trim_start_matches("Usage: ")]).text([roman(about)]);
        let own = subcommand.get_arguments().filter(|argument| !argument.is_global_set() && argument.get_id() != "help");
        for argument in own {
            let help = argument.get_help().map(ToString::to_string).unwrap_or_default();
            roff.control("TP", []).text([bold(argument.to_string())]).text([roman(help)]);
        }
    }
}

/// A section of terms and what they mean.
fn list(roff: &mut Roff, title: &str, entries: impl Iterator<Item = (String, String)>) {
    roff.control("SH", [title]);
    for (term, meaning) in entries {
        roff.control("TP", []).text([bold(term.trim_end())]).text([roman(meaning)]);
    }
}

fn owned((term, meaning): &(&str, &str)) -> (String, String) {
    ((*term).to_owned(), (*meaning).to_owned())
}

/// The variables that the built-in sources' inputs are taken from.
fn inputs() -> impl Iterator<Item = (String, String)> {
    let sources = spec::built_in().into_iter().flatten();
    sources.flat_map(|(source, spec)| {
        let variable = |(input, declared): (String, spec::Input)| Some((declared.env?, format!("{input} of {source}: {}", declared.hint)));
        spec.inputs.into_iter().filter_map(variable).collect::<Vec<_>>()
    })
}

/// An argument as a shell takes it.
fn quoted(argument: &str) -> String {
    if argument.contains('\'') {
        format!("\"{argument}\"")
    } else if argument.contains([' ', '$', '*']) {
        format!("'{argument}'")
    } else {
        argument.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn the_examples_can_be_called() {
        for (purpose, arguments) in EXAMPLES {
            let parsed = Args::try_parse_from(["sqluice"].iter().chain(*arguments));
            assert!(parsed.is_ok(), "{purpose} {parsed:?}");
            assert!(arguments.iter().all(|argument| !(argument.contains('\'') && argument.contains(['$', '"', '\\', '`']))), "{purpose}");
        }
        Args::command().debug_assert();
    }

    #[test]
    fn the_help_tells_the_exit_codes_too() {
        let help = Args::command().render_long_help().to_string().replace('\n', " ");
        let codes: Vec<String> = EXIT_CODES.iter().map(|(code, meaning)| format!("{code} {meaning}")).collect();
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words(&help).contains(&words(&codes.join(", "))), "{help}");
    }

    #[test]
    fn the_page_has_what_the_program_has() {
        let page = String::from_utf8(page().unwrap()).unwrap().replace("\\-", "-");
        for title in ["NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "FILES", "ENVIRONMENT"] {
            assert!(page.contains(&format!(".SH {title}\n")), "{title}");
        }
        for text in ["--maxrows", "GITHUB_TOKEN", "SLACK_TEAM_ID", "an API refused the credential", "--max-requests", "sqluice secret set"]
        {
            assert!(page.contains(text) || page.contains(&text.replace(' ', "\\ ")), "{text}\n{page}");
        }
    }
}
