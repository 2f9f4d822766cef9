//! `COPY … TO`: a query's rows as files, on local disk or in an object store.
//!
//! Owns what is written and when it is seen: the formats, the layout of directories, the bound on memory, and that nothing appears
//! before the input ended complete. Must not know sources nor how rows are found.
//!
//! Statements, file types and options are `DataFusion`'s. Its sinks are not used: they finish a file whatever became of its
//! input, and take a row group's memory from its rows, not its bytes.
//!
//! ```text
//! COPY ─▶ node (plan) ─▶ exec ─▶ job: rows ─▶ partitions ─▶ encode ─▶ upload ─▶ commit
//! ```

mod encode;
mod exec;
mod job;
mod node;
mod partition;
mod statement;
mod upload;

pub use exec::ExportExec;
pub(super) use node::{ExportPlanner, ExportRule};
pub(super) use partition::NULL as NULL_PARTITION;
pub(super) use statement::prepare;
pub use upload::settled;
