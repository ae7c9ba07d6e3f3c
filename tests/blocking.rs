//! Handlers that block their thread: others go on, and the process is answered in time.

use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowx_core::runtime::blocking;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, State, flowx_handler};
use flowx_tests::eventually;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::timeout;

/// So that a promise that does not hold fails, instead of blocking the test for ever.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Deserialize, JsonSchema)]
struct Work {
    #[serde(default)]
    then: Then,
}

#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Then {
    #[default]
    Reply,
    Panic,
    Await,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    thread: String,
}

/// Blocks its thread until the test lets it go.
#[derive(Clone)]
struct Gate {
    begun: UnboundedSender<()>,
    open: Arc<Mutex<Receiver<()>>>,
    passed: Arc<Mutex<Vec<&'static str>>>,
}

impl Gate {
    fn block(&self) {
        let _ = self.begun.send(());
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.recv_timeout(PATIENCE).expect("the test lets it go");
        self.passed.lock().unwrap().push("the gate");
    }
}

/// Blocks.
#[flowx_handler(topic = "blocking.heavy", blocking = true, timeout = Duration::from_millis(300))]
async fn heavy(request: Work, gate: State<Gate>) -> Result<Done, HandlerError> {
    gate.block();
    match request.then {
        Then::Panic => panic!("on a thread of its own"),
        Then::Await => {
            tokio::task::yield_now().await;
            gate.passed.lock().unwrap().push("the await");
        }
        Then::Reply => {}
    }
    Ok(Done { thread: format!("{:?}", std::thread::current().id()) })
}

/// The same with time enough.
#[flowx_handler(topic = "blocking.patient", blocking = true, timeout = PATIENCE)]
async fn patient(request: Work, gate: State<Gate>) -> Result<Done, HandlerError> {
    heavy(request, gate).await
}

/// Needs the thread that others must not block.
#[flowx_handler(topic = "blocking.light")]
async fn light(_: Work) -> Result<Done, HandlerError> {
    Ok(Done { thread: format!("{:?}", std::thread::current().id()) })
}

struct Stage {
    connector: TestConnector,
    begun: UnboundedReceiver<()>,
    open: Sender<()>,
    passed: Arc<Mutex<Vec<&'static str>>>,
}

async fn open() -> Stage {
    let ((begins, begun), (open, opens)) = (unbounded_channel(), mpsc::channel());
    let passed = Arc::default();
    let gate =
        Gate { begun: begins, open: Arc::new(Mutex::new(opens)), passed: Arc::clone(&passed) };
    let builder = Connector::builder().state(gate).only(["heavy", "patient", "light"]);
    let connector = TestConnector::start(builder).await.unwrap();
    Stage { connector, begun, open, passed }
}

/// Waits without blocking the thread that the connector needs.
async fn blocked(begun: &mut UnboundedReceiver<()>, times: usize) {
    for _ in 0..times {
        timeout(PATIENCE, begun.recv()).await.expect("it has begun");
    }
}

// One thread serves the connector and the test: what blocks it stops everything.
#[tokio::test]
async fn while_a_handler_blocks_others_go_on() {
    let mut stage = open().await;
    let begun = &mut stage.begun;
    let heavy = stage.connector.handler("patient").json(&json!({})).post();
    blocked(begun, 1).await;
    let light = stage.connector.handler("light").send(&json!({})).await.reply_json().unwrap();
    stage.open.send(()).unwrap();
    let heavy = heavy.settled().await.reply_json().unwrap();
    assert_ne!(light["thread"], heavy["thread"]);
    stage.connector.stop().await.unwrap();
}

#[tokio::test]
async fn a_handler_that_blocks_past_its_timeout_is_answered_and_goes_no_further_than_an_await() {
    let mut stage = open().await;
    let begun = &mut stage.begun;
    let request = stage.connector.handler("heavy").json(&json!({"then": "await"}));
    let exchange = request.exchange().await;
    exchange.expect_refusal("HANDLER_TIMEOUT");
    assert_eq!(exchange.attempts(), 2);
    blocked(begun, 2).await;
    assert!(blocking::at_work() >= 2, "threads cannot be stopped");
    for _ in 0..2 {
        stage.open.send(()).unwrap();
    }
    eventually(PATIENCE, || async { stage.passed.lock().unwrap().len() >= 2 }).await;
    stage.connector.stop().await.unwrap();
    assert_eq!(*stage.passed.lock().unwrap(), ["the gate", "the gate"]);
}

#[tokio::test]
async fn a_panic_on_a_thread_of_its_own_is_answered() {
    let stage = open().await;
    for _ in 0..2 {
        stage.open.send(()).unwrap();
    }
    let request = stage.connector.handler("patient").json(&json!({"then": "panic"}));
    request.exchange().await.expect_refusal("HANDLER_PANIC");
    let light = stage.connector.handler("light").send(&json!({})).await;
    light.reply_json().unwrap();
}
