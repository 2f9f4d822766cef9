//! Integration tests: SQL against emulators on loopback. One binary, one module per promise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cli;
mod common;
mod differential;
mod faults;
mod lazy;
mod own;
mod plans;
mod random_sql;
mod schema;
mod tables;
mod thread;
mod truth;
