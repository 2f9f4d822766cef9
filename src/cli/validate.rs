//! `sqluice validate`: what is wrong with a folder of table files.

use std::path::Path;

use super::args::Format;
use super::failure::{self, USAGE};
use super::terminal::{say, tell};
use crate::engine::validate;
use crate::spec::{FolderReport, SpecError};

/// Tells what is wrong; the exit code says whether something is.
pub(super) fn run(folder: &Path, format: Option<Format>) -> u8 {
    let report = match validate(folder) {
        Ok(report) => report,
        Err(error) => {
            say(failure::text(&error, None));
            return USAGE;
        }
    };
    match format {
        Some(Format::Json) => tell(serde_json::Value::Array(report.problems.iter().map(json).collect())),
        Some(Format::Ndjson) => report.problems.iter().for_each(|problem| tell(json(problem))),
        _ => {
            for problem in &report.problems {
                tell(problem);
            }
            say(summary(&report));
        }
    }
    if report.problems.is_empty() { 0 } else { USAGE }
}

fn json(problem: &SpecError) -> serde_json::Value {
    let SpecError { file, line, column, message, hint, .. } = problem;
    serde_json::json!({ "file": file, "line": line, "column": column, "message": message, "hint": hint })
}

fn summary(report: &FolderReport) -> String {
    let count = |number: usize, one: &str| if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") };
    let files = count(report.files, "file");
    if report.problems.is_empty() {
        let sources: Vec<&str> = report.sources.iter().map(|source| source.name.as_str()).collect();
        format!("{files} of {}: {}, nothing is wrong", sources.join(", "), count(report.tables.len(), "table"))
    } else {
        format!("{} in {files}", count(report.problems.len(), "problem"))
    }
}
