//! The connector behind the tests of this binary.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::{Connector, HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How many requests were doubled.
#[derive(Clone, Debug, Default)]
pub(crate) struct Doubled(Arc<AtomicU32>);

impl Doubled {
    pub(crate) fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = json!({ "number": 21 }))]
struct Number {
    /// What is to be doubled.
    number: i64,
}

#[derive(Serialize, JsonSchema)]
struct Twice {
    /// The double.
    twice: i64,
}

/// Doubles a number.
#[flowx_handler(topic = "catalog.trigger.double", refuses = ["NEGATIVE"])]
async fn double(request: Number, doubled: State<Doubled>) -> Result<Twice, HandlerError> {
    if request.number < 0 {
        return Err(HandlerError::refuse("NEGATIVE", "the number is below zero"));
    }
    doubled.0.fetch_add(1, Ordering::SeqCst);
    Ok(Twice { twice: request.number * 2 })
}

/// Never ends.
#[flowx_handler(topic = "catalog.trigger.hang", timeout = Duration::from_secs(100))]
async fn hang(_: Value) -> Result<Twice, HandlerError> {
    std::future::pending().await
}

/// Is always to be tried again.
#[flowx_handler(
    topic = "catalog.trigger.later",
    order = unordered,
    attempts = 1,
    retry_topics = ["30s"],
)]
async fn later(_: Value) -> Result<Twice, HandlerError> {
    Err(HandlerError::retry("not now"))
}

/// Fails in the end.
#[flowx_handler(topic = "catalog.trigger.fail", attempts = 1)]
async fn fail(_: Value) -> Result<Twice, HandlerError> {
    Err(HandlerError::retry("never"))
}

/// Reads a family of topics, and sends nothing.
#[flowx_handler(topic = "catalog.events.*")]
async fn listen(_: Value) -> Result<(), HandlerError> {
    Ok(())
}

/// </script><script>alert("handler")</script> <img src=x onerror=alert(1)> <!-- &
#[flowx_handler(topic = "catalog.hostile")]
async fn hostile(_: Value) -> Result<Twice, HandlerError> {
    Ok(Twice { twice: 0 })
}

/// The connector, and the count that its handler keeps.
pub(crate) fn connector() -> (Connector, Doubled) {
    let doubled = Doubled::default();
    let builder = Connector::builder().settings(Settings::default()).state(doubled.clone());
    (builder.build().expect("a connector"), doubled)
}
