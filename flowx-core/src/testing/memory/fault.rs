//! What a test makes go wrong when a record is written.

use std::sync::Arc;

use crate::message::record::Outbound;
use crate::runtime::port::SendError;

/// A write that fails: which records, how often, and at which moment.
///
/// ```
/// use flowx_core::runtime::port::SendError;
/// use flowx_core::testing::memory::{Fault, MemoryBroker};
///
/// let broker = MemoryBroker::new();
/// let away = SendError::Failed("the topic does not exist".to_owned());
/// broker.inject(Fault::on_delivery(away).topic("ai.flowx.dev.credit.v1.dlq"));
/// // … and when the operator has created it:
/// broker.repair();
/// ```
#[derive(Clone, Debug)]
pub struct Fault {
    error: SendError,
    moment: Moment,
    topic: Option<Arc<str>>,
    larger_than: Option<usize>,
    left: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    Send,
    Delivery,
}

impl Fault {
    /// The producer refuses the record at once.
    #[must_use]
    pub fn on_send(error: SendError) -> Self {
        Self::new(error, Moment::Send)
    }

    /// The producer takes the record, and its delivery report brings this error.
    #[must_use]
    pub fn on_delivery(error: SendError) -> Self {
        Self::new(error, Moment::Delivery)
    }

    /// Only records of this topic, by its full name; without it those of all topics.
    #[must_use]
    pub fn topic(self, topic: impl Into<Arc<str>>) -> Self {
        Self { topic: Some(topic.into()), ..self }
    }

    /// Only records with more bytes of key, headers and payload together.
    #[must_use]
    pub fn larger_than(self, bytes: usize) -> Self {
        Self { larger_than: Some(bytes), ..self }
    }

    /// Only so many records, then never again; without it until [`repair`](super::MemoryBroker::repair).
    #[must_use]
    pub fn times(self, count: u32) -> Self {
        Self { left: Some(count), ..self }
    }

    fn new(error: SendError, moment: Moment) -> Self {
        Self { error, moment, topic: None, larger_than: None, left: None }
    }

    /// Strikes this record, if it is one of those that it strikes.
    pub(super) fn strike(&mut self, record: &Outbound) -> Option<(Moment, SendError)> {
        let size = record.key.as_ref().map_or(0, Vec::len)
            + record.payload.as_ref().map_or(0, Vec::len)
            + record.headers.size();
        let meant = self.left != Some(0)
            && self.topic.as_ref().is_none_or(|topic| *topic == record.topic)
            && self.larger_than.is_none_or(|limit| size > limit);
        if !meant {
            return None;
        }
        if let Some(left) = &mut self.left {
            *left -= 1;
        }
        Some((self.moment, self.error.clone()))
    }
}
