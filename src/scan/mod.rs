//! Tables for `DataFusion`: filters, order and limit come in, record batches go out, page by page.
//!
//! Owns [`ApiTable`] (the `TableProvider`), `ApiScanExec` (the only plan node of ours), the translation of physical
//! expressions into predicates, the optimizer rules for joins, and the driver that turns units of work into pages. Must not know how a request is written,
//! how a credential travels, or what is printed.
//!
//! ```text
//! scan()                      ApiScanExec over all columns, nothing asked yet
//!   │ projection pushdown     fewer columns
//!   │ FilterPushdown (Pre)    conjuncts are absorbed: asked where the API can, rechecked here always
//!   │ LimitPushdown           with_fetch
//!   │ PushdownSort            the API's order, where it is SQL's
//!   │ FilterPushdown (Post)   the keys that a join will supply
//!   ▼
//! execute()                   units ─▶ pages ─▶ recheck ─▶ batches
//! ```

mod cached;
mod call;
mod check;
mod driver;
mod exec;
pub(crate) mod express;
mod job;
mod join;
pub(crate) mod leaf;
mod page;
mod table;
pub(crate) mod translate;
mod unit;

pub use check::{SqlProblem, sql_problems};
pub use exec::ApiScanExec;
pub(crate) use join::with_join_rules;
pub use table::{ApiTable, SourceHandle, TableHandle};
