//! Arguments.

use std::path::PathBuf;

use clap::{ArgAction, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use datafusion::common::ScalarValue;

/// `SaaS` APIs as SQL tables.
///
/// On a terminal, without -c and -f, SQL is read as it is typed, with completion and history; \h there lists the commands.
///
/// Exit codes: 0 done, 1 the statement failed, 2 wrong usage or configuration, 3 an API refused the credential,
/// 4 an API could not be reached or its limit lasts, 130 cancelled.
#[derive(Clone, Debug, Parser)]
#[command(name = "sqluice", version, about, long_about)]
pub(super) struct Args {
    /// What to do instead of running SQL
    #[command(subcommand)]
    pub(super) action: Option<Action>,

    /// Run this SQL, or a backslash command (may be repeated)
    #[arg(short, long, value_name = "SQL")]
    pub(super) command: Vec<String>,

    /// Run the SQL and the backslash commands in this file (may be repeated)
    #[arg(short, long, value_name = "FILE")]
    pub(super) file: Vec<PathBuf>,

    /// Write results here instead of standard output; the file appears only when it is complete. A URL
    /// (s3://, gs://, az://, http://) or a directory (with / at its end) is written as COPY does
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,

    /// How results are written [default: by the output file's ending, else table]
    #[arg(long, value_enum, global = true)]
    pub(super) format: Option<Format>,

    /// A value for $NAME in the SQL
    #[arg(long, value_name = "NAME=VALUE", value_parser = param)]
    pub(super) param: Vec<(String, ScalarValue)>,

    /// The configuration [default: sqluice.toml here, or in the user's configuration folder]
    #[arg(long, value_name = "FILE", env = "SQLUICE_CONFIG", global = true)]
    pub(super) config: Option<PathBuf>,

    /// A folder with sources or tables of one's own (may be repeated)
    #[arg(long, value_name = "DIR", global = true)]
    pub(super) tables: Vec<PathBuf>,

    /// Stop after so many rows; `all` for no end [default: 40 as a table, else all]
    #[arg(long, value_name = "N", value_parser = rows)]
    pub(super) maxrows: Option<Rows>,

    /// Try it without an account: made-up data from emulators inside this process
    #[cfg_attr(not(feature = "demo"), arg(hide = true))]
    #[arg(long, global = true)]
    pub(super) demo: bool,

    /// One JSON line per query on standard error: calls, pages, rows, bytes, times
    #[arg(long)]
    pub(super) stats: bool,

    /// Write every exchange with an API into this file as JSON lines, secrets stripped
    #[arg(long, value_name = "FILE", global = true)]
    pub(super) record: Option<PathBuf>,

    /// Say what is done; -vv says more
    #[arg(short, action = ArgAction::Count, global = true)]
    pub(super) verbose: u8,
}

/// What else there is to do.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Action {
    /// Read a folder of table files and tell everything that is wrong with them; no call is made
    Validate {
        /// A source's folder, a folder of such folders, or one that adds tables to a built-in source
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// Ask each configured source who its credential belongs to, or try how a table bears what APIs do
    Check(Check),
    /// Propose the files of a source of one's own from a sample answer of its API: one GET
    New(New),
    /// Keep secrets in the operating system's keyring, for `{ keyring = "NAME" }` in the configuration
    Secret {
        /// What to do with a secret
        #[command(subcommand)]
        action: SecretAction,
    },
    /// Print what a shell needs to complete this command line
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: Shell,
    },
    /// Print the manual page (roff), as `man` reads it
    Man,
}

/// What is done with a secret.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum SecretAction {
    /// Keep a secret; it is asked for without being shown, or read from standard input
    Set {
        /// The name that the configuration calls it by
        name: String,
    },
    /// Forget a secret
    Delete {
        /// The name that the configuration calls it by
        name: String,
    },
}

/// What is proposed.
#[derive(Clone, clap::Args)]
pub(super) struct New {
    /// Name of the source, and of its folder
    pub(super) name: String,

    /// The URL that lists the rows, as it is asked for the first page
    #[arg(long, value_name = "URL", conflicts_with = "demo")]
    pub(super) from_url: String,

    /// Path in the answer to the list of rows, such as data.orders; `.` if the answer is the list
    #[arg(long, value_name = "PATH")]
    pub(super) rows: String,

    /// Name of the table [default: the URL's last segment]
    #[arg(long, value_name = "TABLE")]
    pub(super) table: Option<String>,

    /// The environment variable that holds a bearer token; only its name is written
    #[arg(long, value_name = "VARIABLE")]
    pub(super) token_env: Option<String>,

    /// A header of every request (may be repeated), such as 'X-Api-Key: {env:NAME}': a secret by the name of its variable
    #[arg(long, value_name = "NAME: VALUE")]
    pub(super) header: Vec<String>,

    /// Read the sample answer from this file, and ask nobody
    #[arg(long, value_name = "FILE")]
    pub(super) from_file: Option<PathBuf>,

    /// The folder of sources that gets the new one [default: that of --tables, else this one]
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,

    /// Print the files instead of writing them
    #[arg(long)]
    pub(super) dry_run: bool,
}

/// What is refused in a URL or a header may be a secret.
impl std::fmt::Debug for New {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("New").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is checked.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Check {
    /// Only this source
    pub(super) source: Option<String>,

    /// Also try this table: pages of every kind, refusals, and each filter against the same rows without it
    #[arg(long, value_name = "TABLE", requires = "source")]
    pub(super) table: Option<String>,

    /// A condition, in SQL, that keeps the part of the table small that is tried
    #[arg(long = "where", value_name = "SQL", requires = "table")]
    pub(super) condition: Option<String>,

    /// Ask the API itself for the table's rows; it is only read
    #[arg(long, requires = "table", conflicts_with = "demo")]
    pub(super) live: bool,

    /// Most requests that trying a table may make
    #[arg(long, value_name = "N", default_value_t = 200, requires = "table")]
    pub(super) max_requests: u64,
}

/// How results are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Columns with borders
    Table,
    /// Comma-separated values (RFC 4180)
    Csv,
    /// Tab-separated values
    Tsv,
    /// One JSON array
    Json,
    /// One JSON object per line
    Ndjson,
    /// A Markdown table
    Markdown,
    /// Arrow IPC: a stream on standard output, a file with -o
    Arrow,
    /// Apache Parquet
    Parquet,
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.to_possible_value().as_ref().map_or("", |value| value.get_name()))
    }
}

/// How many rows are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    All,
    Most(usize),
}

pub(super) fn rows(text: &str) -> Result<Rows, String> {
    match text {
        "all" | "inf" | "none" => Ok(Rows::All),
        number => number.parse().map(Rows::Most).map_err(|_| "write a number, or all".to_owned()),
    }
}

fn param(text: &str) -> Result<(String, ScalarValue), String> {
    let (name, value) = text.split_once('=').ok_or("write name=value")?;
    if name.is_empty() {
        return Err("write name=value".to_owned());
    }
    Ok((name.trim_start_matches('$').to_owned(), ScalarValue::Utf8(Some(value.to_owned()))))
}
