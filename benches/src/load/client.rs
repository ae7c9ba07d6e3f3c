//! A producer of requests that waits where its queue is full.

use std::time::Duration;

use anyhow::{Context as _, bail};
use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::util::Timeout;

use super::request::{HEADERS, Request};

/// Writes requests into one topic, each into the partition of its process instance, in order.
pub(crate) struct Feeder {
    producer: BaseProducer,
    topic: String,
}

impl Feeder {
    pub(crate) fn connect(servers: &str, topic: impl Into<String>) -> anyhow::Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", servers)
            .set("acks", "all")
            .set("enable.idempotence", "true")
            .set("linger.ms", "1")
            .set("queue.buffering.max.messages", "200000")
            .create()
            .context("cannot make a producer")?;
        Ok(Self { producer, topic: topic.into() })
    }

    /// Hands a request to the client, which sends it within a millisecond.
    pub(crate) fn send(&self, request: &Request) -> anyhow::Result<()> {
        let payload = request.payload();
        let values = request.headers();
        let mut headers = OwnedHeaders::new_with_capacity(HEADERS.len());
        for (key, value) in HEADERS.iter().zip(&values) {
            headers = headers.insert(Header { key, value: Some(value) });
        }
        let mut record = BaseRecord::to(&self.topic)
            .partition(request.partition)
            .key(&request.key)
            .headers(headers)
            .payload(&payload);
        loop {
            match self.producer.send(record) {
                Ok(()) => return Ok(()),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(1));
                }
                Err((error, _)) => bail!("cannot write a request: {error}"),
            }
        }
    }

    /// Serves what the broker has acknowledged.
    pub(crate) fn poll(&self) {
        self.producer.poll(Duration::ZERO);
    }

    /// Returns when everything is acknowledged.
    pub(crate) fn finish(&self) -> anyhow::Result<()> {
        self.producer
            .flush(Timeout::After(Duration::from_secs(60)))
            .with_context(|| format!("the broker did not acknowledge all of `{}`", self.topic))
    }
}
