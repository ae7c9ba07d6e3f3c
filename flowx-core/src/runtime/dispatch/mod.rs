//! The one task that every record passes: reads, starts handlers, posts answers, commits.

mod answer;
mod assign;
mod hold;
mod intake;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::clock::Clock;
use super::drain::{Phase, Revocation};
use super::job::Lane;
use super::outbox::Outbox;
use super::partition::Partition;
use super::pauses::Pauses;
use super::plan::Plan;
use super::port::{Epoch, Position, Sink, Source};
use super::settle::Running;
use super::status::Status;

/// How long a finished offset waits for the commit that covers it.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// Records read, and answers worked off, in one go before others have their turn.
const BATCH: usize = 128;

/// How long the source may take for its last commit and its farewell.
const CLOSE_DEADLINE: Duration = Duration::from_secs(10);

/// Why a connector stopped although nobody asked it to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The source of records cannot go on.
    #[error("the connector cannot read any further: {0}")]
    Source(String),
    /// It stopped, but not in good order.
    #[error("stopped, but not in good order: {0}; unfinished requests are delivered again")]
    Close(String),
}

/// Runs the handlers of a plan between a source and a sink until `stop`.
///
/// On `stop` nothing more is read, what is in flight may finish until the plan's `drain` is over,
/// and what is finished is committed. What is not is delivered again to the next owner.
///
/// # Errors
/// The source failed, or could not be closed in good order.
pub async fn run<S: Source, K: Sink>(
    source: S,
    sink: K,
    plan: Arc<Plan>,
    status: Status,
    stop: CancellationToken,
) -> Result<(), RunError> {
    status.attend(&plan);
    status.insight(source.insight(), sink.insight());
    let loads = plan.registry.routes().map(|_| intake::Load::default()).collect();
    let mut dispatch = Dispatch {
        source,
        sink,
        plan,
        status: status.clone(),
        clock: Clock::start(),
        now: Instant::now(),
        phase: Phase::Consuming,
        partitions: BTreeMap::new(),
        readable: VecDeque::new(),
        stalled: VecDeque::new(),
        loads,
        running: FuturesUnordered::new(),
        at_work_bytes: 0,
        outbox: Outbox::default(),
        revocations: Vec::new(),
        early: Pauses::default(),
        holds: Pauses::default(),
        commit_at: None,
        failed: None,
    };
    status.observed(dispatch.run(stop)).await;
    dispatch.close().await
}

struct Dispatch<S, K> {
    source: S,
    sink: K,
    plan: Arc<Plan>,
    status: Status,
    clock: Clock,
    /// When this turn began: exact enough for the age of what is read in it.
    now: Instant,
    phase: Phase,
    partitions: BTreeMap<Epoch, Partition>,
    /// Partitions that may have a record to read, each once.
    readable: VecDeque<Epoch>,
    /// Lines whose next request waits until there is room for its answer.
    stalled: VecDeque<(Epoch, Lane)>,
    /// Partitions of retry topics whose next record is not due yet.
    early: Pauses,
    /// How busy each handler is, by its place in the registry.
    loads: Vec<intake::Load>,
    running: FuturesUnordered<Running>,
    /// Bytes of the requests that are with their handlers.
    at_work_bytes: usize,
    outbox: Outbox,
    revocations: Vec<Revocation>,
    /// When one request of a held partition is tried.
    holds: Pauses,
    /// When the positions that have moved are committed.
    commit_at: Option<Instant>,
    failed: Option<String>,
}

impl<S: Source, K: Sink> Dispatch<S, K> {
    async fn run(&mut self, stop: CancellationToken) {
        loop {
            self.now = Instant::now();
            // What is worked off makes room for what is read, not the other way round.
            self.catch_up();
            // What has waited in a lane has its turn before what would take its place at the handler.
            let more_to_read = self.start_stalled() || self.read();
            // After both: what they have finished may be given back, or has to be committed in time.
            // What is given back makes room as well.
            let has_room_again = self.finish_revocations(Instant::now());
            let goes_on = more_to_read || has_room_again;
            if self.is_over() {
                return;
            }
            if self.outbox.have_jams_changed() {
                self.queue_all();
            }
            self.outbox.measure(self.status.metrics());
            self.partitions.values_mut().for_each(Partition::tell);
            let alarm = self.alarm();
            // All of these are cancel-safe. The order is fixed, so that a run can be repeated: first
            // what is rare and must not wait for what comes all the time.
            tokio::select! {
                biased;
                () = stop.cancelled(), if self.phase == Phase::Consuming => self.drain(),
                () = self.status.switched() => self.queue_all(),
                event = self.source.event(), if self.failed.is_none() => self.heard(event),
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {
                    self.alarmed(Instant::now());
                }
                delivery = self.sink.delivered() => self.delivered(delivery),
                Some((job, verdict)) = self.running.next() => self.settled(job, verdict),
                // Others on this thread have their turn as well.
                () = tokio::task::yield_now(), if goes_on => {}
            }
        }
    }

    /// Works off deliveries and verdicts that are there already: neither may starve the other.
    fn catch_up(&mut self) {
        for _ in 0..BATCH {
            let Some(delivery) = self.sink.delivered().now_or_never() else { break };
            self.delivered(delivery);
        }
        for _ in 0..BATCH {
            let Some(Some((job, verdict))) = self.running.next().now_or_never() else { break };
            self.settled(job, verdict);
        }
    }

    fn alarm(&self) -> Option<Instant> {
        let drain = match self.phase {
            Phase::Consuming => None,
            Phase::Draining { deadline } => Some(deadline),
        };
        let revocations = self.revocations.iter().map(|revocation| revocation.deadline);
        let others = [self.outbox.next_try(), self.commit_at, drain];
        let pauses = [self.early.next(), self.holds.next()];
        revocations.chain(others.into_iter().chain(pauses).flatten()).min()
    }

    fn alarmed(&mut self, now: Instant) {
        if self.commit_at.is_some_and(|at| at <= now) {
            self.commit_at = None;
            let positions: Vec<Position> =
                self.partitions.values_mut().filter_map(Partition::position_to_commit).collect();
            if !positions.is_empty() {
                self.source.commit(positions);
            }
        }
        while let Some(epoch) = self.early.take(now) {
            self.queue(epoch);
        }
        self.try_held(now);
        self.send_again();
    }

    fn is_over(&self) -> bool {
        match self.phase {
            Phase::Consuming => false,
            Phase::Draining { deadline } => {
                deadline <= Instant::now() || self.partitions.values().all(Partition::is_idle)
            }
        }
    }

    async fn close(mut self) -> Result<(), RunError> {
        // The source waits for these before it can hear of the end.
        let waiting = std::mem::take(&mut self.revocations);
        self.give_back(waiting);
        let unfinished = self.partitions.values().filter(|partition| !partition.is_idle()).count();
        if unfinished > 0 {
            tracing::warn!(partitions = unfinished, "not everything was finished in time");
        }
        let positions = self.partitions.values().filter_map(Partition::position).collect();
        drop((self.partitions, self.running));
        let closed = self.source.close(positions, CLOSE_DEADLINE).await;
        match (self.failed, closed) {
            (Some(reason), _) => Err(RunError::Source(reason)),
            (None, Err(reason)) => Err(RunError::Close(reason)),
            (None, Ok(())) => Ok(()),
        }
    }
}
