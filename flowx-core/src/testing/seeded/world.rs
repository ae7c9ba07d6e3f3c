//! Everything around the members of a run: topics, group, producers, clock and chance.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;

use super::agenda::{Agenda, Happening};
use super::bug::Bug;
use super::group::Group;
use super::ledger::{Assigned, Ledger, Story};
use super::link::Link;
use super::request::{ASK, NOTE};
use super::scenario::Scenario;
use super::trace::Trace;
use crate::message::record::{Coordinates, Record};
use crate::message::topic::{Naming, TopicSpec};

/// The world, as members, handlers and the driver share it.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

impl Shared {
    pub(super) fn new(world: World) -> Self {
        Self(Arc::new(Mutex::new(world)))
    }

    pub(super) fn with<T>(&self, use_it: impl FnOnce(&mut World) -> T) -> T {
        use_it(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many hold it.
    pub(super) fn holders(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Shared")
    }
}

/// Everything around the members.
#[derive(Debug)]
pub(super) struct World {
    pub(super) rng: Rng,
    pub(super) trace: Trace,
    pub(super) scenario: Scenario,
    pub(super) bug: Option<Bug>,
    pub(super) trouble: Trouble,
    pub(super) agenda: Agenda,
    pub(super) places: Vec<Place>,
    pub(super) group: Group,
    pub(super) links: Vec<Link>,
    pub(super) ledger: Ledger,
    /// The request at `topic[partition]@offset`.
    pub(super) by_place: BTreeMap<String, usize>,
    /// By member and request: the latest assignment in which its dead letter was rejected.
    pub(super) rejected_letters: BTreeMap<(usize, usize), u64>,
}

/// What the broker makes difficult at the moment; parts of 256.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Trouble {
    pub(super) full: u8,
    pub(super) failed: u8,
    pub(super) rejected: u8,
    pub(super) commit: u8,
    /// The longest an acknowledgement takes, in milliseconds.
    pub(super) latency: u64,
}

/// One partition of what the connectors read.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) topic: Arc<str>,
    pub(super) partition: i32,
    pub(super) next_offset: i64,
    /// Requests by offset.
    pub(super) log: Vec<(i64, usize)>,
    pub(super) committed: Option<i64>,
}

impl Place {
    /// The first request at or behind an offset.
    pub(super) fn at_or_behind(&self, offset: i64) -> Option<(i64, usize)> {
        let first = self.log.partition_point(|(at, _)| *at < offset);
        self.log.get(first).copied()
    }

    pub(super) fn end(&self) -> Option<i64> {
        self.log.last().map(|(offset, _)| offset + 1)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if self.topic.contains("ask") { "ask" } else { "note" };
        write!(f, "{name}[{}]", self.partition)
    }
}

impl World {
    pub(super) fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut rng = Rng::with_seed(seed);
        let scenario = Scenario::random(&mut rng);
        let naming = Naming::default();
        let mut places = Vec::new();
        for topic in [ASK, NOTE] {
            let topic = naming.full_name(&TopicSpec::parse(topic).expect("a legal topic"));
            for partition in 0..scenario.partitions {
                let topic = Arc::clone(&topic);
                let (log, next_offset) = (Vec::new(), 0);
                places.push(Place { topic, partition, next_offset, log, committed: None });
            }
        }
        let mut agenda = Agenda::default();
        for (number, request) in scenario.requests.iter().enumerate() {
            agenda.add(request.arrives, Happening::Arrive(number));
        }
        let mut ledger = Ledger::default();
        ledger.stories.resize_with(scenario.requests.len(), Story::default);
        Self {
            rng,
            trace: Trace::new(),
            group: Group::new(places.len()),
            scenario,
            bug,
            trouble: Trouble { latency: 20, ..Trouble::default() },
            agenda,
            places,
            links: Vec::new(),
            ledger,
            by_place: BTreeMap::new(),
            rejected_letters: BTreeMap::new(),
        }
    }

    /// Something happens after so many milliseconds.
    pub(super) fn later(&mut self, after: u64, happening: Happening) {
        let now = self.trace.now();
        self.agenda.add(now + after, happening);
    }

    /// Whether chance says yes, with so many parts of 256.
    pub(super) fn chance(&mut self, parts: u8) -> bool {
        self.rng.u8(..) < parts
    }

    /// Writes a request to its topic.
    pub(super) fn arrive(&mut self, number: usize) {
        let request = &self.scenario.requests[number];
        let first = if request.replies { 0 } else { self.scenario.partitions as usize };
        let index = first + request.partition as usize;
        let place = &mut self.places[index];
        // Now and then a gap, as compaction and transactions leave it.
        if self.rng.u8(..8) == 0 {
            place.next_offset += self.rng.i64(1..4);
        }
        let offset = place.next_offset;
        place.next_offset += 1;
        place.log.push((offset, number));
        let story = &mut self.ledger.stories[number];
        (story.place, story.offset) = (index, offset);
        self.ledger.tally.requests += 1;
        let at = format!("{}[{}]@{offset}", place.topic, place.partition);
        self.by_place.insert(at, number);
        self.trace.line(format_args!("request {number} at {place}@{offset}"));
        self.announce(index);
    }

    /// The record of a request, as it is served to an assignment.
    pub(super) fn record(&self, number: usize, assignment: u64) -> Record {
        let Story { place, offset, .. } = self.ledger.stories[number];
        let Place { topic, partition, .. } = &self.places[place];
        let request = &self.scenario.requests[number];
        let mut headers = request.headers.clone();
        headers.push_text(super::answer::ASSIGNMENT, &assignment.to_string());
        Record {
            at: Coordinates { topic: Arc::clone(topic), partition: *partition, offset },
            timestamp: i64::try_from(number).ok(),
            key: request.key.clone(),
            headers,
            payload: request.payload.clone(),
        }
    }

    pub(super) fn attempt_begins(&mut self, which: (u64, usize), attempt: u32) {
        let Self { ledger, trace, scenario, .. } = self;
        let (assignment, number) = which;
        let request = &scenario.requests[number];
        trace.line(format_args!("attempt {attempt} at request {number} in {assignment}"));
        ledger.begin(trace, which, request, attempt, scenario.policy.concurrency);
        ledger.check_overtaken(trace, which, &scenario.requests);
        let Story { place, offset, .. } = ledger.stories[number];
        let committed = self.places[place].committed;
        if self.group.owner(place).is_some_and(|(_, owner)| owner == assignment)
            && committed.is_some_and(|committed| committed > offset)
        {
            trace.violated(format_args!("request {number} runs, but is committed"));
        }
    }

    pub(super) fn attempt_goes_on(&mut self, (assignment, number): (u64, usize)) {
        if self.ledger.assignments.get(&assignment).is_none_or(|assigned: &Assigned| assigned.over)
        {
            self.trace.violated(format_args!(
                "an attempt at request {number} goes on after assignment {assignment} has ended"
            ));
        }
    }

    pub(super) fn attempt_ends(&mut self, which: (u64, usize)) {
        let (assignment, number) = which;
        self.trace.line(format_args!("attempt at request {number} in {assignment} over"));
        self.ledger.end(which, &self.scenario.requests[number]);
    }

    /// A handler that sends nothing is content.
    pub(super) fn noted(&mut self, assignment: u64, number: usize) {
        self.trace.line(format_args!("request {number} needs no answer"));
        self.ledger.stories[number].written = true;
        self.ledger.finished(Some(assignment), number);
    }

    /// Whether every request is finished and committed.
    pub(super) fn is_done(&self) -> bool {
        self.ledger.stories.iter().all(|story| story.written && story.acknowledged)
            && self.ledger.tally.requests == self.scenario.requests.len()
            && self.places.iter().all(|place| place.committed >= place.end())
    }

    /// What is missing at the end.
    pub(super) fn check_end(&mut self) {
        for (number, story) in self.ledger.stories.iter().enumerate() {
            if !story.written {
                let place = &self.places[story.place];
                self.trace.violated(format_args!(
                    "request {number} at {place}@{} was never answered or put aside; committed is {:?}",
                    story.offset, place.committed
                ));
            }
        }
        for place in &self.places {
            if place.committed < place.end() {
                self.trace.violated(format_args!(
                    "{place} ends at {:?}, committed is {:?}",
                    place.end(),
                    place.committed
                ));
            }
        }
    }
}
