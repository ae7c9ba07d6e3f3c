//! The ledger catches what it must, and a connector survives what it must.

#[path = "chaos/planted.rs"]
mod planted;

use flowx_tests::{program, require_kafka};

fn chaos(arguments: &[&str]) {
    program(env!("CARGO_BIN_EXE_chaos"), arguments);
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
