//! The names that driver and connector share.

use flowx_core::kafka::KafkaSettings;
use flowx_core::message::record::Outbound;
use flowx_tests::kafka::{KafkaCluster, NewTopic};

use crate::draft::Request;

/// The environment part of the topics.
pub(crate) const ENVIRONMENT: &str = "malformed";

/// The consumer group of the connector.
pub(crate) const GROUP: &str = "malformed";

/// Partitions of every topic.
pub(crate) const PARTITIONS: i32 = 6;

/// What a request or its answer may be larger than the connector's limit.
const MARGIN: usize = 1 << 20;

/// The topics of the two handlers: the strict one's first.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    pub(crate) requests: [String; 2],
    pub(crate) replies: [String; 2],
    pub(crate) dead_letters: [String; 2],
    pub(crate) servers: String,
    pub(crate) largest: usize,
}

impl Scene {
    /// Creates the topics. The broker stamps what it appends, so that times can be compared.
    pub(crate) async fn create(cluster: &KafkaCluster, largest: usize) -> Self {
        let names = ["strict", "open"];
        let requests =
            names.map(|name| format!("ai.flowx.{ENVIRONMENT}.malformed.trigger.{name}.v1"));
        let scene = Self {
            dead_letters: requests.clone().map(|topic| format!("{topic}.dlq")),
            replies: names.map(|name| {
                format!("ai.flowx.{ENVIRONMENT}.engine.receive.malformed.{name}.results.v1")
            }),
            requests,
            servers: cluster.bootstrap_servers(),
            largest,
        };
        let topics: Vec<_> = [&scene.requests, &scene.replies, &scene.dead_letters]
            .into_iter()
            .flatten()
            .map(|name| {
                NewTopic::new(name, PARTITIONS, 1)
                    .setting("message.timestamp.type", "LogAppendTime")
            })
            .collect();
        cluster.create_topics(&topics).await;
        scene
    }

    /// How the driver reaches Kafka: it may send what the connector may not.
    pub(crate) fn client(&self) -> KafkaSettings {
        let mut settings = KafkaSettings::new(&self.servers, "malformed-driver");
        settings.message_max_bytes = self.largest + MARGIN;
        settings
    }

    /// Which of the two handlers reads a topic.
    pub(crate) fn handler(&self, topic: &str) -> Option<usize> {
        self.requests.iter().position(|request| request == topic)
    }

    /// A request as it is written.
    pub(crate) fn outbound(&self, request: Request) -> Outbound {
        Outbound {
            topic: self.requests[usize::from(request.is_open)].as_str().into(),
            partition: None,
            key: Some(request.key),
            headers: request.headers,
            payload: request.payload,
        }
    }
}
