//! The book of a run: every promise is checked against it the moment something happens.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::answer::{Answer, Kind};
use super::request::{Fate, Request};
use super::trace::Trace;
use crate::runtime::port::{SendError, Token};

/// Everything that has happened to requests and assignments.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) stories: Vec<Story>,
    pub(super) assignments: BTreeMap<u64, Assigned>,
    /// Attempts at work, by member and by whether the handler replies.
    pub(super) active: BTreeMap<(usize, bool), usize>,
    pub(super) tally: Tally,
}

/// What a run went through; shows that a scenario did what it was meant to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Requests written.
    pub requests: usize,
    /// Attempts begun.
    pub attempts: usize,
    /// Answers and dead letters written.
    pub answers: usize,
    /// Answers written although another for the same request was there.
    pub duplicates: usize,
    /// Members dropped in the middle.
    pub crashes: usize,
    /// Members stopped in good order.
    pub stops: usize,
    /// Partitions taken away in good order.
    pub revoked: usize,
    /// Partitions taken away at once.
    pub lost: usize,
    /// Commits that failed.
    pub commits_failed: usize,
    /// Answers that the producer or the broker did not take.
    pub sends_failed: usize,
    /// Jumps of the clock.
    pub jumps: usize,
}

/// One request, from its arrival to its end.
#[derive(Debug, Default)]
pub(super) struct Story {
    /// Where it stands, once it is written.
    pub(super) place: usize,
    pub(super) offset: i64,
    reply_id: Option<String>,
    /// What ends it is written.
    pub(super) written: bool,
    /// The runtime knows that it is.
    pub(super) acknowledged: bool,
}

/// One assignment of one partition to one member.
#[derive(Debug)]
pub(super) struct Assigned {
    pub(super) member: usize,
    pub(super) place: usize,
    /// What was read: offset and request, in the order of reading.
    pub(super) taken: Vec<(i64, usize)>,
    done: BTreeSet<i64>,
    /// Attempts begun, by offset.
    begun: BTreeMap<i64, u32>,
    /// The newest request of each key whose handler was called.
    newest: BTreeMap<String, i64>,
    /// The request of each key whose handler is at work.
    running: BTreeMap<String, i64>,
    /// The newest answered request of each key, by the partition of the answer.
    answered: BTreeMap<(String, u64), i64>,
    /// How often the last answer to a request was sent and not yet written, by offset.
    open: BTreeMap<i64, u32>,
    /// An answer was not taken at the first try, so answers may be late.
    pub(super) troubled: bool,
    /// The last offset that was read when the runtime learnt that it comes to its end: from then on
    /// only what is before it can begin.
    pub(super) closing: Option<i64>,
    /// Answers that the broker did not take and that were not sent again, by topic.
    held: BTreeMap<Arc<str>, BTreeSet<Token>>,
    /// The runtime has learnt that it is over.
    pub(super) over: bool,
}

impl Assigned {
    /// The last offset that was read; below all if none was.
    pub(super) fn newest_taken(&self) -> i64 {
        self.taken.last().map_or(i64::MIN, |(offset, _)| *offset)
    }

    pub(super) fn new(member: usize, place: usize) -> Self {
        Self {
            member,
            place,
            taken: Vec::new(),
            done: BTreeSet::new(),
            begun: BTreeMap::new(),
            newest: BTreeMap::new(),
            running: BTreeMap::new(),
            answered: BTreeMap::new(),
            open: BTreeMap::new(),
            troubled: false,
            closing: None,
            held: BTreeMap::new(),
            over: false,
        }
    }

    /// How far it is finished, counted anew: offset behind the last record of the finished prefix.
    pub(super) fn frontier(&self) -> Option<i64> {
        let finished = self.taken.iter().take_while(|(offset, _)| self.done.contains(offset));
        finished.last().map(|(offset, _)| offset + 1)
    }
}

impl Ledger {
    /// An attempt begins.
    pub(super) fn begin(
        &mut self,
        trace: &mut Trace,
        (id, number): (u64, usize),
        request: &Request,
        attempt: u32,
        concurrency: usize,
    ) {
        self.tally.attempts += 1;
        let offset = self.stories[number].offset;
        let Some(assigned) = self.assignments.get_mut(&id) else {
            return trace.violated(format_args!("request {number} runs in no assignment"));
        };
        let before = assigned.begun.insert(offset, attempt).unwrap_or(0);
        if attempt != before + 1 {
            trace.violated(format_args!(
                "attempt {attempt} at request {number} follows attempt {before} in assignment {id}"
            ));
        }
        let late = assigned.closing.is_some_and(|newest| attempt == 1 && offset >= newest);
        if late || assigned.over {
            trace.violated(format_args!(
                "an attempt at request {number} begins although assignment {id} ends"
            ));
        }
        let active = self.active.entry((assigned.member, request.replies)).or_default();
        *active += 1;
        if *active > concurrency {
            trace.violated(format_args!("{active} attempts run, {concurrency} may"));
        }
        let Some(order) = &request.order else { return };
        if let Some(other) = assigned.running.insert(order.clone(), offset) {
            trace.violated(format_args!(
                "request {number} of key {order} runs while the one at offset {other} does"
            ));
        }
        let newest = assigned.newest.entry(order.clone()).or_insert(offset);
        if *newest > offset {
            trace.violated(format_args!(
                "request {number} of key {order} at offset {offset} runs after the one at {newest}"
            ));
        }
        *newest = offset;
    }

    /// Requests of a key that were read before this one and whose handler was never called.
    pub(super) fn check_overtaken(
        &self,
        trace: &mut Trace,
        (id, number): (u64, usize),
        requests: &[Request],
    ) {
        let (Some(assigned), Some(order)) = (self.assignments.get(&id), &requests[number].order)
        else {
            return;
        };
        let offset = self.stories[number].offset;
        for (earlier, other) in assigned.taken.iter().filter(|(earlier, _)| *earlier < offset) {
            let same = requests[*other].order.as_ref() == Some(order);
            if same
                && requests[*other].fate != Fate::Undecodable
                && !assigned.begun.contains_key(earlier)
            {
                trace.violated(format_args!(
                    "request {number} of key {order} overtakes request {other}"
                ));
            }
        }
    }

    /// An attempt is over, or was dropped.
    pub(super) fn end(&mut self, (id, number): (u64, usize), request: &Request) {
        let offset = self.stories[number].offset;
        let Some(assigned) = self.assignments.get_mut(&id) else { return };
        if let Some(active) = self.active.get_mut(&(assigned.member, request.replies)) {
            *active -= 1;
        }
        if let Some(order) = &request.order {
            if assigned.running.get(order) == Some(&offset) {
                assigned.running.remove(order);
            }
        }
    }

    /// A request needs nothing more, as the runtime knows.
    pub(super) fn finished(&mut self, id: Option<u64>, number: usize) {
        self.stories[number].acknowledged = true;
        let offset = self.stories[number].offset;
        if let Some(assigned) = id.and_then(|id| self.assignments.get_mut(&id)) {
            assigned.done.insert(offset);
        }
    }

    /// An answer is handed over, and the producer takes it or not.
    pub(super) fn sent(
        &mut self,
        trace: &mut Trace,
        answer: &Answer,
        (topic, token): (&Arc<str>, Token),
        result: &Result<(), SendError>,
    ) {
        let (number, offset) = (answer.number, self.stories[answer.number].offset);
        let Some(assigned) = self.assignments.get_mut(&answer.assignment) else { return };
        if assigned.over {
            trace.violated(format_args!(
                "request {number} is answered although assignment {} has ended",
                answer.assignment
            ));
        }
        let held = assigned.held.entry(Arc::clone(topic)).or_default();
        if let Some(first) = held.first().filter(|first| **first != token) {
            trace.violated(format_args!("the answer to request {number} overtakes {first:?}"));
        }
        match result {
            Ok(()) => {
                held.remove(&token);
                *assigned.open.entry(offset).or_default() += 1;
            }
            Err(SendError::Full) => {}
            // Something smaller takes its place.
            Err(SendError::Rejected(_)) if answer.kind != Kind::Pointer => {
                held.remove(&token);
            }
            Err(_) => {
                held.insert(token);
            }
        }
    }

    /// The runtime hears that the broker did not take an answer and may take it later.
    pub(super) fn not_taken(&mut self, answer: &Answer, topic: &Arc<str>, token: Token) {
        if let Some(assigned) = self.assignments.get_mut(&answer.assignment) {
            assigned.held.entry(Arc::clone(topic)).or_default().insert(token);
        }
    }

    /// An answer is written.
    pub(super) fn written(&mut self, trace: &mut Trace, answer: &Answer, requests: &[Request]) {
        self.tally.answers += 1;
        let number = answer.number;
        let story = &mut self.stories[number];
        if answer.kind.is_final() {
            self.tally.duplicates += usize::from(story.written);
            story.written = true;
        }
        let id = story.reply_id.get_or_insert_with(|| answer.reply_id.clone());
        if *id != answer.reply_id {
            trace.violated(format_args!(
                "request {number} is answered as {} and before as {id}",
                answer.reply_id
            ));
        }
        let offset = story.offset;
        let Some(assigned) = self.assignments.get_mut(&answer.assignment) else {
            return trace.violated(format_args!("an answer to request {number} of no assignment"));
        };
        let open = assigned.open.entry(offset).or_default();
        if *open == 0 {
            trace.violated(format_args!(
                "request {number} is answered more often than that was sent"
            ));
        }
        *open = open.saturating_sub(1);
        if answer.kind.is_final() && assigned.done.contains(&offset) {
            trace.violated(format_args!(
                "request {number} is answered again after it was finished in assignment {}",
                answer.assignment
            ));
        }
        if matches!(answer.kind, Kind::DeadLetter | Kind::Pointer) || assigned.troubled {
            return;
        }
        if let Some(order) = &requests[number].order {
            let newest =
                assigned.answered.entry((order.clone(), answer.partition)).or_insert(offset);
            if *newest > offset {
                trace.violated(format_args!(
                    "request {number} of key {order} is answered after the one at offset {newest}"
                ));
            }
            *newest = offset.max(*newest);
        }
    }

    /// The runtime wants to commit a position of an assignment.
    pub(super) fn check_position(&self, trace: &mut Trace, id: u64, next: i64) {
        let Some(assigned) = self.assignments.get(&id) else {
            return trace.violated(format_args!("a position of assignment {id}, which never was"));
        };
        if assigned.over {
            trace.violated(format_args!("a position of assignment {id}, which has ended"));
        }
        let frontier = assigned.frontier();
        if frontier.is_none_or(|frontier| next > frontier) {
            trace.violated(format_args!(
                "position {next} of assignment {id} is ahead of what is finished ({frontier:?})"
            ));
        }
    }

    /// The runtime's last word on an assignment that ends in good order. One that comes too late may
    /// fall behind what it has heard of since.
    pub(super) fn check_last_position(
        &self,
        trace: &mut Trace,
        id: u64,
        next: Option<i64>,
        in_time: bool,
    ) {
        if let Some(next) = next {
            self.check_position(trace, id, next);
        }
        let frontier = self.assignments.get(&id).and_then(Assigned::frontier);
        if in_time && frontier.is_some_and(|frontier| next.is_none_or(|next| next < frontier)) {
            trace.violated(format_args!(
                "assignment {id} ends at {next:?}, but is finished up to {frontier:?}"
            ));
        }
    }
}
