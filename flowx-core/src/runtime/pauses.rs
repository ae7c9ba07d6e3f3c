//! Partitions of which nothing is read for a while: one alarm serves all of them.

use std::collections::BTreeSet;

use tokio::time::Instant;

use super::port::Epoch;

/// When which partitions go on.
#[derive(Debug, Default)]
pub(super) struct Pauses(BTreeSet<(Instant, Epoch)>);

impl Pauses {
    /// Notes that a partition goes on then.
    pub(super) fn add(&mut self, until: Instant, epoch: Epoch) {
        self.0.insert((until, epoch));
    }

    /// When the next one goes on. It may have ended by then.
    pub(super) fn next(&self) -> Option<Instant> {
        self.0.first().map(|(until, _)| *until)
    }

    /// The next one whose time has come.
    pub(super) fn take(&mut self, now: Instant) -> Option<Epoch> {
        let first = self.0.first().copied().filter(|(until, _)| *until <= now)?;
        self.0.remove(&first);
        Some(first.1)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn partitions_go_on_in_the_order_of_their_times() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let mut pauses = Pauses::default();
        for (wait, epoch) in [(3, 1), (1, 2), (1, 3)] {
            pauses.add(now + second * wait, Epoch(epoch));
        }
        assert_eq!(pauses.next(), Some(now + second));
        let mut all = std::iter::from_fn(|| pauses.take(now + second * 2));
        assert_eq!((all.next(), all.next(), all.next()), (Some(Epoch(2)), Some(Epoch(3)), None));
        assert_eq!(pauses.take(now + second * 3), Some(Epoch(1)));
        assert_eq!(pauses.next(), None);
    }
}
