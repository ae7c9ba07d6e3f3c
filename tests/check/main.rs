//! `check`: whether a cluster is as a connector needs it, and what would make it so.

mod command;
mod judgement;
mod least_privilege;
mod permissions;
mod real;
mod shown;
mod world;

use flowx_core::config::Settings;
use flowx_core::{Connector, HandlerError, Raw, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
struct Request {}

#[derive(Serialize, JsonSchema)]
struct Reply {}

#[flowx_handler(topic = "currency.trigger.exchange")]
async fn exchange(_: Request) -> Result<Reply, HandlerError> {
    Ok(Reply {})
}

/// Fails as long as the request says so, for ever.
#[flowx_handler(topic = "ledger.book", order = unordered, attempts = 1, retry_topics = ["1s"])]
async fn book(request: Raw) -> Result<Reply, HandlerError> {
    match &request[..] {
        b"{\"fails\":true}" => Err(HandlerError::retry("the ledger is closed")),
        _ => Ok(Reply {}),
    }
}

#[flowx_handler(topic = "strict.send", order = partition)]
async fn strict(_: Request) -> Result<(), HandlerError> {
    Ok(())
}

#[flowx_handler(topic = "partners.*", reply = "engine.receive.partners.results")]
async fn partners(_: Request) -> Result<Reply, HandlerError> {
    Ok(Reply {})
}

/// Reads along with the engine.
#[flowx_handler(topic = "engine.receive.*")]
async fn audit(_: Request) -> Result<(), HandlerError> {
    Ok(())
}

#[flowx_handler(topic = "engine.receive.odd")]
async fn odd(_: Request) -> Result<(), HandlerError> {
    Ok(())
}

#[flowx_handler(topic = "lost.ask", reply = "elsewhere")]
async fn astray(_: Request) -> Result<Reply, HandlerError> {
    Ok(Reply {})
}

/// A connector of some of these handlers, in the group `bank`.
fn connector(handlers: &[&str], settings: Settings) -> Connector {
    let builder = Connector::builder().only(handlers.iter().copied());
    builder.group("bank").settings(settings).build().unwrap()
}
