//! Answers that were handed to the sink, until the broker has acknowledged them.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

use super::answers::Answer;
use super::attempt::Job;
use super::plan::Bounds;
use super::port::{Delivery, SendError, Sink, Token};
use crate::message::record::Outbound;

/// One answer on its way, with the request that it belongs to.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) job: Job,
    pub(super) answer: Answer,
    outbound: Outbound,
    failures: u32,
}

/// What the broker said of a parcel.
#[derive(Debug)]
pub(super) enum Receipt {
    /// It is written.
    Acknowledged(Parcel),
    /// It never will be, for this reason.
    Rejected(Parcel, String),
}

/// All answers under way. What the broker could not take for now is sent again until it can.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    next: u64,
    sent: HashMap<Token, Parcel>,
    bytes: usize,
    /// The producer's queue was full: first come, first served.
    full: VecDeque<Token>,
    /// The broker failed: again at this time.
    again: VecDeque<(Instant, Token)>,
}

/// The waits between two tries at a broker that fails; the last one stays.
const WAITS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(10),
];

/// How long a full queue is left alone if no delivery makes room in it.
const FULL_WAIT: Duration = Duration::from_millis(100);

impl Outbox {
    /// Whether the bounds allow another record to be read.
    pub(super) fn has_room(&self, bounds: &Bounds) -> bool {
        // While the broker takes nothing, what is read could only pile up.
        self.full.is_empty()
            && self.again.is_empty()
            && self.sent.len() < bounds.unacknowledged
            && self.bytes < bounds.unacknowledged_bytes
    }

    /// Hands an answer to the sink. A rejection at once comes back as the receipt.
    pub(super) fn post<K: Sink>(
        &mut self,
        sink: &mut K,
        job: Job,
        (answer, outbound): (Answer, Outbound),
    ) -> Option<Receipt> {
        let token = Token(self.next);
        self.next += 1;
        self.bytes += size(&outbound);
        self.sent.insert(token, Parcel { job, answer, outbound, failures: 0 });
        if !self.full.is_empty() {
            self.full.push_back(token);
            return None;
        }
        self.send(sink, token)
    }

    /// Takes in the broker's word.
    pub(super) fn delivered(&mut self, delivery: Delivery) -> Option<Receipt> {
        match delivery.result {
            Ok(()) => self.take(delivery.token).map(Receipt::Acknowledged),
            Err(error) => self.not_taken(delivery.token, error),
        }
    }

    /// Sends again what is due.
    pub(super) fn send_again<K: Sink>(&mut self, sink: &mut K, now: Instant) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        let due: Vec<Token> =
            self.again.iter().filter(|(at, _)| *at <= now).map(|(_, token)| *token).collect();
        self.again.retain(|(at, _)| *at > now);
        for token in due {
            receipts.extend(self.send(sink, token));
        }
        // Only as many as there are: one that finds the queue full again goes to its end.
        for _ in 0..self.full.len() {
            let Some(token) = self.full.pop_front() else { break };
            let before = self.full.len();
            receipts.extend(self.send(sink, token));
            if self.full.len() > before {
                self.full.rotate_right(1);
                break;
            }
        }
        receipts
    }

    /// When [`send_again`](Self::send_again) has something to do.
    pub(super) fn next_try(&self) -> Option<Instant> {
        let full = (!self.full.is_empty()).then(|| Instant::now() + FULL_WAIT);
        self.again.iter().map(|(at, _)| *at).chain(full).min()
    }

    fn send<K: Sink>(&mut self, sink: &mut K, token: Token) -> Option<Receipt> {
        let parcel = self.sent.get(&token)?;
        match sink.send(&parcel.outbound, token) {
            Ok(()) => None,
            Err(error) => self.not_taken(token, error),
        }
    }

    fn not_taken(&mut self, token: Token, error: SendError) -> Option<Receipt> {
        match error {
            SendError::Full => {
                self.full.push_back(token);
                None
            }
            SendError::Rejected(reason) if self.may_be_replaced(token) => {
                self.take(token).map(|parcel| Receipt::Rejected(parcel, reason))
            }
            SendError::Rejected(reason) | SendError::Failed(reason) => {
                let parcel = self.sent.get_mut(&token)?;
                let wait = WAITS[(parcel.failures as usize).min(WAITS.len() - 1)];
                parcel.failures += 1;
                tracing::error!(
                    at = %parcel.job.envelope.record().at,
                    process = parcel.job.envelope.process(),
                    handler = parcel.job.route.name(),
                    topic = %parcel.outbound.topic,
                    %reason,
                    again_in = ?wait,
                    "answer not written, its request is held"
                );
                self.again.push_back((Instant::now() + wait, token));
                None
            }
        }
    }

    /// Nothing smaller can stand in for a pointer: it is tried until somebody mends the topic.
    fn may_be_replaced(&self, token: Token) -> bool {
        self.sent.get(&token).is_some_and(|parcel| !matches!(parcel.answer, Answer::Pointer { .. }))
    }

    fn take(&mut self, token: Token) -> Option<Parcel> {
        let parcel = self.sent.remove(&token)?;
        self.bytes -= size(&parcel.outbound);
        Some(parcel)
    }
}

fn size(outbound: &Outbound) -> usize {
    outbound.payload.as_ref().map_or(0, Vec::len) + outbound.headers.size()
}
