//! What is bounded stays so, in small; `bounds` with its defaults is the whole.

use std::process::{Command, Output};

/// Runs the program and fails with all that it said.
fn bounds(arguments: &[&str]) {
    let run = Command::new(env!("CARGO_BIN_EXE_bounds")).args(arguments).output();
    let Output { status, stdout, stderr } = run.expect("the program can be started");
    assert!(
        status.success(),
        "{arguments:?} ended with {status}\n{}\n{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
}

#[test]
fn a_connector_that_was_stopped_leaves_no_thread_and_no_file_behind() {
    bounds(&["b2", "--cycles", "20"]);
}

#[test]
fn requests_under_retries_are_bounded_in_number_and_memory() {
    bounds(&["b3", "--failures", "100000"]);
}
