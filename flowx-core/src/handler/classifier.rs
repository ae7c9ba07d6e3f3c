//! The link-time table of derived error types.
//!
//! *Motivation*: `?` must turn any error into a [`HandlerError`](super::error::HandlerError), yet
//! keep the mapping of a derived enum. The language allows only one `From` for both, so that one
//! asks this table, into which every derive enters its type.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::error::Error;
use std::sync::LazyLock;

use super::error::{Failure, FlowxError};

/// The entry of one derived error type.
#[derive(Debug)]
pub struct Classifier {
    type_id: fn() -> TypeId,
    /// Takes the error out of an `Option` of its own type, so that nothing is boxed on the way.
    failure: fn(&mut dyn Any) -> Option<Failure>,
}

impl Classifier {
    /// The entry of `E`.
    #[must_use]
    pub const fn of<E: FlowxError>() -> Self {
        Self { type_id: TypeId::of::<E>, failure: take::<E> }
    }
}

inventory::collect!(Classifier);

static BY_TYPE: LazyLock<HashMap<TypeId, &'static Classifier>> = LazyLock::new(|| {
    inventory::iter::<Classifier>.into_iter().map(|entry| ((entry.type_id)(), entry)).collect()
});

/// What becomes of the message: what the derive of `E` said, else a retry.
pub(super) fn failure<E: Error + Send + Sync + 'static>(error: E) -> Failure {
    let mut error = Some(error);
    let derived = BY_TYPE.get(&TypeId::of::<E>());
    match derived.and_then(|entry| (entry.failure)(&mut error)) {
        Some(failure) => failure,
        None => Failure::retry(error.expect("only the entry of this very type takes it")),
    }
}

fn take<E: FlowxError>(error: &mut dyn Any) -> Option<Failure> {
    error.downcast_mut::<Option<E>>()?.take().map(FlowxError::failure)
}
