//! What everything that is logged during an attempt carries.

use tracing::{Instrument as _, Span};

use super::job::Job;
use crate::handler::call::Attempt;
use crate::handler::outcome::HandlerFuture;
use crate::message::trace_context::trace_id;

/// The span of an attempt: who handles which request where, and nothing that the request carries but
/// the ids of its process instance and its trace. Where nobody listens nothing is looked up.
pub(super) fn of(job: &Job, attempt: &Attempt) -> Span {
    let at = &job.envelope.record().at;
    tracing::info_span!(
        target: "flowx::request",
        "request",
        handler = job.route.name(),
        process = job.envelope.process(),
        attempt = attempt.number,
        topic = &*at.topic,
        partition = at.partition,
        offset = at.offset,
        trace_id = trace_id(job.envelope.headers()),
    )
}

/// A handler's future inside of the span wherever it is polled: on a thread of its own, or in a task
/// that a layer has spawned.
pub(super) fn within(span: &Span, handler: HandlerFuture) -> HandlerFuture {
    match span.is_disabled() {
        true => handler,
        false => Box::pin(handler.instrument(span.clone())),
    }
}
