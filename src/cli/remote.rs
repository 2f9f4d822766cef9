//! `-o` beyond a local file: a query whose rows go to a URL or a directory is a COPY.

use std::path::Path;

use datafusion::common::{DataFusionError, Result};
use datafusion::sql::parser::{CopyToSource, CopyToStatement, Statement};
use datafusion::sql::sqlparser::ast::{Statement as SqlStatement, Value};

use super::args::{Format, Rows};
use super::output::{Style, by_ending};

/// Where the rows of queries go, instead of standard output or a file of ours.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    target: String,
    /// By the target's ending, if not given.
    format: Option<(&'static str, Option<(&'static str, &'static str)>)>,
}

impl Remote {
    /// The target of a style, if it is a URL or a directory.
    ///
    /// # Errors
    /// If it can't hold what the style asks for.
    pub(super) fn of(style: &Style) -> Result<Option<Self>> {
        let Some(target) = style.target.as_deref().and_then(Path::to_str) else { return Ok(None) };
        if !target.contains("://") && !target.ends_with('/') {
            return Ok(None);
        }
        let wrong = |what: &str| Err(DataFusionError::Configuration(format!("{target}: {what}")));
        if let Some(Rows::Most(_)) = style.rows {
            return wrong("all rows of a query are written there; use LIMIT in the query");
        }
        let format = match style.format.or_else(|| by_ending(Path::new(target))) {
            None => None,
            Some(Format::Csv) => Some(("csv", None)),
            Some(Format::Tsv) => Some(("csv", Some(("format.delimiter", "\t")))),
            Some(Format::Json) => Some(("json", Some(("format.newline_delimited", "false")))),
            Some(Format::Ndjson) => Some(("json", None)),
            Some(Format::Arrow) => Some(("arrow", None)),
            Some(Format::Parquet) => Some(("parquet", None)),
            Some(Format::Table | Format::Markdown) => {
                return wrong("tables are for people; --format parquet, csv, json, ndjson and arrow can be written there");
            }
        };
        Ok(Some(Self { target: target.to_owned(), format }))
    }

    /// The URL or directory.
    pub(super) fn target(&self) -> &str {
        &self.target
    }

    /// A statement whose rows go there, if it is a query; any other as it is. And whether it is one.
    pub(super) fn redirected(&self, statement: Statement) -> (Statement, bool) {
        let query = match statement {
            Statement::Statement(inner) => match *inner {
                SqlStatement::Query(query) => query,
                other => return (Statement::Statement(Box::new(other)), false),
            },
            other => return (other, false),
        };
        let option = self.format.and_then(|(_, option)| option);
        let copy = CopyToStatement {
            source: CopyToSource::Query(query),
            target: self.target.clone(),
            partitioned_by: Vec::new(),
            stored_as: self.format.map(|(name, _)| name.to_owned()),
            options: option.map(|(name, value)| (name.to_owned(), Value::SingleQuotedString(value.to_owned()))).into_iter().collect(),
        };
        (Statement::CopyTo(copy), true)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::sql::parser::DFParserBuilder;

    use super::*;

    fn copy(target: &str, format: Option<Format>) -> String {
        let style = Style { format, target: Some(target.into()), ..Style::default() };
        let statement = DFParserBuilder::new("SELECT 1").build().unwrap().parse_statement().unwrap();
        Remote::of(&style).unwrap().unwrap().redirected(statement).0.to_string()
    }

    #[test]
    fn a_query_to_a_url_is_a_copy() {
        assert_eq!(copy("s3://b/x.parquet", None), "COPY (SELECT 1) TO s3://b/x.parquet STORED AS parquet");
        assert_eq!(
            copy("s3://b/x.json", None),
            "COPY (SELECT 1) TO s3://b/x.json STORED AS json OPTIONS ('format.newline_delimited' 'false')"
        );
        assert_eq!(copy("s3://b/x.csv.gz", None), "COPY (SELECT 1) TO s3://b/x.csv.gz");
        assert_eq!(copy("out/", Some(Format::Arrow)), "COPY (SELECT 1) TO out/ STORED AS arrow");
        let local = Style { target: Some("x.csv".into()), ..Style::default() };
        assert!(Remote::of(&local).unwrap().is_none());
        let few = Style { target: Some("s3://b/x.csv".into()), rows: Some(Rows::Most(3)), ..Style::default() };
        assert!(Remote::of(&few).unwrap_err().to_string().contains("LIMIT"));
    }
}
