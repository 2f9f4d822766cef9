//! What is wrong with a folder of table files: with the files, and with the SQL in them.

use std::collections::BTreeMap;
use std::path::Path;

use datafusion::common::{DataFusionError, Result};

use super::builder::Settings;
use super::session;
use super::stores::Stores;
use crate::scan::sql_problems;
use crate::spec::{self, FolderReport};

/// Reads a folder of sources or tables of one's own, and tells everything that is wrong with it. Makes no call.
///
/// # Errors
/// Never for a released version: only if the built-in tables can't be read.
pub fn validate(folder: &Path) -> Result<FolderReport> {
    let known = spec::built_in().map_err(|error| DataFusionError::External(Box::new(error)))?;
    let mut report = spec::examine_folder(folder, &known);
    let context = session::new(&Settings::default(), Stores::new(BTreeMap::new()))?;
    for source in &report.sources {
        for problem in sql_problems(source, &context) {
            let written = report.tables.iter().find(|table| table.source == source.name && table.table == problem.table);
            // The others of a source that the folder only adds to are not its own.
            if let Some(written) = written {
                report.problems.push(written.problem(&problem.sql, problem.message));
            }
        }
    }
    report.problems.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    Ok(report)
}
