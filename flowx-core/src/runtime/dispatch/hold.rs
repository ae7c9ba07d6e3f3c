//! Holds: partitions of which nothing is read for a while, because nearly everything in them fails.

use tokio::time::Instant;

use super::super::breaker::Change;
use super::super::job::Job;
use super::super::lines;
use super::super::port::{Sink, Source};
use super::super::verdict::Verdict;
use super::Dispatch;

impl<S: Source, K: Sink> Dispatch<S, K> {
    /// Counts the word on a request; holds its partition, or reads on, if that changes something.
    pub(super) fn weigh(&mut self, job: &Job, verdict: &Verdict) {
        let failure = match verdict {
            Verdict::Abandoned => return,
            Verdict::Replied(_) | Verdict::Nothing => None,
            Verdict::Refused(refusal) => refusal.class.is_failure().then_some(refusal),
        };
        let Some(partition) = self.partitions.get_mut(&job.epoch) else { return };
        let policy = &self.plan.breaker;
        let change = partition.breaker.word(policy, job.sequence, failure.is_some());
        let Some(change) = change else { return };
        let reason = failure.map(|refusal| refusal.class.reason());
        lines::held(&partition.assignment, change, reason, policy.pause);
        if change != Change::Released {
            self.holds.add(Instant::now() + policy.pause, job.epoch);
        }
    }

    /// Tries one request of each partition whose pause is over.
    pub(super) fn try_held(&mut self, now: Instant) {
        while let Some(epoch) = self.holds.take(now) {
            if let Some(partition) = self.partitions.get_mut(&epoch) {
                partition.breaker.try_one();
                self.queue(epoch);
            }
        }
    }
}
