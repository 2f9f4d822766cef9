//! What is asked, one thing after the other: SQL, and what is asked beside it with a backslash.
//!
//! Owns what is set, what came of the last statement, where results go, and how texts become statements and commands ([`steps`],
//! [`command`], [`perform`]). Must not know whether a text was typed, read from a file or given as an argument, but for whether somebody
//! sits there; nor how results are written.

pub(super) mod command;
mod describe;
mod include;
pub(super) mod lex;
pub(super) mod names;
mod perform;
pub(super) mod steps;
mod watch;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result, ScalarValue};
use tokio::sync::Notify;

use self::command::Command;
pub(super) use self::include::unreadable;
pub(super) use self::names::{Names, full};
use self::steps::{Step, steps};
use super::args::{Args, Format};
use super::failure::{self, USAGE};
use super::output::{Output, Shown, Style};
use super::progress::{self, can_show, size};
use super::{Done, execute, explained};
use crate::cli::terminal::say;
use crate::engine::Engine;

/// Why a text is not run to its end. Whatever there was to say has been said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// `\q`.
    Quit,
    /// Ctrl-C.
    Interrupted,
    /// A mistake, with the exit code that stands for it.
    Failed(u8),
}

/// A session.
pub(super) struct Session {
    engine: Engine,
    style: Style,
    params: HashMap<String, ScalarValue>,
    timing: bool,
    stats: bool,
    /// Somebody types, looks, and may press Ctrl-C.
    typed: bool,
    /// Whether progress is shown.
    visible: bool,
    /// Where several results go: a file until it is finished, and standard output for a script.
    held: Option<Output>,
    /// The last statement, and the number of the last call before it.
    last: Option<(String, u64)>,
    interrupts: Arc<Notify>,
    /// The files that are being read, each included by the one before it.
    files: Vec<PathBuf>,
}

impl Session {
    /// A session of somebody who types.
    pub(super) fn typed(args: &Args, engine: Engine) -> Result<Self> {
        let mut session = Self::new(args, engine, true);
        if args.output.is_some() {
            session.held = Some(Output::open(&session.style)?);
            session.style.target = None;
        }
        let heard = Arc::clone(&session.interrupts);
        tokio::spawn(async move {
            // From here on Ctrl-C no longer ends the process; outside of a query nobody hears it.
            while tokio::signal::ctrl_c().await.is_ok() {
                heard.notify_waiters();
            }
        });
        Ok(session)
    }

    /// A session that runs what was written before: its results are one output.
    pub(super) fn scripted(args: &Args, engine: Engine) -> Result<Self> {
        let mut session = Self::new(args, engine, false);
        session.held = Some(Output::open(&session.style)?);
        session.style.target = None;
        Ok(session)
    }

    fn new(args: &Args, engine: Engine, typed: bool) -> Self {
        // What reads a pipe may have the screen to itself.
        let visible = can_show() && (typed || args.output.is_some() || std::io::stdout().is_terminal());
        Self {
            engine,
            style: Style::of(args),
            params: args.param.iter().cloned().collect(),
            timing: false,
            stats: args.stats,
            typed,
            visible,
            held: None,
            last: None,
            interrupts: Arc::default(),
            files: Vec::new(),
        }
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Runs a text to its end, or to the first mistake.
    pub(super) async fn run(&mut self, text: &str) -> Result<(), Stop> {
        for Step { line, sql, open, command } in steps(text).steps {
            let command = match command.map(|command| command::parse(&command)).transpose() {
                Ok(command) => command,
                Err(message) => return self.mistaken(line, &message),
            };
            let sql = match (&command, sql) {
                // It is run by being watched, and not once more before.
                (Some(Command::Watch(_)), sql) => sql,
                // Whoever looks something up half-way does not want it run.
                (Some(_), Some(_)) if open => return self.mistaken(line, "the statement before the command does not end with ;"),
                (_, Some(sql)) => {
                    self.statement(sql, line).await?;
                    None
                }
                (_, None) => None,
            };
            match command {
                None => {}
                Some(Command::Quit) => return Err(Stop::Quit),
                Some(Command::Explain(sql)) => self.explain(sql, line).await?,
                Some(Command::Watch(watch)) => self.watch(watch, sql, line).await?,
                Some(Command::Output(target)) => self.redirect(target, line)?,
                Some(Command::Include(include)) => Box::pin(self.include(&include, line)).await?,
                Some(command) => {
                    if let Err(message) = self.command(command).await {
                        return self.mistaken(line, &message);
                    }
                }
            }
        }
        Ok(())
    }

    /// Says what is wrong with a command.
    fn mistaken(&self, line: usize, message: &str) -> Result<(), Stop> {
        say(format_args!("{}error: {message}", self.place(line)));
        Err(Stop::Failed(USAGE))
    }

    /// Where a line is, if in a file: `FILE:LINE: `.
    fn place(&self, line: usize) -> String {
        self.files.last().map(|file| format!("{}:{line}: ", file.display())).unwrap_or_default()
    }

    /// Runs a statement and shows its result, or what went wrong.
    async fn statement(&mut self, statement: String, line: usize) -> Result<(), Stop> {
        let mark = self.engine.requests().last();
        let mut unwanted = false;
        let result = match self.open() {
            Ok(mut output) => {
                let query = execute(&self.engine, &statement, &self.params, self.stats, self.visible, &mut output);
                let result = self.unless_interrupted(query).await;
                // Whoever read a script's output has gone.
                unwanted = !self.typed && output.is_unwanted();
                if !self.typed && matches!(result, Some(Err(_))) {
                    output.abandon();
                }
                self.settle(output);
                result
            }
            Err(error) => Some(Err(error)),
        };
        let result = match result {
            Some(Ok(done)) => {
                self.report(&done);
                Ok(())
            }
            Some(Err(_)) if unwanted => Err(Stop::Failed(0)),
            Some(Err(error)) => self.failed(line, &error, &statement).await,
            None => Err(Stop::Interrupted),
        };
        self.last = Some((statement, mark));
        result
    }

    /// Says what went wrong with a statement.
    async fn failed(&self, line: usize, error: &DataFusionError, statement: &str) -> Result<(), Stop> {
        say(format_args!("{}{}", self.place(line), explained(&self.engine, error, statement).await));
        Err(Stop::Failed(failure::code(error)))
    }

    /// The statement that a command is about: the one that comes with it, else the last one.
    fn or_last(&self, sql: Option<String>) -> Option<String> {
        sql.or_else(|| Some(self.last.as_ref()?.0.clone()))
    }

    /// Waits for a query, or for Ctrl-C; then the query is dropped, and its calls with it.
    async fn unless_interrupted<T>(&self, query: impl Future<Output = T>) -> Option<T> {
        tokio::select! {
            biased;
            () = self.interrupts.notified() => {
                progress::clear();
                say("cancelled");
                None
            }
            result = query => Some(result),
        }
    }

    /// Where the next result goes: to what holds several, or to standard output.
    fn open(&mut self) -> Result<Output> {
        if let Some(held) = self.held.take() {
            return Ok(held);
        }
        let format = self.style.format();
        if matches!(format, Format::Arrow | Format::Parquet) && std::io::stdout().is_terminal() {
            let message = format!("{format} is nothing to look at; \\o FILE writes it into a file, \\format table shows a table again");
            return Err(DataFusionError::Configuration(message));
        }
        Output::open(&self.style)
    }

    /// Keeps what holds several results for the next one, unless this one took it along.
    fn settle(&mut self, mut output: Output) {
        match output.place() {
            Some(place) if self.typed && output.is_broken() => {
                say(format_args!("{} is not written, because this result broke off; results are shown again", place.display()));
            }
            Some(_) if !output.is_broken() => self.held = Some(output),
            None if !self.typed && !output.is_broken() => self.held = Some(output),
            _ => output.abandon(),
        }
    }

    /// Finishes the file that results go to, and sends the next ones elsewhere.
    fn redirect(&mut self, target: Option<PathBuf>, line: usize) -> Result<(), Stop> {
        let finished = self.finish();
        let style = match target {
            Some(target) => self.style.for_file(target),
            None if self.typed => return finished,
            None => self.style.clone(),
        };
        match Output::open(&style) {
            Ok(output) => self.held = Some(output),
            Err(error) => {
                say(format_args!("{}{}", self.place(line), failure::text(&error, None)));
                return Err(Stop::Failed(USAGE));
            }
        }
        finished
    }

    /// Finishes what holds several results: a file gets its name.
    pub(super) fn finish(&mut self) -> Result<(), Stop> {
        let Some(output) = self.held.take() else { return Ok(()) };
        // A URL's or directory's result was complete with its query.
        let written = output.place().filter(|_| self.typed && !output.is_remote()).map(PathBuf::from);
        match output.finish() {
            Ok(()) => {
                if let Some(file) = written {
                    say(format_args!("{} is written", file.display()));
                }
                Ok(())
            }
            Err(error) => {
                say(failure::text(&error, None));
                Err(Stop::Failed(failure::code(&error)))
            }
        }
    }

    fn report(&self, done: &Done) {
        let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        let rows = count(done.shown.rows, "row", "rows");
        match (done.shown, self.held.as_ref().and_then(Output::place)) {
            (Shown { cut: true, rows }, _) if !self.typed => say(format_args!("-- the first {rows} rows; --maxrows all shows all")),
            _ if !self.typed => {}
            _ if !done.has_rows => say("done"),
            (Shown { cut: true, .. }, _) => say(format_args!("(the first {rows}; \\maxrows all shows all)")),
            (_, Some(place)) => say(format_args!("({rows} for {})", place.display())),
            (_, None) if self.style.format() == Format::Table => say(format_args!("({rows})")),
            (_, None) => {}
        }
        if self.timing {
            let sum = |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
            let stats = &done.run.stats;
            let calls = count(usize::try_from(sum(&stats.requests)).unwrap_or(usize::MAX), "call", "calls");
            let mut text = format!("time: {:.3} s, {calls}, {}", done.elapsed.as_secs_f64(), size(sum(&stats.bytes)));
            let waited = stats.throttled();
            if !waited.is_zero() {
                text.push_str(&format!(", {:.3} s of it waiting for limits", waited.as_secs_f64()));
            }
            say(text);
        }
    }
}
