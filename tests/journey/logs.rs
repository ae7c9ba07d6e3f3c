//! What the log says of a failure: one line with its place and its reason, and nothing that the
//! request carried.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use flowx_core::runtime::port::SendError;
use flowx_core::testing::memory::Fault;
use serde_json::json;

use crate::shop::{self, DEAD_LETTERS, REPLIES};

/// What must never be seen.
const CANARY: &str = "tweety-4711";

/// Everything that is logged on this thread while it lives.
///
/// One subscriber serves all threads: whether a place in the source logs at all is remembered for
/// the whole process, so those of single threads would spoil each other's memory.
pub(crate) struct Log;

thread_local! {
    static LOGGED: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// Writes for the thread that logs, if it has a log.
struct Writer;

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOGGED.with_borrow_mut(|logged| logged.iter_mut().for_each(|log| log.extend(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    pub(crate) fn begin() -> Self {
        static SUBSCRIBER: Once = Once::new();
        SUBSCRIBER.call_once(|| {
            tracing_subscriber::fmt()
                .with_max_level(tracing::Level::TRACE)
                .with_ansi(false)
                .with_writer(|| Writer)
                .init();
        });
        LOGGED.set(Some(Vec::new()));
        Self
    }

    fn text(&self) -> String {
        let logged = LOGGED.with_borrow(|logged| logged.clone().unwrap_or_default());
        String::from_utf8(logged).unwrap()
    }

    /// The lines with this in them.
    pub(crate) fn lines(&self, wanted: &str) -> Vec<String> {
        self.text().lines().filter(|line| line.contains(wanted)).map(str::to_owned).collect()
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        LOGGED.set(None);
    }
}

#[tokio::test(start_paused = true)]
async fn no_line_carries_payload_key_or_header_value() {
    let log = Log::begin();
    let (connector, _) = shop::open().await;
    let canary = format!(r#""{CANARY}""#);
    let mut payloads: Vec<String> = [
        "reply",
        "refuse",
        "retry",
        "retry-twice",
        "hang",
        "panic",
        "panic-quoting",
        "large-reply",
        "broken-reply",
    ]
    .map(|act| json!({"amount": 1, "note": CANARY, "act": act}).to_string())
    .into();
    payloads.extend([
        format!(r#"{{"amount":{canary}}}"#),
        format!(r#"{{"amount":1,{canary}:1}}"#),
        format!(r#"{{"amount":1,"act":{canary}}}"#),
        format!(r#"{{"amount":1,"note":"${{{CANARY}}}"}}"#),
        format!(r#"{{"amount":1}} {CANARY}"#),
        canary,
    ]);
    let trouble = |error: SendError, topic: &str| Fault::on_delivery(error).topic(topic).times(1);
    let rejected = || SendError::Rejected("too large".to_owned());
    let failed = || SendError::Failed("not authorized".to_owned());
    for payload in &payloads {
        connector.broker().inject(trouble(failed(), REPLIES));
        connector.broker().inject(trouble(rejected(), REPLIES));
        connector.broker().inject(trouble(rejected(), DEAD_LETTERS));
        for topic in ["order", "file", "report"] {
            let request = connector.handler(topic).key(CANARY).header("jwt", CANARY);
            let request = request.add_header(CANARY, Some(CANARY.as_bytes()));
            request.payload(payload).exchange().await;
        }
    }
    connector.stop().await.unwrap();
    let text = log.text();
    assert!(text.lines().count() > payloads.len(), "there is a log to look at");
    assert!(!text.contains(CANARY), "{}", log.lines(CANARY).join("\n"));
}

#[tokio::test(start_paused = true)]
async fn each_refused_request_has_one_line_with_place_process_and_reason() {
    let log = Log::begin();
    let (connector, _) = shop::open().await;
    for (act, reason, cause) in [
        ("refuse", "refused", "refused with SOLD_OUT"),
        ("retry", "retry-exhausted", "the warehouse does not answer: connection refused"),
        ("hang", "handler-timeout", "the handler ran past its timeout"),
        ("panic", "handler-panic", "the handler lost its head"),
        ("broken-reply", "reply-rejected", "no receipt for this"),
    ] {
        let request = connector.handler("order").process(&format!("process-{act}"));
        let exchange = request.send(&json!({"amount": 1, "act": act})).await;
        let lines = log.lines("request refused");
        let lines: Vec<_> = lines.iter().filter(|line| line.contains(act)).collect();
        let [line] = lines[..] else { panic!("{act}: {lines:#?}") };
        let at = exchange.request().at.to_string();
        for wanted in [&*at, &format!("process-{act}"), "handler=\"order\"", reason, cause] {
            assert!(line.contains(wanted), "`{wanted}` is missing: {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_panic_quotes_is_shown_only_where_that_is_wanted() {
    for (show, seen) in [(false, 0), (true, 2)] {
        let log = Log::begin();
        let (connector, _) = shop::open_with(|settings| settings.show_panics = show).await;
        let request = json!({"amount": 1, "note": CANARY, "act": "panic-quoting"});
        let exchange = connector.handler("order").send(&request).await;
        let letter = exchange.expect_dead_letter("handler-panic");
        let words = letter.headers.text("dlq-error-message").unwrap();
        assert_eq!(words.contains(CANARY), show, "{words}");
        assert!(show || words.contains("FLOWX_CONNECTOR_SHOW_PANICS"), "{words}");
        assert_eq!(log.lines(CANARY).len(), seen);
    }
}

#[tokio::test(start_paused = true)]
async fn each_failed_attempt_has_one_line() {
    let log = Log::begin();
    let (connector, _) = shop::open().await;
    connector.handler("order").send(&json!({"amount": 1, "act": "retry"})).await;
    assert_eq!(log.lines("attempt failed").len(), 4, "the fifth is the refusal");
    assert_eq!(log.lines("request refused").len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_of_several_lines_is_one_line() {
    let log = Log::begin();
    let (connector, _) = shop::open().await;
    let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "two-lines"})).await;
    exchange.expect_refusal("RETRY_EXHAUSTED");
    let lines = log.lines("first");
    assert_eq!(lines.len(), 5);
    assert!(lines.iter().all(|line| line.contains(r"first\nsecond \u{1b}[31m")), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn each_answer_that_is_not_taken_has_one_line_with_its_reason() {
    let log = Log::begin();
    let (connector, _) = shop::open().await;
    let broker = connector.broker();
    let rejected = |reason: &str| Fault::on_delivery(SendError::Rejected(reason.to_owned()));
    broker.inject(rejected("no such partition").topic(REPLIES).times(1));
    broker.inject(rejected("record too large").topic(DEAD_LETTERS).times(1));
    let away = SendError::Failed("leader not available".to_owned());
    broker.inject(Fault::on_delivery(away).topic(DEAD_LETTERS).times(1));
    let request = connector.handler("order").process("process-9").payload("?");
    let exchange = request.exchange().await;
    exchange.expect_dead_letter("malformed-json");
    let at = exchange.request().at.to_string();
    for (reason, topic) in [
        ("no such partition", REPLIES),
        ("record too large", DEAD_LETTERS),
        ("leader not available", DEAD_LETTERS),
    ] {
        let lines = log.lines(reason);
        let [line] = &lines[..] else { panic!("{reason}: {lines:#?}") };
        for wanted in [&*at, "process-9", topic, "handler=\"order\""] {
            assert!(line.contains(wanted), "`{wanted}` is missing: {line}");
        }
    }
}
