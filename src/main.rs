//! The command line of Sqluice.

use std::process::ExitCode;

fn main() -> ExitCode {
    sqluice::cli::main()
}
