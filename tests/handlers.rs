//! Handlers from the attribute to an outcome: collected, bound, called.

use std::sync::Arc;
use std::time::Duration;

use flowx_core::handler::binder::BindEnvironment;
use flowx_core::handler::bound::{BoundHandler, bind};
use flowx_core::handler::call::{Attempt, Call};
use flowx_core::handler::entry::{HandlerEntry, entries};
use flowx_core::handler::outcome::{Outcome, Rejection};
use flowx_core::handler::reply::ReplyShape;
use flowx_core::handler::schema::Draft;
use flowx_core::message::decode::Limits;
use flowx_core::message::envelope::Envelope;
use flowx_core::message::record::{Coordinates, Record};
use flowx_core::{
    Context, FlowxError, HandlerError, Headers, Process, Raw, ResultExt, State, Topic,
    flowx_handler,
};
use flowx_tests_linked::{Order, OrderError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize, JsonSchema)]
#[schemars(example = json!({ "amount": 1 }), example = json!({ "amount": 2, "note": "x" }))]
struct Request {
    amount: u32,
    #[serde(default)]
    note: String,
}

#[derive(Debug, PartialEq, Serialize, JsonSchema)]
struct Reply {
    total: u32,
}

struct Limit(u32);

#[derive(Debug, thiserror::Error, FlowxError)]
enum Refusal {
    /// More than the
    /// limit allows.
    ///
    /// Ask the bank.
    #[error("{0} is over the limit")]
    #[flowx(refuse = "OVER_LIMIT")]
    Limit(u32),
    #[error("no answer")]
    #[flowx(retry)]
    Silent(#[from] std::io::Error),
    #[error(transparent)]
    #[flowx(forward)]
    Order(#[from] OrderError),
}

/// Adds the fee.
///
/// The fee is one.
#[flowx_handler(topic = "fee.trigger.add", reply = "engine.receive.fee", name = "add-fee")]
async fn add_fee(request: Request, limit: State<Limit>) -> Result<Reply, Refusal> {
    match request.amount {
        0 => Err(OrderError::Empty)?,
        1 => Err(OrderError::Closed)?,
        2 => Err(std::io::Error::other("down"))?,
        amount if amount > limit.0 => Err(Refusal::Limit(amount)),
        amount if request.note.is_empty() => Ok(Reply { total: amount + 1 }),
        amount => Ok(Reply { total: amount }),
    }
}

#[flowx_handler(topic = "question.marks", refuses = ["EMPTY_ORDER", "OVER_LIMIT", "BAD"])]
async fn question_marks(way: String) -> Result<(), HandlerError> {
    match &*way {
        "linked refuse" => Err(OrderError::Empty)?,
        "linked retry" => Err(OrderError::Closed)?,
        "own refuse" => Err(Refusal::Limit(3))?,
        "forwarded" => Err(Refusal::from(OrderError::Empty))?,
        "plain" => Err(std::io::Error::other("plain"))?,
        "wrapped" => Err(std::io::Error::other(OrderError::Empty))?,
        "anyhow" => Err(anyhow::anyhow!("wrong")).or_retry()?,
        "chosen" => way.parse::<u32>().map(|_| ()).or_refuse("BAD")?,
        _ => {}
    }
    Ok(())
}

#[flowx_handler(topic = "open.codes", error_null = false)]
async fn open_codes(_: Value) -> Result<Vec<Reply>, HandlerError> {
    Ok(vec![Reply { total: 1 }])
}

#[flowx_handler(topic = "extractors.*")]
async fn extractors(
    payload: Raw,
    headers: Headers,
    process: Process,
    topic: Topic,
    context: Context,
) -> Result<Value, HandlerError> {
    Ok(json!({
        "bytes": payload.len(),
        "headers": headers.len(),
        "uuid": process.uuid(),
        "id": process.id(),
        "name": process.name(),
        "topic": &*topic,
        "matched": topic.matched(),
        "attempt": context.attempt(),
        "key": context.idempotency_key(),
        "time": !context.remaining().is_zero(),
        "cancelled": context.cancellation().is_cancelled(),
    }))
}

#[derive(Debug, thiserror::Error, FlowxError)]
#[error("mine")]
#[flowx(refuse = "HANDLER_PANIC")]
struct ReservedCode;

#[flowx_handler(topic = "wrong.in.many.ways")]
async fn wrong(
    _: Value,
    _: State<Limit>,
    _: State<Arc<str>>,
) -> Result<Option<Reply>, ReservedCode> {
    Ok(None)
}

#[flowx_handler(topic = "scalar.reply")]
async fn scalar(_: Value) -> Result<String, HandlerError> {
    Ok(String::new())
}

fn entry(topic: &str) -> &'static HandlerEntry {
    entries().find(|entry| entry.topic == topic).expect("the handler is linked")
}

fn environment() -> BindEnvironment {
    let mut environment =
        BindEnvironment { error_field: Some("errorMessage".into()), ..BindEnvironment::default() };
    environment.insert(Limit(100));
    environment
}

fn bound(topic: &str) -> BoundHandler {
    bind(entry(topic), &environment()).unwrap()
}

fn record(payload: &str) -> Record {
    Record {
        at: Coordinates { topic: Arc::from("extractors.all"), partition: 0, offset: 7 },
        timestamp: None,
        key: None,
        headers: [
            ("processInstanceUuid", "u-1"),
            ("processInstanceId", "42"),
            ("Fx-ProcessName", "loan"),
            ("jwt", "secret"),
        ]
        .into_iter()
        .collect(),
        payload: Some(payload.as_bytes().to_vec()),
    }
}

async fn call(handler: &BoundHandler, payload: &str) -> Result<Outcome, Rejection> {
    let record = record(payload);
    let envelope = Envelope::read(record.clone());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
    let (limits, attempt) = (Limits::default(), Attempt::first(deadline, "key-1"));
    let call = Call::new(&record, &envelope, &limits, &attempt).with_matched("all");
    Ok(handler.start(&call)?.await)
}

/// An outcome in a word and its text.
fn told(outcome: Outcome) -> (String, String) {
    match outcome {
        Outcome::Reply(json) => ("reply".into(), String::from_utf8(json).unwrap()),
        Outcome::Nothing => ("nothing".into(), String::new()),
        Outcome::Refused { code, message } => (code.into_owned(), message),
        Outcome::Retry { error, .. } => ("retry".into(), error.to_string()),
        Outcome::Unencodable(reason) => ("unencodable".into(), reason),
    }
}

#[tokio::test]
async fn a_handler_is_an_ordinary_function() {
    let request = Request { amount: 5, note: String::new() };
    let reply = add_fee(request, State::new(Limit(10))).await.unwrap();
    assert_eq!(reply, Reply { total: 6 });
    let context = Context::for_test().with_attempt(2);
    let reply = extractors(
        Raw::new("abc"),
        Headers::default(),
        Process::new("u").with_id("1"),
        Topic::new("extractors.a").with_matched("a"),
        context,
    );
    assert_eq!(reply.await.unwrap()["attempt"], 2);
}

#[tokio::test]
async fn a_handler_of_another_crate_is_collected() {
    let handler = bound("linked.order");
    assert_eq!(handler.site.package, "flowx-tests-linked");
    assert_eq!(handler.site.module, "flowx_tests_linked");
    let outcome = call(&handler, r#"{"lines":2}"#).await.unwrap();
    assert_eq!(told(outcome).1, r#"{"lines":2,"errorMessage":null}"#);
    assert!(flowx_tests_linked::order(Order { lines: 0 }).await.is_err());
}

#[test]
fn an_entry_says_where_it_stands_and_what_it_is_for() {
    let handler = bound("fee.trigger.add");
    assert_eq!((handler.name, handler.reply), ("add-fee", Some("engine.receive.fee")));
    assert_eq!(handler.site.function, "add_fee");
    assert!(handler.site.file.ends_with("handlers.rs"));
    assert_eq!(handler.site.package, "flowx-tests");
    assert_eq!(handler.docs.summary(), "Adds the fee.");
    assert_eq!(handler.docs.text(), "Adds the fee.\n\nThe fee is one.");
}

#[test]
fn the_types_say_what_is_taken_and_sent() {
    let handler = bound("fee.trigger.add");
    assert!(handler.replies && handler.reply_shape == ReplyShape::Object);
    assert_eq!(handler.examples(), [json!({"amount": 1}), json!({"amount": 2, "note": "x"})]);
    let request = handler.request_schema(Draft::Draft07);
    assert_eq!(request["$schema"], "http://json-schema.org/draft-07/schema#");
    assert_eq!(request["required"], json!(["amount"]));
    let reply = handler.reply_schema(Draft::Draft202012).unwrap();
    assert_eq!(reply["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert_eq!(reply["properties"]["errorMessage"]["type"], "null");
    assert_eq!(reply["required"], json!(["total", "errorMessage"]));

    let silent = bound("question.marks");
    assert!(!silent.replies && silent.reply_schema(Draft::Draft07).is_none());
    let list = bound("open.codes");
    assert_eq!((list.reply_shape, list.error_null), (ReplyShape::Array, false));
}

#[test]
fn codes_come_from_the_variants_with_their_docs() {
    let codes = bound("fee.trigger.add").codes;
    let all: Vec<_> = codes.iter().map(|code| (code.code, code.docs.summary())).collect();
    let expected = [
        ("OVER_LIMIT", "More than the limit allows.".to_owned()),
        ("EMPTY_ORDER", "The order has no lines.".to_owned()),
    ];
    assert_eq!(all, expected);
    assert!(!codes.is_open());
    assert!(bound("open.codes").codes.is_open());
    let declared = bound("question.marks").codes;
    assert!(!declared.is_open() && declared.contains("BAD"));
}

#[tokio::test]
async fn each_variant_has_its_fate() {
    let handler = bound("fee.trigger.add");
    let cases = [
        (r#"{"amount":5}"#, "reply", r#"{"total":6,"errorMessage":null}"#),
        (r#"{"amount":0}"#, "EMPTY_ORDER", "the order is empty"),
        (r#"{"amount":1}"#, "retry", "the warehouse is closed"),
        (r#"{"amount":2}"#, "retry", "no answer"),
        (r#"{"amount":101}"#, "OVER_LIMIT", "101 is over the limit"),
    ];
    for (payload, word, text) in cases {
        let outcome = told(call(&handler, payload).await.unwrap());
        assert_eq!(outcome, (word.to_owned(), text.to_owned()), "{payload}");
    }
    let rejection = call(&handler, r#"{"amount":"5"}"#).await.unwrap_err();
    assert!(matches!(rejection, Rejection::Undecodable(_)), "{rejection:?}");
}

#[tokio::test]
async fn a_question_mark_keeps_the_mapping_of_a_derived_error() {
    let handler = bound("question.marks");
    let cases = [
        ("linked refuse", "EMPTY_ORDER"),
        ("linked retry", "retry"),
        ("own refuse", "OVER_LIMIT"),
        ("forwarded", "EMPTY_ORDER"),
        ("plain", "retry"),
        ("wrapped", "retry"),
        ("anyhow", "retry"),
        ("chosen", "BAD"),
        ("", "nothing"),
    ];
    for (way, word) in cases {
        let outcome = told(call(&handler, &json!(way).to_string()).await.unwrap());
        assert_eq!(outcome.0, word, "{way}: {}", outcome.1);
    }
}

#[tokio::test]
async fn extractors_read_the_record() {
    let handler = bound("extractors.*");
    let (_, reply) = told(call(&handler, "abc").await.unwrap());
    let expected = json!({
        "bytes": 3, "headers": 4, "uuid": "u-1", "id": "42", "name": "loan",
        "topic": "extractors.all", "matched": "all", "attempt": 1, "key": "key-1",
        "time": true, "cancelled": false, "errorMessage": null,
    });
    assert_eq!(serde_json::from_str::<Value>(&reply).unwrap(), expected);
}

#[test]
fn all_that_is_wrong_is_said_at_once_with_its_place() {
    let errors = bind(entry("wrong.in.many.ways"), &environment()).unwrap_err();
    let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 3, "{texts:#?}");
    let site = entry("wrong.in.many.ways").site.to_string();
    assert!(texts.iter().all(|text| text.starts_with(&site) && text.contains("`wrong`")));
    assert!(texts[0].contains("State<alloc::sync::Arc<str>>"), "{texts:#?}");
    assert!(texts[1].contains("can be null"), "{texts:#?}");
    assert!(texts[2].contains("`HANDLER_PANIC` is one of flowx's own"), "{texts:#?}");

    let errors = bind(entry("scalar.reply"), &environment()).unwrap_err();
    assert!(errors[0].to_string().contains("\"string\", not an object"), "{errors:?}");
}

#[test]
fn an_arc_given_as_state_is_recognised() {
    let mut environment = BindEnvironment::default();
    environment.insert::<Arc<Limit>>(Arc::new(Limit(1)));
    let errors = bind(entry("fee.trigger.add"), &environment).unwrap_err();
    assert!(errors[0].to_string().contains("give the value itself"), "{errors:?}");
}

#[test]
fn nothing_that_a_record_carries_is_shown() {
    let process = Process::new("canary").with_fx_context("canary");
    let shown = format!("{process:?} {:?} {:?}", Raw::new("canary"), Outcome::Reply(vec![1]));
    assert!(!shown.contains("canary"), "{shown}");
}
