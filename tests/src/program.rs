//! A program of this package, run to its end.

use std::process::{Command, Output};

/// Runs a program, as `env!("CARGO_BIN_EXE_bounds")`, with these arguments, and gives what it printed.
///
/// # Panics
/// When it cannot be started or does not succeed, with all that it said.
pub fn program(path: &str, arguments: &[&str]) -> String {
    let run = Command::new(path).args(arguments).output();
    let Output { status, stdout, stderr } =
        run.unwrap_or_else(|error| panic!("`{path}` cannot be started: {error}"));
    let said = String::from_utf8_lossy(&stdout).into_owned();
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{path} {arguments:?} ended with {status}\n{said}\n{stderr}");
    said
}
