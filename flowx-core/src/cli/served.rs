//! What the commands serve over HTTP while they run.

use std::net::SocketAddr;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::admin::serve;
use crate::connector::StartError;

/// Routes that are being served; that ends when this is dropped.
pub(super) struct Served {
    /// Where they listen.
    pub(super) address: SocketAddr,
    _stop: DropGuard,
}

/// Serves routes at this address; `what` they are and what else could be done is for the case that
/// somebody else listens there.
pub(super) async fn served(
    router: Router,
    address: SocketAddr,
    what: &'static str,
    instead: &str,
) -> Result<Served, StartError> {
    let unusable = |error: std::io::Error| {
        StartError::one(format!("{what} cannot listen on {address}: {error}; {instead}"))
    };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = serve(listener, router, stopped).await {
            tracing::error!(%error, "{what} is not served any more");
        }
    });
    Ok(Served { address, _stop: stop.drop_guard() })
}
