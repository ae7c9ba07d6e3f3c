//! The breaker of one partition: when nearly everything fails, the rest is kept for better times.
//!
//! A service that is down, or a sender gone mad, would otherwise turn every request of the partition
//! into an error reply and a dead letter, as fast as they come in.

use std::collections::VecDeque;
use std::time::Duration;

use super::tracker::Sequence;

/// When a partition is held because its requests fail.
///
/// A failure is a request that is put aside: unreadable, exhausted, timed out, panicked, its reply
/// no JSON. A refusal with a code of the handler's own is an answer like any other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row; default 100, `None` for no limit.
    pub consecutive: Option<u32>,
    /// Failures in a hundred, of the last [`WINDOW`]; default 90, `None` for no limit.
    pub percent: Option<u32>,
    /// How long nothing is read before one request is tried; default 30 s.
    pub pause: Duration,
}

/// Requests that a share is taken of.
pub const WINDOW: usize = 200;

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { consecutive: Some(100), percent: Some(90), pause: Duration::from_secs(30) }
    }
}

impl BreakerPolicy {
    /// A breaker that never holds anything.
    #[must_use]
    pub fn off() -> Self {
        Self { consecutive: None, percent: None, ..Self::default() }
    }
}

/// What a word on a request changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// From now on nothing is read; of the last requests so many failed.
    Held { failed: usize, of: usize },
    /// The one that was tried failed too: nothing is read for another while.
    StillHeld,
    /// The one that was tried did not fail: everything is read again.
    Released,
}

/// The breaker of one partition.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: State,
    row: u32,
    /// Whether each of the last requests failed, the newest at the end.
    last: VecDeque<bool>,
    failed: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    /// Nothing is read.
    Open,
    /// One request may be read.
    Trying,
    /// The word on this one decides.
    Tried(Sequence),
}

impl Breaker {
    /// Whether the next record may be read.
    pub(super) fn may_read(&self) -> bool {
        matches!(self.state, State::Closed | State::Trying)
    }

    /// A request was read.
    pub(super) fn read(&mut self, sequence: Sequence) {
        if self.state == State::Trying {
            self.state = State::Tried(sequence);
        }
    }

    /// The pause is over.
    pub(super) fn try_one(&mut self) {
        if self.state == State::Open {
            self.state = State::Trying;
        }
    }

    /// The word on a request: whether it failed.
    pub(super) fn word(
        &mut self,
        policy: &BreakerPolicy,
        sequence: Sequence,
        failed: bool,
    ) -> Option<Change> {
        match self.state {
            State::Closed => self.count(policy, failed),
            State::Tried(tried) if tried == sequence => {
                if failed {
                    self.state = State::Open;
                    return Some(Change::StillHeld);
                }
                *self = Self::default();
                Some(Change::Released)
            }
            // What was at work before says nothing about now.
            State::Open | State::Trying | State::Tried(_) => None,
        }
    }

    fn count(&mut self, policy: &BreakerPolicy, failed: bool) -> Option<Change> {
        self.row = if failed { self.row + 1 } else { 0 };
        if self.last.len() == WINDOW {
            self.failed -= usize::from(self.last.pop_front() == Some(true));
        }
        self.last.push_back(failed);
        self.failed += usize::from(failed);
        let row = policy.consecutive.is_some_and(|limit| self.row >= limit);
        let share = policy.percent.is_some_and(|limit| {
            self.last.len() == WINDOW && self.failed * 100 >= limit as usize * WINDOW
        });
        let change = match (row, share) {
            (true, _) => {
                let row = usize::try_from(self.row).unwrap_or(usize::MAX);
                Change::Held { failed: row, of: row }
            }
            (false, true) => Change::Held { failed: self.failed, of: WINDOW },
            (false, false) => return None,
        };
        self.state = State::Open;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::tracker::Tracker;

    struct Partition {
        breaker: Breaker,
        policy: BreakerPolicy,
        tracker: Tracker,
        offset: i64,
    }

    impl Partition {
        fn new(consecutive: Option<u32>, percent: Option<u32>) -> Self {
            let policy = BreakerPolicy { consecutive, percent, ..BreakerPolicy::default() };
            Self { breaker: Breaker::default(), policy, tracker: Tracker::default(), offset: 0 }
        }

        fn read(&mut self) -> Sequence {
            assert!(self.breaker.may_read());
            self.offset += 1;
            let sequence = self.tracker.deliver(self.offset, tokio::time::Instant::now());
            self.breaker.read(sequence);
            sequence
        }

        fn next(&mut self, failed: bool) -> Option<Change> {
            let sequence = self.read();
            self.breaker.word(&self.policy, sequence, failed)
        }
    }

    #[test]
    fn failures_in_a_row_hold_it_and_one_success_between_them_does_not() {
        let mut partition = Partition::new(Some(3), None);
        for failed in [true, true, false, true, true] {
            assert_eq!(partition.next(failed), None);
        }
        assert_eq!(partition.next(true), Some(Change::Held { failed: 3, of: 3 }));
        assert!(!partition.breaker.may_read());
    }

    #[test]
    fn a_share_counts_only_when_there_were_enough() {
        let mut partition = Partition::new(None, Some(50));
        for number in 0..WINDOW - 1 {
            assert_eq!(partition.next(number % 2 == 0), None);
        }
        assert_eq!(partition.next(false), Some(Change::Held { failed: 100, of: WINDOW }));
        let mut healthy = Partition::new(None, Some(50));
        assert!((0..10_000).all(|number| healthy.next(number % 10 == 0).is_none()));
    }

    #[test]
    fn after_the_pause_one_request_decides() {
        let mut partition = Partition::new(Some(1), None);
        let late = partition.read();
        partition.next(true);
        assert_eq!(partition.breaker.word(&partition.policy, late, false), None, "it began before");
        assert!(!partition.breaker.may_read());
        partition.breaker.try_one();
        let tried = partition.read();
        assert!(!partition.breaker.may_read(), "one, and no more");
        assert_eq!(partition.breaker.word(&partition.policy, tried, true), Some(Change::StillHeld));
        partition.breaker.try_one();
        assert_eq!(partition.next(false), Some(Change::Released));
        assert!(partition.breaker.may_read());
    }

    #[test]
    fn switched_off_it_never_holds_anything() {
        let mut partition = Partition::new(None, None);
        assert!((0..1_000).all(|_| partition.next(true).is_none()));
    }
}
