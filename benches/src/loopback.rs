//! A source and a sink in memory that cost next to nothing: what is left is the runtime's own.

use std::collections::VecDeque;
use std::future::{Future, pending, ready};
use std::sync::Arc;
use std::time::Duration;

use flowx_core::message::record::{Outbound, Record};
use flowx_core::runtime::port::{
    Assignment, Delivery, Epoch, Position, SendError, Sink, Source, SourceEvent, Token,
};
use tokio_util::sync::CancellationToken;

/// Records that are there already, in a few partitions of one topic, each its own assignment.
#[derive(Debug)]
pub struct Loop {
    topic: Arc<str>,
    partitions: Vec<VecDeque<Record>>,
    is_assigned: bool,
    /// Positions asked for, which count as committed at once.
    committed: VecDeque<Vec<Position>>,
}

/// Acknowledges everything at once, and stops the connector behind the last.
#[derive(Debug)]
pub struct Acknowledged {
    due: VecDeque<Token>,
    left: usize,
    stop: CancellationToken,
}

/// A source of these records, and a sink that stops the connector when each of them is answered.
#[must_use]
pub fn pair(topic: &Arc<str>, partitions: Vec<VecDeque<Record>>) -> (Loop, Acknowledged) {
    let left = partitions.iter().map(VecDeque::len).sum();
    let source = Loop {
        topic: Arc::clone(topic),
        partitions,
        is_assigned: false,
        committed: VecDeque::new(),
    };
    let sink = Acknowledged { due: VecDeque::new(), left, stop: CancellationToken::new() };
    (source, sink)
}

impl Acknowledged {
    /// Comes when everything is answered.
    pub fn all(&self) -> impl Future<Output = ()> + Send + 'static {
        self.stop.clone().cancelled_owned()
    }
}

impl Source for Loop {
    async fn event(&mut self) -> SourceEvent {
        if !std::mem::replace(&mut self.is_assigned, true) {
            let assignment = |number: usize| Assignment {
                epoch: Epoch(number as u64),
                cluster: "memory".into(),
                topic: Arc::clone(&self.topic),
                partition: i32::try_from(number).expect("a few partitions"),
            };
            return SourceEvent::Assigned((0..self.partitions.len()).map(assignment).collect());
        }
        match self.committed.pop_front() {
            Some(positions) => SourceEvent::Committed(positions),
            None => pending().await,
        }
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        let partition = usize::try_from(epoch.0).ok()?;
        self.partitions.get_mut(partition)?.pop_front()
    }

    fn commit(&mut self, positions: Vec<Position>) {
        self.committed.push_back(positions);
    }

    fn close(
        self,
        _: Vec<Position>,
        _: Duration,
    ) -> impl Future<Output = Result<(), String>> + Send {
        ready(Ok(()))
    }
}

impl Sink for Acknowledged {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        debug_assert!(record.payload.is_some());
        self.due.push_back(token);
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        let Some(token) = self.due.pop_front() else { return pending().await };
        self.left -= 1;
        if self.left == 0 {
            self.stop.cancel();
        }
        Delivery { token, result: Ok(()) }
    }
}
