//! Tables for `DataFusion`: filters, order and limit come in, record batches go out, page by page.
//!
//! Owns [`ApiTable`] (the `TableProvider`), `ApiScanExec` (the only plan node of ours), the translation of physical
//! expressions into predicates, and the driver that turns units of work into pages. Must not know how a request is written,
//! how a credential travels, or what is printed.
//!
//! ```text
//! scan()                      ApiScanExec over all columns, nothing asked yet
//!   │ projection pushdown     fewer columns
//!   │ FilterPushdown (Pre)    conjuncts are absorbed: asked where the API can, rechecked here always
//!   │ LimitPushdown           with_fetch
//!   │ PushdownSort            the API's order, where it is SQL's
//!   ▼
//! execute()                   units ─▶ pages ─▶ recheck ─▶ batches
//! ```

mod driver;
mod exec;
mod express;
mod page;
mod table;
mod translate;
mod unit;

pub use exec::ApiScanExec;
pub use table::{ApiTable, SourceHandle, TableHandle};
