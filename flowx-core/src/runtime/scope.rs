//! How the end of an assignment reaches its requests.

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::tracker::Sequence;

/// The life of one assignment, as its requests see it; cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope(Arc<Ends>);

#[derive(Debug, Default)]
struct Ends {
    last_call: OnceLock<LastCall>,
    closing: CancellationToken,
    /// Shared without its own count of clones, which is behind a lock.
    ended: Arc<CancellationToken>,
}

/// What an assignment that is about to end still wants.
///
/// Offsets are committed without gaps: what is finished behind a request that is not will be handled
/// again. So a request goes on if another one behind it has begun, and is left to the next owner if
/// not.
#[derive(Clone, Copy, Debug)]
pub(super) struct LastCall {
    /// The last request that has begun.
    pub(super) newest: Option<Sequence>,
    /// The end of patience.
    pub(super) deadline: Instant,
}

impl LastCall {
    /// Whether a request that has to wait is worth waiting for.
    pub(super) fn wants(&self, sequence: Sequence) -> bool {
        self.newest.is_some_and(|newest| sequence < newest)
    }
}

impl Scope {
    /// The assignment is about to end. Only the first word counts.
    pub(super) fn close(&self, last_call: LastCall) {
        let _ = self.0.last_call.set(last_call);
        self.0.closing.cancel();
    }

    /// Whatever still runs no longer counts.
    pub(super) fn end(&self) {
        self.0.ended.cancel();
    }

    /// Cancelled when whatever still runs no longer counts.
    pub(super) fn ended(&self) -> &Arc<CancellationToken> {
        &self.0.ended
    }

    /// Comes back when the next attempt at a request, due at `next`, is its next owner's.
    pub(super) async fn leaves(&self, sequence: Sequence, next: Instant) {
        self.0.closing.cancelled().await;
        let wanted = self
            .0
            .last_call
            .get()
            .is_some_and(|last_call| last_call.wants(sequence) && next < last_call.deadline);
        if wanted {
            std::future::pending::<()>().await;
        }
    }
}
