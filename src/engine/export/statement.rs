//! What a COPY statement says, made explicit before it is planned.

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::{CopyToSource, CopyToStatement, DFParserBuilder, Statement};
use datafusion::sql::sqlparser::ast::{Statement as SqlStatement, Value};

/// Endings of compressed text files, and how the option calls what they stand for.
const COMPRESSIONS: [(&str, &str); 4] = [("gz", "gzip"), ("bz2", "bzip2"), ("xz", "xz"), ("zst", "zstd")];

/// Names a COPY's format where only the file's ending does, and makes a table the query for its columns.
pub(in crate::engine) fn prepare(statement: &mut Statement) -> Result<()> {
    match statement {
        Statement::CopyTo(copy) => {
            format(copy)?;
            source(copy)
        }
        Statement::Explain(explain) => prepare(&mut explain.statement),
        _ => Ok(()),
    }
}

fn format(copy: &mut CopyToStatement) -> Result<()> {
    let mut endings = copy.target.rsplit('/').next().unwrap_or_default().rsplit('.').map(str::to_lowercase);
    let last = endings.next().unwrap_or_default();
    let compression = COMPRESSIONS.iter().find(|(ending, _)| *ending == last).map(|(_, compression)| *compression);
    let name = match &copy.stored_as {
        Some(name) => name.to_lowercase(),
        None if compression.is_some() => endings.next().unwrap_or_default(),
        None => last,
    };
    let known = match name.as_str() {
        "parquet" => "parquet",
        "csv" | "tsv" => "csv",
        "json" | "ndjson" | "jsonl" => "json",
        "arrow" | "ipc" | "feather" => "arrow",
        _ => {
            let what = match &copy.stored_as {
                Some(stored_as) => format!("STORED AS {stored_as} is no format"),
                None => format!("the ending of {} names no format", copy.target),
            };
            return Err(DataFusionError::Plan(format!("{what}; write STORED AS PARQUET, CSV, JSON or ARROW")));
        }
    };
    copy.stored_as = Some(known.to_owned());
    if name == "tsv" {
        propose(copy, "delimiter", "\t");
    }
    // What is called x.csv.gz is read as gzip, so it is written so.
    match compression {
        Some(compression) if matches!(known, "csv" | "json") => propose(copy, "compression", compression),
        Some(_) => {
            let target = &copy.target;
            return Err(DataFusionError::Plan(format!("{target}: a {known} file is compressed within, not as a whole; call it .{known}")));
        }
        None => {}
    }
    Ok(())
}

/// Sets an option of the format, unless the statement does.
fn propose(copy: &mut CopyToStatement, option: &str, value: &str) {
    let set = copy.options.iter().any(|(name, _)| {
        let name = name.to_lowercase();
        name.strip_prefix("format.").unwrap_or(&name) == option
    });
    if !set {
        copy.options.push((format!("format.{option}"), Value::SingleQuotedString(value.to_owned())));
    }
}

/// `COPY t` is `COPY (SELECT * FROM t)`, so that hidden columns stay hidden.
fn source(copy: &mut CopyToStatement) -> Result<()> {
    let CopyToSource::Relation(name) = &copy.source else { return Ok(()) };
    let sql = format!("SELECT * FROM {name}");
    let mut statements = DFParserBuilder::new(sql.as_str()).build()?.parse_statements()?;
    if let Some(Statement::Statement(statement)) = statements.pop_front()
        && let SqlStatement::Query(query) = *statement
    {
        copy.source = CopyToSource::Query(query);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prepared(sql: &str) -> Result<CopyToStatement> {
        let mut statement = DFParserBuilder::new(sql).build().unwrap().parse_statement().unwrap();
        prepare(&mut statement)?;
        let Statement::CopyTo(copy) = statement else { panic!("no COPY") };
        Ok(copy)
    }

    #[test]
    fn an_ending_names_the_format_and_its_options() {
        for (target, expected) in [
            ("x.parquet", "STORED AS parquet"),
            ("s3://b.c/x.CSV.gz", "STORED AS csv OPTIONS ('format.compression' 'gzip')"),
            ("x.tsv", "STORED AS csv OPTIONS ('format.delimiter' '\t')"),
            ("a/x.jsonl.zst", "STORED AS json OPTIONS ('format.compression' 'zstd')"),
            ("x.feather", "STORED AS arrow"),
            ("out/", "STORED AS json"),
        ] {
            let stored_as = if target == "out/" { "STORED AS NDJSON" } else { "" };
            let copy = prepared(&format!("COPY (SELECT 1) TO '{target}' {stored_as}")).unwrap().to_string();
            assert_eq!(copy, format!("COPY (SELECT 1) TO {target} {expected}"));
        }
        let given = prepared("COPY (SELECT 1) TO 'x.csv.gz' OPTIONS ('COMPRESSION' 'xz')").unwrap();
        assert_eq!(given.options.len(), 1);
    }

    #[test]
    fn an_unknown_format_is_an_error_and_not_another_format() {
        let error = prepared("COPY (SELECT 1) TO 'x.csv' STORED AS parquett").unwrap_err().to_string();
        assert!(error.contains("PARQUETT") && error.contains("PARQUET, CSV"), "{error}");
        for target in ["x.parquet.gz", "s3://b/x.feather.zst"] {
            let error = prepared(&format!("COPY (SELECT 1) TO '{target}'")).unwrap_err().to_string();
            assert!(error.contains(target) && error.contains("compressed within"), "{error}");
        }
        let error = prepared("COPY (SELECT 1) TO 's3://b.csv/x'").unwrap_err().to_string();
        assert!(error.contains("STORED AS"), "{error}");
    }

    #[test]
    fn a_table_becomes_a_query_for_its_columns() {
        let copy = prepared("COPY jira.\"Issues\" TO 'x.csv'").unwrap();
        assert_eq!(copy.source.to_string(), "(SELECT * FROM jira.\"Issues\")");
    }
}
