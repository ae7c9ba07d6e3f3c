//! A connector whose handlers are not all as they should be, for the tests of programs.

use flowx_core::{Connector, HandlerError, Raw, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Plain {}

#[derive(Deserialize, JsonSchema)]
#[schemars(example = serde_json::json!({ "number": 1 }))]
struct Good {
    number: u32,
}

#[derive(Deserialize, JsonSchema)]
#[schemars(example = serde_json::json!({ "number": "one" }))]
struct Wrong {
    number: u32,
}

#[derive(Serialize, JsonSchema)]
struct Answer {
    number: u32,
}

/// Has no example.
#[flowx_handler(topic = "rehearsal.plain")]
async fn plain(_: Plain) -> Result<Answer, HandlerError> {
    Ok(Answer { number: 0 })
}

/// Has an example that it can read.
#[flowx_handler(topic = "rehearsal.good")]
async fn good(request: Good) -> Result<Answer, HandlerError> {
    Ok(Answer { number: request.number })
}

#[derive(Serialize, JsonSchema)]
struct Small {
    #[schemars(range(max = 10))]
    number: u32,
}

/// Sends more than its schema says.
#[flowx_handler(topic = "rehearsal.liar")]
async fn liar(request: Good) -> Result<Small, HandlerError> {
    Ok(Small { number: request.number + 10 })
}

/// Has an example that it cannot read.
#[flowx_handler(topic = "rehearsal.wrong")]
async fn wrong(request: Wrong) -> Result<Answer, HandlerError> {
    Ok(Answer { number: request.number })
}

/// Answers where the engine does not look.
#[flowx_handler(topic = "rehearsal.astray", reply = "elsewhere")]
async fn astray(request: Good) -> Result<Answer, HandlerError> {
    Ok(Answer { number: request.number })
}

/// Blocks its thread for ever.
#[flowx_handler(topic = "rehearsal.stuck", blocking = true)]
async fn stuck(request: Good) -> Result<Answer, HandlerError> {
    eprintln!("stuck for ever");
    loop {
        std::thread::park();
        std::hint::black_box(request.number);
    }
}

/// Fails until the file is there that `MENDED` names.
#[flowx_handler(topic = "rehearsal.moody", attempts = 1)]
async fn moody(_: Raw) -> Result<Answer, HandlerError> {
    match std::env::var_os("MENDED").is_some_and(|file| std::path::Path::new(&file).exists()) {
        true => Ok(Answer { number: 1 }),
        false => Err(HandlerError::retry("the register does not answer")),
    }
}

/// Asks whether anybody listens, as libraries do before what is costly to say, and then says something
/// in a span of its own.
#[flowx_handler(topic = "rehearsal.chatty")]
async fn chatty(request: Good) -> Result<Answer, HandlerError> {
    assert!(log::log_enabled!(log::Level::Info), "the exporter hears of spans of this level");
    let _inside = tracing::warn_span!("inner", number = request.number).entered();
    tracing::warn!("somebody hears this");
    Ok(Answer { number: request.number })
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let handlers = std::env::var("HANDLERS").unwrap_or_default();
    Connector::builder().only(handlers.split(',')).main().await
}
