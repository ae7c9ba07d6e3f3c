//! Another try for what may pass, and an end to it; handlers that hang or panic harm nobody else.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use crate::shop::{self, DEAD_LETTERS, REPLIES};

#[tokio::test(start_paused = true)]
async fn what_passes_is_answered_as_if_nothing_had_been() {
    let (connector, stage) = shop::open().await;
    let exchange =
        connector.handler("order").send(&json!({"amount": 1, "act": "retry-twice"})).await;
    exchange.reply_json().unwrap();
    assert_eq!((exchange.attempts(), stage.calls().len()), (3, 3));
    assert!(exchange.dead_letter().is_none(), "{exchange}");
}

#[tokio::test(start_paused = true)]
async fn what_does_not_pass_is_answered_and_put_aside() {
    let (connector, stage) = shop::open().await;
    let begin = Instant::now();
    let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "retry"})).await;
    let refusal = exchange.expect_refusal("RETRY_EXHAUSTED");
    assert!(!refusal.message.contains("warehouse"), "no internals go out: {}", refusal.message);
    exchange.expect_dead_letter("retry-exhausted");
    assert_eq!((exchange.attempts(), stage.calls().len()), (5, 5));
    // Full jitter: at most 300 ms doubled four times, and hardly ever nothing at all.
    assert!(begin.elapsed() <= Duration::from_millis(300 + 600 + 1_200 + 2_400 + 10));
    assert!(begin.elapsed() > Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn the_time_for_all_attempts_is_bounded() {
    let (connector, stage) = shop::open_with(|settings| {
        settings.retry_attempts = 1_000_000;
        settings.retry_budget = Duration::from_secs(60);
    })
    .await;
    let begin = Instant::now();
    let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "retry"})).await;
    exchange.expect_refusal("RETRY_EXHAUSTED");
    assert!(begin.elapsed() <= Duration::from_secs(61), "{:?}", begin.elapsed());
    assert!(stage.calls().len() > 5);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_tried_twice_and_no_more() {
    let (connector, stage) = shop::open().await;
    let begin = Instant::now();
    let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "hang"})).await;
    exchange.expect_refusal("HANDLER_TIMEOUT");
    exchange.expect_dead_letter("handler-timeout");
    assert_eq!((exchange.attempts(), stage.calls().len()), (2, 2));
    let took = begin.elapsed();
    assert!(took >= Duration::from_secs(60) && took < Duration::from_secs(61), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_panics_is_tried_twice_and_no_more() {
    let (connector, stage) = shop::open().await;
    let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "panic"})).await;
    let refusal = exchange.expect_refusal("HANDLER_PANIC");
    assert!(!refusal.message.contains("head"), "no internals go out: {}", refusal.message);
    let letter = exchange.expect_dead_letter("handler-panic");
    let why = letter.headers.text("dlq-error-message").unwrap();
    assert_eq!(why, "the handler panicked: the handler lost its head");
    assert_eq!((exchange.attempts(), stage.calls().len()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn a_panic_or_a_hang_may_pass_too() {
    let (connector, _) = shop::open().await;
    for act in ["panic-once", "hang-once"] {
        let exchange = connector.handler("order").send(&json!({"amount": 1, "act": act})).await;
        exchange.reply_json().unwrap();
        assert_eq!(exchange.attempts(), 2, "{act}");
    }
}

#[tokio::test(start_paused = true)]
async fn no_panic_of_user_code_reaches_others() {
    let (connector, _) = shop::open().await;
    let order = |act: &str| {
        let order = json!({"amount": 1, "act": act});
        connector.handler("order").json(&order)
    };
    let moody = connector.handler("ask").header("mood", "panic").json(&json!({}));
    for (what, request, code) in [
        ("in the handler", order("panic"), "HANDLER_PANIC"),
        ("while its future is dropped", order("panic-in-drop"), "HANDLER_TIMEOUT"),
        ("while its error is put into words", order("panic-in-text"), "RETRY_EXHAUSTED"),
        ("while a request is read", connector.handler("explode").payload("{}"), "HANDLER_PANIC"),
        ("in a parameter", moody, "HANDLER_PANIC"),
    ] {
        let exchange = request.exchange().await;
        assert_eq!(exchange.expect_refusal(code).code, code, "{what}");
        assert!(exchange.dead_letter().is_some(), "{what}: {exchange}");
        let next = connector.handler("order").send(&json!({"amount": 2})).await;
        assert_eq!(next.reply_json().unwrap()["amount"], 2, "after a panic {what}");
    }
    connector.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_next_try_holds_up_no_other_partition() {
    let (connector, _) = shop::open().await;
    let order = json!({"amount": 1, "act": "retry"});
    let failing = connector.handler("order").partition(0).json(&order).post();
    let begin = Instant::now();
    for _ in 0..10 {
        let other = connector.handler("order").partition(1).send(&json!({"amount": 1})).await;
        other.reply_json().unwrap();
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    failing.settled().await.expect_refusal("RETRY_EXHAUSTED");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_for_its_next_try_keeps_its_place() {
    let (connector, stage) = shop::open().await;
    let order = |note: &str, act: &str| {
        let order = json!({"amount": 1, "note": note, "act": act});
        connector.handler("order").process("one").json(&order).post()
    };
    let (first, second) = (order("first", "retry-twice"), order("second", "reply"));
    first.settled().await.reply_json().unwrap();
    second.settled().await.reply_json().unwrap();
    assert_eq!(stage.calls(), ["first", "first", "first", "second"]);
    assert_eq!(connector.broker().records(REPLIES).len(), 2);
    assert!(connector.broker().records(DEAD_LETTERS).is_empty());
}

#[tokio::test(start_paused = true)]
async fn work_of_its_own_learns_at_once_that_an_attempt_has_ended() {
    let (connector, stage) = shop::open_with(|settings| {
        settings.retry_delay = Duration::from_secs(60);
        settings.handler_timeout = Duration::from_secs(5);
    })
    .await;
    let posted = connector.handler("spawn").payload("").post();
    shop::pass(Duration::from_millis(5_001)).await;
    assert_eq!(stage.calls(), ["attempt 1 cancelled"], "not only when the next attempt begins");
    posted.settled().await.expect_refusal("HANDLER_TIMEOUT");
    assert_eq!(stage.calls(), ["attempt 1 cancelled", "attempt 2 cancelled"]);
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_no_json_is_an_error_reply() {
    let (connector, stage) = shop::open().await;
    let exchange =
        connector.handler("order").send(&json!({"amount": 1, "act": "broken-reply"})).await;
    exchange.expect_refusal("REPLY_REJECTED");
    exchange.expect_dead_letter("reply-rejected");
    assert_eq!(stage.calls().len(), 1, "the work is done: it is not done again");
}
