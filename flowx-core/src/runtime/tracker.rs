//! Which offsets of one assignment are finished.

use std::collections::VecDeque;

/// Follows the records of one assignment and knows the offset below which all are finished.
///
/// It follows records that were read, not offsets that were counted, so gaps (compaction,
/// transaction markers) need no special case. One tracker serves one assignment; what belongs to an
/// earlier one has another tracker, or none any more.
#[derive(Debug, Default)]
pub struct Tracker {
    /// Sequence number of the first slot.
    head: u64,
    slots: VecDeque<Slot>,
    /// Offset behind the last record of the finished prefix.
    next: Option<i64>,
}

#[derive(Debug)]
struct Slot {
    offset: i64,
    done: bool,
}

/// Names one record of one tracker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sequence(u64);

impl Tracker {
    /// Takes in the next record that was read.
    pub fn deliver(&mut self, offset: i64) -> Sequence {
        let sequence = Sequence(self.head + self.slots.len() as u64);
        self.slots.push_back(Slot { offset, done: false });
        sequence
    }

    /// Marks a record as finished; a second time changes nothing.
    pub fn complete(&mut self, sequence: Sequence) {
        let slot = sequence
            .0
            .checked_sub(self.head)
            .and_then(|index| self.slots.get_mut(usize::try_from(index).ok()?));
        if let Some(slot) = slot {
            slot.done = true;
        }
        while let Some(Slot { offset, done: true }) = self.slots.front() {
            self.next = Some(offset + 1);
            self.slots.pop_front();
            self.head += 1;
        }
    }

    /// The offset to commit: every record below it is finished. `None` until the first is.
    #[must_use]
    pub fn frontier(&self) -> Option<i64> {
        self.next
    }

    /// How many records were read and are not below the frontier.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_frontier_waits_for_the_oldest_and_skips_gaps() {
        let mut tracker = Tracker::default();
        let [a, b, c] = [5, 9, 10].map(|offset| tracker.deliver(offset));
        tracker.complete(b);
        assert_eq!(tracker.frontier(), None);
        tracker.complete(a);
        assert_eq!(tracker.frontier(), Some(10));
        tracker.complete(a);
        assert_eq!((tracker.frontier(), tracker.unfinished()), (Some(10), 1));
        tracker.complete(c);
        assert_eq!((tracker.frontier(), tracker.unfinished()), (Some(11), 0));
    }

    proptest! {
        #[test]
        fn it_agrees_with_a_naive_model(
            gaps in prop::collection::vec(1_i64..5, 1..60),
            picks in prop::collection::vec(any::<prop::sample::Index>(), 0..120),
        ) {
            let mut tracker = Tracker::default();
            let mut offset = -1;
            let mut model: Vec<(i64, Sequence, bool)> = gaps
                .iter()
                .map(|gap| {
                    offset += gap;
                    (offset, tracker.deliver(offset), false)
                })
                .collect();
            for pick in picks {
                let record = pick.get(&model).1;
                tracker.complete(record);
                model.iter_mut().find(|(_, sequence, _)| *sequence == record).unwrap().2 = true;
                let finished = model.iter().take_while(|(_, _, done)| *done).last();
                prop_assert_eq!(tracker.frontier(), finished.map(|(offset, _, _)| offset + 1));
                let unfinished = model.iter().skip_while(|(_, _, done)| *done).count();
                prop_assert_eq!(tracker.unfinished(), unfinished);
            }
        }
    }
}
