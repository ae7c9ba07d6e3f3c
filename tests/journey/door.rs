//! The test door itself: what it sends, what it says when a test fails, and that it never hangs.

use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::testing::TestConnector;
use flowx_core::{Connector, StartError};
use serde_json::json;
use tokio::time::Instant;

use crate::shop::{self, ORDERS, Stage};

/// The words of the panic in which a future ends.
async fn panic_of(future: impl Future) -> String {
    use futures_util::FutureExt;
    let Err(panic) = AssertUnwindSafe(future).catch_unwind().await else {
        panic!("it did not panic");
    };
    words(&*panic)
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    match panic.downcast_ref::<String>() {
        Some(words) => words.clone(),
        None => (*panic.downcast_ref::<&str>().unwrap()).to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_comes_from_a_process_of_its_own() {
    let (connector, _) = shop::open().await;
    let mut processes = Vec::new();
    for _ in 0..2 {
        let exchange = connector.handler("order").send(&json!({"amount": 1})).await;
        let headers = &exchange.request().headers;
        let names: Vec<_> = headers.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["processInstanceUuid", "processInstanceId", "fxContext"]);
        assert_eq!(exchange.request().key.as_deref(), headers.get("processInstanceUuid"));
        processes.push(headers.text("processInstanceUuid").unwrap().to_owned());
    }
    assert_ne!(processes[0], processes[1]);
}

#[tokio::test(start_paused = true)]
async fn topics_are_named_in_short_or_in_full() {
    let (connector, _) = shop::open().await;
    for topic in ["plugin.shop.trigger.order", ORDERS, &format!("/{ORDERS}")] {
        let exchange = connector.topic(topic).send(&json!({"amount": 1})).await;
        assert_eq!(&*exchange.request().at.topic, ORDERS);
    }
    connector.wait_for_commit("plugin.shop.trigger.order", 0, 3).await;
    assert_eq!(connector.committed("plugin.shop.trigger.order", 0), Some(3));
}

#[tokio::test(start_paused = true)]
async fn one_handler_can_be_tested_alone() {
    let builder = Connector::builder().only(["weigh"]);
    let connector = TestConnector::start(builder).await.unwrap();
    assert_eq!(connector.registry().routes().len(), 1);
    connector.handler("weigh").payload("12").exchange().await.reply_json().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_connector_from_starting_is_told_at_once() {
    let builder = Connector::builder().only(["order", "nobody"]);
    let error: StartError = TestConnector::start(builder).await.unwrap_err();
    assert!(error.to_string().contains("`State<journey::shop::Stage>` finds no such value"));
    assert!(error.to_string().contains("no handler `nobody` is linked"));
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_never_settled_fails_the_test_in_words() {
    let (connector, _) = shop::open_with(|settings| {
        settings.handler_timeout = Duration::from_secs(10_000);
        settings.retry_budget = Duration::from_secs(10_000);
    })
    .await;
    let connector = connector.with_patience(Duration::from_secs(90));
    let begin = Instant::now();
    let order = json!({"amount": 1, "act": "hang"});
    let panic = panic_of(connector.handler("order").send(&order)).await;
    assert_eq!(begin.elapsed(), Duration::from_secs(90));
    assert!(panic.starts_with(&format!("{ORDERS}[0]@0 was not settled within 1m 30s")), "{panic}");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_has_stopped_is_not_waited_for() {
    let (connector, _) = shop::open().await;
    connector.member().fail("no way back");
    shop::pass(Duration::from_secs(1)).await;
    let panic = panic_of(connector.handler("order").send(&json!({"amount": 1}))).await;
    assert_eq!(panic, format!("{ORDERS}[0]@0 is not settled: the connector has stopped"));
}

#[tokio::test(start_paused = true)]
async fn a_failed_expectation_tells_the_whole_story() {
    let (connector, _) = shop::open().await;
    let refused = connector.handler("order").payload("{\"amount\":\"x\"}").exchange().await;
    for story in [
        refused.reply_json().unwrap_err().to_string(),
        words(&*std::panic::catch_unwind(|| refused.expect_refusal("SOLD_OUT")).unwrap_err()),
        words(&*std::panic::catch_unwind(|| refused.expect_dead_letter("null")).unwrap_err()),
        words(&*std::panic::catch_unwind(|| refused.expect_nothing()).unwrap_err()),
    ] {
        for wanted in [
            "to `order` was refused with INVALID_REQUEST (wrong-shape) after 0 attempt(s)",
            "request: {\"amount\":\"x\"}",
            "\"errorCode\":\"INVALID_REQUEST\"",
            "dlq-reason=wrong-shape",
        ] {
            assert!(story.contains(wanted), "`{wanted}` is missing: {story}");
        }
    }
    let replied = connector.handler("order").send(&json!({"amount": 1})).await;
    let error = format!("{:?}", replied.reply::<Vec<u8>>().unwrap_err());
    assert!(
        error.starts_with("the reply is no `alloc::vec::Vec<u8>`: invalid type: map"),
        "{error}"
    );
    let silent = connector.handler("file").send(&json!({"amount": 1})).await;
    let panic = std::panic::catch_unwind(|| silent.headers().len()).unwrap_err();
    assert!(words(&*panic).starts_with("there is no answer, and so no header of it"));
}

#[tokio::test(start_paused = true)]
async fn a_misspelled_name_is_met_with_the_right_ones() {
    let (connector, _) = shop::open().await;
    let panic = panic_of(async { connector.handler("oder").tombstone() }).await;
    assert!(panic.starts_with("no handler `oder` runs here, only `"), "{panic}");
    assert!(panic.contains("`order`"), "{panic}");
    let panic = panic_of(async { connector.handler("mirror").tombstone() }).await;
    assert!(panic.contains("reads `ai.flowx.dev.shop.events.*`; say which topic"), "{panic}");
    let panic = panic_of(async { connector.topic("shop.nothing").tombstone() }).await;
    assert!(panic.starts_with("no handler reads `ai.flowx.dev.shop.nothing.v1`, only"), "{panic}");
}

const HOSTILE: &str = "FLOWX_CONNECTOR_RETRY_ATTEMPTS";

/// Runs itself a second time, in an environment that would change everything.
#[tokio::test(start_paused = true)]
async fn the_environment_does_not_reach_a_connector_under_test() {
    if std::env::var_os(HOSTILE).is_some() {
        let connector = TestConnector::start(shop::builder(&Stage::default())).await.unwrap();
        assert_eq!(connector.group(), "flowx-tests");
        let exchange = connector.handler("order").send(&json!({"amount": 1, "act": "retry"})).await;
        assert_eq!(exchange.attempts(), Settings::default().retry_attempts);
        return;
    }
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "door::the_environment_does_not_reach_a_connector_under_test"])
        .env(HOSTILE, "1")
        .env("FLOWX_CONNECTOR_GROUP", "another")
        .env("FLOWX_CONNECTOR_DRAIN", "nonsense")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}
