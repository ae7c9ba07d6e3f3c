//! A Kafka broker inside this process.

use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::producer::{Producer as _, ThreadedProducer};

use super::ffi;
use super::logging::LogOnly;
use super::settings::{KafkaSettings, SetupError};

/// A broker that lives in this process and listens on a free local port: for `dev`, examples and
/// quick tests.
///
/// It keeps about 5 MB per partition, in memory, and proves nothing about volume, durability or
/// transactions. It ends when it is dropped. Create topics before anybody uses them: a producer
/// that is first makes them with four partitions.
///
/// ```
/// use flowx_core::kafka::EmbeddedBroker;
///
/// # fn main() -> Result<(), flowx_core::kafka::SetupError> {
/// let broker = EmbeddedBroker::start(3)?;
/// broker.create_topic("requests")?;
/// let settings = broker.settings("my-connector");
/// assert_eq!(settings.bootstrap_servers, broker.bootstrap_servers());
/// # Ok(())
/// # }
/// ```
pub struct EmbeddedBroker {
    /// The mock cluster belongs to this client and dies with it; its thread serves the log.
    owner: ThreadedProducer<LogOnly>,
    bootstrap_servers: String,
    partitions: i32,
}

impl EmbeddedBroker {
    /// Starts a broker whose topics have `partitions` partitions.
    ///
    /// # Errors
    /// `partitions` is not positive, or no local port can be had.
    pub fn start(partitions: i32) -> Result<Self, SetupError> {
        if partitions < 1 {
            return Err(SetupError::of(format!("a topic cannot have {partitions} partitions")));
        }
        let owner: ThreadedProducer<LogOnly> = ClientConfig::new()
            .set("test.mock.num.brokers", "1")
            .create_with_context(LogOnly::default())
            .map_err(|error| SetupError::of(format!("no embedded broker: {error}")))?;
        ffi::join_without_delay(owner.client());
        let bootstrap_servers = owner
            .client()
            .mock_cluster()
            .ok_or_else(|| SetupError::of("this librdkafka has no mock cluster"))?
            .bootstrap_servers();
        Ok(Self { owner, bootstrap_servers, partitions })
    }

    /// `host:port`; other processes of this machine can connect too.
    #[must_use]
    pub fn bootstrap_servers(&self) -> &str {
        &self.bootstrap_servers
    }

    /// Creates a topic, empty. May take a moment.
    ///
    /// # Errors
    /// The topic is there already.
    pub fn create_topic(&self, name: &str) -> Result<(), SetupError> {
        let cluster = self.owner.client().mock_cluster();
        cluster
            .ok_or_else(|| SetupError::of("this librdkafka has no mock cluster"))?
            .create_topic(name, self.partitions, 1)
            .map_err(|error| SetupError::of(format!("topic `{name}` was not created: {error}")))
    }

    /// Settings for a client of this broker.
    #[must_use]
    pub fn settings(&self, group: &str) -> KafkaSettings {
        let mut settings = KafkaSettings::new(&self.bootstrap_servers, group);
        // This broker answers a waiting fetch only when the wait is over.
        settings.extra.insert("fetch.wait.max.ms".to_owned(), "10".into());
        // And each rebalance of a group with a past takes it as long as a session, less a second.
        settings.session_timeout = Duration::from_secs(3);
        settings
    }

    /// Answers the next requests of a kind with these errors, one each.
    #[cfg(test)]
    pub(super) fn fail_requests(
        &self,
        kind: rdkafka::types::RDKafkaApiKey,
        errors: &[rdkafka::types::RDKafkaRespErr],
    ) {
        self.owner.client().mock_cluster().unwrap().request_errors(kind, errors);
    }

    /// Answers the next request of a kind later.
    #[cfg(test)]
    pub(super) fn delay_request(&self, kind: rdkafka::types::RDKafkaApiKey, delay: Duration) {
        ffi::delay_request(self.owner.client(), i16::from(kind), delay);
    }
}

impl fmt::Debug for EmbeddedBroker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddedBroker")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .finish_non_exhaustive()
    }
}
