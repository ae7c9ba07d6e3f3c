//! Answers that were handed to the sink, until the broker has acknowledged them.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::answers::Answer;
use super::job::Job;
use super::metrics::Metrics;
use super::plan::Bounds;
use super::port::{Delivery, Epoch, SendError, Sink, Token};
use crate::message::record::Outbound;

/// One answer on its way, with the request that it belongs to.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) job: Arc<Job>,
    pub(super) answer: Answer,
    outbound: Outbound,
    failures: u32,
    place: Place,
    /// Its assignment has ended: it is not sent again.
    orphaned: bool,
}

/// Where a parcel is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// With the sink; a delivery will follow.
    Sent,
    /// In line for room in the producer's queue.
    Queued,
    /// Waiting until the broker is tried again.
    Held,
}

/// What the broker said of a parcel.
#[derive(Debug)]
pub(super) enum Receipt {
    /// It is written.
    Acknowledged(Box<Parcel>),
    /// It never will be, for this reason.
    Rejected(Box<Parcel>, String),
}

/// All answers under way. What the broker could not take for now is sent again until it can.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    next: u64,
    /// By tokens that nobody else can choose, so any hash will do. In boxes: the memory of one that has
    /// just gone is the next one's, and it is still in the processor's caches.
    parcels: HashMap<Token, Box<Parcel>, foldhash::fast::FixedState>,
    bytes: usize,
    /// The producer's queue was full: first come, first served.
    full: VecDeque<Token>,
    /// When the producer is asked again if no delivery makes room before.
    full_until: Option<Instant>,
    /// Where the broker failed. What goes the same way waits behind, so nothing overtakes.
    jams: BTreeMap<Way, Jam>,
    /// A way was jammed, or is free again, since this was last asked for.
    jams_changed: bool,
}

/// From one assignment to one topic: what keeps its order.
type Way = (Epoch, Arc<str>);

#[derive(Debug, Default)]
struct Jam {
    /// All that is not written, in order; the first of them has failed.
    tokens: BTreeSet<Token>,
    /// When what is held is sent again; `None` while it is with the sink.
    at: Option<Instant>,
}

/// The waits between two tries at a broker that fails; the last one stays. It is short, because it
/// is how long everything stands still after a repair.
const WAITS: [Duration; 4] = [
    Duration::from_millis(250),
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];

/// How long a full queue is left alone if no delivery makes room in it.
const FULL_WAIT: Duration = Duration::from_millis(100);

impl Outbox {
    /// Whether the bounds allow another record to be read.
    pub(super) fn has_room(&self, bounds: &Bounds) -> bool {
        // While the producer takes nothing, what is read could only pile up.
        self.full.is_empty()
            && self.parcels.len() < bounds.unacknowledged
            && self.bytes < bounds.unacknowledged_bytes
    }

    /// Writes down how much is under way.
    pub(super) fn measure(&self, metrics: &Metrics) {
        let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        metrics.unacknowledged.set(count(self.parcels.len()));
        metrics.unacknowledged_bytes.set(count(self.bytes));
        metrics.producer_queue.set(count(self.full.len()));
        let held = self.jams.values().map(|jam| jam.tokens.len()).sum();
        metrics.held_answers.set(count(held));
    }

    /// Whether an answer of this assignment waits for a broker that fails: then no more is read.
    pub(super) fn is_jammed(&self, epoch: Epoch) -> bool {
        !self.jams.is_empty() && self.jams.keys().any(|(jammed, _)| *jammed == epoch)
    }

    /// Whether a way was jammed, or is free again, since this was last asked for.
    pub(super) fn have_jams_changed(&mut self) -> bool {
        std::mem::take(&mut self.jams_changed)
    }

    /// Hands an answer to the sink. A rejection at once comes back as the receipt.
    pub(super) fn post<K: Sink>(
        &mut self,
        sink: &mut K,
        job: Arc<Job>,
        (answer, outbound): (Answer, Outbound),
    ) -> Option<Receipt> {
        let token = Token(self.next);
        self.next += 1;
        let (failures, place, orphaned) = (0, Place::Held, false);
        let parcel = Box::new(Parcel { job, answer, outbound, failures, place, orphaned });
        self.bytes += parcel.size();
        let jam = match self.jams.is_empty() {
            true => None,
            false => self.jams.get_mut(&parcel.way()),
        };
        if let Some(jam) = jam {
            jam.tokens.insert(token);
            self.parcels.insert(token, parcel);
            return None;
        }
        self.parcels.insert(token, parcel);
        if !self.full.is_empty() {
            self.line_up(token);
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

    /// Sends again what is due; room in the producer's queue is used at once.
    pub(super) fn send_again<K: Sink>(&mut self, sink: &mut K, now: Instant) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        // Only as many as there are: one that finds the queue full again is back in line.
        for _ in 0..self.full.len() {
            let Some(token) = self.full.pop_front() else { break };
            if self.hold_behind(token) {
                continue;
            }
            receipts.extend(self.send(sink, token));
            if self.full.back() == Some(&token) {
                self.full.rotate_right(1);
                break;
            }
        }
        self.full_until = (!self.full.is_empty()).then(|| now + FULL_WAIT);
        let due = self.jams.iter().filter(|(_, jam)| jam.at.is_some_and(|at| at <= now));
        let due: Vec<Way> = due.map(|(way, _)| way.clone()).collect();
        for way in due {
            self.clear(sink, &way, &mut receipts);
        }
        receipts
    }

    /// When [`send_again`](Self::send_again) has something to do.
    pub(super) fn next_try(&self) -> Option<Instant> {
        self.jams.values().filter_map(|jam| jam.at).chain(self.full_until).min()
    }

    /// Lets go of what waits for an assignment that has ended: its next owner answers.
    pub(super) fn forget(&mut self, epoch: Epoch) {
        self.jams.retain(|(jammed, _), _| *jammed != epoch);
        let mut waiting = Vec::new();
        for (token, parcel) in &mut self.parcels {
            if parcel.job.epoch == epoch {
                parcel.orphaned = true;
                if parcel.place != Place::Sent {
                    waiting.push(*token);
                }
            }
        }
        let Self { full, parcels, .. } = self;
        full.retain(|token| parcels.get(token).is_some_and(|parcel| !parcel.orphaned));
        if self.full.is_empty() {
            self.full_until = None;
        }
        for token in waiting {
            self.take(token);
        }
    }

    /// Sends what is held on one way, in order, up to the first that fails again.
    fn clear<K: Sink>(&mut self, sink: &mut K, way: &Way, receipts: &mut Vec<Receipt>) {
        let Some(jam) = self.jams.get_mut(way) else { return };
        jam.at = None;
        for token in jam.tokens.clone() {
            if self.place(token) == Some(Place::Held) {
                receipts.extend(self.send(sink, token));
            }
            // One that waits for room has its turn before those behind it.
            if matches!(self.place(token), Some(Place::Held | Place::Queued)) {
                break;
            }
        }
    }

    /// Holds a parcel that stood in line for room if one before it on its way is held; whether it is.
    fn hold_behind(&mut self, token: Token) -> bool {
        let Self { parcels, jams, .. } = self;
        let Some(way) = parcels.get(&token).map(|parcel| parcel.way()) else { return false };
        let Some(jam) = jams.get_mut(&way) else { return false };
        let is_new = jam.tokens.insert(token);
        let mut before = jam.tokens.range(..token).filter_map(|before| parcels.get(before));
        // One before it that is in line as well has come to stand behind it there.
        let is_behind = before.any(|parcel| is_new || parcel.place != Place::Sent);
        if let Some(parcel) = parcels.get_mut(&token).filter(|_| is_behind) {
            parcel.place = Place::Held;
        }
        is_behind
    }

    fn place(&self, token: Token) -> Option<Place> {
        self.parcels.get(&token).map(|parcel| parcel.place)
    }

    fn send<K: Sink>(&mut self, sink: &mut K, token: Token) -> Option<Receipt> {
        let parcel = self.parcels.get_mut(&token)?;
        match sink.send(&parcel.outbound, token) {
            Ok(()) => {
                parcel.place = Place::Sent;
                None
            }
            Err(error) => self.not_taken(token, error),
        }
    }

    fn not_taken(&mut self, token: Token, error: SendError) -> Option<Receipt> {
        let parcel = self.parcels.get_mut(&token)?;
        // Nothing smaller can stand in for a pointer: it is tried until somebody mends the topic.
        let replaceable = !matches!(parcel.answer, Answer::Pointer { .. });
        match error {
            _ if parcel.orphaned => {
                self.take(token);
                None
            }
            SendError::Full => {
                self.line_up(token);
                None
            }
            SendError::Rejected(reason) if replaceable => {
                self.take(token).map(|parcel| Receipt::Rejected(parcel, reason))
            }
            SendError::Rejected(reason) | SendError::Failed(reason) => {
                let wait = WAITS[(parcel.failures as usize).min(WAITS.len() - 1)];
                parcel.failures += 1;
                parcel.place = Place::Held;
                tracing::error!(
                    at = %parcel.job.envelope.record().at,
                    process = parcel.job.process().as_deref(),
                    handler = parcel.job.route.name(),
                    topic = %parcel.outbound.topic,
                    %reason,
                    again_in = ?wait,
                    "answer not written, its request is held"
                );
                self.jams_changed = true;
                let jam = self.jams.entry(parcel.way()).or_default();
                jam.tokens.insert(token);
                jam.at.get_or_insert(Instant::now() + wait);
                None
            }
        }
    }

    /// Puts a parcel in line for room in the producer's queue.
    fn line_up(&mut self, token: Token) {
        if let Some(parcel) = self.parcels.get_mut(&token) {
            parcel.place = Place::Queued;
            self.full.push_back(token);
            self.full_until.get_or_insert(Instant::now() + FULL_WAIT);
        }
    }

    fn take(&mut self, token: Token) -> Option<Box<Parcel>> {
        let parcel = self.parcels.remove(&token)?;
        self.bytes -= parcel.size();
        if !self.jams.is_empty() {
            let way = parcel.way();
            if let Some(jam) = self.jams.get_mut(&way) {
                jam.tokens.remove(&token);
                // The way is free again: what waits behind goes at once.
                jam.at.get_or_insert_with(Instant::now);
                if jam.tokens.is_empty() {
                    self.jams_changed = true;
                    self.jams.remove(&way);
                }
            }
        }
        Some(parcel)
    }
}

impl Parcel {
    /// Full name of the topic that it goes to.
    pub(super) fn topic(&self) -> &str {
        &self.outbound.topic
    }

    fn way(&self) -> Way {
        (self.job.epoch, Arc::clone(&self.outbound.topic))
    }

    /// Bytes that it keeps in memory: its own, and those of the request, which may yet have to be
    /// put aside.
    fn size(&self) -> usize {
        let payload = self.outbound.payload.as_ref().map_or(0, Vec::len);
        payload + self.outbound.headers.size() + self.job.size()
    }
}
