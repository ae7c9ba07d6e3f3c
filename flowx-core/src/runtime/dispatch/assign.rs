//! Assignments: what the source has to say, from the first record of a partition to its last.

use tokio::time::Instant;

use super::super::drain::{Phase, Revocation};
use super::super::partition::Partition;
use super::super::port::{Assignment, Epoch, Position, Sink, Source, SourceEvent};
use super::{COMMIT_INTERVAL, Dispatch};

impl<S: Source, K: Sink> Dispatch<S, K> {
    pub(super) fn heard(&mut self, event: SourceEvent) {
        match event {
            SourceEvent::Readable => {
                self.queue_all();
            }
            SourceEvent::Assigned(assignments) => {
                self.status.joined();
                self.status.metrics().assigned.inc();
                assignments.into_iter().for_each(|a| self.assigned(a))
            }
            SourceEvent::Revoking { epochs, done } => {
                self.status.metrics().revoked.inc();
                let deadline = Instant::now() + self.plan.drain;
                for epoch in &epochs {
                    if let Some(partition) = self.partitions.get_mut(epoch) {
                        partition.close(deadline);
                    }
                }
                self.revocations.push(Revocation::new(epochs, deadline, done));
            }
            SourceEvent::Lost(epochs) => {
                self.status.metrics().lost.inc();
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
                self.status.failed(&reason);
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
        let status = self.status.assigned(&assignment, route.as_ref().map(|route| route.index));
        let mut partition = Partition::new(assignment, route, status);
        if let Phase::Draining { deadline } = self.phase {
            partition.close(deadline);
        }
        self.partitions.insert(epoch, partition);
        self.queue(epoch);
    }

    fn commit_failed(&mut self, positions: &[Position], reason: &str) {
        self.status.metrics().commit_failures.inc();
        for Position { epoch, next } in positions {
            if let Some(partition) = self.partitions.get_mut(epoch) {
                partition.commit_failed();
                let Assignment { topic, partition, .. } = &partition.assignment;
                tracing::warn!(%topic, partition, offset = next, reason, "commit failed, asked for again");
                self.commit_at.get_or_insert(Instant::now() + COMMIT_INTERVAL);
            }
        }
    }

    /// Gives back the partitions whose requests are finished, or whose time is up; whether any were.
    pub(super) fn finish_revocations(&mut self, now: Instant) -> bool {
        let (over, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.revocations).into_iter().partition(|revocation| {
                revocation.deadline <= now || revocation.epochs.iter().all(|e| self.is_idle(*e))
            });
        self.revocations = waiting;
        let are_some_over = !over.is_empty();
        self.give_back(over);
        are_some_over
    }

    pub(super) fn give_back(&mut self, revocations: Vec<Revocation>) {
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
        self.status.ended(epoch);
        self.partitions.remove(&epoch)
    }

    fn is_idle(&self, epoch: Epoch) -> bool {
        self.partitions.get(&epoch).is_none_or(Partition::is_idle)
    }

    pub(super) fn drain(&mut self) {
        self.status.stopping();
        let deadline = Instant::now() + self.plan.drain;
        self.phase = Phase::Draining { deadline };
        tracing::info!(in_flight = self.running.len(), "stopping: nothing more is read");
        self.partitions.values_mut().for_each(|partition| partition.close(deadline));
    }
}
