//! Which partitions this member has, under which epoch, and how far they are committed.

use std::collections::BTreeMap;
use std::sync::Arc;

use rdkafka::consumer::base_consumer::PartitionQueue;
use rdkafka::{Offset, TopicPartitionList};

use super::partition::Partition;
use super::rebalance::Rebalancer;
use crate::runtime::port::{Assignment, Epoch, Position};

/// The assignments of one member; the fence against positions from earlier ones.
#[derive(Default)]
pub(super) struct Assignments {
    live: BTreeMap<Epoch, Live>,
    /// Assigned by the group, but not read: their queues only keep records off the main queue.
    parked: Vec<(String, i32, PartitionQueue<Rebalancer>)>,
    last_epoch: u64,
}

struct Live {
    partition: Arc<Partition>,
    committed: Option<i64>,
    /// Nothing beyond may be committed: a record from here on was not served.
    ceiling: Option<i64>,
}

impl Assignments {
    /// The assignments of a member whose last epoch was this one; none comes back.
    pub(super) fn after(last_epoch: u64) -> Self {
        Self { last_epoch, ..Self::default() }
    }

    pub(super) fn last_epoch(&self) -> u64 {
        self.last_epoch
    }

    /// All live assignments.
    pub(super) fn all(&self) -> Vec<(Epoch, Arc<Partition>)> {
        self.live.iter().map(|(epoch, live)| (*epoch, Arc::clone(&live.partition))).collect()
    }

    /// The partition of a live assignment, and the offset where it began or is committed.
    pub(super) fn one(&self, epoch: Epoch) -> Option<(Arc<Partition>, Option<i64>)> {
        let live = self.live.get(&epoch)?;
        Some((Arc::clone(&live.partition), live.committed))
    }

    /// Gives each partition, with its committed offset, an epoch of its own.
    pub(super) fn add(
        &mut self,
        cluster: &Arc<str>,
        taken: Vec<(Arc<Partition>, Option<i64>)>,
    ) -> Vec<(Assignment, Arc<Partition>)> {
        let mut assigned = Vec::with_capacity(taken.len());
        for (partition, committed) in taken {
            self.last_epoch += 1;
            let epoch = Epoch(self.last_epoch);
            let assignment = Assignment {
                epoch,
                cluster: Arc::clone(cluster),
                topic: Arc::clone(partition.topic()),
                partition: partition.partition(),
            };
            assigned.push((assignment, Arc::clone(&partition)));
            self.live.insert(epoch, Live { partition, committed, ceiling: None });
        }
        assigned
    }

    pub(super) fn park(&mut self, topic: &str, partition: i32, queue: PartitionQueue<Rebalancer>) {
        self.parked.push((topic.to_owned(), partition, queue));
    }

    /// Those of the positions whose assignment is live, and what of them has to be committed.
    pub(super) fn to_commit(&self, positions: &[Position]) -> (Vec<Position>, TopicPartitionList) {
        let mut live = Vec::with_capacity(positions.len());
        let mut list = TopicPartitionList::with_capacity(positions.len());
        for position in positions {
            let Some(assignment) = self.live.get(&position.epoch) else { continue };
            let next = assignment.ceiling.map_or(position.next, |limit| position.next.min(limit));
            live.push(Position { epoch: position.epoch, next });
            if assignment.committed.is_none_or(|committed| committed < next) {
                let partition = &assignment.partition;
                list.add_partition_offset(
                    partition.topic(),
                    partition.partition(),
                    Offset::Offset(next),
                )
                .expect("an offset of a record can be expressed");
            }
        }
        (live, list)
    }

    /// Notes that these positions were committed.
    pub(super) fn committed(&mut self, positions: &[Position]) {
        for position in positions {
            if let Some(assignment) = self.live.get_mut(&position.epoch) {
                assignment.committed = assignment.committed.max(Some(position.next));
            }
        }
    }

    /// Ends the reading of the listed partitions and says which assignments those are. They stay
    /// until [`remove`](Self::remove), so that their last positions can be committed.
    pub(super) fn end(&mut self, list: &TopicPartitionList) -> Vec<Epoch> {
        let mut epochs = Vec::new();
        for element in list.elements() {
            let found = self.live.iter().find(|(_, live)| {
                live.partition.partition() == element.partition()
                    && **live.partition.topic() == *element.topic()
            });
            if let Some((epoch, live)) = found {
                live.partition.end();
                epochs.push(*epoch);
            }
        }
        epochs
    }

    /// Forgets assignments, and the parked among the listed partitions.
    pub(super) fn remove(&mut self, epochs: &[Epoch], list: &TopicPartitionList) {
        for epoch in epochs {
            self.live.remove(epoch);
        }
        self.parked
            .retain(|(topic, partition, _)| list.find_partition(topic, *partition).is_none());
    }

    /// Ends everything; no queue is left that could keep the consumer alive.
    pub(super) fn end_all(&mut self) {
        for live in std::mem::take(&mut self.live).into_values() {
            live.partition.end();
        }
        self.parked.clear();
    }

    /// Forbids to commit beyond a record that was not served.
    pub(super) fn limit(&mut self, topic: &str, partition: i32, offset: i64) {
        for live in self.live.values_mut() {
            if live.partition.partition() == partition && **live.partition.topic() == *topic {
                live.ceiling = Some(live.ceiling.map_or(offset, |limit| limit.min(offset)));
            }
        }
    }

    /// The partition of an assignment, and the offset from which it could not be read.
    pub(super) fn unreadable(&self, epoch: Epoch) -> Option<(Arc<Partition>, Option<i64>)> {
        let (partition, began) = self.one(epoch)?;
        let next = partition.next().or(began);
        Some((partition, next))
    }
}

#[cfg(test)]
mod tests {
    use super::super::membership::Membership;
    use super::super::outbox::Outbox;
    use super::super::partition::Queue;
    use super::super::settings::KafkaSettings;
    use super::*;
    use crate::message::topic::Subscription;

    /// Partitions of a consumer that never meets a broker.
    fn partitions(count: i32) -> Vec<(Arc<Partition>, Option<i64>)> {
        let settings = KafkaSettings::new("127.0.0.1:1", "g");
        let outbox = Outbox::new(tokio::sync::mpsc::unbounded_channel().0, Arc::default());
        let topics = vec![Subscription::Exact("t".into())];
        let consumer = Membership::new(&settings, topics, outbox).unwrap().join(0).unwrap().0;
        (0..count)
            .map(|partition| {
                let split = consumer.split_partition_queue("t", partition).unwrap();
                let queue = Queue::of(&consumer, "t", partition, split, || {}).unwrap();
                (Partition::new("t".into(), partition, queue), Some(10))
            })
            .collect()
    }

    fn offsets(list: &TopicPartitionList) -> Vec<(i32, Offset)> {
        list.elements().iter().map(|one| (one.partition(), one.offset())).collect()
    }

    #[test]
    fn only_what_goes_forward_under_a_live_epoch_is_committed() {
        let mut assignments = Assignments::default();
        let added = assignments.add(&"c".into(), partitions(2));
        let (first, second) = (added[0].0.epoch, added[1].0.epoch);
        let positions = [
            Position { epoch: first, next: 9 },
            Position { epoch: second, next: 12 },
            Position { epoch: Epoch(99), next: 50 },
        ];
        let (live, list) = assignments.to_commit(&positions);
        assert_eq!(
            (live.as_slice(), offsets(&list)),
            (&positions[..2], vec![(1, Offset::Offset(12))])
        );

        assignments.committed(&live);
        assert_eq!(offsets(&assignments.to_commit(&positions).1), []);
        let mut list = TopicPartitionList::new();
        list.add_partition("t", 1);
        let ended = assignments.end(&list);
        assert_eq!(ended, [second]);
        assignments.remove(&ended, &list);
        assert_eq!(assignments.to_commit(&positions).0, &positions[..1]);
    }

    #[test]
    fn nothing_is_committed_beyond_a_record_that_was_not_served() {
        let mut assignments = Assignments::default();
        let epoch = assignments.add(&"c".into(), partitions(1))[0].0.epoch;
        assignments.limit("t", 0, 15);
        assignments.limit("t", 0, 17);
        let (live, list) = assignments.to_commit(&[Position { epoch, next: 20 }]);
        assert_eq!(live, [Position { epoch, next: 15 }]);
        assert_eq!(offsets(&list), [(0, Offset::Offset(15))]);
    }
}
