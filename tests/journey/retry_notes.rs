//! What a request says of itself on a retry topic: what it is believed there, and nowhere else.

use std::time::Duration;

use flowx_core::testing::memory::MemoryBroker;
use serde_json::json;
use tokio::time::Instant;

use crate::retry_topics::{
    A_MOMENT, AFTER_5M, AFTER_30S, ANSWERS, ASIDE, HALF_A_MINUTE, MAILS, again, fails, fails_until,
    open, open_on,
};

#[tokio::test(start_paused = true)]
async fn what_an_instance_with_a_clock_ahead_has_forwarded_waits_for_one_delay_and_not_for_many() {
    let (connector, _) = open().await;
    connector.handler("mail").send(&fails_until(2)).await;
    let forwarded = connector.broker().records(AFTER_30S).remove(0);
    let begin = Instant::now();
    for number in 0..100 {
        let mut copy = again(&forwarded);
        copy.headers.push_text("flowx-retry-due", &(i64::MAX - 100 + number).to_string());
        connector.broker().append(copy);
    }
    connector.broker().wait_for_records(ANSWERS, 101).await;
    assert!(begin.elapsed() <= HALF_A_MINUTE + A_MOMENT * 100, "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_the_identity_that_it_was_forwarded_with() {
    let (connector, stage) = open().await;
    connector.handler("mail").send(&fails_until(2)).await;
    // As if another release had named its requests in another way.
    let mut copy = again(&connector.broker().records(AFTER_30S)[0]);
    let id = "0123456789abcdef0123456789abcdef";
    copy.headers.push_text("flowx-retry-id", id);
    connector.broker().append(copy);
    let answers = connector.broker().wait_for_records(ANSWERS, 2).await;
    assert_eq!(answers[1].headers.text("x-reply-id"), Some(id));
    assert!(stage.calls()[2].starts_with(&format!("2 {id} ")), "{:?}", stage.calls());
}

#[tokio::test(start_paused = true)]
async fn a_forged_retry_header_on_a_request_changes_nothing() {
    let (connector, stage) = open().await;
    connector.handler("mail").send(&fails_until(2)).await;
    let forwarded = connector.broker().records(AFTER_30S).remove(0);
    let mut forged = connector.handler("mail");
    for (name, value) in forwarded.headers.iter().filter(|(name, _)| name.starts_with("flowx-")) {
        forged = forged.add_header(name, value);
    }
    let begin = Instant::now();
    let exchange = forged.send(&fails()).await;
    let last = &stage.calls()[2..];
    assert!(last[0].starts_with("1 "), "the first attempt of three: {last:?}");
    assert!(!last[0].contains("flowx-retry"), "not even its handler sees them: {last:?}");
    assert_eq!((last.len(), exchange.attempts()), (3, 3));
    assert!(begin.elapsed() >= HALF_A_MINUTE * 11 - A_MOMENT);
    let at = format!("{MAILS}[0]@1");
    assert_eq!(exchange.headers().text("x-request-offset"), Some(at.as_str()));
    let letter = exchange.expect_dead_letter("retry-exhausted");
    for headers in [exchange.headers(), &letter.headers] {
        assert!(headers.iter().all(|(name, _)| !name.starts_with("flowx-retry")), "{headers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_wrote_on_a_retry_topic_is_a_fresh_request_that_is_due_at_once() {
    let (connector, stage) = open().await;
    let begin = Instant::now();
    let by_hand = connector.topic(AFTER_30S).header("flowx-retry-attempts", "7");
    let exchange = by_hand.send(&json!({})).await;
    exchange.reply_json().unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert!(stage.calls()[0].starts_with("1 "), "{:?}", stage.calls());
    let at = format!("{AFTER_30S}[0]@0");
    assert_eq!(exchange.headers().text("x-request-offset"), Some(at.as_str()));

    // It goes on as others do that stand there, and never back.
    let exchange = connector.topic(AFTER_30S).send(&fails()).await;
    assert_eq!(exchange.attempts(), 2);
    let letter = exchange.expect_dead_letter("retry-exhausted");
    assert_eq!(&*letter.at.topic, ASIDE, "the handler has one topic of dead letters");
    assert_eq!(letter.headers.text("dlq-original-topic"), Some(AFTER_30S));
    assert_eq!(connector.broker().records(AFTER_30S).len(), 2);
    assert_eq!(connector.broker().records(AFTER_5M).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn of_two_groups_on_one_topic_each_retries_its_own() {
    let broker = MemoryBroker::new();
    let (one, of_one) = open_on(&broker, "one").await;
    let (two, of_two) = open_on(&broker, "two").await;
    let exchange = one.handler("mail").send(&fails_until(2)).await;
    exchange.reply_json().unwrap();
    one.wait_for_commit(AFTER_30S, 0, 2).await;
    two.wait_for_commit(AFTER_30S, 0, 2).await;
    assert_eq!((of_one.calls().len(), of_two.calls().len()), (2, 2));
    assert_eq!(broker.records(ANSWERS).len(), 2, "one answer of each");
}

#[tokio::test(start_paused = true)]
async fn a_record_on_a_retry_topic_is_the_request_and_a_note_behind_it() {
    let (connector, _) = open().await;
    let exchange = connector.handler("mail").header("dlq-id", "mine").send(&fails_until(2)).await;
    let (forwarded, original) =
        (connector.broker().records(AFTER_30S).remove(0), exchange.request());
    assert_eq!((&forwarded.key, &forwarded.payload), (&original.key, &original.payload));
    let count = original.headers.len();
    let kept: Vec<_> = forwarded.headers.iter().take(count).collect();
    assert_eq!(kept, original.headers.iter().collect::<Vec<_>>());
    let timestamp = original.timestamp.unwrap().to_string();
    let note: Vec<_> = forwarded.headers.iter().skip(count).map(|(name, _)| name).collect();
    assert_eq!(note.len(), 10, "{note:?}");
    for (name, value) in [
        ("flowx-retry-version", "1"),
        ("flowx-retry-id", exchange.headers().text("x-reply-id").unwrap()),
        ("flowx-retry-consumer-group", connector.group()),
        ("flowx-retry-original-topic", MAILS),
        ("flowx-retry-original-partition", "0"),
        ("flowx-retry-original-offset", "0"),
        ("flowx-retry-original-timestamp", &timestamp),
        ("flowx-retry-attempts", "1"),
        ("flowx-retry-reason", "retry-exhausted"),
    ] {
        assert_eq!(forwarded.headers.text(name), Some(value), "{name}");
    }
}
