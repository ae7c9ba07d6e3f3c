//! The half of the consumer that the runtime holds: events, records, commits.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use rdkafka::consumer::Consumer as _;
use tokio::sync::{Notify, oneshot};

use super::control::{self, Command};
use super::outbox::{Message, Outbox};
use super::partition::{Partition, Taken};
use super::rebalance::{Consumer, Rebalancer};
use super::settings::{KafkaSettings, SetupError};
use super::subscription::Subscriptions;
use crate::message::record::Record;
use crate::message::topic::Subscription;
use crate::runtime::port::{Epoch, Position, Source, SourceEvent};

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
    commands: mpsc::Sender<Command>,
    partitions: HashMap<Epoch, Arc<Partition>>,
    /// What this half found out itself and has not told yet.
    own: VecDeque<SourceEvent>,
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
        let subscriptions = Subscriptions::new(topics)?;
        let mut config = settings.consumer();
        if let Some(blacklist) = subscriptions.blacklist() {
            config.set("topic.blacklist", blacklist);
        }
        let expressions = subscriptions.expressions();

        let (sender, messages) = tokio::sync::mpsc::unbounded_channel();
        let readable = Arc::<Notify>::default();
        let outbox = Outbox::new(sender, Arc::clone(&readable));
        let context = Rebalancer::new(subscriptions, settings.drain, outbox);
        let consumer: Arc<Consumer> = Arc::new(settings.create(&config, context)?);
        consumer.context().set_consumer(&consumer);
        let names: Vec<_> = expressions.iter().map(String::as_str).collect();
        consumer.subscribe(&names).map_err(|error| SetupError::of(error.to_string()))?;

        let (commands, inbox) = mpsc::channel();
        thread::Builder::new()
            .name("flowx-kafka".to_owned())
            .spawn(move || control::run(consumer, &inbox))
            .map_err(|error| SetupError::of(format!("no thread for the consumer: {error}")))?;
        Ok(Self { messages, readable, commands, partitions: HashMap::new(), own: VecDeque::new() })
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
                let _ = self.commands.send(Command::OffsetGone(epoch));
            }
            Taken::Damaged(error) => {
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

    async fn close(self, positions: Vec<Position>, deadline: Duration) -> Result<(), String> {
        let (done, closed) = oneshot::channel();
        if self.commands.send(Command::Close { positions, done }).is_err() {
            return Err("the control thread has ended before it could close".to_owned());
        }
        match tokio::time::timeout(deadline, closed).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err("the control thread ended while it closed".to_owned()),
            Err(_) => Err(format!(
                "the consumer was not closed within {deadline:?}; its partitions go to others when \
                 the session times out"
            )),
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
