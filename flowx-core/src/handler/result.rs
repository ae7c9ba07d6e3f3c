//! What a handler returns.

use serde_json::Value;

use super::codes::Codes;
use super::error::FlowxError;
use super::outcome::Outcome;
use super::reply::{Reply, ReplyPlan};
use super::schema::Draft;
use crate::__private::Sealed;

/// The return type of a handler: `Result<T, E>` with a [`Reply`] and a [`FlowxError`].
#[diagnostic::on_unimplemented(
    message = "a handler must return `Result<T, E>`, not `{Self}`",
    label = "this is the return type of a handler",
    note = "`Result<(), E>` means no reply"
)]
pub trait HandlerResult: Sized + 'static {
    /// The JSON Schema of the reply; `None` if there is none.
    #[doc(hidden)]
    fn reply_schema(draft: Draft) -> Option<Value>;

    /// The codes with which the error refuses.
    #[doc(hidden)]
    fn codes(codes: &mut Codes);

    /// What the handler said.
    #[doc(hidden)]
    fn outcome(self, plan: &ReplyPlan) -> Outcome;

    #[doc(hidden)]
    fn __sealed(_: Sealed);
}

impl<T: Reply, E: FlowxError> HandlerResult for Result<T, E> {
    fn reply_schema(draft: Draft) -> Option<Value> {
        T::schema(draft)
    }

    fn codes(codes: &mut Codes) {
        E::codes(codes);
    }

    fn outcome(self, plan: &ReplyPlan) -> Outcome {
        match self {
            Ok(reply) => plan.outcome(&reply),
            Err(error) => error.failure().into(),
        }
    }

    fn __sealed(_: Sealed) {}
}
