//! What is going to happen, by time.

use std::collections::BTreeMap;

/// Something outside of the members that happens at its time.
#[derive(Clone, Debug)]
pub(super) enum Happening {
    /// A request is written to its topic.
    Arrive(usize),
    /// The broker writes the oldest answer that a member sent this way.
    Write(usize, Way),
    /// The oldest written answer of this way is acknowledged.
    Acknowledge(usize, Way),
    /// The oldest commit of a member reaches the broker.
    Commit(usize),
    /// A member's farewell reaches the broker.
    Farewell(usize),
    /// Partitions without an owner get one.
    HandOut,
    /// A member joins the group.
    Join,
    /// A member is scheduled again after it stood still.
    Thaw(usize),
    /// The broker no longer waits for what it asked a member to give back.
    LetGo(usize),
    /// A disturbance.
    Disturb,
    /// The trouble that the broker makes changes.
    Trouble,
}

/// From one producer to one partition of a topic: what keeps its order.
pub(super) type Way = (std::sync::Arc<str>, u64);

/// The calendar of a run; what is due at the same millisecond comes in the order of its entry.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    entries: BTreeMap<(u64, u64), Happening>,
    next: u64,
}

impl Agenda {
    pub(super) fn add(&mut self, at: u64, happening: Happening) {
        self.entries.insert((at, self.next), happening);
        self.next += 1;
    }

    /// When the next entry is due, in milliseconds of the run.
    pub(super) fn next_at(&self) -> Option<u64> {
        self.entries.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next entry, if it is due.
    pub(super) fn due(&mut self, now: u64) -> Option<Happening> {
        let entry = self.entries.first_entry().filter(|entry| entry.key().0 <= now)?;
        Some(entry.remove())
    }
}
