//! One assignment, as others may look at it: written by the runtime, read by whoever asks.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::Instant;

/// What is known of one partition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionView {
    /// Full name of the topic.
    pub topic: Arc<str>,
    /// Partition of the topic.
    pub partition: i32,
    /// Name of the handler; `None` for a topic that none reads any more.
    pub handler: Option<&'static str>,
    /// Offset of the first record that is not finished; `None` if nothing tells it yet.
    pub position: Option<i64>,
    /// Records between the position and the end of the partition; `None` if the end is not known.
    pub lag: Option<i64>,
    /// Records that were read and are not finished.
    pub unfinished: u64,
    /// How long ago the oldest of them was read.
    pub oldest: Option<Duration>,
    /// Why it is not read; `None` if it is.
    pub hold: Option<Hold>,
}

/// Why a partition is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// An operator has paused its handler.
    HandlerPaused,
    /// Nearly all of its requests fail.
    Breaker,
    /// As much waits in its lanes as may.
    Full,
    /// An answer waits until the broker takes it.
    Answers,
    /// Its next request waits on a retry topic until it is due.
    NotDue,
    /// It is being given back.
    GivenBack,
    /// Nothing can be read from it without skipping a record.
    Source(String),
}

impl Hold {
    /// The reasons that come and go by themselves while the connector works.
    const KINDS: [Self; 6] = [
        Self::HandlerPaused,
        Self::Breaker,
        Self::Full,
        Self::Answers,
        Self::NotDue,
        Self::GivenBack,
    ];

    /// Whether somebody has to do something about it.
    #[must_use]
    pub fn is_trouble(&self) -> bool {
        matches!(self, Self::Breaker | Self::Source(_))
    }
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::HandlerPaused => "its handler is paused",
            Self::Breaker => "nearly all of its requests fail; one is tried from time to time",
            Self::Full => "as much waits for requests of the same process as may",
            Self::Answers => "an answer waits until the broker takes it",
            Self::NotDue => "its next request waits until it is due",
            Self::GivenBack => "it is being given back",
            Self::Source(reason) => reason,
        })
    }
}

/// A moment that one thread sets and others read.
#[derive(Debug, Default)]
pub(super) struct Moment(AtomicU64);

impl Moment {
    /// `None` is no moment.
    pub(super) fn set(&self, began: Instant, at: Option<Instant>) {
        self.0.store(at.map_or(0, |at| stamp(began, at)), Relaxed);
    }

    /// How long ago it was.
    pub(super) fn ago(&self, began: Instant) -> Option<Duration> {
        let stamp = self.0.load(Relaxed).checked_sub(1)?;
        Some(began.elapsed().saturating_sub(Duration::from_millis(stamp)))
    }
}

/// Milliseconds from `began` on, and one more: 0 is no moment.
fn stamp(began: Instant, at: Instant) -> u64 {
    let since = at.saturating_duration_since(began).as_millis();
    u64::try_from(since).unwrap_or(u64::MAX - 1) + 1
}

/// The books of one assignment. One task writes, nobody waits.
#[derive(Debug)]
pub(in crate::runtime) struct PartitionStatus {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    /// Its handler's place in the registry.
    pub(super) handler: Option<usize>,
    began: Instant,
    /// -1 is none.
    position: AtomicI64,
    oldest: Moment,
    at_handler: Moment,
    unfinished: AtomicU64,
    /// 0 is none, else a place in [`Hold::KINDS`] and one more.
    hold: AtomicU8,
}

/// How far an assignment is.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::runtime) struct Progress {
    /// Offset of the first record that is not finished.
    pub(in crate::runtime) position: Option<i64>,
    /// When the oldest was read that is not finished.
    pub(in crate::runtime) oldest: Option<Instant>,
    /// Since when that one is at its handler, if it is.
    pub(in crate::runtime) at_handler: Option<Instant>,
    /// How many are not finished.
    pub(in crate::runtime) unfinished: usize,
}

impl PartitionStatus {
    pub(super) fn new(
        topic: Arc<str>,
        partition: i32,
        handler: Option<usize>,
        began: Instant,
    ) -> Self {
        Self {
            topic,
            partition,
            handler,
            began,
            position: AtomicI64::new(-1),
            oldest: Moment::default(),
            at_handler: Moment::default(),
            unfinished: AtomicU64::new(0),
            hold: AtomicU8::new(0),
        }
    }

    /// Notes how far it is.
    pub(in crate::runtime) fn progress(&self, progress: Progress) {
        self.position.store(progress.position.unwrap_or(-1), Relaxed);
        self.oldest.set(self.began, progress.oldest);
        self.at_handler.set(self.began, progress.at_handler);
        self.unfinished.store(progress.unfinished as u64, Relaxed);
    }

    /// Notes why it is not read; `None` if it is.
    pub(in crate::runtime) fn hold(&self, hold: Option<&Hold>) {
        let place = hold.and_then(|hold| Hold::KINDS.iter().position(|kind| kind == hold));
        let place = place.and_then(|place| u8::try_from(place + 1).ok());
        self.hold.store(place.unwrap_or(0), Relaxed);
    }

    pub(super) fn position(&self) -> Option<i64> {
        Some(self.position.load(Relaxed)).filter(|position| *position >= 0)
    }

    pub(super) fn oldest(&self) -> Option<Duration> {
        self.oldest.ago(self.began)
    }

    /// For how long the oldest unfinished record has been at its handler, if it is.
    pub(super) fn at_handler(&self) -> Option<Duration> {
        self.at_handler.ago(self.began)
    }

    pub(super) fn unfinished(&self) -> u64 {
        self.unfinished.load(Relaxed)
    }

    pub(super) fn held(&self) -> Option<Hold> {
        let place = usize::from(self.hold.load(Relaxed)).checked_sub(1)?;
        Hold::KINDS.get(place).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_is_read_as_it_was_written() {
        let status = PartitionStatus::new("t".into(), 0, None, Instant::now());
        for kind in Hold::KINDS {
            status.hold(Some(&kind));
            assert_eq!(status.held(), Some(kind));
        }
        status.hold(None);
        assert_eq!(status.held(), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_is_as_long_ago_as_it_is() {
        let began = Instant::now();
        let moment = Moment::default();
        assert_eq!(moment.ago(began), None);
        moment.set(began, Some(began));
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(moment.ago(began), Some(Duration::from_secs(7)));
        moment.set(began, None);
        assert_eq!(moment.ago(began), None);
    }
}
