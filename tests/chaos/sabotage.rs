//! Bugs to plant in a real connector, between its runtime and Kafka.

use std::collections::VecDeque;
use std::time::Duration;

use clap::ValueEnum;
use flowx_core::kafka::{KafkaSink, KafkaSource};
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Outbound, Record};
use flowx_core::runtime::port::{
    Delivery, Epoch, Position, SendError, Sink, Source, SourceEvent, Token,
};
use tokio::time::{Instant, sleep_until};

/// The bugs that can be planted from outside of the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sabotage {
    /// The offset is committed when the record is read.
    CommitBeforeFinish,
    /// Every commit fails, and nobody is told.
    AsynchronousCommit,
    /// The committed offset is one too high.
    OffByOne,
    /// Dead letters are taken for written, and are not.
    SkippedDeadLetter,
    /// Replies are taken for written when the producer has them, and it is dropped with them.
    DroppedProducer,
    /// Some replies are sent after those that came later.
    ReorderingSend,
    /// Every reply is sent twice.
    DoubleReply,
    /// A received header does not come back.
    HeaderLost,
}

/// How long a faulty sink sits on a record.
const HELD: Duration = Duration::from_millis(400);

/// Marks what the runtime did not send, or has been told of already.
const SILENT: u64 = 1 << 62;

/// A source with a bug.
#[derive(Debug)]
pub(crate) struct FaultySource {
    inner: KafkaSource,
    sabotage: Sabotage,
}

impl FaultySource {
    pub(crate) fn new(inner: KafkaSource, sabotage: Sabotage) -> Self {
        Self { inner, sabotage }
    }

    fn amended(&self, positions: Vec<Position>) -> Vec<Position> {
        match self.sabotage {
            Sabotage::AsynchronousCommit => Vec::new(),
            Sabotage::OffByOne => positions
                .into_iter()
                .map(|Position { epoch, next }| Position { epoch, next: next + 1 })
                .collect(),
            _ => positions,
        }
    }
}

impl Source for FaultySource {
    async fn event(&mut self) -> SourceEvent {
        self.inner.event().await
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        let record = self.inner.take(epoch)?;
        if self.sabotage == Sabotage::CommitBeforeFinish {
            self.inner.commit(vec![Position { epoch, next: record.at.offset + 1 }]);
        }
        Some(record)
    }

    fn commit(&mut self, positions: Vec<Position>) {
        let positions = self.amended(positions);
        if !positions.is_empty() {
            self.inner.commit(positions);
        }
    }

    async fn close(self, positions: Vec<Position>, deadline: Duration) -> Result<(), String> {
        let positions = self.amended(positions);
        self.inner.close(positions, deadline).await
    }
}

/// A sink with a bug.
#[derive(Debug)]
pub(crate) struct FaultySink {
    inner: KafkaSink,
    sabotage: Sabotage,
    sent: u64,
    /// Records that are sent late, with the time and the token.
    held: VecDeque<(Instant, Token, Outbound)>,
    /// Deliveries that never were.
    invented: VecDeque<Token>,
}

impl FaultySink {
    pub(crate) fn new(inner: KafkaSink, sabotage: Sabotage) -> Self {
        Self { inner, sabotage, sent: 0, held: VecDeque::new(), invented: VecDeque::new() }
    }

    fn hold(&mut self, record: &Outbound, token: Token) {
        self.held.push_back((Instant::now() + HELD, token, record.clone()));
    }
}

impl Sink for FaultySink {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        self.sent += 1;
        let is_dead_letter = record.topic.ends_with(".dlq");
        match self.sabotage {
            Sabotage::SkippedDeadLetter if is_dead_letter => {
                self.invented.push_back(token);
                return Ok(());
            }
            Sabotage::DroppedProducer => {
                self.hold(record, Token(token.0 | SILENT));
                self.invented.push_back(token);
                return Ok(());
            }
            Sabotage::ReorderingSend if self.sent.is_multiple_of(5) => {
                self.hold(record, Token(token.0 | SILENT));
                self.invented.push_back(token);
                return Ok(());
            }
            Sabotage::DoubleReply if !is_dead_letter => {
                self.inner.send(record, Token(token.0 | SILENT))?;
            }
            Sabotage::HeaderLost => {
                let mut headers = Headers::default();
                let kept = record.headers.iter().filter(|(name, _)| *name != "Fx-WorkspaceId");
                kept.for_each(|(name, value)| headers.push(name, value));
                return self.inner.send(&Outbound { headers, ..record.clone() }, token);
            }
            _ => {}
        }
        self.inner.send(record, token)
    }

    async fn delivered(&mut self) -> Delivery {
        loop {
            if let Some(token) = self.invented.pop_front() {
                return Delivery { token, result: Ok(()) };
            }
            let due = self.held.front().map(|(due, ..)| *due);
            tokio::select! {
                delivery = self.inner.delivered() => {
                    if delivery.token.0 & SILENT == 0 {
                        return delivery;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if let Some((_, token, record)) = self.held.pop_front() {
                        // It was never promised to arrive.
                        let _ = self.inner.send(&record, token);
                    }
                }
            }
        }
    }
}
