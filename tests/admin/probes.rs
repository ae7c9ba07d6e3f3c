//! What a platform restarts a connector for, and what it does not.

use std::time::Duration;

use flowx_core::runtime::port::SendError;
use flowx_core::runtime::status::Hold;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::{Fault, MemoryBroker};
use flowx_tests::eventually;
use serde_json::json;

use crate::handlers::{EXCHANGES, at, builder, started, visited};

const NOTHING: [&str; 0] = [];

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_with_its_first_assignment_even_if_that_is_empty() {
    let broker = MemoryBroker::new();
    let first = TestConnector::start_on(&broker, builder().0).await.expect("a connector");
    let second = TestConnector::start_on(&broker, builder().0).await.expect("a connector");
    assert_eq!(first.status().not_ready(), ["its group has not assigned anything to it yet"]);
    pass(Duration::from_secs(1)).await;
    assert_eq!(first.status().not_ready(), NOTHING);
    assert_eq!(second.status().partitions(), [], "the other one has all there is");
    assert_eq!(second.status().not_ready(), NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_is_away_for_an_hour_restarts_no_pod() {
    let (connector, _) = started().await;
    connector.broker().inject(Fault::on_delivery(SendError::Failed("no broker".into())));
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "RON" })).post();
    for minute in 1..=60 {
        pass(Duration::from_secs(60)).await;
        assert_eq!(connector.status().stuck(), NOTHING, "after {minute} minutes");
        assert_eq!(connector.status().not_ready(), NOTHING);
    }
    let all = connector.status().partitions();
    let one = all.iter().find(|one| *one.topic == *EXCHANGES).expect("the partition");
    assert_eq!(one.hold, Some(Hold::Answers));
    assert!(one.oldest.is_some_and(|oldest| oldest >= Duration::from_secs(3_599)), "{one:?}");
    connector.broker().repair();
    assert!(request.settled().await.reply_json().is_ok());
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_that_do_not_come_restart_no_pod() {
    let (connector, _) = started().await;
    connector.broker().hold_acknowledgements();
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "RON" })).post();
    pass(Duration::from_secs(3_600)).await;
    assert_eq!(connector.status().stuck(), NOTHING);
    connector.broker().release_all();
    assert!(request.settled().await.reply_json().is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_rebalance_restarts_no_pod_and_takes_no_readiness() {
    let (connector, _) = started().await;
    pass(Duration::from_secs(1)).await;
    connector.member().revoke(&[(EXCHANGES, 0)]).finished().await;
    pass(Duration::from_secs(300)).await;
    assert_eq!((connector.status().stuck(), connector.status().not_ready()), (vec![], vec![]));
    connector.member().assign(EXCHANGES, 0);
    pass(Duration::from_secs(1)).await;
    connector.member().lose(&[(EXCHANGES, 0)]);
    pass(Duration::from_secs(300)).await;
    assert_eq!((connector.status().stuck(), connector.status().not_ready()), (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_tried_again_and_again_restarts_no_pod() {
    let (connector, _) = started().await;
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "FAIL" })).post();
    for _ in 0..300 {
        pass(Duration::from_secs(1)).await;
        assert_eq!(connector.status().stuck(), NOTHING);
    }
    assert_eq!(request.settled().await.refusal().expect("a refusal").code, "RETRY_EXHAUSTED");
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_go_on_is_not_ready_and_says_why() {
    let (connector, _) = started().await;
    pass(Duration::from_secs(1)).await;
    let status = connector.status().clone();
    connector.member().fail("fenced");
    connector.ended().await.expect_err("it ends");
    let reasons = status.not_ready().join("; ");
    assert!(reasons.contains("it cannot read any further: fenced"), "{reasons}");
}

#[tokio::test(start_paused = true)]
async fn a_partition_in_which_everything_fails_is_held_and_says_so() {
    let (connector, _) = started().await;
    for _ in 0..120 {
        let _ = connector.handler("exchange").payload("no JSON").post();
    }
    pass(Duration::from_secs(5)).await;
    let all = connector.status().partitions();
    let one = all.iter().find(|one| *one.topic == *EXCHANGES).expect("the partition");
    assert_eq!(one.hold, Some(Hold::Breaker));
    let open = format!(r#"flowx_breaker_open{{partition="0",topic="{EXCHANGES}"}} 1"#);
    let text = connector.status().prometheus();
    assert!(text.contains(&open), "{text}");
    assert_eq!(connector.status().stuck(), NOTHING);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_beyond_its_time_does_restart_it() {
    let connector = TestConnector::start(builder().0.only(["block"])).await.expect("a connector");
    let site = visited(&connector, |actuator| actuator).await;
    let _ = connector.handler("block").json(&json!({})).post();
    let found = eventually(Duration::from_secs(120), || async {
        let answer = site.get(&at("health/liveness")).await;
        if answer.status == 503 { Ok(answer.json()) } else { Err(format!("{answer:?}")) }
    })
    .await;
    assert_eq!(found["status"], "DOWN");
    let reasons = found["components"]["livenessState"]["details"]["reasons"].to_string();
    assert!(reasons.contains("a handler has blocked the thread of the connector"), "{reasons}");
    // It is only a matter of time here, and then it is alive again.
    eventually(Duration::from_secs(120), || async { connector.status().stuck().is_empty() }).await;
}
