//! Where requests are played: in the process, or through Kafka.

mod in_process;
mod through_kafka;

use std::time::Duration;

use crate::contract::catalog::exchange::RecordedExchange;
use crate::handler::registry::{Registry, Route};
use crate::message::headers::Headers;

pub use in_process::InProcess;
pub(crate) use through_kafka::ThroughKafka;

/// A request that is to be played.
#[derive(Debug)]
pub(crate) struct Played<'a> {
    /// The handler's name.
    pub(crate) handler: &'a str,
    /// Which of its topics, by the full name; by default its own, for a pattern one that it matches.
    pub(crate) topic: Option<&'a str>,
    /// In place of the headers that an engine would send by the same name.
    pub(crate) headers: Headers,
    /// The request as JSON.
    pub(crate) payload: &'a [u8],
}

/// Why a request was not played to its end.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    /// No such handler.
    #[error("there is no handler `{name}`; there are `{known}`")]
    UnknownHandler {
        /// The name that was given.
        name: String,
        /// All names there are.
        known: String,
    },
    /// Another handler reads the topic, or none.
    #[error("handler `{handler}` does not read `{topic}`")]
    NotItsTopic {
        /// The handler's name.
        handler: String,
        /// The topic that was given.
        topic: String,
    },
    /// There is no broker to send it through.
    #[error("there is no broker to send it through; leave out `on`, or say `process`")]
    NoBroker,
    /// The time for it is over.
    #[error("it did not end within {}; it was given up, and may have had effects", humantime::format_duration(*.0))]
    TooLong(Duration),
    /// It could not be sent, or the connector has ended.
    #[error("it could not be played: {0}")]
    Failed(String),
}

/// The handler and the topic that are meant.
fn meant<'r>(
    registry: &'r Registry,
    wanted: &Played<'_>,
) -> Result<(&'r Route, String), PlayError> {
    let Some(route) = registry.routes().find(|route| route.name() == wanted.handler) else {
        let known: Vec<&str> = registry.routes().map(|route| route.name()).collect();
        let name = wanted.handler.to_owned();
        return Err(PlayError::UnknownHandler { name, known: known.join("`, `") });
    };
    let Some(topic) = wanted.topic else {
        return Ok((route, route.example_topic(registry.naming()).to_string()));
    };
    if registry.route(topic).is_some_and(|reader| reader.name() == route.name()) {
        return Ok((route, topic.to_owned()));
    }
    let handler = route.name().to_owned();
    Err(PlayError::NotItsTopic { handler, topic: topic.to_owned() })
}

/// What comes of every handler's examples, in the order of the handlers. Effects are real.
pub(crate) async fn record_examples(
    stage: &InProcess,
    registry: &Registry,
    limit: Duration,
) -> Vec<(&'static str, Vec<Result<RecordedExchange, PlayError>>)> {
    let mut all = Vec::new();
    for route in registry.routes() {
        let mut exchanges = Vec::new();
        for example in route.handler.examples() {
            let payload = example.to_string();
            let wanted = Played {
                handler: route.name(),
                topic: None,
                headers: Headers::default(),
                payload: payload.as_bytes(),
            };
            exchanges.push(stage.play(wanted, limit).await);
        }
        all.push((route.name(), exchanges));
    }
    all
}
