//! Which offsets of a partition are finished, up to the first that is not.

use std::collections::VecDeque;

/// The records of one partition that are at work, in the order in which they were read.
#[derive(Default)]
pub(crate) struct Tracker {
    /// Number of the record at the front.
    first: u64,
    at_work: VecDeque<(i64, bool)>,
    next: Option<i64>,
}

impl Tracker {
    /// A record begins; the number is what it is finished with.
    pub(crate) fn begin(&mut self, offset: i64) -> u64 {
        self.at_work.push_back((offset, false));
        self.first + self.at_work.len() as u64 - 1
    }

    /// The record of this number is acknowledged.
    pub(crate) fn finish(&mut self, number: u64) {
        let place = usize::try_from(number - self.first).expect("a few are at work");
        self.at_work[place].1 = true;
        while let Some((offset, true)) = self.at_work.front() {
            self.next = Some(offset + 1);
            self.first += 1;
            self.at_work.pop_front();
        }
    }

    /// The offset to commit, if it is another than last time.
    pub(crate) fn moved(&mut self) -> Option<i64> {
        self.next.take()
    }
}
