//! One assignment: its handler, its lanes, and how far it is finished.

use std::sync::Arc;

use super::attempt::Scope;
use super::lane::Lanes;
use super::plan::Bounds;
use super::port::{Assignment, Position};
use super::tracker::{Sequence, Tracker};
use crate::handler::registry::Route;

/// One assignment of one partition.
#[derive(Debug)]
pub(super) struct Partition {
    pub(super) assignment: Assignment,
    /// `None` for a topic that no handler reads any more.
    pub(super) route: Option<Arc<Route>>,
    pub(super) scope: Scope,
    pub(super) lanes: Lanes,
    tracker: Tracker,
    /// It stands in the queue of those that may have a record.
    pub(super) queued: bool,
    /// Nothing more is read: the assignment is about to end.
    pub(super) closing: bool,
    /// Records read and not finished, but for those that were abandoned.
    in_flight: usize,
    asked: Option<i64>,
}

impl Partition {
    pub(super) fn new(assignment: Assignment, route: Option<Arc<Route>>) -> Self {
        Self {
            assignment,
            route,
            scope: Scope::default(),
            lanes: Lanes::default(),
            tracker: Tracker::default(),
            queued: false,
            closing: false,
            in_flight: 0,
            asked: None,
        }
    }

    /// Whether its next record may be read.
    pub(super) fn may_read(&self, bounds: &Bounds) -> bool {
        !self.closing && !self.lanes.is_full(bounds)
    }

    /// Takes in a record that was read.
    pub(super) fn deliver(&mut self, offset: i64) -> Sequence {
        self.in_flight += 1;
        self.tracker.deliver(offset)
    }

    /// All that a record caused is written.
    pub(super) fn complete(&mut self, sequence: Sequence) {
        self.in_flight -= 1;
        self.tracker.complete(sequence);
    }

    /// A record is left to the partition's next owner: the frontier never passes it.
    pub(super) fn abandon(&mut self) {
        self.in_flight -= 1;
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

    /// No further attempt begins and nothing more is read; what runs may finish. What has waited for
    /// others is left to the partition's next owner.
    pub(super) fn close(&mut self) {
        self.closing = true;
        self.in_flight -= self.lanes.abandon();
        self.scope.closing.cancel();
    }
}

impl Drop for Partition {
    /// What still runs for an assignment that is gone must not go on.
    fn drop(&mut self) {
        self.scope.closing.cancel();
        self.scope.ended.cancel();
    }
}
