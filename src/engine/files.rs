//! Files and directories as tables: `SELECT … FROM 's3://bucket/folder/'`.
//!
//! As `DataFusion`'s own, but for three things: what a directory holds besides data (`_SUCCESS`, hidden files) does not decide its
//! format, a directory's name can stand for NULL, and a store that refuses is an error that says so, not a table that is not there.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, Weak};

use arrow::datatypes::FieldRef;
use async_trait::async_trait;
use datafusion::catalog::{DynamicFileCatalog, TableProvider, UrlTableFactory};
use datafusion::common::{Column, DataFusionError, Result, ScalarValue};
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::{ViewTable, provider_as_source};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, lit, when};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use parking_lot::RwLock;

use super::export::NULL_PARTITION;

/// The same session, in which files are tables.
pub(super) fn enable(context: SessionContext) -> SessionContext {
    let catalogs = Arc::clone(context.state_ref().read().catalog_list());
    let files = Arc::new(Files::default());
    let catalogs = Arc::new(DynamicFileCatalog::new(catalogs, Arc::clone(&files) as _));
    let id = context.session_id();
    let context: SessionContext = context.into_state_builder().with_session_id(id).with_catalog_list(catalogs).build().into();
    // Just made, so that it is not set.
    let _ = files.session.set(context.state_weak_ref());
    context
}

#[derive(Debug, Default)]
struct Files {
    session: OnceLock<Weak<RwLock<SessionState>>>,
}

#[async_trait]
impl UrlTableFactory for Files {
    async fn try_new(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>> {
        let Ok(url) = ListingTableUrl::parse(name) else { return Ok(None) };
        let Some(session) = self.session.get().and_then(Weak::upgrade) else { return Ok(None) };
        let state = session.read().clone();
        match open(&state, url).await {
            Ok(Some(table)) => Ok(Some(table)),
            // A name that could be a table's is first of all that.
            Err(_) if !name.contains('/') && !name.contains('.') => Ok(None),
            Err(error) => Err(DataFusionError::Plan(format!("{name} cannot be read: {}", error.strip_backtrace()))),
            Ok(None) if name.contains("://") || name.ends_with('/') => Err(DataFusionError::Plan(format!("{name}: there are no files"))),
            Ok(None) => Ok(None),
        }
    }
}

async fn open(state: &SessionState, url: ListingTableUrl) -> Result<Option<Arc<dyn TableProvider>>> {
    let store = state.runtime_env().object_store(&url)?;
    // A file that is named itself is meant, whatever it is called.
    let named = !url.is_collection();
    let is_data = |path: &object_store::path::Path| named || path.filename().is_some_and(|name| !name.starts_with(['_', '.']));
    let found = {
        let mut files = url.list_all_files(state, store.as_ref(), "").await?.try_filter(|file| std::future::ready(is_data(&file.location)));
        match files.try_next().await {
            Ok(found) => found,
            Err(DataFusionError::ObjectStore(error)) if matches!(*error, object_store::Error::NotFound { .. }) => None,
            Err(error) => return Err(error),
        }
    };
    let Some(file) = found else { return Ok(None) };
    let (ending, compression) = ListingTableConfig::infer_file_extension_and_compression_type(file.location.as_ref())?;
    let Some(format) = state.get_file_format_factory(&ending) else {
        return datafusion::common::plan_err!("the ending of {} names no format that can be read", file.location);
    };
    let options: HashMap<String, String> =
        compression.iter().map(|compression| ("format.compression".to_owned(), compression.clone())).collect();
    let ending = compression.map_or_else(|| ending.clone(), |compression| format!("{ending}.{compression}"));
    let listing = ListingOptions::new(format.create(state, &options)?).with_file_extension(ending);
    let config = ListingTableConfig::new(url).with_listing_options(listing);
    let config = config.infer_partitions_from_path(state).await?.infer_schema(state).await?;
    with_nulls(ListingTable::try_new(config)?).map(Some)
}

/// The same table, in which a directory that is named for NULL is NULL.
fn with_nulls(table: ListingTable) -> Result<Arc<dyn TableProvider>> {
    let partitions: Vec<String> = table.options().table_partition_cols.iter().map(|(name, _)| name.clone()).collect();
    let schema = table.schema();
    let table: Arc<dyn TableProvider> = Arc::new(table);
    if partitions.is_empty() {
        return Ok(table);
    }
    let expression = |field: &FieldRef| -> Result<Expr> {
        let column = Expr::Column(Column::from_name(field.name()));
        if !partitions.contains(field.name()) {
            return Ok(column);
        }
        let null = lit(ScalarValue::try_from(field.data_type())?);
        Ok(when(column.clone().eq(lit(NULL_PARTITION)), null).otherwise(column)?.alias(field.name()))
    };
    let expressions = schema.fields().iter().map(expression).collect::<Result<Vec<_>>>()?;
    let plan = LogicalPlanBuilder::scan("files", provider_as_source(table), None)?.project(expressions)?.build()?;
    Ok(Arc::new(ViewTable::new(plan, None)))
}
