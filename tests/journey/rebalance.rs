//! Partitions come and go: what belongs to an assignment that has ended changes nothing.

use std::time::Duration;

use flowx_core::runtime::port::SendError;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::Fault;
use serde_json::json;
use tokio::time::Instant;

use crate::shop::{self, DEAD_LETTERS, ORDERS, REPLIES, Stage, pass};

const A_WHILE: Duration = Duration::from_secs(30);

fn waiting() -> serde_json::Value {
    json!({"amount": 1, "act": "wait"})
}

#[tokio::test(start_paused = true)]
async fn a_partition_is_given_back_when_what_is_in_flight_is_finished() {
    let (connector, stage) = shop::open().await;
    let _ = connector.handler("order").process("one").json(&waiting()).post();
    let _ = connector.handler("order").process("one").json(&waiting()).post();
    pass(Duration::from_secs(1)).await;
    connector.broker().hold_acknowledgements();
    let revoking = connector.member().revoke(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    stage.let_go(1);
    connector.broker().wait_for_held(1).await;
    assert_eq!(connector.committed(ORDERS, 0), None, "the acknowledgement is waited for too");
    connector.broker().release_all();
    let positions = revoking.finished().await;
    assert_eq!(positions, [(ORDERS.into(), 0, 1)], "the second request was not begun");
    assert_eq!(connector.committed(ORDERS, 0), Some(1));
    assert_eq!(stage.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_does_not_end_cannot_keep_a_partition() {
    let (connector, _) = shop::open().await;
    connector.handler("order").send(&json!({"amount": 1})).await;
    let _ = connector.handler("order").json(&waiting()).post();
    pass(Duration::from_secs(1)).await;
    let begin = Instant::now();
    let positions = connector.member().revoke(&[(ORDERS, 0)]).finished().await;
    assert_eq!(begin.elapsed(), Duration::from_secs(10), "the drain deadline");
    assert_eq!(positions, [(ORDERS.into(), 0, 1)], "its offset has not moved");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_next_try_goes_with_its_partition() {
    let (connector, stage) = shop::open_with(|settings| {
        settings.retry_delay = Duration::from_secs(3_600);
        settings.retry_longest_delay = Duration::from_secs(3_600);
        settings.retry_budget = Duration::from_secs(36_000);
    })
    .await;
    let _ = connector.handler("order").json(&json!({"amount": 1, "act": "retry"})).post();
    pass(Duration::from_millis(1)).await;
    let begin = Instant::now();
    let positions = connector.member().revoke(&[(ORDERS, 0)]).finished().await;
    assert_eq!((positions, begin.elapsed()), (vec![], Duration::ZERO));
    pass(Duration::from_secs(40_000)).await;
    assert_eq!(stage.calls().len(), 1, "its next try is its next owner's");
    assert!(connector.broker().records(REPLIES).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_before_a_finished_one_has_its_next_tries_until_the_deadline() {
    let (connector, stage) = shop::open().await;
    let order = |note: &str, act: &str| json!({"amount": 1, "note": note, "act": act});
    let send = |process: &str, order: serde_json::Value| {
        connector.handler("order").process(process).json(&order).post()
    };
    let _ = send("a", order("a-1", "retry-twice"));
    let _ = send("a", order("a-2", "reply"));
    send("b", order("b-1", "reply")).settled().await;
    let positions = connector.member().revoke(&[(ORDERS, 0)]).finished().await;
    assert_eq!(positions, [(ORDERS.into(), 0, 3)], "nothing is left that would repeat b-1");
    assert_eq!(stage.calls(), ["a-1", "b-1", "a-1", "a-1", "a-2"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_left_to_the_next_owner_takes_its_line_with_it() {
    let (connector, stage) = shop::open_with(|settings| {
        // So long that no jitter brings it in before the deadline.
        settings.retry_delay = Duration::from_secs(100_000_000);
        settings.retry_longest_delay = Duration::from_secs(100_000_000);
        settings.retry_budget = Duration::from_secs(1_000_000_000);
    })
    .await;
    let order = |note: &str, act: &str| json!({"amount": 1, "note": note, "act": act});
    let send = |process: &str, order: serde_json::Value| {
        connector.handler("order").process(process).json(&order).post()
    };
    let _ = send("a", order("a-1", "retry"));
    let _ = send("a", order("a-2", "reply"));
    send("b", order("b-1", "reply")).settled().await;
    let begin = Instant::now();
    let positions = connector.member().revoke(&[(ORDERS, 0)]).finished().await;
    assert_eq!((positions, begin.elapsed()), (vec![], Duration::ZERO));
    assert_eq!(stage.calls(), ["a-1", "b-1"], "a-2 must not overtake a-1");
}

#[tokio::test(start_paused = true)]
async fn a_late_completion_changes_nothing() {
    let (connector, stage) = shop::open().await;
    let _ = connector.handler("order").json(&waiting()).post();
    pass(Duration::from_secs(1)).await;
    connector.member().lose(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    stage.let_go(1);
    pass(A_WHILE).await;
    assert!(connector.broker().records(REPLIES).is_empty(), "its next owner answers");
    assert_eq!(connector.committed(ORDERS, 0), None);
}

#[tokio::test(start_paused = true)]
async fn a_late_acknowledgement_changes_nothing() {
    let (connector, _) = shop::open().await;
    connector.broker().hold_acknowledgements();
    let _ = connector.handler("order").payload("?").post();
    connector.broker().wait_for_held(1).await;
    connector.member().lose(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    connector.broker().release_all();
    pass(A_WHILE).await;
    assert!(
        connector.broker().records(DEAD_LETTERS).is_empty(),
        "its next owner puts it aside, and once is enough"
    );
    assert_eq!(connector.committed(ORDERS, 0), None);
}

#[tokio::test(start_paused = true)]
async fn of_a_lost_partition_nothing_is_committed() {
    let (connector, _) = shop::open().await;
    connector.handler("order").send(&json!({"amount": 1})).await;
    // It is finished, and its commit is due within the second.
    connector.member().lose(&[(ORDERS, 0)]);
    pass(A_WHILE).await;
    assert_eq!(connector.committed(ORDERS, 0), None);
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_comes_back_begins_at_its_committed_offset() {
    let (connector, stage) = shop::open().await;
    let order = |note: &str, act: &str| {
        let order = json!({"amount": 1, "note": note, "act": act});
        connector.handler("order").json(&order).post()
    };
    let finished = order("finished", "reply");
    finished.settled().await;
    connector.wait_for_commit(ORDERS, 0, 1).await;
    let interrupted = order("interrupted", "wait");
    pass(Duration::from_secs(1)).await;
    connector.member().lose(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    connector.member().assign(ORDERS, 0);
    stage.let_go(1);
    interrupted.settled().await.reply_json().unwrap();
    assert_eq!(stage.calls(), ["finished", "interrupted", "interrupted"]);
    connector.wait_for_commit(ORDERS, 0, 2).await;
}

#[tokio::test(start_paused = true)]
async fn other_partitions_go_on_while_one_is_given_back() {
    let (connector, stage) = shop::open().await;
    let _ = connector.handler("order").partition(0).json(&waiting()).post();
    connector.handler("order").partition(1).send(&json!({"amount": 1})).await;
    let revoking = connector.member().revoke(&[(ORDERS, 0)]);
    let begin = Instant::now();
    for _ in 0..5 {
        let request = connector.handler("order").partition(1);
        request.send(&json!({"amount": 1})).await.reply_json().unwrap();
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    stage.let_go(1);
    revoking.finished().await;
    connector.wait_for_commit(ORDERS, 1, 6).await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_the_broker_ends_with_its_assignment() {
    let (connector, _) = shop::open().await;
    let away = SendError::Failed("the topic does not exist".to_owned());
    connector.broker().inject(Fault::on_send(away).topic(DEAD_LETTERS));
    let _ = connector.handler("order").partition(0).payload("?").post();
    pass(Duration::from_secs(1)).await;
    connector.member().lose(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    let other = connector.handler("order").partition(1).send(&json!({"amount": 1})).await;
    other.reply_json().unwrap();
    connector.broker().repair();
    pass(A_WHILE).await;
    assert!(connector.broker().records(DEAD_LETTERS).is_empty(), "its next owner puts it aside");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_waits_for_a_full_producer_ends_with_its_assignment() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_send(SendError::Full));
    let _ = connector.handler("order").partition(0).json(&json!({"amount": 1})).post();
    pass(Duration::from_secs(1)).await;
    connector.member().lose(&[(ORDERS, 0)]);
    pass(Duration::from_secs(1)).await;
    connector.broker().repair();
    pass(A_WHILE).await;
    assert!(connector.broker().records(REPLIES).is_empty(), "its next owner answers");
    let other = connector.handler("order").partition(1).send(&json!({"amount": 1})).await;
    other.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_connector_takes_over_where_the_first_let_go() {
    let (first, first_stage) = shop::open().await;
    first.broker().create_topic(ORDERS, 2);
    let second_stage = Stage::default();
    let builder = shop::builder(&second_stage);
    let second = TestConnector::start_on(first.broker(), builder).await.unwrap();
    for number in 0..10 {
        let order = json!({"amount": 1, "note": number.to_string()});
        first.handler("order").partition(number % 2).send(&order).await.reply_json().unwrap();
    }
    first.member().revoke(&[(ORDERS, 1)]).finished().await;
    second.member().assign(ORDERS, 1);
    for number in 10..20 {
        let order = json!({"amount": 1, "note": number.to_string()});
        let owner = if number % 2 == 0 { &first } else { &second };
        owner.handler("order").partition(number % 2).send(&order).await.reply_json().unwrap();
    }
    let mut calls = [first_stage.calls(), second_stage.calls()].concat();
    calls.sort_by_key(|note| note.parse::<u32>().unwrap());
    assert!(
        calls.iter().map(|note| note.parse::<i32>().unwrap()).eq(0..20),
        "each once: {calls:?}"
    );
    first.stop().await.unwrap();
    second.stop().await.unwrap();
}
