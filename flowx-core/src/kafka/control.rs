//! The one thread that owns the consumer: it polls, commits and closes. No user code runs on it.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer as _;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Message};
use tokio::sync::oneshot;

use super::logging::guarded;
use super::rebalance::{Consumer, Rebalancer};
use crate::runtime::port::{Epoch, Position, SourceEvent};

/// The longest a command waits for the poll before it.
const POLL: Duration = Duration::from_millis(50);

/// How long a look at a partition's ends may take.
const WATERMARKS: Duration = Duration::from_secs(2);

/// What the asynchronous half asks for. When it is dropped, the thread closes by itself.
pub(super) enum Command {
    Commit(Vec<Position>),
    /// The offset from which this assignment is to be read is not on the broker.
    OffsetGone(Epoch),
    Close {
        positions: Vec<Position>,
        done: oneshot::Sender<Result<(), String>>,
    },
}

/// Serves the consumer until the asynchronous half closes or is dropped.
pub(super) fn run(consumer: Arc<Consumer>, commands: &Receiver<Command>) {
    let context = Arc::clone(consumer.context());
    let end = guarded("the control thread", || serve(&consumer, &context, commands));
    if end.is_none() {
        let reason = "a fault on the control thread; please report it";
        context.outbox().event(SourceEvent::Failed(reason.to_owned()));
    }
    let (positions, done) = end.flatten().unzip();
    let committed = context.commit(&consumer, &positions.unwrap_or_default());
    context.close();
    let closed = leave(consumer);
    if let Some(done) = done {
        let committed = committed
            .map(drop)
            .map_err(|(_, reason)| format!("the last positions were not committed: {reason}"));
        let _ = done.send(committed.and(closed));
    }
}

type LastWill = (Vec<Position>, oneshot::Sender<Result<(), String>>);

fn serve(
    consumer: &Arc<Consumer>,
    context: &Rebalancer,
    commands: &Receiver<Command>,
) -> Option<LastWill> {
    loop {
        match consumer.poll(POLL) {
            None => {}
            Some(Ok(message)) => stray(context, &message),
            Some(Err(KafkaError::MessageConsumptionFatal(code))) => {
                let reason = consumer
                    .client()
                    .fatal_error()
                    .map_or_else(|| code.to_string(), |(code, reason)| format!("{code}: {reason}"));
                context.outbox().event(SourceEvent::Failed(reason));
            }
            // The error callback has told it, and librdkafka goes on by itself.
            Some(Err(_)) => {}
        }
        context.retry_pending();
        let mut positions = BTreeMap::new();
        let will = loop {
            match commands.try_recv() {
                Ok(Command::Commit(some)) => {
                    positions.extend(some.into_iter().map(|one| (one.epoch, one.next)));
                }
                Ok(Command::OffsetGone(epoch)) => offset_gone(consumer, context, epoch),
                Ok(Command::Close { positions, done }) => break Some(Some((positions, done))),
                Err(TryRecvError::Disconnected) => break Some(None),
                Err(TryRecvError::Empty) => break None,
            }
        };
        if let Some(will) = will {
            return will;
        }
        if !positions.is_empty() {
            commit(consumer, context, positions);
        }
    }
}

fn commit(consumer: &Consumer, context: &Rebalancer, positions: BTreeMap<Epoch, i64>) {
    let positions: Vec<_> =
        positions.into_iter().map(|(epoch, next)| Position { epoch, next }).collect();
    context.outbox().event(match context.commit(consumer, &positions) {
        Ok(positions) => SourceEvent::Committed(positions),
        Err((positions, reason)) => SourceEvent::CommitFailed { positions, reason },
    });
}

/// A record on the main queue would be one that nobody reads: rather stop than lose it.
fn stray(context: &Rebalancer, message: &BorrowedMessage<'_>) {
    let (topic, partition, offset) = (message.topic(), message.partition(), message.offset());
    context.assignments().limit(topic, partition, offset);
    context.outbox().event(SourceEvent::Failed(format!(
        "{topic}[{partition}]@{offset} came in outside of its partition's queue; it was not served \
         and is read again after a restart; please report it"
    )));
}

/// Says what an operator can do; the partition stays held until then, nothing is skipped.
fn offset_gone(consumer: &Consumer, context: &Rebalancer, epoch: Epoch) {
    let Some((partition, offset)) = context.assignments().unreadable(epoch) else { return };
    let (topic, number) = (partition.topic(), partition.partition());
    let offset = offset.map_or_else(|| "its first offset".to_owned(), |at| format!("offset {at}"));
    let there = consumer.fetch_watermarks(topic, number, WATERMARKS).map_or_else(
        |error| format!("which offsets it has cannot be told now: {error}"),
        |(low, high)| format!("the broker has {low} up to {high}"),
    );
    context.outbox().trouble(format!(
        "{topic}[{number}] is held: {offset}, where reading goes on, is not there ({there}). \
         Nothing is skipped. Stop all instances of this connector, decide where to go on and set \
         it with `kafka-consumer-groups --reset-offsets --topic {topic}:{number} --to-earliest \
         --execute` (or `--to-offset`) for this group, then start again"
    ));
}

/// Leaves the group and destroys the consumer, here and nowhere else: its destructor polls until
/// the group has let go.
fn leave(consumer: Arc<Consumer>) -> Result<(), String> {
    match Arc::into_inner(consumer) {
        Some(consumer) => guarded("closing the consumer", || drop(consumer))
            .ok_or_else(|| "a fault while the consumer was closed; please report it".to_owned()),
        None => Err("the consumer is still in use and was not closed; please report it".to_owned()),
    }
}

/// Waits on a thread without a runtime, for at most `limit`; `None` too if the sender is dropped.
pub(super) fn wait<T>(mut receiver: oneshot::Receiver<T>, limit: Duration) -> Option<T> {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let deadline = Instant::now() + limit;
    loop {
        if let Poll::Ready(value) = Pin::new(&mut receiver).poll(&mut context) {
            return value.ok();
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_ends_with_the_value_the_sender_or_the_deadline() {
        let (sender, receiver) = oneshot::channel();
        let other = thread::spawn(move || sender.send(7));
        assert_eq!(wait(receiver, Duration::from_secs(60)), Some(7));
        other.join().unwrap().unwrap();

        let (sender, receiver) = oneshot::channel::<u8>();
        drop(sender);
        assert_eq!(wait(receiver, Duration::from_secs(60)), None);

        let (sender, receiver) = oneshot::channel::<u8>();
        assert_eq!(wait(receiver, Duration::from_millis(1)), None);
        drop(sender);
    }
}
