//! Against the real services: read-only, only where asked for (`cargo test -- --ignored live`), and only sources whose inputs stand in
//! their usual environment variables (`GITHUB_TOKEN`, `JIRA_SITE` and so on; `tables/<source>/source.yaml` names them).
//!
//! Each source makes its check call, and each table that a query may read without naming anything gives three rows, within a budget
//! of calls. That the credential may not read a table is reported and no failure.

use std::fmt::Write as _;

use sqluice::Engine;
use sqluice::http::{ApiError, ErrorKind};
use sqluice::spec::TableSpec;

use crate::common::{World, answer, run};

/// Calls that a table may take to find three rows.
const BUDGET: usize = 40;

/// What came of all sources.
#[derive(Debug, Default)]
struct Report {
    text: String,
    read: usize,
    failures: Vec<String>,
}

impl Report {
    fn note(&mut self, line: &str) {
        println!("{line}");
        writeln!(self.text, "{line}").unwrap();
    }
}

/// Whether a query must say what it wants, such as the text to search for.
fn needs_input(table: &TableSpec) -> bool {
    table.filters.iter().any(|filter| filter.required)
}

async fn examine(engine: &Engine) -> Report {
    let mut report = Report::default();
    if engine.sources().is_empty() {
        report.note("skipped: no source has its inputs in the environment");
        return report;
    }
    run(engine, &format!("SET sqluice.max_requests = {BUDGET}")).await;
    for (name, source) in engine.sources() {
        match source.client.check().await {
            Ok(identity) if identity.is_empty() && source.spec.check.is_some() => report.failures.push(format!("{name}: nobody answers")),
            Ok(_) => report.note(&format!("{name}: the credential is good")),
            Err(error) => {
                report.failures.push(format!("{name}: {error}"));
                continue;
            }
        }
        for (table, handle) in &source.tables {
            if needs_input(&handle.spec) {
                report.note(&format!("{name}.{table}: skipped, it needs an input"));
                continue;
            }
            match answer(engine.sql(&format!("SELECT * FROM {name}.{table} LIMIT 3"))).await {
                Ok(rows) if rows.len() <= 3 => {
                    report.read += 1;
                    report.note(&format!("{name}.{table}: {} rows", rows.len()));
                }
                Ok(rows) => report.failures.push(format!("{name}.{table}: {} rows for a limit of 3", rows.len())),
                Err(error) => {
                    let kind = match error.find_root() {
                        datafusion::common::DataFusionError::External(inner) => inner.downcast_ref::<ApiError>().map(|error| error.kind),
                        _ => None,
                    };
                    match kind {
                        Some(ErrorKind::Budget) => report.note(&format!("{name}.{table}: no three rows within {BUDGET} calls")),
                        Some(ErrorKind::Forbidden) => report.note(&format!("{name}.{table}: the credential may not read it")),
                        _ => report.failures.push(format!("{name}.{table}: {}", error.find_root())),
                    }
                }
            }
        }
    }
    report
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "asks real services, with the credentials in the environment"]
async fn live_services_answer() {
    let engine = Engine::builder().environment().build().unwrap();
    let report = examine(&engine).await;
    assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
}

/// The check itself, on the demo: what it reads, what it passes over, and that it can fail.
#[tokio::test(flavor = "multi_thread")]
async fn the_check_of_live_services_reads_all_tables_and_can_fail() {
    let world = World::unrecorded().await;
    let report = examine(&world.engine).await;
    assert_eq!(report.failures, Vec::<String>::new());
    assert!(report.read > 40 && report.text.contains("slack.search") && !report.text.contains("no three rows"), "{}", report.text);
    let fault = sqluice::demo::server::Fault::Answer { status: 418, headers: Vec::new(), body: "{}".to_owned() };
    world.demo.jira.server.faults().add("/project", 0, 1_000, fault);
    let failures = examine(&world.engine).await.failures;
    assert!(failures.iter().any(|failure| failure.starts_with("jira.projects: ")), "{failures:?}");
    assert!(failures.iter().all(|failure| failure.starts_with("jira.")), "{failures:?}");
    let nothing = examine(&Engine::builder().build().unwrap()).await;
    assert!(nothing.failures.is_empty() && nothing.text.contains("skipped"), "{}", nothing.text);
}
