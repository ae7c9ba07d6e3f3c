//! What the broker does for producers: takes, loses and writes their records, and says so.

use std::sync::Arc;

use super::agenda::{Happening, Way};
use super::answer::{Answer, Kind};
use super::bug::Bug;
use super::link::{Outstanding, Sent, way_of};
use super::trace::fingerprint;
use super::world::{Trouble, World};
use crate::message::headers::Headers;
use crate::message::record::Outbound;
use crate::runtime::port::{Delivery, SendError, Token};

impl World {
    /// A member hands a record over.
    pub(super) fn send(
        &mut self,
        member: usize,
        record: &Outbound,
        token: Token,
    ) -> Result<(), SendError> {
        // A pointer carries nothing of the record, so what it stands for tells its assignment.
        let rejected = |number| self.rejected_letters.get(&(member, number)).copied();
        let answer = match self.read_answer(record, rejected) {
            Ok(answer) => answer,
            Err(what) => {
                self.trace
                    .violated(format_args!("member {member} sends what is no answer: {what}"));
                return Ok(());
            }
        };
        let result = self.at_once();
        let Answer { number, assignment, .. } = answer;
        self.trace.line(format_args!(
            "member {member} sends {:?} to request {number} in {assignment}: {result:?}",
            answer.kind
        ));
        let twice = self.links[member].outstanding.iter().any(
            |(other, Outstanding { answer: sent, .. })| {
                *other == token
                    || (sent.number, sent.assignment, &sent.kind)
                        == (number, assignment, &answer.kind)
            },
        );
        if twice {
            self.trace.violated(format_args!("an answer to request {number} is under way already"));
        }
        let on_delivery = self.on_delivery();
        if !matches!((&result, &on_delivery), (Ok(()) | Err(SendError::Full), Ok(()))) {
            if let Some(assigned) = self.ledger.assignments.get_mut(&assignment) {
                assigned.troubled = true;
            }
        }
        if result.is_err() || on_delivery.is_err() {
            self.ledger.tally.sends_failed += 1;
        }
        let way = (&record.topic, token);
        self.ledger.sent(&mut self.trace, &answer, way, &result);
        self.judged(member, &answer, &result);
        result?;
        let bytes = record.payload.as_ref().map_or(0, Vec::len) + record.headers.size();
        let topic = Arc::clone(&record.topic);
        self.links[member].outstanding.insert(token, Outstanding { answer, topic, bytes });
        let is_reported = self.bug == Some(Bug::AcknowledgedBeforeWritten)
            && on_delivery.is_ok()
            && self.chance(64);
        if is_reported {
            self.links[member].report(Delivery { token, result: Ok(()) });
        }
        // What failed may be written nevertheless: only the word that it is got lost.
        let is_written = match &on_delivery {
            Ok(()) => true,
            Err(SendError::Failed(_)) => self.rng.bool(),
            Err(_) => false,
        };
        let way = way_of(record);
        let sent = Sent {
            token,
            outbound: record.clone(),
            assignment,
            result: on_delivery,
            is_written,
            has_arrived: false,
            is_reported,
        };
        self.links[member].ways.entry(way.clone()).or_default().push_back(sent);
        let after = self.rng.u64(..=self.trouble.latency);
        self.later(after, Happening::Write(member, way));
        Ok(())
    }

    /// Reads an answer; `pointed_to_in` tells the assignment of a pointer to a request.
    fn read_answer(
        &self,
        record: &Outbound,
        pointed_to_in: impl Fn(usize) -> Option<u64>,
    ) -> Result<Answer, String> {
        Answer::read(record, |at| self.by_place.get(at).copied(), pointed_to_in)
    }

    /// A member learns what became of an answer.
    fn judged(&mut self, member: usize, answer: &Answer, result: &Result<(), SendError>) {
        if answer.kind == Kind::DeadLetter && matches!(result, Err(SendError::Rejected(_))) {
            // What became of one in an earlier assignment is heard late, and followed by nothing.
            let latest = self.rejected_letters.entry((member, answer.number)).or_default();
            *latest = answer.assignment.max(*latest);
        }
    }

    /// What the producer says at once.
    fn at_once(&mut self) -> Result<(), SendError> {
        if self.chance(self.trouble.full) {
            return Err(SendError::Full);
        }
        self.on_delivery()
    }

    /// What becomes of a record on its way.
    fn on_delivery(&mut self) -> Result<(), SendError> {
        let Trouble { failed, rejected, .. } = self.trouble;
        if self.chance(failed / 2) {
            return Err(SendError::Failed("simulated".to_owned()));
        }
        if self.chance(rejected / 2) {
            return Err(SendError::Rejected("simulated".to_owned()));
        }
        Ok(())
    }

    /// The broker takes the oldest record of a way that it has not.
    pub(super) fn write(&mut self, member: usize, way: Way) {
        let swap = self.bug == Some(Bug::AnswersReordered) && self.chance(64);
        let Some(queue) = self.links[member].ways.get_mut(&way) else { return };
        let Some(first) = queue.iter().position(|sent| !sent.has_arrived) else { return };
        if swap && first + 1 < queue.len() {
            queue.swap(first, first + 1);
        }
        let sent = &mut queue[first];
        sent.has_arrived = true;
        if sent.is_written {
            let (outbound, assignment) = (sent.outbound.clone(), sent.assignment);
            self.written(member, assignment, outbound);
        }
        let after = self.rng.u64(..=self.trouble.latency);
        self.later(after, Happening::Acknowledge(member, way));
    }

    /// A record that was sent in an assignment stands in its topic.
    fn written(&mut self, member: usize, assignment: u64, mut outbound: Outbound) {
        if self.bug == Some(Bug::HeaderLost) && self.chance(24) {
            outbound.headers = without_first(&outbound.headers);
        }
        let Ok(answer) = self.read_answer(&outbound, |_| Some(assignment)) else {
            return self.trace.violated(format_args!("what was written is no answer"));
        };
        self.trace.line(format_args!(
            "written by member {member}: {:?} to request {} as {}, {:016x}",
            answer.kind,
            answer.number,
            answer.reply_id,
            fingerprint_of(&outbound)
        ));
        let request = &self.scenario.requests[answer.number];
        answer.check(&mut self.trace, &outbound, request);
        self.ledger.written(&mut self.trace, &answer, &self.scenario.requests);
        if self.bug == Some(Bug::WrittenTwice) && self.chance(24) {
            self.ledger.written(&mut self.trace, &answer, &self.scenario.requests);
        }
    }

    /// The word on the oldest record of a way comes back.
    pub(super) fn acknowledge(&mut self, member: usize, way: &Way) {
        let lost = self.bug == Some(Bug::AcknowledgementLost) && self.chance(8);
        let swapped = self.bug == Some(Bug::AcknowledgementOfAnother) && self.chance(64);
        let link = &mut self.links[member];
        let Some(sent) = link.ways.get_mut(way).and_then(std::collections::VecDeque::pop_front)
        else {
            return;
        };
        let mut token = sent.token;
        if swapped {
            let others = link.ways.values_mut().flatten();
            if let Some(other) = others.into_iter().find(|other| !other.has_arrived) {
                std::mem::swap(&mut token, &mut other.token);
            }
        }
        if !sent.is_reported && !lost {
            link.report(Delivery { token, result: sent.result });
        }
    }

    /// A member hears of a delivery.
    pub(super) fn delivered(&mut self, member: usize, delivery: &Delivery) {
        let taken = self.links[member].outstanding.remove(&delivery.token);
        let Some(Outstanding { answer, topic, .. }) = taken else {
            return self.trace.violated(format_args!("a delivery of what was not sent"));
        };
        self.trace.line(format_args!(
            "member {member} hears of {:?} to request {}: {:?}",
            answer.kind, answer.number, delivery.result
        ));
        let comes_again = match &delivery.result {
            Err(SendError::Rejected(_)) => answer.kind == Kind::Pointer,
            result => result.is_err(),
        };
        if comes_again {
            self.ledger.not_taken(&answer, &topic, delivery.token);
        }
        self.judged(member, &answer, &delivery.result);
        if delivery.result.is_ok() && answer.kind.is_final() {
            self.ledger.finished(Some(answer.assignment), answer.number);
        }
    }

    /// A member's producer is gone: some of what was on the wire still arrives.
    pub(super) fn cut_off(&mut self, member: usize) {
        let ways = std::mem::take(&mut self.links[member].ways);
        for queue in ways.into_values() {
            let on_the_wire: Vec<Sent> =
                queue.into_iter().filter(|sent| !sent.has_arrived).collect();
            let arrive = self.rng.usize(..=on_the_wire.len());
            for sent in on_the_wire.into_iter().take(arrive).filter(|sent| sent.is_written) {
                self.written(member, sent.assignment, sent.outbound);
            }
        }
        self.links[member].outstanding.clear();
    }
}

/// The record without its first received header.
fn without_first(headers: &Headers) -> Headers {
    let mut all = Headers::default();
    headers.iter().skip(1).for_each(|(name, value)| all.push(name, value));
    all
}

/// All that a record carries, but for the time of day.
fn fingerprint_of(outbound: &Outbound) -> u64 {
    let mut bytes = Vec::new();
    for (name, value) in outbound.headers.iter().filter(|(name, _)| *name != "dlq-failed-at") {
        bytes.extend_from_slice(name.as_bytes());
        bytes.push(u8::from(value.is_some()));
        bytes.extend_from_slice(value.unwrap_or_default());
    }
    for part in [&outbound.key, &outbound.payload] {
        bytes.push(u8::from(part.is_some()));
        bytes.extend_from_slice(part.as_deref().unwrap_or_default());
    }
    fingerprint(&bytes)
}
