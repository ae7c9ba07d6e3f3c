//! What a handler logs carries the span of its attempt, wherever it runs.

use std::io;
use std::sync::{Mutex, Once, PoisonError};

use flowx_core::handler::middleware::{Invocation, LayeredHandler};
use flowx_core::handler::outcome::Outcome;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, ConnectorBuilder, Context, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tower::layer::layer_fn;
use tower::{BoxError, ServiceExt as _, service_fn};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// What must never be seen.
const CANARY: &str = "tweety-4712";

static LOGGED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.lock().unwrap_or_else(PoisonError::into_inner).extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Listens to the log of all threads.
fn listen() {
    static SUBSCRIBER: Once = Once::new();
    SUBSCRIBER.call_once(|| {
        let logs = tracing_subscriber::fmt().json().with_writer(|| Writer);
        logs.with_max_level(tracing::Level::TRACE).init();
    });
}

/// The events that name this mark, in their order.
fn events(mark: &str) -> Vec<Value> {
    let log = LOGGED.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let log = String::from_utf8(log).unwrap();
    assert!(!log.contains(CANARY), "{log}");
    let events = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["fields"]["mark"] == mark).collect()
}

#[derive(Deserialize, JsonSchema)]
struct Work {
    mark: String,
    #[expect(dead_code, reason = "it must not be seen")]
    secret: String,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    done: bool,
}

/// Logs on both sides of an `await`, and fails the first time.
async fn work(work: Work, at: Context) -> Result<Done, HandlerError> {
    tracing::info!(mark = work.mark, "begins");
    tokio::task::yield_now().await;
    tracing::info!(mark = work.mark, "ends");
    if at.attempt() == 1 {
        return Err(HandlerError::retry("the first fails"));
    }
    Ok(Done { done: true })
}

/// Runs on the runtime.
#[flowx_handler(topic = "logs.here")]
async fn here(request: Work, at: Context) -> Result<Done, HandlerError> {
    work(request, at).await
}

/// Has a thread of its own.
#[flowx_handler(topic = "logs.there", blocking = true)]
async fn there(request: Work, at: Context) -> Result<Done, HandlerError> {
    work(request, at).await
}

/// Sends one request and holds against it what its handler has logged.
async fn check(builder: ConnectorBuilder, handler: &str, mark: &str) {
    listen();
    let connector = TestConnector::start(builder).await.unwrap();
    let request = connector.handler(handler).process("p-1").key(CANARY).header("jwt", CANARY);
    let request = request.header("traceparent", PARENT).header("tracestate", CANARY);
    let exchange = request.json(&json!({"mark": mark, "secret": CANARY})).exchange().await;
    exchange.reply_json().unwrap();
    let at = &exchange.request().at;
    let events = events(mark);
    assert_eq!(events.len(), 4, "{mark}: {events:#?}");
    for (number, event) in events.iter().enumerate() {
        let expected = json!([{
            "name": "request",
            "handler": handler,
            "process": "p-1",
            "attempt": number / 2 + 1,
            "topic": &*at.topic,
            "partition": at.partition,
            "offset": at.offset,
            "trace_id": TRACE,
        }]);
        assert_eq!(event["spans"], expected, "{mark}: {event:#}");
    }
    connector.stop().await.unwrap();
}

#[tokio::test]
async fn a_handler_on_the_runtime_or_on_a_thread_of_its_own_logs_in_the_span_of_its_attempt() {
    for handler in ["here", "there"] {
        check(Connector::builder(), handler, &format!("{handler}, bare")).await;
    }
}

#[tokio::test]
async fn a_handler_inside_of_layers_logs_in_the_span_of_its_attempt_even_in_a_task_of_their_own() {
    let passes = layer_fn(|inner: LayeredHandler| inner);
    let spawns = layer_fn(|inner: LayeredHandler| {
        service_fn(move |invocation: Invocation| {
            let task = tokio::spawn(inner.clone().oneshot(invocation));
            async move {
                task.await.map_err(BoxError::from).and_then(|said: Result<Outcome, BoxError>| said)
            }
        })
    });
    for handler in ["here", "there"] {
        check(Connector::builder().layer(passes), handler, &format!("{handler}, layer")).await;
        check(Connector::builder().layer(spawns), handler, &format!("{handler}, task")).await;
    }
}
