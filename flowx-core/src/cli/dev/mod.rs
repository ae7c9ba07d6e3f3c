//! `dev`: the connector with a broker and a process engine of its own, nothing to install.

mod show;
mod stage;

use std::process::ExitCode;

use super::CommandError;
use super::run::stop_signal;
use crate::connector::{Connector, ConnectorBuilder};
use crate::contract::table::HandlerTable;
use crate::handler::registry::Route;
use crate::kafka::{EmbeddedBroker, SetupError};
use crate::message::topic::{Naming, Subscription};

/// Partitions of every topic of the embedded broker: enough to see that the key decides.
const PARTITIONS: i32 = 4;

#[derive(Debug, Default, clap::Args)]
pub(super) struct Arguments {
    /// End after the examples; succeed only if each was answered as the protocol demands
    #[arg(long)]
    once: bool,
}

pub(super) async fn run(
    builder: ConnectorBuilder,
    arguments: &Arguments,
) -> Result<ExitCode, CommandError> {
    let broker = EmbeddedBroker::start(PARTITIONS)?;
    let connector = builder.build_with(|settings| {
        let kafka = broker.settings("");
        settings.bootstrap_servers = Some(kafka.bootstrap_servers);
        settings.security_protocol = "PLAINTEXT".to_owned();
        settings.session_timeout = kafka.session_timeout;
        settings.drain = settings.drain.min(kafka.session_timeout / 2);
        settings.kafka = kafka.extra;
    })?;
    let topics = topics(&connector);
    topics.iter().try_for_each(|topic| broker.create_topic(topic))?;
    println!("{}", HandlerTable { registry: connector.registry(), group: connector.group() });
    for warning in connector.registry().warnings() {
        println!("warning: {warning}\n");
    }
    let mut stage = stage::Stage::open(&broker, connector)?;
    let played = stage.play_examples().await;
    if !arguments.once && played.is_ok() {
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
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
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
        let topic = request_topic(route, registry.naming());
        let dead_letters = registry.naming().dead_letter(&topic, connector.group()).to_string();
        topics.extend([topic, dead_letters]);
        topics.extend(route.reply.iter().map(|reply| reply.to_string()));
    }
    topics.sort();
    topics.dedup();
    topics
}

/// A topic that the handler reads; for a pattern, one that it matches.
fn request_topic(route: &Route, naming: &Naming) -> String {
    match &route.subscription {
        Subscription::Exact(topic) => topic.to_string(),
        Subscription::Prefix(prefix) => format!("{prefix}example{}", naming.suffix),
    }
}
