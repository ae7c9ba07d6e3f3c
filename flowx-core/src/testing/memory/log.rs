//! The records of one topic.

use std::sync::Arc;

use super::murmur::partition_of;
use crate::message::record::{Coordinates, Outbound, Record};

/// One topic: its records in the order in which they came, and which of them each partition holds.
#[derive(Debug, Default)]
pub(super) struct Log {
    records: Vec<Record>,
    partitions: Vec<Partition>,
}

#[derive(Debug, Default)]
struct Partition {
    /// Indices into the records of the topic, by rising offset.
    records: Vec<usize>,
    next_offset: i64,
}

impl Log {
    pub(super) fn records(&self) -> &[Record] {
        &self.records
    }

    pub(super) fn partitions(&self) -> usize {
        self.partitions.len()
    }

    /// The offset behind the last record of a partition.
    pub(super) fn end(&self, partition: i32) -> Option<i64> {
        self.partitions.get(index(partition)).map(|partition| partition.next_offset)
    }

    /// Makes sure that there are so many partitions.
    pub(super) fn grow(&mut self, partitions: usize) {
        if self.partitions.len() < partitions {
            self.partitions.resize_with(partitions, Partition::default);
        }
    }

    /// The partition that a record belongs to.
    pub(super) fn partition_of(&self, record: &Outbound) -> i32 {
        let by_key = || partition_of(record.key.as_deref(), self.partitions.len());
        record.partition.unwrap_or_else(by_key)
    }

    /// Writes a record to a partition that exists.
    pub(super) fn append(
        &mut self,
        record: Outbound,
        partition: i32,
        timestamp: i64,
    ) -> Coordinates {
        let place = &mut self.partitions[index(partition)];
        let Outbound { topic, key, headers, payload, .. } = record;
        let at = Coordinates { topic, partition, offset: place.next_offset };
        place.next_offset += 1;
        place.records.push(self.records.len());
        let timestamp = Some(timestamp);
        self.records.push(Record { at: at.clone(), timestamp, key, headers, payload });
        at
    }

    /// Leaves a gap of so many offsets.
    pub(super) fn skip(&mut self, partition: i32, offsets: u32) {
        self.partitions[index(partition)].next_offset += i64::from(offsets);
    }

    /// The first record of a partition at or behind an offset.
    pub(super) fn at_or_behind(&self, partition: i32, offset: i64) -> Option<&Record> {
        let records = &self.partitions.get(index(partition))?.records;
        let first = records.partition_point(|index| self.records[*index].at.offset < offset);
        records.get(first).map(|index| &self.records[*index])
    }
}

fn index(partition: i32) -> usize {
    usize::try_from(partition).expect("partitions are counted from 0")
}

/// All topics of a broker, by full name.
pub(super) type Logs = std::collections::BTreeMap<Arc<str>, Log>;
