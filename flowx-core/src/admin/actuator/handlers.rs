//! `GET handlers`, and the switches of each.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;

use super::super::answer::refused;
use super::super::guard::not_let_in;
use super::components::all_handlers;
use super::{Actuator, spring};

/// The handlers with their state.
pub(super) async fn all(State(actuator): State<Arc<Actuator>>) -> Response {
    spring(StatusCode::OK, json!({ "handlers": all_handlers(&actuator.status) }))
}

pub(super) async fn pause(
    State(actuator): State<Arc<Actuator>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    switch(&actuator, &name, &headers, true)
}

pub(super) async fn resume(
    State(actuator): State<Arc<Actuator>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    switch(&actuator, &name, &headers, false)
}

/// Answers with the handler as it is then.
fn switch(actuator: &Actuator, name: &str, headers: &HeaderMap, pause: bool) -> Response {
    if let Err(reason) = actuator.door.lets_change(headers) {
        return not_let_in(reason);
    }
    let status = &actuator.status;
    let switched = if pause { status.pause(name) } else { status.resume(name) };
    match switched {
        Ok(()) => {
            let mut handlers = all_handlers(status);
            handlers.retain(|other, _| other == name);
            spring(StatusCode::OK, json!({ "handlers": handlers }))
        }
        Err(unknown) => refused(StatusCode::NOT_FOUND, unknown.to_string()),
    }
}
