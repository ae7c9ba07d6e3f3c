//! What a runtime needs to know before its first record.

use std::sync::Arc;
use std::time::Duration;

use super::breaker::BreakerPolicy;
use super::retry::RetryPolicy;
use super::verdict::RefusalClass;
use crate::config::process_ids::ProcessIds;
use crate::handler::registry::Registry;
use crate::message::decode::Limits;
use crate::message::error_reply::DEFAULT_ERROR_FIELD;
use crate::message::reply::ReplyStyle;

/// Everything that is decided before the first record and never changes after it.
#[derive(Debug)]
pub struct Plan {
    /// The handlers and their topics.
    pub registry: Arc<Registry>,
    /// Consumer group of the connector.
    pub group: String,
    /// What is refused before it is decoded.
    pub limits: Limits,
    /// When a failed attempt is repeated.
    pub retry: RetryPolicy,
    /// When a partition is held because its requests fail.
    pub breaker: BreakerPolicy,
    /// Whether requests that a handler refused are put aside too; default false.
    pub dead_letter_refusals: bool,
    /// Name of the text's field in an error reply.
    pub error_field: String,
    /// How answers are dressed.
    pub style: ReplyStyle,
    /// What may be under way at once.
    pub bounds: Bounds,
    /// How long a stop or a revocation waits for what is in flight.
    pub drain: Duration,
    /// Whether logs and dead letters show all that a panic says; default no.
    pub show_panics: bool,
    /// How logs and exported spans name process instances; default by their ids.
    pub process_ids: ProcessIds,
}

/// What may be under way at once; whichever is reached first stops the reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Records of one partition that wait for others of their lane; default 1 000.
    pub waiting: usize,
    /// Bytes of these records; default 8 MiB.
    pub waiting_bytes: usize,
    /// Bytes of all requests that are with their handlers, those between two attempts included; default
    /// 64 MiB. How many there may be is each handler's own `concurrency`.
    pub at_work_bytes: usize,
    /// Answers handed over and not acknowledged; default 1 000.
    pub unacknowledged: usize,
    /// Bytes of these answers; default 16 MiB.
    pub unacknowledged_bytes: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            waiting: 1_000,
            waiting_bytes: 8 << 20,
            at_work_bytes: 64 << 20,
            // What brokers take in some milliseconds. With ten times as many under way, all of it has left
            // the processor's caches when its receipt comes, and an answer costs two fifths more time.
            unacknowledged: 1_000,
            unacknowledged_bytes: 16 << 20,
        }
    }
}

impl Plan {
    /// Whether the original of a refused request is put aside although the process was answered.
    #[must_use]
    pub fn puts_aside(&self, class: RefusalClass) -> bool {
        class.is_failure() || self.dead_letter_refusals
    }

    /// A plan for these handlers with every default.
    #[must_use]
    pub fn new(registry: Registry, group: impl Into<String>) -> Self {
        Self {
            registry: Arc::new(registry),
            group: group.into(),
            limits: Limits::default(),
            retry: RetryPolicy::default(),
            breaker: BreakerPolicy::default(),
            dead_letter_refusals: false,
            error_field: DEFAULT_ERROR_FIELD.to_owned(),
            style: ReplyStyle::default(),
            bounds: Bounds::default(),
            drain: Duration::from_secs(10),
            show_panics: false,
            process_ids: ProcessIds::default(),
        }
    }
}
