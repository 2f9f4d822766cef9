//! SQL as it is typed: the loop of prompt, statement and answer.
//!
//! Owns the session of a person at a terminal: what is typed ([`input`], with [`complete`] and [`highlight`]), what is asked beside
//! SQL ([`command`], [`perform`], [`describe`]), what is set, and that Ctrl-C ends a query and not the session. Must not know how results are
//! written.

mod command;
mod complete;
mod describe;
mod highlight;
mod input;
mod lex;
mod names;
mod perform;
mod scope;

use std::collections::HashMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result, ScalarValue};
use tokio::sync::Notify;

use self::command::Command;
use self::input::{Input, Line, history_file};
pub(super) use self::names::Names;
use super::args::{Args, Format};
use super::failure::{self, USAGE};
use super::output::{Output, Shown, Style};
use super::progress::{self, can_show, size};
use super::terminal::say;
use super::{Done, execute, explained};
use crate::engine::{Engine, split_statements};

/// Reads and answers until the user quits.
pub(super) async fn run(args: Args) -> u8 {
    let (engine, _demo) = match super::engine(&args).await {
        Ok(engine) => engine,
        Err(error) => {
            say(failure::text(&error, None));
            return failure::code(&error).max(USAGE);
        }
    };
    let mut repl = match Repl::new(&args, engine) {
        Ok(repl) => repl,
        Err(error) => {
            say(failure::text(&error, None));
            return USAGE;
        }
    };
    repl.greet();
    let mut input = Input::start(history_file());
    loop {
        let names = Arc::new(Names::of(&repl.engine).await);
        match input.line(Arc::clone(&names)).await {
            Line::Text(text) => {
                if let Next::Quit = repl.take(&text, &names).await {
                    break;
                }
            }
            Line::Interrupted => {}
            Line::End => break,
            Line::Broken(message) => {
                say(format_args!("error: {message}"));
                return USAGE;
            }
        }
    }
    if repl.close_file() { 0 } else { USAGE }
}

enum Next {
    Go,
    Quit,
}

/// A session.
struct Repl {
    engine: Engine,
    style: Style,
    params: HashMap<String, ScalarValue>,
    timing: bool,
    stats: bool,
    /// The file that results go to, until it is finished.
    file: Option<(PathBuf, Output)>,
    /// The last statement, and the number of the last call before it.
    last: Option<(String, u64)>,
    interrupts: Arc<Notify>,
}

impl Repl {
    fn new(args: &Args, engine: Engine) -> Result<Self> {
        let mut style = Style::of(args);
        let file = if style.target.is_some() { Some(Output::open(&style)?) } else { None };
        let file = style.target.take().zip(file);
        let interrupts = Arc::new(Notify::new());
        let heard = Arc::clone(&interrupts);
        tokio::spawn(async move {
            // From here on Ctrl-C no longer ends the process; outside of a query nobody hears it.
            while tokio::signal::ctrl_c().await.is_ok() {
                heard.notify_waiters();
            }
        });
        let params = args.param.iter().cloned().collect();
        Ok(Self { engine, style, params, timing: false, stats: args.stats, file, last: None, interrupts })
    }

    fn greet(&self) {
        let sources: Vec<&str> = self.engine.sources().keys().map(String::as_str).collect();
        let sources = match sources.as_slice() {
            [] => "no source is configured; \\sources lists what there could be".to_owned(),
            sources => format!("sources: {}", sources.join(", ")),
        };
        say(format_args!("sqluice {}, {sources}\n\\h for help, \\q to quit; a statement ends with ;", env!("CARGO_PKG_VERSION")));
    }

    async fn take(&mut self, text: &str, names: &Names) -> Next {
        let mut text = text.trim_start();
        while command::is_command(text) {
            // What was pasted may go on behind a command.
            let (line, rest) = text.split_once('\n').filter(|(line, _)| !line.starts_with("\\explain")).unwrap_or((text, ""));
            let result = match command::parse(line) {
                Ok(Command::Quit) => return Next::Quit,
                Ok(command) => self.command(command, names).await,
                Err(message) => Err(message),
            };
            if let Err(message) = result {
                say(format_args!("error: {message}"));
            }
            text = rest.trim_start();
        }
        for statement in split_statements(text).0 {
            if !self.statement(statement).await {
                break;
            }
        }
        Next::Go
    }

    /// Runs a statement and shows its result, or what went wrong; says whether to go on.
    async fn statement(&mut self, statement: String) -> bool {
        let mark = self.engine.requests().last();
        let result = match self.open() {
            Ok((target, mut output)) => {
                let query = execute(&self.engine, &statement, &self.params, self.stats, can_show(), &mut output);
                let result = self.unless_interrupted(query).await;
                self.settle(target, output);
                result
            }
            Err(error) => Some(Err(error)),
        };
        let went_on = match &result {
            Some(Ok(done)) => {
                self.report(done);
                true
            }
            Some(Err(error)) => {
                say(explained(&self.engine, error, &statement).await);
                false
            }
            None => false,
        };
        self.last = Some((statement, mark));
        went_on
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

    /// Where the next result goes: to a file, or to standard output.
    fn open(&mut self) -> Result<(Option<PathBuf>, Output)> {
        if let Some((target, file)) = self.file.take() {
            return Ok((Some(target), file));
        }
        let format = self.style.format();
        if matches!(format, Format::Arrow | Format::Parquet) && std::io::stdout().is_terminal() {
            let message = format!("{format} is nothing to look at; \\o FILE writes it into a file, \\format table shows a table again");
            return Err(DataFusionError::Configuration(message));
        }
        Ok((None, Output::open(&self.style)?))
    }

    /// Keeps the file for the next result, unless this one took it along.
    fn settle(&mut self, target: Option<PathBuf>, mut output: Output) {
        match target {
            None => output.abandon(),
            Some(target) if output.is_broken() => {
                say(format_args!("{} is not written, because this result broke off; results are shown again", target.display()));
            }
            Some(target) => self.file = Some((target, output)),
        }
    }

    /// Finishes the file, if results go to one.
    fn close_file(&mut self) -> bool {
        let Some((target, output)) = self.file.take() else { return true };
        // A URL's or directory's result was complete with its query.
        let is_file = !output.is_remote();
        match output.finish() {
            Ok(()) => {
                if is_file {
                    say(format_args!("{} is written", target.display()));
                }
                true
            }
            Err(error) => {
                say(failure::text(&error, None));
                false
            }
        }
    }

    fn report(&self, done: &Done) {
        let count = |number: usize, one: &str, many: &str| format!("{number} {}", if number == 1 { one } else { many });
        if done.has_rows {
            let rows = count(done.shown.rows, "row", "rows");
            match (done.shown, &self.file) {
                (Shown { cut: true, .. }, _) => say(format_args!("(the first {rows}; \\maxrows all shows all)")),
                (_, Some((target, _))) => say(format_args!("({rows} for {})", target.display())),
                (_, None) if self.style.format() == Format::Table => say(format_args!("({rows})")),
                (_, None) => {}
            }
        } else {
            say("done");
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
