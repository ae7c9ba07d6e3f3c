//! What generated code calls while it binds: one slot per type of the signature.
//!
//! A slot carries function pointers, so that each bound is stated once, where the type stands, and
//! a type that does not fit is reported once.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use serde_json::Value;

use super::binder::Binder;
use super::call::Call;
use super::codes::Codes;
use super::outcome::{HandlerFuture, Outcome, Rejection};
use super::param::Param;
use super::reply::{ReplyPlan, ReplyShape, shape_of};
use super::request::Request;
use super::result::HandlerResult;
use super::schema::Draft;
use super::schema::admission::Admission;

/// Starts a bound handler.
pub(super) type Start = dyn Fn(&Call<'_>) -> Result<HandlerFuture, Rejection> + Send + Sync;

/// Takes one parameter from a call.
type Take<T> = dyn Fn(&Call<'_>) -> Result<T, Rejection> + Send + Sync;

/// What the types of a signature had to say.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) request_schema: Option<fn(Draft) -> Value>,
    pub(super) admission: Option<Arc<Admission>>,
    pub(super) reply_schema: Option<fn(Draft) -> Option<Value>>,
    pub(super) reply_shape: Option<ReplyShape>,
    pub(super) codes: Codes,
    pub(super) start: Option<Box<Start>>,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("codes", &self.codes).finish_non_exhaustive()
    }
}

/// One bound parameter.
pub struct Slot<T> {
    take: Box<Take<T>>,
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Slot")
    }
}

/// Turns what the handler returned into an outcome.
pub struct Returns<R> {
    outcome: fn(R, &ReplyPlan) -> Outcome,
    plan: Arc<ReplyPlan>,
    result: PhantomData<fn(R)>,
}

impl<R> fmt::Debug for Returns<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Returns")
    }
}

/// Binds the first parameter.
pub fn request<T: Request>(binder: &mut Binder<'_>) -> Option<Slot<T>> {
    binder.parts.request_schema = Some(T::schema);
    match Admission::new(&T::schema(Draft::default())) {
        Ok(admission) => {
            let admission = Arc::new(admission);
            binder.parts.admission = Some(Arc::clone(&admission));
            let framing = binder.handler().options.framing.unwrap_or_default();
            let admit = move |call: &Call<'_>| {
                let payload = call.record.payload.as_deref();
                admission.admit(payload.map(|payload| framing.document(payload)), call.limits)
            };
            Some(Slot { take: Box::new(move |call| Ok(admit(call)?)) })
        }
        Err(what) => {
            binder.errors.push(binder.error(format!(
                "the schema of its request cannot be used: {what}; mend the attribute that says so"
            )));
            None
        }
    }
}

/// Binds the first parameter where its name is that of an extractor: says where that belongs.
pub fn request_not_extractor<T: FirstIsRequest>(binder: &mut Binder<'_>) -> Option<Slot<T>> {
    request(binder)
}

/// Every [`Request`]; only the words differ if it is none.
#[diagnostic::on_unimplemented(
    message = "the first parameter of a handler is the request; put `{Self}` after it",
    label = "the request belongs here",
    note = "no use for the payload? write `_: serde_json::Value` as the first parameter"
)]
pub trait FirstIsRequest: Request {}

#[diagnostic::do_not_recommend]
impl<T: Request> FirstIsRequest for T {}

/// Binds the first parameter where its name is that of an extractor, together with a further one
/// whose name is not: if they stand the wrong way round, that is one mistake and not two.
pub fn request_and_param<T: RequestBefore<P>, P>(
    binder: &mut Binder<'_>,
) -> (Option<Slot<T>>, Option<Slot<P>>) {
    T::bind_both(binder)
}

/// Every [`Request`] before every [`Param`].
#[diagnostic::on_unimplemented(
    message = "the first parameter of a handler is the request; put `{Self}` after it",
    label = "the request belongs here",
    note = "all other parameters are extractors: is `{P}` the request?"
)]
pub trait RequestBefore<P>: Sized {
    /// Binds the request and the parameter behind it.
    fn bind_both(binder: &mut Binder<'_>) -> (Option<Slot<Self>>, Option<Slot<P>>);
}

#[diagnostic::do_not_recommend]
impl<T: Request, P: Param> RequestBefore<P> for T {
    fn bind_both(binder: &mut Binder<'_>) -> (Option<Slot<T>>, Option<Slot<P>>) {
        (request(binder), param(binder))
    }
}

/// Binds a further parameter.
pub fn param<T: Param>(binder: &mut Binder<'_>) -> Option<Slot<T>> {
    match T::bind(binder) {
        Ok(bound) => Some(Slot { take: Box::new(move |call| Ok(T::extract(&bound, call)?)) }),
        Err(error) => {
            binder.errors.push(error);
            None
        }
    }
}

/// Binds the return type.
pub fn result<R: HandlerResult>(binder: &mut Binder<'_>) -> Option<Returns<R>> {
    let schema = R::reply_schema(Draft::default());
    match shape_of(schema.as_ref()) {
        Ok(shape) => binder.parts.reply_shape = Some(shape),
        Err(what) => binder.errors.push(binder.error(what)),
    }
    binder.parts.reply_schema = Some(R::reply_schema);
    R::codes(&mut binder.parts.codes);
    let plan = ReplyPlan::new(schema.as_ref(), binder.error_field());
    Some(Returns { outcome: R::outcome, plan: Arc::new(plan), result: PhantomData })
}

/// Takes one parameter from a call.
///
/// # Errors
/// The record is not for this handler, or not now.
pub fn take<T>(slot: &Slot<T>, call: &Call<'_>) -> Result<T, Rejection> {
    (slot.take)(call)
}

/// Runs the handler to its outcome.
pub fn run<R: 'static>(
    returns: &Returns<R>,
    handler: impl Future<Output = R> + Send + 'static,
) -> HandlerFuture {
    let (outcome, plan) = (returns.outcome, Arc::clone(&returns.plan));
    Box::pin(async move { outcome(handler.await, &plan) })
}

/// Leaves in the binder how the handler is started.
pub fn serve(
    binder: &mut Binder<'_>,
    start: impl Fn(&Call<'_>) -> Result<HandlerFuture, Rejection> + Send + Sync + 'static,
) {
    binder.parts.start = Some(Box::new(start));
}
