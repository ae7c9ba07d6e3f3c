//! What is bounded stays so, in small; `bounds` with its defaults is the whole.

use flowx_tests::{program, require_kafka};

fn bounds(arguments: &[&str]) {
    program(env!("CARGO_BIN_EXE_bounds"), arguments);
}

#[test]
fn a_connector_that_was_stopped_leaves_no_thread_and_no_file_behind() {
    bounds(&["b2", "--cycles", "20"]);
}

#[test]
fn requests_under_retries_are_bounded_in_number_and_memory() {
    bounds(&["b3", "--failures", "100000"]);
}

#[test]
fn a_batch_that_unpacks_to_a_thousand_times_its_size_costs_that_and_no_more() {
    require_kafka!();
    bounds(&["b4"]);
}
