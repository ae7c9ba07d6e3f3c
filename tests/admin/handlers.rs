//! The connector behind the tests of this binary.

use std::sync::Arc;
use std::time::Duration;

use flowx_core::admin::{Actuator, ConnectionLimits};
use flowx_core::config::Settings;
use flowx_core::runtime::status::GRACE;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, ConnectorBuilder, HandlerError, State, flowx_handler};
use flowx_tests::http::Visited;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Semaphore;

/// Full name of the topic that `exchange` reads.
pub(crate) const EXCHANGES: &str = "ai.flowx.dev.plugin.currency.trigger.exchange.v1";

/// What a request wants to happen.
#[derive(Deserialize, JsonSchema)]
#[schemars(example = json!({ "amount": 10, "to": "RON" }))]
pub(crate) struct Exchange {
    #[schemars(range(min = 0.01))]
    amount: f64,
    to: String,
}

#[derive(Serialize, JsonSchema)]
struct Exchanged {
    amount: f64,
}

/// Holds up `GATE` requests until a test lets them through.
#[derive(Clone)]
pub(crate) struct Gate(pub(crate) Arc<Semaphore>);

/// Converts euros, refuses what it does not know, and fails on demand.
#[flowx_handler(
    topic = "plugin.currency.trigger.exchange",
    refuses = ["UNKNOWN_CURRENCY"],
    timeout = Duration::from_secs(60),
)]
async fn exchange(request: Exchange, gate: State<Gate>) -> Result<Exchanged, HandlerError> {
    match request.to.as_str() {
        "RON" => Ok(Exchanged { amount: request.amount * 4.97 }),
        "GATE" => {
            gate.0.acquire().await.expect("an open gate").forget();
            Ok(Exchanged { amount: request.amount })
        }
        "FAIL" => Err(HandlerError::retry("not today")),
        "XXX" => Err(HandlerError::refuse("UNKNOWN_CURRENCY", "there is no rate")),
        // A code that nobody declared, another one each time.
        hostile => {
            let code: &'static str = Box::leak(format!("HOSTILE_{hostile}").into_boxed_str());
            Err(HandlerError::refuse(code, "as user code may"))
        }
    }
}

/// Reads a family of topics, and sends nothing.
#[flowx_handler(topic = "audit.events.*")]
async fn listen(_: serde_json::Value) -> Result<(), HandlerError> {
    Ok(())
}

/// Has a retry topic.
#[flowx_handler(
    topic = "admin.trigger.later",
    order = unordered,
    attempts = 1,
    retry_topics = ["30s"],
)]
async fn later(_: serde_json::Value) -> Result<Exchanged, HandlerError> {
    Err(HandlerError::retry("not now"))
}

/// Blocks the thread of the connector for longer than anything may take.
#[flowx_handler(topic = "admin.trigger.block", timeout = Duration::from_secs(1))]
async fn block(_: serde_json::Value) -> Result<(), HandlerError> {
    std::thread::sleep(Duration::from_secs(1) + GRACE + Duration::from_secs(3));
    Ok(())
}

/// All handlers but the one that blocks.
pub(crate) fn builder() -> (ConnectorBuilder, Gate) {
    let gate = Gate(Arc::new(Semaphore::new(0)));
    let builder = Connector::builder().settings(Settings::default()).group("exchange-connector");
    (builder.state(gate.clone()).only(["exchange", "later", "listen"]), gate)
}

pub(crate) async fn started() -> (TestConnector, Gate) {
    let (builder, gate) = builder();
    (TestConnector::start(builder).await.expect("a connector"), gate)
}

/// The admin endpoint of a connector, with what a test changes of it.
pub(crate) async fn visited(
    connector: &TestConnector,
    change: impl FnOnce(Actuator) -> Actuator,
) -> Visited {
    let actuator = change(Actuator::of_test(connector));
    Visited::admin(actuator, None, ConnectionLimits::default()).await
}

/// The path of something below the default base.
pub(crate) fn at(path: &str) -> String {
    format!("/manage/actuator/{path}")
}
