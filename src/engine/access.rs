//! What statements may do: never write to a source, and in a read-only engine nothing but read.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{DataFusionError, Result, TableReference, plan_err};
use datafusion::datasource::TableType;
use datafusion::execution::SessionState;
use datafusion::execution::object_store::ObjectStoreUrl;
use datafusion::logical_expr::{DdlStatement, LogicalPlan, Statement};
use datafusion::prelude::SessionContext;
use datafusion::sql::parser::Statement as SqlStatement;
use datafusion::sql::planner::object_name_to_table_reference;
use datafusion::sql::sqlparser::ast::{self, ObjectName};

use super::{CATALOG, Engine};

/// Settings that a read-only session may change. Of the others, some lift bounds, and some name folders.
const FREE_SETTINGS: [&str; 3] = ["sqluice.pushdown", "datafusion.execution.time_zone", "datafusion.explain."];

impl Engine {
    /// Refuses what this engine does not do, wherever in the statement it stands: below EXPLAIN ANALYZE, or in a PREPARE.
    pub(super) fn admit(&self, plan: &LogicalPlan) -> Result<()> {
        plan.apply_with_subqueries(|node| {
            if self.read_only
                && let Some(what) = forbidden(node)
            {
                return plan_err!("{what} is not allowed: this engine is read-only");
            }
            match changed(node) {
                Some(table) if self.belongs_to_source(table) => plan_err!("{}", only_read(table)),
                _ => Ok(TreeNodeRecursion::Continue),
            }
        })?;
        Ok(())
    }

    /// The same for a table that a statement makes, before anybody looks for it: a source would say that it has no such table.
    pub(super) fn admit_making(&self, statement: &SqlStatement, state: &SessionState) -> Result<()> {
        let Some(name) = made(statement) else { return Ok(()) };
        let normal = state.config_options().sql_parser.enable_ident_normalization;
        let table = object_name_to_table_reference(name.clone(), normal)?;
        if self.belongs_to_source(&table) { plan_err!("{}", only_read(&table)) } else { Ok(()) }
    }

    fn belongs_to_source(&self, table: &TableReference) -> bool {
        let catalog = table.catalog().is_none_or(|catalog| catalog == CATALOG);
        catalog && table.schema().is_some_and(|schema| self.is_source(schema))
    }
}

fn only_read(table: &TableReference) -> String {
    format!(
        "{table} belongs to a source, and sqluice only reads sources; \
         to keep rows, CREATE TABLE t AS SELECT … or COPY (SELECT …) TO 'file'"
    )
}

/// The table that a statement makes, as it is written.
fn made(statement: &SqlStatement) -> Option<&ObjectName> {
    match statement {
        SqlStatement::CreateExternalTable(create) => Some(&create.name),
        SqlStatement::Statement(statement) => match statement.as_ref() {
            ast::Statement::CreateTable(create) => Some(&create.name),
            ast::Statement::CreateView(create) => Some(&create.name),
            _ => None,
        },
        _ => None,
    }
}

/// The words for what a read-only engine does not do.
fn forbidden(node: &LogicalPlan) -> Option<String> {
    Some(match node {
        LogicalPlan::Ddl(ddl) => words(ddl.name()),
        LogicalPlan::Dml(dml) => words(dml.op.name()),
        LogicalPlan::Copy(_) => "COPY".to_owned(),
        LogicalPlan::Statement(Statement::SetVariable(set)) if !is_free(&set.variable) => format!("SET {}", set.variable),
        LogicalPlan::Statement(Statement::ResetVariable(reset)) if !is_free(&reset.variable) => format!("RESET {}", reset.variable),
        LogicalPlan::Statement(statement @ (Statement::TransactionStart(_) | Statement::TransactionEnd(_))) => words(statement.name()),
        _ => return None,
    })
}

fn is_free(variable: &str) -> bool {
    FREE_SETTINGS.iter().any(|free| variable == *free || free.ends_with('.') && variable.starts_with(free))
}

/// `CreateExternalTable` as SQL says it.
fn words(name: &str) -> String {
    let mut text = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
        text.push(letter.to_ascii_uppercase());
    }
    text
}

/// The table that a statement makes, changes or drops.
fn changed(node: &LogicalPlan) -> Option<&TableReference> {
    match node {
        LogicalPlan::Dml(dml) => Some(&dml.table_name),
        LogicalPlan::Ddl(ddl) => match ddl {
            DdlStatement::CreateExternalTable(ddl) => Some(&ddl.name),
            DdlStatement::CreateMemoryTable(ddl) => Some(&ddl.name),
            DdlStatement::CreateView(ddl) => Some(&ddl.name),
            DdlStatement::DropTable(ddl) => Some(&ddl.name),
            DdlStatement::DropView(ddl) => Some(&ddl.name),
            _ => None,
        },
        _ => None,
    }
}

/// A session that cannot reach local files even by its own means: no file is a table, and no local store is known.
pub(super) fn without_files(context: SessionContext) -> SessionContext {
    context.state_ref().write().table_factories_mut().clear();
    let files = ObjectStoreUrl::local_filesystem();
    // It is there unless somebody removed it before.
    let _ = context.runtime_env().deregister_object_store(files.as_ref());
    context
}

/// The default schema of a read-only engine: the tables of the program that embeds it, and an error for whoever names a file.
#[derive(Debug, Default)]
pub(super) struct NoFiles(MemorySchemaProvider);

#[async_trait]
impl SchemaProvider for NoFiles {
    fn table_names(&self) -> Vec<String> {
        self.0.table_names()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        match self.0.table(name).await? {
            None if name.contains(['.', '/', '\\']) => plan_err!("'{name}' cannot be read: this engine is read-only and opens no files"),
            table => Ok(table),
        }
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        self.0.table_type(name).await
    }

    fn register_table(&self, name: String, table: Arc<dyn TableProvider>) -> Result<Option<Arc<dyn TableProvider>>> {
        self.0.register_table(name, table)
    }

    fn deregister_table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        self.0.deregister_table(name)
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.table_exist(name)
    }
}
