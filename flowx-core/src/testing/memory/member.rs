//! What a test does to one consumer of a group.

use std::sync::Arc;

use tokio::sync::oneshot;

use super::broker::MemoryBroker;
use crate::runtime::port::{Position, SourceEvent};

/// The test's hand on one consumer: takes its partitions away, gives them back, and makes its
/// commits fail. Topics are named in full.
#[derive(Clone, Debug)]
pub struct Member {
    broker: MemoryBroker,
    id: u64,
}

/// A revocation on its way.
#[derive(Debug)]
#[must_use = "its final positions are committed when it is awaited with `finished`"]
pub struct Revoking {
    member: Member,
    epochs: Vec<crate::runtime::port::Epoch>,
    done: oneshot::Receiver<Vec<Position>>,
}

impl Member {
    pub(super) fn new(broker: MemoryBroker, id: u64) -> Self {
        Self { broker, id }
    }

    /// Gives a partition to this consumer, from the committed offset on.
    ///
    /// # Panics
    /// Somebody of the group has it, or the consumer has left.
    pub fn assign(&self, topic: &str, partition: i32) {
        self.broker.with(|state| state.assign(self.id, &[(Arc::from(topic), partition)]));
    }

    /// Takes partitions away in good order, as a rebalance does: what is in flight may finish, then
    /// its final positions are committed. Nobody gets them before [`assign`](Self::assign).
    ///
    /// # Panics
    /// The consumer does not have one of them.
    pub fn revoke(&self, partitions: &[(&str, i32)]) -> Revoking {
        let (positions, done) = oneshot::channel();
        let epochs = self.broker.with(|state| {
            let epochs = state.epochs(self.id, &named(partitions));
            state.stop_serving(self.id, &epochs);
            let event = SourceEvent::Revoking { epochs: epochs.clone(), done: positions };
            let _ = state.member(self.id).events.send(event);
            epochs
        });
        Revoking { member: self.clone(), epochs, done }
    }

    /// Takes partitions away at once, as from a consumer that was silent for too long: nothing of
    /// theirs is committed any more.
    ///
    /// # Panics
    /// The consumer does not have one of them.
    pub fn lose(&self, partitions: &[(&str, i32)]) {
        self.broker.with(|state| {
            let epochs = state.epochs(self.id, &named(partitions));
            state.put_aside(self.id, &epochs);
            let _ = state.member(self.id).events.send(SourceEvent::Lost(epochs));
        });
    }

    /// Makes the next `count` commits fail for this reason; the one at the end counts not as one.
    pub fn fail_commits(&self, count: usize, reason: &str) {
        let reasons = std::iter::repeat_n(reason.to_owned(), count);
        self.broker.with(|state| state.member(self.id).failing_commits.extend(reasons));
    }

    /// Makes the last commit and the farewell fail for this reason.
    pub fn fail_close(&self, reason: &str) {
        self.broker.with(|state| state.member(self.id).failing_close = Some(reason.to_owned()));
    }

    /// Says that there may be something to read, as a broker does without need, too.
    pub fn announce(&self) {
        self.broker.with(|state| {
            let _ = state.member(self.id).events.send(SourceEvent::Readable);
        });
    }

    /// Ends the consumer with an error that it cannot recover from.
    pub fn fail(&self, reason: &str) {
        self.broker.with(|state| {
            let _ = state.member(self.id).events.send(SourceEvent::Failed(reason.to_owned()));
        });
    }

    /// Whether the consumer has left its group.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.broker.look(|state| !state.members.contains_key(&self.id))
    }
}

impl Revoking {
    /// Waits until the consumer has let go, and commits its final positions. Returns them as topic,
    /// partition and next offset; empty also if it let go without a word.
    ///
    /// # Panics
    /// It has not let go within ten minutes of tokio's clock.
    pub async fn finished(self) -> Vec<(Arc<str>, i32, i64)> {
        let patience = super::broker::PATIENCE;
        let positions = tokio::time::timeout(patience, self.done).await;
        let positions = positions.expect("the consumer should let go of what is revoked");
        let Member { broker, id } = self.member;
        broker.with(|state| {
            let stored = state.store(id, &positions.unwrap_or_default());
            state.put_aside(id, &self.epochs);
            stored
        })
    }
}

fn named(partitions: &[(&str, i32)]) -> Vec<(Arc<str>, i32)> {
    partitions.iter().map(|(topic, partition)| (Arc::from(*topic), *partition)).collect()
}
