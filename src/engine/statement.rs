//! From SQL text to a stream of record batches.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{ParamValues, Result, ScalarValue};
use datafusion::dataframe::DataFrame;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::dialect_from_str;
use futures::StreamExt;

use super::{Engine, Options, Run, hidden};

/// A statement that was planned and can be run once.
#[derive(Debug)]
pub struct Query {
    plan: Arc<dyn ExecutionPlan>,
    frame: DataFrame,
    run: Arc<Run>,
}

impl Query {
    /// Columns of the result. Texts are plain `Utf8`, whatever they are inside.
    pub fn schema(&self) -> SchemaRef {
        plain_schema(&self.plan.schema())
    }

    /// The physical plan.
    pub fn plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.plan
    }

    /// What the query does, while it does it and afterwards.
    pub fn run(&self) -> &Arc<Run> {
        &self.run
    }

    /// Starts it. Rows come as pages arrive; dropping the stream stops every call.
    ///
    /// # Errors
    /// If the plan cannot be started.
    pub fn stream(self) -> Result<SendableRecordBatchStream> {
        let plain = self.schema();
        let rows = self.stream_as_read()?;
        let schema = Arc::clone(&plain);
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, rows.map(move |batch| plain_batch(&batch?, &plain)))))
    }

    /// As [`Query::stream`], but texts are views into what was read (`Utf8View`), not copies.
    ///
    /// # Errors
    /// As [`Query::stream`].
    pub fn stream_as_read(self) -> Result<SendableRecordBatchStream> {
        let schema = self.plan.schema();
        let run = self.run;
        let context = Arc::new(self.frame.task_ctx());
        let batches = execute_stream(self.plan, context)?.map(move |batch| {
            let batch = batch?;
            if batch.num_rows() > 0 {
                run.stats.first_row();
                run.stats.rows.fetch_add(batch.num_rows() as u64, Relaxed);
            }
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

fn plain_schema(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() { Ok(Arc::clone(column)) } else { cast(column, field.data_type()) }
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &options)?)
}

impl Engine {
    /// Plans one statement. Makes no call, but runs statements that change the session (SET, CREATE VIEW, …).
    ///
    /// # Errors
    /// If the statement can't be read or planned.
    pub async fn sql(&self, sql: &str) -> Result<Query> {
        self.sql_with(sql, &HashMap::new()).await
    }

    /// As [`Engine::sql`], with values for `$name` (or `$1`). They are bound before planning, so that they are pushed down as
    /// literals are, and they never become part of the SQL text.
    ///
    /// # Errors
    /// If the statement can't be read or planned, or a parameter has no value.
    pub async fn sql_with(&self, sql: &str, params: &HashMap<String, ScalarValue>) -> Result<Query> {
        let mut statements = self.parse(sql)?;
        let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
            return datafusion::common::plan_err!("one statement was expected");
        };
        self.statement(statement, params).await
    }

    /// Reads SQL text with any number of statements.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        let state = self.context.state();
        let options = &state.config_options().sql_parser;
        let dialect = dialect_from_str(options.dialect).unwrap_or_else(|| Box::new(datafusion::sql::sqlparser::dialect::GenericDialect {}));
        let parser = DFParserBuilder::new(sql).with_dialect(dialect.as_ref()).with_recursion_limit(options.recursion_limit.get());
        Ok(parser.build()?.parse_statements()?.into())
    }

    /// Plans a statement that was read before.
    ///
    /// # Errors
    /// As [`Engine::sql_with`].
    pub async fn statement(&self, mut statement: Statement, params: &HashMap<String, ScalarValue>) -> Result<Query> {
        hidden::hide(&mut statement, &self.sources);
        let mut state = self.context.state();
        let run = Arc::new(Run::new(Options::of(state.config_options()).max_requests));
        let plan = state.statement_to_plan(statement).await?;
        let plan = if params.is_empty() { plan } else { plan.with_param_values(ParamValues::from(params.clone()))? };
        let frame = if changes_session(&plan) {
            self.context.state_ref().write().config_mut().set_extension(Arc::clone(&run));
            self.context.execute_logical_plan(plan).await?
        } else {
            state.config_mut().set_extension(Arc::clone(&run));
            DataFrame::new(state, plan)
        };
        let plan = frame.clone().create_physical_plan().await?;
        Ok(Query { plan, frame, run })
    }
}

/// Whether a plan has to be run by the session itself.
fn changes_session(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Ddl(_) | LogicalPlan::Statement(_))
}

/// The texts of the statements in an input, and whether the last one was ended by `;`. Comments, quotes and dollar quotes are
/// read as SQL reads them.
pub fn split_statements(text: &str) -> (Vec<String>, bool) {
    use datafusion::sql::sqlparser::dialect::GenericDialect;
    use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).with_unescape(false).tokenize() else {
        return (vec![text.to_owned()], false);
    };
    let mut statements = Vec::new();
    let mut current = String::new();
    let mut empty = true;
    let mut ended = true;
    for token in tokens {
        match token {
            Token::SemiColon => {
                if !empty {
                    statements.push(std::mem::take(&mut current));
                }
                current.clear();
                (empty, ended) = (true, true);
            }
            token => {
                if !matches!(token, Token::Whitespace(_) | Token::EOF) {
                    (empty, ended) = (false, false);
                }
                current.push_str(&token.to_string());
            }
        }
    }
    if !empty {
        statements.push(current);
    }
    (statements, ended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_end_at_semicolons_of_sql_only() {
        let (statements, ended) = split_statements("SELECT ';' -- a;b\n; SELECT 2 /* ; */");
        assert_eq!(statements.len(), 2);
        assert!(!ended);
        assert!(split_statements("SELECT 1;").1);
        assert_eq!(split_statements(" ; ; ").0.len(), 0);
    }
}
