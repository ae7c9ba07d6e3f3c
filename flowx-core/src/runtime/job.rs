//! One request on its way through the runtime.

use std::borrow::Cow;
use std::sync::Arc;

use tokio::time::Instant;

use super::port::Epoch;
use super::tracker::Sequence;
use crate::config::process_ids::ProcessIds;
use crate::handler::registry::Route;
use crate::message::envelope::Envelope;
use crate::message::identity::RequestId;
use crate::message::trace_context::TraceContext;

/// Where a record stands in line; `None` is no line at all.
pub(super) type Lane = Option<u64>;

/// One request on its way through the runtime. It changes hands often, and one that is decoded on
/// another thread is looked at by two: so it is handed on in an `Arc`.
#[derive(Clone, Debug)]
pub(super) struct Job {
    pub(super) epoch: Epoch,
    pub(super) sequence: Sequence,
    pub(super) route: Arc<Route>,
    pub(super) id: RequestId,
    pub(super) envelope: Envelope,
    pub(super) lane: Lane,
    /// When it came to its handler; before that, when it was read.
    pub(super) begun: Instant,
    /// Attempts made before it was read this time, on the topics before this one.
    pub(super) earlier: u32,
    /// Attempts made so far, those before it came to a retry topic included.
    pub(super) attempts: u32,
    /// What its answers continue the trace with; `None` leaves what was received.
    pub(super) trace: Option<TraceContext>,
    /// How many of its handler's retry topics it has behind it.
    pub(super) retry_topics: usize,
    pub(super) process_ids: ProcessIds,
}

impl Job {
    /// Its process instance as it may be named in logs.
    pub(super) fn process(&self) -> Option<Cow<'_, str>> {
        self.process_ids.of(self.envelope.process())
    }

    /// Bytes that it keeps in memory.
    pub(super) fn size(&self) -> usize {
        self.envelope.record().size()
    }
}
