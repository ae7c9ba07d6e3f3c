//! One call of a handler: what the runtime hands over.

use std::sync::{Arc, OnceLock};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::message::decode::Limits;
use crate::message::envelope::Envelope;
use crate::message::identity::RequestId;
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
#[non_exhaustive]
pub struct Attempt {
    /// 1 for the first try.
    pub number: u32,
    /// When the runtime stops waiting for this try.
    pub deadline: Instant,
    key: Key,
    wanted: Wanted,
}

/// The same for every try at one record, and never the same for two records.
#[derive(Clone, Debug)]
enum Key {
    Id(RequestId),
    /// A test's own.
    Text(Arc<str>),
}

/// Whether a try still counts. Few ask, so what answers them is made when the first one does.
#[derive(Debug)]
struct Wanted {
    while_this: Option<Arc<CancellationToken>>,
    token: OnceLock<CancellationToken>,
}

impl Attempt {
    /// A first try, as a test would make it.
    #[must_use]
    pub fn first(deadline: Instant, idempotency_key: impl Into<Arc<str>>) -> Self {
        let wanted = Wanted { while_this: None, token: OnceLock::new() };
        Self { number: 1, deadline, key: Key::Text(idempotency_key.into()), wanted }
    }

    /// A try at a request, which counts until it [ends](Self::end) or the assignment has.
    pub(crate) fn of(
        number: u32,
        deadline: Instant,
        assignment: &Arc<CancellationToken>,
        id: RequestId,
    ) -> Self {
        let wanted = Wanted { while_this: Some(Arc::clone(assignment)), token: OnceLock::new() };
        Self { number, deadline, key: Key::Id(id), wanted }
    }

    /// The same for every try at one record, and never the same for two records.
    #[must_use]
    pub fn idempotency_key(&self) -> &str {
        match &self.key {
            Key::Id(id) => id.as_str(),
            Key::Text(text) => text,
        }
    }

    /// Cancelled when the deadline has passed, the partition is taken away or the connector stops.
    #[must_use]
    pub fn cancelled(&self) -> CancellationToken {
        self.wanted.token().clone()
    }

    /// It no longer counts.
    pub(crate) fn end(&self) {
        if let Some(token) = self.wanted.token.get() {
            token.cancel();
        }
    }

    pub(super) fn with_idempotency_key(self, key: Arc<str>) -> Self {
        Self { key: Key::Text(key), ..self }
    }
}

impl Wanted {
    fn token(&self) -> &CancellationToken {
        self.token.get_or_init(|| {
            self.while_this.as_ref().map_or_else(CancellationToken::new, |all| all.child_token())
        })
    }
}

impl Clone for Wanted {
    /// A copy may outlive the try, and has to learn of its end as well.
    fn clone(&self) -> Self {
        let token = OnceLock::from(self.token().clone());
        Self { while_this: self.while_this.clone(), token }
    }
}
