//! The thread that owns the consumer: assigns, takes away, commits, as `kafka/control.rs` and
//! `kafka/rebalance.rs` do.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use flowx_core::runtime::port::{Assignment, Epoch, Position, SourceEvent};
use shuttle::future::block_on;
use shuttle::sync::mpsc::Receiver;
use tokio::sync::oneshot;

use crate::handler::TOPIC;
use crate::model::{Command, Message, Model, Queue};
use crate::oracle::Tenure;
use crate::scene::{Ending, Mistake, PARTITIONS};

/// Looks at a receiver before patience is lost.
const HASTE: u32 = 3;

pub(crate) struct Control {
    pub(crate) model: Arc<Model>,
    live: BTreeMap<Epoch, Arc<Queue>>,
    /// Assignments that have ended; only a mistake looks at them.
    over: BTreeMap<Epoch, Arc<Queue>>,
    last: u64,
}

impl Control {
    pub(crate) fn new(model: Arc<Model>) -> Self {
        Self { model, live: BTreeMap::new(), over: BTreeMap::new(), last: 0 }
    }

    /// Serves until the connector closes.
    pub(crate) fn run(mut self, commands: &Receiver<Command>) {
        (0..PARTITIONS).for_each(|partition| self.assign(partition as i32));
        for (partition, ending) in self.model.scene.endings.clone() {
            for _ in 0..self.model.scene.calm {
                shuttle::thread::yield_now();
                while let Ok(command) = commands.try_recv() {
                    if self.obey(command) {
                        return;
                    }
                }
            }
            self.end(partition, ending);
            self.assign(partition);
        }
        while let Ok(command) = commands.recv() {
            if self.obey(command) {
                return;
            }
        }
    }

    /// Does as told; true if that was the end.
    fn obey(&mut self, command: Command) -> bool {
        match command {
            Command::Commit(positions) if self.model.once_in(6) => {
                let reason = "the broker does not feel like it".to_owned();
                self.tell(SourceEvent::CommitFailed { positions, reason });
                false
            }
            Command::Commit(positions) => {
                let positions = self.commit(&positions);
                self.tell(SourceEvent::Committed(positions));
                false
            }
            Command::Close { positions, done } => {
                self.commit(&positions);
                self.live.values().for_each(|queue| queue.end());
                let _ = done.send(Ok(()));
                true
            }
        }
    }

    /// The fence: what belongs to an assignment that has ended is another member's business.
    fn commit(&self, positions: &[Position]) -> Vec<Position> {
        let mut committed = Vec::new();
        for position in positions {
            let mut found = self.live.get(&position.epoch);
            if self.model.scene.mistake == Some(Mistake::NoFence) {
                found = found.or_else(|| self.over.get(&position.epoch));
            }
            let Some(queue) = found else { continue };
            committed.push(*position);
            let mut oracle = self.model.oracle();
            // What is committed already is not committed again, nor is less.
            if position.next > oracle.committed(queue.partition) {
                oracle.commit(queue.tenure, position.next);
            }
        }
        committed
    }

    fn assign(&mut self, partition: i32) {
        self.last += 1;
        let is_again = self.model.scene.mistake == Some(Mistake::EpochAgain);
        let epoch = Epoch(if is_again { partition as u64 } else { self.last });
        let tenure: Tenure = self.last;
        let start = {
            let mut oracle = self.model.oracle();
            oracle.assigned(tenure, partition);
            oracle.committed(partition)
        };
        let queue = Arc::new(Queue::new(epoch, tenure, partition, start));
        self.live.insert(epoch, Arc::clone(&queue));
        let assignment =
            Assignment { epoch, cluster: "schedules".into(), topic: TOPIC.into(), partition };
        self.model.messages.push(Message::Assigned(vec![(assignment, queue)]));
    }

    fn end(&mut self, partition: i32, ending: Ending) {
        let found = self.live.values().find(|queue| queue.partition == partition);
        let queue = Arc::clone(found.expect("every partition is assigned"));
        let (epoch, tenure) = (queue.epoch, queue.tenure);
        queue.end();
        match ending {
            Ending::Lost => {
                self.model.oracle().tally.lost += 1;
                self.model.oracle().excuse(tenure);
                self.tell(SourceEvent::Lost(vec![epoch]));
            }
            Ending::Revoked | Ending::Hasty => self.revoke(epoch, tenure, ending),
        }
        self.live.remove(&epoch);
        self.over.insert(epoch, queue);
        self.model.oracle().gone(tenure);
    }

    fn revoke(&self, epoch: Epoch, tenure: Tenure, ending: Ending) {
        let (done, mut positions) = oneshot::channel();
        let mut looks = if matches!(ending, Ending::Hasty) { HASTE } else { u32::MAX };
        let mut look = |context: &mut Context<'_>| {
            let heard =
                Heard { model: Arc::clone(&self.model), tenure, inner: context.waker().clone() };
            let waker = Waker::from(Arc::new(heard));
            Pin::new(&mut positions).poll(&mut Context::from_waker(&waker))
        };
        // Before anybody can answer, so that the moment of the answer is noticed.
        block_on(poll_fn(|context| {
            let _ = look(context);
            Poll::Ready(())
        }));
        self.tell(SourceEvent::Revoking { epochs: vec![epoch], done });
        let answer = block_on(poll_fn(|context| {
            let polled = look(context).map(Result::ok);
            looks -= 1;
            if looks == 0 && polled.is_pending() {
                return Poll::Ready(None);
            }
            if looks < HASTE {
                context.waker().wake_by_ref();
            }
            polled
        }));
        let mut oracle = self.model.oracle();
        let Some(positions) = answer else {
            oracle.tally.hasty += 1;
            return oracle.excuse(tenure);
        };
        oracle.tally.revoked += 1;
        if positions.iter().any(|position| position.epoch != epoch) {
            oracle.violated(format!("{positions:?} were given back for {epoch:?}"));
        }
        drop(oracle);
        self.commit(&positions);
    }

    fn tell(&self, event: SourceEvent) {
        self.model.messages.push(Message::Event(event));
    }
}

/// Notices the moment in which the runtime gives an assignment back.
struct Heard {
    model: Arc<Model>,
    tenure: Tenure,
    inner: Waker,
}

impl Wake for Heard {
    fn wake(self: Arc<Self>) {
        self.model.oracle().given_back(self.tenure);
        self.inner.wake_by_ref();
    }
}
