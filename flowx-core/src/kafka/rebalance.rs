//! What happens when partitions come and go. Everything here runs on the control thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use rdkafka::{Offset, TopicPartitionList};
use tokio::sync::oneshot;

use super::assignments::Assignments;
use super::commits::Commits;
use super::logging::{guarded, log_error, log_line};
use super::outbox::Outbox;
use super::partition::{Partition, Queue};
use super::refusal::{self, Refused};
use super::settings::KafkaSettings;
use super::subscription::Subscriptions;
use super::unspoken::Unspoken;
use crate::runtime::port::{Epoch, Position, SourceEvent};

/// The consumer whose context is the [`Rebalancer`].
pub(super) type Consumer = BaseConsumer<Rebalancer>;

/// How much longer than the drain the final positions are waited for: the runtime's own clock begins
/// when it hears of the revocation.
pub(super) const HEARING: Duration = Duration::from_secs(1);

/// How long one look-up, of committed offsets or the cluster's id, may hold up the control thread.
const LOOK_UP: Duration = Duration::from_secs(5);

/// Takes and gives back partitions, and commits; the context of the consumer.
pub(super) struct Rebalancer {
    /// Set right after creation; weak, because the consumer owns this context.
    consumer: OnceLock<Weak<Consumer>>,
    /// Set when partitions are first taken over.
    cluster: OnceLock<Arc<str>>,
    subscriptions: Arc<Subscriptions>,
    drain: Duration,
    group: String,
    outbox: Arc<Outbox>,
    assignments: Mutex<Assignments>,
    /// Partitions given to this member whose committed offsets could not be read yet.
    pending: Mutex<Option<TopicPartitionList>>,
    commits: Mutex<Commits>,
    /// Set once this member is leaving.
    parting: Mutex<Option<Parting>>,
    /// Set when all brokers are down.
    all_down: AtomicBool,
    unspoken: Unspoken,
}

/// What a member that is leaving has to say of its partitions.
struct Parting {
    positions: Vec<Position>,
    /// Why some of them were not committed when they were taken away.
    failure: Option<String>,
}

impl Rebalancer {
    /// A member's part in the group; its first epoch is the one after `last_epoch`.
    pub(super) fn new(
        subscriptions: Arc<Subscriptions>,
        settings: &KafkaSettings,
        outbox: Arc<Outbox>,
        last_epoch: u64,
    ) -> Self {
        Self {
            consumer: OnceLock::new(),
            cluster: OnceLock::new(),
            subscriptions,
            drain: settings.drain,
            group: settings.group.clone(),
            unspoken: settings.unspoken(),
            outbox,
            assignments: Mutex::new(Assignments::after(last_epoch)),
            pending: Mutex::default(),
            commits: Mutex::default(),
            parting: Mutex::default(),
            all_down: AtomicBool::new(false),
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

    pub(super) fn commits(&self) -> MutexGuard<'_, Commits> {
        self.commits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether all brokers have gone down since this was last asked.
    pub(super) fn has_lost_all_brokers(&self) -> bool {
        self.all_down.swap(false, Ordering::Relaxed)
    }

    /// Tries again to take what could not be taken in the callback.
    pub(super) fn retry_pending(&self) {
        let list = self.pending().take();
        if let (Some(list), Some(consumer)) = (list, self.upgrade()) {
            self.take_over(&consumer, list);
        }
    }

    /// From now on nothing is taken over, and partitions are given back with these positions, without
    /// asking anybody.
    pub(super) fn begin_closing(&self, positions: Vec<Position>) {
        *self.parting() = Some(Parting { positions, failure: None });
        self.park_pending();
    }

    /// What became of the positions of partitions that were taken away since.
    pub(super) fn parted(&self) -> Result<(), String> {
        self.parting().as_mut().and_then(|parting| parting.failure.take()).map_or(Ok(()), Err)
    }

    /// Gives back all partitions in good order, before the consumer is destroyed and made anew.
    pub(super) fn give_all_back(&self) {
        let all = self.assignments().all();
        let epochs: Vec<_> = all.iter().map(|(epoch, _)| *epoch).collect();
        all.iter().for_each(|(_, partition)| partition.end());
        if !epochs.is_empty() {
            self.drain(&epochs);
        }
        self.begin_closing(Vec::new());
        self.close();
    }

    /// Lets go of everything that keeps the consumer alive.
    pub(super) fn close(&self) {
        self.commits().abandon();
        self.assignments().end_all();
    }

    fn assign(&self, consumer: &Consumer, list: &TopicPartitionList) {
        match self.upgrade() {
            Some(consumer) if list.count() > 0 => {
                if self.is_closing() {
                    self.park(&consumer, list);
                } else {
                    self.take_over(&consumer, list.clone());
                }
            }
            // Nothing to read, or nobody to read it: librdkafka waits for an answer all the same.
            _ => {
                self.answer(consumer, list);
                self.outbox.event(SourceEvent::Assigned(Vec::new()));
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
        let trouble = match (found, self.cluster(consumer)) {
            (Ok(offsets), Some(cluster)) => return self.begin(consumer, cluster, &offsets),
            (Ok(_), None) => {
                "the id of the cluster, which requests are named by, cannot be read".to_owned()
            }
            (Err(error), _) => format!(
                "the committed offsets of {} partitions cannot be read ({error})",
                list.count()
            ),
        };
        self.outbox.trouble(format!("{trouble}; trying again"));
        *self.pending() = Some(list);
    }

    /// What the cluster calls itself; asked once, and rarely a question: any answer of a broker that
    /// this client has had says it.
    fn cluster(&self, consumer: &Consumer) -> Option<&Arc<str>> {
        if self.cluster.get().is_none() {
            let id = consumer.client().fetch_cluster_id(LOOK_UP)?;
            let _ = self.cluster.set(id.into());
        }
        self.cluster.get()
    }

    fn begin(&self, consumer: &Arc<Consumer>, cluster: &Arc<str>, committed: &TopicPartitionList) {
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
            let Some(queue) = consumer.split_partition_queue(topic, partition) else {
                return self.fail(format!("`{topic}` [{partition}] has no queue of its own"));
            };
            if self.subscriptions.wants(topic) {
                let wake = self.outbox.waker();
                let rings = move || {
                    guarded("the queue callback", || wake.notify_one());
                };
                let Some(queue) = Queue::of(consumer, topic, partition, queue, rings) else {
                    return self.fail(format!("`{topic}` [{partition}] cannot be read"));
                };
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
        self.outbox.notes().admit(Duration::ZERO, |refused| {
            matches!(refused, Refused::Group | Refused::Connection)
        });
        let assigned = self.assignments().add(cluster, taken);
        self.outbox.assigned(assigned);
    }

    fn revoke(&self, consumer: &Consumer, list: &TopicPartitionList) {
        let lost = consumer.assignment_lost();
        self.park_pending();
        let epochs = self.assignments().end(list);
        if !epochs.is_empty() {
            if self.is_closing() {
                self.part(&epochs, lost);
            } else if lost {
                self.outbox.event(SourceEvent::Lost(epochs.clone()));
            } else {
                self.drain(&epochs);
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
    fn drain(&self, epochs: &[Epoch]) {
        let (done, positions) = oneshot::channel();
        self.outbox.event(SourceEvent::Revoking { epochs: epochs.to_vec(), done });
        let patience = self.drain + HEARING;
        let Some(positions) = super::control::wait(positions, patience) else { return };
        if let Err(reason) = self.commit_those(epochs, positions) {
            self.outbox.trouble(format!(
                "the positions of revoked partitions could not be committed ({reason}); their next \
                 owner does some records again"
            ));
        }
    }

    /// Commits what is known of partitions that are taken away while this member is leaving.
    fn part(&self, epochs: &[Epoch], lost: bool) {
        let Some(positions) = self.parting().as_ref().map(|parting| parting.positions.clone())
        else {
            return;
        };
        let outcome = if lost {
            // Another member has begun behind the last commit.
            let reason = "the partitions went to another member before that";
            let (_, list) = self.assignments().to_commit(&of(epochs, positions));
            if list.count() > 0 { Err(reason.to_owned()) } else { Ok(()) }
        } else {
            self.commit_those(epochs, positions)
        };
        if let (Err(reason), Some(parting)) = (outcome, self.parting().as_mut()) {
            parting.failure.get_or_insert(reason);
        }
    }

    fn commit_those(&self, epochs: &[Epoch], positions: Vec<Position>) -> Result<(), String> {
        let Some(consumer) = self.upgrade() else { return Ok(()) };
        self.commit_parting(&consumer, &of(epochs, positions))
    }

    fn park_pending(&self) {
        let list = self.pending().take();
        if let (Some(list), Some(consumer)) = (list, self.upgrade()) {
            self.park(&consumer, &list);
        }
    }

    /// Accepts partitions without reading them, so that they can be given back in due form.
    fn park(&self, consumer: &Arc<Consumer>, list: &TopicPartitionList) {
        let mut start = TopicPartitionList::with_capacity(list.count());
        for element in list.elements() {
            let (topic, partition) = (element.topic(), element.partition());
            if let Some(queue) = consumer.split_partition_queue(topic, partition) {
                self.assignments().park(topic, partition, queue);
            }
            add(&mut start, topic, partition, Offset::End);
        }
        self.answer(consumer, &start);
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
        self.parting().is_some()
    }

    fn parting(&self) -> MutexGuard<'_, Option<Parting>> {
        self.parting.lock().unwrap_or_else(PoisonError::into_inner)
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
        log_line(level, facility, &self.unspoken.hide(line));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        // Asked for, and no error: whoever reads the partition takes note of it.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        let code = error.rdkafka_error_code();
        let refused = code.and_then(|code| refusal::of_error(code, reason, Some(&self.group)));
        if let Some((refused, words)) = refused {
            guarded("the error callback", || self.outbox.notes().refuse(refused, &words));
            self.outbox.notes().error(&error);
            return;
        }
        log_error(&error, &self.unspoken.hide(reason));
        if code == Some(RDKafkaErrorCode::AllBrokersDown) {
            self.all_down.store(true, Ordering::Relaxed);
        }
        self.outbox.notes().error(&error);
        let is_told_elsewhere = matches!(
            code,
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
            let reason = self.unspoken.hide(reason).into_owned();
            guarded("the error callback", || self.outbox.trouble(reason));
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

fn of(epochs: &[Epoch], mut positions: Vec<Position>) -> Vec<Position> {
    positions.retain(|position| epochs.contains(&position.epoch));
    positions
}

fn add(list: &mut TopicPartitionList, topic: &str, partition: i32, offset: Offset) {
    list.add_partition_offset(topic, partition, offset)
        .expect("beginning, end and a committed offset can all be expressed");
}
