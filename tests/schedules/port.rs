//! Source and sink of the runtime under test: the half of `flowx_core::kafka` that its task holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use flowx_core::message::record::{Outbound, Record};
use flowx_core::runtime::port::{
    Delivery, Epoch, Position, SendError, Sink, Source, SourceEvent, Token,
};
use shuttle::sync::mpsc::Sender;
use tokio::sync::oneshot;

use crate::model::{Command, Message, Model, Queue, Sent, TENURE};
use crate::scene::Mistake;

pub(crate) struct ModelSource {
    pub(crate) model: Arc<Model>,
    pub(crate) commands: Sender<Command>,
    pub(crate) queues: HashMap<Epoch, Arc<Queue>>,
    /// All that were ever assigned, for questions to the oracle.
    pub(crate) known: HashMap<Epoch, u64>,
}

impl ModelSource {
    fn note(&mut self, message: Message) -> SourceEvent {
        match message {
            Message::Assigned(assigned) => {
                self.model.readable.push(());
                let note = |(assignment, queue): (_, Arc<Queue>)| {
                    self.known.insert(queue.epoch, queue.tenure);
                    self.queues.insert(queue.epoch, queue);
                    assignment
                };
                SourceEvent::Assigned(assigned.into_iter().map(note).collect())
            }
            Message::Event(event) => {
                if let SourceEvent::Revoking { epochs, .. } | SourceEvent::Lost(epochs) = &event {
                    self.queues.retain(|epoch, _| !epochs.contains(epoch));
                }
                if let SourceEvent::Lost(epochs) = &event {
                    epochs
                        .iter()
                        .for_each(|epoch| self.model.oracle().told_lost(self.known[epoch]));
                }
                event
            }
        }
    }
}

impl Source for ModelSource {
    async fn event(&mut self) -> SourceEvent {
        let message = tokio::select! {
            biased;
            message = self.model.messages.next() => message,
            _ = self.model.readable.next() => return SourceEvent::Readable,
        };
        self.note(message.expect("the lane stays open"))
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        self.queues.get(&epoch)?.take(&self.model)
    }

    fn commit(&mut self, mut positions: Vec<Position>) {
        for Position { epoch, next } in &mut positions {
            self.model.oracle().asked(self.known[epoch], *next);
            *next += i64::from(self.model.scene.mistake == Some(Mistake::CommitAhead));
        }
        let _ = self.commands.send(Command::Commit(positions));
    }

    async fn close(mut self, positions: Vec<Position>, _: Duration) -> Result<(), String> {
        self.model.oracle().closing();
        let (done, closed) = oneshot::channel();
        let last = match self.model.scene.mistake {
            Some(Mistake::ForgetfulClose) => Vec::new(),
            _ => positions.clone(),
        };
        let _ = self.commands.send(Command::Close { positions: last, done });
        let is_deaf = self.model.scene.mistake == Some(Mistake::DeafClose);
        let model = Arc::clone(&self.model);
        let mut closed = std::pin::pin!(closed);
        loop {
            let message = tokio::select! {
                biased;
                closed = &mut closed => {
                    return closed.unwrap_or_else(|_| Err("the control thread is gone".to_owned()));
                }
                message = model.messages.next(), if !is_deaf => message,
            };
            // Who lets go of a partition waits for an answer, also from a connector on its way out.
            if let SourceEvent::Revoking { epochs, done } =
                self.note(message.expect("the lane stays open"))
            {
                model.oracle().tally.met_at_close += 1;
                let own = positions.iter().filter(|one| epochs.contains(&one.epoch));
                let _ = done.send(own.copied().collect());
            }
        }
    }
}

pub(crate) struct ModelSink {
    pub(crate) model: Arc<Model>,
}

impl Sink for ModelSink {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        if self.model.once_in(12) {
            return Err(SendError::Full);
        }
        let tenure = record.headers.text(TENURE).and_then(|tenure| tenure.parse().ok());
        let at = record.headers.text("dlq-original-offset").map_or_else(
            || record.headers.text("x-request-offset").and_then(|at| at.rsplit('@').next()),
            Some,
        );
        let offset = at.and_then(|at| at.parse().ok());
        // A dead letter is the end; so is a reply, but for one that says what went wrong.
        let is_last = record.topic.ends_with(".dlq")
            || record.payload.as_deref().is_some_and(|json| json.starts_with(br#"{"done""#));
        let (Some(tenure), Some(offset)) = (tenure, offset) else {
            self.model
                .oracle()
                .violated(format!("an answer does not say what it answers: {record:?}"));
            return Err(SendError::Rejected("nobody's".to_owned()));
        };
        self.model.outgoing.push(Sent { token, tenure, offset, is_last });
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        let next = self.model.deliveries.next().await;
        let (delivery, sent) = next.expect("the lane stays open");
        if sent.is_last && delivery.result.is_ok() {
            self.model.oracle().reported(sent.tenure, sent.offset);
        }
        delivery
    }
}
