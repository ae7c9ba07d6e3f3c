//! How this connector's Kafka clients are configured.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::{FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::error::KafkaError;

use super::login::Login;
use super::properties::{self, CONSUMER_ONLY, PRODUCER_ONLY};
use super::security;
use super::timeouts;
use super::unspoken::Unspoken;
use crate::config::assignment::AssignmentProtocol;
use crate::config::secret::Secret;
use crate::config::security::SecuritySettings;

/// How to reach Kafka, and how large, how long, how many.
///
/// ```
/// use flowx_core::kafka::KafkaSettings;
///
/// let mut settings = KafkaSettings::new("broker-1:9092,broker-2:9092", "currency-exchange");
/// settings.extra.insert("security.protocol".into(), "ssl".into());
/// assert!(settings.problems().is_empty());
/// ```
///
/// The values of the extra properties are secrets, for they may be passwords.
#[derive(Clone)]
pub struct KafkaSettings {
    /// `host:port` of one or more brokers, separated by commas.
    pub bootstrap_servers: String,
    /// The consumer group; all instances of a connector share one.
    pub group: String,
    /// Kafka's `group.instance.id`: the name of this member of the group, the same after a restart. A
    /// member that comes back under its name within the session timeout keeps its partitions and
    /// moves nobody else's. Default: none.
    pub instance_id: Option<String>,
    /// The name under which brokers log and meter this connector. Default: the group.
    pub client_id: String,
    /// The largest record in bytes, read or written. Default: 52 428 800, the platform's 50 MB.
    pub message_max_bytes: usize,
    /// How long a member may be silent before its partitions go to others. Default: 45 s.
    pub session_timeout: Duration,
    /// How long a revoked partition may take to finish what it has begun. Default: 10 s.
    pub drain: Duration,
    /// How partitions move when a member comes or goes; the same for all members. Default: cooperative.
    pub assignment: AssignmentProtocol,
    /// How long records that the broker has may fail to come, although nothing keeps them from coming,
    /// before the consumer is restarted. Default: 60 s.
    pub stall: Duration,
    /// How many records the sink holds unacknowledged at most; the runtime's own bound must not be
    /// higher. Default: 1 000.
    pub max_unacknowledged: usize,
    /// How clients log in, and how they know brokers; the protocol is the property `security.protocol`.
    pub security: SecuritySettings,
    /// Further librdkafka properties by name (security, tuning). They win over flowx's tuning;
    /// those that guarantees rest on, and those that would run code, are refused.
    pub extra: BTreeMap<String, Secret>,
}

/// Why a client could not be set up: every independent mistake, each with its remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", problems.join("; "))]
pub struct SetupError {
    problems: Vec<String>,
}

impl KafkaSettings {
    /// The defaults for one connector.
    pub fn new(bootstrap_servers: impl Into<String>, group: impl Into<String>) -> Self {
        let group = group.into();
        Self {
            bootstrap_servers: bootstrap_servers.into(),
            instance_id: None,
            client_id: group.clone(),
            group,
            message_max_bytes: 52_428_800,
            session_timeout: Duration::from_secs(45),
            drain: Duration::from_secs(10),
            assignment: AssignmentProtocol::default(),
            stall: Duration::from_secs(60),
            max_unacknowledged: 1_000,
            security: SecuritySettings::default(),
            extra: BTreeMap::new(),
        }
    }

    /// Everything that is wrong with these settings and can be told without a broker. Which of the extra
    /// properties librdkafka does not take together shows only when a client is set up.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.bootstrap_servers.trim().is_empty() {
            problems.push("no bootstrap servers; name at least one broker as host:port".to_owned());
        }
        if self.group.trim().is_empty() {
            problems.push("the consumer group has no name; all instances share one".to_owned());
        }
        if !(1_000..=1_000_000_000).contains(&self.message_max_bytes) {
            problems.push(format!(
                "the largest record is {} bytes; librdkafka takes 1 000 to 1 000 000 000",
                self.message_max_bytes
            ));
        }
        if !(Duration::from_secs(1)..=Duration::from_secs(3600)).contains(&self.session_timeout) {
            problems.push(format!(
                "the session timeout is {}; it may be 1 s to 1 h; set FLOWX_CONNECTOR_SESSION_TIMEOUT",
                humantime::format_duration(self.session_timeout)
            ));
        }
        if self.is_newer_protocol() && self.assignment == AssignmentProtocol::Eager {
            problems.push(
                "eager assignment and `group.protocol=consumer` exclude each other, for in the newer \
                 protocol the broker assigns; remove one of them"
                    .to_owned(),
            );
        }
        problems
            .extend(self.extra.iter().filter_map(|(name, value)| properties::problem(name, value)));
        problems.extend(timeouts::contradictions(self));
        problems.extend(self.insecurities());
        problems
    }

    pub(super) fn consumer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("partition.assignment.strategy", strategy(self.assignment))
            // Each partition has a queue of its own, so this and a fetch more is kept of each.
            .set("queued.max.messages.kbytes", "1024")
            // At its default of 1 s a small queue reads in bursts, a tenth as fast.
            .set("fetch.queue.backoff.ms", "10")
            .set("check.crcs", "true")
            .set("allow.auto.create.topics", "false")
            .set("topic.metadata.refresh.interval.ms", "5000")
            .set(
                "heartbeat.interval.ms",
                (self.session_timeout.as_millis() / 3).min(3_000).to_string(),
            )
            .set("max.poll.interval.ms", self.session_timeout.as_millis().max(300_000).to_string());
        self.common(&mut config, PRODUCER_ONLY);
        config
            .set("group.id", &self.group)
            .set("session.timeout.ms", self.session_timeout.as_millis().to_string())
            .set("enable.auto.commit", "false")
            .set("enable.auto.offset.store", "false")
            .set("auto.offset.reset", "error")
            .set("isolation.level", "read_committed");
        if let Some(instance) = &self.instance_id {
            config.set("group.instance.id", instance);
        }
        if self.is_newer_protocol() {
            // In the newer protocol these are the broker's, and librdkafka refuses them.
            for name in
                ["partition.assignment.strategy", "session.timeout.ms", "heartbeat.interval.ms"]
            {
                config.remove(name);
            }
        }
        config
    }

    fn is_newer_protocol(&self) -> bool {
        self.extra.get("group.protocol").is_some_and(|protocol| protocol.is("consumer"))
    }

    pub(super) fn producer(&self) -> ClientConfig {
        let mut config = ClientConfig::new();
        config
            .set("linger.ms", "1")
            .set("compression.type", "lz4")
            .set("partitioner", "murmur2_random")
            // A reply waits for its broker as long as it takes: giving up on one that may be on its
            // way would make room for duplicates. Missing topics and permissions fail regardless.
            .set("message.timeout.ms", "0");
        self.common(&mut config, CONSUMER_ONLY);
        let room = self.max_unacknowledged.saturating_add(1_000).min(10_000_000);
        config
            .set("queue.buffering.max.messages", room.to_string())
            .set("acks", "all")
            .set("enable.idempotence", "true");
        config
    }

    /// What all clients share, and the extra properties less those of the other kind of client.
    fn common(&self, config: &mut ClientConfig, not_for_this: &[&str]) {
        config
            .set("reconnect.backoff.max.ms", "1000")
            .set("statistics.interval.ms", "0")
            // An answer may hold a few headers more than the largest record.
            .set(
                "receive.message.max.bytes",
                (self.message_max_bytes + 1_048_576).max(100_000_000).to_string(),
            );
        for (name, value) in &self.extra {
            if !not_for_this.iter().any(|beginning| name.starts_with(beginning)) {
                config.set(name, value.expose());
            }
        }
        self.secure(config);
        config
            .set("bootstrap.servers", &self.bootstrap_servers)
            .set("client.id", &self.client_id)
            .set("message.max.bytes", self.message_max_bytes.to_string())
            .set_log_level(RDKafkaLogLevel::Info);
    }

    /// Waits until there is something that clients can log in with, or until it is clear that there is
    /// not; never for more than some seconds. Only tokens have to be waited for.
    ///
    /// # Errors
    /// Settings with which no token can be asked for.
    pub(crate) async fn first_login(&self) -> Result<Login, SetupError> {
        let login = Login::of(self)?;
        login.first().await;
        Ok(login)
    }

    /// Creates a client.
    pub(super) fn create<C, T>(&self, config: &ClientConfig, context: C) -> Result<T, SetupError>
    where
        C: ClientContext,
        T: FromClientConfigAndContext<C>,
    {
        let mut problems = self.problems();
        problems.extend(self.unreadable_files());
        if !problems.is_empty() {
            return Err(SetupError { problems });
        }
        config.create_with_context(context).map_err(|error| self.setup_error(error))
    }

    /// What neither log nor errors of a client with these settings may say.
    pub(super) fn unspoken(&self) -> Unspoken {
        Unspoken::of(&self.extra, self.secrets())
    }

    /// librdkafka's own words may quote a value, so none of the extra values leaves this place.
    fn setup_error(&self, error: KafkaError) -> SetupError {
        SetupError::of(match error {
            KafkaError::ClientConfig(kind, words, name, _) => {
                properties::not_taken(kind, &words, &name)
            }
            other => {
                let text = other.to_string();
                let text = self.unspoken().hide(&text);
                match security::unusable(&text) {
                    Some(advice) => format!("{advice} ({text})"),
                    None => format!("the Kafka client could not be created: {text}"),
                }
            }
        })
    }
}

impl fmt::Debug for KafkaSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSettings")
            .field("bootstrap_servers", &self.bootstrap_servers)
            .field("group", &self.group)
            .field("instance_id", &self.instance_id)
            .field("client_id", &self.client_id)
            .field("message_max_bytes", &self.message_max_bytes)
            .field("session_timeout", &self.session_timeout)
            .field("drain", &self.drain)
            .field("assignment", &self.assignment)
            .field("stall", &self.stall)
            .field("max_unacknowledged", &self.max_unacknowledged)
            .field("security", &self.security)
            .field("extra", &self.extra.keys())
            .finish()
    }
}

impl SetupError {
    pub(super) fn new(problems: Vec<String>) -> Self {
        Self { problems }
    }

    pub(super) fn of(problem: impl Into<String>) -> Self {
        Self { problems: vec![problem.into()] }
    }

    /// The mistakes, one by one.
    #[must_use]
    pub fn problems(&self) -> &[String] {
        &self.problems
    }
}

fn strategy(assignment: AssignmentProtocol) -> &'static str {
    match assignment {
        // Of the two that librdkafka has, this one deals out the partitions of all topics together. The
        // other begins anew with each topic and gives the first members most of many small ones.
        AssignmentProtocol::Eager => "roundrobin",
        _ => "cooperative-sticky",
    }
}

#[cfg(test)]
mod tests {
    use super::super::logging::LogOnly;
    use super::*;
    use rdkafka::consumer::BaseConsumer;
    use rdkafka::producer::ThreadedProducer;

    fn settings() -> KafkaSettings {
        KafkaSettings::new("127.0.0.1:1", "a-group")
    }

    #[test]
    fn librdkafka_takes_both_configurations_and_both_group_protocols() {
        let mut settings = settings();
        settings.extra.insert("fetch.wait.max.ms".into(), "10".into());
        settings.extra.insert("linger.ms".into(), "5".into());
        let _: ThreadedProducer<_> =
            settings.create(&settings.producer(), LogOnly::default()).unwrap();
        let _: BaseConsumer<_> = settings.create(&settings.consumer(), LogOnly::default()).unwrap();
        settings.extra.insert("group.protocol".into(), "consumer".into());
        let _: BaseConsumer<_> = settings.create(&settings.consumer(), LogOnly::default()).unwrap();
    }

    #[test]
    fn extra_properties_win_over_tuning_and_go_to_the_client_they_concern() {
        let mut settings = settings();
        settings.extra.insert("linger.ms".into(), "5".into());
        settings.extra.insert("queued.max.messages.kbytes".into(), "2048".into());
        let (consumer, producer) = (settings.consumer(), settings.producer());
        assert_eq!((consumer.get("linger.ms"), producer.get("linger.ms")), (None, Some("5")));
        assert_eq!(consumer.get("queued.max.messages.kbytes"), Some("2048"));
        assert_eq!(producer.get("queued.max.messages.kbytes"), None);
        assert_eq!(consumer.get("auto.offset.reset"), Some("error"));
        assert_eq!(producer.get("acks"), Some("all"));
    }

    #[test]
    fn eager_assignment_deals_out_all_topics_together_and_is_none_of_the_newer_protocol() {
        let mut settings = settings();
        assert_eq!(
            settings.consumer().get("partition.assignment.strategy"),
            Some("cooperative-sticky")
        );
        settings.assignment = AssignmentProtocol::Eager;
        let _: BaseConsumer<_> = settings.create(&settings.consumer(), LogOnly::default()).unwrap();
        assert_eq!(settings.consumer().get("partition.assignment.strategy"), Some("roundrobin"));
        settings.extra.insert("group.protocol".into(), "consumer".into());
        let problems = settings.problems();
        assert!(problems.len() == 1 && problems[0].contains("exclude each other"), "{problems:?}");
    }

    #[test]
    fn all_mistakes_are_told_at_once() {
        let mut settings = KafkaSettings::new(" ", "");
        settings.message_max_bytes = 1;
        for name in ["acks", "debug", "test.mock.num.brokers", "plugin.library.paths"] {
            settings.extra.insert(name.into(), "canary".into());
        }
        let Err(error) =
            settings.create::<_, BaseConsumer<_>>(&settings.consumer(), LogOnly::default())
        else {
            panic!("these settings must be refused");
        };
        assert_eq!(error.problems().len(), 7, "{error}");
        assert!(!error.to_string().contains("canary"));
    }

    #[test]
    fn no_value_of_an_extra_property_is_shown() {
        let mut settings = settings();
        settings.extra.insert("sasl.password".into(), "canary-1".into());
        assert!(!format!("{settings:?}").contains("canary"));
        // A mistyped name, an illegal value, and a file that is not there.
        for name in ["sasl.pasword", "security.protocol", "ssl.ca.location", "sasl.mechanisms"] {
            let mut settings = settings.clone();
            let protocol = if name == "sasl.mechanisms" { "sasl_ssl" } else { "ssl" };
            settings.extra.insert("security.protocol".into(), protocol.into());
            settings.extra.insert(name.into(), "canary-2".into());
            let Err(error) =
                settings.create::<_, BaseConsumer<_>>(&settings.consumer(), LogOnly::default())
            else {
                panic!("`{name}` must be refused");
            };
            assert!(!format!("{error} {error:?}").contains("canary"), "{name}");
        }
    }
}
