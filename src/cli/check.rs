//! `sqluice check`: who the credentials belong to, and how a table bears what APIs do.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use datafusion::common::{DataFusionError, Result};

use super::args::{Args, Check, Rows};
use super::failure::{self, USAGE};
use super::output::{Output, Style};
use super::terminal::{say, tell};
use super::{builder, configuration};
use crate::conformance::{Outcome, Trial};
use crate::engine::{CATALOG, Config, Engine, SourceConfig};
use crate::http::{ApiError, ErrorKind, ReqwestService, TransportOptions};
use crate::scan::SourceHandle;

/// Checks what is asked for; the exit code tells the worst.
pub(super) async fn run(args: &Args, check: &Check) -> u8 {
    match checked(args, check).await {
        Ok(code) => code,
        Err(error) => {
            say(failure::text(&error, None));
            failure::code(&error).max(USAGE)
        }
    }
}

async fn checked(args: &Args, check: &Check) -> Result<u8> {
    // The emulators run for as long as they are held.
    let (config, _demo) = configuration(args).await?;
    let engine = builder(args, config.clone()).build()?;
    let sources: Vec<&Arc<SourceHandle>> = match &check.source {
        Some(name) => match engine.sources().get(name) {
            Some(source) => vec![source],
            None => return Err(unknown(&engine, name).await),
        },
        None => engine.sources().values().collect(),
    };
    if sources.is_empty() {
        let text = "no source is configured; write a sqluice.toml, set the environment variables of a source, or try --demo";
        return Err(DataFusionError::Configuration(text.to_owned()));
    }
    let results = futures::future::join_all(sources.iter().map(|source| source.client.check())).await;
    show(args, &sources, &results)?;
    let mut codes = Vec::new();
    for error in results.into_iter().filter_map(std::result::Result::err) {
        say(format_args!("error: {error}"));
        codes.push(failure::code(&DataFusionError::External(Box::new(error))));
    }
    if let (Some(name), Some(table), true) = (&check.source, &check.table, codes.is_empty()) {
        codes.push(conformance(args, check, config, name, table).await?);
    }
    // A refused credential is what there is to do something about.
    let rank = |code: &u8| [3, 4, USAGE, 1, 0].iter().position(|known| known == code);
    Ok(codes.into_iter().min_by_key(rank).unwrap_or(0))
}

/// What is said of a source that is not configured, or that does not exist.
async fn unknown(engine: &Engine, name: &str) -> DataFusionError {
    let schema = engine.context().catalog(CATALOG).and_then(|catalog| catalog.schema(name));
    let advice = match schema {
        Some(schema) => schema.table("").await.err(),
        None => None,
    };
    let known = || crate::spec::built_in().map(|known| known.into_keys().collect::<Vec<_>>().join(", ")).unwrap_or_default();
    let error = advice.unwrap_or_else(|| DataFusionError::Configuration(format!("there is no source {name}; built in are {}", known())));
    DataFusionError::Configuration(failure::text(&error, None).trim_start_matches("error: ").to_owned())
}

fn show(args: &Args, sources: &[&Arc<SourceHandle>], results: &[std::result::Result<String, ApiError>]) -> Result<()> {
    let told = |result: &std::result::Result<String, ApiError>| match result {
        Ok(identity) if identity.is_empty() => ("not checked".to_owned(), "source.yaml declares no `check`".to_owned()),
        Ok(identity) => ("ok".to_owned(), identity.clone()),
        Err(error) => (error.kind.to_string(), error.said.clone()),
    };
    let (states, details): (Vec<String>, Vec<String>) = results.iter().map(told).unzip();
    let texts = |values: Vec<String>| -> ArrayRef { Arc::new(StringArray::from(values)) };
    let of = |value: fn(&SourceHandle) -> String| texts(sources.iter().map(|source| value(source)).collect());
    let batch = RecordBatch::try_from_iter([
        ("source", of(|source| source.name.clone())),
        ("type", of(|source| source.spec.name.clone())),
        ("host", of(|source| source.client.base_url().host_str().unwrap_or_default().to_owned())),
        ("result", texts(states)),
        ("says", texts(details)),
    ])?;
    let mut output = Output::open(&Style { rows: Some(Rows::All), ..Style::of(args) })?;
    let shown = output.begin(&batch.schema()).and_then(|()| output.batch(&batch)).and_then(|_| output.end());
    match shown {
        Ok(_) => output.finish(),
        Err(_) if output.is_unwanted() => Ok(()),
        Err(error) => Err(error),
    }
}

/// The suite for one table, a line a check.
async fn conformance(args: &Args, check: &Check, config: Config, source: &str, table: &str) -> Result<u8> {
    if !args.demo && !check.live {
        let text = format!(
            "trying {source}.{table} needs its rows: --live reads them from the API ({} requests at most, --max-requests), --demo from the emulators",
            check.max_requests
        );
        return Err(DataFusionError::Configuration(text));
    }
    let trial = Trial {
        service: Arc::new(transport(source, config.sources.get(source))?),
        config,
        environment: !args.demo,
        folders: args.tables.clone(),
        source: source.to_owned(),
        table: table.to_owned(),
        condition: check.condition.clone(),
        max_requests: check.max_requests,
    };
    let checks = trial.run(&mut |check| tell(check)).await?;
    let failed = checks.iter().filter(|check| matches!(check.outcome, Outcome::Failed(_))).count();
    let skipped = checks.iter().filter(|check| matches!(check.outcome, Outcome::Skipped(_))).count();
    say(format_args!("{} checks of {source}.{table}: {failed} failed, {skipped} skipped", checks.len()));
    Ok(u8::from(failed > 0))
}

fn transport(name: &str, source: Option<&SourceConfig>) -> Result<ReqwestService> {
    let options = source.map_or_else(TransportOptions::default, |source| TransportOptions {
        ca_file: source.ca_file.clone(),
        client_cert: source.client_cert.clone(),
        proxy: source.proxy.clone(),
        ..TransportOptions::default()
    });
    let wrong = |message: String| DataFusionError::External(Box::new(ApiError::new(ErrorKind::Config, name, "", message)));
    ReqwestService::new(&options).map_err(|error| wrong(error.message))
}
