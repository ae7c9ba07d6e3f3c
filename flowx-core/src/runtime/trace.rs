//! The span of an attempt as OpenTelemetry has it: a part of the trace that its request belongs to.
//!
//! It is there only where an exporter listens. Names are those of OpenTelemetry's conventions for
//! messaging, and the platform's own.

use std::collections::HashMap;

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator as _};
use opentelemetry::trace::{Status, TraceContextExt as _};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::job::Job;
use super::plan::Plan;
use crate::handler::call::Attempt;
use crate::message::envelope::{FX_CONTEXT, FX_PROCESS_NAME};
use crate::message::headers::Headers;
use crate::message::trace_context::{TRACEPARENT, TRACESTATE, TraceContext};

#[derive(Clone)]
pub(super) struct Trace(Span);

impl Trace {
    /// Continues the trace of a request, or begins one; `log` is what the log knows the attempt by.
    pub(super) fn of(log: &Span, job: &Job, plan: &Plan, attempt: &Attempt) -> Self {
        let at = &job.envelope.record().at;
        let span = tracing::info_span!(
            target: "flowx::trace",
            parent: log.id(),
            "process",
            otel.kind = "consumer",
            otel.name = format!("process {}", at.topic),
            messaging.system = "kafka",
            messaging.operation.name = "process",
            "messaging.operation.type" = "process",
            messaging.destination.name = &*at.topic,
            messaging.destination.partition.id = at.partition.to_string(),
            messaging.kafka.offset = at.offset,
            messaging.consumer.group.name = &*plan.group,
            "fx.type" = "BUSINESS",
            "fx.methodName" = job.route.name(),
            "fx.processInstanceUuid" = job.process_ids.of(job.envelope.process_instance_uuid()).as_deref(),
            "fx.processName" = job.envelope.headers().text(FX_PROCESS_NAME),
            "fx.context" = job.envelope.headers().text(FX_CONTEXT),
            flowx.attempt = attempt.number,
        );
        if !span.is_disabled() {
            let received = Received(job.envelope.headers());
            let parent =
                TraceContextPropagator::new().extract_with_context(&Context::new(), &received);
            if parent.span().span_context().is_valid() {
                // It has not begun yet, and where nobody listens for traces there is nothing to set.
                let _ = span.set_parent(parent);
            }
        }
        Self(span)
    }

    pub(super) fn span(&self) -> &Span {
        &self.0
    }

    /// The attempt has failed.
    pub(super) fn failed(&self, reason: &'static str) {
        self.0.set_attribute("error.type", reason);
        self.0.set_status(Status::error(reason));
    }

    /// What an answer continues the trace with; `None` where no span is exported.
    pub(super) fn context(&self) -> Option<TraceContext> {
        let mut carried = HashMap::new();
        TraceContextPropagator::new().inject_context(&self.0.context(), &mut carried);
        let parent = carried.remove(TRACEPARENT)?;
        Some(TraceContext { parent, state: carried.remove(TRACESTATE).unwrap_or_default() })
    }
}

struct Received<'a>(&'a Headers);

impl Extractor for Received<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.text(name)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name).collect()
    }
}
