//! What runs beside what: order where it is promised, and nobody held up by another.

use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::runtime::plan::Bounds;
use flowx_core::{HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::shop::{self, ORDERS, Order, Stage, pass};

/// One after another by partition.
#[flowx_handler(topic = "lanes.by-partition", order = partition)]
async fn by_partition(order: Order, stage: State<Stage>) -> Result<(), HandlerError> {
    note_and_wait(order, &stage).await
}

/// All at once.
#[flowx_handler(topic = "lanes.unordered", order = unordered)]
async fn unordered(order: Order, stage: State<Stage>) -> Result<(), HandlerError> {
    note_and_wait(order, &stage).await
}

/// Two at a time.
#[flowx_handler(topic = "lanes.two", concurrency = 2, timeout = Duration::from_secs(3))]
async fn two_at_a_time(order: Order, stage: State<Stage>) -> Result<(), HandlerError> {
    note_and_wait(order, &stage).await
}

#[derive(Serialize, JsonSchema)]
struct Noted {}

/// Ready at once.
#[flowx_handler(topic = "lanes.at-once")]
async fn at_once(order: Order, stage: State<Stage>) -> Result<Noted, HandlerError> {
    stage.note(order.note);
    Ok(Noted {})
}

async fn note_and_wait(order: Order, stage: &Stage) -> Result<(), HandlerError> {
    stage.note(order.note);
    stage.wait().await;
    Ok(())
}

/// Sends requests, named by process and number, to one partition; returns which have begun.
async fn begun(handler: &str, requests: &[&str], act: &str) -> (Vec<String>, Stage) {
    let (connector, stage) = shop::open().await;
    for request in requests {
        let (process, _) = request.split_once('-').unwrap();
        let order = json!({"amount": 1, "note": request, "act": act});
        let sent = connector.handler(handler).process(process).partition(0).json(&order);
        let _ = sent.post();
    }
    pass(Duration::from_secs(1)).await;
    (stage.calls(), stage)
}

#[tokio::test(start_paused = true)]
async fn requests_of_one_process_wait_for_each_other_and_for_nobody_else() {
    let (calls, _) = begun("order", &["a-1", "a-2", "b-1", "a-3", "c-1"], "wait").await;
    assert_eq!(calls, ["a-1", "b-1", "c-1"]);
}

#[tokio::test(start_paused = true)]
async fn by_partition_everything_waits_for_what_is_before_it() {
    let (calls, _) = begun("by_partition", &["a-1", "b-1", "c-1"], "reply").await;
    assert_eq!(calls, ["a-1"]);
}

#[tokio::test(start_paused = true)]
async fn unordered_nothing_waits() {
    let (calls, _) = begun("unordered", &["a-1", "a-2", "a-3"], "reply").await;
    assert_eq!(calls, ["a-1", "a-2", "a-3"]);
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_at_work_than_the_handler_wants() {
    let (connector, stage) = shop::open().await;
    for process in ["a", "b", "c", "d", "e"] {
        let order = json!({"amount": 1, "note": process});
        let _ = connector.handler("two_at_a_time").process(process).json(&order).post();
    }
    // What others do is no business of theirs.
    let _ = connector.handler("order").json(&json!({"amount": 1, "note": "other"})).post();
    pass(Duration::from_secs(1)).await;
    let mut calls = stage.calls();
    assert_eq!(calls.len(), 3, "{calls:?}");
    assert!(calls.contains(&"other".to_owned()), "{calls:?}");
    stage.let_go(5);
    pass(Duration::from_secs(1)).await;
    calls = stage.calls();
    calls.sort();
    assert_eq!(calls, ["a", "b", "c", "d", "e", "other"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_have_a_timeout_of_its_own() {
    let (connector, _) = shop::open().await;
    let begin = tokio::time::Instant::now();
    let exchange = connector.handler("two_at_a_time").send(&json!({"amount": 1})).await;
    assert_eq!(exchange.attempts(), 2);
    let took = begin.elapsed();
    assert!((Duration::from_secs(6)..Duration::from_secs(7)).contains(&took), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_is_worked_off_in_order_even_while_its_first_is_retried() {
    let (connector, stage) = shop::open().await;
    let order = |note: &str, act: &str| json!({"amount": 1, "note": note, "act": act});
    let send = |process: &str, order: serde_json::Value| {
        let _ = connector.handler("order").process(process).partition(0).json(&order).post();
    };
    send("a", order("a-1", "retry-twice"));
    for number in 2..50 {
        send("a", order(&format!("a-{number}"), "reply"));
    }
    send("b", order("b-1", "reply"));
    pass(Duration::from_millis(1)).await;
    assert_eq!(stage.calls(), ["a-1", "b-1"], "only its own process waits for a retry");
    connector.wait_for_commit(ORDERS, 0, 50).await;
    let mut expected = vec!["a-1", "b-1", "a-1", "a-1"];
    let rest: Vec<String> = (2..50).map(|number| format!("a-{number}")).collect();
    expected.extend(rest.iter().map(String::as_str));
    assert_eq!(stage.calls(), expected);
}

#[tokio::test(start_paused = true)]
async fn a_long_line_stops_the_reading_of_its_partition_and_of_no_other() {
    let (connector, stage) = shop::open().await;
    let waiting = json!({"amount": 1, "note": "hot", "act": "wait"});
    for _ in 0..1_200 {
        let _ = connector.handler("order").process("hot").partition(0).json(&waiting).post();
    }
    let order = |note: &str| json!({"amount": 1, "note": note});
    let _ = connector.handler("order").process("behind").partition(0).json(&order("behind")).post();
    let _ = connector.handler("order").process("other").partition(1).json(&order("other")).post();
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls(), ["hot", "other"], "a thousand wait, and no more is read");
    stage.let_go(300);
    pass(Duration::from_secs(1)).await;
    assert!(stage.calls().contains(&"behind".to_owned()), "there is room again");
}

#[tokio::test(start_paused = true)]
async fn large_requests_at_work_are_bounded_in_bytes() {
    let (connector, stage) = shop::open().await;
    for _ in 0..100 {
        let order = json!({"amount": 1, "note": "x".repeat(1 << 20)});
        let _ = connector.handler("unordered").json(&order).post();
    }
    pass(Duration::from_secs(1)).await;
    let most = Bounds::default().at_work_bytes >> 20;
    let at_work = stage.calls().len();
    assert!((most / 2..=most).contains(&at_work), "{at_work} of {most} MiB");
    stage.let_go(100);
    pass(Duration::from_secs(1)).await;
    assert_eq!(stage.calls().len(), 100);
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_line_is_not_begun_while_too_many_answers_are_unacknowledged() {
    let (connector, stage) = shop::open().await;
    let broker = connector.broker().clone();
    // 16 MiB may be unacknowledged, each answer keeps its request of one MiB with it.
    let padding = "x".repeat(1 << 20);
    for partition in 0..3 {
        for number in 0..8 {
            let act = if number == 0 { "wait" } else { "reply" };
            let order = json!({"amount": 1, "note": padding, "act": act});
            let process = format!("process-{partition}");
            let request = connector.handler("order").process(&process).partition(partition);
            let _ = request.json(&order).post();
        }
    }
    pass(Duration::from_secs(1)).await;
    broker.hold_acknowledgements();
    stage.let_go(3);
    pass(Duration::from_secs(1)).await;
    let (begun, held) = (stage.calls().len(), broker.held().len());
    // Eight fit, with their replies of one MiB; what is at work already comes on top.
    assert!((8..=11).contains(&held) && begun == held, "{begun} begun, {held} held");
    broker.release_all();
    for partition in 0..3 {
        connector.wait_for_commit(ORDERS, partition, 8).await;
    }
    assert_eq!(stage.calls().len(), 24);
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_line_goes_with_its_partition_and_is_not_begun() {
    let (connector, stage) = shop::open().await;
    let waiting = json!({"amount": 1, "note": "a", "act": "wait"});
    for _ in 0..3 {
        let _ = connector.handler("order").process("a").partition(0).json(&waiting).post();
    }
    pass(Duration::from_secs(1)).await;
    let revoking = connector.member().revoke(&[(ORDERS, 0)]);
    pass(Duration::from_millis(1)).await;
    stage.let_go(3);
    assert_eq!(revoking.finished().await, [(ORDERS.into(), 0, 1)]);
    assert_eq!(stage.calls(), ["a"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_before_something_begun_is_finished_with_its_partition() {
    let (connector, stage) = shop::open().await;
    let send = |process: &str, note: &str| {
        let order = json!({"amount": 1, "note": note, "act": "wait"});
        let _ = connector.handler("order").process(process).partition(0).json(&order).post();
    };
    // Offset 1 waits for 0 when 2 has begun already; 3 waits behind all that has begun.
    for (process, note) in [("a", "a-1"), ("a", "a-2"), ("b", "b-1"), ("a", "a-3")] {
        send(process, note);
    }
    pass(Duration::from_secs(1)).await;
    let revoking = connector.member().revoke(&[(ORDERS, 0)]);
    pass(Duration::from_millis(1)).await;
    stage.let_go(4);
    assert_eq!(revoking.finished().await, [(ORDERS.into(), 0, 3)]);
    assert_eq!(stage.calls(), ["a-1", "b-1", "a-2"]);
}

/// Sends ten requests to each of two partitions; the partitions in the order in which these are begun.
async fn partitions_begun(
    handler: &str,
    act: &str,
    settings: impl FnOnce(&mut Settings),
) -> String {
    let (connector, stage) = shop::open_with(settings).await;
    // It has all its partitions before there is anything in them.
    pass(Duration::from_millis(100)).await;
    for partition in [0, 1] {
        for number in 0..10 {
            let order = json!({"amount": 1, "note": partition.to_string(), "act": act});
            let process = format!("process-{partition}-{number}");
            let request = connector.handler(handler).process(&process).partition(partition);
            let _ = request.json(&order).post();
        }
    }
    for _ in 0..10 {
        pass(Duration::from_millis(100)).await;
        stage.let_go(1);
    }
    pass(Duration::from_millis(100)).await;
    stage.calls().concat()
}

#[tokio::test(start_paused = true)]
async fn a_partition_with_much_to_read_does_not_hold_up_another() {
    // Where there is room for few, both get some of it.
    let begun = partitions_begun("at_once", "reply", |settings| settings.unacknowledged = 1).await;
    assert_eq!(begun.len(), 20, "{begun}");
    assert!(begun[..8].contains('0') && begun[..8].contains('1'), "{begun}");
    let begun = partitions_begun("two_at_a_time", "wait", |_| {}).await;
    assert!((8..=12).contains(&begun.len()), "{begun}");
    let of_the_other = begun.matches('1').count();
    assert!((begun.len() / 2).abs_diff(of_the_other) <= 2, "{begun}");
}
