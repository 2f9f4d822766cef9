//! From SQL text to a stream of record batches.

use std::collections::HashMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use datafusion::arrow::array::{RecordBatch, RecordBatchOptions};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Schema, SchemaRef};
use datafusion::common::{ParamValues, Result, ScalarValue, plan_err};
use datafusion::dataframe::DataFrame;
use datafusion::execution::{SendableRecordBatchStream, SessionState};
use datafusion::logical_expr::{DdlStatement, LogicalPlan, LogicalPlanBuilder, Statement as PlanStatement};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{ExecutionPlan, execute_stream};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::{DFParserBuilder, Statement};
use datafusion::sql::sqlparser::dialect::dialect_from_str;
use futures::StreamExt;
use futures::future::BoxFuture;

use super::{Engine, Options, Run, export, hidden, refresh};

/// SQL text with the values of its parameters. Awaiting it plans the statement.
///
/// Values take their places before planning: they are pushed down as literals are, and never become part of the text.
///
/// ```
/// # async fn example(engine: &sqluice::Engine) -> sqluice::datafusion::common::Result<()> {
/// let sql = "SELECT key, summary FROM jira.issues WHERE project_key = $1 AND updated >= $2 LIMIT $3";
/// let query = engine.sql(sql).bind("ENG").bind("2026-01-01").bind(10_i64).await?;
/// let query = engine.sql("SELECT summary FROM jira.issues WHERE key = $key").bind_as("key", "ENG-1").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a statement is planned when it is awaited"]
pub struct Sql<'a> {
    engine: &'a Engine,
    text: &'a str,
    /// By name; those without one by number, from 1.
    values: HashMap<String, ScalarValue>,
    numbered: usize,
}

impl Sql<'_> {
    /// The value of the next numbered parameter: of `$1`, then `$2`, … Texts stand for times and dates as literals do; for other
    /// types, see [`ScalarValue`].
    pub fn bind(mut self, value: impl Into<ScalarValue>) -> Self {
        self.numbered += 1;
        let name = self.numbered.to_string();
        self.bind_as(&name, value)
    }

    /// The value of `$name`.
    pub fn bind_as(mut self, name: &str, value: impl Into<ScalarValue>) -> Self {
        self.values.insert(name.to_owned(), value.into());
        self
    }

    async fn plan(self) -> Result<Query> {
        self.engine.run(self.engine.parse_one(self.text)?, &self.values, true).await
    }
}

impl<'a> IntoFuture for Sql<'a> {
    type Output = Result<Query>;
    type IntoFuture = BoxFuture<'a, Result<Query>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.plan())
    }
}

/// A statement that was planned and can be run once.
#[derive(Debug)]
pub struct Query {
    plan: Arc<dyn ExecutionPlan>,
    frame: DataFrame,
    run: Arc<Run>,
    exports: bool,
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

    /// The query as a `DataFrame`, to build on it or to run it by `DataFusion`'s own means. What it does still counts in
    /// [`Query::run`]; texts stay as they were read (`Utf8View`).
    pub fn dataframe(&self) -> DataFrame {
        self.frame.clone()
    }

    /// Whether it is a COPY: its one row counts the rows, files and bytes it wrote, and the calls it took.
    pub fn exports(&self) -> bool {
        self.exports
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
            // An export counts what it writes.
            if batch.num_rows() > 0 && !self.exports {
                run.stats.first_row();
                run.stats.rows.fetch_add(batch.num_rows() as u64, Relaxed);
            }
            Ok(batch)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, batches)))
    }
}

pub(super) fn plain_schema(schema: &SchemaRef) -> SchemaRef {
    let fields = schema.fields().iter().map(|field| match field.data_type() {
        DataType::Utf8View => Arc::new(field.as_ref().clone().with_data_type(DataType::Utf8)),
        _ => Arc::clone(field),
    });
    Arc::new(Schema::new_with_metadata(fields.collect::<Vec<_>>(), schema.metadata().clone()))
}

pub(super) fn plain_batch(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch> {
    let columns = batch.columns().iter().zip(schema.fields()).map(|(column, field)| {
        if column.data_type() == field.data_type() { Ok(Arc::clone(column)) } else { cast(column, field.data_type()) }
    });
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::clone(schema), columns.collect::<Result<_, _>>()?, &options)?)
}

impl Engine {
    /// One statement, planned when it is awaited. Makes no call, but runs statements that change the session (SET, CREATE VIEW, …);
    /// CREATE TABLE … AS runs its query.
    ///
    /// The error says what can't be read or planned, or which value is missing or too many.
    pub fn sql<'a>(&'a self, sql: &'a str) -> Sql<'a> {
        Sql { engine: self, text: sql, values: HashMap::new(), numbered: 0 }
    }

    /// As [`Engine::sql`], with the values for `$name` (or `$1`) at once; there may be values that the statement has no place for.
    ///
    /// # Errors
    /// If the statement can't be read or planned, or a parameter has no value.
    pub async fn sql_with(&self, sql: &str, params: &HashMap<String, ScalarValue>) -> Result<Query> {
        self.statement(self.parse_one(sql)?, params).await
    }

    fn parse_one(&self, sql: &str) -> Result<Statement> {
        let mut statements = self.parse(sql)?;
        let (Some(statement), true) = (statements.pop(), statements.is_empty()) else {
            return plan_err!("one statement was expected");
        };
        Ok(statement)
    }

    /// Reads SQL text with any number of statements.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn parse(&self, sql: &str) -> Result<Vec<Statement>> {
        let (texts, _) = split_statements(sql);
        if texts.iter().any(|text| refresh::read(text).is_some()) {
            let read = texts.iter().map(|text| refresh::read(text).map_or_else(|| self.parse(text), |refresh| Ok(vec![refresh])));
            return Ok(read.collect::<Result<Vec<_>>>()?.concat());
        }
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
    pub async fn statement(&self, statement: Statement, params: &HashMap<String, ScalarValue>) -> Result<Query> {
        Box::pin(self.run(statement, params, false)).await
    }

    /// Plans a statement; `all` says that every value must have its place.
    async fn run(&self, mut statement: Statement, values: &HashMap<String, ScalarValue>, all: bool) -> Result<Query> {
        if let Some(source) = refresh::source(&statement) {
            self.refresh(source)?;
            let frame = nothing(self.context.state())?;
            return Ok(Query { plan: frame.clone().create_physical_plan().await?, frame, run: Arc::default(), exports: false });
        }
        export::prepare(&mut statement)?;
        hidden::hide(&mut statement, &self.sources)?;
        let mut state = self.context.state();
        if let Some(clock) = &self.clock {
            state.execution_props_mut().query_execution_start_time = Some(clock());
        }
        let run = Arc::new(Run::new(Options::of(state.config_options()).max_requests));
        state.config_mut().set_extension(Arc::clone(&run));
        self.admit_making(&statement, &state)?;
        let plan = state.statement_to_plan(statement).await?;
        let plan = match plan {
            LogicalPlan::Statement(PlanStatement::Prepare(_)) if all && !values.is_empty() => {
                return plan_err!("PREPARE takes no values; EXECUTE does");
            }
            plan @ LogicalPlan::Statement(PlanStatement::Prepare(_)) => plan,
            plan => bound(plan, values, all)?,
        };
        self.admit(&plan)?;
        let plan = self.prepared.fill_in(plan, &state)?;
        self.admit(&plan)?;
        let exports = matches!(plan, LogicalPlan::Copy(_));
        let frame = self.frame(plan, state).await?;
        let plan = frame.clone().create_physical_plan().await?;
        Ok(Query { plan, frame, run, exports })
    }

    /// Runs what changes the session; anything else waits to be run.
    async fn frame(&self, plan: LogicalPlan, state: SessionState) -> Result<DataFrame> {
        match plan {
            LogicalPlan::Statement(PlanStatement::Prepare(prepare)) => {
                self.prepared.keep(prepare)?;
                nothing(state)
            }
            LogicalPlan::Statement(PlanStatement::Deallocate(deallocate)) => {
                self.prepared.forget(&deallocate.name)?;
                nothing(state)
            }
            plan @ (LogicalPlan::Statement(_) | LogicalPlan::Ddl(DdlStatement::CreateFunction(_) | DdlStatement::DropFunction(_))) => {
                self.context.execute_logical_plan(plan).await
            }
            // Tables and views are kept in catalogs, which all states share: this way their queries have this statement's run.
            LogicalPlan::Ddl(mut ddl) => {
                if let DdlStatement::CreateMemoryTable(create) = &mut ddl {
                    // Here now() becomes a value; further on it would be asked for once more.
                    create.input = Arc::new(state.optimize(&create.input)?);
                }
                SessionContext::new_with_state(state).execute_logical_plan(LogicalPlan::Ddl(ddl)).await
            }
            plan => Ok(DataFrame::new(state, plan)),
        }
    }
}

/// The result of a statement that has none.
fn nothing(state: SessionState) -> Result<DataFrame> {
    Ok(DataFrame::new(state, LogicalPlanBuilder::empty(false).build()?))
}

/// The plan with values in place of its parameters.
fn bound(plan: LogicalPlan, values: &HashMap<String, ScalarValue>, all: bool) -> Result<LogicalPlan> {
    if values.is_empty() {
        return Ok(plan);
    }
    if all {
        let names = plan.get_parameter_names()?;
        let known = |name: &String| names.contains(&format!("${name}"));
        if let Some(name) = values.keys().filter(|name| !known(name)).min() {
            return plan_err!("a value was given for ${name}, which is not in the statement");
        }
    }
    plan.with_param_values(ParamValues::from(values.clone()))
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
