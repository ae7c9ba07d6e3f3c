//! What is counted and measured, and how many series that makes.

use std::time::Duration;

use flowx_core::testing::TestConnector;
use serde_json::json;

use crate::handlers::{EXCHANGES, started};

/// The value of a series, by its name and labels as they stand in the text.
fn value(connector: &TestConnector, series: &str) -> f64 {
    let text = connector.status().prometheus();
    let found = text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("there is no {series} in\n{text}"));
    found.parse().expect("a number")
}

/// All series, without their values.
fn series(connector: &TestConnector) -> Vec<String> {
    let text = connector.status().prometheus();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a value").0.to_owned()).collect()
}

#[tokio::test(start_paused = true)]
async fn every_end_of_a_request_is_counted_once_and_at_its_handler() {
    let (connector, gate) = started().await;
    for (count, to) in [(3, "RON"), (2, "XXX"), (1, "FAIL"), (1, "UNDECLARED")] {
        for _ in 0..count {
            connector.handler("exchange").send(&json!({ "amount": 1, "to": to })).await;
        }
    }
    connector.handler("exchange").payload("no JSON").exchange().await;
    connector.handler("exchange").send(&json!({ "amount": -1, "to": "RON" })).await;
    connector.handler("later").send(&json!({})).await;
    for (series, expected) in [
        (r#"flowx_requests_total{handler="exchange",outcome="replied"}"#, 3.0),
        (r#"flowx_requests_total{handler="exchange",outcome="refused"}"#, 3.0),
        (r#"flowx_requests_total{handler="exchange",outcome="retry-exhausted"}"#, 1.0),
        (r#"flowx_requests_total{handler="exchange",outcome="undecodable"}"#, 1.0),
        (r#"flowx_requests_total{handler="exchange",outcome="invalid"}"#, 1.0),
        (r#"flowx_requests_total{handler="listen",outcome="nothing"}"#, 0.0),
        (r#"flowx_refusals_total{code="UNKNOWN_CURRENCY",handler="exchange"}"#, 2.0),
        (r#"flowx_refusals_total{code="other",handler="exchange"}"#, 1.0),
        (r#"flowx_decode_errors_total{handler="exchange",reason="malformed-json"}"#, 1.0),
        (r#"flowx_decode_errors_total{handler="exchange",reason="invalid"}"#, 1.0),
        (r#"flowx_dead_letters_total{handler="exchange",reason="malformed-json"}"#, 1.0),
        (r#"flowx_dead_letters_total{handler="exchange",reason="retry-exhausted"}"#, 1.0),
        (r#"flowx_dead_letters_total{handler="exchange",reason="refused"}"#, 0.0),
        (r#"flowx_dead_letters_total{handler="later",reason="retry-exhausted"}"#, 1.0),
        (r#"flowx_retries_total{handler="exchange",place="in-place"}"#, 4.0),
        (r#"flowx_retries_total{handler="later",place="topic"}"#, 1.0),
        (r#"flowx_retries_total{handler="later",place="in-place"}"#, 0.0),
        (r#"flowx_request_duration_seconds_count{handler="exchange"}"#, 9.0),
        (r#"flowx_requests_in_flight{handler="exchange"}"#, 0.0),
    ] {
        assert_eq!(value(&connector, series), expected, "{series}");
    }
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "GATE" })).post();
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(value(&connector, r#"flowx_requests_in_flight{handler="exchange"}"#), 1.0);
    let oldest = "flowx_partition_oldest_unfinished_seconds";
    let of = |name| format!(r#"{name}{{partition="0",topic="{EXCHANGES}"}}"#);
    assert!((19.9..=20.1).contains(&value(&connector, &of(oldest))));
    assert_eq!(value(&connector, &of("flowx_partition_lag")), 1.0);
    assert_eq!(value(&connector, &of("flowx_partition_position")), 9.0);
    gate.0.add_permits(1);
    request.settled().await;
    assert_eq!(value(&connector, &of(oldest)), 0.0);
    assert_eq!(value(&connector, &of("flowx_partition_lag")), 0.0);
    let sum = value(&connector, r#"flowx_request_duration_seconds_sum{handler="exchange"}"#);
    assert!(sum >= 20.0, "{sum}");
}

#[tokio::test(start_paused = true)]
async fn what_goes_wrong_with_the_broker_is_counted() {
    let (connector, _) = started().await;
    connector.member().fail_commits(2, "no coordinator");
    connector.handler("exchange").send(&json!({ "amount": 1, "to": "RON" })).await;
    connector.wait_for_commit(EXCHANGES, 0, 1).await;
    assert_eq!(value(&connector, "flowx_commit_failures_total"), 2.0);
    connector.member().revoke(&[(EXCHANGES, 0)]).finished().await;
    connector.member().assign(EXCHANGES, 0);
    tokio::time::sleep(Duration::from_secs(1)).await;
    connector.member().lose(&[(EXCHANGES, 0)]);
    tokio::time::sleep(Duration::from_secs(1)).await;
    for (kind, count) in [("revoked", 1.0), ("lost", 1.0)] {
        assert_eq!(
            value(&connector, &format!(r#"flowx_rebalances_total{{kind="{kind}"}}"#)),
            count
        );
    }
    let gone = series(&connector);
    let gone = gone.iter().filter(|one| one.contains(EXCHANGES)).collect::<Vec<_>>();
    assert!(gone.is_empty(), "what this instance does not have is not its to tell: {gone:?}");

    connector.member().assign(EXCHANGES, 0);
    connector.broker().hold_acknowledgements();
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "RON" })).post();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(value(&connector, "flowx_unacknowledged_answers"), 1.0);
    assert!(value(&connector, "flowx_unacknowledged_answers_bytes") > 0.0);
    connector.broker().release_all();
    request.settled().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(value(&connector, "flowx_unacknowledged_answers"), 0.0);
}

/// Requests of the attack.
const REQUESTS: usize = 10_000;

#[tokio::test(start_paused = true)]
async fn nothing_that_a_request_carries_makes_a_series() {
    let (connector, _) = started().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = series(&connector);
    for batch in 0..REQUESTS / 100 {
        let posted: Vec<_> = (0..100)
            .map(|one| {
                let number = batch * 100 + one;
                let request = connector
                    .handler("exchange")
                    .process(&format!("\"}} 1\nflowx_evil{{a=\"{number}"))
                    .header("processInstanceId", format!("canary-{number}"))
                    .header(&format!("x-canary-{number}"), "canary")
                    .key(format!("canary-{number}"));
                match number % 10 {
                    0 => request.payload(format!("canary {number}")),
                    _ => request.json(&json!({ "amount": 1, "to": format!("{number}") })),
                }
                .post()
            })
            .collect();
        for request in posted {
            request.settled().await;
        }
    }
    assert_eq!(series(&connector), before);
    assert!(!connector.status().prometheus().contains("canary"));
    let other = r#"flowx_refusals_total{code="other",handler="exchange"}"#;
    assert_eq!(value(&connector, other), 9_000.0);
    let unreadable = r#"flowx_decode_errors_total{handler="exchange",reason="malformed-json"}"#;
    assert_eq!(value(&connector, unreadable), 1_000.0);
}
