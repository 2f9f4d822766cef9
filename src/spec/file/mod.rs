//! The table files as they are written: one `source.yaml` and one file per table. Strict: a key that is not listed here is an error.
//!
//! These types say only what may be written; [`super::TableSpec`] is what the rest of the crate works with.

mod filter;
mod request;
mod source;
mod table;

pub use filter::{Bound, Compares, Encode, Filter, Format, ListStyle, Nulls, OpName, Values};
pub use request::{Method, Paging, PagingKind, PathIf, Request, SizeIf, SizeIfInput};
pub use source::{
    Auth, Backoff, Bucket, Burst, BurstIf, Check, Conditional, ErrorRule, FailKind, Input, InputKind, Limits, OneOrMany, SourceFile, Then,
    When,
};
pub use table::{Column, Cut, Decode, Dialect, Dir, Hydrate, Implies, Located, Lookup, Order, Parent, Scope, Side, TableFile, Unbounded};
