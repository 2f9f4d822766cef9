//! The command line: arguments in, results and errors out.
//!
//! Owns what a person types and sees. Must not know how a query is answered.

mod args;
mod failure;
mod output;
mod value;

use std::collections::HashMap;
use std::io::{IsTerminal, Read};
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use datafusion::common::{DataFusionError, Result, ScalarValue};
use futures::StreamExt;

use self::args::Args;
use self::failure::{CANCELLED, USAGE};
use self::output::Output;
use crate::engine::{Config, Engine, split_statements};

/// Runs the command line.
pub fn main() -> ExitCode {
    let args = Args::parse();
    start_logging(args.verbose);
    // This thread prints, which is work for one of the cores.
    let workers = std::thread::available_parallelism().map_or(1, |cores| (cores.get() - 1).max(1));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(workers).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            return ExitCode::from(USAGE);
        }
    };
    let code = runtime.block_on(async {
        tokio::select! {
            code = run(args) => code,
            _ = tokio::signal::ctrl_c() => {
                eprintln!("cancelled");
                CANCELLED
            }
        }
    });
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
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colors).try_init();
}

async fn run(args: Args) -> u8 {
    let texts = match statements(&args) {
        Ok(texts) => texts,
        Err(message) => {
            eprintln!("error: {message}");
            return USAGE;
        }
    };
    let (engine, _demo) = match engine(&args).await {
        Ok(engine) => engine,
        Err(error) => {
            eprintln!("{}", failure::text(&error, None));
            return failure::code(&error).max(USAGE);
        }
    };
    let mut output = match Output::open(&args) {
        Ok(output) => output,
        Err(error) => {
            eprintln!("{}", failure::text(&error, None));
            return USAGE;
        }
    };
    for text in &texts {
        let (statements, _) = split_statements(text);
        for statement in &statements {
            if let Err(error) = execute(&engine, statement, &args, &mut output).await {
                if failure::is_broken_pipe(&error) {
                    return 0;
                }
                output.abandon();
                eprintln!("{}", failure::text(&error, Some(statement)));
                return failure::code(&error);
            }
        }
    }
    match output.finish() {
        Ok(()) => 0,
        Err(error) if failure::is_broken_pipe(&error) => 0,
        Err(error) => {
            eprintln!("{}", failure::text(&error, None));
            failure::code(&error)
        }
    }
}

/// What to run: `-c`, `-f`, or standard input.
fn statements(args: &Args) -> Result<Vec<String>, String> {
    let mut texts = args.command.clone();
    for file in &args.file {
        texts.push(std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?);
    }
    if texts.is_empty() {
        if std::io::stdin().is_terminal() {
            return Err("nothing to run; give SQL with -c, a file with -f, or SQL on standard input (see --help)".to_owned());
        }
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| format!("standard input cannot be read: {error}"))?;
        texts.push(text);
    }
    Ok(texts)
}

#[cfg(feature = "demo")]
type Demo = Option<crate::demo::Workspace>;
#[cfg(not(feature = "demo"))]
type Demo = ();

async fn engine(args: &Args) -> Result<(Engine, Demo)> {
    let mut config = match args.config.clone().or_else(Config::find) {
        Some(path) => Engine::read_config(&path).map_err(|error| DataFusionError::External(Box::new(error)))?,
        None => Config::default(),
    };
    let mut builder = Engine::builder();
    #[cfg(feature = "demo")]
    let demo = if args.demo {
        use crate::demo::company::Scale;
        let demo = crate::demo::Workspace::start(Scale::Full, chrono::Utc::now()).await?;
        config.sources = demo.config().sources;
        Some(demo)
    } else {
        builder = builder.environment();
        None
    };
    #[cfg(not(feature = "demo"))]
    let demo = {
        builder = builder.environment();
    };
    for folder in &args.tables {
        builder = builder.tables(folder);
    }
    if let Some(file) = &args.record {
        builder = builder.record(file);
    }
    Ok((builder.config(std::mem::take(&mut config)).build()?, demo))
}

async fn execute(engine: &Engine, statement: &str, args: &Args, output: &mut Output) -> Result<()> {
    let started = Instant::now();
    let params: HashMap<String, ScalarValue> = args.param.iter().cloned().collect();
    let query = engine.sql_with(statement, &params).await?;
    let run = std::sync::Arc::clone(query.run());
    let result = async {
        let schema = query.schema();
        let mut batches = if output.is_text() { query.stream_as_read()? } else { query.stream()? };
        output.begin(&schema)?;
        while let Some(batch) = batches.next().await {
            if !output.batch(&batch?)? {
                break;
            }
        }
        output.end()
    }
    .await;
    for warning in run.stats.warnings() {
        eprintln!("warning: {warning}");
    }
    if args.stats {
        if result.is_err() {
            run.stats.mark_incomplete();
        }
        eprintln!("{}", run.stats.to_json(started.elapsed()));
    }
    result
}
