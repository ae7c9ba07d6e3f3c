//! The door: a connector with a few handlers that do what their request says.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::handler::binder::{BindError, Binder};
use flowx_core::handler::call::Call;
use flowx_core::handler::error::Failure;
use flowx_core::testing::TestConnector;
use flowx_core::{
    Connector, ConnectorBuilder, Context, FlowxError, HandlerError, Param, Raw, State, Topic,
    flowx_handler,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

/// Full name of the topic that the handler `order` reads.
pub(crate) const ORDERS: &str = "ai.flowx.dev.plugin.shop.trigger.order.v1";
/// Full name of the topic that the handler `order` replies on.
pub(crate) const REPLIES: &str = "ai.flowx.dev.engine.receive.plugin.shop.order.results.v1";
/// Full name of the topic of its dead letters.
pub(crate) const DEAD_LETTERS: &str = "ai.flowx.dev.plugin.shop.trigger.order.v1.dlq";

/// Starts all handlers with default settings.
pub(crate) async fn open() -> (TestConnector, Stage) {
    open_with(|_| {}).await
}

/// Starts all handlers with changed settings.
pub(crate) async fn open_with(change: impl FnOnce(&mut Settings)) -> (TestConnector, Stage) {
    let stage = Stage::default();
    let mut settings = Settings::default();
    change(&mut settings);
    let connector = TestConnector::start(builder(&stage).settings(settings)).await.unwrap();
    (connector, stage)
}

pub(crate) fn builder(stage: &Stage) -> ConnectorBuilder {
    Connector::builder().state(stage.clone())
}

/// Lets time pass on tokio's stopped clock: all that can happen until then does.
pub(crate) async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}

/// What the handlers leave behind, and what they wait for.
#[derive(Clone)]
pub(crate) struct Stage {
    calls: Arc<Mutex<Vec<String>>>,
    gate: Arc<Semaphore>,
}

impl Default for Stage {
    fn default() -> Self {
        Self { calls: Arc::default(), gate: Arc::new(Semaphore::new(0)) }
    }
}

impl Stage {
    /// The notes of all calls that have begun, in their order.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Lets so many handlers go that wait, or will.
    pub(crate) fn let_go(&self, count: usize) {
        self.gate.add_permits(count);
    }

    pub(crate) fn note(&self, note: impl Into<String>) {
        self.calls.lock().unwrap().push(note.into());
    }

    pub(crate) async fn wait(&self) {
        self.gate.acquire().await.unwrap().forget();
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Order {
    pub(crate) amount: u8,
    #[expect(dead_code, reason = "only read by the decoder")]
    #[serde(default)]
    price: f64,
    #[serde(default)]
    pub(crate) note: String,
    #[expect(dead_code, reason = "only read by the decoder")]
    #[serde(default)]
    tree: Option<Box<serde_json::Value>>,
    #[serde(default)]
    pub(crate) act: Act,
}

/// What a handler does with its request.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Act {
    #[default]
    Reply,
    Wait,
    LargeReply,
    BrokenReply,
    Refuse,
    Retry,
    RetryTwice,
    Hang,
    HangOnce,
    Panic,
    PanicQuoting,
    PanicOnce,
    PanicInDrop,
    PanicInText,
    TwoLines,
}

#[derive(Debug, Deserialize, JsonSchema, Serialize)]
pub(crate) struct Receipt {
    pub(crate) amount: u8,
    pub(crate) note: String,
    #[serde(serialize_with = "honest")]
    pub(crate) honest: bool,
}

fn honest<S: serde::Serializer>(honest: &bool, serializer: S) -> Result<S::Ok, S::Error> {
    match honest {
        true => serializer.serialize_bool(true),
        false => Err(serde::ser::Error::custom("no receipt for this")),
    }
}

#[derive(Debug, thiserror::Error, FlowxError)]
pub(crate) enum OrderError {
    #[error("{0} of them are not in stock")]
    #[flowx(refuse = "SOLD_OUT")]
    SoldOut(u8),
    #[error("the warehouse does not answer")]
    #[flowx(retry)]
    Warehouse(#[source] std::io::Error),
    #[error("first\nsecond \u{1b}[31m")]
    #[flowx(retry)]
    TwoLines,
    #[error(transparent)]
    #[flowx(retry)]
    Speechless(#[from] Speechless),
}

/// An error that cannot even say what it is.
#[derive(Debug)]
pub(crate) struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words for it")
    }
}

impl std::error::Error for Speechless {}

struct PanicsInDrop;

impl Drop for PanicsInDrop {
    fn drop(&mut self) {
        // Only once: a second panic while the first unwinds would abort the process.
        if !std::thread::panicking() {
            panic!("panicked while it was dropped");
        }
    }
}

/// Replies, and does all that a request asks for.
#[flowx_handler(topic = "plugin.shop.trigger.order")]
async fn order(order: Order, stage: State<Stage>, at: Context) -> Result<Receipt, OrderError> {
    stage.note(order.note.clone());
    let mut receipt = Receipt { amount: order.amount, note: order.note, honest: true };
    let first = at.attempt() == 1;
    match order.act {
        Act::Reply => {}
        Act::Wait => stage.wait().await,
        Act::LargeReply => receipt.note = "x".repeat(100_000),
        Act::BrokenReply => receipt.honest = false,
        Act::Refuse => return Err(OrderError::SoldOut(order.amount)),
        Act::Retry => return Err(unavailable()),
        Act::RetryTwice if at.attempt() < 3 => return Err(unavailable()),
        Act::Hang => std::future::pending().await,
        Act::HangOnce if first => std::future::pending().await,
        Act::Panic => panic!("the handler lost its head"),
        Act::PanicQuoting => panic!("the handler cannot take {}", receipt.note),
        Act::PanicOnce if first => panic!("the handler lost its head"),
        Act::PanicInDrop => {
            let _bomb = PanicsInDrop;
            std::future::pending::<()>().await;
        }
        Act::PanicInText => return Err(Speechless.into()),
        Act::TwoLines => return Err(OrderError::TwoLines),
        Act::RetryTwice | Act::HangOnce | Act::PanicOnce => {}
    }
    Ok(receipt)
}

pub(crate) fn unavailable() -> OrderError {
    OrderError::Warehouse(std::io::Error::other("connection refused"))
}

/// Never sends anything.
#[flowx_handler(topic = "shop.file")]
async fn file(order: Order, stage: State<Stage>) -> Result<(), OrderError> {
    file_away(&order, &stage).await
}

/// Sends nothing on success, and an error reply on failure.
#[flowx_handler(topic = "shop.report", reply = "engine.receive.shop.report.results")]
async fn report(order: Order, stage: State<Stage>) -> Result<(), OrderError> {
    file_away(&order, &stage).await
}

async fn file_away(order: &Order, stage: &Stage) -> Result<(), OrderError> {
    stage.note(order.note.clone());
    match order.act {
        Act::Refuse => Err(OrderError::SoldOut(order.amount)),
        Act::Retry => Err(unavailable()),
        Act::Panic => panic!("the handler lost its head"),
        _ => Ok(()),
    }
}

#[derive(Deserialize, JsonSchema, Serialize)]
struct Count {
    bytes: usize,
}

/// Reads bytes of any kind.
#[flowx_handler(topic = "shop.trigger.weigh")]
async fn weigh(bytes: Raw) -> Result<Count, HandlerError> {
    Ok(Count { bytes: bytes.len() })
}

#[derive(Serialize, JsonSchema)]
struct Mirrored {
    topic: String,
    matched: Option<String>,
}

/// Reads a family of topics.
#[flowx_handler(topic = "shop.events.*", reply = "engine.receive.shop.events.results")]
async fn mirror(_: serde_json::Value, topic: Topic) -> Result<Mirrored, HandlerError> {
    let matched = topic.matched().map(str::to_owned);
    Ok(Mirrored { topic: topic.to_string(), matched })
}

/// A request that panics while it is read.
#[derive(JsonSchema)]
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("the request exploded")
    }
}

#[flowx_handler(topic = "shop.trigger.explode")]
async fn explode(_: Explosive) -> Result<Count, HandlerError> {
    Ok(Count { bytes: 0 })
}

/// A parameter that does what the header `mood` says.
struct Moody;

impl Param for Moody {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        match call.record.headers.text("mood") {
            Some("panic") => panic!("the extractor lost its head"),
            Some("refuse") => Err(Failure::refuse("NOT_TODAY", "in no mood for it")),
            Some("retry") => Err(Failure::retry("later, perhaps")),
            _ => Ok(Self),
        }
    }
}

#[flowx_handler(topic = "shop.trigger.ask")]
async fn ask(_: serde_json::Value, _: Moody) -> Result<Count, HandlerError> {
    Ok(Count { bytes: 0 })
}

/// Starts work of its own, and never waits for it.
#[flowx_handler(topic = "shop.trigger.spawn")]
async fn spawn(_: Raw, stage: State<Stage>, at: Context) -> Result<Count, HandlerError> {
    let (cancelled, stage, number) = (at.cancellation(), stage.clone(), at.attempt());
    tokio::spawn(async move {
        cancelled.cancelled().await;
        stage.note(format!("attempt {number} cancelled"));
    });
    std::future::pending().await
}
