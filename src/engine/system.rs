//! System tables: what sources, tables and columns there are, and which calls were made. Read from memory; no call is made.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use datafusion::arrow::array::{ArrayRef, BooleanArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, Session, TableProvider};
use datafusion::common::Result;
use datafusion::datasource::TableType;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::logical_expr::Expr;
use datafusion::physical_plan::ExecutionPlan;

use crate::http::RequestLog;
use crate::scan::{SourceHandle, TableHandle};
use crate::spec::{Bound, ColumnType, Compares, FilterSpec, Nulls, OpName, TableSpec};

type Sources = Arc<BTreeMap<String, Arc<SourceHandle>>>;

pub(super) fn schema(sources: &Sources, log: &Arc<RequestLog>) -> Result<MemorySchemaProvider> {
    let schema = MemorySchemaProvider::new();
    let add = |name: &str, rows: Rows| schema.register_table(name.to_owned(), Arc::new(SystemTable::new(rows)?));
    let of = Arc::clone(sources);
    add("sources", Box::new(move || source_rows(&of)))?;
    let of = Arc::clone(sources);
    add("tables", Box::new(move || table_rows(&of)))?;
    let of = Arc::clone(sources);
    add("columns", Box::new(move || column_rows(&of)))?;
    let of = Arc::clone(log);
    add("requests", Box::new(move || request_rows(&of)))?;
    Ok(schema)
}

type Rows = Box<dyn Fn() -> Result<RecordBatch> + Send + Sync>;

/// A table whose rows are made when it is read.
struct SystemTable {
    schema: SchemaRef,
    rows: Rows,
}

impl SystemTable {
    fn new(rows: Rows) -> Result<Self> {
        Ok(Self { schema: rows()?.schema(), rows })
    }
}

impl fmt::Debug for SystemTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SystemTable")
    }
}

#[async_trait]
impl TableProvider for SystemTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::View
    }

    async fn scan(&self, _: &dyn Session, projection: Option<&Vec<usize>>, _: &[Expr], _: Option<usize>) -> Result<Arc<dyn ExecutionPlan>> {
        let exec = MemorySourceConfig::try_new_exec(&[vec![(self.rows)()?]], Arc::clone(&self.schema), projection.cloned())?;
        Ok(exec)
    }
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn owned(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

fn source_rows(sources: &Sources) -> Result<RecordBatch> {
    let all = || sources.values();
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source", texts(all().map(|source| Some(source.name.as_str()))), false),
        ("type", texts(all().map(|source| Some(source.spec.name.as_str()))), false),
        ("description", texts(all().map(|source| Some(source.spec.description.as_str()))), false),
        ("base_url", owned(all().map(|source| Some(source.client.redact(source.client.base_url().as_str())))), false),
        ("tables", Arc::new(all().map(|source| i64::try_from(source.tables.len()).ok()).collect::<Int64Array>()), false),
    ])?)
}

fn tables(sources: &Sources) -> impl Iterator<Item = (&Arc<SourceHandle>, &Arc<TableHandle>)> {
    sources.values().flat_map(|source| source.tables.values().map(move |table| (source, table)))
}

fn table_rows(sources: &Sources) -> Result<RecordBatch> {
    let key = |table: &TableSpec| table.key.iter().map(|column| table.columns[*column].name.as_str()).collect::<Vec<_>>().join(", ");
    let required = |table: &TableSpec| {
        let parent = table.parent.as_ref()?;
        let columns: Vec<&str> = parent.bind.iter().map(|(column, _)| table.columns[*column].name.as_str()).collect();
        Some(columns.join(", "))
    };
    let order = |table: &TableSpec| {
        let keys: Vec<&str> = table.orders.iter().map(|order| table.columns[order.column].name.as_str()).collect();
        (!keys.is_empty()).then(|| keys.join(", "))
    };
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source", texts(tables(sources).map(|(source, _)| Some(source.name.as_str()))), false),
        ("table", texts(tables(sources).map(|(_, table)| Some(table.spec.name.as_str()))), false),
        ("description", texts(tables(sources).map(|(_, table)| Some(table.spec.description.as_str()))), false),
        ("key", owned(tables(sources).map(|(_, table)| Some(key(&table.spec)))), false),
        ("parent", texts(tables(sources).map(|(_, table)| table.spec.parent.as_ref().map(|parent| parent.table.as_str()))), true),
        ("parent_columns", owned(tables(sources).map(|(_, table)| required(&table.spec))), true),
        ("order_pushed", owned(tables(sources).map(|(_, table)| order(&table.spec))), true),
    ])?)
}

fn column_rows(sources: &Sources) -> Result<RecordBatch> {
    let all = || tables(sources).flat_map(|(source, table)| (0..table.spec.columns.len()).map(move |column| (source, &table.spec, column)));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("source", texts(all().map(|(source, ..)| Some(source.name.as_str()))), false),
        ("table", texts(all().map(|(_, table, _)| Some(table.name.as_str()))), false),
        ("column", texts(all().map(|(_, table, column)| Some(table.columns[column].name.as_str()))), false),
        ("type", texts(all().map(|(_, table, column)| Some(type_name(table.columns[column].kind)))), false),
        ("description", texts(all().map(|(_, table, column)| Some(table.columns[column].description.as_str()))), false),
        ("hidden", Arc::new(all().map(|(_, table, column)| Some(table.columns[column].hidden)).collect::<BooleanArray>()), false),
        ("pushed", owned(all().map(|(_, table, column)| pushed(table, column))), true),
        ("note", owned(all().map(|(_, table, column)| note(table, column))), true),
    ])?)
}

fn type_name(kind: ColumnType) -> &'static str {
    match kind {
        ColumnType::Text => "string",
        ColumnType::Int32 => "int32",
        ColumnType::Int64 => "int64",
        ColumnType::Float64 => "float64",
        ColumnType::Bool => "bool",
        ColumnType::Timestamp => "timestamp",
        ColumnType::Date => "date",
        ColumnType::TextList => "list<string>",
        ColumnType::Json => "json",
    }
}

/// Which operators go to the API, and how exactly it answers them.
fn pushed(table: &TableSpec, column: usize) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    for filter in table.filters.iter().filter(|filter| filter.column == column) {
        if filter.pass_through {
            parts.push("= (handed through)".to_owned());
            continue;
        }
        for exact in [true, false] {
            let ops: Vec<&str> = filter.ops.iter().filter(|op| is_exact(table, filter, **op) == exact).map(|op| op.sql()).collect();
            if !ops.is_empty() {
                parts.push(format!("{} ({})", ops.join(" "), if exact { "exact" } else { "superset" }));
            }
        }
    }
    if table.lookups.iter().any(|lookup| lookup.columns.contains(&column)) {
        parts.push("= IN (lookup)".to_owned());
    }
    if table.parent.as_ref().is_some_and(|parent| parent.bind.iter().any(|(bound, _)| *bound == column)) {
        parts.push("= IN (parent)".to_owned());
    }
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// Whether the declared facts make an operator exact for every literal on the column's grid.
fn is_exact(table: &TableSpec, filter: &FilterSpec, op: OpName) -> bool {
    let plain = !filter.superset && !filter.stop;
    match op {
        OpName::IsNull | OpName::IsNotNull => plain,
        OpName::Ne | OpName::NotIn => plain && filter.compares == Compares::Sql && filter.nulls == Nulls::Sql,
        OpName::Gt | OpName::Ge | OpName::Lt | OpName::Le => {
            let known = filter.param.is_none() || filter.bound != Bound::Unknown;
            plain && known && filter.granularity <= table.columns[filter.column].resolution
        }
        OpName::Eq | OpName::In | OpName::HasElement => plain && filter.compares == Compares::Sql,
    }
}

fn note(table: &TableSpec, column: usize) -> Option<String> {
    let mut notes: Vec<String> = Vec::new();
    for filter in table.filters.iter().filter(|filter| filter.column == column) {
        if filter.pass_through {
            notes.push("the text has no meaning here: SET sqluice.pushdown = false sends it all the same".to_owned());
        }
        if filter.granularity > table.columns[column].resolution {
            notes.push(format!("the API compares in steps of {} s", filter.granularity / 1_000_000));
        }
        if filter.stop {
            notes.push("read in this column's order, up to the first row past the bound".to_owned());
        }
    }
    if let Some(parent) = table.parent.as_ref().filter(|parent| parent.bind.iter().any(|(bound, _)| *bound == column)) {
        notes.push("a literal that names a parent that does not exist is an error".to_owned());
        if parent.default.is_none() {
            notes.push("a join that names one which no list shows finds its rows".to_owned());
        }
    }
    (!notes.is_empty()).then(|| notes.join("; "))
}

fn request_rows(log: &RequestLog) -> Result<RecordBatch> {
    let calls = log.calls();
    let int = |value: u64| i64::try_from(value).ok();
    let started =
        calls.iter().map(|call| call.started.duration_since(UNIX_EPOCH).ok().and_then(|since| i64::try_from(since.as_micros()).ok()));
    Ok(RecordBatch::try_from_iter_with_nullable([
        ("started", Arc::new(started.collect::<TimestampMicrosecondArray>().with_timezone("UTC")) as ArrayRef, true),
        ("source", texts(calls.iter().map(|call| Some(call.source.as_str()))), false),
        ("table", texts(calls.iter().map(|call| Some(call.table.as_str()))), false),
        ("method", texts(calls.iter().map(|call| Some(call.method))), false),
        ("url", texts(calls.iter().map(|call| Some(call.url.as_str()))), false),
        ("status", Arc::new(calls.iter().map(|call| (call.status > 0).then_some(i64::from(call.status))).collect::<Int64Array>()), true),
        ("duration_ms", Arc::new(calls.iter().map(|call| int(call.duration_ms)).collect::<Int64Array>()), true),
        ("bytes", Arc::new(calls.iter().map(|call| int(call.bytes)).collect::<Int64Array>()), true),
        ("rows", Arc::new(calls.iter().map(|call| call.rows.and_then(int)).collect::<Int64Array>()), true),
        ("attempt", Arc::new(calls.iter().map(|call| Some(i64::from(call.attempt))).collect::<Int64Array>()), false),
        ("error", texts(calls.iter().map(|call| call.error.as_deref())), true),
    ])?)
}
