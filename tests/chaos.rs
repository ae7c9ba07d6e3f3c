//! The ledger catches what it must, and a connector survives what it must.

#[path = "chaos/planted.rs"]
mod planted;

use std::process::{Command, Output};

use flowx_tests::require_kafka;

/// Runs the chaos driver and fails with all that it said.
fn chaos(arguments: &[&str]) {
    let run = Command::new(env!("CARGO_BIN_EXE_chaos")).args(arguments).output();
    let Output { status, stdout, stderr } = run.expect("the driver can be started");
    assert!(
        status.success(),
        "{arguments:?} ended with {status}\n{}\n{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr),
    );
}

/// Each of them in a connector of its own, against Apache Kafka.
#[test]
fn bugs_planted_in_a_real_connector_are_caught_and_a_sound_one_is_found_sound() {
    require_kafka!();
    chaos(&["self-test"]);
}

/// Small in numbers, but with every kind of fault.
#[test]
fn a_connector_survives_a_little_chaos() {
    require_kafka!();
    chaos(&["--scale", "0.003", "--seed", "1", "--minutes", "0.4"]);
}
