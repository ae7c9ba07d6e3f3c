//! `POST /catalog/try/{handler}`: plays one request.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use super::answer::refused;
use super::guard::not_let_in;
use super::site::Site;
use super::stage::{PlayError, Played};
use crate::contract::catalog::exchange::{Place, RecordedExchange};
use crate::message::headers::Headers;

/// What is to be played.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request<'b> {
    /// Sent as it stands, so that no number loses a digit.
    #[serde(borrow)]
    payload: &'b RawValue,
    /// In place of the engine's own of the same name; null is Kafka's.
    #[serde(default)]
    headers: BTreeMap<String, Option<String>>,
    #[serde(default)]
    on: Place,
    /// Which topic, where the handler reads a pattern.
    #[serde(default)]
    topic: Option<String>,
}

pub(super) async fn play(
    State(site): State<Arc<Site>>,
    Path(handler): Path<String>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    if let Err(reason) = site.door.lets_play(&headers) {
        return not_let_in(reason);
    }
    let Ok(_turn) = site.at_work.try_acquire() else {
        let reason = format!(
            "{} requests are being played already; wait for one to end",
            site.limits.at_once
        );
        return refused(StatusCode::TOO_MANY_REQUESTS, reason);
    };
    match played(&site, &handler, body).await {
        Ok(exchange) => Json(exchange).into_response(),
        Err((status, reason)) => refused(status, reason),
    }
}

async fn played(
    site: &Site,
    handler: &str,
    body: Body,
) -> Result<RecordedExchange, (StatusCode, String)> {
    let body = received(site, body).await?;
    let request: Request<'_> = serde_json::from_slice(&body)
        .map_err(|error| (StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}")))?;
    let mut headers = Headers::default();
    for (name, value) in &request.headers {
        headers.push(name, value.as_deref().map(str::as_bytes));
    }
    let wanted = Played {
        handler,
        topic: request.topic.as_deref(),
        headers,
        payload: request.payload.get().as_bytes(),
    };
    let playing = async {
        match (request.on, &site.broker) {
            (Place::Process, _) => site.in_process.play(wanted, site.limits.play).await,
            (Place::Broker, Some(broker)) => broker.play(wanted, site.limits.play).await,
            (Place::Broker, None) => Err(PlayError::NoBroker),
        }
    };
    playing.await.map_err(|error| (status(&error), error.to_string()))
}

/// The whole body, if it is not too large and comes in time.
async fn received(site: &Site, body: Body) -> Result<Vec<u8>, (StatusCode, String)> {
    let limits = &site.limits;
    match timeout(limits.receive, to_bytes(body, limits.body)).await {
        Ok(Ok(bytes)) => Ok(bytes.into()),
        Ok(Err(_)) => Err((
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body is larger than {} bytes, or broke off", limits.body),
        )),
        Err(_) => {
            let allowed = humantime::format_duration(limits.receive);
            Err((StatusCode::REQUEST_TIMEOUT, format!("the body did not come within {allowed}")))
        }
    }
}

fn status(error: &PlayError) -> StatusCode {
    match error {
        PlayError::UnknownHandler { .. } => StatusCode::NOT_FOUND,
        PlayError::NotItsTopic { .. } | PlayError::NoBroker => StatusCode::BAD_REQUEST,
        PlayError::TooLong(_) => StatusCode::GATEWAY_TIMEOUT,
        PlayError::Failed(_) => StatusCode::BAD_GATEWAY,
    }
}
