//! SaaS APIs as SQL tables, on Apache DataFusion.
//!
//! A `SELECT` becomes the fewest calls of an API that answer it, read page by page into Arrow record batches.

#[cfg(feature = "cli")]
pub mod cli;
pub mod decode;
#[cfg(feature = "demo")]
pub mod demo;
pub mod engine;
pub mod http;
pub mod predicate;
pub mod request;
pub mod scan;
pub mod spec;

pub use engine::{Config, Engine, EngineBuilder, Query};
