//! The command line of Sqluice.

use std::process::ExitCode;

/// Bodies of pages come and go by the megabyte on several threads; the system's allocator gives them back and fetches them anew.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    sqluice::cli::main()
}
