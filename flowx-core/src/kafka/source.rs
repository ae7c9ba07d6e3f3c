//! The half of the consumer that the runtime holds: events, records, commits.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use super::control::{self, Command};
use super::insight::Notes;
use super::membership::Membership;
use super::outbox::{Message, Outbox};
use super::partition::{Partition, Taken};
use super::settings::{KafkaSettings, SetupError};
use crate::message::record::Record;
use crate::message::topic::Subscription;
use crate::runtime::port::{Epoch, Insight, Position, Source, SourceEvent};

/// A member of a consumer group.
///
/// One thread of its own owns the Kafka consumer; this half never blocks. Dropped without
/// [`close`](Source::close), it leaves the group in the background and commits nothing more.
///
/// ```no_run
/// use flowx_core::kafka::{KafkaSettings, KafkaSource, Subscription};
///
/// # fn main() -> Result<(), flowx_core::kafka::SetupError> {
/// let settings = KafkaSettings::new("localhost:9092", "currency-exchange");
/// let source = KafkaSource::subscribe(
///     &settings,
///     vec![Subscription::Exact("ai.flowx.dev.plugin.currency.trigger.exchange.v1".into())],
/// )?;
/// # drop(source);
/// # Ok(())
/// # }
/// ```
pub struct KafkaSource {
    messages: tokio::sync::mpsc::UnboundedReceiver<Message>,
    readable: Arc<Notify>,
    pub(super) commands: mpsc::Sender<Command>,
    partitions: HashMap<Epoch, Arc<Partition>>,
    /// What this half found out itself and has not told yet.
    own: VecDeque<SourceEvent>,
    notes: Arc<Notes>,
}

impl KafkaSource {
    /// Joins the group of `settings` and listens to `topics`. Returns at once; partitions come as
    /// [`SourceEvent::Assigned`]. A topic without a committed offset is read from its beginning.
    ///
    /// # Errors
    /// Settings or topic names that cannot work, all mistakes at once. A broker that cannot be
    /// reached is no error but a [`SourceEvent::Trouble`].
    pub fn subscribe(
        settings: &KafkaSettings,
        topics: Vec<Subscription>,
    ) -> Result<Self, SetupError> {
        let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
        let readable = Arc::<Notify>::default();
        let outbox = Outbox::new(sender, Arc::clone(&readable));
        let notes = Arc::clone(outbox.notes());
        let membership = Membership::new(settings, topics, outbox)?;
        let consumer = membership.join(0)?;

        let (commands, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("flowx-kafka".to_owned())
            .spawn(move || control::run(&membership, consumer, &inbox))
            .map_err(|error| SetupError::of(format!("no thread for the consumer: {error}")))?;
        let (partitions, own) = Default::default();
        Ok(Self { messages, readable, commands, partitions, own, notes })
    }

    #[cfg(test)]
    pub(super) fn partition(&self, epoch: Epoch) -> Option<Arc<Partition>> {
        self.partitions.get(&epoch).cloned()
    }

    /// Keeps this half's own books in step with what it is about to tell.
    fn note(&mut self, message: Message) -> SourceEvent {
        match message {
            Message::Assigned(assigned) => {
                // What came in before this moment rang for nobody.
                self.readable.notify_one();
                let assignments = assigned
                    .into_iter()
                    .map(|(assignment, partition)| {
                        self.notes.release(&assignment.topic, assignment.partition);
                        self.partitions.insert(assignment.epoch, partition);
                        assignment
                    })
                    .collect();
                SourceEvent::Assigned(assignments)
            }
            Message::Event(event) => {
                if let SourceEvent::Revoking { epochs, .. } | SourceEvent::Lost(epochs) = &event {
                    self.partitions.retain(|epoch, _| !epochs.contains(epoch));
                }
                event
            }
        }
    }
}

impl Source for KafkaSource {
    async fn event(&mut self) -> SourceEvent {
        if let Some(event) = self.own.pop_front() {
            return event;
        }
        let message = tokio::select! {
            biased;
            message = self.messages.recv() => message,
            () = self.readable.notified() => return SourceEvent::Readable,
        };
        match message {
            Some(message) => self.note(message),
            None => {
                SourceEvent::Failed("the control thread has ended; please report it".to_owned())
            }
        }
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        let partition = self.partitions.get(&epoch)?;
        match partition.take() {
            Taken::Record(record) => return Some(record),
            Taken::Nothing => {}
            Taken::OffsetGone => {
                let reason = "the offset where reading goes on is not on the broker; the log says what to do";
                self.notes.hold(partition.topic(), partition.partition(), reason);
                let _ = self.commands.send(Command::OffsetGone(epoch));
            }
            Taken::Damaged(error) => {
                let reason = "the broker sent what cannot be read; the log says what to do";
                self.notes.hold(partition.topic(), partition.partition(), reason);
                let at = partition.next().map_or_else(String::new, |next| format!(" from {next}"));
                self.own.push_back(SourceEvent::Trouble(format!(
                    "{}[{}]{at} is held: the broker sent what cannot be read ({error}). Nothing is \
                     skipped. Check the broker's log of this partition and restart the connector \
                     to read it again",
                    partition.topic(),
                    partition.partition(),
                )));
            }
        }
        None
    }

    fn commit(&mut self, positions: Vec<Position>) {
        // A control thread that has ended says so through the next event.
        let _ = self.commands.send(Command::Commit(positions));
    }

    fn insight(&self) -> Option<Arc<dyn Insight>> {
        Some(Arc::clone(&self.notes) as Arc<dyn Insight>)
    }

    async fn close(mut self, positions: Vec<Position>, deadline: Duration) -> Result<(), String> {
        let (done, closed) = oneshot::channel();
        let will = Command::Close { positions: positions.clone(), done };
        if self.commands.send(will).is_err() {
            return Err("the control thread has ended before it could close".to_owned());
        }
        let farewell = farewell(&mut self.messages, &positions, closed);
        match tokio::time::timeout(deadline, farewell).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the control thread ended while it closed".to_owned()),
            Err(_) => Err(format!(
                "the consumer was not closed within {deadline:?}; its partitions go to others when \
                 the session times out"
            )),
        }
    }
}

/// Waits until the control thread has closed. Before it hears of that it may have to give partitions
/// back, and waits for an answer: it gets their last positions, which it would else not commit.
async fn farewell<T>(
    messages: &mut tokio::sync::mpsc::UnboundedReceiver<Message>,
    positions: &[Position],
    mut closed: oneshot::Receiver<T>,
) -> Result<T, oneshot::error::RecvError> {
    loop {
        let message = tokio::select! {
            biased;
            closed = &mut closed => return closed,
            Some(message) = messages.recv() => message,
        };
        if let Message::Event(SourceEvent::Revoking { epochs, done }) = message {
            let theirs = positions.iter().filter(|one| epochs.contains(&one.epoch));
            // One that no longer waits has let go by itself.
            let _ = done.send(theirs.copied().collect());
        }
    }
}

impl fmt::Debug for KafkaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaSource")
            .field("partitions", &self.partitions.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::kafka::EmbeddedBroker;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    pub(in crate::kafka) const PATIENCE: Duration = Duration::from_secs(60);

    pub(in crate::kafka) fn joined(broker: &EmbeddedBroker) -> KafkaSource {
        broker.create_topic("t").unwrap();
        let topics = vec![Subscription::Exact("t".into())];
        KafkaSource::subscribe(&broker.settings("g"), topics).unwrap()
    }

    /// Waits for an event of which `pick` makes something.
    pub(in crate::kafka) async fn until<T>(
        source: &mut KafkaSource,
        mut pick: impl FnMut(SourceEvent) -> Option<T>,
    ) -> T {
        let wait = async {
            loop {
                if let Some(picked) = pick(source.event().await) {
                    return picked;
                }
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("the event comes in time")
    }

    pub(in crate::kafka) fn assigned(event: SourceEvent) -> Option<Vec<Epoch>> {
        match event {
            SourceEvent::Assigned(all) => Some(all.iter().map(|one| one.epoch).collect()),
            SourceEvent::Failed(reason) => panic!("{reason}"),
            _ => None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_revocation_that_meets_a_close_gets_its_last_positions_at_once() {
        let (messages, mut received) = tokio::sync::mpsc::unbounded_channel();
        let (done, positions) = oneshot::channel();
        let epochs = vec![Epoch(2)];
        messages.send(Message::Event(SourceEvent::Revoking { epochs, done })).ok().unwrap();
        let (closes, closed) = oneshot::channel();
        let last = [1, 2, 3].map(|epoch| Position { epoch: Epoch(epoch), next: 7 });
        let control = async {
            // As the control thread does it: nothing else is done before the answer is there.
            let positions = positions.await.unwrap();
            closes.send(positions).unwrap();
        };
        let both = async { tokio::join!(farewell(&mut received, &last, closed), control) };
        let (closed, ()) = tokio::time::timeout(PATIENCE, both).await.expect("it is answered");
        assert_eq!(closed.unwrap(), [last[1]]);
    }

    #[tokio::test]
    async fn committed_offsets_that_cannot_be_read_are_asked_for_again() {
        let broker = EmbeddedBroker::start(2).unwrap();
        broker.fail_requests(
            RDKafkaApiKey::OffsetFetch,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED; 3],
        );
        let mut source = joined(&broker);
        let mut troubles = Vec::new();
        let epochs = until(&mut source, |event| {
            if let SourceEvent::Trouble(text) = &event {
                troubles.push(text.clone());
            }
            assigned(event)
        })
        .await;
        assert_eq!(epochs.len(), 2);
        assert!(troubles.iter().any(|text| text.contains("committed offsets")), "{troubles:?}");
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn it_closes_while_committed_offsets_cannot_be_read() {
        let broker = EmbeddedBroker::start(2).unwrap();
        broker.fail_requests(
            RDKafkaApiKey::OffsetFetch,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED; 10_000],
        );
        let mut source = joined(&broker);
        until(&mut source, |event| match event {
            SourceEvent::Trouble(text) => text.contains("committed offsets").then_some(()),
            SourceEvent::Assigned(_) => panic!("assigned without knowing where to begin"),
            _ => None,
        })
        .await;
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn partitions_of_a_member_that_was_expelled_are_lost_and_come_back_under_new_names() {
        let broker = EmbeddedBroker::start(2).unwrap();
        let mut source = joined(&broker);
        let before = until(&mut source, assigned).await;
        broker.fail_requests(
            RDKafkaApiKey::Heartbeat,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_UNKNOWN_MEMBER_ID],
        );
        let mut lost = until(&mut source, |event| match event {
            SourceEvent::Lost(epochs) => Some(epochs),
            SourceEvent::Revoking { .. } => panic!("there is nothing left to commit"),
            _ => None,
        })
        .await;
        lost.sort_unstable();
        assert_eq!(lost, before);
        let after = until(&mut source, assigned).await;
        assert!(after.iter().all(|epoch| !before.contains(epoch)));
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }

    #[tokio::test]
    async fn a_member_whose_identity_another_one_took_cannot_go_on() {
        let broker = EmbeddedBroker::start(1).unwrap();
        broker.create_topic("t").unwrap();
        let mut settings = broker.settings("g");
        settings.instance_id = Some("pod-0".to_owned());
        let topics = vec![Subscription::Exact("t".into())];
        let mut source = KafkaSource::subscribe(&settings, topics).unwrap();
        until(&mut source, assigned).await;
        broker.fail_requests(
            RDKafkaApiKey::Heartbeat,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID],
        );
        let reason = until(&mut source, |event| match event {
            SourceEvent::Failed(reason) => Some(reason),
            _ => None,
        })
        .await;
        assert!(reason.to_lowercase().contains("fenced"), "{reason}");
        source.close(Vec::new(), PATIENCE).await.unwrap();
    }
}
