//! A source's tables as `DataFusion` sees them.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{ScanArgs, ScanResult, Session, TableProvider};
use datafusion::common::{DFSchema, Result};
use datafusion::datasource::TableType;
use datafusion::logical_expr::simplify::SimplifyContext;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown};
use datafusion::optimizer::simplify_expressions::ExprSimplifier;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::cast;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::exec::ApiScanExec;
use super::{express, leaf, translate};
use crate::decode;
use crate::engine::Options;
use crate::http::Client;
use crate::predicate::Predicate;
use crate::request::Reads;
use crate::spec::{Origin, SourceSpec, TableSpec};

/// A configured source: what it is, and the client that speaks to it.
#[derive(Debug)]
pub struct SourceHandle {
    /// The schema under which its tables appear.
    pub name: String,
    /// What it is.
    pub spec: Arc<SourceSpec>,
    /// What speaks to it.
    pub client: Arc<Client>,
    /// What is configured, secrets left out.
    pub inputs: Arc<BTreeMap<String, Vec<String>>>,
    /// Its tables.
    pub tables: BTreeMap<String, Arc<TableHandle>>,
    /// For tables with a parent: which parents have children.
    pub parent_filters: BTreeMap<String, Predicate>,
    /// For tables with a parent that says so: which parents are listed if the query names none.
    pub parent_defaults: BTreeMap<String, Predicate>,
    /// What is read of its tables beside what is wanted.
    pub reads: BTreeMap<String, Reads>,
    /// For tables that need a restriction: which of the listed values count.
    pub restrictions: BTreeMap<String, Arc<dyn PhysicalExpr>>,
}

impl SourceHandle {
    /// Prepares the tables of a source.
    ///
    /// # Errors
    /// If SQL in a table file can't be read.
    pub fn new(
        name: &str,
        spec: Arc<SourceSpec>,
        client: Arc<Client>,
        inputs: BTreeMap<String, Vec<String>>,
        context: &SessionContext,
    ) -> Result<Self> {
        let mut tables = BTreeMap::new();
        for (table, spec) in &spec.tables {
            tables.insert(table.clone(), Arc::new(TableHandle::new(spec, context)?));
        }
        let (mut parent_filters, mut parent_defaults) = (BTreeMap::new(), BTreeMap::new());
        for table in spec.tables.values() {
            let Some(parent) = &table.parent else { continue };
            let Some(handle) = tables.get(&parent.table) else { continue };
            for (sql, conditions) in [(&parent.filter, &mut parent_filters), (&parent.default, &mut parent_defaults)] {
                if let Some(sql) = sql {
                    let condition = expression(sql, &handle.schema, context)?;
                    conditions.insert(table.name.clone(), translate::predicate(&condition, &handle.spec));
                }
            }
        }
        let mut restrictions = BTreeMap::new();
        for table in spec.tables.values() {
            if let Some(from) = &table.unbounded
                && let Some(sql) = &from.where_
                && let Some(handle) = tables.get(&from.table)
            {
                restrictions.insert(table.name.clone(), expression(sql, &handle.schema, context)?);
            }
        }
        let reads = tables.iter().map(|(name, table)| (name.clone(), table.reads.clone())).collect();
        let (name, inputs) = (name.to_owned(), Arc::new(inputs));
        Ok(Self { name, spec, client, inputs, tables, parent_filters, parent_defaults, reads, restrictions })
    }
}

/// A table with its Arrow schema and compiled row logic.
#[derive(Debug)]
pub struct TableHandle {
    /// What it is.
    pub spec: Arc<TableSpec>,
    /// All columns, hidden ones too.
    pub schema: SchemaRef,
    /// Which rows belong to the table.
    pub keep: Option<Arc<dyn PhysicalExpr>>,
    /// Columns that follow from others.
    pub computed: BTreeMap<usize, Arc<dyn PhysicalExpr>>,
    /// What is read beside what is wanted.
    pub reads: Reads,
}

impl TableHandle {
    fn new(spec: &Arc<TableSpec>, context: &SessionContext) -> Result<Self> {
        let schema = schema_of(spec);
        let keep = spec.keep.as_ref().map(|sql| expression(sql, &schema, context)).transpose()?;
        let mut computed = BTreeMap::new();
        for (position, column) in spec.columns.iter().enumerate() {
            if let Origin::Sql(sql) = &column.origin {
                let expr = expression(sql, &schema, context)?;
                computed.insert(position, cast(expr, &schema, schema.field(position).data_type().clone())?);
            }
        }
        let mut reads = Reads { always: keep.iter().flat_map(express::columns_of).collect(), of: BTreeMap::new() };
        reads.of.extend(computed.iter().map(|(column, expr)| (*column, express::columns_of(expr))));
        for (position, column) in spec.columns.iter().enumerate() {
            if let Some(hydrate) = column.hydrate {
                let asked_by = spec.hydrates[hydrate].request.row_columns();
                reads.of.insert(position, asked_by.filter_map(|name| spec.column(name)).collect());
            }
        }
        Ok(Self { spec: Arc::clone(spec), schema, keep, computed, reads })
    }
}

/// All columns of a table, hidden ones too.
pub(super) fn schema_of(spec: &TableSpec) -> SchemaRef {
    let fields = spec.columns.iter().map(|column| {
        let field = Field::new(&column.name, decode::arrow_type(column.kind), true);
        if column.description.is_empty() {
            field
        } else {
            field.with_metadata([("description".to_owned(), column.description.clone())].into())
        }
    });
    Arc::new(Schema::new(fields.collect::<Vec<_>>()))
}

/// SQL of a table file, ready to be evaluated over rows of this schema.
pub(super) fn expression(sql: &str, schema: &SchemaRef, context: &SessionContext) -> Result<Arc<dyn PhysicalExpr>> {
    let schema = DFSchema::try_from(Arc::clone(schema))?;
    let expr = context.parse_sql_expr(sql, &schema)?;
    // Some functions (coalesce) exist only until they are simplified into others.
    let simplifier = ExprSimplifier::new(SimplifyContext::builder().with_schema(Arc::new(schema.clone())).build());
    let expr = simplifier.simplify(simplifier.coerce(expr, &schema)?)?;
    context.create_physical_expr(expr, &schema)
}

/// A table of a configured source.
#[derive(Debug)]
pub struct ApiTable {
    source: Arc<SourceHandle>,
    table: Arc<TableHandle>,
}

impl ApiTable {
    /// The table of that name, if the source has it.
    pub fn new(source: &Arc<SourceHandle>, table: &str) -> Option<Self> {
        let table = Arc::clone(source.tables.get(table)?);
        Some(Self { source: Arc::clone(source), table })
    }
}

#[async_trait]
impl TableProvider for ApiTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
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

    /// Plans only: no call is made here. Filters come again in the physical phase, typed and coerced; that is where they are taken.
    async fn scan_with_args<'a>(&self, state: &dyn Session, args: ScanArgs<'a>) -> Result<ScanResult> {
        let options = Options::of(state.config_options());
        let all: Vec<usize> = (0..self.table.schema.fields().len()).collect();
        let output = args.projection().map_or(all, <[usize]>::to_vec);
        let exec = ApiScanExec::new(Arc::clone(&self.source), Arc::clone(&self.table), output, options.pushdown)?;
        let exec = exec.with_cache_ttl(options.cache_ttl.duration().unwrap_or_else(|| self.source.client.cache_ttl()));
        Ok(leaf::limited(Arc::new(exec), &args))
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(leaf::inexact(filters))
    }
}
