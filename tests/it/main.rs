//! Integration tests: SQL against emulators on loopback. One binary, one module per promise.

mod common;
mod lazy;
mod plans;
mod thread;
