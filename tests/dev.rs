//! `dev --once` as a check: its exit code says whether every example went as it should.

use std::process::Command;

/// Plays the examples of these handlers; the exit code and what was said.
fn rehearse(handlers: &str) -> (Option<i32>, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
        .args(["dev", "--once"])
        .env("HANDLERS", handlers)
        .env_remove("RUST_LOG")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), said + &String::from_utf8_lossy(&output.stderr))
}

#[test]
fn examples_that_are_answered_as_the_protocol_demands_are_a_success() {
    let (code, said) = rehearse("good");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(r#"{"number":1,"errorMessage":null}"#), "{said}");
    assert!(said.contains("1 exchange, answered as the protocol demands."), "{said}");
}

#[test]
fn a_handler_without_an_example_is_named_with_what_to_add() {
    let (code, said) = rehearse("good,plain");
    assert_eq!(code, Some(0), "{said}");
    let words = "plain: no example to send; add `#[schemars(example = …)]` to its request type";
    assert!(said.contains(words) && said.contains("rehearsal.rs:"), "{said}");
}

#[test]
fn an_example_that_is_no_request_keeps_the_connector_from_starting() {
    let (code, said) = rehearse("good,wrong");
    assert_eq!(code, Some(78), "{said}");
    let words = "its example 1 is no request that it accepts: $.number: must be an integer, not a string; mend the example, or the schema";
    assert!(said.contains(words) && said.contains("rehearsal.rs:"), "{said}");
}

#[test]
fn an_answer_that_breaks_the_contract_is_a_failure() {
    let (code, said) = rehearse("good,liar");
    assert_eq!(code, Some(1), "{said}");
    let words = "✗ the reply is not as its schema says: $.number: must be at most 10, not 11";
    assert!(said.contains(words), "{said}");
    assert!(said.contains("2 exchanges, 1 of them not as they should be."), "{said}");
}

#[test]
fn an_answer_that_the_engine_would_never_read_is_a_failure() {
    let (code, said) = rehearse("astray");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("warning: ") && said.contains("outside"), "{said}");
    assert!(said.contains("✗ `ai.flowx.dev.elsewhere.v1` is outside"), "{said}");
}

#[test]
fn an_unknown_handler_is_a_wrong_configuration() {
    let (code, said) = rehearse("nobody");
    assert_eq!(code, Some(78), "{said}");
    assert!(said.contains("no handler `nobody` is linked into this binary"), "{said}");
}
