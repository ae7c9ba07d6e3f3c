//! What goes wrong inside of a connector, and that the process which waits learns nothing of it but
//! that it went wrong.

use std::time::Duration;

use flowx_core::handler::binder::{BindError, Binder};
use flowx_core::handler::call::Call;
use flowx_core::handler::error::Failure;
use flowx_core::handler::middleware::{Invocation, LayeredHandler};
use flowx_core::runtime::port::SendError;
use flowx_core::testing::memory::Fault;
use flowx_core::testing::{Exchange, TestConnector};
use flowx_core::{Connector, FlowxError, HandlerError, Param, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::json;
use tower::layer::layer_fn;
use tower::{BoxError, ServiceExt as _, service_fn};

/// Stands in every inner error: a password, an address, a row of somebody else's.
const CANARY: &str = "canary-0815";

const REPLIES: &str = "ai.flowx.dev.engine.receive.internals.tell.results.v1";

#[derive(Debug, thiserror::Error)]
#[error("connection to {CANARY} refused")]
struct Inner;

#[derive(Debug, thiserror::Error, FlowxError)]
enum Trouble {
    #[error("{CANARY} does not answer")]
    #[flowx(retry)]
    Retry(#[source] Inner),
    #[error("not today")]
    #[flowx(refuse = "NOT_TODAY")]
    Refused(#[source] Inner),
    #[error(transparent)]
    #[flowx(retry)]
    Speechless(#[from] Speechless),
}

#[derive(Debug)]
struct Speechless;

impl std::fmt::Display for Speechless {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        panic!("no words for {CANARY}")
    }
}

impl std::error::Error for Speechless {}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Fails {
    Retry,
    Refused,
    Speechless,
    Panic,
    PanicWithWords,
    Unwrap,
    Hang,
    Reply,
    Encode,
    EncodePanic,
}

#[derive(Deserialize, JsonSchema)]
struct Ask {
    how: Fails,
    #[serde(default)]
    #[expect(dead_code, reason = "only read by the decoder")]
    inner: Option<Explosive>,
}

/// A field whose decoder panics.
#[derive(JsonSchema)]
struct Explosive;

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("{CANARY} exploded")
    }
}

#[derive(JsonSchema, Serialize)]
struct Told {
    #[serde(serialize_with = "tell")]
    how: String,
}

fn tell<S: Serializer>(how: &str, serializer: S) -> Result<S::Ok, S::Error> {
    match how {
        "fine" => serializer.serialize_str(how),
        "panic" => panic!("{CANARY} cannot be written"),
        _ => Err(serde::ser::Error::custom(format!("{CANARY} cannot be written"))),
    }
}

async fn fail(how: Fails) -> Result<Told, Trouble> {
    let told = |how: &str| Ok(Told { how: how.to_owned() });
    match how {
        Fails::Retry => Err(Trouble::Retry(Inner)),
        Fails::Refused => Err(Trouble::Refused(Inner)),
        Fails::Speechless => Err(Speechless.into()),
        Fails::Panic => panic!("canary-0815"),
        Fails::PanicWithWords => panic!("{CANARY} lost its head"),
        Fails::Unwrap => Err::<(), _>(CANARY).map(|()| unreachable!()).unwrap(),
        Fails::Hang => {
            let _kept = CANARY.to_owned();
            std::future::pending().await
        }
        Fails::Encode => told("not at all"),
        Fails::EncodePanic => told("panic"),
        Fails::Reply => told("fine"),
    }
}

#[flowx_handler(topic = "internals.trigger.tell")]
async fn tell_all(ask: Ask, _: Reluctant) -> Result<Told, Trouble> {
    fail(ask.how).await
}

/// Has a thread of its own.
#[flowx_handler(topic = "internals.trigger.block", blocking = true)]
async fn tell_all_blocking(ask: Ask) -> Result<Told, Trouble> {
    fail(ask.how).await
}

/// Says what it fails with as text.
#[flowx_handler(topic = "internals.trigger.words")]
async fn tell_in_words(_: Ask) -> Result<Told, HandlerError> {
    Err(HandlerError::retry(format!("the password {CANARY} is wrong")))
}

/// A parameter that fails as the header `extractor` says.
struct Reluctant;

impl Param for Reluctant {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        match call.record.headers.text("extractor") {
            Some("retry") => Err(Failure::retry(Inner)),
            Some("later") => Err(Failure::retry_after(Duration::from_secs(1), Inner)),
            Some("panic") => panic!("{CANARY} cannot be extracted"),
            _ => Ok(Self),
        }
    }
}

/// Two layers: one fails where the process asks for it, before the handler or behind it; one panics.
async fn open() -> TestConnector {
    let layer = layer_fn(|inner: LayeredHandler| {
        service_fn(move |invocation: Invocation| {
            let process = invocation.process.as_deref().unwrap_or_default().to_owned();
            let inner = inner.clone();
            async move {
                assert_ne!(process, "layer-panics", "{CANARY} in a layer");
                if process == "layer-fails" {
                    return Err(BoxError::from(Inner));
                }
                let outcome = inner.oneshot(invocation).await?;
                if process == "layer-fails-behind" { Err(Inner.into()) } else { Ok(outcome) }
            }
        })
    });
    let names = ["tell_all", "tell_all_blocking", "tell_in_words"];
    let builder = Connector::builder().only(names).group("internals").layer(layer);
    TestConnector::start(builder).await.unwrap()
}

/// An answer says that something failed, by a code that everybody may know, and not what.
fn keeps_to_itself(what: &str, exchange: &Exchange, code: &str, words: &str) {
    assert_eq!(exchange.expect_refusal(code).message, words, "{what}");
    let [answer] = exchange.replies() else { panic!("{what}: one answer: {exchange}") };
    let carried = answer
        .headers
        .iter()
        .flat_map(|(name, value)| [Some(name.as_bytes()), value])
        .chain([answer.key.as_deref(), answer.payload.as_deref()]);
    for bytes in carried.flatten() {
        assert!(!String::from_utf8_lossy(bytes).contains("canary"), "{what}: {exchange}");
    }
}

const EXHAUSTED: (&str, &str) =
    ("RETRY_EXHAUSTED", "the request could not be handled in 5 attempts");
const PANIC: (&str, &str) = ("HANDLER_PANIC", "the connector failed while it handled the request");
const TIMEOUT: (&str, &str) = ("HANDLER_TIMEOUT", "the request took too long to handle");
const REJECTED: (&str, &str) =
    ("REPLY_REJECTED", "the request was handled, but its reply could not be sent");

#[tokio::test(start_paused = true)]
async fn an_error_reply_says_nothing_of_what_a_handler_failed_with() {
    let connector = open().await;
    for (how, (code, words)) in [
        ("retry", EXHAUSTED),
        ("refused", ("NOT_TODAY", "not today")),
        ("speechless", EXHAUSTED),
        ("panic", PANIC),
        ("panic-with-words", PANIC),
        ("unwrap", PANIC),
        ("hang", TIMEOUT),
        ("encode", REJECTED),
        ("encode-panic", PANIC),
    ] {
        for handler in ["tell_all", "tell_all_blocking"] {
            // What blocks for ever has a test of its own.
            if how == "hang" && handler == "tell_all_blocking" {
                continue;
            }
            let exchange = connector.handler(handler).send(&json!({"how": how})).await;
            keeps_to_itself(&format!("{handler} {how}"), &exchange, code, words);
        }
    }
    let exchange = connector.handler("tell_in_words").send(&json!({"how": "reply"})).await;
    keeps_to_itself("words", &exchange, EXHAUSTED.0, EXHAUSTED.1);
    // The canary is there, and whoever looks after the connector finds it.
    let letter = exchange.dead_letter().unwrap().headers.text("dlq-error-message").unwrap();
    assert!(letter.contains(CANARY), "{letter}");
}

#[tokio::test(start_paused = true)]
async fn nor_of_what_fails_around_it() {
    let connector = open().await;
    let fine = json!({"how": "reply"});
    for (process, (code, words)) in
        [("layer-fails", EXHAUSTED), ("layer-fails-behind", EXHAUSTED), ("layer-panics", PANIC)]
    {
        for handler in ["tell_all", "tell_all_blocking"] {
            let exchange = connector.handler(handler).process(process).send(&fine).await;
            keeps_to_itself(&format!("{handler} {process}"), &exchange, code, words);
        }
    }
    for (how, (code, words)) in [("retry", EXHAUSTED), ("later", EXHAUSTED), ("panic", PANIC)] {
        let exchange = connector.handler("tell_all").header("extractor", how).send(&fine).await;
        keeps_to_itself(&format!("the extractor: {how}"), &exchange, code, words);
    }
    let exploded = json!({"how": "reply", "inner": {}});
    let exchange = connector.handler("tell_all").send(&exploded).await;
    keeps_to_itself("a decoder that panics", &exchange, PANIC.0, PANIC.1);
    let error = SendError::Rejected(format!("{CANARY} is too large"));
    connector.broker().inject(Fault::on_delivery(error).topic(REPLIES).times(1));
    let exchange = connector.handler("tell_all").send(&fine).await;
    keeps_to_itself("a reply that Kafka refuses", &exchange, REJECTED.0, REJECTED.1);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_explained_in_words_of_the_request_alone() {
    let connector = open().await;
    // Others are at work with a canary at the same time, and were before.
    connector.handler("tell_in_words").send(&json!({"how": "reply"})).await;
    let long = "x".repeat(65_536);
    let beside = connector.handler("tell_all").json(&json!({"how": "hang"})).post();
    for (payload, header, words) in [
        ("", "", "the request is empty; send a JSON object"),
        ("{", "", "not JSON: EOF while parsing an object at line 1 column 1"),
        ("\u{0}\u{0}\u{0}\u{0}\u{7}{}", "", "schema 7"),
        (r#"{"how":"dance"}"#, "", "$.how: "),
        (r#"{"how":"${x}"}"#, "", "$.how: `${x}` was sent as it stands"),
        (r#"{"how":"reply"}"#, long.as_str(), "the headers of the request have "),
    ] {
        let request = connector.handler("tell_all").payload(payload).header("more", header);
        let exchange = request.exchange().await;
        let message = exchange.expect_refusal("INVALID_REQUEST").message;
        assert!(message.contains(words), "{message}");
        keeps_to_itself(payload, &exchange, "INVALID_REQUEST", &message);
    }
    keeps_to_itself("beside", &beside.settled().await, TIMEOUT.0, TIMEOUT.1);
}
