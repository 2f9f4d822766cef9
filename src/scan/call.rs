//! One call of a scan, and whose error it is.

use bytes::Bytes;
use datafusion::common::{DataFusionError, Result};

use super::job::ScanJob;
use super::unit::Chain;
use crate::http::{ApiError, CallContext, ErrorKind, Listing, OnHead, Reply};
use crate::request::{ApiRequest, Unit};

pub(super) async fn call(
    job: &ScanJob,
    unit: &Unit,
    request: &ApiRequest,
    listing: Option<&Listing>,
    on_head: Option<&OnHead>,
) -> Result<Reply, ApiError> {
    let table = &job.table.spec;
    let context = CallContext {
        table: &table.name,
        errors: &table.errors,
        filtered: unit.kind.filtered,
        keyed: unit.kind.keyed,
        parent: unit.kind.parent,
        on_head,
        known: None,
        stats: &job.run.stats,
    };
    match listing {
        Some(listing) => job.source.client.send_within(listing, request, &context).await,
        None => job.source.client.send(request, &context).await,
    }
}

/// A row's detail; none where a rule says that there is none.
pub(super) async fn call_detail(job: &ScanJob, hydrate: usize, request: &ApiRequest) -> Result<Option<Bytes>> {
    let table = &job.table.spec;
    let errors = &table.hydrates[hydrate].errors;
    let context = CallContext { keyed: true, ..CallContext::new(&table.name, errors, &job.run.stats) };
    let client = &job.source.client;
    let listing = job.listing(request);
    let reply = match &listing {
        Some(listing) => client.send_within(listing, request, &context).await,
        None => client.send(request, &context).await,
    };
    match reply.map_err(external)? {
        Reply::Page(answer) => {
            if let Some(listing) = &listing {
                client.keep(listing, false);
            }
            Ok(Some(answer.body))
        }
        Reply::Empty { .. } => Ok(None),
        Reply::Relax { error } | Reply::Split { error } => Err(external(error)),
    }
}

pub(super) fn external(error: ApiError) -> DataFusionError {
    DataFusionError::External(Box::new(error))
}

/// Names source, table and request in an error that only knew the page.
pub(super) fn place_error(error: DataFusionError, job: &ScanJob, chain: &Chain) -> DataFusionError {
    name_table(error, job, chain.unit.request.to_string())
}

pub(super) fn name_table(error: DataFusionError, job: &ScanJob, request: String) -> DataFusionError {
    match error {
        DataFusionError::External(inner) => match inner.downcast::<ApiError>() {
            Ok(error) if matches!(error.kind, ErrorKind::Decode | ErrorKind::Truncated) => {
                let table = &job.table.spec;
                // A value that did not fit is quoted, and may be what the API was entered with.
                let said = job.source.client.redact(&error.said);
                let placed = ApiError::new(error.kind, &job.source.name, &table.name, said);
                external(placed.request(request).advice(error.advice.clone()))
            }
            Ok(error) => DataFusionError::External(error),
            Err(inner) => DataFusionError::External(inner),
        },
        other => other,
    }
}
