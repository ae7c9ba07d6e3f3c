//! Lanes: which records of a partition may run now, and which wait for one before them.

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

use super::job::{Job, Lane};
use super::plan::Bounds;
use crate::config::order::Order;
use crate::message::envelope::Envelope;

/// The lanes of one partition. Only lanes with a record at work are kept: a process instance that is
/// idle costs nothing.
#[derive(Debug, Default)]
pub(super) struct Lanes {
    /// Behind each lane's record at work: those that wait for it.
    busy: HashMap<u64, VecDeque<Arc<Job>>, foldhash::fast::FixedState>,
    waiting: usize,
    waiting_bytes: usize,
}

/// A fixed hash: two keys that share one are kept in order needlessly, and nothing else.
type Hashing = BuildHasherDefault<DefaultHasher>;

impl Lanes {
    /// The lane of a record. What names its process, else its key, decides.
    pub(super) fn of(order: Order, envelope: &Envelope) -> Lane {
        match order {
            Order::Key => envelope.order_key().map(|key| Hashing::default().hash_one(key)),
            Order::Partition => Some(0),
            Order::Unordered => None,
        }
    }

    /// Takes a job in. It comes back if it may run now; else it waits for those before it.
    pub(super) fn enter(&mut self, job: Arc<Job>) -> Option<Arc<Job>> {
        let Some(lane) = job.lane else { return Some(job) };
        match self.busy.get_mut(&lane) {
            None => {
                self.busy.insert(lane, VecDeque::new());
                Some(job)
            }
            Some(line) => {
                self.waiting += 1;
                self.waiting_bytes += job.size();
                line.push_back(job);
                None
            }
        }
    }

    /// The record at work in a lane is done: the next one, if any waits.
    pub(super) fn leave(&mut self, lane: Lane) -> Option<Arc<Job>> {
        let lane = lane?;
        let line = self.busy.get_mut(&lane)?;
        let Some(next) = line.pop_front() else {
            self.busy.remove(&lane);
            return None;
        };
        self.waiting -= 1;
        self.waiting_bytes -= next.size();
        Some(next)
    }

    /// Whether as much waits as may.
    pub(super) fn is_full(&self, bounds: &Bounds) -> bool {
        self.waiting >= bounds.waiting || self.waiting_bytes >= bounds.waiting_bytes
    }

    /// Lets go of what waits and is not wanted; returns how many that are. What waits behind one
    /// that is let go is let go too.
    pub(super) fn retain(&mut self, wanted: impl Fn(&Job) -> bool) -> usize {
        let before = self.waiting;
        for line in self.busy.values_mut() {
            let kept = line.iter().take_while(|job| wanted(job)).count();
            for gone in line.drain(kept..) {
                self.waiting -= 1;
                self.waiting_bytes -= gone.size();
            }
        }
        before - self.waiting
    }

    /// Lets go of a whole lane; returns how many waited in it.
    pub(super) fn close(&mut self, lane: Lane) -> usize {
        let line = lane.and_then(|lane| self.busy.remove(&lane)).unwrap_or_default();
        self.waiting -= line.len();
        self.waiting_bytes -= line.iter().map(|job| job.size()).sum::<usize>();
        line.len()
    }
}
