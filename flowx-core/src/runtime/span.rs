//! What everything that is done and logged during an attempt carries.

use tracing::{Instrument as _, Span};

use super::job::Job;
use super::plan::Plan;
use super::trace::Trace;
use crate::handler::call::Attempt;
use crate::handler::outcome::HandlerFuture;
use crate::message::trace_context::trace_id;

/// The spans of an attempt: one for the log, one for the trace of the request.
#[derive(Clone)]
pub(super) struct Spans {
    log: Span,
    pub(super) trace: Trace,
}

impl Spans {
    /// Where nobody listens nothing is looked up.
    pub(super) fn of(job: &Job, plan: &Plan, attempt: &Attempt) -> Self {
        let log = log(job, attempt);
        let trace = Trace::of(&log, job, plan, attempt);
        Self { log, trace }
    }

    /// Does something inside of them.
    pub(super) fn in_scope<T>(&self, act: impl FnOnce() -> T) -> T {
        self.log.in_scope(|| self.trace.span().in_scope(act))
    }

    /// A future inside of them whenever it is polled.
    pub(super) fn around<F: Future>(&self, future: F) -> impl Future<Output = F::Output> + use<F> {
        future.instrument(self.trace.span().clone()).instrument(self.log.clone())
    }

    /// A handler's future inside of them wherever it is polled: on a thread of its own, or in a task
    /// that a layer has spawned.
    pub(super) fn within(&self, handler: HandlerFuture) -> HandlerFuture {
        match self.log.is_disabled() && self.trace.span().is_disabled() {
            true => handler,
            false => Box::pin(self.around(handler)),
        }
    }
}

/// Who handles which request where, and nothing that the request carries but the ids of its process
/// instance and its trace.
fn log(job: &Job, attempt: &Attempt) -> Span {
    let at = &job.envelope.record().at;
    tracing::info_span!(
        target: "flowx::request",
        "request",
        handler = job.route.name(),
        process = job.process().as_deref(),
        attempt = attempt.number,
        topic = &*at.topic,
        partition = at.partition,
        offset = at.offset,
        trace_id = trace_id(job.envelope.headers()),
    )
}
