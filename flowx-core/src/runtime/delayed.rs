//! Requests on retry topics: read as what they were, and kept until they are due.

use std::time::Duration;

use tokio::time::Instant;

use crate::handler::registry::Route;
use crate::message::identity::RequestId;
use crate::message::record::Record;
use crate::message::retry::{self, Restored, Retried};

/// A record as its handler gets it, and what happened to it before.
#[derive(Debug)]
pub(super) struct Arrival {
    /// Where it was read: on a retry topic not where the request stands.
    pub(super) offset: i64,
    pub(super) record: Record,
    /// The identity that it came with; `None` for a request that comes for the first time.
    pub(super) id: Option<RequestId>,
    /// Attempts made before.
    pub(super) earlier: u32,
}

/// An arrival before its time.
#[derive(Debug)]
pub(super) struct Early {
    pub(super) arrival: Arrival,
    pub(super) due: Instant,
}

/// Where a partition stands whose topic is a retry topic.
#[derive(Debug)]
pub(super) struct RetryPlace {
    /// Which of its handler's retry topics.
    pub(super) index: usize,
    delay: Duration,
    /// How far a clock by which its records were written is ahead of ours, in milliseconds, as far
    /// as they have shown.
    ahead: i64,
}

impl RetryPlace {
    /// The place of a partition of this topic; `None` if that is no retry topic of the handler.
    pub(super) fn of(topic: &str, route: &Route) -> Option<Self> {
        let index = route.retry_topic(topic)?;
        Some(Self { index, delay: route.retry_topics[index].delay, ahead: 0 })
    }

    /// How long a record has yet to wait that is due then: never longer than the topic's delay.
    fn wait(&mut self, due: i64, now: i64) -> Duration {
        let delay = i64::try_from(self.delay.as_millis()).unwrap_or(i64::MAX);
        let mut wait = due.saturating_sub(now);
        if wait > delay {
            // Nobody writes what is due later, but for somebody whose clock is ahead. What else came
            // from there must not wait for the full delay once more, one behind the other.
            self.ahead = self.ahead.max(wait - delay);
            wait -= self.ahead;
        }
        Duration::from_millis(u64::try_from(wait).unwrap_or(0))
    }
}

/// Reads a record of a partition, of a retry topic or of another; with it comes how long it has yet
/// to wait. `None` is a record that is another group's.
pub(super) fn arrival(
    record: Record,
    route: &Route,
    retry: Option<&mut RetryPlace>,
    group: &str,
    now: i64,
) -> Option<(Arrival, Duration)> {
    let offset = record.at.offset;
    let fresh = |record| {
        let arrival = Arrival { offset, record, id: None, earlier: 0 };
        Some((arrival, Duration::ZERO))
    };
    let Some(retry) = retry else { return fresh(retry::disbelieve(record)) };
    match retry::restore(record, group, |topic| route.reads(topic)) {
        Restored::Fresh(record) => fresh(record),
        Restored::Foreign => None,
        Restored::Retried(Retried { record, id, attempts, due }) => {
            let arrival = Arrival { offset, record, id: Some(id), earlier: attempts };
            Some((arrival, retry.wait(due, now)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_clock_that_is_ahead_has_written_keeps_its_pace() {
        let mut place = RetryPlace { index: 0, delay: Duration::from_secs(30), ahead: 0 };
        let mut wait = |due, now| place.wait(due, now).as_millis();
        assert_eq!(wait(30_000, 0), 30_000);
        assert_eq!(wait(30_000, 29_000), 1_000);
        assert_eq!(wait(30_000, 99_000), 0);
        // An hour ahead: the first waits for the whole delay, the others only for what is between.
        let hour = 3_600_000;
        assert_eq!(wait(hour + 130_000, 100_000), 30_000);
        assert_eq!(wait(hour + 130_000, 130_000), 0);
        assert_eq!(wait(hour + 130_500, 130_000), 500);
        // Others are none the worse for it, and it may get worse.
        assert_eq!(wait(140_000, 130_000), 10_000);
        assert_eq!(wait(i64::MAX, 130_000), 30_000);
        assert_eq!(wait(i64::MAX, 160_000), 0);
        assert_eq!(wait(i64::MIN, 160_000), 0);
    }
}
