//! Malformed requests among good ones, through Apache Kafka: each ends as it must, none holds up
//! others. `cargo run -p flowx-tests --release --bin malformed` does the same at scale.

use flowx_tests::{program, require_kafka};

/// What is large is smaller than at scale, and an unoptimised build on a busy machine may hold its
/// breath for longer.
#[test]
fn malformed_requests_of_thirty_classes_each_end_as_they_must_among_good_ones() {
    require_kafka!();
    let said = program(
        env!("CARGO_BIN_EXE_malformed"),
        &[
            "--count",
            "3000",
            "--good",
            "3",
            "--seed",
            "1",
            "--largest",
            "2000000",
            "--hold",
            "10000",
        ],
    );
    assert!(said.contains("| requests, of them malformed | 12000, 3000 |"), "{said}");
}
