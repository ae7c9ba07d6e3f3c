//! `GET health`, and the probes beside it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::future::join_all;
use serde_json::{Map, Value, json};

use super::components::{self, Component, Word};
use super::{Actuator, spring};
use crate::connector::health_check::HealthCheck;

/// Everything that a connector consists of, and what its handlers depend on.
pub(super) async fn health(State(actuator): State<Arc<Actuator>>) -> Response {
    let mut all = vec![
        ("livenessState".to_owned(), alive(&actuator)),
        ("readinessState".to_owned(), ready(&actuator)),
        ("kafka".to_owned(), components::kafka(&actuator.status)),
        ("kafkaTopicsHealthCheckIndicator".to_owned(), components::topics(&actuator.contract)),
        ("partitions".to_owned(), components::partitions(&actuator.status)),
        ("handlers".to_owned(), components::handlers(&actuator.status)),
    ];
    all.extend(checked(actuator.checks.iter()).await);
    told(all, json!({ "groups": ["liveness", "readiness"] }))
}

/// Whether it makes progress: only a restart helps if not.
pub(super) async fn liveness(State(actuator): State<Arc<Actuator>>) -> Response {
    told(vec![("livenessState".to_owned(), alive(&actuator))], json!({}))
}

/// Whether it may get work, and what it was said to need for that is there.
pub(super) async fn readiness(State(actuator): State<Arc<Actuator>>) -> Response {
    let mut all = vec![("readinessState".to_owned(), ready(&actuator))];
    all.extend(checked(actuator.checks.iter().filter(|check| check.for_readiness)).await);
    told(all, json!({}))
}

fn alive(actuator: &Actuator) -> Component {
    because(&actuator.status.stuck(), Word::Down)
}

fn ready(actuator: &Actuator) -> Component {
    because(&actuator.status.not_ready(), Word::OutOfService)
}

fn because(reasons: &[String], word: Word) -> Component {
    match reasons.is_empty() {
        true => Component { word: Word::Up, details: Value::Null },
        false => Component { word, details: json!({ "reasons": reasons }) },
    }
}

/// The user's checks, all at the same time.
async fn checked<'c>(checks: impl Iterator<Item = &'c HealthCheck>) -> Vec<(String, Component)> {
    let check = |check: &'c HealthCheck| async move {
        let component = match check.outcome().await {
            Ok(()) => Component { word: Word::Up, details: Value::Null },
            Err(error) => Component { word: Word::Down, details: json!({ "error": error }) },
        };
        (check.name.clone(), component)
    };
    join_all(checks.map(check)).await
}

/// The answer: as bad as the worst of them.
fn told(all: Vec<(String, Component)>, more: Value) -> Response {
    let word = all.iter().map(|(_, one)| one.word).max().unwrap_or(Word::Up);
    let code = if word.is_good() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let components: Map<String, Value> =
        all.into_iter().map(|(name, one)| (name, one.json())).collect();
    let mut body = json!({ "status": word.text(), "components": components });
    if let (Some(body), Value::Object(more)) = (body.as_object_mut(), more) {
        body.extend(more);
    }
    spring(code, body)
}
