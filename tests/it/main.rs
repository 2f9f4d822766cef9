//! Integration tests: SQL against emulators on loopback. One binary, one module per promise.

mod common;
mod differential;
mod faults;
mod lazy;
mod plans;
mod random_sql;
mod thread;
mod truth;
