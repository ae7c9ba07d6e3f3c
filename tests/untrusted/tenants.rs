//! Requests of two tenants, one behind the other, beside each other, and with everything that can go
//! wrong in between: nothing of one comes into an answer of the other.

use std::collections::HashMap;
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Coordinates, Outbound, Record};
use flowx_core::message::reply::{ROUTING, is_reserved};
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, Context, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

/// As many as the ordinary run has time for; `.ci/full` runs the tests as a release too.
const REQUESTS: usize = if cfg!(debug_assertions) { 20_000 } else { 100_000 };
const PARTITIONS: usize = 4;
/// They share these process instances, which nothing forbids.
const PROCESSES: usize = 97;

const TENANTS: [&str; 2] = ["tenant-amber", "tenant-birch"];

/// What happens to a request.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Reply,
    Wait,
    Refuse,
    FailOnce,
    /// On a retry topic it passes.
    FailTwice,
    Fail,
    PanicOnce,
    Panic,
    Hang,
    Large,
}

#[derive(Deserialize, JsonSchema)]
struct Work {
    act: Act,
    /// Whose it is, and which one.
    mark: String,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
struct Done {
    mark: String,
    organization: Option<String>,
    workspace: Option<String>,
    token: Option<String>,
}

async fn work(work: Work, headers: &Headers, at: &Context) -> Result<Done, HandlerError> {
    let header = |name: &str| headers.text(name).map(str::to_owned);
    let mut done = Done {
        mark: work.mark.clone(),
        organization: header("Fx-Organization-Id"),
        workspace: header("Fx-WorkspaceId"),
        token: header("jwt"),
    };
    let first = at.attempt() == 1;
    match work.act {
        Act::Wait => tokio::time::sleep(Duration::from_millis(20)).await,
        Act::Refuse => return Err(HandlerError::refuse("NOT_NOW", format!("no {}", work.mark))),
        Act::FailOnce if first => return Err(HandlerError::retry(work.mark)),
        Act::FailTwice if at.attempt() < 3 => return Err(HandlerError::retry(work.mark)),
        Act::Fail => return Err(HandlerError::retry(work.mark)),
        Act::PanicOnce if first => panic!("{}", work.mark),
        Act::Panic => panic!("{}", work.mark),
        Act::Hang => std::future::pending().await,
        Act::Large => done.mark = format!("{} {}", work.mark, "x".repeat(5_000)),
        Act::Reply | Act::FailOnce | Act::FailTwice | Act::PanicOnce => {}
    }
    Ok(done)
}

/// One after another for each process.
#[flowx_handler(topic = "tenants.trigger.order")]
async fn in_order(request: Work, headers: Headers, at: Context) -> Result<Done, HandlerError> {
    work(request, &headers, &at).await
}

/// All beside each other; what fails waits on a retry topic.
#[flowx_handler(topic = "tenants.trigger.crowd", order = unordered, retry_topics = ["1s"])]
async fn in_a_crowd(request: Work, headers: Headers, at: Context) -> Result<Done, HandlerError> {
    work(request, &headers, &at).await
}

const TOPICS: [&str; 2] =
    ["ai.flowx.dev.tenants.trigger.order.v1", "ai.flowx.dev.tenants.trigger.crowd.v1"];

/// Request `number`, the same every time. Its number decides whose it is and what becomes of it.
fn request(number: usize) -> Outbound {
    let tenant = TENANTS[number % 2];
    let mark = format!("{tenant}-{number}");
    let mut headers = Headers::default();
    headers.push_text("processInstanceUuid", &format!("process-{}", number / 2 % PROCESSES));
    headers.push_text("jwt", &format!("token of {mark}"));
    headers.push_text("Fx-WorkspaceId", &format!("workspace of {mark}"));
    // Some come without, and get the connector's own and nobody else's.
    if !number.is_multiple_of(7) {
        headers.push_text("Fx-Organization-Id", &format!("organization of {mark}"));
    }
    if number.is_multiple_of(5) {
        headers.push_text("Fx-WorkspaceId", &format!("another workspace of {mark}"));
    }
    let act = match number % 101 {
        0..20 => Act::Wait,
        20..30 => Act::Refuse,
        30..34 => Act::FailOnce,
        34..40 => Act::FailTwice,
        40..44 => Act::Fail,
        44 => Act::PanicOnce,
        45 => Act::Panic,
        46 => Act::Hang,
        47..50 => Act::Large,
        _ => Act::Reply,
    };
    let mut payload = json!({"act": act, "mark": mark}).to_string();
    match number % 103 {
        0..4 => payload.truncate(payload.len() - 1),
        4 => payload = json!({"act": mark, "mark": mark}).to_string(),
        5 => (0..200).for_each(|_| headers.push_text("more", &mark)),
        6 => payload = json!({"act": act, "mark": format!("${{{mark}}}")}).to_string(),
        _ => {}
    }
    Outbound {
        topic: TOPICS[number / 2 % 2].into(),
        partition: Some((number / 4 % PARTITIONS) as i32),
        key: None,
        headers,
        payload: Some(payload.into_bytes()),
    }
}

fn passed_on(headers: &Headers) -> Vec<(&str, Option<&[u8]>)> {
    headers.iter().filter(|(name, _)| !is_reserved(name)).collect()
}

fn contains(record: &Record, word: &str) -> bool {
    let headers = record.headers.iter().flat_map(|(name, value)| [Some(name.as_bytes()), value]);
    let mut all = headers.chain([record.key.as_deref(), record.payload.as_deref()]).flatten();
    all.any(|bytes| String::from_utf8_lossy(bytes).contains(word))
}

/// Where the request of a record stands that was written for one, by its own word.
fn asked_at(record: &Record) -> Option<Coordinates> {
    let text = |name: &str| record.headers.text(name);
    for prefix in ["dlq-original-", "flowx-retry-original-"] {
        if let Some(topic) = text(&format!("{prefix}topic")) {
            return Some(Coordinates {
                topic: topic.into(),
                partition: text(&format!("{prefix}partition"))?.parse().ok()?,
                offset: text(&format!("{prefix}offset"))?.parse().ok()?,
            });
        }
    }
    let (topic, place) = text("x-request-offset")?.split_once('[')?;
    let (partition, offset) = place.split_once("]@")?;
    let (partition, offset) = (partition.parse().ok()?, offset.parse().ok()?);
    Some(Coordinates { topic: topic.into(), partition, offset })
}

/// What is not its own in a record that was written for a request.
fn foreign(record: &Record, number: usize, is_answer: bool) -> Option<String> {
    let sent = request(number);
    let mut expected = passed_on(&sent.headers);
    if is_answer {
        // Too many to go back: those that lead to the process are left, the last of each name.
        if expected.len() > 200 {
            let last = |name: &'static str| Some((name, Some(sent.headers.get(name)?)));
            expected = ROUTING.into_iter().filter_map(last).collect();
        }
        if !sent.headers.contains("Fx-Organization-Id") {
            expected.push(("Fx-Organization-Id", Some(b"the connector's own")));
        }
    }
    if passed_on(&record.headers) != expected {
        return Some("its headers".to_owned());
    }
    let other = TENANTS[(number + 1) % 2];
    if contains(record, other) {
        return Some(format!("a word of {other}"));
    }
    let done =
        serde_json::from_slice::<Done>(record.payload.as_deref()?).ok().filter(|_| is_answer)?;
    let header = |name: &str| sent.headers.text(name).map(str::to_owned);
    let is_own = done.mark.split(' ').next() == Some(&format!("{}-{number}", TENANTS[number % 2]))
        && done.organization == header("Fx-Organization-Id")
        && done.workspace == header("Fx-WorkspaceId")
        && done.token == header("jwt");
    (!is_own).then(|| format!("what its handler was told: {done:?}"))
}

/// The panics that are asked for are many, and nobody reads what they say.
fn silence() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload().downcast_ref::<String>();
        if !words.is_some_and(|words| words.starts_with("tenant-")) {
            loud(panic);
        }
    }));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_one_tenant_comes_into_an_answer_of_another() {
    silence();
    let mut settings = Settings::default();
    settings.organization_id = Some("the connector's own".to_owned());
    settings.handler_timeout = Duration::from_millis(200);
    settings.retry_attempts = 2;
    settings.retry_delay = Duration::from_millis(10);
    let builder =
        Connector::builder().settings(settings).only(["in_order", "in_a_crowd"]).group("tenants");
    let connector = TestConnector::start(builder).await.unwrap();
    let broker = connector.broker();
    TOPICS.iter().for_each(|topic| broker.create_topic(topic, PARTITIONS));
    let mut numbers = HashMap::new();
    let mut ends = HashMap::new();
    for number in 0..REQUESTS {
        let at = broker.append(request(number));
        ends.insert((at.topic.clone(), at.partition), at.offset + 1);
        numbers.insert(at, number);
    }
    for ((topic, partition), end) in ends {
        connector.wait_for_commit(&topic, partition, end).await;
    }
    let mut answers = vec![0_u32; REQUESTS];
    let (mut aside, mut again) = (0, 0);
    // What waits on a retry topic is committed where it was, and answered later.
    let answered = ["order", "crowd"]
        .map(|name| format!("ai.flowx.dev.engine.receive.tenants.{name}.results.v1"));
    for (topic, count) in answered.iter().zip([REQUESTS.div_ceil(2), REQUESTS / 2]) {
        broker.wait_for_records(topic, count).await;
    }
    for topic in broker.topics().iter().filter(|topic| !TOPICS.contains(&topic.as_str())) {
        let is_answer = answered.contains(topic);
        for record in broker.records(topic) {
            let at = asked_at(&record).expect("it says which request it is for");
            let number = numbers[&at];
            if let Some(what) = foreign(&record, number, is_answer) {
                panic!("request {number}: {what} is not its own; {topic}: {:?}", request(number));
            }
            match is_answer {
                true => answers[number] += 1,
                false if topic.ends_with(".dlq") => aside += 1,
                false => again += 1,
            }
        }
    }
    assert!(answers.iter().all(|answers| *answers == 1), "each is answered once");
    assert!(aside > REQUESTS / 20 && again > REQUESTS / 50, "{aside} failed, {again} waited");
}
