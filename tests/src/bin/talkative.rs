//! A connector that logs hostile texts in every way there is, for the tests of the log.

use std::process::ExitCode;

use flowx_core::{Connector, HandlerError, flowx_handler};
use flowx_tests::hostile;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Deserialize, JsonSchema)]
#[schemars(example = json!({ "count": 10_000 }))]
struct Talk {
    count: usize,
}

#[derive(Serialize, JsonSchema)]
struct Said {
    count: usize,
}

/// Whatever is quoted, as an error with a cause.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Quoted(String, #[source] Option<Box<Self>>);

/// Logs so many texts, one event each.
#[flowx_handler(topic = "talkative.talk")]
async fn talk(request: Talk) -> Result<Said, HandlerError> {
    for (number, text) in hostile::texts(1).take(request.count).enumerate() {
        let span = tracing::warn_span!("inner", shown = %text, quoted = text);
        let _inside = span.entered();
        let error = Quoted(text.clone(), Some(Box::new(Quoted(text.clone(), None))));
        let error: &(dyn std::error::Error + 'static) = &error;
        tracing::warn!(number, shown = %text, debug = ?text, quoted = text, error, "{text}");
    }
    Ok(Said { count: request.count })
}

/// Panics with a text of several lines.
#[flowx_handler(topic = "talkative.panic", attempts = 1)]
async fn panics(request: Talk) -> Result<Said, HandlerError> {
    let text: String = hostile::texts(2).take(request.count.min(100)).collect();
    panic!("{text}")
}

#[tokio::main]
async fn main() -> ExitCode {
    Connector::builder().main().await
}
