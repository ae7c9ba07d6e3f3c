//! One assignment: its handler, its lanes, and how far it is finished.

use std::sync::Arc;

use tokio::time::Instant;

use super::breaker::Breaker;
use super::delayed::{Early, RetryPlace};
use super::job::Lane;
use super::lane::Lanes;
use super::plan::Bounds;
use super::port::{Assignment, Position};
use super::scope::{LastCall, Scope};
use super::status::{Hold, PartitionStatus, Progress};
use super::tracker::{Sequence, Tracker};
use crate::handler::registry::Route;
use crate::message::identity::Place;

/// One assignment of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) assignment: Assignment,
    /// `None` for a topic that no handler reads any more.
    pub(super) route: Option<Arc<Route>>,
    /// What all identities of its requests have in common.
    pub(super) place: Place,
    /// `None` if its topic is none of its handler's retry topics.
    pub(super) retry: Option<RetryPlace>,
    /// Read from a retry topic before its time: what is behind it is not read.
    pub(super) early: Option<Early>,
    scope: Scope,
    pub(super) lanes: Lanes,
    tracker: Tracker,
    pub(super) breaker: Breaker,
    /// The last request that has begun.
    newest: Option<Sequence>,
    /// It stands in the queue of those that may have a record.
    pub(super) queued: bool,
    /// Nothing more is read: the assignment is about to end.
    pub(super) closing: bool,
    /// Records read and not finished, but for those that were abandoned.
    in_flight: usize,
    asked: Option<i64>,
    /// What others read about it is out of date.
    has_news: bool,
    status: Arc<PartitionStatus>,
}

impl Partition {
    pub(super) fn new(
        assignment: Assignment,
        route: Option<Arc<Route>>,
        status: Arc<PartitionStatus>,
    ) -> Self {
        let retry = route.as_ref().and_then(|route| RetryPlace::of(&assignment.topic, route));
        let Assignment { cluster, topic, partition, .. } = &assignment;
        let place = Place::new(cluster, topic, *partition);
        Self {
            assignment,
            route,
            place,
            retry,
            early: None,
            scope: Scope::default(),
            lanes: Lanes::default(),
            tracker: Tracker::default(),
            breaker: Breaker::default(),
            newest: None,
            queued: false,
            closing: false,
            in_flight: 0,
            asked: None,
            has_news: false,
            status,
        }
    }

    /// Why its next record may not be read, nor the one that it holds be handled; `None` if it may.
    pub(super) fn hold(&self, bounds: &Bounds) -> Option<Hold> {
        let is_due = |early: &Early| early.due <= Instant::now();
        if self.closing {
            Some(Hold::GivenBack)
        } else if !self.breaker.may_read() {
            Some(Hold::Breaker)
        } else if self.lanes.is_full(bounds) {
            Some(Hold::Full)
        } else if !self.early.as_ref().is_none_or(is_due) {
            Some(Hold::NotDue)
        } else {
            None
        }
    }

    /// Where others read about it.
    pub(super) fn status(&self) -> &PartitionStatus {
        &self.status
    }

    /// Writes down how far it is, if that has changed.
    pub(super) fn tell(&mut self) {
        if !std::mem::take(&mut self.has_news) {
            return;
        }
        let oldest = self.tracker.oldest();
        self.status.progress(Progress {
            position: self.tracker.frontier().or(oldest.map(|(offset, ..)| offset)),
            oldest: oldest.map(|(_, read, _)| read),
            at_handler: oldest.and_then(|(.., at_handler)| at_handler),
            unfinished: self.tracker.unfinished(),
        });
    }

    /// Takes in a record that was read then.
    pub(super) fn deliver(&mut self, offset: i64, read: Instant) -> Sequence {
        self.in_flight += 1;
        self.has_news = true;
        self.tracker.deliver(offset, read)
    }

    /// Takes in a request: a record on which there will be a word.
    pub(super) fn admit(&mut self, offset: i64, read: Instant) -> Sequence {
        let sequence = self.deliver(offset, read);
        self.breaker.read(sequence);
        sequence
    }

    /// All that a record caused is written.
    pub(super) fn complete(&mut self, sequence: Sequence) {
        self.in_flight -= 1;
        self.tracker.complete(sequence);
        self.has_news = true;
    }

    /// A request has its turn.
    pub(super) fn begin(&mut self, sequence: Sequence, now: Instant) -> Scope {
        self.newest = self.newest.max(Some(sequence));
        self.tracker.at_handler(sequence, Some(now));
        self.has_news = true;
        self.scope.clone()
    }

    /// There is a word on a request: what it waits for now is the broker.
    pub(super) fn answered(&mut self, sequence: Sequence) {
        self.tracker.at_handler(sequence, None);
        self.has_news = true;
    }

    /// A request is left to the partition's next owner, and with it all that waits for it: the
    /// frontier never passes it.
    pub(super) fn abandon(&mut self, lane: Lane) {
        self.in_flight -= 1 + self.lanes.close(lane);
    }

    /// Whether nothing is under way.
    pub(super) fn is_idle(&self) -> bool {
        self.in_flight == 0
    }

    /// The position to commit, if it moved since it was last asked for.
    pub(super) fn position_to_commit(&mut self) -> Option<Position> {
        let frontier = self.tracker.frontier().filter(|next| Some(*next) != self.asked)?;
        self.asked = Some(frontier);
        Some(Position { epoch: self.assignment.epoch, next: frontier })
    }

    /// The position as it stands, asked for or not.
    pub(super) fn position(&self) -> Option<Position> {
        let next = self.tracker.frontier()?;
        Some(Position { epoch: self.assignment.epoch, next })
    }

    /// Whether there is a position that was not asked for.
    pub(super) fn has_moved(&self) -> bool {
        self.tracker.frontier() != self.asked
    }

    /// What was asked for was not committed: it counts as never asked.
    pub(super) fn commit_failed(&mut self) {
        self.asked = None;
    }

    /// Nothing more is read. What has begun may finish until the deadline, and so may what waits
    /// before it; the rest, and what waits until it is due, is left to the partition's next owner.
    pub(super) fn close(&mut self, deadline: Instant) {
        self.closing = true;
        self.status.hold(Some(&Hold::GivenBack));
        // It was never delivered to the tracker, so nothing is in flight for it.
        self.early = None;
        let last_call = LastCall { newest: self.newest, deadline };
        self.in_flight -= self.lanes.retain(|job| last_call.wants(job.sequence));
        self.scope.close(last_call);
    }
}

impl Drop for Partition {
    /// What still runs for an assignment that is gone must not go on.
    fn drop(&mut self) {
        self.scope.end();
    }
}
