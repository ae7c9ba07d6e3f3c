//! What a person and a program see.

use flowx_core::check::command::Reach;
use flowx_core::check::{Report, judge};
use flowx_core::kafka::facts::{Operation, Topic};
use serde_json::Value;

use crate::world::World;

fn report(secured: bool) -> Report {
    let mut world = World::in_order(&["book", "strict"], &[]);
    world.facts.topics.insert("ai.flowx.dev.ledger.book.v1.dlq".to_owned(), Topic::Missing);
    world.settings("ai.flowx.dev.ledger.book.v1").retention_ms = Some(7_200_000);
    world.settings("ai.flowx.dev.ledger.book.v1").cleanup_policy = Some("compact,delete".into());
    world.topic("ai.flowx.dev.ledger.book.v1.retry.1s").allowed = Some([Operation::Read].into());
    let reach = Reach {
        bootstrap_servers: Some("kafka-1:9092,kafka-2:9092".to_owned()),
        secured,
        principal: (!secured).then(|| "User:bank connector".to_owned()),
    };
    Report { findings: judge(&world.needs, &world.facts, &world.terms), reach }
}

#[test]
fn a_person_reads_a_line_for_each_finding_and_copies_one_block() {
    insta::assert_snapshot!(report(false).to_string());
    insta::assert_snapshot!("secured", report(true).script());
}

#[test]
fn a_program_reads_the_same() {
    let (text, json) = (report(false).to_string(), report(false).json());
    assert_eq!(json["worst"], "problem");
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(text.lines().take_while(|line| !line.is_empty()).count(), findings.len());
    for finding in findings {
        for part in ["level", "name", "message"] {
            assert!(text.contains(finding[part].as_str().unwrap()), "{finding}");
        }
    }
    let block: Vec<_> = text.lines().skip_while(|line| !line.starts_with('#')).skip(1).collect();
    let commands: Vec<_> =
        json["commands"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(block, commands);
    let secured = report(true).json();
    assert!(
        secured["commands"]
            .as_array()
            .unwrap()
            .iter()
            .all(|line| !line.as_str().unwrap().starts_with('#'))
    );
}
