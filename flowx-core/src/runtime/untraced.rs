//! In place of `trace.rs` in a build that exports no spans: received contexts go back as they came.

use tracing::Span;

use super::job::Job;
use super::plan::Plan;
use crate::handler::call::Attempt;
use crate::message::trace_context::TraceContext;

#[derive(Clone)]
pub(super) struct Trace(Span);

impl Trace {
    pub(super) fn of(_: &Span, _: &Job, _: &Plan, _: &Attempt) -> Self {
        Self(Span::none())
    }

    pub(super) fn span(&self) -> &Span {
        &self.0
    }

    pub(super) fn failed(&self, _: &'static str) {}

    pub(super) fn context(&self) -> Option<TraceContext> {
        None
    }
}
