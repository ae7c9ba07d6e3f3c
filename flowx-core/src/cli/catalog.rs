//! `catalog`: the page for process designers, as a file.

use std::path::PathBuf;

use super::{Code, CommandError, FAILURE, SUCCESS};
use crate::admin::{InProcess, Site, record_examples};
use crate::connector::{Connector, ConnectorBuilder};
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
