//! An offset is committed when all that its request caused is acknowledged, and not before.

use std::time::Duration;

use flowx_core::testing::TestConnector;
use serde_json::json;

use crate::shop::{self, ORDERS, REPLIES, Stage, pass};

const A_WHILE: Duration = Duration::from_secs(30);

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_before_its_reply_is_acknowledged() {
    let (connector, _) = shop::open().await;
    connector.broker().hold_acknowledgements();
    let posted = connector.handler("order").json(&json!({"amount": 1})).post();
    connector.broker().wait_for_held(1).await;
    pass(A_WHILE).await;
    assert_eq!(connector.broker().records(REPLIES).len(), 1, "written");
    assert_eq!(connector.committed(ORDERS, 0), None, "and not acknowledged");
    connector.broker().release_all();
    posted.settled().await;
    connector.wait_for_commit(ORDERS, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_between_an_error_reply_and_its_dead_letter() {
    let (connector, _) = shop::open().await;
    connector.broker().hold_acknowledgements();
    let posted = connector.handler("order").payload("?").post();
    let held = connector.broker().wait_for_held(1).await;
    assert_eq!(&*held[0].topic, REPLIES, "the process is answered first");
    connector.broker().release(0);
    let held = connector.broker().wait_for_held(1).await;
    assert_eq!(&*held[0].topic, shop::DEAD_LETTERS);
    pass(A_WHILE).await;
    assert_eq!(connector.committed(ORDERS, 0), None);
    connector.broker().release_all();
    posted.settled().await;
    connector.wait_for_commit(ORDERS, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn acknowledgements_in_any_order_commit_only_what_is_finished_below() {
    let (connector, _) = shop::open().await;
    connector.broker().hold_acknowledgements();
    for _ in 0..4 {
        let _ = connector.handler("order").json(&json!({"amount": 1})).post();
    }
    connector.broker().wait_for_held(4).await;
    // Of the requests 0 to 3: first 2, then 0, then 3, then 1.
    for (release, committed) in [(2, None), (0, Some(1)), (1, Some(1)), (0, Some(4))] {
        connector.broker().release(release);
        pass(A_WHILE).await;
        assert_eq!(connector.committed(ORDERS, 0), committed);
    }
}

#[tokio::test(start_paused = true)]
async fn gaps_in_the_offsets_are_no_obstacle() {
    let (connector, _) = shop::open().await;
    connector.broker().skip_offsets(ORDERS, 0, 5);
    connector.handler("order").send(&json!({"amount": 1})).await;
    connector.broker().skip_offsets(ORDERS, 0, 1_000);
    let last = connector.handler("order").send(&json!({"amount": 1})).await;
    assert_eq!(last.request().at.offset, 1_006);
    connector.wait_for_commit(ORDERS, 0, 1_007).await;
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_sends_nothing_commits_too() {
    let (connector, _) = shop::open().await;
    for _ in 0..10 {
        connector.handler("file").send(&json!({"amount": 1})).await.expect_nothing();
    }
    connector.wait_for_commit("shop.file", 0, 10).await;
}

#[tokio::test(start_paused = true)]
async fn every_partition_has_an_offset_of_its_own() {
    let (connector, _) = shop::open().await;
    for (partition, count) in [(0, 1), (1, 3), (2, 2)] {
        for _ in 0..count {
            let request = connector.handler("order").partition(partition);
            request.send(&json!({"amount": 1})).await;
        }
        connector.wait_for_commit(ORDERS, partition, count).await;
        assert_eq!(connector.committed(ORDERS, partition), Some(count));
    }
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_failed_is_asked_for_again() {
    let (connector, _) = shop::open().await;
    connector.member().fail_commits(3, "the coordinator is loading");
    connector.handler("order").send(&json!({"amount": 1})).await;
    connector.wait_for_commit(ORDERS, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_only_what_was_not_committed_is_done_again() {
    let (first, stage) = shop::open().await;
    let broker = first.broker().clone();
    first.handler("order").send(&json!({"amount": 1, "note": "done"})).await;
    first.wait_for_commit(ORDERS, 0, 1).await;
    broker.hold_acknowledgements();
    let order = json!({"amount": 2, "note": "unfinished"});
    let at = first.handler("order").json(&order).post().at().clone();
    broker.wait_for_held(1).await;
    first.kill().await;
    broker.release_all();
    assert_eq!(stage.calls(), ["done", "unfinished"]);

    let stage = Stage::default();
    let second = TestConnector::start_on(&broker, shop::builder(&stage)).await.unwrap();
    second.wait_for_commit(ORDERS, 0, at.offset + 1).await;
    assert_eq!(stage.calls(), ["unfinished"]);
    let replies = broker.records(REPLIES);
    let ids: Vec<_> = replies.iter().map(|reply| reply.headers.text("x-reply-id")).collect();
    assert_eq!(ids.len(), 3);
    assert_eq!(ids[1], ids[2], "who reads the second answer can tell that it is one");
}

#[tokio::test(start_paused = true)]
async fn what_needs_no_answer_is_committed_within_a_second_too() {
    let (connector, _) = shop::open().await;
    let filed = connector.full_name("shop.file");
    // All is quiet: no other alarm helps.
    pass(A_WHILE).await;
    let _ = connector.handler("file").json(&json!({"amount": 1})).post();
    pass(Duration::from_millis(1_500)).await;
    assert_eq!(connector.committed(&filed, 0), Some(1));
}
