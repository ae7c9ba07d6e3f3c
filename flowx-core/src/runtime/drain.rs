//! Assignments that end in good order: what is in flight may finish, up to a deadline.

use tokio::sync::oneshot;
use tokio::time::Instant;

use super::port::{Epoch, Position};

/// Partitions that the source wants back.
#[derive(Debug)]
pub(super) struct Revocation {
    pub(super) epochs: Vec<Epoch>,
    pub(super) deadline: Instant,
    done: oneshot::Sender<Vec<Position>>,
}

impl Revocation {
    pub(super) fn new(
        epochs: Vec<Epoch>,
        deadline: Instant,
        done: oneshot::Sender<Vec<Position>>,
    ) -> Self {
        Self { epochs, deadline, done }
    }

    /// Lets the source go on with these final positions.
    pub(super) fn finish(self, positions: Vec<Position>) {
        // A source that no longer waits has let go by itself.
        let _ = self.done.send(positions);
    }
}

/// How far the end of a connector has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Records are read.
    Consuming,
    /// Nothing more is read; what is in flight may finish until then.
    Draining {
        /// The end of patience.
        deadline: Instant,
    },
}
