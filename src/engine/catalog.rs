//! The catalog: one schema per source.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, MemoryCatalogProvider, MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::{DataFusionError, Diagnostic, Result};
use datafusion::datasource::TableType;
use datafusion::prelude::SessionContext;

use super::access::NoFiles;
use super::{CATALOG, Engine, system};
use crate::http::RequestLog;
use crate::scan::{ApiTable, SourceHandle};
use crate::spec::SourceSpec;

/// The schema of the system tables.
pub(super) const SYSTEM: &str = "sqluice";

pub(super) fn register(
    context: &SessionContext,
    sources: &Arc<BTreeMap<String, Arc<SourceHandle>>>,
    specs: &BTreeMap<String, SourceSpec>,
    log: &Arc<RequestLog>,
    read_only: bool,
) -> Result<Arc<dyn CatalogProvider>> {
    let catalog = MemoryCatalogProvider::new();
    let public: Arc<dyn SchemaProvider> = if read_only { Arc::new(NoFiles::default()) } else { Arc::new(MemorySchemaProvider::new()) };
    catalog.register_schema("public", public)?;
    catalog.register_schema(SYSTEM, Arc::new(system::schema(sources, log)?))?;
    for (name, source) in sources.as_ref() {
        catalog.register_schema(name, Arc::new(SourceSchema(Arc::clone(source))))?;
    }
    for (name, spec) in specs {
        if !sources.contains_key(name) {
            catalog.register_schema(name, Arc::new(Unconfigured { name: name.clone(), advice: advice(name, spec) }))?;
        }
    }
    let catalog: Arc<dyn CatalogProvider> = Arc::new(catalog);
    context.register_catalog(CATALOG, Arc::clone(&catalog));
    Ok(catalog)
}

/// Adds what `DataFusion` says of any table that is not there, so that its place in the SQL can be found.
fn not_found(error: DataFusionError, schema: &str, table: &str) -> DataFusionError {
    error.with_diagnostic(Diagnostic::new_error(format!("table '{schema}.{table}' not found"), None))
}

impl Engine {
    /// Whether something is known under a schema's name: a source that is not configured leaves its name to others.
    pub(super) fn is_taken(&self, schema: &str) -> bool {
        self.catalog.schema(schema).is_some_and(|known| !known.is::<Unconfigured>())
    }
}

/// How to configure a source.
fn advice(name: &str, spec: &SourceSpec) -> String {
    let mut lines = vec![format!("the source {name} is not configured; put this into sqluice.toml:"), format!("  [sources.{name}]")];
    for (input, declared) in &spec.inputs {
        let secret = declared.kind == crate::spec::InputKind::Secret;
        if declared.required || secret {
            let value = match (&declared.env, secret) {
                (Some(variable), _) => format!("{{ env = \"{variable}\" }}"),
                (None, true) => "{ file = \"…\" }".to_owned(),
                (None, false) => format!("\"{}\"", declared.hint),
            };
            let note = if declared.required { "" } else { "   # unless there is another way to sign in" };
            lines.push(format!("  {input} = {value}{note}"));
        }
    }
    lines.push("or try it without an account: sqluice --demo".to_owned());
    lines.join("\n")
}

/// The tables of a source.
#[derive(Debug)]
struct SourceSchema(Arc<SourceHandle>);

#[async_trait]
impl SchemaProvider for SourceSchema {
    fn table_names(&self) -> Vec<String> {
        self.0.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(table) = ApiTable::new(&self.0, name) {
            return Ok(Some(Arc::new(table)));
        }
        let known = self.0.tables.keys().map(String::as_str);
        let hint = match crate::spec::nearest(name, known.clone()) {
            Some(near) => format!("did you mean {}.{near}?", self.0.name),
            None => format!("its tables are: {}", known.collect::<Vec<_>>().join(", ")),
        };
        let error = DataFusionError::Plan(format!("there is no table {name} in source {}; {hint}", self.0.name));
        Err(not_found(error, &self.0.name, name))
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.0.tables.contains_key(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.0.tables.contains_key(name)
    }
}

/// A source that is known but not configured: empty, and an error that says how to change that.
#[derive(Debug)]
struct Unconfigured {
    name: String,
    advice: String,
}

#[async_trait]
impl SchemaProvider for Unconfigured {
    fn table_names(&self) -> Vec<String> {
        Vec::new()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        Err(not_found(DataFusionError::Plan(self.advice.clone()), &self.name, name))
    }

    fn table_exist(&self, _name: &str) -> bool {
        false
    }
}
