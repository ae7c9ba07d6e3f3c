//! `GET info`: which connector this is.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::{Value, json};

use super::{Actuator, spring};

/// Name, versions and handlers; nothing of how it is configured.
pub(super) async fn info(State(actuator): State<Arc<Actuator>>) -> Response {
    let about = actuator.status.about();
    let handlers: Vec<Value> = actuator
        .contract
        .handlers
        .iter()
        .map(|handler| {
            json!({
                "name": handler.name,
                "topic": handler.topic,
                "replyTopic": handler.reply_topic,
                "guarantee": handler.guarantee,
                "contract": handler.hash,
            })
        })
        .collect();
    let body = json!({
        "app": {
            "name": actuator.contract.group,
            "version": about.and_then(|about| about.version),
        },
        "flowx": { "version": env!("CARGO_PKG_VERSION") },
        "handlers": handlers,
    });
    spring(StatusCode::OK, body)
}
