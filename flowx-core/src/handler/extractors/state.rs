//! `State<T>`: a value that all calls share.

use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::handler::binder::{BindError, Binder};
use crate::handler::call::Call;
use crate::handler::error::Failure;
use crate::handler::param::Param;

/// A value that was given to the connector and that all calls share, found by its type.
///
/// It is looked up when the connector starts: a missing one is an error then, not later.
///
/// ```
/// use flowx_core::State;
///
/// struct Rates {
///     usd: f64,
/// }
///
/// // In a unit test of a handler:
/// let rates = State::new(Rates { usd: 1.08 });
/// assert_eq!(rates.usd, 1.08);
/// ```
pub struct State<T>(Arc<T>);

impl<T> State<T> {
    /// Shares a value, as a test of a handler would.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self(Arc::new(value))
    }

    /// The shared value, to be kept beyond the call.
    #[must_use]
    pub fn into_arc(self) -> Arc<T> {
        self.0
    }
}

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> From<Arc<T>> for State<T> {
    fn from(value: Arc<T>) -> Self {
        Self(value)
    }
}

impl<T> fmt::Debug for State<T> {
    /// The type only: the value may hold secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "State<{}>", type_name::<T>())
    }
}

impl<T: Send + Sync + 'static> Param for State<T> {
    type Bound = Arc<T>;

    fn bind(binder: &mut Binder<'_>) -> Result<Arc<T>, BindError> {
        binder.state()
    }

    fn extract(bound: &Arc<T>, _: &Call<'_>) -> Result<Self, Failure> {
        Ok(Self(Arc::clone(bound)))
    }
}
