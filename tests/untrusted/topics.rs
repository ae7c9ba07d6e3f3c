//! Names of topics in requests: nothing is written anywhere but where the connector was set to write.

use std::collections::BTreeSet;

use flowx_core::message::headers::Headers;
use flowx_core::message::record::Outbound;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::MemoryBroker;
use flowx_core::{Connector, HandlerError, Raw, flowx_handler};
use serde_json::{Value, json};

/// Fails as its request says, else gives it back.
fn said(request: &Value) -> Result<Value, HandlerError> {
    match request["act"].as_str() {
        Some("refuse") => Err(HandlerError::refuse("NO", "no")),
        Some("retry") => Err(HandlerError::retry("again")),
        Some("panic") => panic!("a panic"),
        _ => Ok(request.clone()),
    }
}

#[flowx_handler(topic = "names.trigger.one")]
async fn names_one(request: Value) -> Result<Value, HandlerError> {
    said(&request)
}

#[flowx_handler(topic = "names.trigger.wait", order = unordered, retry_topics = ["1s", "1m"])]
async fn names_wait(request: Value) -> Result<Value, HandlerError> {
    said(&request)
}

#[flowx_handler(topic = "names.family.*", reply = "engine.receive.names.family.results")]
async fn names_family(request: Value) -> Result<Value, HandlerError> {
    said(&request)
}

#[flowx_handler(topic = "names.silent")]
async fn names_silent(_: Raw) -> Result<(), HandlerError> {
    Err(HandlerError::retry("nobody is answered"))
}

const REQUESTS: [&str; 4] = [
    "ai.flowx.dev.names.trigger.one.v1",
    "ai.flowx.dev.names.trigger.wait.v1",
    "ai.flowx.dev.names.family.sold.v1",
    "ai.flowx.dev.names.silent.v1",
];

/// What the connector may write to: replies, dead letters, retry topics.
const WRITTEN: [&str; 9] = [
    "ai.flowx.dev.engine.receive.names.one.results.v1",
    "ai.flowx.dev.engine.receive.names.wait.results.v1",
    "ai.flowx.dev.engine.receive.names.family.results.v1",
    "ai.flowx.dev.names.trigger.one.v1.dlq",
    "ai.flowx.dev.names.trigger.wait.v1.dlq",
    "ai.flowx.dev.names.trigger.wait.v1.retry.1s",
    "ai.flowx.dev.names.trigger.wait.v1.retry.1m",
    "ai.flowx.dev.names.family.sold.v1.dlq",
    "ai.flowx.dev.names.silent.v1.dlq",
];

/// Headers that somewhere name a topic, here or in other clients, and those that the platform sends.
const HEADERS: [&str; 30] = [
    "callbackTopic",
    "callbacksForAction",
    "destinationId",
    "topic",
    "replyTopic",
    "reply-topic",
    "reply_to",
    "replyTo",
    "kafka_replyTopic",
    "kafka_replyPartition",
    "kafka_topic",
    "kafka_dlt-original-topic",
    "kafka_original-topic",
    "dlq-original-topic",
    "dlq-replay-of",
    "dlq-topic",
    "flowx-retry-original-topic",
    "flowx-retry-topic",
    "flowx-retry-consumer-group",
    "x-reply-id",
    "x-reply-topic",
    "x-request-offset",
    "processInstanceUuid",
    "processInstanceId",
    "fxContext",
    "Fx-Organization-Id",
    "Fx-WorkspaceId",
    "Fx-AppId",
    "Fx-ProcessName",
    "__TypeId__",
];

/// A hundred names: of topics that others own, and of things that are no topics.
fn hostile() -> Vec<String> {
    let mut names: Vec<String> = [
        "__consumer_offsets",
        "__transaction_state",
        "ai.flowx.dev.engine.receive.evil.results.v1",
        "ai.flowx.prod.engine.receive.names.one.results.v1",
        "ai.flowx.dev.names.trigger.one.v1.retry.1s",
        "ai.flowx.dev.names.family.other.v1",
        "ai.flowx.dev.names.family.*",
        "ai.flowx.dev.core.trigger.start-by-name.process.v1",
        "audit",
        "payments",
        "^.*",
        "*",
        ".",
        "..",
        "../../etc/passwd",
        "/etc/passwd",
        "a,b",
        "a b",
        " ",
        "",
        "\0",
        "a\0b",
        "a\r\nb",
        "\u{1b}[31mred",
        "\u{202e}cba",
        "ａｉ.flowx",
        "тема",
        "主题",
        "{topic}",
        "${topic}",
        "$(touch /tmp/x)",
        "`id`",
        "'; DROP TABLE topics; --",
        "http://169.254.169.254/latest/meta-data",
        "kafka://evil:9092/topic",
        "evil:9092",
        "null",
        "undefined",
        "[0]@7",
        "ai.flowx.dev.names.trigger.one.v1[0]@0",
        "-1",
        "18446744073709551616",
    ]
    .map(str::to_owned)
    .into();
    names.extend(["a".repeat(249), "a".repeat(250), "ä".repeat(10_000)]);
    names.extend(WRITTEN.map(|name| format!("{name}.more")));
    names.extend(WRITTEN.map(|name| format!("x.{name}")));
    names.extend(WRITTEN.map(str::to_uppercase));
    let missing = 100_usize.saturating_sub(names.len());
    names.extend((0..missing).map(|number| format!("evil.topic.{number}")));
    names
}

async fn open() -> TestConnector {
    let names = ["names_one", "names_wait", "names_family", "names_silent"];
    let mut settings = flowx_core::config::Settings::default();
    settings.retry_attempts = 2;
    settings.breaker = false;
    let builder = Connector::builder().settings(settings).only(names).group("names");
    let broker = MemoryBroker::new();
    REQUESTS.iter().for_each(|topic| broker.create_topic(topic, 1));
    TestConnector::start_on(&broker, builder).await.unwrap()
}

/// Posts, waits until all is settled, and says where anything stands that nobody was set to write to.
async fn written_elsewhere(connector: &TestConnector, requests: Vec<Outbound>) -> Vec<String> {
    let mut ends = std::collections::HashMap::new();
    for request in requests {
        let at = connector.broker().append(request);
        ends.insert((at.topic, at.partition), at.offset + 1);
    }
    for ((topic, partition), end) in ends {
        connector.wait_for_commit(&topic, partition, end).await;
    }
    // What was forwarded comes back within the longest delay, and goes on.
    tokio::time::sleep(std::time::Duration::from_secs(600)).await;
    let known: BTreeSet<&str> = REQUESTS.into_iter().chain(WRITTEN).collect();
    let there = connector.broker().topics().into_iter();
    there.filter(|topic| !known.contains(topic.as_str())).collect()
}

/// With this name in every header and field, and as the key; once for each end that a request can have.
fn requests(name: &str) -> Vec<Outbound> {
    let mut requests = Vec::new();
    for act in ["reply", "refuse", "retry", "panic", "unreadable"] {
        for topic in REQUESTS {
            let mut headers = Headers::default();
            HEADERS.iter().for_each(|header| headers.push_text(header, name));
            // A name of a header is from outside too.
            headers.push_text(name, name);
            let payload = match act {
                "unreadable" => name.to_owned(),
                _ => json!({"act": act, "topic": name, "replyTopic": name, name: {"topic": name}})
                    .to_string(),
            };
            requests.push(Outbound {
                topic: topic.into(),
                partition: None,
                key: Some(name.into()),
                headers,
                payload: Some(payload.into_bytes()),
            });
        }
    }
    requests
}

#[tokio::test(start_paused = true)]
async fn no_name_in_a_request_decides_where_anything_is_written() {
    let names = hostile();
    assert!(names.len() >= 100, "{}", names.len());
    let connector = open().await;
    for name in &names {
        let elsewhere = written_elsewhere(&connector, requests(name)).await;
        assert_eq!(elsewhere, [""; 0], "{name:?}");
    }
    for topic in WRITTEN {
        assert!(!connector.broker().records(topic).is_empty(), "{topic} is written to");
    }
}

/// A note of a retry topic, whole but for what it says of where its request came from.
fn note(name: &str, template: &Headers) -> Headers {
    let mut headers = Headers::default();
    for (header, value) in template.iter() {
        match header {
            "flowx-retry-original-topic" => headers.push_text(header, name),
            _ => headers.push(header, value),
        }
    }
    headers
}

#[tokio::test(start_paused = true)]
async fn not_even_one_on_a_retry_topic_in_a_note_that_somebody_made_up() {
    let connector = open().await;
    let retry = WRITTEN[5];
    let genuine = Outbound {
        topic: REQUESTS[1].into(),
        partition: None,
        key: None,
        headers: [("processInstanceUuid", "p")].into_iter().collect(),
        payload: Some(br#"{"act":"retry"}"#.to_vec()),
    };
    assert_eq!(written_elsewhere(&connector, vec![genuine]).await, [""; 0]);
    let template = connector.broker().records(retry).remove(0);
    assert!(template.headers.contains("flowx-retry-original-topic"));
    for name in hostile() {
        let forged = Outbound {
            topic: retry.into(),
            partition: None,
            key: None,
            headers: note(&name, &template.headers),
            payload: template.payload.clone(),
        };
        assert_eq!(written_elsewhere(&connector, vec![forged]).await, [""; 0], "{name:?}");
    }
}
