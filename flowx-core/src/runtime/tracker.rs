//! Which offsets of one assignment are finished.

use std::collections::VecDeque;

use tokio::time::Instant;

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
    read: Instant,
    at_handler: Option<Instant>,
}

/// Names one record of one tracker; later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sequence(u64);

impl Tracker {
    /// Takes in the next record, which was read then.
    pub fn deliver(&mut self, offset: i64, read: Instant) -> Sequence {
        let sequence = Sequence(self.head + self.slots.len() as u64);
        self.slots.push_back(Slot { offset, done: false, read, at_handler: None });
        sequence
    }

    /// Notes since when a record is at its handler; `None` if it no longer is.
    pub fn at_handler(&mut self, sequence: Sequence, since: Option<Instant>) {
        if let Some(slot) = self.slot(sequence) {
            slot.at_handler = since;
        }
    }

    fn slot(&mut self, sequence: Sequence) -> Option<&mut Slot> {
        let index = sequence.0.checked_sub(self.head)?;
        self.slots.get_mut(usize::try_from(index).ok()?)
    }

    /// Marks a record as finished; a second time changes nothing.
    pub fn complete(&mut self, sequence: Sequence) {
        if let Some(slot) = self.slot(sequence) {
            slot.done = true;
        }
        while let Some(Slot { offset, done: true, .. }) = self.slots.front() {
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

    /// Offset of the oldest record that is not finished, when it was read, and since when it is at its
    /// handler, if it is.
    #[must_use]
    pub fn oldest(&self) -> Option<(i64, Instant, Option<Instant>)> {
        self.slots.front().map(|slot| (slot.offset, slot.read, slot.at_handler))
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
        let [a, b, c] = [5, 9, 10].map(|offset| tracker.deliver(offset, Instant::now()));
        tracker.complete(b);
        assert_eq!(tracker.frontier(), None);
        tracker.complete(a);
        assert_eq!(tracker.frontier(), Some(10));
        tracker.complete(a);
        assert_eq!((tracker.frontier(), tracker.unfinished()), (Some(10), 1));
        tracker.complete(c);
        assert_eq!((tracker.frontier(), tracker.unfinished()), (Some(11), 0));
    }

    /// One thing that happens to a partition, at its present assignment unless said otherwise.
    #[derive(Clone, Debug)]
    enum Step {
        /// A record is read, so many offsets behind the last one.
        Deliver(i64),
        /// One of all records that were ever read is finished, perhaps not for the first time and
        /// perhaps one of an assignment that is over.
        Complete(prop::sample::Index),
        /// What is finished is committed.
        Commit,
        /// The assignment ends and the next one begins at the committed offset.
        Reassign,
        /// The same, but somebody has moved the committed offset.
        Reset(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            8 => (1_i64..5).prop_map(Step::Deliver),
            10 => any::<prop::sample::Index>().prop_map(Step::Complete),
            2 => Just(Step::Commit),
            1 => Just(Step::Reassign),
            1 => (0_i64..50).prop_map(Step::Reset),
        ];
        prop::collection::vec(step, 0..600)
    }

    /// Every record that was ever read: its assignment, its offset, its name, whether it is finished.
    type Naive = Vec<(u64, i64, Sequence, bool)>;

    /// The frontier, counted anew from everything that is known.
    fn frontier_of(model: &Naive, assignment: u64) -> Option<i64> {
        let own = model.iter().filter(|(of, ..)| *of == assignment);
        own.take_while(|(.., done)| *done).last().map(|(_, offset, ..)| offset + 1)
    }

    proptest! {
        /// A partition's way through its assignments, as the runtime goes it: each has a tracker of
        /// its own, and a completion finds the tracker by the name of its assignment.
        #[test]
        fn it_agrees_with_a_naive_model(steps in steps()) {
            let mut live = (0_u64, Tracker::default());
            let mut model = Naive::new();
            let (mut offset, mut committed) = (-1_i64, 0_i64);
            for step in steps {
                let (assignment, tracker) = &mut live;
                match step {
                    Step::Deliver(gap) => {
                        offset += gap;
                        let sequence = tracker.deliver(offset, Instant::now());
                        model.push((*assignment, offset, sequence, false));
                    }
                    Step::Complete(pick) if !model.is_empty() => {
                        let (of, _, sequence, done) = pick.get_mut(&mut model);
                        *done = true;
                        if of == assignment {
                            tracker.complete(*sequence);
                        }
                    }
                    Step::Complete(_) => {}
                    Step::Commit => {
                        if let Some(next) = tracker.frontier() {
                            prop_assert!(next >= committed, "{next} behind {committed}");
                            committed = next;
                        }
                    }
                    Step::Reassign | Step::Reset(_) => {
                        if let Step::Reset(to) = step {
                            committed = to;
                        }
                        live = (*assignment + 1, Tracker::default());
                        offset = committed - 1;
                    }
                }
                let (assignment, tracker) = &live;
                prop_assert_eq!(tracker.frontier(), frontier_of(&model, *assignment));
                let own = model.iter().filter(|(of, ..)| of == assignment);
                let unfinished: Vec<i64> =
                    own.skip_while(|(.., done)| *done).map(|(_, offset, ..)| *offset).collect();
                prop_assert_eq!(tracker.unfinished(), unfinished.len());
                if let (Some(next), Some(first)) = (tracker.frontier(), unfinished.first()) {
                    prop_assert!(next <= *first, "{next} is ahead of the unfinished {first}");
                }
            }
        }
    }
}
