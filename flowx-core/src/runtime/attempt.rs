//! One request at its handler, attempt after attempt, until there is a last word.

use std::any::Any;
use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::contained::Contained;
use super::lane::Lane;
use super::plan::Plan;
use super::port::Epoch;
use super::retry::Trouble;
use super::tracker::Sequence;
use super::verdict::{Refusal, Verdict};
use crate::handler::call::{Attempt, Call};
use crate::handler::outcome::{HandlerFuture, Outcome, Rejection};
use crate::handler::registry::Route;
use crate::message::envelope::Envelope;
use crate::message::identity::RequestId;

/// One request on its way through the runtime.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) epoch: Epoch,
    pub(super) sequence: Sequence,
    pub(super) route: Arc<Route>,
    pub(super) id: RequestId,
    pub(super) envelope: Envelope,
    pub(super) lane: Lane,
    /// Attempts made so far.
    pub(super) attempts: u32,
}

impl Job {
    /// Bytes that it keeps in memory.
    pub(super) fn size(&self) -> usize {
        self.envelope.record().size()
    }
}

/// How the end of an assignment reaches its requests.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    /// No further attempt begins.
    pub(super) closing: CancellationToken,
    /// Whatever still runs no longer counts.
    pub(super) ended: CancellationToken,
}

/// Brings a request to its last word.
pub(super) async fn settle(mut job: Job, plan: Arc<Plan>, scope: Scope) -> (Job, Verdict) {
    let mut made = 0;
    let verdict = tokio::select! {
        biased;
        () = scope.ended.cancelled() => Verdict::Abandoned,
        verdict = attempts(&job, &plan, &scope, &mut made) => verdict,
    };
    job.attempts = made;
    (job, verdict)
}

async fn attempts(job: &Job, plan: &Plan, scope: &Scope, made: &mut u32) -> Verdict {
    let policy = &plan.retry;
    let received = Instant::now();
    let budget_ends = received + policy.budget;
    let mut number = 0;
    loop {
        number += 1;
        let deadline = budget_ends.min(Instant::now() + job.route.policy.timeout);
        let attempt = Attempt {
            number,
            deadline,
            cancelled: scope.ended.child_token(),
            idempotency_key: Arc::from(job.id.as_str()),
        };
        // Whatever ends the attempt, what it has spawned learns at once that it no longer counts.
        let ends = attempt.cancelled.clone().drop_guard();
        let said = once(job, plan, &attempt).await;
        drop(ends);
        if !matches!(said, Once::Undecodable(_)) {
            *made = number;
        }
        let (trouble, refusal) = match said {
            Once::Said(Outcome::Reply(json)) => return Verdict::Replied(json),
            Once::Said(Outcome::Nothing) => return Verdict::Nothing,
            Once::Said(Outcome::Refused { code, message }) => {
                return Verdict::Refused(Refusal::business(code, message, number));
            }
            Once::Said(Outcome::Unencodable(reason)) => {
                return Verdict::Refused(Refusal::reply_rejected(&reason, number));
            }
            Once::Undecodable(refusal) => return Verdict::Refused(refusal),
            Once::Said(Outcome::Retry(cause)) => {
                (Trouble::Transient, Refusal::exhausted(&words(&*cause), number))
            }
            Once::TimedOut => (Trouble::Timeout, Refusal::timeout(number)),
            Once::Panicked(words) => (Trouble::Panic, Refusal::panic(&words, number)),
        };
        let left = budget_ends.saturating_duration_since(Instant::now());
        let Some(delay) = policy.delay(number, trouble, left, fastrand::f64()) else {
            return Verdict::Refused(refusal);
        };
        tracing::warn!(
            at = %job.envelope.record().at,
            process = job.envelope.process(),
            handler = job.route.name(),
            attempt = number,
            reason = refusal.class.reason(),
            cause = %refusal.for_logs,
            again_in = ?delay,
            "attempt failed"
        );
        tokio::select! {
            biased;
            () = scope.closing.cancelled() => return Verdict::Abandoned,
            () = sleep(delay) => {}
        }
    }
}

enum Once {
    Said(Outcome),
    Undecodable(Refusal),
    TimedOut,
    Panicked(String),
}

async fn once(job: &Job, plan: &Plan, attempt: &Attempt) -> Once {
    match started(job, plan, attempt) {
        Err(early) => early,
        Ok(future) => match timeout_at(attempt.deadline, Contained::new(future)).await {
            Ok(Ok(outcome)) => Once::Said(outcome),
            Ok(Err(panic)) => Once::Panicked(words_of(&*panic)),
            Err(_elapsed) => Once::TimedOut,
        },
    }
}

/// Decodes and calls; the arguments are the user's own code too, so a panic is caught here as well.
fn started(job: &Job, plan: &Plan, attempt: &Attempt) -> Result<HandlerFuture, Once> {
    let record = job.envelope.record();
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
        Err(panic) => Err(Once::Panicked(words_of(&*panic))),
    }
}

/// What an error says of itself, which is user code too.
fn words(error: &(dyn Error + 'static)) -> String {
    let words = std::panic::catch_unwind(AssertUnwindSafe(|| chain(error)));
    words.unwrap_or_else(|panic| format!("an error without words: {}", words_of(&*panic)))
}

/// An error and its causes. `Debug` would print a backtrace for some error types.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().copied();
    let words = words.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("the handler panicked: {}", words.unwrap_or("without a message"))
}
