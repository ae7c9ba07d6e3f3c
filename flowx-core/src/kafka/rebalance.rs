//! What happens when partitions come and go. Everything here runs on the control thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{
    BaseConsumer, CommitMode, Consumer as _, ConsumerContext, RebalanceProtocol,
};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::oneshot;

use super::assignments::Assignments;
use super::logging::{guarded, log_error, log_line};
use super::outbox::Outbox;
use super::partition::Partition;
use super::subscription::Subscriptions;
use crate::runtime::port::{Epoch, Position, SourceEvent};

/// The consumer whose context is the [`Rebalancer`].
pub(super) type Consumer = BaseConsumer<Rebalancer>;

/// How much longer than the drain the final positions are waited for: the runtime's own clock begins
/// when it hears of the revocation.
const HEARING: Duration = Duration::from_secs(1);

/// How long one look-up of committed offsets may hold up the control thread.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Takes and gives back partitions, and commits; the context of the consumer.
pub(super) struct Rebalancer {
    /// Set right after creation; weak, because the consumer owns this context.
    consumer: OnceLock<Weak<Consumer>>,
    subscriptions: Subscriptions,
    drain: Duration,
    outbox: Outbox,
    assignments: Mutex<Assignments>,
    /// Partitions given to this member whose committed offsets could not be read yet.
    pending: Mutex<Option<TopicPartitionList>>,
    closing: AtomicBool,
}

impl Rebalancer {
    pub(super) fn new(subscriptions: Subscriptions, drain: Duration, outbox: Outbox) -> Self {
        Self {
            consumer: OnceLock::new(),
            subscriptions,
            drain,
            outbox,
            assignments: Mutex::default(),
            pending: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    pub(super) fn set_consumer(&self, consumer: &Arc<Consumer>) {
        let _ = self.consumer.set(Arc::downgrade(consumer));
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) fn assignments(&self) -> MutexGuard<'_, Assignments> {
        self.assignments.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Commits positions of assignments that are still this member's and returns which those are;
    /// the others are another member's business by now.
    ///
    /// The list is explicit and only ever goes forward: the library's own store would commit for
    /// all partitions at once, and a commit of a lower offset would be taken by the broker.
    pub(super) fn commit(
        &self,
        consumer: &Consumer,
        positions: &[Position],
    ) -> Result<Vec<Position>, (Vec<Position>, String)> {
        let (live, list) = self.assignments().to_commit(positions);
        if list.count() > 0 {
            match consumer.commit(&list, CommitMode::Sync) {
                Ok(()) | Err(KafkaError::ConsumerCommit(RDKafkaErrorCode::NoOffset)) => {
                    self.assignments().committed(&live);
                }
                Err(error) => return Err((live, error.to_string())),
            }
        }
        Ok(live)
    }

    /// Tries again to take what could not be taken in the callback.
    pub(super) fn retry_pending(&self) {
        let list = self.pending().take();
        if let (Some(list), Some(consumer)) = (list, self.upgrade()) {
            self.take_over(&consumer, list);
        }
    }

    /// From now on partitions are given back without asking anybody.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
        self.park_pending();
        self.assignments().end_all();
    }

    fn assign(&self, consumer: &Consumer, list: &TopicPartitionList) {
        match self.upgrade() {
            Some(consumer) if list.count() > 0 && !self.is_closing() => {
                self.take_over(&consumer, list.clone());
            }
            // Nothing to read, or nobody to read it: librdkafka waits for an answer all the same.
            _ => {
                self.answer(consumer, list);
            }
        }
    }

    /// Finds out where to begin, and begins; or leaves it for the next turn of the control loop,
    /// which the group waits for just as it waits for this callback.
    fn take_over(&self, consumer: &Arc<Consumer>, list: TopicPartitionList) {
        let found = consumer.committed_offsets(list.clone(), LOOK_UP).and_then(|offsets| {
            offsets.elements().iter().try_for_each(|element| element.error())?;
            Ok(offsets)
        });
        match found {
            Ok(offsets) => self.begin(consumer, &offsets),
            Err(error) => {
                self.outbox.trouble(format!(
                    "the committed offsets of {} partitions cannot be read ({error}); trying again",
                    list.count()
                ));
                *self.pending() = Some(list);
            }
        }
    }

    fn begin(&self, consumer: &Arc<Consumer>, committed: &TopicPartitionList) {
        let mut start = TopicPartitionList::with_capacity(committed.count());
        let mut unwanted = TopicPartitionList::new();
        let mut taken = Vec::new();
        for element in committed.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            let at = match element.offset() {
                Offset::Offset(offset) => Some(offset),
                _ => None,
            };
            // Split before the assignment, or the first records would come in by the main queue.
            let Some(mut queue) = consumer.split_partition_queue(topic, partition) else {
                return self.fail(format!("`{topic}` [{partition}] has no queue of its own"));
            };
            if self.subscriptions.wants(topic) {
                let wake = self.outbox.waker();
                queue.set_nonempty_callback(move || {
                    guarded("the queue callback", || wake.notify_one());
                });
                taken.push((Partition::new(topic.into(), partition, queue), at));
                add(&mut start, topic, partition, at.map_or(Offset::Beginning, Offset::Offset));
            } else {
                self.assignments().park(topic, partition, queue);
                add(&mut start, topic, partition, Offset::End);
                add(&mut unwanted, topic, partition, Offset::End);
            }
        }
        if !self.answer(consumer, &start) {
            taken.iter().for_each(|(partition, _)| partition.end());
            return;
        }
        if unwanted.count() > 0 {
            let _ = consumer.pause(&unwanted);
        }
        let assigned = self.assignments().add(taken);
        self.outbox.assigned(assigned);
    }

    fn revoke(&self, consumer: &Consumer, list: &TopicPartitionList) {
        let lost = consumer.assignment_lost();
        self.park_pending();
        let epochs = self.assignments().end(list);
        if !epochs.is_empty() && !self.is_closing() {
            if lost {
                self.outbox.event(SourceEvent::Lost(epochs.clone()));
            } else {
                self.drain(consumer, &epochs);
            }
        }
        self.assignments().remove(&epochs, list);
        let outcome = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            _ => consumer.unassign(),
        };
        if let Err(error) = outcome {
            self.fail(format!("partitions could not be given back: {error}"));
        }
    }

    /// Drain first, fence second: what is finished by then is committed and not done again.
    fn drain(&self, consumer: &Consumer, epochs: &[Epoch]) {
        let (done, positions) = oneshot::channel();
        self.outbox.event(SourceEvent::Revoking { epochs: epochs.to_vec(), done });
        let patience = self.drain + HEARING;
        let Some(mut positions) = super::control::wait(positions, patience) else { return };
        positions.retain(|position| epochs.contains(&position.epoch));
        if let Err((_, reason)) = self.commit(consumer, &positions) {
            self.outbox.trouble(format!(
                "the positions of revoked partitions could not be committed ({reason}); their next \
                 owner does some records again"
            ));
        }
    }

    /// Accepts what is pending without reading it, so that it can be given back in due form.
    fn park_pending(&self) {
        let Some(list) = self.pending().take() else { return };
        let Some(consumer) = self.upgrade() else { return };
        let mut start = TopicPartitionList::with_capacity(list.count());
        for element in list.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            if let Some(queue) = consumer.split_partition_queue(topic, partition) {
                self.assignments().park(topic, partition, queue);
            }
            add(&mut start, topic, partition, Offset::End);
        }
        self.answer(&consumer, &start);
    }

    /// Tells librdkafka which partitions are taken; false if it would not have them.
    fn answer(&self, consumer: &Consumer, list: &TopicPartitionList) -> bool {
        let outcome = match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(list),
            _ => consumer.assign(list),
        };
        if let Err(error) = &outcome {
            self.fail(format!("assigned partitions could not be taken: {error}"));
        }
        outcome.is_ok()
    }

    fn fail(&self, reason: String) {
        self.outbox.event(SourceEvent::Failed(reason));
    }

    fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }

    fn upgrade(&self) -> Option<Arc<Consumer>> {
        self.consumer.get().and_then(Weak::upgrade)
    }

    fn pending(&self) -> MutexGuard<'_, Option<TopicPartitionList>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Rebalancer {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
        let is_told_elsewhere = matches!(
            error.rdkafka_error_code(),
            // The first four are in the log already, the others have words of their own.
            Some(
                RDKafkaErrorCode::AllBrokersDown
                    | RDKafkaErrorCode::BrokerTransportFailure
                    | RDKafkaErrorCode::Resolve
                    | RDKafkaErrorCode::OperationTimedOut
                    | RDKafkaErrorCode::AutoOffsetReset
                    | RDKafkaErrorCode::Fatal
            )
        );
        if !is_told_elsewhere {
            guarded("the error callback", || self.outbox.trouble(reason.to_owned()));
        }
    }
}

impl ConsumerContext for Rebalancer {
    fn rebalance(&self, consumer: &Consumer, what: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let is_assignment = what == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS;
        let outcome = guarded("the rebalance callback", || {
            if is_assignment { self.assign(consumer, list) } else { self.revoke(consumer, list) }
        });
        if outcome.is_none() {
            guarded("the rebalance callback", || {
                self.fail("a fault in the rebalance callback; please report it".to_owned());
            });
        }
    }

    fn commit_callback(&self, _: KafkaResult<()>, _: &TopicPartitionList) {}
}

fn add(list: &mut TopicPartitionList, topic: &str, partition: i32, offset: Offset) {
    list.add_partition_offset(topic, partition, offset)
        .expect("beginning, end and a committed offset can all be expressed");
}
