//! A connector that serves requests from Kafka.

use super::{Connector, ConnectorBuilder, ConnectorError, StartError};
use crate::config::{Settings, Sources};
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
        for warning in kafka.warnings() {
            tracing::warn!("{warning}");
        }
        let _login = kafka.first_login().await.map_err(StartError::from)?;
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
    /// Reads the settings from these sources unless they were given in the program.
    pub(crate) fn sources(mut self, sources: Sources) -> Self {
        if self.settings.is_some() && sources.has_command_line() {
            self.problems.push(
                "the settings of this connector are given by its program, so `--config` and `--set` \
                 change nothing; leave them out"
                    .to_owned(),
            );
        }
        self.sources = Some(sources);
        self
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
    kafka.extra.insert("security.protocol".to_owned(), settings.protocol().into());
    kafka.security.clone_from(&settings.security);
    kafka
}

/// What cannot work about Kafka, whichever broker and group it will be: those have words of their own.
pub(super) fn problems(settings: &Settings) -> Vec<String> {
    let mut problems = reached(settings, "broker:9092", "group", &Bounds::default()).problems();
    if settings.kafka.contains_key("security.protocol") {
        problems.push(
            "`security.protocol` cannot be set: the protocol has a setting of its own, \
             FLOWX_CONNECTOR_SECURITY_PROTOCOL; remove it"
                .to_owned(),
        );
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(builder: ConnectorBuilder) -> String {
        builder.build().unwrap_err().problems().join("\n")
    }

    #[test]
    fn a_command_line_that_would_change_nothing_is_refused() {
        let builder = || Connector::builder().settings(Settings::default()).group("g");
        let words = "`--config` and `--set` change nothing; leave them out";
        for sources in
            [Sources::default().argument("retry.attempts=1"), Sources::default().file("a.toml")]
        {
            assert!(problems(builder().sources(sources)).contains(words));
        }
        let variables = Sources::default().variables([("FLOWX_CONNECTOR_DRAIN", "1s")]);
        assert!(
            !problems(builder().sources(variables)).contains(words),
            "the program knows better"
        );
    }

    #[test]
    fn what_has_a_setting_of_its_own_is_no_further_property_and_its_place_is_named() {
        let variable = "FLOWX_CONNECTOR_KAFKA_PROPERTY_SECURITY_PROTOCOL";
        let sources = Sources::default().variables([(variable, "canary")]);
        let problems = problems(Connector::builder().group("g").sources(sources));
        for words in [
            "`security.protocol` cannot be set: the protocol has a setting of its own",
            "`kafka.properties.security.protocol` is set by FLOWX_CONNECTOR_KAFKA_PROPERTY_SECURITY",
        ] {
            assert!(problems.contains(words), "{words}\n{problems}");
        }
        assert!(!problems.contains("canary"), "{problems}");
    }
}
