//! What the threads share: the hand-over points of `flowx_core::kafka`, built so that the scheduler
//! decides who comes first at each of them.

use std::sync::{Arc, Mutex as Plain, MutexGuard, PoisonError};

use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Coordinates, Record};
use flowx_core::runtime::port::{Assignment, Delivery, Epoch, Position, SourceEvent, Token};
use shuttle::sync::Mutex;
use shuttle::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::oneshot;

use crate::lane::Lane;
use crate::oracle::{Oracle, Tenure};
use crate::scene::{Fate, PARTITIONS, Scene};

/// Says in which assignment a request was read; the engine's headers come back with every answer.
pub(crate) const TENURE: &str = "tenure";

/// What the control thread tells the task.
pub(crate) enum Message {
    Event(SourceEvent),
    Assigned(Vec<(Assignment, Arc<Queue>)>),
}

/// What the task tells the control thread.
pub(crate) enum Command {
    Commit(Vec<Position>),
    Close { positions: Vec<Position>, done: oneshot::Sender<Result<(), String>> },
}

/// An answer on its way to the broker.
pub(crate) struct Sent {
    pub(crate) token: Token,
    pub(crate) tenure: Tenure,
    pub(crate) offset: i64,
    /// Nothing follows it.
    pub(crate) is_last: bool,
}

/// The queue of one assignment.
pub(crate) struct Queue {
    pub(crate) epoch: Epoch,
    pub(crate) tenure: Tenure,
    pub(crate) partition: i32,
    /// The next offset; `None` once the assignment has ended.
    next: Mutex<Option<i64>>,
}

/// Everything that more than one thread touches.
pub(crate) struct Model {
    pub(crate) scene: Scene,
    pub(crate) messages: Lane<Message>,
    pub(crate) readable: Lane<()>,
    pub(crate) outgoing: Lane<Sent>,
    pub(crate) deliveries: Lane<(Delivery, Sent)>,
    /// Handlers that wait for the world outside.
    pub(crate) waiting: Lane<oneshot::Sender<()>>,
    pub(crate) is_over: AtomicBool,
    /// How many records of each partition the broker has by now.
    arrived: Mutex<[i64; PARTITIONS]>,
    rng: Plain<fastrand::Rng>,
    /// Outside of the schedule: a look at it is no moment at which another thread could come first.
    oracle: Plain<Oracle>,
}

impl Model {
    pub(crate) fn new(scene: Scene, rng: fastrand::Rng) -> Self {
        Self {
            scene,
            messages: Lane::new(),
            readable: Lane::new(),
            outgoing: Lane::new(),
            deliveries: Lane::new(),
            waiting: Lane::new(),
            is_over: AtomicBool::new(false),
            arrived: Mutex::new([0; PARTITIONS]),
            rng: Plain::new(rng),
            oracle: Plain::default(),
        }
    }

    pub(crate) fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One time out of `of`.
    pub(crate) fn once_in(&self, of: u32) -> bool {
        self.below(of) == 0
    }

    pub(crate) fn below(&self, of: u32) -> u32 {
        self.rng.lock().unwrap_or_else(PoisonError::into_inner).u32(..of)
    }

    /// Another record has come in.
    pub(crate) fn arrive(&self, partition: usize) {
        self.arrived.lock().expect("nobody panics with it")[partition] += 1;
        self.readable.push(());
    }

    /// All is over: whoever waits, ends.
    pub(crate) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        self.outgoing.close();
        self.waiting.close();
    }
}

impl Queue {
    pub(crate) fn new(epoch: Epoch, tenure: Tenure, partition: i32, start: i64) -> Self {
        Self { epoch, tenure, partition, next: Mutex::new(Some(start)) }
    }

    pub(crate) fn end(&self) {
        *self.next.lock().expect("nobody panics with it") = None;
    }

    /// The next record, if there is one now.
    pub(crate) fn take(&self, model: &Model) -> Option<Record> {
        let mut next = self.next.lock().expect("nobody panics with it");
        let offset = (*next)?;
        let index = usize::try_from(self.partition).expect("partitions are counted from 0");
        if offset >= model.arrived.lock().expect("nobody panics with it")[index] {
            return None;
        }
        *next = Some(offset + 1);
        model.oracle().taken(self.tenure, offset);
        Some(self.record(model.scene.fate(self.partition, offset), offset))
    }

    fn record(&self, fate: Fate, offset: i64) -> Record {
        let mut headers = Headers::default();
        headers.push_text(TENURE, &self.tenure.to_string());
        // Two processes share the records of a partition, so that some wait for others.
        headers.push_text("processInstanceUuid", &format!("{}-{}", self.partition, offset % 2));
        Record {
            at: Coordinates {
                topic: crate::handler::TOPIC.into(),
                partition: self.partition,
                offset,
            },
            timestamp: None,
            key: None,
            headers,
            payload: Some(fate.payload().to_vec()),
        }
    }
}
