//! Layers around the calls of handlers: they meet every attempt, and what they do counts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowx_core::handler::middleware::{Invocation, LayeredHandler};
use flowx_core::handler::outcome::Outcome;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, ConnectorBuilder, Context, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tower::layer::layer_fn;
use tower::limit::ConcurrencyLimitLayer;
use tower::timeout::TimeoutLayer;
use tower::util::{MapRequestLayer, ThenLayer};
use tower::{BoxError, ServiceExt as _, service_fn};

#[derive(Deserialize, JsonSchema)]
struct Work {
    act: Act,
}

#[derive(Clone, Copy, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Act {
    Reply,
    FailOnce,
    Sleep,
    Panic,
}

#[derive(Serialize, JsonSchema)]
struct Done {
    done: bool,
}

async fn act(work: Work, at: Context) -> Result<Done, HandlerError> {
    match work.act {
        Act::FailOnce if at.attempt() == 1 => return Err(HandlerError::retry("the first fails")),
        Act::Sleep => tokio::time::sleep(Duration::from_secs(2)).await,
        Act::Panic => panic!("inside of all layers"),
        Act::Reply | Act::FailOnce => {}
    }
    Ok(Done { done: true })
}

/// Runs on the runtime.
#[flowx_handler(topic = "layers.here")]
async fn here(work: Work, at: Context) -> Result<Done, HandlerError> {
    act(work, at).await
}

/// Has a thread of its own.
#[flowx_handler(topic = "layers.there", blocking = true)]
async fn there(work: Work, at: Context) -> Result<Done, HandlerError> {
    act(work, at).await
}

/// What layers have written down.
#[derive(Clone, Default)]
struct Notes(Arc<Mutex<Vec<String>>>);

impl Notes {
    fn note(&self, text: String) {
        self.0.lock().unwrap().push(text);
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    /// A layer that writes down what it meets.
    fn layer(
        &self,
        name: &'static str,
    ) -> MapRequestLayer<impl Fn(Invocation) -> Invocation + Clone + Send + Sync + 'static> {
        let notes = self.clone();
        MapRequestLayer::new(move |invocation: Invocation| {
            let (handler, number) = (invocation.handler, invocation.attempt.number);
            notes.note(format!("{name} {handler} {number}"));
            invocation
        })
    }
}

async fn start(builder: ConnectorBuilder) -> TestConnector {
    TestConnector::start(builder).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_layer_meets_every_attempt_and_the_first_one_is_outermost() {
    let notes = Notes::default();
    let builder = Connector::builder()
        .layer(notes.layer("outer"))
        .layer_for("there", notes.layer("of one"))
        .layer(notes.layer("inner"));
    let connector = start(builder).await;
    connector.handler("here").send(&json!({"act": "fail-once"})).await.reply_json().unwrap();
    assert_eq!(notes.take(), ["outer here 1", "inner here 1", "outer here 2", "inner here 2"]);
    connector.handler("there").send(&json!({"act": "reply"})).await.reply_json().unwrap();
    assert_eq!(notes.take(), ["outer there 1", "of one there 1", "inner there 1"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_decoded_meets_no_layer() {
    let notes = Notes::default();
    let connector = start(Connector::builder().layer(notes.layer("outer"))).await;
    let exchange = connector.handler("here").send(&json!({"act": "unheard of"})).await;
    exchange.expect_refusal("INVALID_REQUEST");
    assert_eq!(notes.take(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn what_a_layer_fails_with_is_tried_again_and_at_last_put_aside() {
    let notes = Notes::default();
    let builder = Connector::builder()
        .layer(notes.layer("outer"))
        .layer(TimeoutLayer::new(Duration::from_millis(100)));
    let connector = start(builder).await;
    let exchange = connector.handler("here").send(&json!({"act": "sleep"})).await;
    exchange.expect_refusal("RETRY_EXHAUSTED");
    exchange.expect_dead_letter("retry-exhausted");
    assert_eq!(notes.take().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_limit_of_one_lets_one_in_at_a_time() {
    let builder = Connector::builder().layer_for("here", ConcurrencyLimitLayer::new(1));
    let connector = start(builder).await;
    let begin = tokio::time::Instant::now();
    let posted = ["a", "b", "c"].map(|process| {
        connector.handler("here").process(process).json(&json!({"act": "sleep"})).post()
    });
    for posted in posted {
        posted.settled().await.reply_json().unwrap();
    }
    assert!(begin.elapsed() >= Duration::from_secs(6), "{:?}", begin.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_panic_inside_of_layers_or_in_one_stays_with_its_request() {
    let breaks = layer_fn(|inner: LayeredHandler| {
        service_fn(move |invocation: Invocation| {
            assert_ne!(invocation.process.as_deref(), Some("layer"), "in a layer");
            inner.clone().oneshot(invocation)
        })
    });
    let connector = start(Connector::builder().layer(breaks)).await;
    for (handler, process) in [("here", "1"), ("there", "2"), ("here", "layer")] {
        let act = if process == "layer" { "reply" } else { "panic" };
        let request = connector.handler(handler).process(process).json(&json!({"act": act}));
        let exchange = request.exchange().await;
        exchange.expect_refusal("HANDLER_PANIC");
    }
    connector.handler("here").send(&json!({"act": "reply"})).await.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_layer_may_answer_in_place_of_the_handler_or_change_what_it_says() {
    let closed = ThenLayer::new(|said: Result<Outcome, BoxError>| async move {
        said.map(|_| Outcome::Refused { code: "CLOSED".into(), message: "come back".into() })
    });
    let connector = start(Connector::builder().layer_for("here", closed)).await;
    let exchange = connector.handler("here").send(&json!({"act": "reply"})).await;
    assert_eq!(exchange.expect_refusal("CLOSED").message, "come back");
    connector.handler("there").send(&json!({"act": "reply"})).await.reply_json().unwrap();
}

#[test]
fn a_layer_of_a_handler_that_is_not_there_keeps_the_connector_from_starting() {
    let builder = Connector::builder().layer_for("her", ConcurrencyLimitLayer::new(1)).group("g");
    let error = builder.build().unwrap_err();
    let expected = "`.layer_for(\"her\", …)`: no handler `her` is linked into this binary";
    assert_eq!(error.problems(), [expected]);
}
