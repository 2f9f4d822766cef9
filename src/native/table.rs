//! A native source as `DataFusion` sees it.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::catalog::{ScanArgs, ScanResult, SchemaProvider, Session, TableProvider};
use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::TableType;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::physical_plan::ExecutionPlan;

use super::exec::NativeScanExec;
use super::{NativeSource, NativeTable};
use crate::engine::Options;
use crate::predicate::Grid;
use crate::scan::{leaf, translate};
use crate::spec::ColumnType;

/// The schema of a native source.
#[derive(Debug)]
pub(crate) struct NativeSchema {
    name: String,
    tables: BTreeMap<String, Arc<Handle>>,
}

impl NativeSchema {
    /// # Errors
    /// If two tables have the same name.
    pub(crate) fn new(name: &str, source: &Arc<dyn NativeSource>) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for table in source.tables() {
            let columns = table.schema.fields().iter().map(|field| meaning(field.data_type())).collect();
            let called = table.name.clone();
            let handle = Handle { schema: name.to_owned(), source: Arc::clone(source), table, columns };
            if tables.insert(called.clone(), Arc::new(handle)).is_some() {
                return Err(DataFusionError::Configuration(format!("source {name} has two tables named {called}")));
            }
        }
        Ok(Self { name: name.to_owned(), tables })
    }
}

/// A table, its source, and what its columns are to a predicate.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) schema: String,
    pub(super) source: Arc<dyn NativeSource>,
    pub(super) table: NativeTable,
    pub(super) columns: Vec<(ColumnType, Grid)>,
}

impl Handle {
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.schema, self.table.name)
    }
}

/// What a type's values are to a predicate. What no predicate speaks of is JSON: nothing is asked for it.
fn meaning(of: &DataType) -> (ColumnType, Grid) {
    match of {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => (ColumnType::Text, Grid::Dense),
        DataType::Int8 | DataType::Int16 | DataType::Int32 | DataType::UInt8 | DataType::UInt16 => (ColumnType::Int32, Grid::Int),
        DataType::Int64 | DataType::UInt32 => (ColumnType::Int64, Grid::Int),
        DataType::Float32 | DataType::Float64 => (ColumnType::Float64, Grid::Dense),
        DataType::Boolean => (ColumnType::Bool, Grid::Dense),
        DataType::Date32 => (ColumnType::Date, Grid::Date),
        // In another zone a day is another one; without a zone, what a comparison means depends on the session's.
        DataType::Timestamp(unit, Some(zone)) if translate::is_utc(zone) => match unit {
            TimeUnit::Second => (ColumnType::Timestamp, Grid::Time(1_000_000)),
            TimeUnit::Millisecond => (ColumnType::Timestamp, Grid::Time(1_000)),
            TimeUnit::Microsecond => (ColumnType::Timestamp, Grid::Time(1)),
            TimeUnit::Nanosecond => (ColumnType::Json, Grid::Dense),
        },
        DataType::List(item) if matches!(item.data_type(), DataType::Utf8 | DataType::Utf8View) => (ColumnType::TextList, Grid::Dense),
        _ => (ColumnType::Json, Grid::Dense),
    }
}

#[async_trait]
impl SchemaProvider for NativeSchema {
    fn table_names(&self) -> Vec<String> {
        self.tables.keys().cloned().collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(handle) = self.tables.get(name) {
            return Ok(Some(Arc::new(NativeTableProvider(Arc::clone(handle)))));
        }
        let known = self.tables.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        datafusion::common::plan_err!("there is no table {name} in source {}; its tables are: {known}", self.name)
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>> {
        Ok(self.tables.contains_key(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        self.tables.contains_key(name)
    }
}

/// A table of a native source.
#[derive(Debug)]
struct NativeTableProvider(Arc<Handle>);

#[async_trait]
impl TableProvider for NativeTableProvider {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.0.table.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let args = ScanArgs::default().with_projection(projection.map(Vec::as_slice)).with_filters(Some(filters)).with_limit(limit);
        Ok(self.scan_with_args(state, args).await?.into_inner())
    }

    /// Plans only. Filters come again in the physical phase, typed and coerced; that is where they are taken.
    async fn scan_with_args<'a>(&self, state: &dyn Session, args: ScanArgs<'a>) -> Result<ScanResult> {
        let all = || (0..self.0.table.schema.fields().len()).collect();
        let output = args.projection().map_or_else(all, <[usize]>::to_vec);
        let pushdown = Options::of(state.config_options()).pushdown;
        Ok(leaf::limited(Arc::new(NativeScanExec::new(Arc::clone(&self.0), output, pushdown)?), &args))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(leaf::inexact(filters))
    }
}
