//! The broker as a test sees it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use super::fault::Fault;
use super::member::Member;
use super::sink::MemorySink;
use super::source::MemorySource;
use super::state::State;
use crate::message::record::{Coordinates, Outbound, Record};
use crate::message::topic::Subscription;

/// How long a test waits for what it expects, in the time of tokio's clock.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

/// The id of every cluster in memory.
pub const CLUSTER: &str = "memory";

/// A broker in memory; cheap to clone, and every clone is the same broker.
///
/// Topics come into being when they are first named, with one partition.
///
/// ```
/// use flowx_core::message::record::Outbound;
/// use flowx_core::testing::memory::MemoryBroker;
///
/// let broker = MemoryBroker::new();
/// broker.create_topic("orders", 3);
/// let at = broker.append(Outbound {
///     topic: "orders".into(),
///     partition: Some(2),
///     key: None,
///     headers: [("fxContext", "main")].into_iter().collect(),
///     payload: Some(b"{}".to_vec()),
/// });
/// assert_eq!(at.to_string(), "orders[2]@0");
/// assert_eq!(broker.records("orders").len(), 1);
/// ```
#[derive(Clone)]
pub struct MemoryBroker {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

impl MemoryBroker {
    /// An empty broker.
    #[must_use]
    pub fn new() -> Self {
        let shared = Shared { state: Mutex::default(), changed: watch::Sender::new(()) };
        Self { shared: Arc::new(shared) }
    }

    /// Makes sure that a topic has at least so many partitions.
    pub fn create_topic(&self, topic: &str, partitions: usize) {
        self.with(|state| state.grow(&Arc::from(topic), partitions));
    }

    /// Writes a record as a producer would, past all faults. Its key chooses the partition as with
    /// Java clients, unless the record names one.
    pub fn append(&self, record: Outbound) -> Coordinates {
        self.with(|state| state.append(record))
    }

    /// Leaves a gap in the offsets of a partition, as compaction and transactions do.
    pub fn skip_offsets(&self, topic: &str, partition: i32, offsets: u32) {
        self.with(|state| {
            let topic = Arc::from(topic);
            state.grow(&topic, partition as usize + 1);
            state.logs.entry(topic).or_default().skip(partition, offsets);
        });
    }

    /// The full names of all topics that there are.
    #[must_use]
    pub fn topics(&self) -> Vec<String> {
        self.look(|state| state.logs.keys().map(ToString::to_string).collect())
    }

    /// All records of a topic, by its full name, in the order in which they were written.
    #[must_use]
    pub fn records(&self, topic: &str) -> Vec<Record> {
        self.look(|state| state.logs.get(topic).map(|log| log.records().to_vec()))
            .unwrap_or_default()
    }

    /// The record at these coordinates, if there is one.
    #[must_use]
    pub fn record(&self, at: &Coordinates) -> Option<Record> {
        let found = |state: &State| {
            state.logs.get(&at.topic)?.at_or_behind(at.partition, at.offset).cloned()
        };
        self.look(found).filter(|record| record.at == *at)
    }

    /// The committed offset of a group: the next record that it would read.
    #[must_use]
    pub fn committed(&self, group: &str, topic: &str, partition: i32) -> Option<i64> {
        self.look(|state| state.committed(group, topic, partition))
    }

    /// Waits until a topic has at least `count` records, and returns all of them.
    ///
    /// # Panics
    /// They have not come within ten minutes, which pass at once while tokio's clock is paused and
    /// nothing else happens.
    pub async fn wait_for_records(&self, topic: &str, count: usize) -> Vec<Record> {
        // Copied once, and not with every change.
        let found = self.wait(|| (self.count(topic) >= count).then(|| self.records(topic))).await;
        found.unwrap_or_else(|| {
            let there = self.records(topic).len();
            panic!("{count} records were expected on `{topic}`, there are {there}")
        })
    }

    /// Waits until a group has committed at least this offset.
    ///
    /// # Panics
    /// As with [`wait_for_records`](Self::wait_for_records).
    pub async fn wait_for_commit(&self, group: &str, topic: &str, partition: i32, offset: i64) {
        let committed = || self.committed(group, topic, partition);
        let found = self.wait(|| committed().filter(|committed| *committed >= offset)).await;
        if found.is_none() {
            let there = committed();
            panic!("`{group}` should commit {offset} of {topic}[{partition}]; it is {there:?}");
        }
    }

    /// Makes writes fail from now on. Of several faults the oldest that fits strikes.
    pub fn inject(&self, fault: Fault) {
        self.with(|state| state.faults.push(fault));
    }

    /// Ends all faults.
    pub fn repair(&self) {
        self.with(|state| state.faults.clear());
    }

    /// Holds the acknowledgement of everything that is written from now on.
    pub fn hold_acknowledgements(&self) {
        self.with(|state| state.holding = true);
    }

    /// What is written and not yet acknowledged, in the order in which it was written.
    #[must_use]
    pub fn held(&self) -> Vec<Outbound> {
        self.look(|state| state.held.iter().map(|held| held.record.clone()).collect())
    }

    /// Waits until at least so many acknowledgements are held, and returns their records.
    ///
    /// # Panics
    /// As with [`wait_for_records`](Self::wait_for_records).
    pub async fn wait_for_held(&self, count: usize) -> Vec<Outbound> {
        let found = self.wait(|| Some(self.held()).filter(|held| held.len() >= count)).await;
        found.unwrap_or_else(|| {
            panic!("{count} writes were expected to wait, there are {}", self.held().len())
        })
    }

    /// Lets one held acknowledgement go: 0 is the oldest of those that are still held.
    ///
    /// # Panics
    /// There are not so many.
    pub fn release(&self, index: usize) {
        self.with(|state| {
            let count = state.held.len();
            let held = state.held.remove(index);
            let held = held.unwrap_or_else(|| panic!("only {count} acknowledgements are held"));
            // Nobody listens any more if the connector has stopped.
            let _ = held.to.send(held.delivery);
        });
    }

    /// Lets all held acknowledgements go, and holds no more.
    pub fn release_all(&self) {
        self.with(|state| {
            state.holding = false;
            for held in state.held.drain(..) {
                let _ = held.to.send(held.delivery);
            }
        });
    }

    /// Joins a consumer group: the two ends for the runtime, and the one for the test.
    ///
    /// The member gets every partition of the topics that it reads and that nobody else of the group
    /// has, from the committed offset on, else from the first record.
    #[must_use]
    pub fn join(
        &self,
        group: &str,
        subscriptions: Vec<Subscription>,
    ) -> (MemorySource, MemorySink, Member) {
        let (events, heard) = mpsc::unbounded_channel();
        let id = self.with(|state| state.join(group, subscriptions, events));
        let source = MemorySource::new(self.clone(), id, heard);
        (source, MemorySink::new(self.clone()), Member::new(self.clone(), id))
    }

    /// How many records a topic has.
    pub(in crate::testing) fn count(&self, topic: &str) -> usize {
        self.look(|state| state.logs.get(topic).map_or(0, |log| log.records().len()))
    }

    /// The records of a topic behind the first so many that are wanted.
    pub(in crate::testing) fn records_behind(
        &self,
        topic: &str,
        first: usize,
        wanted: impl Fn(&Record) -> bool,
    ) -> Vec<Record> {
        self.look(|state| {
            let all = state.logs.get(topic).map(|log| &log.records()[first..]).unwrap_or_default();
            all.iter().filter(|record| wanted(record)).cloned().collect()
        })
    }

    /// Looks at the state.
    pub(super) fn look<T>(&self, at: impl FnOnce(&State) -> T) -> T {
        at(&self.shared.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the state, and wakes who waits for a change.
    pub(super) fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.shared.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.shared.changed.send_replace(());
        result
    }

    /// Asks again after every change until there is an answer; `None` when patience is at its end.
    pub(super) async fn wait<T>(&self, mut answer: impl FnMut() -> Option<T>) -> Option<T> {
        let mut changes = self.shared.changed.subscribe();
        let waiting = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = answer() {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        timeout(PATIENCE, waiting).await.ok()
    }
}

impl Default for MemoryBroker {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryBroker {
    /// Topics and how many records they have.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.look(|state| {
            let sizes = state.logs.iter().map(|(topic, log)| (topic, log.records().len()));
            f.debug_map().entries(sizes).finish()
        })
    }
}
