//! `Context`: which try this is and how long it may take.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::handler::binder::{BindError, Binder};
use crate::handler::call::{Attempt, Call};
use crate::handler::error::Failure;
use crate::handler::param::Param;

/// The circumstances of one call: the number of the try, its deadline, whether it is still wanted,
/// and a key with which a repeated call can be recognised.
///
/// ```
/// use flowx_core::Context;
///
/// let context = Context::for_test();
/// assert_eq!(context.attempt(), 1);
/// assert!(!context.remaining().is_zero());
/// ```
#[derive(Clone, Debug)]
pub struct Context(Attempt);

impl Context {
    /// A first try with 30 seconds to go, for unit tests of handlers.
    #[must_use]
    pub fn for_test() -> Self {
        let deadline = Instant::now() + Duration::from_secs(30);
        Self(Attempt::first(deadline, "test"))
    }

    /// Which try this is; 1 is the first. The count goes on over retry topics and restarts.
    #[must_use]
    pub fn attempt(&self) -> u32 {
        self.0.number
    }

    /// When the runtime stops waiting for this try.
    #[must_use]
    pub fn deadline(&self) -> Instant {
        self.0.deadline
    }

    /// How long this try may still take; zero when its time is over.
    #[must_use]
    pub fn remaining(&self) -> Duration {
        self.0.deadline.saturating_duration_since(Instant::now())
    }

    /// Says when the result is no longer wanted: hand it to work that goes on by itself, or wait
    /// with `cancellation().cancelled().await`.
    #[must_use]
    pub fn cancellation(&self) -> CancellationToken {
        self.0.cancelled()
    }

    /// A key that is the same for every try at this record and that no other record has: pass it to
    /// services that do a thing only once per key.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        self.0.idempotency_key()
    }

    /// The same context with another key, for tests.
    #[must_use]
    pub fn with_idempotency_key(self, key: impl Into<Arc<str>>) -> Self {
        Self(self.0.with_idempotency_key(key.into()))
    }

    /// The same context as another try, for tests.
    #[must_use]
    pub fn with_attempt(mut self, number: u32) -> Self {
        self.0.number = number;
        self
    }
}

impl From<Attempt> for Context {
    fn from(attempt: Attempt) -> Self {
        Self(attempt)
    }
}

// The note of `Param` lists it already, under a name that no other crate can change.
#[diagnostic::do_not_recommend]
impl Param for Context {
    type Bound = ();

    fn bind(_: &mut Binder<'_>) -> Result<(), BindError> {
        Ok(())
    }

    fn extract((): &(), call: &Call<'_>) -> Result<Self, Failure> {
        Ok(Self(call.attempt.clone()))
    }
}
