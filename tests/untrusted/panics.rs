//! Where a panic of a running connector ends up: one line on standard error, with its place.

use std::process::Command;

use flowx_core::runtime::panics::hide_words;

const CANARY: &str = "canary-1618";

/// Runs a test of this binary that is left out otherwise, as a process of its own; returns what it
/// printed.
fn alone(test: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let output = Command::new(program)
        .args(["--exact", test, "--ignored", "--nocapture", "--test-threads=1"])
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
#[ignore = "hides what all tests of its process panic with"]
fn panics_with_and_without_a_quote() {
    hide_words();
    let request = format!("{CANARY}\nsecond line");
    let quoting = std::thread::spawn(move || panic!("cannot take {request}"));
    quoting.join().unwrap_err();
    let unwraps = || CANARY.parse::<u8>().map_err(|_| CANARY).unwrap();
    std::thread::spawn(unwraps).join().unwrap_err();
    std::thread::spawn(|| panic!("as the source says")).join().unwrap_err();
}

#[test]
fn the_hook_of_a_running_connector_says_where_and_quotes_nothing() {
    let said = alone("panics::panics_with_and_without_a_quote");
    assert!(!said.contains(CANARY), "{said}");
    let lines: Vec<&str> = said.lines().filter(|line| line.contains("panicked at ")).collect();
    assert_eq!(lines.len(), 3, "{said}");
    assert!(lines.iter().all(|line| line.contains("panics.rs:")), "{said}");
    assert!(lines[2].ends_with(": as the source says"), "{said}");
}
