//! Where a request becomes the future of its handler: decoding takes time by its length.

use std::panic::AssertUnwindSafe;

use super::attempt::Tried;
use super::job::Job;
use super::panics::Panicked;
use super::plan::Plan;
use super::verdict::Refusal;
use crate::handler::call::{Attempt, Call};
use crate::handler::outcome::{HandlerFuture, Rejection};
use crate::message::decode;

/// The longest request, in bytes, that is decoded on the thread which all others share.
///
/// One of 1 MiB took 6 ms there, and 21 ms with a schema that looks at each of its values (in a release,
/// lines of an order with four fields); one of 4 MiB took 27 and 98 ms.
const LONGEST_IN_PLACE: usize = 1 << 20;

/// Whether a request would hold up all others if it were decoded on the thread that they share.
pub(super) fn is_long(job: &Job) -> bool {
    let payload = &job.envelope.record().payload;
    payload.as_ref().is_some_and(|payload| payload.len() > LONGEST_IN_PLACE)
}

/// Decodes and calls; the arguments are the user's own code too, so a panic is caught here as well.
pub(super) fn started(job: &Job, plan: &Plan, attempt: &Attempt) -> Result<HandlerFuture, Tried> {
    let record = job.envelope.record();
    if let Err(error) = decode::headers(&record.headers, &plan.limits) {
        return Err(Tried::Undecodable(Refusal::undecodable(&error)));
    }
    let call = Call::new(record, &job.envelope, &plan.limits, attempt);
    let call = match job.route.matched(&record.at.topic) {
        Some(matched) => call.with_matched(matched),
        None => call,
    };
    match std::panic::catch_unwind(AssertUnwindSafe(|| job.route.handler.start(&call))) {
        Ok(Ok(future)) => Ok(future),
        Ok(Err(Rejection::Undecodable(error))) => {
            Err(Tried::Undecodable(Refusal::undecodable(&error)))
        }
        Ok(Err(Rejection::Failed(failure))) => Err(Tried::Said(failure.into())),
        Err(panic) => Err(Tried::Panicked(Panicked::caught(panic).words(plan.show_panics))),
    }
}
