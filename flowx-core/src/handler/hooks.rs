//! What the derive of an error calls.
//!
//! Hooks carry function pointers, so that each bound is stated once and what lacks it is reported
//! once.

use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use super::codes::Codes;
use super::error::{BoxError, Failure, FlowxError};

/// What every type with the derive must be.
#[diagnostic::on_unimplemented(
    message = "`{Self}` must be a `std::error::Error` to be a flowx error",
    label = "this has no message and no cause",
    note = "add `#[derive(Debug, thiserror::Error)]` to `{Self}` and `#[error(\"…\")]` to its variants",
    note = "it must be `Send + Sync + 'static` as well"
)]
pub trait IsError: Sized {
    /// What the mapping needs of the error.
    fn hooks() -> Hooks<Self>;
}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> IsError for E {
    fn hooks() -> Hooks<Self> {
        Hooks { message: ToString::to_string, boxed: |error| Box::new(error) }
    }
}

/// What the mapping needs of an error.
pub struct Hooks<E> {
    message: fn(&E) -> String,
    boxed: fn(E) -> BoxError,
}

impl<E> fmt::Debug for Hooks<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hooks")
    }
}

/// Finds what the mapping needs of an error.
#[must_use]
pub fn error<E: IsError>() -> Hooks<E> {
    E::hooks()
}

/// `#[flowx(refuse = "CODE")]`: the error's own text is the message.
#[must_use]
pub fn refuse<E>(hooks: &Hooks<E>, code: &'static str, error: &E) -> Failure {
    Failure::refuse(code, (hooks.message)(error))
}

/// `#[flowx(retry)]`.
#[must_use]
pub fn retry<E>(hooks: &Hooks<E>, error: E) -> Failure {
    Failure::retry((hooks.boxed)(error))
}

/// `#[flowx(forward)]`: the field's own mapping.
pub struct Forward<E> {
    failure: fn(E) -> Failure,
    codes: fn(&mut Codes),
    field: PhantomData<fn(E)>,
}

impl<E> fmt::Debug for Forward<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Forward")
    }
}

/// Finds a field's own mapping.
#[must_use]
pub fn forward<E: FlowxError>() -> Forward<E> {
    Forward { failure: E::failure, codes: E::codes, field: PhantomData }
}

/// What the field says becomes of the message.
#[must_use]
pub fn forward_failure<E>(forward: &Forward<E>, error: E) -> Failure {
    (forward.failure)(error)
}

/// The field's codes.
pub fn forward_codes<E>(forward: &Forward<E>, codes: &mut Codes) {
    (forward.codes)(codes);
}
