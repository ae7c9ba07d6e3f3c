//! Requests of a handler without an order that keep failing wait on retry topics, where they survive
//! a restart and hold up nobody.

use std::time::Duration;

use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Outbound, Record};
use flowx_core::runtime::port::SendError;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::{Fault, MemoryBroker};
use flowx_core::{Context, State, Topic, flowx_handler};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::shop::{self, Act, OrderError, Receipt, Stage, pass};

pub(crate) const MAILS: &str = "ai.flowx.dev.shop.trigger.mail.v1";
pub(crate) const AFTER_30S: &str = "ai.flowx.dev.shop.trigger.mail.v1.retry.30s";
pub(crate) const AFTER_5M: &str = "ai.flowx.dev.shop.trigger.mail.v1.retry.5m";
pub(crate) const ASIDE: &str = "ai.flowx.dev.shop.trigger.mail.v1.dlq";
pub(crate) const ANSWERS: &str = "ai.flowx.dev.engine.receive.shop.mail.results.v1";

pub(crate) const HALF_A_MINUTE: Duration = Duration::from_secs(30);
/// The clock of records has milliseconds.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(2);

#[derive(Deserialize, JsonSchema)]
struct Mail {
    /// What it does in its first attempts.
    #[serde(default)]
    act: Act,
    /// The first attempt in which it replies; 0 is the first of all.
    #[serde(default)]
    from: u32,
}

/// Notes what it sees of itself in each attempt.
#[flowx_handler(topic = "shop.trigger.mail", order = unordered, retry_topics = ["30s", "5m"])]
async fn mail(
    mail: Mail,
    stage: State<Stage>,
    at: Context,
    topic: Topic,
    headers: flowx_core::Headers,
) -> Result<Receipt, OrderError> {
    let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
    stage.note(format!("{} {} {topic} {names:?}", at.attempt(), at.idempotency_key()));
    if at.attempt() >= mail.from.max(1) && mail.from != 0 {
        return Ok(Receipt { amount: 1, note: String::new(), honest: true });
    }
    match mail.act {
        Act::Retry => Err(shop::unavailable()),
        Act::Refuse => Err(OrderError::SoldOut(1)),
        Act::Hang => std::future::pending().await,
        Act::Panic => panic!("the handler lost its head"),
        Act::BrokenReply => Ok(Receipt { amount: 1, note: String::new(), honest: false }),
        _ => Ok(Receipt { amount: 1, note: String::new(), honest: true }),
    }
}

pub(crate) fn fails_until(attempt: u32) -> Value {
    json!({"act": "retry", "from": attempt})
}

pub(crate) fn fails() -> Value {
    json!({"act": "retry"})
}

/// One attempt in each round: nothing but retry topics takes time.
pub(crate) async fn open() -> (TestConnector, Stage) {
    shop::open_with(|settings| settings.retry_attempts = 1).await
}

/// Starts the mails alone on a broker that is there.
pub(crate) async fn open_on(broker: &MemoryBroker, group: &str) -> (TestConnector, Stage) {
    let stage = Stage::default();
    let mut settings = flowx_core::config::Settings::default();
    settings.retry_attempts = 1;
    let builder = shop::builder(&stage).settings(settings).group(group).only(["mail"]);
    (TestConnector::start_on(broker, builder).await.unwrap(), stage)
}

/// What a record was, to be written once more.
pub(crate) fn again(record: &Record) -> Outbound {
    Outbound {
        topic: record.at.topic.clone(),
        partition: None,
        key: record.key.clone(),
        headers: record.headers.clone(),
        payload: record.payload.clone(),
    }
}

fn too_large() -> SendError {
    SendError::Rejected("the record is larger than the broker takes".to_owned())
}

fn missing() -> SendError {
    SendError::Failed("the topic does not exist".to_owned())
}

#[tokio::test(start_paused = true)]
async fn a_request_that_keeps_failing_goes_through_its_retry_topics_and_is_answered_after_the_last()
{
    let (connector, stage) = shop::open().await;
    let begin = Instant::now();
    let exchange = connector.handler("mail").send(&fails()).await;
    let refusal = exchange.expect_refusal("RETRY_EXHAUSTED");
    assert!(refusal.message.contains("15 attempts"), "{}", refusal.message);
    let letter = exchange.expect_dead_letter("retry-exhausted");
    assert_eq!(letter.headers.text("dlq-attempts"), Some("15"), "five on each topic");
    assert_eq!((exchange.attempts(), stage.calls().len()), (15, 15));
    let delays = HALF_A_MINUTE * 11;
    let took = begin.elapsed();
    assert!(took >= delays && took < delays + HALF_A_MINUTE, "{took:?}");
    for topic in [MAILS, AFTER_30S, AFTER_5M, ANSWERS, ASIDE] {
        assert_eq!(connector.broker().records(topic).len(), 1, "{topic}");
    }
    for topic in [MAILS, AFTER_30S, AFTER_5M] {
        connector.wait_for_commit(topic, 0, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_passes_on_a_retry_topic_is_answered_as_if_nothing_had_been() {
    let (connector, stage) = open().await;
    let at_once = connector.handler("mail").header("mine", "1").send(&json!({})).await;
    let later = connector.handler("mail").header("mine", "1").send(&fails_until(3)).await;
    later.reply_json().unwrap();
    assert_eq!(later.attempts(), 3);
    assert!(later.dead_letter().is_none(), "{later}");
    let names =
        |headers: &Headers| headers.iter().map(|(name, _)| name.to_owned()).collect::<Vec<_>>();
    assert_eq!(names(later.headers()), names(at_once.headers()));
    let at = format!("{MAILS}[0]@1");
    assert_eq!(later.headers().text("x-request-offset"), Some(at.as_str()));
    let key = stage.calls()[1].split(' ').nth(1).unwrap().to_owned();
    assert_eq!(later.headers().text("x-reply-id"), Some(key.as_str()));
}

#[tokio::test(start_paused = true)]
async fn attempts_go_on_counting_and_all_else_a_handler_sees_stays_the_same() {
    let (connector, stage) = open().await;
    connector.handler("mail").header("mine", "1").send(&fails()).await;
    let calls = stage.calls();
    let seen: Vec<_> = calls.iter().map(|call| call.split_once(' ').unwrap()).collect();
    let [(first, a), (second, b), (third, c)] = seen[..] else { panic!("{calls:?}") };
    assert_eq!((first, second, third), ("1", "2", "3"));
    assert_eq!((a, a), (b, c), "key, topic and headers");
    assert!(a.contains(MAILS) && a.contains("mine") && !a.contains("retry"), "{a}");
}

#[tokio::test(start_paused = true)]
async fn a_record_on_a_retry_topic_waits_until_it_is_due_and_no_longer_than_the_delay() {
    let (connector, stage) = open().await;
    let begin = Instant::now();
    connector.handler("mail").send(&fails_until(2)).await.reply_json().unwrap();
    let took = begin.elapsed();
    assert!(took >= HALF_A_MINUTE - A_MOMENT && took <= HALF_A_MINUTE + A_MOMENT, "{took:?}");

    // As if it had been written by an instance whose clock is ahead, or had lain there for long.
    let forwarded = connector.broker().records(AFTER_30S).remove(0);
    let longest = HALF_A_MINUTE + A_MOMENT;
    for (due, longest) in [(i64::MAX, longest), (0, A_MOMENT)] {
        let mut copy = again(&forwarded);
        copy.headers.push_text("flowx-retry-due", &due.to_string());
        let (begin, before) = (Instant::now(), stage.calls().len());
        connector.broker().append(copy);
        let answers = connector.broker().records(ANSWERS).len();
        connector.broker().wait_for_records(ANSWERS, answers + 1).await;
        let took = begin.elapsed();
        assert!(took <= longest && took + A_MOMENT * 2 >= longest, "due {due}: {took:?}");
        assert_eq!(stage.calls().len(), before + 1);
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_many_that_wait_has_its_turn_when_it_is_due() {
    let (connector, _) = open().await;
    let mut posted = Vec::new();
    for _ in 0..50 {
        posted.push((Instant::now(), connector.handler("mail").json(&fails_until(2)).post()));
        pass(Duration::from_secs(1)).await;
    }
    for (sent, posted) in posted {
        let exchange = posted.settled().await;
        exchange.reply_json().unwrap();
        let written = exchange.replies()[0].timestamp.unwrap();
        let took = written - exchange.request().timestamp.unwrap();
        assert!((29_998..=30_002).contains(&took), "{took} ms after {sent:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn of_a_partition_on_a_retry_topic_nothing_is_read_behind_what_waits() {
    let (connector, stage) = open().await;
    let waiting = connector.handler("mail").json(&fails_until(2)).post();
    connector.broker().wait_for_records(AFTER_30S, 1).await;
    let behind = connector.topic(AFTER_30S).partition(0).json(&json!({})).post();
    let elsewhere = connector.topic(AFTER_30S).partition(1).json(&json!({})).post();
    elsewhere.settled().await.reply_json().unwrap();
    pass(HALF_A_MINUTE / 2).await;
    connector.member().announce();
    pass(HALF_A_MINUTE / 4).await;
    assert_eq!(stage.calls().len(), 2, "{:?}", stage.calls());
    waiting.settled().await.reply_json().unwrap();
    behind.settled().await.reply_json().unwrap();
    assert!(stage.calls()[2].starts_with("2 "), "{:?}", stage.calls());
}

#[tokio::test(start_paused = true)]
async fn what_waits_on_a_retry_topic_does_not_hold_up_its_handler() {
    let (connector, _) = shop::open_with(|settings| {
        settings.retry_attempts = 1;
        settings.concurrency = 1;
    })
    .await;
    let waiting = connector.handler("mail").json(&fails_until(2)).post();
    connector.broker().wait_for_records(AFTER_30S, 1).await;
    connector.wait_for_commit(MAILS, 0, 1).await;
    let begin = Instant::now();
    for _ in 0..10 {
        connector.handler("mail").send(&json!({})).await.reply_json().unwrap();
    }
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(connector.committed(AFTER_30S, 0), None);
    waiting.settled().await.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_dead_letter_of_a_retried_request_is_the_original() {
    let (connector, _) = open().await;
    let request =
        connector.handler("mail").key("k").add_header("null", None).add_header("a", Some(b"\xff"));
    let exchange = request.send(&fails()).await;
    let (letter, original) = (exchange.expect_dead_letter("retry-exhausted"), exchange.request());
    assert_eq!((&letter.key, &letter.payload), (&original.key, &original.payload));
    let count = original.headers.len();
    let kept: Vec<_> = letter.headers.iter().take(count).collect();
    assert_eq!(kept, original.headers.iter().collect::<Vec<_>>());
    let others: Vec<_> = letter.headers.iter().skip(count).map(|(name, _)| name).collect();
    assert!(others.iter().all(|name| name.starts_with("dlq-")), "{others:?}");
    let timestamp = original.timestamp.unwrap().to_string();
    for (name, value) in [
        ("dlq-id", exchange.headers().text("x-reply-id").unwrap()),
        ("dlq-original-topic", MAILS),
        ("dlq-original-partition", "0"),
        ("dlq-original-offset", "0"),
        ("dlq-original-timestamp", &timestamp),
        ("dlq-attempts", "3"),
        ("dlq-replied", "true"),
    ] {
        assert_eq!(letter.headers.text(name), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_while_a_record_waits_takes_no_time_and_loses_nothing() {
    let broker = MemoryBroker::new();
    let (connector, _) = open_on(&broker, "shop").await;
    let sent = Instant::now();
    let _ = connector.handler("mail").json(&fails_until(2)).post();
    pass(Duration::from_secs(10)).await;
    let begin = Instant::now();
    connector.stop().await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(broker.committed("shop", MAILS, 0), Some(1), "it is on its retry topic");
    assert_eq!(broker.committed("shop", AFTER_30S, 0), None);

    let (connector, stage) = open_on(&broker, "shop").await;
    let begin = Instant::now();
    broker.wait_for_records(ANSWERS, 1).await;
    // Only tokio's clock was put forward, so the second connector's time of day is behind.
    assert!(sent.elapsed() >= HALF_A_MINUTE - A_MOMENT, "{:?}", sent.elapsed());
    assert!(begin.elapsed() <= HALF_A_MINUTE + A_MOMENT, "{:?}", begin.elapsed());
    assert!(stage.calls()[0].starts_with("2 "), "{:?}", stage.calls());
    connector.wait_for_commit(AFTER_30S, 0, 1).await;
}

#[tokio::test(start_paused = true)]
async fn a_partition_that_is_taken_away_while_a_record_waits_is_given_back_at_once() {
    let (connector, stage) = open().await;
    let posted = connector.handler("mail").json(&fails_until(2)).post();
    pass(Duration::from_secs(10)).await;
    let begin = Instant::now();
    let positions = connector.member().revoke(&[(AFTER_30S, 0)]).finished().await;
    assert_eq!((positions, begin.elapsed()), (vec![], Duration::ZERO));
    pass(HALF_A_MINUTE * 10).await;
    assert_eq!(stage.calls().len(), 1, "its next try is its next owner's");
    connector.member().assign(AFTER_30S, 0);
    posted.settled().await.reply_json().unwrap();
    assert_eq!(stage.calls().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_crash_while_a_record_waits_loses_nothing() {
    let broker = MemoryBroker::new();
    let (connector, _) = open_on(&broker, "shop").await;
    let _ = connector.handler("mail").json(&fails_until(2)).post();
    connector.wait_for_commit(MAILS, 0, 1).await;
    connector.kill().await;
    let (_connector, stage) = open_on(&broker, "shop").await;
    broker.wait_for_records(ANSWERS, 1).await;
    assert_eq!(stage.calls().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_committed_before_the_retry_topic_has_acknowledged_it() {
    let (connector, _) = open().await;
    connector.broker().hold_acknowledgements();
    let posted = connector.handler("mail").json(&fails_until(2)).post();
    connector.broker().wait_for_held(1).await;
    pass(Duration::from_secs(10)).await;
    assert_eq!(connector.committed(MAILS, 0), None);
    connector.broker().release_all();
    connector.wait_for_commit(MAILS, 0, 1).await;
    posted.settled().await.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_a_retry_topic_will_never_take_is_answered_and_put_aside_at_once() {
    for fault in [Fault::on_send(too_large()), Fault::on_delivery(too_large())] {
        let (connector, _) = open().await;
        connector.broker().inject(fault.topic(AFTER_5M));
        let exchange = connector.handler("mail").send(&fails()).await;
        exchange.expect_refusal("RETRY_EXHAUSTED");
        let letter = exchange.expect_dead_letter("retry-exhausted");
        assert_eq!(letter.headers.text("dlq-attempts"), Some("2"));
        connector.wait_for_commit(AFTER_30S, 0, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_retry_topic_that_is_missing_holds_its_requests_until_it_is_there() {
    for fault in [Fault::on_send(missing()), Fault::on_delivery(missing())] {
        let (connector, stage) = open().await;
        connector.broker().inject(fault.topic(AFTER_30S));
        let posted = connector.handler("mail").json(&fails_until(2)).post();
        pass(HALF_A_MINUTE * 10).await;
        assert_eq!((connector.committed(MAILS, 0), stage.calls().len()), (None, 1));
        connector.broker().repair();
        posted.settled().await.reply_json().unwrap();
        connector.wait_for_commit(MAILS, 0, 1).await;
    }
}

#[tokio::test(start_paused = true)]
async fn only_what_may_pass_by_itself_goes_to_a_retry_topic() {
    for (request, code, attempts) in [
        (json!({"act": "refuse"}), "SOLD_OUT", 1),
        (json!({"act": "broken-reply"}), "REPLY_REJECTED", 1),
        (json!({"act": 7}), "INVALID_REQUEST", 0),
        (json!({"act": "panic"}), "HANDLER_PANIC", 3),
        (json!({"act": "hang"}), "HANDLER_TIMEOUT", 3),
        (fails(), "RETRY_EXHAUSTED", 3),
    ] {
        let (connector, _) = open().await;
        let exchange = connector.handler("mail").send(&request).await;
        exchange.expect_refusal(code);
        assert_eq!(exchange.attempts(), attempts, "{code}");
        let forwarded = usize::from(attempts == 3);
        assert_eq!(connector.broker().records(AFTER_30S).len(), forwarded, "{code}");
    }
}
