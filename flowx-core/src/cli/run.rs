//! `run`: serves requests from Kafka until it is told to stop.

#[cfg(unix)]
use std::task::Poll;

use tokio::sync::oneshot;

use super::check;
use super::served::{Served, served};
use super::{Code, CommandError, SUCCESS};
use crate::admin::{Actuator, DeadLetterSite, Site, ThroughKafka, admin_router};
use crate::config::admin_group::AdminGroup;
use crate::connector::{Connector, ConnectorBuilder, ConnectorError, StartError};
use crate::contract::table::HandlerTable;
use crate::dead_letters::Desk;
use crate::kafka::KafkaSettings;
use crate::runtime::panics::hide_words;

pub(super) async fn run(builder: ConnectorBuilder) -> Result<Code, CommandError> {
    let connector = builder.build()?;
    // What keeps it from running comes before what it would do.
    connector.kafka_settings()?;
    if !connector.settings.show_panics {
        hide_words();
    }
    // The table is for people: it goes where they look, beside the logs.
    eprint!("{}", HandlerTable(&connector.contract()));
    for warning in connector.registry().warnings() {
        tracing::warn!("{warning}");
    }
    // It answers until the connector has ended: that it stops is something to tell, too.
    let _admin = admin(&connector).await?;
    check::at_start(&connector);
    let status = connector.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut signals = StopSignals::listen();
    let mut running = std::pin::pin!(connector.run(async { drop(stopped.await) }));
    tokio::select! {
        ended = &mut running => return done(ended),
        () = signals.next() => {
            status.stopping();
            drop(stop);
        }
    }
    tokio::select! {
        ended = &mut running => done(ended),
        () = signals.next() => Err(CommandError::Failed(
            "stopped at once, on the second signal; what was in flight is delivered again".to_owned(),
        )),
    }
}

/// Serves the admin endpoint, unless it is not wanted, as long as what it returns is kept.
async fn admin(connector: &Connector) -> Result<Option<Served>, CommandError> {
    let settings = &connector.settings;
    if !settings.admin {
        return Ok(None);
    }
    let exposed = settings.exposed();
    let mut actuator = Actuator::of(connector)
        .base(&settings.admin_base)
        .expose(exposed.iter().copied())
        .hosts(settings.admin_hosts.iter().map(String::as_str));
    if let Some(token) = &settings.admin_token {
        actuator = actuator.token(token.clone());
        if exposed.contains(&AdminGroup::DeadLetters) {
            let desk = Desk::of(connector)?;
            actuator = actuator.dead_letters(DeadLetterSite::new(desk, token.clone()));
        }
    }
    if !settings.admin_address.ip().is_loopback() {
        actuator = actuator.any_host();
    }
    let site = catalog(connector)?;
    let has_catalog = site.is_some() && exposed.contains(&AdminGroup::Catalog);
    let router = admin_router(actuator, site);
    let instead =
        "set FLOWX_CONNECTOR_ADMIN_ADDRESS to another, or FLOWX_CONNECTOR_ADMIN to `false`";
    let served = served(router, settings.admin_address, "the admin endpoint", instead).await?;
    tracing::info!("the admin endpoint is at http://{}{}", served.address, settings.admin_base);
    if has_catalog {
        tracing::info!("the catalog is at http://{}/catalog", served.address);
    }
    Ok(Some(served))
}

/// The catalog, if that is wanted.
fn catalog(connector: &Connector) -> Result<Option<Site>, CommandError> {
    let settings = &connector.settings;
    if !settings.catalog {
        return Ok(None);
    }
    let site = Site::of(connector).hosts(settings.admin_hosts.iter().map(String::as_str));
    let site = match &settings.admin_token {
        Some(token) => site.token(token.clone()),
        // Settings that would come here are refused at start.
        None => return Ok(None),
    };
    // A requester beside the group: the name of this instance is the consumer's.
    let kafka = KafkaSettings { instance_id: None, ..connector.kafka_settings()? };
    let patience = site.bounds().play;
    let engine = ThroughKafka::connect(&kafka, connector, patience).map_err(StartError::from)?;
    Ok(Some(site.through(engine)))
}

fn done(ended: Result<(), ConnectorError>) -> Result<Code, CommandError> {
    Ok(ended.map(|()| SUCCESS)?)
}

/// Ends when the process is told to stop: SIGTERM, or Ctrl-C.
pub(super) async fn stop_signal() {
    StopSignals::listen().next().await;
}

/// What tells the process to stop: SIGTERM, or Ctrl-C. None that comes after [`listen`](Self::listen) is
/// missed, whenever it is asked for.
struct StopSignals {
    #[cfg(unix)]
    of: Vec<tokio::signal::unix::Signal>,
}

impl StopSignals {
    #[cfg(unix)]
    fn listen() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        // One that cannot be heard of leaves the other; without any a stop can only come from outside.
        let kinds = [SignalKind::terminate(), SignalKind::interrupt()];
        Self { of: kinds.into_iter().filter_map(|kind| signal(kind).ok()).collect() }
    }

    #[cfg(not(unix))]
    fn listen() -> Self {
        Self {}
    }

    /// Ends with the next signal.
    #[cfg(unix)]
    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.of.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
