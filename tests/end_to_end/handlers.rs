//! The handlers of these tests. What they have seen is kept by test, so that tests do not meet.

use std::sync::Mutex;
use std::time::Duration;

use flowx_core::{Context, HandlerError, State, Topic, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;

#[derive(Debug, Deserialize, JsonSchema)]
pub(crate) struct Number {
    pub(crate) number: i64,
}

#[derive(Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Doubled {
    pub(crate) number: i64,
    pub(crate) doubled: i64,
}

/// Every number that the handlers of one test were called with.
#[derive(Debug, Default)]
pub(crate) struct Seen(pub(crate) Mutex<Vec<i64>>);

impl Seen {
    pub(crate) fn numbers(&self) -> Vec<i64> {
        self.0.lock().unwrap().clone()
    }

    fn add(&self, number: i64) {
        self.0.lock().unwrap().push(number);
    }
}

/// A gate at which handlers wait: who has entered, and who may leave.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) entered: Semaphore,
    pub(crate) leave: Semaphore,
}

impl Default for Gate {
    fn default() -> Self {
        Self { entered: Semaphore::new(0), leave: Semaphore::new(0) }
    }
}

/// Doubles a number; refuses a negative one.
#[flowx_handler(topic = "numbers.trigger.double", refuses = ["NEGATIVE"])]
pub(crate) async fn double(
    request: Number,
    seen: State<std::sync::Arc<Seen>>,
) -> Result<Doubled, HandlerError> {
    seen.add(request.number);
    if request.number < 0 {
        return Err(HandlerError::refuse("NEGATIVE", "only positive numbers"));
    }
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

/// Doubles a number slowly enough that instances come and go meanwhile.
#[flowx_handler(topic = "numbers.trigger.double-slowly")]
pub(crate) async fn double_slowly(
    request: Number,
    seen: State<std::sync::Arc<Seen>>,
) -> Result<Doubled, HandlerError> {
    tokio::time::sleep(Duration::from_millis(10)).await;
    seen.add(request.number);
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

/// How many attempts one round has by default.
pub(crate) const ROUND: u32 = 5;

/// Doubles a number, but only in the second round of attempts; notes the number of each.
#[flowx_handler(
    topic = "numbers.trigger.double-at-last",
    order = unordered,
    retry_topics = ["10s"]
)]
pub(crate) async fn double_at_last(
    request: Number,
    at: Context,
    seen: State<std::sync::Arc<Seen>>,
) -> Result<Doubled, HandlerError> {
    seen.add(i64::from(at.attempt()));
    if at.attempt() <= ROUND {
        return Err(HandlerError::retry("not yet"));
    }
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

/// Doubles a number once somebody opens the gate.
#[flowx_handler(topic = "numbers.trigger.double-later")]
pub(crate) async fn double_later(
    request: Number,
    gate: State<std::sync::Arc<Gate>>,
) -> Result<Doubled, HandlerError> {
    gate.entered.add_permits(1);
    gate.leave.acquire().await.map_err(HandlerError::retry)?.forget();
    Ok(Doubled { number: request.number, doubled: request.number * 2 })
}

/// Which topics a pattern has brought in.
#[derive(Debug, Default)]
pub(crate) struct Topics(pub(crate) Mutex<Vec<String>>);

/// Notes the topic of everything that the engine would read.
#[flowx_handler(topic = "engine.receive.*")]
pub(crate) async fn overhear(
    _: serde_json::Value,
    topic: Topic,
    topics: State<std::sync::Arc<Topics>>,
) -> Result<(), HandlerError> {
    topics.0.lock().unwrap().push(topic.to_string());
    Ok(())
}
