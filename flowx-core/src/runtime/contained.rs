//! A handler's future whose panics stay its own.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::panics::Panicked;
use crate::handler::outcome::{HandlerFuture, Outcome};

/// Runs a handler; a panic is its result. One while it is dropped, as at a timeout, ends there.
pub(super) struct Contained(Option<HandlerFuture>);

impl Contained {
    pub(super) fn new(future: HandlerFuture) -> Self {
        Self(Some(future))
    }

    fn discard(&mut self) {
        let future = self.0.take();
        // The panic hook has reported it; there is no result left that it could change.
        let _ = catch_unwind(AssertUnwindSafe(|| drop(future)));
    }
}

impl Future for Contained {
    type Output = Result<Outcome, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(future) = &mut self.0 else {
            panic!("a finished handler is polled");
        };
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        let result = match polled {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => Ok(outcome),
            Err(panic) => Err(Panicked::caught(panic)),
        };
        self.discard();
        Poll::Ready(result)
    }
}

impl Drop for Contained {
    fn drop(&mut self) {
        self.discard();
    }
}
