//! When nearly everything fails, the rest of the partition is kept for better times.

use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::testing::TestConnector;
use serde_json::json;

use crate::logs::Log;
use crate::shop::{self, DEAD_LETTERS, ORDERS, Stage, pass};

const PAUSE: Duration = Duration::from_secs(60);

fn three_in_a_row(settings: &mut Settings) {
    settings.breaker_failures = 3;
    settings.breaker_pause = PAUSE;
    // The drain must not decide these tests.
    settings.retry_attempts = 1;
}

/// Sends requests to partition 0 that do what these words say.
fn send(connector: &TestConnector, acts: &[&str]) {
    for (number, act) in acts.iter().enumerate() {
        let order = json!({"amount": 1, "note": format!("{act} {number}"), "act": act});
        let _ = connector.handler("order").partition(0).json(&order).post();
    }
}

async fn held_after_three() -> (TestConnector, Stage) {
    let (connector, stage) = shop::open_with(three_in_a_row).await;
    send(&connector, &["retry", "panic", "retry"]);
    pass(Duration::from_secs(1)).await;
    (connector, stage)
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_held_when_its_requests_fail_in_a_row() {
    let log = Log::begin();
    let (connector, stage) = held_after_three().await;
    send(&connector, &["reply"; 5]);
    pass(PAUSE / 2).await;
    assert_eq!(stage.calls().len(), 3, "nothing more is begun");
    connector.wait_for_commit(ORDERS, 0, 3).await;
    assert_eq!(connector.broker().records(DEAD_LETTERS).len(), 3, "what failed is put aside");
    let lines = log.lines("partition held");
    let [line] = &lines[..] else { panic!("{lines:#?}") };
    for wanted in ["ERROR", ORDERS, "partition=0", "failed=3", "retry-exhausted", "60s"] {
        assert!(line.contains(wanted), "`{wanted}` is missing: {line}");
    }
}

#[tokio::test(start_paused = true)]
async fn after_the_pause_one_request_is_tried_and_if_it_passes_all_are_read() {
    let log = Log::begin();
    let (connector, stage) = held_after_three().await;
    send(&connector, &["wait", "reply", "reply"]);
    pass(PAUSE).await;
    assert_eq!(stage.calls()[3..], ["wait 0"], "one, and the others after its word");
    stage.let_go(1);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls()[3..], ["wait 0", "reply 1", "reply 2"]);
    assert_eq!(log.lines("partition no longer held").len(), 1);
    send(&connector, &["retry", "retry", "reply"]);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 9, "it counts from the beginning again");
}

#[tokio::test(start_paused = true)]
async fn while_what_is_tried_fails_only_one_request_a_pause_is_spent() {
    let (connector, stage) = held_after_three().await;
    send(&connector, &["retry"; 10]);
    pass(PAUSE * 4).await;
    assert_eq!(stage.calls().len(), 3 + 4);
    connector.wait_for_commit(ORDERS, 0, 7).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_read_is_a_failure_too() {
    let (connector, stage) = shop::open_with(three_in_a_row).await;
    for _ in 0..3 {
        let _ = connector.handler("order").partition(0).payload("?").post();
    }
    send(&connector, &["reply"]);
    pass(PAUSE / 2).await;
    assert!(stage.calls().is_empty());
    pass(PAUSE).await;
    assert_eq!(stage.calls(), ["reply 0"]);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_answers_and_hold_nothing() {
    let (connector, stage) = shop::open_with(three_in_a_row).await;
    send(&connector, &["refuse"; 50]);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 50);
}

#[tokio::test(start_paused = true)]
async fn failures_among_successes_hold_a_partition_only_if_they_are_most() {
    let (connector, stage) = shop::open_with(|settings| {
        three_in_a_row(settings);
        settings.breaker_failures = 1_000;
    })
    .await;
    let mut acts = vec!["retry"; 9];
    acts.push("reply");
    let one_in_ten: Vec<&str> = acts.iter().copied().cycle().take(400).collect();
    let few: Vec<&str> = one_in_ten
        .iter()
        .map(|act| match *act {
            "reply" => "retry",
            _ => "reply",
        })
        .collect();
    send(&connector, &few);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 400, "one in ten fails");
    send(&connector, &one_in_ten);
    pass(Duration::from_secs(1)).await;
    assert!(stage.calls().len() < 800, "nine in ten fail");
}

#[tokio::test(start_paused = true)]
async fn other_partitions_go_on_while_one_is_held() {
    let (connector, _) = held_after_three().await;
    let other = connector.handler("order").partition(1).send(&json!({"amount": 1})).await;
    other.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_held_partition_is_given_back_and_a_stop_takes_no_time() {
    let (connector, _) = held_after_three().await;
    send(&connector, &["reply"]);
    let begin = tokio::time::Instant::now();
    let positions = connector.member().revoke(&[(ORDERS, 0)]).finished().await;
    assert_eq!(positions, [(ORDERS.into(), 0, 3)]);
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn switched_off_everything_is_read() {
    let (connector, stage) = shop::open_with(|settings| {
        three_in_a_row(settings);
        settings.breaker = false;
    })
    .await;
    send(&connector, &["retry"; 300]);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 300);
}
