//! Handlers that block or burn CPU, on threads of their own.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::contained::Contained;
use super::panics::Panicked;
use crate::handler::outcome::{HandlerFuture, Outcome};

static AT_WORK: AtomicUsize = AtomicUsize::new(0);

/// How many handlers are at work on threads of their own, those included that ran out of time and
/// go on regardless: a thread cannot be stopped from outside.
pub fn at_work() -> usize {
    AT_WORK.load(Ordering::Relaxed)
}

/// Runs a handler on a thread of its own; a panic is its result. Once cancelled it stops at its next
/// `await`.
pub(super) fn run(
    handler: HandlerFuture,
    cancelled: CancellationToken,
) -> impl Future<Output = Result<Outcome, Panicked>> + Send {
    let presence = Presence::new();
    let thread = spawn_blocking(move || {
        let _presence = presence;
        Handle::current().block_on(async move {
            tokio::select! {
                biased;
                () = cancelled.cancelled() => None,
                result = Contained::new(handler) => Some(result),
            }
        })
    });
    async move {
        match thread.await {
            Ok(Some(result)) => result,
            // Nobody waits for this any more: the attempt or the runtime is over.
            Ok(None) | Err(_) => std::future::pending().await,
        }
    }
}

/// Counts one handler for as long as its thread has it.
struct Presence;

impl Presence {
    fn new() -> Self {
        AT_WORK.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        AT_WORK.fetch_sub(1, Ordering::Relaxed);
    }
}
