//! One call of a handler: what the runtime hands over.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

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
#[derive(Debug, Default)]
struct Wanted {
    while_this: Option<Arc<CancellationToken>>,
    /// Shared with copies, which may outlive the try and have to learn of its end as well.
    asked: OnceLock<Arc<Mutex<Asked>>>,
}

/// What became of the question.
#[derive(Debug, Default)]
enum Asked {
    #[default]
    NotYet,
    Waiting(CancellationToken),
    Over,
}

impl Attempt {
    /// A first try, as a test would make it.
    #[must_use]
    pub fn first(deadline: Instant, idempotency_key: impl Into<Arc<str>>) -> Self {
        let (key, wanted) = (Key::Text(idempotency_key.into()), Wanted::default());
        Self { number: 1, deadline, key, wanted }
    }

    /// A try at a request, which counts until it [ends](Self::end) or the assignment has.
    pub(crate) fn of(
        number: u32,
        deadline: Instant,
        assignment: &Arc<CancellationToken>,
        id: RequestId,
    ) -> Self {
        let wanted = Wanted { while_this: Some(Arc::clone(assignment)), asked: OnceLock::new() };
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
        self.wanted.token()
    }

    /// It no longer counts.
    pub(crate) fn end(&self) {
        self.wanted.end();
    }

    pub(super) fn with_idempotency_key(self, key: Arc<str>) -> Self {
        Self { key: Key::Text(key), ..self }
    }
}

impl Wanted {
    fn token(&self) -> CancellationToken {
        let mut asked = locked(self.asked());
        if let Asked::Waiting(token) = &*asked {
            return token.clone();
        }
        let token = match &self.while_this {
            Some(assignment) => assignment.child_token(),
            None => CancellationToken::new(),
        };
        match *asked {
            Asked::Over => token.cancel(),
            _ => *asked = Asked::Waiting(token.clone()),
        }
        token
    }

    fn end(&self) {
        // Without copies and without a question there is nobody to tell.
        let Some(asked) = self.asked.get() else { return };
        if let Asked::Waiting(token) = std::mem::replace(&mut *locked(asked), Asked::Over) {
            token.cancel();
        }
    }

    fn asked(&self) -> &Arc<Mutex<Asked>> {
        self.asked.get_or_init(Arc::default)
    }
}

impl Clone for Wanted {
    fn clone(&self) -> Self {
        let asked = OnceLock::from(Arc::clone(self.asked()));
        Self { while_this: self.while_this.clone(), asked }
    }
}

fn locked(asked: &Mutex<Asked>) -> MutexGuard<'_, Asked> {
    asked.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::record::{Coordinates, Record};

    fn attempt(assignment: &Arc<CancellationToken>) -> Attempt {
        let record = Record {
            at: Coordinates { topic: "t".into(), partition: 0, offset: 0 },
            timestamp: None,
            key: None,
            headers: Default::default(),
            payload: None,
        };
        Attempt::of(1, Instant::now(), assignment, RequestId::of("c", &record, "h"))
    }

    #[tokio::test]
    async fn a_copy_learns_of_the_end_whether_it_asks_before_or_after() {
        let assignment = Arc::<CancellationToken>::default();
        let attempt = attempt(&assignment);
        let (early, late) = (attempt.clone(), attempt.clone());
        let token = early.cancelled();
        assert!(!token.is_cancelled());
        attempt.end();
        drop(attempt);
        assert!(token.is_cancelled() && early.cancelled().is_cancelled());
        assert!(late.cancelled().is_cancelled() && late.clone().cancelled().is_cancelled());
        assert!(!assignment.is_cancelled());
    }

    #[tokio::test]
    async fn a_copy_learns_of_the_end_of_the_assignment() {
        let assignment = Arc::<CancellationToken>::default();
        let copies = [attempt(&assignment).clone(), attempt(&assignment).clone()];
        let token = copies[0].cancelled();
        assignment.cancel();
        assert!(token.is_cancelled() && copies[1].cancelled().is_cancelled());
    }
}
