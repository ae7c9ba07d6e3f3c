//! What holds on every broker.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use flowx_core::config::assignment::AssignmentProtocol;
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Outbound, Record};
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::eventually;

use crate::broker::{Broker, next, serve, start};
use crate::handlers::{Doubled, Gate, ROUND, Seen, Topics};

const WITHIN: Duration = Duration::from_secs(60);

pub(crate) async fn engines_of_every_version_are_answered_as_they_demand(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let connector = start(broker.connector("c", &["double"]).state(Arc::<Seen>::default()));
    for version in PlatformVersion::ALL {
        let mut engine = broker.engine(version);
        for (json, code) in [(r#"{"number":21}"#, None), (r#"{"number":-1}"#, Some("NEGATIVE"))] {
            let exchange = engine.request(&request, json.as_bytes(), &reply).await.unwrap();
            assert_eq!(exchange.findings, [], "{version:?}");
            assert_eq!(exchange.refusal_code().as_deref(), code, "{version:?}");
            if code.is_none() {
                let expected =
                    serde_json::json!({ "number": 21, "doubled": 42, "errorMessage": null });
                assert_eq!(exchange.reply(), Some(expected));
            }
        }
    }
    connector.stop().await;
}

pub(crate) async fn what_cannot_be_read_is_answered_and_put_aside_as_it_came(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let aside = format!("{request}.dlq");
    broker.create_topics(&[&aside]).await;
    let seen = Arc::<Seen>::default();
    let connector = start(broker.connector("c", &["double"]).state(Arc::clone(&seen)));
    let mut engine = broker.engine(PlatformVersion::V5_9);
    let mut dead_letters = broker.reader(&[&aside]).await;
    let broken: [&[u8]; 4] = [b"{\"number\":", b"{\"number\":\"x\"}", b"\xff\xfe", b"{}"];
    for json in broken {
        let exchange = engine.request(&request, json, &reply).await.unwrap();
        assert_eq!(exchange.findings, []);
        assert_eq!(exchange.refusal_code().as_deref(), Some("INVALID_REQUEST"));
        let dead_letter = next(&mut dead_letters, 1).await.remove(0);
        assert_eq!(dead_letter.payload.as_deref(), Some(json));
        assert_eq!(dead_letter.key, exchange.request.key);
        assert_eq!(dead_letter.headers.text("dlq-replied"), Some("true"));
        let sent: Vec<_> = exchange.request.headers.iter().collect();
        let kept: Vec<_> = dead_letter.headers.iter().take(sent.len()).collect();
        assert_eq!(kept, sent);
    }
    let exchange = engine.request(&request, b"{\"number\":1}", &reply).await.unwrap();
    assert_eq!((exchange.findings, exchange.answer.is_some()), (vec![], true));
    assert_eq!(seen.numbers(), [1]);
    connector.stop().await;
}

pub(crate) async fn a_restart_goes_on_where_the_last_run_ended(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let seen = Arc::<Seen>::default();
    let mut replies = broker.reader(&[&reply]).await;
    for run in 0..3 {
        // Half of the requests wait before the connector is there, half come while it is.
        send_numbers(&broker, &request, run * 40..run * 40 + 20).await;
        let connector = start(broker.connector("c", &["double"]).state(Arc::clone(&seen)));
        send_numbers(&broker, &request, run * 40 + 20..run * 40 + 40).await;
        next(&mut replies, 40).await;
        connector.stop().await;
    }
    let mut numbers = seen.numbers();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..120).collect::<Vec<_>>(), "each once, none left out");
}

pub(crate) async fn a_burst_is_answered_each_request_once(broker: Broker) {
    const REQUESTS: i64 = 10_000;
    let (request, reply) = between(&broker, "double").await;
    let mut replies = broker.reader(&[&reply]).await;
    send_numbers(&broker, &request, 0..REQUESTS).await;
    let connector = start(broker.connector("c", &["double"]).state(Arc::<Seen>::default()));
    let answered = next(&mut replies, usize::try_from(REQUESTS).unwrap()).await;
    connector.stop().await;
    let mut last = std::collections::BTreeMap::new();
    let mut distinct = BTreeSet::new();
    for record in &answered {
        let number = decoded::<Doubled>(record).number;
        distinct.insert(number);
        // Numbers of one process were sent in rising order.
        let before = last.insert(record.key.clone(), number);
        assert!(before.is_none_or(|before| before < number), "{before:?} before {number}");
    }
    assert_eq!(distinct, (0..REQUESTS).collect());
}

pub(crate) async fn a_stop_finishes_what_is_in_flight(broker: Broker) {
    let (request, reply) = between(&broker, "double-later").await;
    let gate = Arc::<Gate>::default();
    let mut replies = broker.reader(&[&reply]).await;
    let connector = start(broker.connector("c", &["double_later"]).state(Arc::clone(&gate)));
    send_numbers(&broker, &request, 0..1).await;
    gate.entered.acquire().await.unwrap().forget();
    let stopping = tokio::spawn(connector.stop());
    gate.leave.add_permits(1);
    stopping.await.unwrap();
    assert_eq!(next(&mut replies, 1).await.len(), 1);

    // It was committed: the next run has nothing to do but what is new.
    let connector = start(broker.connector("c", &["double_later"]).state(Arc::clone(&gate)));
    send_numbers(&broker, &request, 1..2).await;
    gate.leave.add_permits(1);
    let answered: Doubled = decoded(&next(&mut replies, 1).await[0]);
    assert_eq!(answered.number, 1);
    connector.stop().await;
}

pub(crate) async fn a_second_instance_takes_over_without_a_loss(broker: Broker) {
    takes_over(broker, AssignmentProtocol::Cooperative).await;
}

pub(crate) async fn a_second_instance_takes_over_without_a_loss_by_eager_assignment(
    broker: Broker,
) {
    takes_over(broker, AssignmentProtocol::Eager).await;
}

async fn takes_over(broker: Broker, assignment: AssignmentProtocol) {
    let (request, reply) = between(&broker, "double-slowly").await;
    let mut replies = broker.reader(&[&reply]).await;
    let sent = AtomicI64::new(0);
    // Something is in flight whenever partitions move.
    let send_more = || async {
        let first = sent.fetch_add(32, Ordering::Relaxed);
        send_numbers(&broker, &request, first..first + 32).await;
    };
    let instance = |seen: &Arc<Seen>| {
        let builder = broker.connector_assigned("c", assignment, &["double_slowly"]);
        start(builder.state(Arc::clone(seen)))
    };
    let (first, second) = (Arc::<Seen>::default(), Arc::<Seen>::default());
    let leaving = instance(&first);
    let busy = |seen: &Arc<Seen>| {
        let seen = Arc::clone(seen);
        let more = send_more();
        async move {
            more.await;
            !seen.numbers().is_empty()
        }
    };
    eventually(WITHIN, || busy(&first)).await;
    let staying = instance(&second);
    eventually(WITHIN, || busy(&second)).await;
    send_more().await;
    leaving.stop().await;
    send_more().await;
    let all = sent.load(Ordering::Relaxed);
    let answered: Vec<i64> = next(&mut replies, usize::try_from(all).unwrap())
        .await
        .iter()
        .map(|record| decoded::<Doubled>(record).number)
        .collect();
    let distinct: BTreeSet<i64> = answered.iter().copied().collect();
    assert_eq!(distinct, (0..all).collect(), "each answered, and none twice");
    staying.stop().await;
}

pub(crate) async fn a_pattern_sees_every_reply_but_no_dead_letter(broker: Broker) {
    let family = ["engine.receive.a.results", "engine.receive.b.results"];
    let [a, b] = family.map(|name| broker.topic(name));
    let dead_letters = format!("{a}.dlq");
    broker.create_topics(&[&a, &b, &dead_letters]).await;
    let topics = Arc::<Topics>::default();
    let connector = start(broker.connector("c", &["overhear"]).state(Arc::clone(&topics)));
    let overheard =
        [&dead_letters, &a, &b].map(|topic| outbound(topic, None, Headers::default(), Some(b"{}")));
    broker.write(&overheard).await;
    let seen = || {
        let mut seen = topics.0.lock().unwrap().clone();
        seen.sort();
        seen
    };
    eventually(WITHIN, || async { seen().len() >= 2 }).await;
    assert_eq!(seen(), [a, b]);
    connector.stop().await;
    assert_eq!(seen().len(), 2);
}

pub(crate) async fn a_request_without_a_name_of_its_process_is_put_aside(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let aside = format!("{request}.dlq");
    broker.create_topics(&[&aside]).await;
    let seen = Arc::<Seen>::default();
    let connector = start(broker.connector("c", &["double"]).state(Arc::clone(&seen)));
    let mut written = broker.reader(&[&reply, &aside]).await;
    let anonymous = [Some(&b"{\"number\":-1}"[..]), Some(b"{"), None]
        .map(|payload| outbound(&request, Some(b"k"), Headers::default(), payload));
    broker.write(&anonymous).await;
    let records = next(&mut written, 3).await;
    assert!(records.iter().all(|record| *record.at.topic == *aside), "{records:?}");
    let reasons: BTreeSet<_> =
        records.iter().filter_map(|record| record.headers.text("dlq-reason")).collect();
    assert_eq!(reasons, BTreeSet::from(["refused", "malformed-json", "null"]));
    assert!(records.iter().any(|record| record.payload.is_none()), "a tombstone stays one");
    connector.stop().await;
}

pub(crate) async fn a_member_with_a_name_is_at_work_again_right_after_a_restart(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let mut replies = broker.reader(&[&reply]).await;
    for run in 0..3 {
        let connector = broker.connector_named("c", "instance-1", &["double"]);
        let connector = start(connector.state(Arc::<Seen>::default()));
        send_numbers(&broker, &request, run..run + 1).await;
        assert_eq!(decoded::<Doubled>(&next(&mut replies, 1).await[0]).number, run);
        connector.stop().await;
    }
}

pub(crate) async fn of_two_members_with_one_name_the_first_gives_way_and_says_so(broker: Broker) {
    let (request, reply) = between(&broker, "double").await;
    let mut replies = broker.reader(&[&reply]).await;
    let member = || broker.connector_named("c", "instance-1", &["double"]);
    let first = member().state(Arc::<Seen>::default()).build().unwrap();
    let first = tokio::spawn(serve(first, std::future::pending()));
    send_numbers(&broker, &request, 0..1).await;
    next(&mut replies, 1).await;
    let second = start(member().state(Arc::<Seen>::default()));
    let ended = tokio::time::timeout(WITHIN, first).await.expect("it gives way").unwrap();
    let reason = ended.expect_err("and says why").to_string();
    assert!(reason.to_lowercase().contains("fenced"), "{reason}");
    send_numbers(&broker, &request, 1..2).await;
    next(&mut replies, 1).await;
    second.stop().await;
}

pub(crate) async fn a_request_on_a_retry_topic_survives_the_connector_that_wrote_it(
    broker: Broker,
) {
    let (request, reply) = between(&broker, "double-at-last").await;
    let retries = format!("{request}.retry.10s");
    broker.create_topics(&[&retries]).await;
    let mut waiting = broker.reader(&[&retries]).await;
    let mut replies = broker.reader(&[&reply]).await;
    let (first, second) = (Arc::<Seen>::default(), Arc::<Seen>::default());
    let instance = |seen: &Arc<Seen>| {
        start(broker.connector("c", &["double_at_last"]).state(Arc::clone(seen)))
    };
    let dying = instance(&first);
    send_numbers(&broker, &request, 7..8).await;
    let forwarded = next(&mut waiting, 1).await.remove(0);
    dying.kill().await;
    let begun = first.numbers();
    assert_eq!(
        begun,
        (1..=i64::from(ROUND)).collect::<Vec<_>>(),
        "it died while the record waited"
    );

    let finishing = instance(&second);
    let answer = next(&mut replies, 1).await.remove(0);
    assert_eq!(decoded::<Doubled>(&answer).doubled, 14);
    let text = |name: &str| forwarded.headers.text(name).unwrap().to_owned();
    assert_eq!(answer.headers.text("x-reply-id"), Some(text("flowx-retry-id").as_str()));
    let due: i64 = text("flowx-retry-due").parse().unwrap();
    assert!(answer.timestamp.unwrap() >= due, "{:?} is before {due}", answer.timestamp);
    let at = format!("{request}[{}]@0", text("flowx-retry-original-partition"));
    assert_eq!(answer.headers.text("x-request-offset"), Some(at.as_str()));
    assert!(answer.headers.iter().all(|(name, _)| !name.starts_with("flowx-retry")));
    assert!(second.numbers().contains(&i64::from(ROUND + 1)), "{:?}", second.numbers());
    finishing.stop().await;
}

/// Creates the two topics of a handler of numbers: of its requests, and of its replies.
async fn between(broker: &Broker, action: &str) -> (String, String) {
    let request = broker.topic(&format!("numbers.trigger.{action}"));
    let reply = broker.topic(&format!("engine.receive.numbers.{action}.results"));
    broker.create_topics(&[&request, &reply]).await;
    (request, reply)
}

async fn send_numbers(broker: &Broker, topic: &str, numbers: std::ops::Range<i64>) {
    let requests: Vec<_> = numbers
        .map(|number| {
            let process = format!("process-{}", number % 16);
            let headers = PlatformVersion::V5_9.headers(&process, 1);
            let json = format!("{{\"number\":{number}}}");
            outbound(topic, Some(process.as_bytes()), headers, Some(json.as_bytes()))
        })
        .collect();
    broker.write(&requests).await;
}

fn outbound(topic: &str, key: Option<&[u8]>, headers: Headers, payload: Option<&[u8]>) -> Outbound {
    Outbound {
        topic: topic.into(),
        partition: None,
        key: key.map(<[u8]>::to_vec),
        headers,
        payload: payload.map(<[u8]>::to_vec),
    }
}

fn decoded<T: serde::de::DeserializeOwned>(record: &Record) -> T {
    serde_json::from_slice(record.payload.as_deref().unwrap()).unwrap()
}
