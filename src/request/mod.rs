//! From what SQL wants to the requests that ask for it: spec + predicate + columns + order + limit become a [`ScanPlan`], and
//! the plan becomes [`ApiRequest`]s, one chain of pages per unit.
//!
//! Owns: choosing between listing and lookups, writing predicates as parameters or in a query language (one file each), page
//! sizes, orders, parents. Pure: no network, no clock, no `DataFusion`; a plan can be printed, compared and shipped.

mod api_request;
mod graphql;
mod jql;
mod literal;
mod params;
mod parents;
mod plan;
mod render;

pub use api_request::{ApiRequest, encode_segment};
pub use parents::{Binding, Bindings, ParentPlan};
pub(crate) use plan::grid;
pub use plan::{Order, Reads, Scan, ScanPlan, Stop, plan};
pub use render::{Unit, UnitKind};

/// Why no request can be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub String);
