//! What a broker in memory knows, behind one lock.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::broker::CLUSTER;
use super::fault::Fault;
use super::log::Logs;
use crate::message::record::{Coordinates, Outbound, Record};
use crate::message::topic::Subscription;
use crate::runtime::port::{Assignment, Delivery, Epoch, Position, SourceEvent};

/// The time of a new broker, in milliseconds since 1970; from there it follows tokio's clock.
const FIRST_MILLISECOND: i64 = 1_767_225_600_000;

#[derive(Debug)]
pub(super) struct State {
    started: Instant,
    pub(super) logs: Logs,
    pub(super) groups: HashMap<String, HashMap<(Arc<str>, i32), i64>>,
    pub(super) members: BTreeMap<u64, MemberState>,
    /// Partitions that a test took away: they go to nobody before the test says so.
    aside: HashSet<(String, Arc<str>, i32)>,
    next_member: u64,
    next_epoch: u64,
    pub(super) faults: Vec<Fault>,
    pub(super) holding: bool,
    pub(super) held: VecDeque<Held>,
}

/// A delivery report that a test holds back.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) record: Outbound,
    pub(super) delivery: Delivery,
    pub(super) to: UnboundedSender<Delivery>,
}

/// One consumer of a group.
#[derive(Debug)]
pub(super) struct MemberState {
    pub(super) group: String,
    pub(super) subscriptions: Vec<Subscription>,
    pub(super) events: UnboundedSender<SourceEvent>,
    pub(super) owned: BTreeMap<Epoch, Owned>,
    /// Reasons of the next commits to fail.
    pub(super) failing_commits: VecDeque<String>,
    pub(super) failing_close: Option<String>,
}

/// One assignment.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    position: i64,
    serving: bool,
    /// The last look found nothing: the next record is announced.
    hungry: bool,
}

impl Default for State {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            logs: Logs::new(),
            groups: HashMap::new(),
            members: BTreeMap::new(),
            aside: HashSet::new(),
            next_member: 0,
            next_epoch: 0,
            faults: Vec::new(),
            holding: false,
            held: VecDeque::new(),
        }
    }
}

impl State {
    /// Makes sure that a topic has so many partitions, and gives new ones to who reads them.
    pub(super) fn grow(&mut self, topic: &Arc<str>, partitions: usize) {
        let log = self.logs.entry(Arc::clone(topic)).or_default();
        let before = log.partitions();
        log.grow(partitions);
        if before < partitions {
            self.hand_out();
        }
    }

    pub(super) fn append(&mut self, record: Outbound) -> Coordinates {
        let topic = Arc::clone(&record.topic);
        let named = record.partition.map_or(1, |partition| partition as usize + 1);
        self.grow(&topic, named);
        let timestamp = self.now();
        let log = self.logs.get_mut(&topic).expect("it was made to be there");
        let partition = log.partition_of(&record);
        let at = log.append(record, partition, timestamp);
        for member in self.members.values_mut() {
            for owned in member.owned.values_mut().filter(|owned| owned.is(&topic, partition)) {
                if std::mem::take(&mut owned.hungry) {
                    // The receiver is gone when the member has closed.
                    let _ = member.events.send(SourceEvent::Readable);
                }
            }
        }
        at
    }

    /// Adds a member and gives it all that it reads and nobody of its group has.
    pub(super) fn join(
        &mut self,
        group: &str,
        subscriptions: Vec<Subscription>,
        events: UnboundedSender<SourceEvent>,
    ) -> u64 {
        let id = self.next_member;
        self.next_member += 1;
        let exact: Vec<Arc<str>> = subscriptions
            .iter()
            .filter_map(|subscription| match subscription {
                Subscription::Exact(topic) => Some(Arc::clone(topic)),
                Subscription::Prefix(_) => None,
            })
            .collect();
        let member = MemberState {
            group: group.to_owned(),
            subscriptions,
            events,
            owned: BTreeMap::new(),
            failing_commits: VecDeque::new(),
            failing_close: None,
        };
        self.members.insert(id, member);
        exact.iter().for_each(|topic| self.grow(topic, 1));
        self.hand_out();
        let member = self.member(id);
        if member.owned.is_empty() {
            // The other end is still in the caller's hands.
            let _ = member.events.send(SourceEvent::Assigned(Vec::new()));
        }
        id
    }

    /// Removes a member; what it had goes to the others of its group.
    pub(super) fn leave(&mut self, id: u64) {
        if self.members.remove(&id).is_some() {
            self.hand_out();
        }
    }

    /// Gives a partition to a member, from the committed offset of its group on.
    ///
    /// # Panics
    /// Another assignment of it has not ended.
    pub(super) fn assign(&mut self, id: u64, places: &[(Arc<str>, i32)]) {
        let mut assignments = Vec::new();
        for (topic, partition) in places {
            let group = self.member(id).group.clone();
            assert!(
                !self.is_owned(&group, topic, *partition),
                "{topic}[{partition}] is assigned already; revoke it first"
            );
            self.aside.remove(&(group.clone(), Arc::clone(topic), *partition));
            let epoch = Epoch(self.next_epoch);
            self.next_epoch += 1;
            let position = self.committed(&group, topic, *partition).unwrap_or(0);
            let owned = Owned {
                topic: Arc::clone(topic),
                partition: *partition,
                position,
                serving: true,
                hungry: false,
            };
            self.member(id).owned.insert(epoch, owned);
            assignments.push(Assignment {
                epoch,
                cluster: CLUSTER.into(),
                topic: Arc::clone(topic),
                partition: *partition,
            });
        }
        if !assignments.is_empty() {
            let _ = self.member(id).events.send(SourceEvent::Assigned(assignments));
        }
    }

    /// The assignments of these partitions.
    ///
    /// # Panics
    /// The member does not have one of them.
    pub(super) fn epochs(&mut self, id: u64, places: &[(Arc<str>, i32)]) -> Vec<Epoch> {
        let owned = &self.member(id).owned;
        let epoch_of = |(topic, partition): &(Arc<str>, i32)| {
            let found = owned.iter().find(|(_, owned)| owned.is(topic, *partition));
            *found.unwrap_or_else(|| panic!("{topic}[{partition}] is not assigned")).0
        };
        places.iter().map(epoch_of).collect()
    }

    /// Ends these assignments; nobody gets the partitions before a test says so.
    pub(super) fn put_aside(&mut self, id: u64, epochs: &[Epoch]) {
        let Some(member) = self.members.get_mut(&id) else { return };
        for epoch in epochs {
            if let Some(owned) = member.owned.remove(epoch) {
                self.aside.insert((member.group.clone(), owned.topic, owned.partition));
            }
        }
    }

    /// Serves no more records of these assignments.
    pub(super) fn stop_serving(&mut self, id: u64, epochs: &[Epoch]) {
        for epoch in epochs {
            if let Some(owned) = self.member(id).owned.get_mut(epoch) {
                owned.serving = false;
            }
        }
    }

    /// Whether no revocation is under way.
    pub(super) fn is_whole(&self, id: u64) -> bool {
        self.members.get(&id).is_none_or(|member| member.owned.values().all(|owned| owned.serving))
    }

    pub(super) fn take(&mut self, id: u64, epoch: Epoch) -> Option<Record> {
        let member = self.members.get_mut(&id)?;
        let owned = member.owned.get_mut(&epoch).filter(|owned| owned.serving)?;
        let log = self.logs.get(&owned.topic)?;
        match log.at_or_behind(owned.partition, owned.position) {
            Some(record) => {
                owned.position = record.at.offset + 1;
                Some(record.clone())
            }
            None => {
                owned.hungry = true;
                None
            }
        }
    }

    /// Stores positions for the member's group; those of assignments that have ended are left out.
    pub(super) fn store(&mut self, id: u64, positions: &[Position]) -> Vec<(Arc<str>, i32, i64)> {
        let Some(member) = self.members.get(&id) else { return Vec::new() };
        let group = self.groups.entry(member.group.clone()).or_default();
        let mut stored = Vec::new();
        for Position { epoch, next } in positions {
            if let Some(owned) = member.owned.get(epoch) {
                group.insert((Arc::clone(&owned.topic), owned.partition), *next);
                stored.push((Arc::clone(&owned.topic), owned.partition, *next));
            }
        }
        stored
    }

    pub(super) fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.groups.get(group)?.get(&(Arc::from(topic), partition)).copied()
    }

    /// A member that has not left.
    pub(super) fn member(&mut self, id: u64) -> &mut MemberState {
        self.members.get_mut(&id).expect("the connector has left its group")
    }

    /// Gives every partition that a group reads and nobody of it has to the first who reads it.
    fn hand_out(&mut self) {
        let ids: Vec<u64> = self.members.keys().copied().collect();
        for id in ids {
            let MemberState { group, subscriptions, .. } = &self.members[&id];
            let reads = |topic: &str| subscriptions.iter().any(|one| one.matches(topic));
            let free: Vec<(Arc<str>, i32)> = self
                .logs
                .iter()
                .filter(|(topic, _)| reads(topic))
                .flat_map(|(topic, log)| (0..log.partitions()).map(move |p| (topic, p as i32)))
                .map(|(topic, partition)| (Arc::clone(topic), partition))
                .filter(|(topic, partition)| !self.is_owned(group, topic, *partition))
                .filter(|(topic, partition)| {
                    !self.aside.contains(&(group.clone(), Arc::clone(topic), *partition))
                })
                .collect();
            self.assign(id, &free);
        }
    }

    fn is_owned(&self, group: &str, topic: &str, partition: i32) -> bool {
        let members = self.members.values().filter(|member| member.group == group);
        members.flat_map(|member| member.owned.values()).any(|owned| owned.is(topic, partition))
    }

    fn now(&self) -> i64 {
        let since = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        FIRST_MILLISECOND.saturating_add(since)
    }
}

impl Owned {
    pub(super) fn is(&self, topic: &str, partition: i32) -> bool {
        *self.topic == *topic && self.partition == partition
    }
}
