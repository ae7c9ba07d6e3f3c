//! The one task that every record passes: reads, starts handlers, posts answers, commits.

use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::answers::{self, Answer};
use super::attempt::{Job, settle};
use super::drain::{Phase, Revocation};
use super::lines;
use super::outbox::{Outbox, Parcel, Receipt};
use super::partition::Partition;
use super::plan::Plan;
use super::port::{Assignment, Delivery, Epoch, Position, Sink, Source, SourceEvent};
use super::status::{End, Finished, Status};
use super::verdict::{Refusal, Verdict};
use crate::message::envelope::Envelope;
use crate::message::identity::RequestId;
use crate::message::record::Record;

/// How long a finished offset waits for the commit that covers it.
const COMMIT_INTERVAL: Duration = Duration::from_secs(1);

/// Records read in one go before events and deliveries have their turn.
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
    let mut dispatch = Dispatch {
        source,
        sink,
        plan,
        status,
        phase: Phase::Consuming,
        partitions: HashMap::new(),
        readable: VecDeque::new(),
        running: FuturesUnordered::new(),
        outbox: Outbox::default(),
        revocations: Vec::new(),
        commit_at: None,
        failed: None,
    };
    dispatch.run(stop).await;
    dispatch.close().await
}

type Running = Pin<Box<dyn Future<Output = (Job, Verdict)> + Send>>;

struct Dispatch<S, K> {
    source: S,
    sink: K,
    plan: Arc<Plan>,
    status: Status,
    phase: Phase,
    partitions: HashMap<Epoch, Partition>,
    /// Partitions that may have a record to read, each once.
    readable: VecDeque<Epoch>,
    running: FuturesUnordered<Running>,
    outbox: Outbox,
    revocations: Vec<Revocation>,
    /// When the positions that have moved are committed.
    commit_at: Option<Instant>,
    failed: Option<String>,
}

impl<S: Source, K: Sink> Dispatch<S, K> {
    async fn run(&mut self, stop: CancellationToken) {
        while !self.is_over() {
            let more_to_read = self.read();
            // After the reading: what that has finished has to be committed in time.
            let alarm = self.alarm();
            // The source of this branch differs by phase, its futures do not: all are cancel-safe.
            tokio::select! {
                delivery = self.sink.delivered() => self.delivered(delivery),
                Some((job, verdict)) = self.running.next() => self.settled(job, verdict, true),
                event = self.source.event(), if self.failed.is_none() => self.heard(event),
                () = stop.cancelled(), if self.phase == Phase::Consuming => self.drain(),
                () = sleep_until(alarm.unwrap_or_else(Instant::now)), if alarm.is_some() => {
                    self.alarmed(Instant::now());
                }
                () = std::future::ready(()), if more_to_read => {}
            }
            self.finish_revocations(Instant::now());
        }
    }

    /// Reads what the bounds allow; whether there may be more to read at once.
    fn read(&mut self) -> bool {
        for _ in 0..BATCH {
            if !self.has_room() {
                return false;
            }
            let Some(epoch) = self.readable.pop_front() else { return false };
            let Some(partition) = self.partitions.get_mut(&epoch) else { continue };
            partition.queued = false;
            if !partition.may_read() || self.outbox.is_jammed(epoch) {
                continue;
            }
            if let Some(record) = self.source.take(epoch) {
                self.start(epoch, record);
                self.queue(epoch);
            }
        }
        true
    }

    fn has_room(&self) -> bool {
        self.running.len() < self.plan.bounds.running && self.outbox.has_room(&self.plan.bounds)
    }

    /// Puts a partition in line for reading.
    fn queue(&mut self, epoch: Epoch) {
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            if partition.may_read() && !partition.queued && !self.outbox.is_jammed(epoch) {
                partition.queued = true;
                self.readable.push_back(epoch);
            }
        }
    }

    /// Calls the handler. One that is ready at once is settled in place; others run on their own.
    fn start(&mut self, epoch: Epoch, record: Record) {
        let Some(partition) = self.partitions.get_mut(&epoch) else { return };
        let sequence = partition.deliver(record.at.offset);
        let Some(route) = partition.route.clone() else {
            tracing::warn!(at = %record.at, "no handler reads this topic; the record is passed over");
            return self.complete(epoch, sequence);
        };
        let id = RequestId::of(&record.at, route.name());
        let envelope = Envelope::read(record);
        let job = Job { epoch, sequence, route, id, envelope, attempts: 0 };
        let mut running: Running =
            Box::pin(settle(job, Arc::clone(&self.plan), partition.scope.clone()));
        match (&mut running).now_or_never() {
            Some((job, verdict)) => self.settled(job, verdict, false),
            None => {
                partition.busy = true;
                self.running.push(running);
            }
        }
    }

    /// Posts what a verdict demands.
    fn settled(&mut self, job: Job, verdict: Verdict, was_busy: bool) {
        let epoch = job.epoch;
        if was_busy {
            if let Some(partition) = self.partitions.get_mut(&epoch) {
                partition.busy = false;
            }
        }
        // After the end of its assignment a word changes nothing: the next owner answers.
        if self.partitions.contains_key(&epoch) {
            match verdict {
                Verdict::Abandoned => self.abandon(epoch),
                Verdict::Nothing => self.finish(&job, End::Nothing),
                Verdict::Replied(json) => match answers::reply(&job, &self.plan, json) {
                    Some(reply) => self.post(job, reply),
                    None => self.finish(&job, End::Nothing),
                },
                Verdict::Refused(refusal) => {
                    lines::refused(&job, &refusal);
                    let answer = answers::refusal(&job, &self.plan, refusal);
                    self.post(job, answer);
                }
            }
        }
        self.queue(epoch);
    }

    fn post(&mut self, job: Job, answer: (Answer, crate::message::record::Outbound)) {
        let receipt = self.outbox.post(&mut self.sink, job, answer);
        self.received(receipt);
    }

    fn delivered(&mut self, delivery: Delivery) {
        let receipt = self.outbox.delivered(delivery);
        self.received(receipt);
        self.send_again();
    }

    fn send_again(&mut self) {
        for receipt in self.outbox.send_again(&mut self.sink, Instant::now()) {
            self.received(Some(receipt));
        }
    }

    /// What follows a receipt: the next record of the request, or its end.
    fn received(&mut self, receipt: Option<Receipt>) {
        let Some(Receipt::Acknowledged(parcel) | Receipt::Rejected(parcel, _)) = &receipt else {
            return;
        };
        // After the end of its assignment an answer leads to nothing: the next owner does it all.
        if !self.partitions.contains_key(&parcel.job.epoch) {
            return;
        }
        match receipt {
            None => {}
            Some(Receipt::Acknowledged(Parcel { job, answer, .. })) => match answer {
                Answer::Reply => self.finish(&job, End::Replied),
                Answer::ErrorReply(refusal) if refusal.class.is_put_aside() => {
                    let next = answers::dead_letter(&job, &self.plan, refusal, true);
                    self.post(job, next);
                }
                Answer::ErrorReply(refusal) => self.finish(&job, refused(&refusal, true, false)),
                Answer::DeadLetter { refusal, replied } | Answer::Pointer { refusal, replied } => {
                    self.finish(&job, refused(&refusal, replied, true));
                }
            },
            Some(Receipt::Rejected(parcel, reason)) => {
                lines::rejected(&parcel, &reason);
                let Parcel { job, answer, .. } = parcel;
                let next = answers::instead(&job, &self.plan, answer, &reason);
                self.post(job, next);
            }
        }
    }

    fn finish(&mut self, job: &Job, end: End) {
        self.complete(job.epoch, job.sequence);
        self.queue(job.epoch);
        self.status.finished(|| Finished {
            at: job.envelope.record().at.clone(),
            handler: job.route.name().to_owned(),
            attempts: job.attempts,
            end,
        });
    }

    fn complete(&mut self, epoch: Epoch, sequence: super::tracker::Sequence) {
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            partition.complete(sequence);
            if partition.has_moved() && self.commit_at.is_none() {
                self.commit_at = Some(Instant::now() + COMMIT_INTERVAL);
            }
        }
    }

    fn abandon(&mut self, epoch: Epoch) {
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            partition.abandon();
            // What is behind an abandoned record must not overtake it.
            partition.close();
        }
    }

    fn heard(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::Readable => {
                let all: Vec<Epoch> = self.partitions.keys().copied().collect();
                all.into_iter().for_each(|epoch| self.queue(epoch));
            }
            SourceEvent::Assigned(assignments) => {
                assignments.into_iter().for_each(|a| self.assigned(a))
            }
            SourceEvent::Revoking { epochs, done } => {
                for epoch in &epochs {
                    if let Some(partition) = self.partitions.get_mut(epoch) {
                        partition.close();
                    }
                }
                let deadline = Instant::now() + self.plan.drain;
                self.revocations.push(Revocation::new(epochs, deadline, done));
            }
            SourceEvent::Lost(epochs) => {
                for epoch in epochs {
                    if let Some(partition) = self.end(epoch) {
                        let Assignment { topic, partition, .. } = &partition.assignment;
                        tracing::warn!(%topic, partition, "partition lost to another member");
                    }
                }
            }
            SourceEvent::Committed(positions) => {
                for Position { epoch, next } in positions {
                    if let Some(partition) = self.partitions.get(&epoch) {
                        let Assignment { topic, partition, .. } = &partition.assignment;
                        tracing::debug!(%topic, partition, offset = next, "committed");
                    }
                }
            }
            SourceEvent::CommitFailed { positions, reason } => {
                self.commit_failed(&positions, &reason)
            }
            SourceEvent::Trouble(what) => tracing::warn!("{what}"),
            SourceEvent::Failed(reason) => {
                tracing::error!(%reason, "the connector cannot read any further and stops");
                self.failed = Some(reason);
                self.drain();
            }
        }
    }

    fn assigned(&mut self, assignment: Assignment) {
        let route = self.plan.registry.route(&assignment.topic);
        tracing::info!(
            topic = %assignment.topic,
            partition = assignment.partition,
            handler = route.as_ref().map(|route| route.name()),
            "partition assigned"
        );
        let epoch = assignment.epoch;
        let mut partition = Partition::new(assignment, route);
        if self.phase != Phase::Consuming {
            partition.close();
        }
        self.partitions.insert(epoch, partition);
        self.queue(epoch);
    }

    fn commit_failed(&mut self, positions: &[Position], reason: &str) {
        for Position { epoch, next } in positions {
            if let Some(partition) = self.partitions.get_mut(epoch) {
                partition.commit_failed();
                let Assignment { topic, partition, .. } = &partition.assignment;
                tracing::warn!(%topic, partition, offset = next, reason, "commit failed, asked for again");
                self.commit_at.get_or_insert(Instant::now() + COMMIT_INTERVAL);
            }
        }
    }

    fn alarm(&self) -> Option<Instant> {
        let drain = match self.phase {
            Phase::Consuming => None,
            Phase::Draining { deadline } => Some(deadline),
        };
        let revocations = self.revocations.iter().map(|revocation| revocation.deadline);
        revocations.chain(self.outbox.next_try()).chain(self.commit_at).chain(drain).min()
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
        self.send_again();
    }

    /// Gives back the partitions whose requests are finished, or whose time is up.
    fn finish_revocations(&mut self, now: Instant) {
        let (over, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.revocations).into_iter().partition(|revocation| {
                revocation.deadline <= now || revocation.epochs.iter().all(|e| self.is_idle(*e))
            });
        self.revocations = waiting;
        self.give_back(over);
    }

    fn give_back(&mut self, revocations: Vec<Revocation>) {
        for revocation in revocations {
            let ended: Vec<Partition> =
                revocation.epochs.iter().filter_map(|epoch| self.end(*epoch)).collect();
            for Partition { assignment: Assignment { topic, partition, .. }, .. } in &ended {
                tracing::info!(%topic, partition, "partition given back");
            }
            revocation.finish(ended.iter().filter_map(Partition::position).collect());
        }
    }

    /// Ends an assignment; nothing of it is sent from now on.
    fn end(&mut self, epoch: Epoch) -> Option<Partition> {
        self.outbox.forget(epoch);
        self.partitions.remove(&epoch)
    }

    fn is_idle(&self, epoch: Epoch) -> bool {
        self.partitions.get(&epoch).is_none_or(Partition::is_idle)
    }

    fn drain(&mut self) {
        let deadline = Instant::now() + self.plan.drain;
        self.phase = Phase::Draining { deadline };
        tracing::info!(in_flight = self.running.len(), "stopping: nothing more is read");
        self.partitions.values_mut().for_each(Partition::close);
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

fn refused(refusal: &Refusal, replied: bool, dead_letter: bool) -> End {
    let reason = refusal.class.reason();
    End::Refused { code: refusal.code.clone(), reason, replied, dead_letter }
}
