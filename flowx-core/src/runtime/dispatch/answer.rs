//! Answers: from the word on a request to its end, once all of it is written.

use std::sync::Arc;

use tokio::time::Instant;

use super::super::answers::{self, Answer};
use super::super::job::{Job, Lane};
use super::super::lines;
use super::super::outbox::{Parcel, Receipt};
use super::super::port::{Delivery, Epoch, Sink, Source};
use super::super::status::{End, Finished};
use super::super::tracker::Sequence;
use super::super::verdict::{Refusal, Verdict};
use super::{BATCH, COMMIT_INTERVAL, Dispatch};
use crate::message::record::Outbound;

impl<S: Source, K: Sink> Dispatch<S, K> {
    /// A handler that took its time has had the last word on its request.
    pub(super) fn settled(&mut self, job: Arc<Job>, verdict: Verdict) {
        if let Some(next) = self.word(job, verdict) {
            self.start(next);
        }
    }

    /// Posts what a verdict demands; returns the request that has waited for this one, if any.
    pub(super) fn word(&mut self, job: Arc<Job>, verdict: Verdict) -> Option<Arc<Job>> {
        let (epoch, lane) = (job.epoch, job.lane);
        self.at_work_bytes -= job.size();
        self.relieve(job.route.index);
        self.count(&job);
        // After the end of its assignment a word changes nothing: the next owner answers.
        self.partitions.get_mut(&epoch)?.answered(job.sequence);
        self.weigh(&job, &verdict);
        match verdict {
            Verdict::Abandoned => self.abandon(epoch, lane),
            Verdict::Nothing => self.finish(&job, End::Nothing),
            Verdict::Replied(json) => match answers::reply(&job, &self.plan, json) {
                Some(reply) => self.post(job, reply),
                None => self.finish(&job, End::Nothing),
            },
            Verdict::Refused(refusal) => {
                let answer = answers::failure(&job, &self.plan, refusal, self.clock.now());
                lines::failed(&job, &answer);
                self.post(job, answer);
            }
        }
        // What waits in lanes could answer many times more than may be unacknowledged.
        if lane.is_some() && !self.outbox.has_room(&self.plan.bounds) {
            self.stalled.push_back((epoch, lane));
            return None;
        }
        let next = self.partitions.get_mut(&epoch).and_then(|p| p.lanes.leave(lane));
        self.queue(epoch);
        next
    }

    /// Starts what has waited for room for its answer; whether there may be more to start at once.
    pub(super) fn start_stalled(&mut self) -> bool {
        for _ in 0..BATCH {
            if !self.outbox.has_room(&self.plan.bounds) {
                return false;
            }
            let Some((epoch, lane)) = self.stalled.pop_front() else { return false };
            let next = self.partitions.get_mut(&epoch).and_then(|p| p.lanes.leave(lane));
            self.queue(epoch);
            if let Some(next) = next {
                self.start(next);
            }
        }
        true
    }

    fn post(&mut self, job: Arc<Job>, answer: (Answer, Outbound)) {
        if let Some(receipt) = self.outbox.post(&mut self.sink, job, answer) {
            self.received(receipt);
        }
    }

    pub(super) fn delivered(&mut self, delivery: Delivery) {
        if let Some(receipt) = self.outbox.delivered(delivery) {
            self.received(receipt);
        }
        self.send_again();
    }

    pub(super) fn send_again(&mut self) {
        for receipt in self.outbox.send_again(&mut self.sink, Instant::now()) {
            self.received(receipt);
        }
    }

    /// What follows a receipt: the next record of the request, or its end.
    fn received(&mut self, receipt: Receipt) {
        let (Receipt::Acknowledged(parcel) | Receipt::Rejected(parcel, _)) = &receipt;
        // After the end of its assignment an answer leads to nothing: the next owner does it all.
        if !self.partitions.contains_key(&parcel.job.epoch) {
            return;
        }
        match receipt {
            Receipt::Acknowledged(parcel) => {
                let Parcel { job, answer, .. } = *parcel;
                self.acknowledged(job, answer);
            }
            Receipt::Rejected(parcel, reason) => {
                lines::rejected(&parcel, &reason);
                let Parcel { job, answer, .. } = *parcel;
                if let Answer::Retry(refusal) = &answer {
                    lines::refused(&job, refusal);
                }
                let next = answers::instead(&job, &self.plan, answer, &reason, self.clock.now());
                self.post(job, next);
            }
        }
    }

    fn acknowledged(&mut self, job: Arc<Job>, answer: Answer) {
        match answer {
            Answer::Reply => self.finish(&job, End::Replied),
            // Its last word is yet to come, from whoever reads the retry topic.
            Answer::Retry(_) => {
                if let Some(handler) = self.status.handler(job.route.index) {
                    handler.metrics.retries_later.inc();
                }
                self.complete(job.epoch, job.sequence);
                self.queue(job.epoch);
            }
            Answer::ErrorReply(refusal) if self.plan.puts_aside(refusal.class) => {
                let next = answers::dead_letter(&job, &self.plan, refusal, true, self.clock.now());
                self.post(job, next);
            }
            Answer::ErrorReply(refusal) => self.finish(&job, refused(&refusal, true, false)),
            Answer::DeadLetter { refusal, replied } | Answer::Pointer { refusal, replied } => {
                self.finish(&job, refused(&refusal, replied, true));
            }
        }
    }

    fn finish(&mut self, job: &Job, end: End) {
        self.complete(job.epoch, job.sequence);
        self.queue(job.epoch);
        self.status.finished(job.route.index, end, |end| Finished {
            at: job.envelope.record().at.clone(),
            handler: job.route.name().to_owned(),
            attempts: job.attempts,
            end,
        });
    }

    /// Counts what a request took of its handler.
    fn count(&self, job: &Job) {
        let Some(handler) = self.status.handler(job.route.index) else { return };
        handler.metrics.in_flight.dec();
        handler.metrics.duration.observe(job.begun.elapsed().as_secs_f64());
        let made = job.attempts.saturating_sub(job.earlier);
        if made > 1 {
            handler.metrics.retries_in_place.inc_by(u64::from(made - 1));
        }
    }

    pub(super) fn complete(&mut self, epoch: Epoch, sequence: Sequence) {
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            partition.complete(sequence);
            if partition.has_moved() && self.commit_at.is_none() {
                self.commit_at = Some(Instant::now() + COMMIT_INTERVAL);
            }
        }
    }

    fn abandon(&mut self, epoch: Epoch, lane: Lane) {
        if let Some(partition) = self.partitions.get_mut(&epoch) {
            partition.abandon(lane);
        }
    }
}

fn refused(refusal: &Refusal, replied: bool, dead_letter: bool) -> End {
    let reason = refusal.class.reason();
    End::Refused { code: refusal.code.clone(), reason, replied, dead_letter }
}
