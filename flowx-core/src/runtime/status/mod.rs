//! What others may watch of a running connector, and the switches of its handlers.
//!
//! The runtime writes, without waiting for anybody; whoever asks reads what is there and never asks a
//! broker.

mod gauges;
mod partition;
mod probe;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::Poll;
use std::time::Duration;

use futures_util::task::AtomicWaker;
use tokio::sync::broadcast;
use tokio::time::Instant;

pub use partition::{Hold, PartitionView};
pub(super) use partition::{PartitionStatus, Progress};
pub use probe::GRACE;

use super::metrics::{HandlerMetrics, Metrics};
use super::plan::Plan;
use super::port::{Assignment, ClientView, Epoch, Insight};
use crate::message::record::Coordinates;
use partition::Moment;

/// One request has got its last word, and what had to be written for it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Where the request stands.
    pub at: Coordinates,
    /// Name of the handler.
    pub handler: String,
    /// Attempts made; 0 if the handler was never called.
    pub attempts: u32,
    /// How it ended.
    pub end: End,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Its reply is written.
    Replied,
    /// It needed no reply.
    Nothing,
    /// It was refused with this code.
    Refused {
        /// The code of the error reply.
        code: Cow<'static, str>,
        /// Stable name of the reason.
        reason: &'static str,
        /// Whether an error reply is written.
        replied: bool,
        /// Whether the original was put aside.
        dead_letter: bool,
    },
}

/// What is known of one handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerView {
    /// Its name.
    pub name: &'static str,
    /// An operator has paused it.
    pub paused: bool,
    /// Requests that are with it now.
    pub in_flight: u64,
}

/// Which connector this is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// Its consumer group.
    pub name: String,
    /// The version of the package that its handlers come from; `None` if they come from several.
    pub version: Option<&'static str>,
}

/// No handler has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no handler `{name}`; there are `{known}`")]
pub struct UnknownHandler {
    name: String,
    known: String,
}

/// The window into a running connector; cheap to clone.
#[derive(Clone, Debug)]
pub struct Status {
    finished: broadcast::Sender<Finished>,
    board: Arc<Board>,
}

/// What the runtime writes and others read.
#[derive(Debug)]
struct Board {
    began: Instant,
    metrics: Metrics,
    about: OnceLock<About>,
    /// By place in the registry; set once the plan is known.
    handlers: OnceLock<Vec<HandlerStatus>>,
    /// Locked when a partition comes or goes, and by who asks; never for a record.
    partitions: Mutex<BTreeMap<Epoch, Arc<PartitionStatus>>>,
    source: OnceLock<Arc<dyn Insight>>,
    sink: OnceLock<Arc<dyn Insight>>,
    /// Since when the runtime's task has been at work without giving its thread back.
    busy: Moment,
    assigned: AtomicBool,
    stopping: AtomicBool,
    failed: OnceLock<String>,
    /// A handler was paused or resumed, and the runtime has not noticed.
    switched: AtomicBool,
    runtime: AtomicWaker,
}

/// One handler.
#[derive(Debug)]
pub(super) struct HandlerStatus {
    name: &'static str,
    /// The longest one attempt may run.
    timeout: Duration,
    /// The longest a request may be with it, all attempts and waits.
    allowed: Duration,
    paused: AtomicBool,
    pub(super) metrics: HandlerMetrics,
}

impl Default for Status {
    fn default() -> Self {
        let board = Board {
            began: Instant::now(),
            metrics: Metrics::default(),
            about: OnceLock::new(),
            handlers: OnceLock::new(),
            partitions: Mutex::default(),
            source: OnceLock::new(),
            sink: OnceLock::new(),
            busy: Moment::default(),
            assigned: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
            failed: OnceLock::new(),
            switched: AtomicBool::new(false),
            runtime: AtomicWaker::new(),
        };
        Self { finished: broadcast::channel(1024).0, board: Arc::new(board) }
    }
}

impl Status {
    /// Every request that ends from now on. A watcher that is 1 024 behind misses the oldest.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Finished> {
        self.finished.subscribe()
    }

    /// Which connector this is; `None` before it is built.
    #[must_use]
    pub fn about(&self) -> Option<&About> {
        self.board.about.get()
    }

    /// The handlers, by topic.
    #[must_use]
    pub fn handlers(&self) -> Vec<HandlerView> {
        let view = |handler: &HandlerStatus| HandlerView {
            name: handler.name,
            paused: handler.paused.load(Ordering::Relaxed),
            in_flight: u64::try_from(handler.metrics.in_flight.get()).unwrap_or(0),
        };
        self.handler_statuses().iter().map(view).collect()
    }

    /// Reads nothing more for a handler until it is resumed, or the connector is started again. What
    /// has been read is finished; what has not waits in Kafka, and no other handler for it.
    ///
    /// # Errors
    /// There is no such handler.
    pub fn pause(&self, handler: &str) -> Result<(), UnknownHandler> {
        self.switch(handler, true)
    }

    /// Reads for a handler again.
    ///
    /// # Errors
    /// There is no such handler.
    pub fn resume(&self, handler: &str) -> Result<(), UnknownHandler> {
        self.switch(handler, false)
    }

    fn switch(&self, name: &str, paused: bool) -> Result<(), UnknownHandler> {
        let handlers = self.handler_statuses();
        let Some(handler) = handlers.iter().find(|handler| handler.name == name) else {
            let known: Vec<&str> = handlers.iter().map(|handler| handler.name).collect();
            return Err(UnknownHandler { name: name.to_owned(), known: known.join("`, `") });
        };
        if handler.paused.swap(paused, Ordering::Relaxed) != paused {
            let word = if paused { "paused" } else { "resumed" };
            tracing::info!(handler = handler.name, "handler {word}");
            self.board.switched.store(true, Ordering::Release);
            self.board.runtime.wake();
        }
        Ok(())
    }

    /// The partitions that the connector has, by name.
    #[must_use]
    pub fn partitions(&self) -> Vec<PartitionView> {
        let source = self.board.source.get();
        let view = |one: &Arc<PartitionStatus>| {
            let ends = source.and_then(|source| source.ends(&one.topic, one.partition));
            let position = one.position().or(ends.map(|ends| ends.begin));
            let lag = position.zip(ends).map(|(position, ends)| (ends.end - position).max(0));
            let held = source.and_then(|source| source.held(&one.topic, one.partition));
            let handler = one.handler.and_then(|index| self.handler(index));
            PartitionView {
                topic: Arc::clone(&one.topic),
                partition: one.partition,
                handler: handler.map(|handler| handler.name),
                position,
                lag,
                unfinished: one.unfinished(),
                oldest: one.oldest(),
                hold: held.map(Hold::Source).or_else(|| one.held()),
            }
        };
        let mut all: Vec<PartitionView> = self.partition_statuses().iter().map(view).collect();
        all.sort_by(|a, b| (&a.topic, a.partition).cmp(&(&b.topic, b.partition)));
        all
    }

    /// What the client that reads and the one that writes know of themselves; `None` for a broker that
    /// has no such client, as the one in memory.
    #[must_use]
    pub fn clients(&self) -> (Option<ClientView>, Option<ClientView>) {
        let view = |client: &OnceLock<Arc<dyn Insight>>| client.get().map(|one| one.client());
        (view(&self.board.source), view(&self.board.sink))
    }

    /// Learns which handlers there are; a second time changes nothing.
    pub(crate) fn attend(&self, plan: &Plan) {
        self.board
            .about
            .get_or_init(|| About { name: plan.group.clone(), version: plan.registry.version() });
        self.board.handlers.get_or_init(|| {
            let handler = |route: &Arc<crate::handler::registry::Route>| {
                let retry = plan.retry.with_attempts(route.policy.attempts);
                let timeout = route.policy.timeout;
                HandlerStatus {
                    name: route.name(),
                    timeout,
                    allowed: if retry.attempts > 1 { retry.budget } else { timeout },
                    paused: AtomicBool::new(false),
                    metrics: self.board.metrics.handler(route.name(), &route.handler.codes),
                }
            };
            plan.registry.routes().map(handler).collect()
        });
    }

    /// It was told to stop: from now on it is not ready.
    pub(crate) fn stopping(&self) {
        self.board.stopping.store(true, Ordering::Relaxed);
    }

    /// Learns whom to ask about the clients.
    pub(super) fn insight(&self, source: Option<Arc<dyn Insight>>, sink: Option<Arc<dyn Insight>>) {
        if let Some(source) = source {
            let _ = self.board.source.set(source);
        }
        if let Some(sink) = sink {
            let _ = self.board.sink.set(sink);
        }
    }

    /// Notes when the runtime has a thread and when it gives it back, poll for poll.
    pub(super) async fn observed<T>(&self, run: impl Future<Output = T>) -> T {
        let Board { began, busy, .. } = &*self.board;
        let mut run = pin!(run);
        poll_fn(|context| {
            busy.set(*began, Some(Instant::now()));
            let polled = run.as_mut().poll(context);
            busy.set(*began, None);
            polled
        })
        .await
    }

    /// Comes back when a handler was paused or resumed. Dropping the future loses nothing.
    pub(super) fn switched(&self) -> impl Future<Output = ()> {
        let Board { switched, runtime, .. } = &*self.board;
        poll_fn(|context| {
            runtime.register(context.waker());
            if switched.swap(false, Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
        })
    }

    /// The books of a new assignment.
    pub(super) fn assigned(&self, of: &Assignment, handler: Option<usize>) -> Arc<PartitionStatus> {
        let Assignment { epoch, topic, partition, .. } = of;
        let began = self.board.began;
        let one = Arc::new(PartitionStatus::new(Arc::clone(topic), *partition, handler, began));
        self.locked().insert(*epoch, Arc::clone(&one));
        one
    }

    /// An assignment has ended.
    pub(super) fn ended(&self, epoch: Epoch) {
        self.locked().remove(&epoch);
    }

    /// The group has said what this member gets, be it nothing.
    pub(super) fn joined(&self) {
        self.board.assigned.store(true, Ordering::Relaxed);
    }

    /// It cannot go on.
    pub(super) fn failed(&self, reason: &str) {
        let _ = self.board.failed.set(reason.to_owned());
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.board.metrics
    }

    pub(super) fn handler(&self, index: usize) -> Option<&HandlerStatus> {
        self.handler_statuses().get(index)
    }

    fn handler_statuses(&self) -> &[HandlerStatus] {
        self.board.handlers.get().map_or(&[], Vec::as_slice)
    }

    fn partition_statuses(&self) -> Vec<Arc<PartitionStatus>> {
        self.locked().values().cloned().collect()
    }

    fn locked(&self) -> MutexGuard<'_, BTreeMap<Epoch, Arc<PartitionStatus>>> {
        self.board.partitions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request has got its last word: counts it, and tells the watchers, which costs nothing while
    /// there is none.
    pub(super) fn finished(
        &self,
        handler: usize,
        end: End,
        finished: impl FnOnce(End) -> Finished,
    ) {
        if let Some(handler) = self.handler(handler) {
            handler.metrics.ended(&end);
        }
        if self.finished.receiver_count() > 0 {
            // The last watcher may just have gone.
            let _ = self.finished.send(finished(end));
        }
    }
}

impl HandlerStatus {
    pub(super) fn is_paused(&self) -> bool {
        self.paused.load(Ordering::Relaxed)
    }
}
