//! What the broker does for consumers: serves records and stores offsets.

use super::agenda::Happening;
use super::bug::Bug;
use super::world::World;
use crate::message::record::Record;
use crate::runtime::port::{Epoch, Position, SourceEvent};

impl World {
    /// Tells who has a partition that it has a record, if somebody waits for one.
    pub(super) fn announce(&mut self, place: usize) {
        let Some((member, _)) = self.group.owner(place) else { return };
        if self.bug == Some(Bug::SilentSource) && self.chance(64) {
            return;
        }
        let link = &mut self.links[member];
        let hungry = |owned: &mut super::link::Owned| {
            owned.place == place && std::mem::take(&mut owned.hungry)
        };
        // Now and then without need, which must do no harm.
        if link.owned.values_mut().any(hungry) || self.rng.u8(..16) == 0 {
            self.links[member].tell(SourceEvent::Readable);
        }
    }

    /// The next record of an assignment.
    pub(super) fn take(&mut self, member: usize, epoch: Epoch) -> Option<Record> {
        let twist = self.chance(24);
        let bug = self.bug.filter(|_| twist);
        let owned = self.links[member].owned.get_mut(&epoch).filter(|owned| owned.serving)?;
        let place = &self.places[owned.place];
        let at = |offset| place.at_or_behind(offset);
        let next = owned.passed_over.take().or_else(|| at(owned.position));
        let Some((mut offset, mut number)) = next else {
            owned.hungry = true;
            return None;
        };
        let behind = at(offset.max(owned.position - 1) + 1);
        match (bug, behind) {
            (Some(Bug::RecordSkipped), Some(behind)) => (offset, number) = behind,
            (Some(Bug::RecordsReordered), Some(behind)) if offset >= owned.position => {
                owned.passed_over = Some((offset, number));
                (offset, number) = behind;
            }
            _ => {}
        }
        if bug != Some(Bug::RecordTwice) {
            owned.position = owned.position.max(offset + 1);
        }
        let id = owned.assignment;
        self.trace.line(format_args!("member {member} reads request {number} in {id}"));
        if let Some(assigned) = self.ledger.assignments.get_mut(&id) {
            assigned.taken.push((offset, number));
        }
        self.check_room(member, self.scenario.requests[number].replies);
        Some(self.record(number, id))
    }

    /// Whether a member may read, as far as that can be seen from outside.
    fn check_room(&mut self, member: usize, replies: bool) {
        let (link, bounds) = (&self.links[member], &self.scenario.bounds);
        let bytes: usize = link.outstanding.values().map(|one| one.bytes).sum();
        let active = self.ledger.active.get(&(member, replies)).copied().unwrap_or(0);
        let too_much = link.outstanding.len() >= bounds.unacknowledged
            || bytes >= bounds.unacknowledged_bytes
            || active >= self.scenario.policy.concurrency;
        if too_much {
            let under_way = link.outstanding.len();
            self.trace.violated(format_args!(
                "member {member} reads with {under_way} answers ({bytes} bytes) under way and {active} handlers at work; {bounds:?}"
            ));
        }
        if self.links[member].knows_stop {
            self.trace.violated(format_args!("member {member} reads although it stops"));
        }
    }

    /// A member hears of something.
    pub(super) fn heard(&mut self, member: usize, event: &SourceEvent, ended: &[u64]) {
        let what = match event {
            SourceEvent::Assigned(_) => "partitions",
            SourceEvent::Readable => "of records",
            SourceEvent::Revoking { .. } => "that it is to give back",
            SourceEvent::Lost(_) => "that it has lost",
            SourceEvent::Committed(_) => "that it has committed",
            SourceEvent::CommitFailed { .. } => "that a commit failed",
            SourceEvent::Trouble(_) | SourceEvent::Failed(_) => "of trouble",
        };
        self.trace.line(format_args!("member {member} hears {what}"));
        if let SourceEvent::Revoking { epochs, .. } = event {
            for epoch in epochs {
                let id = self.links[member].names.get(epoch);
                if let Some(assigned) = id.and_then(|id| self.ledger.assignments.get_mut(id)) {
                    assigned.closing.get_or_insert(assigned.newest_taken());
                }
            }
        }
        ended.iter().for_each(|id| self.over(*id));
    }

    /// A member asks for a commit, which takes its time.
    pub(super) fn commit(&mut self, member: usize, positions: Vec<Position>) {
        for Position { epoch, next } in &positions {
            let id = self.links[member].names.get(epoch).copied().unwrap_or(0);
            self.trace.line(format_args!("member {member} commits {next} of {id}"));
            self.ledger.check_position(&mut self.trace, id, *next);
        }
        self.links[member].commits.push_back(positions);
        let after = self.rng.u64(..=self.trouble.latency * 2);
        self.later(after, Happening::Commit(member));
    }

    /// The oldest commit of a member has reached the broker.
    pub(super) fn commit_arrives(&mut self, member: usize) {
        let Some(positions) = self.links[member].commits.pop_front() else { return };
        if !self.links[member].alive {
            return;
        }
        if self.chance(self.trouble.commit) {
            self.ledger.tally.commits_failed += 1;
            self.trace.line(format_args!("a commit of member {member} fails"));
            let reason = "simulated".to_owned();
            self.links[member].tell(SourceEvent::CommitFailed { positions, reason });
            return;
        }
        for Position { epoch, next } in &positions {
            self.store(member, *epoch, *next);
        }
        self.links[member].tell(SourceEvent::Committed(positions));
    }

    /// Lets all commits of a member arrive, for what comes next must not overtake them.
    pub(super) fn flush_commits(&mut self, member: usize) {
        while !self.links[member].commits.is_empty() {
            self.commit_arrives(member);
        }
    }

    /// Stores an offset if the member still has the assignment.
    pub(super) fn store(&mut self, member: usize, epoch: Epoch, next: i64) {
        let Some(id) = self.links[member].names.get(&epoch).copied() else { return };
        let owned = self.links[member].owned.get(&epoch);
        let fenced = owned.is_none_or(|owned| owned.assignment != id);
        if fenced && self.bug != Some(Bug::CommitUnfenced) {
            return;
        }
        let too_far = self.bug == Some(Bug::CommitTooFar) && self.chance(32);
        let next = next + i64::from(too_far);
        let Some(assigned) = self.ledger.assignments.get(&id) else { return };
        let place = &mut self.places[assigned.place];
        let before = place.committed.replace(next);
        self.trace.line(format_args!("{place} is committed up to {next} by {id}"));
        if before.is_some_and(|before| before > next) {
            self.trace.violated(format_args!("{place} was committed up to {before:?}, now {next}"));
        }
        if place.next_offset < next {
            self.trace.violated(format_args!("{place} is committed beyond its end"));
        }
        let from = before.unwrap_or(0);
        for (offset, number) in place.log.iter().filter(|(at, _)| (from..next).contains(at)) {
            let story = &self.ledger.stories[*number];
            if !story.written || !story.acknowledged {
                self.trace.violated(format_args!(
                    "{place} is committed up to {next}, request {number} at {offset} is not finished"
                ));
            }
        }
    }

    /// A member says where it ends.
    pub(super) fn close(&mut self, member: usize, positions: &[Position]) {
        self.settle_revocations();
        self.trace.line(format_args!("member {member} says farewell"));
        self.links[member].in_group = false;
        let in_time = self.links[member].stop_asked_at.is_some_and(|at| self.is_in_time(at));
        let owned: Vec<(Epoch, u64)> = self.links[member]
            .owned
            .iter()
            .map(|(epoch, owned)| (*epoch, owned.assignment))
            .collect();
        for (epoch, id) in owned {
            let named = positions.iter().find(|position| position.epoch == epoch);
            let next = named.map(|one| one.next);
            self.ledger.check_last_position(&mut self.trace, id, next, in_time);
        }
    }

    /// The farewell of a member has reached the broker.
    pub(super) fn say_farewell(&mut self, member: usize, positions: &[Position]) {
        self.flush_commits(member);
        for Position { epoch, next } in positions {
            self.store(member, *epoch, *next);
        }
    }
}
