//! Answers HTTP requests on a listener, until it is told to stop.

use std::future::Future;
use std::io;

use axum::Router;
use tokio::net::TcpListener;

use super::connection::{ConnectionLimits, accept};

/// Serves routes until `stop`. Requests that are at work then are finished by whoever waits for them,
/// not here: it returns at once.
///
/// # Errors
/// The listener failed.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_within(listener, router, ConnectionLimits::default(), stop).await
}

/// The same with other bounds.
///
/// # Errors
/// The listener failed.
pub async fn serve_within(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    tokio::select! {
        ended = accept(listener, router, limits) => ended,
        () = stop => Ok(()),
    }
}
