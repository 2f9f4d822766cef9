//! The command line: arguments in, results and errors out.
//!
//! Owns what a person types and sees. Must not know how a query is answered.

mod args;
mod check;
mod failure;
mod layout;
mod manual;
mod new;
mod output;
mod progress;
mod prompt;
mod remote;
mod repl;
mod secret;
mod session;
mod terminal;
mod validate;
mod value;

use std::collections::HashMap;
use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use clap::Parser;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use futures::{StreamExt, TryStreamExt};

use self::args::{Action, Args};
use self::failure::{CANCELLED, USAGE};
use self::output::{Output, Shown};
use self::progress::{Progress, grouped};
use self::session::{Names, Session, Stop};
use self::terminal::say;
use crate::engine::{self, Config, Engine, EngineBuilder, Query, Run};

/// How long the end waits for unfinished uploads to be taken back.
const CLEARING: Duration = Duration::from_secs(10);

/// Runs the command line.
pub fn main() -> ExitCode {
    let args = Args::parse();
    start_logging(args.verbose);
    // This thread prints, which is work for one of the cores.
    let workers = std::thread::available_parallelism().map_or(1, |cores| (cores.get() - 1).max(1));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            say(format_args!("error: no runtime: {error}"));
            return ExitCode::from(USAGE);
        }
    };
    let code = runtime.block_on(async {
        match &args.action {
            Some(Action::Validate { folder }) => return validate::run(folder, args.format),
            Some(Action::Completions { shell }) => return manual::print(&manual::completions(*shell)),
            Some(Action::Man) => return manual::page().map_or(USAGE, |page| manual::print(&page)),
            _ => {}
        }
        if args.action.is_none() && args.command.is_empty() && args.file.is_empty() && std::io::stdin().is_terminal() {
            return Box::pin(repl::run(args)).await;
        }
        let work = async {
            match args.action.clone() {
                Some(Action::Check(check)) => check::run(&args, &check).await,
                Some(Action::Secret { action }) => secret::run(action).await,
                Some(Action::New(new)) => new::run(&args, &new).await,
                _ => run(args).await,
            }
        };
        tokio::select! {
            code = Box::pin(work) => code,
            _ = tokio::signal::ctrl_c() => {
                say("cancelled");
                CANCELLED
            }
        }
    });
    // A cancelled export takes back what it sent.
    let cleared = runtime.block_on(async { tokio::time::timeout(CLEARING, engine::settled()).await });
    if cleared.is_err() {
        say("warning: an unfinished upload could not be taken back in time; it is no file, but its parts may take up room");
    }
    // A blocking read of a terminal may still wait for input; nobody wants its answer.
    runtime.shutdown_background();
    ExitCode::from(code)
}

fn start_logging(verbose: u8) {
    use tracing_subscriber::EnvFilter;
    let level = match verbose {
        0 => "sqluice=warn",
        1 => "sqluice=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("SQLUICE_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let colors = std::io::stderr().is_terminal();
    // A second logger in one process is not an error worth ending for.
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| progress::Stderr).with_ansi(colors).try_init();
}

/// Runs what was written before: `-c`, `-f`, or standard input.
async fn run(args: Args) -> u8 {
    let texts = match texts(&args) {
        Ok(texts) => texts,
        Err(message) => {
            say(format_args!("error: {message}"));
            return USAGE;
        }
    };
    let (engine, _demo) = match engine(&args).await {
        Ok(engine) => engine,
        Err(error) => {
            say(failure::text(&error, None));
            return failure::code(&error).max(USAGE);
        }
    };
    let mut session = match Session::scripted(&args, engine) {
        Ok(session) => session,
        Err(error) => {
            say(failure::text(&error, None));
            return USAGE;
        }
    };
    for (file, text) in texts {
        let result = match file {
            Some(file) => session.file(file, &text).await,
            None => session.run(&text).await,
        };
        match result {
            Ok(()) => {}
            Err(Stop::Quit) => break,
            Err(Stop::Interrupted) => return CANCELLED,
            Err(Stop::Failed(code)) => return code,
        }
    }
    match session.finish() {
        Err(Stop::Failed(code)) => code,
        _ => 0,
    }
}

/// What to run, and the files that it is from.
fn texts(args: &Args) -> Result<Vec<(Option<PathBuf>, String)>, String> {
    let mut texts: Vec<_> = args.command.iter().map(|text| (None, text.clone())).collect();
    for file in &args.file {
        let text = std::fs::read_to_string(file).map_err(|error| session::unreadable(file, &error))?;
        texts.push((Some(file.clone()), text));
    }
    if texts.is_empty() {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input cannot be read: {error}"))?;
        texts.push((None, text));
    }
    Ok(texts)
}

#[cfg(feature = "demo")]
type Demo = Option<crate::demo::Workspace>;
#[cfg(not(feature = "demo"))]
type Demo = ();

async fn engine(args: &Args) -> Result<(Engine, Demo)> {
    let (config, demo) = configuration(args).await?;
    Ok((builder(args, config).build()?, demo))
}

/// The configuration that the arguments name, and the emulators that it leads to.
async fn configuration(args: &Args) -> Result<(Config, Demo)> {
    let mut config = file(args)?;
    #[cfg(feature = "demo")]
    if args.demo {
        use crate::demo::company::Scale;
        let demo = crate::demo::Workspace::start(Scale::Full, chrono::Utc::now()).await?;
        config.sources = demo.config().sources;
        return Ok((config, Some(demo)));
    }
    prompt::fill_in(&mut config).await?;
    Ok((config, Demo::default()))
}

/// The configuration file, if there is one.
fn file(args: &Args) -> Result<Config> {
    match args.config.clone().or_else(Config::find) {
        Some(path) => Engine::read_config(&path).map_err(|error| DataFusionError::External(Box::new(error))),
        None => Ok(Config::default()),
    }
}

/// A builder for the engine that the arguments ask for.
fn builder(args: &Args, config: Config) -> EngineBuilder {
    let mut builder = args.tables.iter().fold(Engine::builder().config(config), EngineBuilder::tables);
    if !(cfg!(feature = "demo") && args.demo) {
        builder = builder.environment();
    }
    if let Some(file) = &args.record {
        builder = builder.record(file);
    }
    builder
}

/// What came of a statement.
struct Done {
    shown: Shown,
    run: Arc<Run>,
    elapsed: Duration,
    /// The statement has a result that was shown, if only an empty one.
    has_rows: bool,
}

/// Runs a statement and writes its result. Dropping the future ends the query and its calls.
async fn execute(
    engine: &Engine,
    statement: &str,
    params: &HashMap<String, ScalarValue>,
    stats: bool,
    visible: bool,
    output: &mut Output,
) -> Result<Done> {
    let started = Instant::now();
    let mut progress = Progress::new(visible);
    let query = progress.during(None, Box::pin(planned(engine, statement, params, output))).await?;
    let run = Arc::clone(query.run());
    let schema = query.schema();
    let exports = query.exports();
    let result = async {
        if exports {
            let counts = progress.during(Some(&run.stats), query.stream()?.try_collect::<Vec<_>>()).await?;
            progress::wipe();
            summary(&counts);
            return Ok(Shown::default());
        }
        let mut batches = if output.is_text() { query.stream_as_read()? } else { query.stream()? };
        output.begin(&schema)?;
        while let Some(batch) = progress.during(Some(&run.stats), batches.next()).await {
            let batch = batch?;
            progress::wipe();
            if !output.batch(&batch)? {
                break;
            }
        }
        progress::wipe();
        if output.is_file() && !run.stats.is_complete() {
            let why = run.stats.warnings().join("; ");
            return datafusion::common::exec_err!("the answer is not complete, so no file was written: {why}");
        }
        output.end()
    }
    .await;
    drop(progress);
    let elapsed = started.elapsed();
    for warning in run.stats.warnings() {
        say(format_args!("warning: {warning}"));
    }
    if stats {
        if result.is_err() {
            run.stats.mark_incomplete();
        }
        say(run.stats.to_json(elapsed));
    }
    Ok(Done { shown: result?, run, elapsed, has_rows: !exports && !schema.fields().is_empty() })
}

/// A statement, whose rows may go elsewhere than to the output.
async fn planned(engine: &Engine, text: &str, params: &HashMap<String, ScalarValue>, output: &mut Output) -> Result<Query> {
    if !output.is_remote() {
        return engine.sql_with(text, params).await;
    }
    let mut statements = engine.parse(text)?;
    let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
        return datafusion::common::plan_err!("one statement was expected");
    };
    engine.statement(output.redirected(statement)?, params).await
}

/// What an export wrote, as a line on standard error: `-- 1,000 rows in 1 file, 12,345 bytes, 10 calls`.
fn summary(counts: &[RecordBatch]) {
    let Some(counts) = counts.iter().find(|batch| batch.num_rows() == 1) else { return };
    let count = |name: &str| {
        let column = counts.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
        column.map_or(0, |column| column.value(0)).unsigned_abs()
    };
    let counted = |name: &str, unit: &str| {
        let count = count(name);
        format!("{} {unit}{}", grouped(count), if count == 1 { "" } else { "s" })
    };
    let (rows, files) = (counted("rows", "row"), counted("files", "file"));
    say(format_args!("-- {rows} in {files}, {}, {}", counted("bytes", "byte"), counted("calls", "call")));
}

/// An error in words, with the place in the statement and the name that was probably meant.
async fn explained(engine: &Engine, error: &DataFusionError, statement: &str) -> String {
    let mut text = failure::text(error, Some(statement));
    if let Some(table) = failure::missing_table(error)
        && let Some(hint) = Names::of(engine).await.suggest(table)
    {
        text.push_str(&format!("\n  = {hint}"));
    }
    text
}
