//! The names and times that driver and connectors share.

use std::time::Duration;

use flowx_tests::kafka::{Admin, KafkaCluster, NewTopic};

/// A member that was silent for so long loses its partitions.
pub(crate) const SESSION: Duration = Duration::from_secs(6);

/// How long a partition that is given back may finish what it has begun.
pub(crate) const DRAIN: Duration = Duration::from_secs(3);

/// How long after the end of a fault the group may take to settle.
pub(crate) const SETTLE: Duration = Duration::from_secs(10);

/// The topics and the group of one run.
#[derive(Clone, Debug)]
pub(crate) struct Scene {
    /// The environment part of the topics, which is the group as well.
    pub(crate) environment: String,
    pub(crate) requests: String,
    pub(crate) replies: String,
    pub(crate) dead_letters: String,
    /// Partitions of every topic at the beginning.
    pub(crate) partitions: i32,
    /// Where the driver itself connects.
    pub(crate) servers: String,
    pub(crate) admin: Admin,
}

impl Scene {
    /// Creates the topics. Brokers stamp what they append, so that times can be compared.
    pub(crate) async fn create(
        cluster: &KafkaCluster,
        nodes: usize,
        environment: &str,
        partitions: i32,
    ) -> Self {
        let requests = format!("ai.flowx.{environment}.chaos.trigger.work.v1");
        let scene = Self {
            environment: environment.to_owned(),
            dead_letters: format!("{requests}.dlq"),
            replies: format!("ai.flowx.{environment}.engine.receive.chaos.work.results.v1"),
            requests,
            partitions,
            servers: cluster.bootstrap_servers(),
            admin: cluster.admin(),
        };
        let replication = i16::try_from(nodes).expect("at most three nodes");
        let topics = [&scene.requests, &scene.replies, &scene.dead_letters].map(|name| {
            NewTopic::new(name, partitions, replication)
                .setting("message.timestamp.type", "LogAppendTime")
        });
        cluster.create_topics(&topics).await;
        scene
    }
}
