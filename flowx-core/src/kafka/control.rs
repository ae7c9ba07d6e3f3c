//! The one thread that owns the consumer: it polls, commits and closes. No user code runs on it.

use std::collections::BTreeSet;
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

use super::bootstrap::Bootstrap;
use super::ffi;
use super::logging::guarded;
use super::login::Login;
use super::membership::{Membership, WATERMARKS};
use super::partition::Partition;
use super::rebalance::{Consumer, Rebalancer};
use super::refusal::Refused;
use super::watchdog::{Standstill, Watchdog};
use crate::runtime::port::{Ends, Epoch, Position, SourceEvent};

/// The longest a command waits for the poll before it.
const POLL: Duration = Duration::from_millis(50);

/// How long a consumer may take to leave the group and end, while brokers do not answer.
const LEAVING: Duration = Duration::from_secs(300);

/// How often is noted where the partitions end.
const ENDS: Duration = Duration::from_secs(1);

/// What the asynchronous half asks for. When it is dropped, the thread closes by itself.
pub(super) enum Command {
    Commit(Vec<Position>),
    /// The offset from which this assignment is to be read is not on the broker.
    OffsetGone(Epoch),
    /// A partition is to stand still.
    #[cfg(test)]
    Deafen(Epoch, oneshot::Sender<()>),
    Close {
        positions: Vec<Position>,
        done: oneshot::Sender<Result<(), String>>,
    },
}

/// Why the loop was left.
enum End {
    /// The asynchronous half closes (with its last will) or is gone.
    Closing(Option<LastWill>),
    /// A partition stands still.
    Standstill(Standstill),
}

struct LastWill {
    positions: Vec<Position>,
    done: oneshot::Sender<Result<(), String>>,
}

/// Serves the consumer until the asynchronous half closes or is dropped.
pub(super) fn run(
    membership: &Membership,
    (mut consumer, mut login): (Arc<Consumer>, Login),
    commands: &Receiver<Command>,
) {
    let notes = Arc::clone(membership.outbox().notes());
    let _silent = OnDrop(|| notes.expect_nothing());
    let will = loop {
        match guarded("the control thread", || serve(membership, &consumer, &mut login, commands)) {
            Some(End::Closing(will)) => break will,
            Some(End::Standstill(found)) => match begin_anew(membership, consumer, found) {
                Ok(another) => (consumer, login) = another,
                Err(reason) => {
                    membership.outbox().event(SourceEvent::Failed(reason));
                    return;
                }
            },
            None => {
                let reason = "a fault on the control thread; please report it";
                membership.outbox().event(SourceEvent::Failed(reason.to_owned()));
                break None;
            }
        }
    };
    let (positions, done) =
        will.map_or_else(Default::default, |will| (will.positions, Some(will.done)));
    notes.expect(LEAVING);
    let context = Arc::clone(consumer.context());
    let committed = guarded("the last commit", || context.commit_last(&consumer, &positions));
    context.close();
    let closed = leave(consumer);
    if let Some(done) = done {
        let fault = || Err("a fault on the control thread; please report it".to_owned());
        let committed = committed
            .unwrap_or_else(fault)
            .map_err(|reason| format!("the last positions were not committed: {reason}"));
        let _ = done.send(committed.and(closed));
    }
}

fn serve(
    membership: &Membership,
    consumer: &Arc<Consumer>,
    login: &mut Login,
    commands: &Receiver<Command>,
) -> End {
    let context = consumer.context();
    let mut watchdog = Watchdog::new(membership.stall(), Instant::now());
    let mut bootstrap = Bootstrap::new(membership.bootstrap_servers());
    let notes = membership.outbox().notes();
    let mut ends_noted = None;
    let mut looked = Instant::now();
    loop {
        let now = Instant::now();
        notes.expect(membership.busy());
        if ends_noted.is_none_or(|noted| now.duration_since(noted) >= ENDS) {
            ends_noted = Some(now);
            notes.ends(ends(consumer));
            login.step(consumer.client());
            notes.login(login.trouble());
            let (closed, open) = readable(consumer);
            notes.readable(&closed, &open);
            if notes.is_shut_out() && now.duration_since(looked) >= membership.auth_retry() {
                looked = Instant::now();
                if let Some(topic) = membership.topic() {
                    // Any answer of a broker is one to a client that it has let in.
                    if consumer.fetch_metadata(Some(&topic), WATERMARKS).is_ok() {
                        notes.admit(Duration::ZERO, |refused| *refused == Refused::Connection);
                    }
                }
            }
        }
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
        loop {
            match commands.try_recv() {
                Ok(Command::Commit(positions)) => context.want_committed(positions),
                Ok(Command::OffsetGone(epoch)) => offset_gone(consumer, context, epoch),
                #[cfg(test)]
                Ok(Command::Deafen(epoch, done)) => {
                    deafen(consumer, epoch);
                    done.send(()).unwrap();
                }
                Ok(Command::Close { positions, done }) => {
                    return End::Closing(Some(LastWill { positions, done }));
                }
                Err(TryRecvError::Disconnected) => return End::Closing(None),
                Err(TryRecvError::Empty) => break,
            }
        }
        context.serve_commits(consumer);
        if context.has_lost_all_brokers() {
            bootstrap.lost_all(Instant::now());
        }
        bootstrap.step(consumer.client(), Instant::now());
        if let Some(found) = watchdog.step(&**consumer, Instant::now()) {
            return End::Standstill(found);
        }
    }
}

/// Gives back all partitions, destroys the consumer and joins with a new one: what a partition stands
/// still for is somewhere in the consumer, and nothing less is known to help.
fn begin_anew(
    membership: &Membership,
    consumer: Arc<Consumer>,
    Standstill { epoch, position, end, lasts }: Standstill,
) -> Result<(Arc<Consumer>, Login), String> {
    let notes = membership.outbox().notes();
    // Each is noticed within one and a half times the stall; more often than every other time, and the
    // new consumer is no better.
    notes.standstill(membership.stall() * 4);
    notes.expect(LEAVING);
    let context = Arc::clone(consumer.context());
    if let Some((partition, _)) = context.assignments().one(epoch) {
        membership.outbox().event(SourceEvent::Trouble(format!(
            "{}[{}] stands still at offset {position}: the broker has records up to {end}, but none \
             has come for {lasts:.0?}; the consumer is restarted, with all partitions of this instance",
            partition.topic(),
            partition.partition(),
        )));
    }
    context.give_all_back();
    let last_epoch = context.assignments().last_epoch();
    drop(context);
    leave(consumer)?;
    membership.join(last_epoch).map_err(|error| error.to_string())
}

/// Where the partitions end, as the last fetch of each told it: nobody is asked.
fn ends(consumer: &Consumer) -> Vec<(String, i32, Ends)> {
    let all = consumer.context().assignments().all();
    let known = all.iter().filter_map(|(epoch, partition)| {
        let (topic, number) = (partition.topic(), partition.partition());
        let (low, end) = ffi::known_ends(consumer.client(), topic, number)?;
        let (_, began) = consumer.context().assignments().one(*epoch)?;
        Some((topic.to_string(), number, Ends { begin: began.or(low).unwrap_or(0), end }))
    });
    known.collect()
}

/// The topics from which brokers let nothing be read, and those from which they do, of those whose
/// partitions are here.
fn readable(consumer: &Consumer) -> (BTreeSet<String>, BTreeSet<String>) {
    let all = consumer.context().assignments().all();
    let (closed, open): (Vec<_>, Vec<_>) =
        all.iter().partition(|(_, partition)| partition.is_refused());
    let topics = |all: Vec<&(Epoch, Arc<Partition>)>| {
        all.iter().map(|(_, partition)| partition.topic().to_string()).collect()
    };
    (topics(closed), topics(open))
}

/// Does something when it is dropped, however the function is left.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// Stops fetching a partition behind the runtime's back, as nothing in this library ever does.
#[cfg(test)]
fn deafen(consumer: &Consumer, epoch: Epoch) {
    let (partition, _) = consumer.context().assignments().one(epoch).unwrap();
    let mut list = rdkafka::TopicPartitionList::new();
    list.add_partition(partition.topic(), partition.partition());
    consumer.pause(&list).unwrap();
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
