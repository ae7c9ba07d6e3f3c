//! One event is one line, whatever is in it: the log of a program that quotes ten thousand hostile
//! texts.

use std::process::Command;

use flowx_tests::hostile;
use serde_json::Value;

/// As the program's example asks for.
const COUNT: usize = 10_000;

/// The lines of the log: those of quoted texts, and those of a panic with what followed from it.
fn log(format: &str) -> (Vec<String>, Vec<String>) {
    let output = Command::new(env!("CARGO_BIN_EXE_talkative"))
        .args(["dev", "--once"])
        .env("FLOWX_CONNECTOR_LOG_FORMAT", format)
        .env("RUST_LOG", "warn,flowx::request=info,flowx::kafka=off")
        .env_remove("RUST_BACKTRACE")
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    // The panic is the one exchange that is not as it should be.
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("2 exchanges, 1 of them not as they should be."), "{said}");
    for line in log.lines() {
        assert!(!line.chars().any(hostile::is_control), "{line:?}");
    }
    log.lines().map(str::to_owned).partition(|line| line.contains("talkative.talk"))
}

#[test]
fn a_line_of_text_is_an_event_whatever_the_event_quotes() {
    let (quoted, panic) = log("text");
    assert_eq!(quoted.len(), COUNT);
    for (number, line) in quoted.iter().enumerate() {
        let (begin, end) = (" WARN request{handler=\"talk\"", format!(" number={number} "));
        assert!(line.contains(begin) && line.contains(&end), "{line}");
    }
    assert_eq!(panic.len(), 2, "{panic:#?}");
    assert!(
        panic[0].contains("ERROR request{handler=\"panics\"") && panic[0].contains("panicked at")
    );
    assert!(panic[1].contains("request refused"), "{}", panic[1]);
}

#[test]
fn a_line_of_json_is_an_event_and_says_what_the_event_quotes() {
    let (quoted, panic) = log("json");
    assert_eq!(quoted.len(), COUNT);
    for ((number, line), text) in quoted.iter().enumerate().zip(hostile::texts(1)) {
        let event: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
        let fields = &event["fields"];
        assert_eq!(fields["number"], number);
        for name in ["message", "shown", "quoted"] {
            assert_eq!(fields[name], *text, "{name}: {line}");
        }
        assert_eq!(event["spans"][0]["handler"], "talk", "{line}");
        assert_eq!(event["spans"][1]["shown"], *text, "{line}");
    }
    assert_eq!(panic.len(), 2, "{panic:#?}");
    let panicked: Value = serde_json::from_str(&panic[0]).unwrap();
    let said: String = hostile::texts(2).take(100).collect();
    assert_eq!(panicked["target"], "flowx::panic");
    assert!(panicked["fields"]["message"].as_str().unwrap().ends_with(&said), "{panicked:#}");
    assert_eq!(panicked["spans"][0]["handler"], "panics");
}
