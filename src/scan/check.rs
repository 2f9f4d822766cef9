//! Whether the SQL in table files can be read and evaluated, before a row comes.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::{DataFusionError, Result};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::cast;
use datafusion::prelude::SessionContext;

use super::table::{expression, schema_of};
use crate::spec::{Origin, SourceSpec};

/// SQL in a table file that can't be used.
#[derive(Clone, Debug)]
pub struct SqlProblem {
    /// The table.
    pub table: String,
    /// The SQL as it is written.
    pub sql: String,
    /// What is wrong with it.
    pub message: String,
}

/// Everything that is wrong with the SQL of a source's tables: `sql` of columns, `keep`, and what says which parents are asked.
pub fn sql_problems(source: &SourceSpec, context: &SessionContext) -> Vec<SqlProblem> {
    let mut problems = Vec::new();
    for table in source.tables.values() {
        let schema = schema_of(table);
        let other = |name: &String| source.tables.get(name).map(|table| schema_of(table));
        let parent = table.parent.as_ref().and_then(|parent| Some((parent, other(&parent.table)?)));
        let listed = table.unbounded.as_ref().and_then(|from| Some((from, other(&from.table)?)));
        let computed = table.columns.iter().filter_map(|column| match &column.origin {
            Origin::Sql(sql) => Some((sql, &schema, Some(crate::decode::arrow_type(column.kind)))),
            _ => None,
        });
        let of_parent =
            parent.iter().flat_map(|(parent, schema)| parent.filter.iter().chain(&parent.default).map(move |sql| (sql, schema)));
        let of_listed = listed.iter().flat_map(|(from, schema)| from.where_.iter().map(move |sql| (sql, schema)));
        let conditions = table.keep.iter().map(|sql| (sql, &schema)).chain(of_parent).chain(of_listed);
        let conditions = conditions.map(|(sql, schema)| (sql, schema, None));
        for (sql, schema, kind) in computed.chain(conditions) {
            if let Err(error) = evaluated(sql, schema, kind, context) {
                let message = error.strip_backtrace();
                problems.push(SqlProblem { table: table.name.clone(), sql: sql.clone(), message });
            }
        }
    }
    problems
}

/// Evaluates SQL over no row: what can't be evaluated says so all the same. Without a type it is a condition.
fn evaluated(sql: &str, schema: &SchemaRef, kind: Option<DataType>, context: &SessionContext) -> Result<()> {
    let expr: Arc<dyn PhysicalExpr> = expression(sql, schema, context)?;
    let expr = match kind {
        Some(kind) => cast(expr, schema, kind)?,
        None if expr.data_type(schema)? == DataType::Boolean => expr,
        None => return Err(DataFusionError::Plan(format!("`{sql}` is no condition: it is neither true nor false"))),
    };
    expr.evaluate(&RecordBatch::new_empty(Arc::clone(schema)))?;
    Ok(())
}
