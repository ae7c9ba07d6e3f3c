//! The consumer group: who has which partition, and how it changes hands.

use std::collections::BTreeMap;

use tokio::sync::oneshot;
use tokio::sync::oneshot::error::TryRecvError;

use super::agenda::Happening;
use super::bug::Bug;
use super::ledger::Assigned;
use super::link::Owned;
use super::world::World;
use crate::runtime::port::{Assignment, Epoch, Position, SourceEvent};

/// Who has which partition.
#[derive(Debug)]
pub(super) struct Group {
    /// By place: member and assignment.
    owners: Vec<Option<(usize, u64)>>,
    next_assignment: u64,
    pub(super) revocations: BTreeMap<usize, Revoking>,
    next_revocation: usize,
}

/// Partitions that a member was asked to give back.
#[derive(Debug)]
pub(super) struct Revoking {
    pub(super) member: usize,
    epochs: Vec<(Epoch, u64)>,
    asked_at: u64,
    done: oneshot::Receiver<Vec<Position>>,
}

impl Group {
    pub(super) fn new(places: usize) -> Self {
        Self {
            owners: vec![None; places],
            next_assignment: 1,
            revocations: BTreeMap::new(),
            next_revocation: 0,
        }
    }

    /// Who has a partition.
    pub(super) fn owner(&self, place: usize) -> Option<(usize, u64)> {
        self.owners[place]
    }
}

impl World {
    /// Gives every partition without an owner to one of the members.
    pub(super) fn hand_out(&mut self) {
        let members: Vec<usize> =
            (0..self.links.len()).filter(|member| self.links[*member].in_group).collect();
        if members.is_empty() {
            return;
        }
        let mut batches: BTreeMap<usize, Vec<Assignment>> = BTreeMap::new();
        for index in 0..self.places.len() {
            if self.group.owners[index].is_some() {
                continue;
            }
            let member = members[self.rng.usize(..members.len())];
            let id = self.group.next_assignment;
            self.group.next_assignment += 1;
            self.group.owners[index] = Some((member, id));
            let place = &self.places[index];
            let epoch = match self.bug {
                Some(Bug::EpochReused) => Epoch(index as u64),
                _ => Epoch(id),
            };
            let position = place.committed.unwrap_or(0);
            self.trace.line(format_args!("{place} to member {member} as {id} from {position}"));
            self.ledger.assignments.insert(id, Assigned::new(member, index));
            let owned = Owned {
                assignment: id,
                place: index,
                position,
                serving: true,
                hungry: false,
                passed_over: None,
            };
            self.links[member].owned.insert(epoch, owned);
            self.links[member].names.insert(epoch, id);
            let (topic, partition) = (place.topic.clone(), place.partition);
            batches.entry(member).or_default().push(Assignment {
                epoch,
                cluster: "simulation".into(),
                topic,
                partition,
            });
        }
        for (member, batch) in batches {
            self.links[member].tell(SourceEvent::Assigned(batch));
        }
    }

    /// Asks a member to give some of its partitions back.
    pub(super) fn revoke(&mut self, member: usize) {
        let epochs = self.some_of(member, true);
        if epochs.is_empty() {
            return;
        }
        for (epoch, id) in &epochs {
            self.trace.line(format_args!("member {member} is to give {id} back"));
            self.ledger.tally.revoked += 1;
            if let Some(owned) = self.links[member].owned.get_mut(epoch) {
                owned.serving = false;
            }
        }
        let (done, received) = oneshot::channel();
        let names = epochs.iter().map(|(epoch, _)| *epoch).collect();
        self.links[member].tell(SourceEvent::Revoking { epochs: names, done });
        let number = self.group.next_revocation;
        self.group.next_revocation += 1;
        let asked_at = self.trace.now();
        let revoking = Revoking { member, epochs, asked_at, done: received };
        self.group.revocations.insert(number, revoking);
        self.later(self.scenario.patience, Happening::LetGo(number));
    }

    /// Takes some of a member's partitions away at once.
    pub(super) fn lose(&mut self, member: usize) {
        let lost = self.some_of(member, true);
        self.take_away(member, &lost);
    }

    /// Takes all of a member's partitions away: it was silent for too long.
    pub(super) fn expire(&mut self, member: usize) {
        self.group.revocations.retain(|_, revoking| revoking.member != member);
        let owned = &self.links[member].owned;
        let lost: Vec<_> = owned.iter().map(|(epoch, owned)| (*epoch, owned.assignment)).collect();
        self.take_away(member, &lost);
    }

    fn take_away(&mut self, member: usize, lost: &[(Epoch, u64)]) {
        if lost.is_empty() {
            return;
        }
        for (_, id) in lost {
            self.trace.line(format_args!("member {member} loses {id}"));
            self.ledger.tally.lost += 1;
        }
        self.free(member, lost);
        let (epochs, ids) = lost.iter().copied().unzip();
        self.links[member].tell_end(SourceEvent::Lost(epochs), ids);
    }

    /// Looks whether members have given back what they were asked for.
    pub(super) fn settle_revocations(&mut self) {
        let numbers: Vec<usize> = self.group.revocations.keys().copied().collect();
        for number in numbers {
            let Some(revoking) = self.group.revocations.get_mut(&number) else { continue };
            let positions = match revoking.done.try_recv() {
                Ok(positions) => positions,
                Err(TryRecvError::Empty) => continue,
                Err(TryRecvError::Closed) => {
                    let member = revoking.member;
                    if self.links[member].alive {
                        self.trace.violated(format_args!(
                            "member {member} gave partitions back without a last word"
                        ));
                    }
                    Vec::new()
                }
            };
            let Some(revoking) = self.group.revocations.remove(&number) else { continue };
            self.given_back(&revoking, &positions);
        }
    }

    fn given_back(&mut self, revoking: &Revoking, positions: &[Position]) {
        let member = revoking.member;
        let in_time = self.is_in_time(revoking.asked_at);
        if self.links[member].alive {
            self.flush_commits(member);
            for (epoch, id) in &revoking.epochs {
                let named = positions.iter().find(|position| position.epoch == *epoch);
                let next = named.map(|position| position.next);
                self.trace.line(format_args!("member {member} gives {id} back at {next:?}"));
                self.ledger.check_last_position(&mut self.trace, *id, next, in_time);
                let next = match self.bug {
                    Some(Bug::CommitOfTheRead) => self
                        .ledger
                        .assignments
                        .get(id)
                        .and_then(|assigned| assigned.taken.last())
                        .map(|(offset, _)| offset + 1),
                    _ => next,
                };
                if let Some(next) = next {
                    self.store(member, *epoch, next);
                }
                self.over(*id);
            }
        }
        self.free(member, &revoking.epochs);
    }

    /// Whether a member that was asked to end something may still take its time for it.
    pub(super) fn is_in_time(&self, asked_at: u64) -> bool {
        u128::from(self.trace.now() - asked_at) < self.scenario.drain.as_millis()
    }

    /// The broker no longer waits for what it asked for.
    pub(super) fn let_go(&mut self, number: usize) {
        let Some(revoking) = self.group.revocations.remove(&number) else { return };
        self.trace
            .line(format_args!("member {} kept its partitions for too long", revoking.member));
        self.free(revoking.member, &revoking.epochs);
    }

    /// A member has left, in good order or not.
    pub(super) fn leave(&mut self, member: usize) {
        let link = &mut self.links[member];
        (link.alive, link.in_group) = (false, false);
        let owned: Vec<_> =
            link.owned.iter().map(|(epoch, owned)| (*epoch, owned.assignment)).collect();
        self.group.revocations.retain(|_, revoking| revoking.member != member);
        for (_, id) in &owned {
            self.over(*id);
        }
        self.free(member, &owned);
    }

    /// Takes partitions from a member; somebody gets them a little later.
    fn free(&mut self, member: usize, epochs: &[(Epoch, u64)]) {
        for (epoch, id) in epochs {
            let Some(owned) = self.links[member].owned.get(epoch) else { continue };
            if owned.assignment == *id {
                self.group.owners[owned.place] = None;
                self.links[member].owned.remove(epoch);
            }
        }
        let after = self.rng.u64(..300);
        self.later(after, Happening::HandOut);
    }

    /// The runtime knows that an assignment has ended.
    pub(super) fn over(&mut self, id: u64) {
        if let Some(assigned) = self.ledger.assignments.get_mut(&id) {
            assigned.over = true;
        }
    }

    /// Some of the partitions that a member serves, or all; none if it has none.
    fn some_of(&mut self, member: usize, some: bool) -> Vec<(Epoch, u64)> {
        let owned = self.links[member].owned.iter().filter(|(_, owned)| owned.serving);
        let mut all: Vec<_> = owned.map(|(epoch, owned)| (*epoch, owned.assignment)).collect();
        if some && self.rng.bool() {
            self.rng.shuffle(&mut all);
            all.truncate(self.rng.usize(..=all.len()));
            all.sort_unstable();
        }
        all
    }
}
