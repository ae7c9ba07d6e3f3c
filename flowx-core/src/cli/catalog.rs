//! `catalog`: the page for process designers, as a file; and where the other commands serve it.

use std::net::SocketAddr;
use std::path::PathBuf;

use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Code, CommandError, FAILURE, SUCCESS};
use crate::admin::{InProcess, Site, catalog_router, record_examples, serve};
use crate::connector::{Connector, ConnectorBuilder, StartError};
use crate::contract::catalog::{Catalog, page};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The file to write
    #[arg(long, value_name = "FILE", default_value = "catalog.html")]
    out: PathBuf,
    /// Plays every example to its handler first, in this process, and shows what came of it: the
    /// handlers do what they do in production, so mails are sent and services called
    #[arg(long)]
    record: bool,
}

pub(super) async fn run(
    builder: ConnectorBuilder,
    arguments: &Arguments,
) -> Result<Code, CommandError> {
    let connector = builder.build()?;
    let mut catalog = Catalog::of(connector.contract());
    let mut complete = true;
    if arguments.record {
        (catalog, complete) = recorded(catalog, &connector).await;
    }
    let path = &arguments.out;
    std::fs::write(path, page(&catalog)).map_err(|error| {
        CommandError::Failed(format!("cannot write {}: {error}", path.display()))
    })?;
    println!("{}", path.display());
    Ok(if complete { SUCCESS } else { FAILURE })
}

/// The catalog with what came of the examples, and whether each came to an end.
async fn recorded(mut catalog: Catalog, connector: &Connector) -> (Catalog, bool) {
    let limit = Site::of(connector).bounds().play;
    let stage = InProcess::of(connector);
    let mut complete = true;
    for (handler, outcomes) in record_examples(&stage, connector.registry(), limit).await {
        let mut exchanges = Vec::new();
        for outcome in outcomes {
            match outcome {
                Ok(exchange) => exchanges.push(exchange),
                Err(error) => {
                    eprintln!("{handler}: an example is left out: {error}");
                    complete = false;
                }
            }
        }
        catalog = catalog.with_exchanges(handler, exchanges);
    }
    (catalog, complete)
}

/// A catalog that is being served; it ends when this is dropped.
pub(super) struct Served {
    /// Where it listens.
    pub(super) address: SocketAddr,
    _stop: DropGuard,
}

/// Serves a catalog at this address.
pub(super) async fn served(site: Site, address: SocketAddr) -> Result<Served, StartError> {
    let unusable = |error: std::io::Error| {
        StartError::one(format!("the catalog cannot listen on {address}: {error}"))
    };
    let listener = TcpListener::bind(address).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let stop = CancellationToken::new();
    let stopped = stop.clone().cancelled_owned();
    tokio::spawn(async move {
        if let Err(error) = serve(listener, catalog_router(site), stopped).await {
            tracing::error!(%error, "the catalog is not served any more");
        }
    });
    Ok(Served { address, _stop: stop.drop_guard() })
}
