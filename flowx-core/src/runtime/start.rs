//! Where a request becomes the future of its handler: decoding takes time by its length.

use std::future::{Future, ready};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tokio::task::spawn_blocking;
use tokio::time::timeout_at;

use super::attempt::Once;
use super::job::Job;
use super::panics::Panicked;
use super::plan::Plan;
use super::span::Spans;
use super::verdict::Refusal;
use crate::handler::call::{Attempt, Call};
use crate::handler::outcome::{HandlerFuture, Rejection};
use crate::message::decode;

/// The longest request, in bytes, that is decoded on the thread which all others share.
///
/// One of 1 MiB took 6 ms there, and 21 ms with a schema that looks at each of its values (in a release,
/// lines of an order with four fields); one of 4 MiB took 27 and 98 ms.
pub(super) const LONGEST_IN_PLACE: usize = 1 << 20;

/// A request that is brought to its handler.
pub(super) trait Start: Send + Sync {
    fn job(&self) -> &Job;

    /// Gives it back when there is a last word.
    fn into_job(self) -> Job;

    /// Decodes it and calls the handler.
    fn start(
        &self,
        plan: &Arc<Plan>,
        attempt: &Attempt,
        spans: &Spans,
    ) -> impl Future<Output = Result<HandlerFuture, Once>> + Send;
}

/// One that is decoded where it is polled.
pub(super) struct InPlace(pub(super) Job);

impl Start for InPlace {
    fn job(&self) -> &Job {
        &self.0
    }

    fn into_job(self) -> Job {
        self.0
    }

    fn start(
        &self,
        plan: &Arc<Plan>,
        attempt: &Attempt,
        spans: &Spans,
    ) -> impl Future<Output = Result<HandlerFuture, Once>> + Send {
        ready(spans.in_scope(|| started(&self.0, plan, attempt)))
    }
}

/// One that is decoded on a thread of its own, within the time of its attempt. Nobody can stop a thread:
/// where time runs out it goes on with what it shares, and its result is dropped.
pub(super) struct Aside(pub(super) Arc<Job>);

impl Start for Aside {
    fn job(&self) -> &Job {
        &self.0
    }

    fn into_job(self) -> Job {
        Arc::try_unwrap(self.0).unwrap_or_else(|shared| Job::clone(&shared))
    }

    async fn start(
        &self,
        plan: &Arc<Plan>,
        attempt: &Attempt,
        spans: &Spans,
    ) -> Result<HandlerFuture, Once> {
        let (job, plan) = (Arc::clone(&self.0), Arc::clone(plan));
        let (of_it, its_spans, deadline) = (attempt.clone(), spans.clone(), attempt.deadline);
        let thread = spawn_blocking(move || its_spans.in_scope(|| started(&job, &plan, &of_it)));
        match timeout_at(deadline, thread).await {
            Ok(Ok(started)) => started,
            Ok(Err(failed)) => match failed.try_into_panic() {
                Ok(panic) => std::panic::resume_unwind(panic),
                // The runtime is over, and nobody waits for this any more.
                Err(_) => std::future::pending().await,
            },
            Err(_elapsed) => Err(Once::TimedOut),
        }
    }
}

/// Decodes and calls; the arguments are the user's own code too, so a panic is caught here as well.
fn started(job: &Job, plan: &Plan, attempt: &Attempt) -> Result<HandlerFuture, Once> {
    let record = job.envelope.record();
    if let Err(error) = decode::headers(&record.headers, &plan.limits) {
        return Err(Once::Undecodable(Refusal::undecodable(&error)));
    }
    let call = Call::new(record, &job.envelope, &plan.limits, attempt);
    let call = match job.route.matched(&record.at.topic) {
        Some(matched) => call.with_matched(matched),
        None => call,
    };
    match std::panic::catch_unwind(AssertUnwindSafe(|| job.route.handler.start(&call))) {
        Ok(Ok(future)) => Ok(future),
        Ok(Err(Rejection::Undecodable(error))) => {
            Err(Once::Undecodable(Refusal::undecodable(&error)))
        }
        Ok(Err(Rejection::Failed(failure))) => Err(Once::Said(failure.into())),
        Err(panic) => Err(Once::Panicked(Panicked::caught(panic).words(plan.show_panics))),
    }
}
