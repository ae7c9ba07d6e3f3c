//! How long a partition stood still while there was something to do.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::books::Account;

/// A partition that stood still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Hold {
    pub(crate) length: Duration,
    /// The request that was the next to be finished.
    pub(crate) number: usize,
}

/// The longest time of each partition in which it had unfinished requests and finished none, by the
/// broker's clock; the longest first. It counts from the last answer of the request that was finished
/// before (or from the arrival of a request where nothing else was to do) to the last answer of the
/// next.
pub(crate) fn longest(accounts: &[Account]) -> Vec<Hold> {
    let mut partitions: BTreeMap<_, Vec<Event>> = BTreeMap::new();
    for (number, account) in accounts.iter().enumerate() {
        let Some(((handler, partition, _), arrived)) = account.stands else { continue };
        if account.counts == account.due() {
            let steps = partitions.entry((handler, partition)).or_default();
            steps.push((arrived, Step::Arrives, number));
            steps.push((account.finished, Step::Finishes, number));
        }
    }
    let mut holds: Vec<_> = partitions.into_values().filter_map(of_one).collect();
    holds.sort_unstable_by(|one, other| other.cmp(one));
    holds
}

/// When, what, and the number of the request.
type Event = (i64, Step, usize);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Arrives,
    Finishes,
}

fn of_one(mut steps: Vec<Event>) -> Option<Hold> {
    steps.sort_unstable();
    let (mut open, mut since, mut longest) = (0_u64, 0, None);
    for (at, step, number) in steps {
        match step {
            Step::Arrives => {
                if open == 0 {
                    since = at;
                }
                open += 1;
            }
            Step::Finishes => {
                let length = Duration::from_millis(at.saturating_sub(since).unsigned_abs());
                longest = longest.max(Some(Hold { length, number }));
                (open, since) = (open - 1, at);
            }
        }
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_with_something_to_do_counts() {
        let (arrives, finishes) = (Step::Arrives, Step::Finishes);
        let steps = vec![
            (0, arrives),
            (10, finishes),
            // Nothing to do for a long time.
            (1_000, arrives),
            (1_010, arrives),
            (1_030, finishes),
            (1_090, finishes),
            (1_090, arrives),
            (1_100, finishes),
        ];
        let steps = steps.into_iter().enumerate().map(|(number, (at, step))| (at, step, number));
        let hold = Hold { length: Duration::from_millis(60), number: 5 };
        assert_eq!(of_one(steps.collect()), Some(hold));
        assert_eq!(of_one(Vec::new()), None);
    }
}
