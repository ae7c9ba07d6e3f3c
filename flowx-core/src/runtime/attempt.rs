//! One request at its handler, attempt after attempt, until there is a last word.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until, timeout_at};
use tower::ServiceExt as _;

use super::blocking;
use super::contained::Contained;
use super::job::Job;
use super::panics::Panicked;
use super::plan::Plan;
use super::retry::Trouble;
use super::scope::Scope;
use super::span::Spans;
use super::start::Start;
use super::verdict::{Refusal, Verdict};
use crate::handler::call::Attempt;
use crate::handler::middleware::{Invocation, LayeredHandler};
use crate::handler::outcome::{HandlerFuture, Outcome};
use crate::message::trace_context::TraceContext;

/// Brings a request to its last word.
pub(super) async fn settle<S: Start>(start: S, plan: Arc<Plan>, scope: Scope) -> (Job, Verdict) {
    let mut made = start.job().attempts;
    let mut trace = None;
    let verdict = tokio::select! {
        biased;
        () = scope.ended().cancelled() => Verdict::Abandoned,
        verdict = attempts(&start, &plan, &scope, &mut made, &mut trace) => verdict,
    };
    let mut job = start.into_job();
    job.attempts = made;
    job.trace = trace;
    (job, verdict)
}

async fn attempts<S: Start>(
    start: &S,
    plan: &Arc<Plan>,
    scope: &Scope,
    made: &mut u32,
    trace: &mut Option<TraceContext>,
) -> Verdict {
    let job = start.job();
    let policy = plan.retry.with_attempts(job.route.policy.attempts);
    let received = Instant::now();
    let budget_ends = received + policy.budget;
    let mut tried = 0;
    loop {
        tried += 1;
        let number = job.attempts.saturating_add(tried);
        let deadline = budget_ends.min(Instant::now() + job.route.policy.timeout);
        let attempt = Attempt {
            number,
            deadline,
            cancelled: scope.ended().child_token(),
            idempotency_key: Arc::from(job.id.as_str()),
        };
        // Whatever ends the attempt, what it has spawned learns at once that it no longer counts.
        let ends = attempt.cancelled.clone().drop_guard();
        let spans = Spans::of(job, plan, &attempt);
        *trace = spans.trace.context();
        let said = once(start, plan, &attempt, &spans).await;
        said.failure().into_iter().for_each(|reason| spans.trace.failed(reason));
        // What is waited for between attempts is no part of one.
        drop(spans);
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
            Once::Undecodable(refusal) => {
                return Verdict::Refused(Refusal { attempts: job.attempts, ..refusal });
            }
            Once::Said(Outcome::Retry { error, after }) => (
                Trouble::Transient { after },
                Refusal::exhausted(&words(&*error, plan.show_panics), number),
            ),
            Once::TimedOut => (Trouble::Timeout, Refusal::timeout(number)),
            Once::Panicked(words) => (Trouble::Panic, Refusal::panic(&words, number)),
        };
        let left = budget_ends.saturating_duration_since(Instant::now());
        let Some(delay) = policy.delay(tried, trouble, left, fastrand::f64()) else {
            return Verdict::Refused(refusal);
        };
        tracing::warn!(
            at = %job.envelope.record().at,
            process = job.process().as_deref(),
            handler = job.route.name(),
            attempt = number,
            reason = refusal.class.reason(),
            cause = %refusal.for_logs,
            again_in = ?delay,
            "attempt failed"
        );
        let next = Instant::now() + delay;
        tokio::select! {
            biased;
            () = scope.leaves(job.sequence, next) => return Verdict::Abandoned,
            () = sleep_until(next) => {}
        }
    }
}

/// What came of one attempt.
pub(super) enum Once {
    Said(Outcome),
    Undecodable(Refusal),
    TimedOut,
    Panicked(String),
}

impl Once {
    /// Why the attempt has failed, if it has: an answer of the handler's is no failure.
    fn failure(&self) -> Option<&'static str> {
        match self {
            Self::Said(Outcome::Retry { .. }) => Some("retry"),
            Self::Said(Outcome::Unencodable(_)) => Some("reply-rejected"),
            Self::Said(_) => None,
            Self::Undecodable(refusal) => Some(refusal.class.reason()),
            Self::TimedOut => Some("handler-timeout"),
            Self::Panicked(_) => Some("handler-panic"),
        }
    }
}

async fn once<S: Start>(start: &S, plan: &Arc<Plan>, attempt: &Attempt, spans: &Spans) -> Once {
    // What parameters are taken from is user code too.
    let future = match start.start(plan, attempt, spans).await {
        Err(early) => return early,
        Ok(future) => spans.within(future),
    };
    let run = spans.around(run(future, start.job(), attempt));
    match timeout_at(attempt.deadline, run).await {
        Ok(Ok(outcome)) => Once::Said(outcome),
        Ok(Err(panic)) => Once::Panicked(panic.words(plan.show_panics)),
        Err(_elapsed) => Once::TimedOut,
    }
}

async fn run(future: HandlerFuture, job: &Job, attempt: &Attempt) -> Result<Outcome, Panicked> {
    match job.route.handler.layered() {
        None => bare(future, job, attempt).await,
        Some(layered) => Contained::new(inside(layered.clone(), future, job, attempt)).await,
    }
}

async fn bare(future: HandlerFuture, job: &Job, attempt: &Attempt) -> Result<Outcome, Panicked> {
    match job.route.policy.blocking {
        true => blocking::run(future, attempt.cancelled.clone()).await,
        false => Contained::new(future).await,
    }
}

/// The handler's future inside of its layers; what they fail with passes, as far as anybody knows.
fn inside(
    layered: LayeredHandler,
    future: HandlerFuture,
    job: &Job,
    attempt: &Attempt,
) -> HandlerFuture {
    let future = match job.route.policy.blocking {
        false => future,
        true => {
            let cancelled = attempt.cancelled.clone();
            Box::pin(async move {
                let said = blocking::run(future, cancelled).await;
                said.unwrap_or_else(|panic| panic.resume())
            })
        }
    };
    let process = job.envelope.process().map(Arc::from);
    let at = job.envelope.record().at.clone();
    let invocation = Invocation::new(job.route.name(), at, process, attempt.clone(), future);
    Box::pin(async move {
        let said = layered.oneshot(invocation).await;
        said.unwrap_or_else(|error| Outcome::Retry { error, after: None })
    })
}

/// What an error says of itself, which is user code too.
fn words(error: &(dyn Error + 'static), show_panics: bool) -> String {
    let words = std::panic::catch_unwind(AssertUnwindSafe(|| chain(error)));
    words.unwrap_or_else(|panic| {
        let panic = Panicked::caught(panic).words(show_panics);
        format!("an error without words: {panic}")
    })
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
