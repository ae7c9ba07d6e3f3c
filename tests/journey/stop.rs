//! A stop loses nothing, does nothing twice that is finished, and always ends.

use std::time::Duration;

use flowx_core::runtime::dispatch::RunError;
use serde_json::json;
use tokio::time::Instant;

use crate::shop::{self, ORDERS, REPLIES, pass};

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_is_finished_answered_and_committed() {
    let (connector, stage) = shop::open().await;
    let broker = connector.broker().clone();
    let group = connector.group().to_owned();
    for partition in 0..3 {
        let order = json!({"amount": 1, "act": "wait"});
        for _ in 0..2 {
            let process = format!("process-{partition}");
            let request = connector.handler("order").process(&process).partition(partition);
            let _ = request.json(&order).post();
        }
    }
    pass(Duration::from_secs(1)).await;
    broker.hold_acknowledgements();
    let stopping = tokio::spawn(connector.stop());
    pass(Duration::from_secs(1)).await;
    stage.let_go(6);
    broker.wait_for_held(3).await;
    pass(Duration::from_secs(1)).await;
    assert!(!stopping.is_finished(), "it waits for the broker");
    broker.release_all();
    stopping.await.unwrap().unwrap();
    assert_eq!(stage.calls().len(), 3, "nothing more was read");
    assert_eq!(broker.records(REPLIES).len(), 3);
    for partition in 0..3 {
        assert_eq!(broker.committed(&group, ORDERS, partition), Some(1));
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_with_nothing_to_do_takes_no_time_and_commits_at_once() {
    let (connector, _) = shop::open().await;
    let (broker, group) = (connector.broker().clone(), connector.group().to_owned());
    connector.handler("order").send(&json!({"amount": 1})).await;
    let (begin, member) = (Instant::now(), connector.member().clone());
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(broker.committed(&group, ORDERS, 0), Some(1));
    assert!(member.has_left());
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_never_ends_is_left_behind_at_the_deadline() {
    let (connector, _) = shop::open_with(|settings| {
        settings.handler_timeout = Duration::from_secs(100);
        settings.drain = Duration::from_secs(7);
    })
    .await;
    let (broker, group) = (connector.broker().clone(), connector.group().to_owned());
    let _ = connector.handler("order").json(&json!({"amount": 1, "act": "hang"})).post();
    pass(Duration::from_secs(1)).await;
    let begin = Instant::now();
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(7));
    assert_eq!(broker.committed(&group, ORDERS, 0), None, "the next owner begins with it");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_next_try_is_left_to_the_next_owner() {
    let (connector, stage) = shop::open_with(|settings| {
        settings.retry_delay = Duration::from_secs(60);
    })
    .await;
    let (broker, group) = (connector.broker().clone(), connector.group().to_owned());
    connector.handler("order").send(&json!({"amount": 1})).await;
    let _ = connector.handler("order").json(&json!({"amount": 1, "act": "retry"})).post();
    pass(Duration::from_nanos(1)).await;
    let begin = Instant::now();
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO, "no backoff is waited for");
    assert_eq!(stage.calls().len(), 2);
    assert_eq!(broker.committed(&group, ORDERS, 0), Some(1));
    assert_eq!(broker.records(REPLIES).len(), 1, "it is not answered");
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_the_broker_is_away_ends_at_the_deadline() {
    let (connector, _) = shop::open().await;
    let (broker, group) = (connector.broker().clone(), connector.group().to_owned());
    broker.hold_acknowledgements();
    let _ = connector.handler("order").json(&json!({"amount": 1})).post();
    broker.wait_for_held(1).await;
    let begin = Instant::now();
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
    assert_eq!(broker.committed(&group, ORDERS, 0), None);
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_comes_while_it_stops_is_not_read() {
    let (connector, stage) = shop::open().await;
    let broker = connector.broker().clone();
    let member = connector.member().clone();
    let waiting = json!({"amount": 1, "act": "wait"});
    let _ = connector.handler("order").partition(0).json(&waiting).post();
    pass(Duration::from_secs(1)).await;
    // A record lies in a partition that is not assigned.
    broker.create_topic(ORDERS, 2);
    pass(Duration::from_secs(1)).await;
    member.revoke(&[(ORDERS, 1)]).finished().await;
    let _ = connector.handler("order").partition(1).json(&waiting).post();
    let stopping = tokio::spawn(connector.stop());
    pass(Duration::from_secs(1)).await;
    member.assign(ORDERS, 1);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 1, "only what was in flight runs on");
    stage.let_go(1);
    stopping.await.unwrap().unwrap();
    assert_eq!(stage.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_cannot_go_on_stops_it_with_the_reason() {
    let (connector, stage) = shop::open().await;
    let (broker, group) = (connector.broker().clone(), connector.group().to_owned());
    let order = json!({"amount": 1, "act": "wait"});
    let _ = connector.handler("order").json(&order).post();
    pass(Duration::from_secs(1)).await;
    connector.member().fail("the group is not authorized");
    pass(Duration::from_secs(1)).await;
    stage.let_go(1);
    let error = connector.ended().await.unwrap_err();
    assert!(matches!(&error, RunError::Source(reason) if reason == "the group is not authorized"));
    assert_eq!(broker.records(REPLIES).len(), 1, "what was in flight is finished");
    assert_eq!(broker.committed(&group, ORDERS, 0), Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_farewell_that_fails_is_said() {
    let (connector, _) = shop::open().await;
    connector.member().fail_close("the coordinator does not answer");
    let error = connector.stop().await.unwrap_err();
    assert!(error.to_string().contains("the coordinator does not answer"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn what_is_revoked_during_a_stop_gets_its_final_position() {
    let (connector, _) = shop::open_with(|settings| {
        settings.handler_timeout = Duration::from_secs(100);
    })
    .await;
    let member = connector.member().clone();
    // Holds the commit back, so that only the revocation's own can count.
    member.fail_commits(100, "not now");
    connector.handler("order").send(&json!({"amount": 1})).await;
    let _ = connector.handler("order").json(&json!({"amount": 1, "act": "hang"})).post();
    pass(Duration::from_secs(1)).await;
    let stopping = tokio::spawn(connector.stop());
    pass(Duration::from_secs(1)).await;
    let revoking = member.revoke(&[(ORDERS, 0)]);
    assert_eq!(revoking.finished().await, [(ORDERS.into(), 0, 1)]);
    stopping.await.unwrap().unwrap();
}
