//! The queue of one assigned partition, shared by the thread that owns the consumer and the task
//! that reads.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::types::RDKafkaErrorCode;

use super::ffi;
use super::rebalance::Rebalancer;
use super::watchdog::Sight;
use crate::message::record::{Coordinates, Record};

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
    queue: Option<PartitionQueue<Rebalancer>>,
    /// The offset behind the last record taken.
    next: Option<i64>,
    /// Records and ends that were taken.
    steps: u64,
    /// The end of the partition was taken after the last record.
    at_end: bool,
    /// The broker has said that nothing will come.
    refused: bool,
}

impl Partition {
    pub(super) fn new(
        topic: Arc<str>,
        partition: i32,
        queue: PartitionQueue<Rebalancer>,
    ) -> Arc<Self> {
        let reading = Mutex::new(Reading {
            queue: Some(queue),
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
            let Some(queue) = &reading.queue else { return Taken::Nothing };
            let error = match queue.poll(Duration::ZERO) {
                None => return Taken::Nothing,
                Some(Ok(message)) => {
                    let record = record(&message, &self.topic);
                    drop(message);
                    reading.next = Some(record.at.offset + 1);
                    reading.step(false);
                    return Taken::Record(record);
                }
                Some(Err(error)) => error,
            };
            if matches!(error, KafkaError::PartitionEOF(_)) {
                reading.step(true);
                continue;
            }
            match error.rdkafka_error_code() {
                // Told by the error callback; it comes once, until a fetch succeeds.
                Some(RDKafkaErrorCode::TopicAuthorizationFailed) => reading.refused = true,
                Some(RDKafkaErrorCode::AutoOffsetReset) => {
                    reading.queue = None;
                    return Taken::OffsetGone;
                }
                // After these librdkafka goes on behind the record: nobody may follow it there.
                Some(
                    RDKafkaErrorCode::BadMessage
                    | RDKafkaErrorCode::BadCompression
                    | RDKafkaErrorCode::NotImplemented,
                ) => {
                    reading.queue = None;
                    return Taken::Damaged(error);
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
            is_accounted_for: waiting > 0 || reading.refused,
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
        self.lock().queue = None;
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
    fn step(&mut self, at_end: bool) {
        self.steps += 1;
        self.at_end = at_end;
        self.refused = false;
    }
}

/// An owned copy, made at once: a message keeps its whole fetch buffer in memory.
pub(super) fn record(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
    let at = Coordinates {
        topic: Arc::clone(topic),
        partition: message.partition(),
        offset: message.offset(),
    };
    let headers = ffi::headers(message).unwrap_or_else(|| {
        tracing::error!(target: "flowx::kafka", %at, "the record's headers cannot be read");
        Default::default()
    });
    Record {
        timestamp: message.timestamp().to_millis(),
        key: message.key().map(<[u8]>::to_vec),
        headers,
        payload: message.payload().map(<[u8]>::to_vec),
        at,
    }
}
