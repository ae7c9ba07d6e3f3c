//! The legacy service's place is taken by a small one of the example's own.

use std::io;
use std::net::Ipv4Addr;

use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use tokio::net::TcpListener;

use crate::{Answer, Decision, Question};

/// Starts a service on a free port of this host, for as long as the runtime runs. Returns its base
/// URL.
pub(crate) async fn start(service: Router) -> io::Result<String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(format!("http://{address}"))
}

/// Knows two customers: `C-1001` may have 5 000 euros, `C-1002` nothing.
pub(crate) fn service() -> Router {
    Router::new().route("/credit-checks", post(decide))
}

/// The service's one decision.
pub(crate) async fn decide(Json(question): Json<Question>) -> Result<Json<Answer>, StatusCode> {
    let (limit_cents, risk_class) = match question.customer.as_str() {
        "C-1001" => (500_000, 2),
        "C-1002" => (0, 8),
        _ => return Err(StatusCode::NOT_FOUND),
    };
    let decision = if question.cents <= limit_cents { Decision::Yes } else { Decision::No };
    Ok(Json(Answer { decision, limit_cents, risk_class }))
}
