//! One call of a handler: what the runtime hands over.

use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::message::decode::Limits;
use crate::message::envelope::Envelope;
use crate::message::record::Record;

/// What a handler's parameters are taken from. It ends before the handler's future starts.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call<'a> {
    /// The record as it was read.
    pub record: &'a Record,
    /// The record, read as a message of the process engine.
    pub envelope: &'a Envelope,
    /// What is refused before it is decoded.
    pub limits: &'a Limits,
    /// Which try this is, and how long it may take.
    pub attempt: &'a Attempt,
    /// The part of the topic's name that the `*` of the handler's pattern stands for; `None` if the
    /// handler reads one topic.
    pub matched: Option<&'a str>,
}

impl<'a> Call<'a> {
    /// A call for a handler that reads one topic.
    #[must_use]
    pub fn new(
        record: &'a Record,
        envelope: &'a Envelope,
        limits: &'a Limits,
        attempt: &'a Attempt,
    ) -> Self {
        Self { record, envelope, limits, attempt, matched: None }
    }

    /// The same call for a handler that reads a pattern: `matched` is what the `*` stands for.
    #[must_use]
    pub fn with_matched(self, matched: &'a str) -> Self {
        Self { matched: Some(matched), ..self }
    }
}

/// One try at a record.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// 1 for the first try.
    pub number: u32,
    /// When the runtime stops waiting for this try.
    pub deadline: Instant,
    /// Cancelled when the deadline has passed, the partition is taken away or the connector stops.
    pub cancelled: CancellationToken,
    /// The same for every try at one record, and never the same for two records.
    pub idempotency_key: Arc<str>,
}

impl Attempt {
    /// A first try.
    #[must_use]
    pub fn first(deadline: Instant, idempotency_key: impl Into<Arc<str>>) -> Self {
        Self {
            number: 1,
            deadline,
            cancelled: CancellationToken::new(),
            idempotency_key: idempotency_key.into(),
        }
    }
}
