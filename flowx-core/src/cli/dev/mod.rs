//! `dev`: the connector with a broker and a process engine of its own, nothing to install.

mod show;
mod stage;

use std::net::{Ipv4Addr, SocketAddr};

use super::run::stop_signal;
use super::served::{Served, served};
use super::{Code, CommandError, FAILURE, SUCCESS};
use crate::admin::{Site, ThroughKafka, catalog_router};
use crate::config::security::SecuritySettings;
use crate::connector::{Connector, ConnectorBuilder};
use crate::contract::table::HandlerTable;
use crate::kafka::{EmbeddedBroker, SetupError};

/// Partitions of every topic of the embedded broker: enough to see that the key decides.
const PARTITIONS: i32 = 4;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Arguments {
    /// End after the examples; succeed only if each was answered as the protocol demands
    #[arg(long)]
    once: bool,
    /// Port of the catalog page on 127.0.0.1; 0 is any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    catalog_port: u16,
    /// Do not serve the catalog page
    #[arg(long)]
    no_catalog: bool,
}

pub(super) async fn run(
    builder: ConnectorBuilder,
    arguments: &Arguments,
) -> Result<Code, CommandError> {
    let broker = EmbeddedBroker::start(PARTITIONS)?;
    let connector = builder.build_with(|settings| {
        let kafka = broker.settings("");
        settings.bootstrap_servers = Some(kafka.bootstrap_servers);
        settings.security_protocol = "PLAINTEXT".to_owned();
        settings.security = SecuritySettings::default();
        settings.session_timeout = kafka.session_timeout;
        settings.drain = settings.drain.min(kafka.session_timeout / 2);
        settings.kafka = kafka.extra;
    })?;
    let topics = topics(&connector);
    topics.iter().try_for_each(|topic| broker.create_topic(topic))?;
    println!("{}", HandlerTable(&connector.contract()));
    for warning in connector.registry().warnings() {
        println!("warning: {warning}\n");
    }
    let catalog = catalog(&broker, &connector, arguments).await?;
    let mut stage = stage::Stage::open(&broker, connector)?;
    // At once, for examples may take their time; and below them, where somebody still sees it.
    catalog.iter().for_each(show::catalog);
    let played = stage.play_examples().await;
    if !arguments.once && played.is_ok() {
        catalog.iter().for_each(show::catalog);
        println!(
            "A broker listens on {}: send a request of your own, or end with Ctrl-C.\n",
            broker.bootstrap_servers()
        );
        show::records(&broker, &topics, stop_signal()).await?;
    }
    // Closed in any case: what is in flight is finished before the broker goes.
    let closed = stage.close().await;
    let good = played?;
    closed?;
    Ok(if good { SUCCESS } else { FAILURE })
}

/// Serves the catalog while somebody looks on, as long as what it returns is kept.
async fn catalog(
    broker: &EmbeddedBroker,
    connector: &Connector,
    arguments: &Arguments,
) -> Result<Option<Served>, CommandError> {
    if arguments.once || arguments.no_catalog {
        return Ok(None);
    }
    let site = Site::of(connector);
    let patience = site.bounds().play;
    let engine = ThroughKafka::connect(&broker.settings("catalog"), connector, patience)?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.catalog_port));
    let router = catalog_router(site.through(engine));
    let instead = "choose another with --catalog-port, or leave it out with --no-catalog";
    Ok(Some(served(router, address, "the catalog", instead).await?))
}

impl From<SetupError> for CommandError {
    fn from(error: SetupError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// Every topic that the connector reads or writes.
fn topics(connector: &Connector) -> Vec<String> {
    let registry = connector.registry();
    let mut topics: Vec<String> = Vec::new();
    for route in registry.routes() {
        let topic = route.example_topic(registry.naming()).to_string();
        let dead_letters = registry.naming().dead_letter(&topic, connector.group()).to_string();
        topics.extend([topic, dead_letters]);
        topics.extend(route.retry_topics.iter().map(|retry| retry.topic.to_string()));
        topics.extend(route.reply.iter().map(|reply| reply.to_string()));
    }
    topics.sort();
    topics.dedup();
    topics
}
