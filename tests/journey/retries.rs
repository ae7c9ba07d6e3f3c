//! Another try for what may pass, and an end to it; handlers that hang or panic harm nobody else.

use std::time::Duration;

use flowx_core::{Context, HandlerError, State, flowx_handler};
use serde_json::json;
use tokio::time::Instant;

use crate::shop::{self, DEAD_LETTERS, Order, REPLIES, Stage};

/// What it does cannot be done twice.
#[flowx_handler(topic = "retries.once", attempts = 1)]
async fn once(order: Order, stage: State<Stage>) -> Result<(), HandlerError> {
    stage.note(order.note);
    Err(HandlerError::retry("the connection broke"))
}

/// Its service says when it has time again.
#[flowx_handler(topic = "retries.busy")]
async fn busy(order: Order, at: Context) -> Result<(), HandlerError> {
    let wait = Duration::from_secs(order.amount.into());
    if at.attempt() < 3 { Err(HandlerError::retry_after(wait, "busy")) } else { Ok(()) }
}

#[tokio::test(start_paused = true)]
async fn a_handler_may_have_a_number_of_attempts_of_its_own() {
    let (connector, stage) = shop::open().await;
    let exchange = connector.handler("once").send(&json!({"amount": 1})).await;
    exchange.expect_dead_letter("retry-exhausted");
    assert_eq!(stage.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_service_that_asks_for_time_gets_it() {
    let (connector, _) = shop::open().await;
    let begin = Instant::now();
    let exchange = connector.handler("busy").send(&json!({"amount": 20})).await;
    assert_eq!(exchange.attempts(), 3);
    assert!(exchange.dead_letter().is_none(), "{exchange}");
    assert!(begin.elapsed() >= Duration::from_secs(40), "{:?}", begin.elapsed());
    // More than there is for all attempts.
    let exchange = connector.handler("busy").send(&json!({"amount": 121})).await;
    exchange.expect_dead_letter("retry-exhausted");
    assert_eq!(exchange.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn refusals_are_put_aside_too_if_that_is_wanted() {
    for (wanted, letters) in [(false, 0), (true, 1)] {
        let (connector, _) =
            shop::open_with(|settings| settings.dead_letter_refusals = wanted).await;
        let exchange =
            connector.handler("order").send(&json!({"amount": 1, "act": "refuse"})).await;
        exchange.expect_refusal("SOLD_OUT");
        assert_eq!(connector.broker().records(DEAD_LETTERS).len(), letters);
    }
}

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
async fn after_a_hang_or_a_panic_there_are_as_many_attempts_as_is_wanted() {
    for act in ["hang", "panic"] {
        let (connector, stage) =
            shop::open_with(|settings| settings.retry_attempts_after_crash = 3).await;
        connector.handler("order").send(&json!({"amount": 1, "act": act})).await;
        assert_eq!(stage.calls().len(), 3, "{act}");
    }
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
