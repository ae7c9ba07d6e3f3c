//! What the control thread tells the asynchronous half.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;

use super::insight::Notes;
use super::partition::Partition;
use crate::runtime::port::{Assignment, SourceEvent};

/// The same trouble is told again after this time at the earliest.
const REPEAT: Duration = Duration::from_secs(60);

/// One message to the asynchronous half.
pub(super) enum Message {
    Event(SourceEvent),
    Assigned(Vec<(Assignment, Arc<Partition>)>),
}

/// The sending end; never waits, and does not mind if nobody listens any more.
pub(super) struct Outbox {
    messages: UnboundedSender<Message>,
    readable: Arc<Notify>,
    told: Mutex<HashMap<String, Instant>>,
    notes: Arc<Notes>,
}

impl Outbox {
    pub(super) fn new(messages: UnboundedSender<Message>, readable: Arc<Notify>) -> Self {
        Self { messages, readable, told: Mutex::default(), notes: Arc::default() }
    }

    /// What is noted for who looks on.
    pub(super) fn notes(&self) -> &Arc<Notes> {
        &self.notes
    }

    pub(super) fn event(&self, event: SourceEvent) {
        let _ = self.messages.send(Message::Event(event));
    }

    pub(super) fn assigned(&self, partitions: Vec<(Assignment, Arc<Partition>)>) {
        if !partitions.is_empty() {
            let _ = self.messages.send(Message::Assigned(partitions));
        }
    }

    /// Tells the operator, but not every second the same: librdkafka repeats itself.
    pub(super) fn trouble(&self, text: String) {
        let now = Instant::now();
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, at| now.duration_since(*at) < REPEAT);
        if told.insert(text.clone(), now).is_none() {
            drop(told);
            self.event(SourceEvent::Trouble(text));
        }
    }

    /// What wakes the asynchronous half when a partition has records again.
    pub(super) fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.readable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_that_repeats_itself_is_told_once() {
        let (messages, mut received) = tokio::sync::mpsc::unbounded_channel();
        let outbox = Outbox::new(messages, Arc::default());
        for text in ["a", "b", "a", "a"] {
            outbox.trouble(text.to_owned());
        }
        let mut told = Vec::new();
        while let Ok(Message::Event(SourceEvent::Trouble(text))) = received.try_recv() {
            told.push(text);
        }
        assert_eq!(told, ["a", "b"]);
    }
}
