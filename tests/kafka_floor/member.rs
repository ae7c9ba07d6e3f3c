//! A member of a group, and what else the tests of the Kafka floor share.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use flowx_core::Headers;
use flowx_core::kafka::{EmbeddedBroker, KafkaSettings, KafkaSink, KafkaSource, Subscription};
use flowx_core::message::record::{Outbound, Record};
use flowx_core::runtime::port::{Assignment, Epoch, Position, Sink, Source, SourceEvent, Token};

/// Longer than any of these waits takes; what takes longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("no {what} in time"))
}

pub(crate) fn topic(name: &str) -> Subscription {
    Subscription::Exact(name.into())
}

pub(crate) fn broker(partitions: i32, topics: &[&str]) -> EmbeddedBroker {
    let broker = EmbeddedBroker::start(partitions).unwrap();
    topics.iter().for_each(|topic| broker.create_topic(topic).unwrap());
    broker
}

pub(crate) fn outbound(topic: &str, partition: i32, payload: &str) -> Outbound {
    Outbound {
        topic: Arc::from(topic),
        partition: Some(partition),
        key: None,
        headers: Headers::default(),
        payload: Some(payload.as_bytes().to_vec()),
    }
}

/// Writes records and waits until the broker has them all.
pub(crate) async fn write(broker: &EmbeddedBroker, records: &[Outbound]) {
    let mut sink = KafkaSink::connect(&broker.settings("writer")).unwrap();
    for (token, record) in records.iter().enumerate() {
        sink.send(record, Token(token as u64)).unwrap();
    }
    for _ in records {
        within("delivery", sink.delivered()).await.result.unwrap();
    }
}

/// Ten records per partition; the payload of each is its offset.
pub(crate) fn ten_each(topic: &str, partitions: i32) -> Vec<Outbound> {
    (0..partitions)
        .flat_map(|partition| (0..10).map(move |n| (partition, n)))
        .map(|(partition, n)| outbound(topic, partition, &n.to_string()))
        .collect()
}

pub(crate) async fn write_ten_each(broker: &EmbeddedBroker, topic: &str, partitions: i32) {
    write(broker, &ten_each(topic, partitions)).await;
}

/// A member of a group, and what it has been assigned.
pub(crate) struct Member {
    pub(crate) source: KafkaSource,
    pub(crate) assigned: Vec<Assignment>,
    /// Whether it was told that the last positions of revoked partitions were not committed.
    pub(crate) was_refused: bool,
}

impl Member {
    pub(crate) fn join(settings: &KafkaSettings, topics: Vec<Subscription>) -> Self {
        let source = KafkaSource::subscribe(settings, topics).unwrap();
        Self { source, assigned: Vec::new(), was_refused: false }
    }

    pub(crate) async fn joined(
        settings: &KafkaSettings,
        topics: Vec<Subscription>,
        partitions: usize,
    ) -> Self {
        let mut member = Self::join(settings, topics);
        member.own(partitions).await;
        member
    }

    pub(crate) async fn event(&mut self) -> SourceEvent {
        let event = within("event", self.source.event()).await;
        match &event {
            SourceEvent::Assigned(new) => self.assigned.extend(new.iter().cloned()),
            SourceEvent::Revoking { epochs, .. } | SourceEvent::Lost(epochs) => {
                self.assigned.retain(|one| !epochs.contains(&one.epoch));
            }
            SourceEvent::Trouble(text) => {
                self.was_refused |= text.contains("revoked partitions could not be committed");
            }
            SourceEvent::Failed(reason) => panic!("the source failed: {reason}"),
            _ => {}
        }
        event
    }

    /// Waits until so many partitions are assigned.
    pub(crate) async fn own(&mut self, partitions: usize) {
        while self.assigned.len() != partitions {
            self.event().await;
        }
    }

    pub(crate) fn epoch(&self, partition: i32) -> Epoch {
        self.assigned.iter().find(|one| one.partition == partition).expect("it is assigned").epoch
    }

    /// The next records of one partition.
    pub(crate) async fn read(&mut self, partition: i32, count: usize) -> Vec<Record> {
        let epoch = self.epoch(partition);
        let mut records = Vec::with_capacity(count);
        while records.len() < count {
            match self.source.take(epoch) {
                Some(record) => records.push(record),
                None => {
                    self.event().await;
                }
            }
        }
        records
    }

    pub(crate) async fn commit(&mut self, positions: Vec<Position>) -> Vec<Position> {
        self.source.commit(positions);
        loop {
            match self.event().await {
                SourceEvent::Committed(positions) => return positions,
                SourceEvent::CommitFailed { reason, .. } => panic!("not committed: {reason}"),
                _ => {}
            }
        }
    }

    pub(crate) async fn trouble(&mut self) -> String {
        loop {
            if let SourceEvent::Trouble(text) = self.event().await {
                return text;
            }
        }
    }

    pub(crate) async fn close(self, positions: Vec<Position>) {
        self.source.close(positions, PATIENCE).await.unwrap();
    }
}

pub(crate) fn offsets(records: &[Record]) -> Vec<i64> {
    records.iter().map(|record| record.at.offset).collect()
}
