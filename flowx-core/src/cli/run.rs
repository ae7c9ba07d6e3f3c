//! `run`: serves requests from Kafka until it is told to stop.

use std::process::ExitCode;

use tokio::sync::oneshot;

use super::CommandError;
use crate::connector::{ConnectorBuilder, ConnectorError};
use crate::contract::table::HandlerTable;

pub(super) async fn run(builder: ConnectorBuilder) -> Result<ExitCode, CommandError> {
    let connector = builder.build()?;
    // What keeps it from running comes before what it would do.
    connector.kafka_settings()?;
    // The table is for people: it goes where they look, beside the logs.
    eprint!("{}", HandlerTable { registry: connector.registry(), group: connector.group() });
    for warning in connector.registry().warnings() {
        tracing::warn!("{warning}");
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = std::pin::pin!(connector.run(async { drop(stopped.await) }));
    tokio::select! {
        ended = &mut running => return done(ended),
        () = stop_signal() => drop(stop),
    }
    tokio::select! {
        ended = &mut running => done(ended),
        () = stop_signal() => Err(CommandError::Failed(
            "stopped at once, on the second signal; what was in flight is delivered again".to_owned(),
        )),
    }
}

fn done(ended: Result<(), ConnectorError>) -> Result<ExitCode, CommandError> {
    Ok(ended.map(|()| ExitCode::SUCCESS)?)
}

/// Ends when the process is told to stop: SIGTERM, or Ctrl-C.
pub(super) async fn stop_signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminate.recv() => return,
                outcome = tokio::signal::ctrl_c() => if outcome.is_ok() { return },
            }
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        // Without signals a stop can only come from outside.
        std::future::pending::<()>().await;
    }
}
