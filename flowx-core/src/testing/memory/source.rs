//! The reading end of the broker in memory.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedReceiver;

use super::broker::MemoryBroker;
use crate::message::record::Record;
use crate::runtime::port::{ClientView, Ends, Epoch, Insight, Position, Source, SourceEvent};

/// One consumer of a group, as the runtime uses it.
///
/// Dropped without [`close`](Source::close) it is a consumer that died: its partitions go to the
/// rest of the group from the last commit on.
pub struct MemorySource {
    broker: MemoryBroker,
    id: u64,
    events: UnboundedReceiver<SourceEvent>,
}

impl MemorySource {
    pub(super) fn new(
        broker: MemoryBroker,
        id: u64,
        events: UnboundedReceiver<SourceEvent>,
    ) -> Self {
        Self { broker, id, events }
    }
}

impl Source for MemorySource {
    async fn event(&mut self) -> SourceEvent {
        match self.events.recv().await {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        self.broker.with(|state| state.take(self.id, epoch))
    }

    fn commit(&mut self, positions: Vec<Position>) {
        self.broker.with(|state| {
            let event = match state.member(self.id).failing_commits.pop_front() {
                Some(reason) => SourceEvent::CommitFailed { positions, reason },
                None => {
                    state.store(self.id, &positions);
                    SourceEvent::Committed(positions)
                }
            };
            // The other end is this very source.
            let _ = state.member(self.id).events.send(event);
        });
    }

    fn insight(&self) -> Option<Arc<dyn Insight>> {
        let group = self.broker.with(|state| state.member(self.id).group.clone());
        Some(Arc::new(Onlooker { broker: self.broker.clone(), group }))
    }

    async fn close(self, positions: Vec<Position>, deadline: Duration) -> Result<(), String> {
        // A consumer that is giving partitions back hears of its end only after that.
        let given_back =
            self.broker.wait(|| self.broker.look(|state| state.is_whole(self.id)).then_some(()));
        let _ = tokio::time::timeout(deadline, given_back).await;
        self.broker.with(|state| match state.member(self.id).failing_close.take() {
            Some(reason) => Err(reason),
            None => {
                state.store(self.id, &positions);
                Ok(())
            }
        })
    }
}

/// Who looks at the group's partitions.
#[derive(Debug)]
struct Onlooker {
    broker: MemoryBroker,
    group: String,
}

impl Insight for Onlooker {
    fn client(&self) -> ClientView {
        ClientView { initialised: true, ..ClientView::default() }
    }

    fn ends(&self, topic: &str, partition: i32) -> Option<Ends> {
        self.broker.look(|state| {
            let begin = state.committed(&self.group, topic, partition).unwrap_or(0);
            Some(Ends { begin, end: state.logs.get(topic)?.end(partition)? })
        })
    }
}

impl Drop for MemorySource {
    fn drop(&mut self) {
        self.broker.with(|state| state.leave(self.id));
    }
}

impl fmt::Debug for MemorySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySource").field("id", &self.id).finish_non_exhaustive()
    }
}
