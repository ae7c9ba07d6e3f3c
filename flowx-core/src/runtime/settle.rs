//! A request and its handler, attempt after attempt, until there is a last word.

use std::pin::Pin;
use std::sync::Arc;

use tokio::time::{Instant, sleep_until};

use super::attempt::{Tried, Try, words};
use super::job::Job;
use super::plan::Plan;
use super::retry::Trouble;
use super::scope::Scope;
use super::verdict::{Refusal, Verdict};
use crate::handler::outcome::Outcome;
use crate::message::trace_context::TraceContext;

/// A request that was handed to its handler.
pub(super) enum Begun {
    /// There was a last word at once: no task, no timer, nothing kept.
    Settled(Arc<Job>, Verdict),
    /// It takes its time.
    Pending(Running),
}

/// A request at its handler, up to the last word.
pub(super) type Running = Pin<Box<dyn Future<Output = (Arc<Job>, Verdict)> + Send>>;

/// How far the current attempt is.
#[expect(clippy::large_enum_variant, reason = "it is moved once, into the box of what is pending")]
enum Stage {
    Running(Try),
    /// It has failed; the next one is due then.
    Failed {
        due: Instant,
    },
}

/// Hands a request to its handler.
pub(super) fn begin(mut job: Arc<Job>, plan: &Arc<Plan>, scope: &Scope) -> Begun {
    let number = job.attempts.saturating_add(1);
    let deadline = job.begun + job.route.policy.timeout.min(plan.retry.budget);
    let mut first = Try::start(&job, plan, scope, number, deadline);
    let stage = match first.at_once() {
        None => Stage::Running(first),
        Some(tried) => {
            let (trace, was_made) = (first.trace(), tried.was_made());
            drop(first);
            match conclude(tried, &job, plan, 1) {
                Next::Settled(verdict) => {
                    if trace.is_some() || was_made {
                        let job = Arc::make_mut(&mut job);
                        job.trace = trace;
                        job.attempts = if was_made { number } else { job.attempts };
                    }
                    return Begun::Settled(job, verdict);
                }
                Next::Again { due } => Stage::Failed { due },
            }
        }
    };
    Begun::Pending(Box::pin(settle(job, Arc::clone(plan), scope.clone(), stage)))
}

/// Brings a request to its last word.
async fn settle(
    mut job: Arc<Job>,
    plan: Arc<Plan>,
    scope: Scope,
    stage: Stage,
) -> (Arc<Job>, Verdict) {
    let mut made = job.attempts;
    let mut trace = None;
    let verdict = tokio::select! {
        biased;
        () = scope.ended().cancelled() => Verdict::Abandoned,
        verdict = attempts(&job, &plan, &scope, stage, &mut made, &mut trace) => verdict,
    };
    let ended = Arc::make_mut(&mut job);
    ended.attempts = made;
    ended.trace = trace;
    (job, verdict)
}

async fn attempts(
    job: &Arc<Job>,
    plan: &Arc<Plan>,
    scope: &Scope,
    mut stage: Stage,
    made: &mut u32,
    trace: &mut Option<TraceContext>,
) -> Verdict {
    let mut tried = 1;
    loop {
        let number = job.attempts.saturating_add(tried);
        let due = match stage {
            Stage::Failed { due } => {
                *made = number;
                due
            }
            Stage::Running(attempt) => {
                *trace = attempt.trace();
                let said = attempt.in_time().await;
                if said.was_made() {
                    *made = number;
                }
                match conclude(said, job, plan, tried) {
                    Next::Settled(verdict) => return verdict,
                    Next::Again { due } => due,
                }
            }
        };
        tokio::select! {
            biased;
            () = scope.leaves(job.sequence, due) => return Verdict::Abandoned,
            () = sleep_until(due) => {}
        }
        tried += 1;
        let number = job.attempts.saturating_add(tried);
        let budget_ends = job.begun + plan.retry.budget;
        let deadline = budget_ends.min(Instant::now() + job.route.policy.timeout);
        stage = Stage::Running(Try::start(job, plan, scope, number, deadline));
    }
}

/// What follows from an attempt.
enum Next {
    Settled(Verdict),
    Again { due: Instant },
}

/// What an attempt means for its request: its last word, or when another one is made. `tried` counts
/// those since it was read.
fn conclude(said: Tried, job: &Job, plan: &Plan, tried: u32) -> Next {
    let number = job.attempts.saturating_add(tried);
    let (trouble, refusal) = match last_word(said, job, plan, number) {
        Ok(verdict) => return Next::Settled(verdict),
        Err(failed) => failed,
    };
    let policy = plan.retry.with_attempts(job.route.policy.attempts);
    let now = Instant::now();
    let left = (job.begun + policy.budget).saturating_duration_since(now);
    let Some(delay) = policy.delay(tried, trouble, left, fastrand::f64()) else {
        return Next::Settled(Verdict::Refused(refusal));
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
    Next::Again { due: now + delay }
}

/// The last word on a request, if an attempt has brought it; else what went wrong, and what becomes of
/// the request if there is no other attempt.
fn last_word(
    tried: Tried,
    job: &Job,
    plan: &Plan,
    number: u32,
) -> Result<Verdict, (Trouble, Refusal)> {
    Err(match tried {
        Tried::Said(Outcome::Reply(json)) => return Ok(Verdict::Replied(json)),
        Tried::Said(Outcome::Nothing) => return Ok(Verdict::Nothing),
        Tried::Said(Outcome::Refused { code, message }) => {
            return Ok(Verdict::Refused(Refusal::business(code, message, number)));
        }
        Tried::Said(Outcome::Unencodable(reason)) => {
            return Ok(Verdict::Refused(Refusal::reply_rejected(&reason, number)));
        }
        Tried::Undecodable(refusal) => {
            return Ok(Verdict::Refused(Refusal { attempts: job.attempts, ..refusal }));
        }
        Tried::Said(Outcome::Retry { error, after }) => (
            Trouble::Transient { after },
            Refusal::exhausted(&words(&*error, plan.show_panics), number),
        ),
        Tried::TimedOut => (Trouble::Timeout, Refusal::timeout(number)),
        Tried::Panicked(words) => (Trouble::Panic, Refusal::panic(&words, number)),
    })
}
