//! One attempt at a request: started, polled once in place, and waited for if it is not ready.

use std::error::Error;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, timeout_at};
use tower::ServiceExt as _;

use super::blocking;
use super::contained::Contained;
use super::job::Job;
use super::panics::Panicked;
use super::plan::Plan;
use super::scope::Scope;
use super::span::Spans;
use super::start;
use super::verdict::Refusal;
use crate::handler::call::Attempt;
use crate::handler::middleware::{Invocation, LayeredHandler};
use crate::handler::outcome::{HandlerFuture, Outcome};
use crate::message::trace_context::TraceContext;

/// An attempt that was begun. Whatever ends it, what it has spawned learns at once that it no longer
/// counts.
pub(super) struct Try {
    run: Run,
    spans: Spans,
    attempt: Attempt,
    show_panics: bool,
}

/// What came of an attempt.
pub(super) enum Tried {
    Said(Outcome),
    Undecodable(Refusal),
    TimedOut,
    Panicked(String),
}

/// A handler at work.
enum Run {
    /// Its own future and nothing around it.
    Plain(Contained),
    /// On a thread of its own, or inside of layers.
    Elsewhere(Pin<Box<dyn Future<Output = Result<Outcome, Panicked>> + Send>>),
    /// Not called yet: decoded on a thread of its own.
    Aside(JoinHandle<Self>),
    /// It was never called.
    Over(Option<Tried>),
}

impl Try {
    /// Decodes and calls; nothing of the handler has run yet.
    pub(super) fn start(
        job: &Arc<Job>,
        plan: &Arc<Plan>,
        scope: &Scope,
        number: u32,
        deadline: Instant,
    ) -> Self {
        let attempt = Attempt::of(number, deadline, scope.ended(), job.id);
        let spans = Spans::of(job, plan, &attempt);
        let run = match start::is_long(job) {
            false => Run::of(job, plan, &attempt, &spans),
            true => {
                let (job, plan) = (Arc::clone(job), Arc::clone(plan));
                let (attempt, spans) = (attempt.clone(), spans.clone());
                // Nobody can stop a thread: where time runs out it goes on with what it shares, and
                // its result is dropped.
                Run::Aside(spawn_blocking(move || Run::of(&job, &plan, &attempt, &spans)))
            }
        };
        Self { run, spans, attempt, show_panics: plan.show_panics }
    }

    /// What came of it, if it is ready at once.
    pub(super) fn at_once(&mut self) -> Option<Tried> {
        let Self { run, spans, show_panics, .. } = self;
        let mut context = Context::from_waker(Waker::noop());
        match spans.in_scope(|| run.poll(&mut context, *show_panics)) {
            Poll::Ready(tried) => Some(self.ended(tried)),
            Poll::Pending => None,
        }
    }

    /// What comes of it, by its deadline.
    pub(super) async fn in_time(mut self) -> Tried {
        let Self { run, spans, attempt, show_panics } = &mut self;
        let ready = std::future::poll_fn(|context| run.poll(context, *show_panics));
        let tried = match timeout_at(attempt.deadline, spans.around(ready)).await {
            Ok(tried) => tried,
            Err(_elapsed) => Tried::TimedOut,
        };
        self.ended(tried)
    }

    /// What answers to the request continue its trace with.
    pub(super) fn trace(&self) -> Option<TraceContext> {
        self.spans.trace.context()
    }

    fn ended(&self, tried: Tried) -> Tried {
        if let Some(reason) = tried.failure() {
            self.spans.trace.failed(reason);
        }
        tried
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        self.attempt.end();
    }
}

impl Run {
    /// Decodes and calls.
    fn of(job: &Job, plan: &Plan, attempt: &Attempt, spans: &Spans) -> Self {
        // What parameters are taken from is user code too.
        match spans.in_scope(|| start::started(job, plan, attempt)) {
            Err(early) => Self::Over(Some(early)),
            Ok(future) => run(future, job, attempt, spans),
        }
    }

    fn poll(&mut self, context: &mut Context<'_>, show_panics: bool) -> Poll<Tried> {
        if let Self::Aside(thread) = self {
            match ready!(Pin::new(thread).poll(context)) {
                Ok(run) => *self = run,
                Err(failed) => match failed.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // The runtime is over, and nobody waits for this any more.
                    Err(_) => return Poll::Pending,
                },
            }
        }
        let polled = match self {
            // One that is decoded is never decoded again.
            Self::Aside(_) => return Poll::Pending,
            Self::Plain(future) => Pin::new(future).poll(context),
            Self::Elsewhere(future) => future.as_mut().poll(context),
            Self::Over(early) => match early.take() {
                Some(early) => return Poll::Ready(early),
                None => panic!("an attempt that is over is polled"),
            },
        };
        polled.map(|said| match said {
            Ok(outcome) => Tried::Said(outcome),
            Err(panic) => Tried::Panicked(panic.words(show_panics)),
        })
    }
}

impl Tried {
    /// Whether the handler was asked at all.
    pub(super) fn was_made(&self) -> bool {
        !matches!(self, Self::Undecodable(_))
    }

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

/// Puts around a handler's future what its policy and its layers say.
fn run(future: HandlerFuture, job: &Job, attempt: &Attempt, spans: &Spans) -> Run {
    match (job.route.handler.layered(), job.route.policy.blocking) {
        (None, false) => Run::Plain(Contained::new(future)),
        (None, true) => {
            Run::Elsewhere(Box::pin(blocking::run(spans.within(future), attempt.cancelled())))
        }
        (Some(layered), _) => {
            let future = spans.within(future);
            let inside = inside(layered.clone(), future, job, attempt);
            Run::Elsewhere(Box::pin(Contained::new(inside)))
        }
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
            let cancelled = attempt.cancelled();
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
pub(super) fn words(error: &(dyn Error + 'static), show_panics: bool) -> String {
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
