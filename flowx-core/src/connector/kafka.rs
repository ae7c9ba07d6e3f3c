//! A connector that serves requests from Kafka.

use super::{Connector, ConnectorBuilder, ConnectorError, StartError};
use crate::config::Settings;
use crate::kafka::{KafkaSettings, KafkaSink, KafkaSource, SetupError};
use crate::runtime::plan::Bounds;

impl Connector {
    /// Serves requests from Kafka until `stop`, then finishes what is in flight and commits.
    ///
    /// # Errors
    /// No broker is configured or a setting cannot work; or reading failed for good. A broker that
    /// cannot be reached is waited for.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) -> Result<(), ConnectorError> {
        let kafka = self.kafka_settings()?;
        let topics = self.plan.registry.subscriptions();
        for handler in self.contract().handlers {
            tracing::info!(handler = handler.name, contract = handler.hash, "serves");
        }
        let sink = KafkaSink::connect(&kafka).map_err(StartError::from)?;
        let source = KafkaSource::subscribe(&kafka, topics).map_err(StartError::from)?;
        self.run_between(source, sink, stop).await
    }

    /// How Kafka is reached.
    pub(crate) fn kafka_settings(&self) -> Result<KafkaSettings, StartError> {
        let settings = &self.settings;
        let Some(servers) = &settings.bootstrap_servers else {
            return Err(StartError::one(
                "no broker is configured; set KAFKA_BOOTSTRAP_SERVERS to `host:port`, or use `dev`, which brings its own",
            ));
        };
        Ok(reached(settings, servers, &self.plan.group, &self.plan.bounds))
    }
}

impl ConnectorBuilder {
    /// The settings that stand in for the environment, if any.
    pub(crate) fn configured(&self) -> Option<&Settings> {
        self.settings.as_ref()
    }
}

impl StartError {
    pub(crate) fn one(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()] }
    }
}

impl From<SetupError> for StartError {
    fn from(error: SetupError) -> Self {
        Self { problems: error.problems().to_vec() }
    }
}

/// How Kafka is reached with these settings.
fn reached(settings: &Settings, servers: &str, group: &str, bounds: &Bounds) -> KafkaSettings {
    let mut kafka = KafkaSettings::new(servers, group);
    kafka.message_max_bytes = settings.message_max_bytes;
    kafka.session_timeout = settings.session_timeout;
    kafka.drain = settings.drain;
    kafka.stall = settings.stall;
    kafka.assignment = settings.assignment;
    kafka.instance_id.clone_from(&settings.instance_id);
    kafka.max_unacknowledged = bounds.unacknowledged;
    kafka.extra.clone_from(&settings.kafka);
    kafka.extra.insert("security.protocol".to_owned(), settings.security_protocol.clone());
    kafka
}

/// What cannot work about Kafka, whichever broker and group it will be: those have words of their own.
pub(super) fn problems(settings: &Settings) -> Vec<String> {
    reached(settings, "broker:9092", "group", &Bounds::default()).problems()
}
