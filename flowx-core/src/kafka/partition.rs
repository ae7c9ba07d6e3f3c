//! The queue of one assigned partition, shared by the thread that owns the consumer and the task
//! that reads.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rdkafka::consumer::Consumer as _;
use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode;

use super::ffi::Backlog;
use super::rebalance::{Consumer, Rebalancer};
use super::watchdog::Sight;
use crate::message::record::Record;

/// One assignment's records.
///
/// Only the control thread ends it, before it lets go of the partition: a queue that outlived its
/// assignment would keep the consumer alive, and dropped late it would silence its successor.
pub(super) struct Partition {
    topic: Arc<str>,
    partition: i32,
    reading: Mutex<Reading>,
}

/// What [`Partition::take`] found.
pub(super) enum Taken {
    Record(Record),
    Nothing,
    /// The offset to read from is not on the broker (any more).
    OffsetGone,
    /// The broker sent what cannot be read.
    Damaged(KafkaError),
}

struct Reading {
    /// `None` once the assignment has ended, or is held because reading on would skip a record.
    queue: Option<Queue>,
    /// Taken from the queue and not handed out.
    ahead: VecDeque<Result<Record, RDKafkaErrorCode>>,
    /// How many are taken from the queue at once.
    batch: usize,
    /// The offset behind the last record taken.
    next: Option<i64>,
    /// Records and ends that were taken.
    steps: u64,
    /// The end of the partition was taken after the last record.
    at_end: bool,
    /// The broker has said that nothing will come.
    refused: bool,
}

/// The queue of a partition.
pub(super) struct Queue {
    /// What is taken from; let go of before the queue itself, which keeps the consumer alive.
    backlog: Backlog,
    /// What rings when something comes in.
    _split: PartitionQueue<Rebalancer>,
}

impl Queue {
    /// The queue of a partition, once it is split off. `rings` when something comes into it.
    pub(super) fn of(
        consumer: &Consumer,
        topic: &str,
        partition: i32,
        mut split: PartitionQueue<Rebalancer>,
        rings: impl Fn() + Send + Sync + 'static,
    ) -> Option<Self> {
        let backlog = Backlog::of(consumer.client(), topic, partition)?;
        split.set_nonempty_callback(rings);
        Some(Self { backlog, _split: split })
    }
}

/// Bytes that are copied out of a queue ahead of their turn, about.
const AHEAD: usize = 64 * 1024;

/// How many records that may be at most.
const MOST: usize = 128;

impl Partition {
    pub(super) fn new(topic: Arc<str>, partition: i32, queue: Queue) -> Arc<Self> {
        let reading = Mutex::new(Reading {
            queue: Some(queue),
            ahead: VecDeque::new(),
            batch: 1,
            next: None,
            steps: 0,
            at_end: false,
            refused: false,
        });
        Arc::new(Self { topic, partition, reading })
    }

    /// The next record, if there is one now.
    pub(super) fn take(&self) -> Taken {
        let mut reading = self.lock();
        loop {
            let code = match reading.taken(&self.topic) {
                None => return Taken::Nothing,
                Some(Ok(record)) => {
                    reading.next = Some(record.at.offset + 1);
                    reading.step(false);
                    return Taken::Record(record);
                }
                Some(Err(code)) => code,
            };
            match code {
                RDKafkaErrorCode::PartitionEOF => reading.step(true),
                // Told by the error callback; it comes once, until a fetch succeeds.
                RDKafkaErrorCode::TopicAuthorizationFailed => reading.refused = true,
                RDKafkaErrorCode::AutoOffsetReset => {
                    reading.end();
                    return Taken::OffsetGone;
                }
                // After these librdkafka goes on behind the record: nobody may follow it there.
                RDKafkaErrorCode::BadMessage
                | RDKafkaErrorCode::BadCompression
                | RDKafkaErrorCode::NotImplemented => {
                    reading.end();
                    return Taken::Damaged(KafkaError::MessageConsumption(code));
                }
                // Everything else librdkafka tries again by itself; the error callback told it.
                _ => {}
            }
        }
    }

    /// What there is to know without the broker, given how many records wait in the queue; `None` if
    /// nothing is read (any more).
    pub(super) fn sight(&self, waiting: usize) -> Option<Sight> {
        let reading = self.lock();
        reading.queue.as_ref()?;
        Some(Sight {
            steps: reading.steps,
            is_accounted_for: waiting + reading.ahead.len() > 0 || reading.refused,
            at_end: reading.at_end,
            position: reading.next,
        })
    }

    /// Whether the broker has said that nothing may be read.
    pub(super) fn is_refused(&self) -> bool {
        self.lock().refused
    }

    /// Lets go of the queue; nothing is taken any more.
    pub(super) fn end(&self) {
        self.lock().end();
    }

    /// The offset behind the last record taken, if any was.
    pub(super) fn next(&self) -> Option<i64> {
        self.lock().next
    }

    pub(super) fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    pub(super) fn partition(&self) -> i32 {
        self.partition
    }

    fn lock(&self) -> MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Reading {
    /// What is next in the queue, if anything is.
    fn taken(&mut self, topic: &Arc<str>) -> Option<Result<Record, RDKafkaErrorCode>> {
        if self.ahead.is_empty() {
            let Self { queue, ahead, batch, .. } = self;
            queue.as_ref()?.backlog.take(topic, *batch, ahead);
            let bytes: usize = ahead.iter().flatten().map(Record::size).sum();
            self.batch = (AHEAD * self.ahead.len() / bytes.max(1)).clamp(1, MOST);
        }
        self.ahead.pop_front()
    }

    fn end(&mut self) {
        self.queue = None;
        self.ahead.clear();
    }

    fn step(&mut self, at_end: bool) {
        self.steps += 1;
        self.at_end = at_end;
        self.refused = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::source::tests::{PATIENCE, assigned, joined, until};
    use crate::kafka::{EmbeddedBroker, KafkaSource, Writer};
    use crate::message::record::Outbound;
    use crate::message::topic::Subscription;
    use crate::runtime::port::{Epoch, Source as _, SourceEvent};

    fn number(partition: Option<i32>, n: u32) -> Outbound {
        Outbound {
            topic: "t".into(),
            partition,
            key: None,
            headers: Default::default(),
            payload: Some(n.to_string().into_bytes()),
        }
    }

    /// The next record, however long it takes to come.
    async fn next(source: &mut KafkaSource, epoch: Epoch) -> Record {
        loop {
            if let Some(record) = source.take(epoch) {
                return record;
            }
            let readable = |event| matches!(event, SourceEvent::Readable).then_some(());
            until(source, readable).await;
        }
    }

    /// A rebalance lets the library begin anew behind what it believes was read: taken in batches, the
    /// end of a partition counted as a record.
    #[tokio::test]
    async fn a_partition_that_stays_at_a_rebalance_loses_nothing_behind_its_end() {
        let broker = EmbeddedBroker::start(2).unwrap();
        let mut first = joined(&broker);
        let mut writer = Writer::connect(&broker.settings("w")).unwrap();
        let epochs = until(&mut first, assigned).await;
        writer.write(&[number(Some(0), 0), number(Some(1), 0)]).await.unwrap();
        for epoch in &epochs {
            next(&mut first, *epoch).await;
            while !first.partition(*epoch).unwrap().lock().at_end {
                assert!(first.take(*epoch).is_none());
                tokio::task::yield_now().await;
            }
        }
        let topics = vec![Subscription::Exact("t".into())];
        let mut second = KafkaSource::subscribe(&broker.settings("g"), topics).unwrap();
        let gone = until(&mut first, |event| match event {
            SourceEvent::Revoking { epochs, done } => {
                done.send(Vec::new()).unwrap();
                Some(epochs)
            }
            _ => None,
        })
        .await;
        until(&mut second, assigned).await;
        let kept = *epochs.iter().find(|epoch| !gone.contains(epoch)).unwrap();
        let partition = first.partition(kept).unwrap().partition();
        writer.write(&[number(Some(partition), 1)]).await.unwrap();
        let record = tokio::time::timeout(PATIENCE, next(&mut first, kept)).await.unwrap();
        assert_eq!(record.at.offset, 1);
        second.close(Vec::new(), PATIENCE).await.unwrap();
        first.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn records_come_in_order_and_none_after_the_end_although_it_was_taken_ahead() {
        let broker = EmbeddedBroker::start(1).unwrap();
        broker.create_topic("t").unwrap();
        let records: Vec<_> = (0..1_000).map(|n| number(None, n)).collect();
        Writer::connect(&broker.settings("w")).unwrap().write(&records).await.unwrap();
        let topics = vec![Subscription::Exact("t".into())];
        let mut source = KafkaSource::subscribe(&broker.settings("g"), topics).unwrap();
        let epoch = until(&mut source, assigned).await[0];
        for n in 0..900_u32 {
            let record = next(&mut source, epoch).await;
            assert_eq!(record.payload, Some(n.to_string().into_bytes()));
        }
        let partition = source.partition(epoch).unwrap();
        assert!(!partition.lock().ahead.is_empty(), "this test is about something");
        partition.end();
        assert!(source.take(epoch).is_none());
        assert_eq!(partition.next(), Some(900), "what was not handed out was not read");
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }
}
