//! Integration tests: SQL against emulators on loopback. One binary, one module per promise.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod accounts;
mod cache;
mod check;
mod cli;
mod common;
mod differential;
mod embed;
mod export;
mod faults;
mod guide;
mod joins;
mod lazy;
mod limits;
mod linear;
mod lists;
mod live;
mod native;
mod own;
mod plans;
mod propose;
mod random_sql;
mod refusals;
#[cfg(unix)]
mod repl;
mod schema;
#[cfg(unix)]
mod screen;
#[cfg(unix)]
mod scripts;
mod secrets;
mod slack;
mod stores;
mod tables;
#[cfg(unix)]
mod terminal;
mod thread;
mod towns;
mod truth;
