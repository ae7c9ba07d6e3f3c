//! Intake: reads what the bounds allow and starts handlers.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::delayed::{Arrival, Early, arrival};
use super::super::job::Job;
use super::super::lane::Lanes;
use super::super::port::{Epoch, Sink, Source};
use super::super::settle::{self, Begun};
use super::super::status::{HandlerStatus, Hold};
use super::{BATCH, Dispatch};
use crate::handler::registry::Route;
use crate::message::envelope::Envelope;
use crate::message::record::Record;

/// How busy a handler is.
#[derive(Debug, Default)]
pub(super) struct Load {
    running: usize,
    /// Partitions that wait until it is less busy.
    waiting: Vec<Epoch>,
}

impl<S: Source, K: Sink> Dispatch<S, K> {
    /// Reads what the bounds allow, one partition after another as far as there is something to read:
    /// what comes together goes out together, in fewer and larger requests to the brokers. Whether there
    /// may be more to read at once.
    pub(super) fn read(&mut self) -> bool {
        let mut reading = None;
        let may_go_on = self.read_on(&mut reading);
        if reading.is_some() && reading == self.readable.front().copied() {
            // Whatever ended its turn, the next one is another's.
            self.readable.rotate_left(1);
        }
        may_go_on
    }

    /// The same; says which partition was read last.
    fn read_on(&mut self, reading: &mut Option<Epoch>) -> bool {
        for _ in 0..BATCH {
            let bounds = &self.plan.bounds;
            if !self.outbox.has_room(bounds) || self.at_work_bytes >= bounds.at_work_bytes {
                return false;
            }
            let Some(epoch) = self.readable.pop_front() else { return false };
            let Some(partition) = self.partitions.get_mut(&epoch) else { continue };
            partition.queued = false;
            if !self.may_read(epoch) {
                continue;
            }
            let Some(partition) = self.partitions.get_mut(&epoch) else { continue };
            if let Some(route) = &partition.route {
                let load = &mut self.loads[route.index];
                if load.running >= route.policy.concurrency {
                    partition.queued = true;
                    if reading.take() == Some(epoch) {
                        // Whoever has not had a turn waits before it.
                        self.readable.push_back(epoch);
                    } else {
                        load.waiting.push(epoch);
                    }
                    continue;
                }
            }
            if let Some(Early { arrival, .. }) = partition.early.take() {
                self.begin(epoch, arrival);
            } else if let Some(record) = self.source.take(epoch) {
                self.take_in(epoch, record);
            } else {
                continue;
            }
            // Whether the next one may be read is asked when its turn comes.
            if let Some(partition) = self.partitions.get_mut(&epoch).filter(|one| !one.queued) {
                partition.queued = true;
                self.readable.push_front(epoch);
                *reading = Some(epoch);
            }
        }
        true
    }

    /// Puts a partition in line for reading.
    pub(super) fn queue(&mut self, epoch: Epoch) {
        if self.partitions.get(&epoch).is_none_or(|one| one.queued) || !self.may_read(epoch) {
            return;
        }
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            partition.queued = true;
            self.readable.push_back(epoch);
        }
    }

    /// Puts all partitions in line that may be read.
    pub(super) fn queue_all(&mut self) {
        let all: Vec<Epoch> = self.partitions.keys().copied().collect();
        all.into_iter().for_each(|epoch| self.queue(epoch));
    }

    /// Whether the next record of a partition may be read; says where others look why not.
    fn may_read(&self, epoch: Epoch) -> bool {
        let Some(partition) = self.partitions.get(&epoch) else { return false };
        let is_paused = |route: &Arc<Route>| {
            self.status.handler(route.index).is_some_and(HandlerStatus::is_paused)
        };
        let mut hold = partition.hold(&self.plan.bounds);
        if hold.is_none() && partition.route.as_ref().is_some_and(is_paused) {
            hold = Some(Hold::HandlerPaused);
        } else if hold.is_none() && self.outbox.is_jammed(epoch) {
            hold = Some(Hold::Answers);
        }
        partition.status().hold(hold.as_ref());
        hold.is_none()
    }

    fn take_in(&mut self, epoch: Epoch, record: Record) {
        let Some(partition) = self.partitions.get_mut(&epoch) else { return };
        let offset = record.at.offset;
        let Some(route) = &partition.route else {
            let sequence = partition.deliver(offset, self.now);
            tracing::warn!(at = %record.at, "no handler reads this topic; the record is passed over");
            return self.complete(epoch, sequence);
        };
        let (retry, group) = (partition.retry.as_mut(), self.plan.group.as_str());
        match arrival(record, route, retry, group, self.clock.now()) {
            None => {
                let sequence = partition.deliver(offset, self.now);
                self.complete(epoch, sequence);
            }
            Some((arrival, wait)) if wait.is_zero() => self.begin(epoch, arrival),
            Some((arrival, wait)) => {
                let due = Instant::now() + wait;
                partition.early = Some(Early { arrival, due });
                self.early.add(due, epoch);
            }
        }
    }

    fn begin(&mut self, epoch: Epoch, arrival: Arrival) {
        let Some(partition) = self.partitions.get_mut(&epoch) else { return };
        let Some(route) = partition.route.clone() else { return };
        let Arrival { offset, record, id, earlier } = arrival;
        let sequence = partition.admit(offset, self.now);
        let id = id.unwrap_or_else(|| {
            partition.place.id(record.at.offset, record.timestamp, route.name())
        });
        let envelope = Envelope::read(record);
        let lane = Lanes::of(route.policy.order, &envelope);
        // From a retry topic only the next one leads on, whatever the record says of itself.
        let retry_topics = partition.retry.as_ref().map_or(0, |retry| retry.index + 1);
        let job = Arc::new(Job {
            epoch,
            sequence,
            route,
            id,
            envelope,
            lane,
            begun: self.now,
            earlier,
            attempts: earlier,
            trace: None,
            retry_topics,
            process_ids: self.plan.process_ids,
        });
        if let Some(job) = partition.lanes.enter(job) {
            self.start(job);
        }
    }

    /// Calls the handler. One that is ready at once is settled in place; others run on their own.
    /// Those that waited for it follow, one after another: a loop, for the line may be long.
    pub(super) fn start(&mut self, job: Arc<Job>) {
        let mut next = Some(job);
        while let Some(mut job) = next.take() {
            let Some(partition) = self.partitions.get_mut(&job.epoch) else { return };
            let now = Instant::now();
            Arc::make_mut(&mut job).begun = now;
            let scope = partition.begin(job.sequence, now);
            if let Some(handler) = self.status.handler(job.route.index) {
                handler.metrics.in_flight.inc();
            }
            self.loads[job.route.index].running += 1;
            self.at_work_bytes += job.size();
            match settle::begin(job, &self.plan, &scope) {
                Begun::Settled(job, verdict) => next = self.word(job, verdict),
                Begun::Pending(running) => self.running.push(running),
            }
        }
    }

    /// A handler is done with a request: there is room for another one.
    pub(super) fn relieve(&mut self, index: usize) {
        let load = &mut self.loads[index];
        load.running -= 1;
        for epoch in std::mem::take(&mut load.waiting) {
            if let Some(partition) = self.partitions.get_mut(&epoch) {
                partition.queued = false;
                self.queue(epoch);
            }
        }
    }
}
