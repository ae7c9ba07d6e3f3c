//! Large requests are decoded aside: what else is there does not wait for them.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::handler::binder::{BindError, Binder};
use flowx_core::handler::call::Call;
use flowx_core::handler::error::Failure;
use flowx_core::runtime::status::End;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, HandlerError, Param, Process, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

/// The platform's largest.
const LARGE: usize = 50_000_000;
/// Longer than anything here takes, and short enough for a test that fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// Shared by one test's handlers and decoders.
struct Gate {
    enter: Mutex<Receiver<()>>,
    leave: Mutex<Sender<()>>,
    /// Who was handled, in that order.
    handled: Mutex<Vec<String>>,
}

impl Gate {
    fn new() -> Arc<Self> {
        let (leave, enter) = channel();
        let (enter, leave) = (Mutex::new(enter), Mutex::new(leave));
        Arc::new(Self { enter, leave, handled: Mutex::default() })
    }

    fn handled(&self) -> Vec<String> {
        self.handled.lock().unwrap().clone()
    }
}

#[derive(Deserialize, JsonSchema)]
#[expect(dead_code, reason = "that it is read is enough")]
struct Book {
    #[serde(default)]
    pages: String,
    #[serde(default, deserialize_with = "slowly")]
    #[schemars(with = "bool")]
    slow: bool,
}

#[derive(Serialize, JsonSchema)]
struct Read {
    pages: usize,
}

/// Decodes for longer than a request may take, or panics.
fn slowly<'de, D: Deserializer<'de>>(decoder: D) -> Result<bool, D::Error> {
    if bool::deserialize(decoder)? {
        std::thread::sleep(Duration::from_secs(1));
        return Ok(true);
    }
    panic!("a decoder loses its head")
}

/// Waits, as an argument that is decoded may, until somebody else has been handled.
struct Turn;

impl Param for Turn {
    type Bound = <State<Arc<Gate>> as Param>::Bound;

    fn bind(binder: &mut Binder<'_>) -> Result<Self::Bound, BindError> {
        <State<Arc<Gate>> as Param>::bind(binder)
    }

    fn extract(bound: &Self::Bound, call: &Call<'_>) -> Result<Self, Failure> {
        let gate = <State<Arc<Gate>> as Param>::extract(bound, call)?;
        if call.record.payload.as_ref().is_some_and(|payload| payload.len() >= LARGE) {
            let next = gate.enter.lock().unwrap().recv_timeout(PATIENCE);
            next.expect("a small request is handled meanwhile");
        }
        Ok(Self)
    }
}

#[flowx_handler(topic = "large.read-book", attempts = 1)]
async fn read_book(
    book: Book,
    _: Turn,
    process: Process,
    gate: State<Arc<Gate>>,
) -> Result<Read, HandlerError> {
    gate.handled.lock().unwrap().push(process.uuid().unwrap_or_default().to_owned());
    let _ = gate.leave.lock().unwrap().send(());
    Ok(Read { pages: book.pages.len() })
}

async fn started(gate: &Arc<Gate>, timeout: Duration) -> TestConnector {
    let mut settings = Settings::default();
    settings.handler_timeout = timeout;
    let builder = Connector::builder().settings(settings).only(["read_book"]).group("large");
    let builder = builder.state(Arc::clone(gate));
    TestConnector::start(builder).await.unwrap()
}

/// A book of so many bytes.
fn book(bytes: usize, more: &str) -> String {
    format!(r#"{{"pages":"{}"{more}}}"#, "x".repeat(bytes))
}

#[tokio::test]
async fn a_request_of_50_mb_holds_up_no_small_one_of_another_process() {
    let gate = Gate::new();
    let connector = started(&gate, PATIENCE).await;
    let request = |process: &str| connector.handler("read_book").process(process).partition(0);
    let large = request("large").payload(book(LARGE, "")).post();
    let small = request("small").payload(book(1, "")).post();
    assert!(large.at().offset < small.at().offset, "it was there first");
    let small = small.settled().await;
    assert_eq!(small.reply_json().unwrap()["pages"], 1);
    assert_eq!(large.settled().await.reply_json().unwrap()["pages"], LARGE);
    assert_eq!(gate.handled(), ["small", "large"]);
    connector.stop().await.unwrap();
}

#[tokio::test]
async fn requests_of_one_process_stay_in_order_whatever_their_size() {
    let gate = Gate::new();
    let connector = started(&gate, PATIENCE).await;
    let sizes = [2_000_000, 1, 3_000_000, 2, 1_100_000, 3];
    let post = |size: &usize| {
        let request = connector.handler("read_book").process("one").partition(0);
        request.payload(book(*size, "")).post()
    };
    let posted: Vec<_> = sizes.iter().map(post).collect();
    let mut read = Vec::new();
    for request in posted {
        request.settled().await.reply_json().unwrap();
    }
    let replies =
        connector.broker().records(&connector.full_name("engine.receive.large.read-book.results"));
    for reply in replies {
        let reply: serde_json::Value = serde_json::from_slice(&reply.payload.unwrap()).unwrap();
        read.push(usize::try_from(reply["pages"].as_u64().unwrap()).unwrap());
    }
    assert_eq!(read, sizes);
    connector.stop().await.unwrap();
}

#[tokio::test]
async fn a_decoder_that_takes_too_long_or_panics_ends_its_own_request_and_no_other() {
    let gate = Gate::new();
    let connector = started(&gate, Duration::from_millis(200)).await;
    let request = |process: &str| connector.handler("read_book").process(process).partition(0);
    for (more, reason) in [
        (r#","slow":true"#, "handler-timeout"),
        (r#","slow":false"#, "handler-panic"),
        (r#","slow":7"#, "wrong-shape"),
    ] {
        let payload = book(2_000_000, more);
        let exchange = request("large").payload(&payload).exchange().await;
        let letter = exchange.expect_dead_letter(reason);
        assert!(letter.payload.as_deref() == Some(payload.as_bytes()), "{reason}: it is whole");
        let small = request("small").payload(book(1, "")).exchange().await;
        assert!(matches!(small.end(), End::Replied), "{small}");
    }
    assert_eq!(gate.handled(), ["small"; 3]);
    connector.stop().await.unwrap();
}
