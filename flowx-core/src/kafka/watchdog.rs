//! Tells a partition that stands still from one that is idle.
//!
//! A client can lose sight of a partition without a word: its fetching stops, its heartbeats go on, and
//! nobody else gets the partition. From inside that looks like a topic without records, so the broker
//! is asked now and then whether it has some.
//!
//! Four things look alike and are none of that: an idle partition, one whose end is made of markers and
//! gaps that no client hands out (librdkafka says when it has come to the end), one whose records wait
//! in the queue because the runtime has no room for them, and a broker that does not answer.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::runtime::port::Epoch;

/// What this client knows of an assignment.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Sight {
    /// How many records and ends of the partition were handed out.
    pub(super) steps: u64,
    /// Something is there to be taken, or the broker has said why nothing comes.
    pub(super) is_accounted_for: bool,
    /// What was handed out last is the end of the partition.
    pub(super) at_end: bool,
    /// Where reading goes on; `None` is the partition's beginning.
    pub(super) position: Option<i64>,
}

/// What the watchdog looks at.
pub(super) trait Watched {
    /// All assignments that are read.
    fn all(&self) -> Vec<(Epoch, Sight)>;
    /// One of them, as it is now.
    fn one(&self, epoch: Epoch) -> Option<Sight>;
    /// The first offset of its partition and the one behind its last, from the broker; `None` if that
    /// does not answer.
    fn ends(&self, epoch: Epoch) -> Option<(i64, i64)>;
}

/// A partition that stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standstill {
    pub(super) epoch: Epoch,
    /// Where reading goes on.
    pub(super) position: i64,
    /// The offset behind the broker's last record.
    pub(super) end: i64,
    /// How long it has been seen to be so.
    pub(super) lasts: Duration,
}

/// Looks at all assignments four times in the time after which one that stands still is told.
pub(super) struct Watchdog {
    stall: Duration,
    next_look: Instant,
    /// Whom the broker is still to be asked about in this look, one in each step.
    to_ask: VecDeque<Epoch>,
    suspects: BTreeMap<Epoch, Suspect>,
}

#[derive(Default)]
struct Suspect {
    steps: u64,
    /// The broker's end when this client had come to it.
    known_end: Option<i64>,
    /// Since when the broker has more than was handed out.
    since: Option<Instant>,
    /// The broker did not answer the last question: others first.
    unanswered: bool,
}

impl Watchdog {
    pub(super) fn new(stall: Duration, now: Instant) -> Self {
        Self {
            stall,
            next_look: now + stall / 4,
            to_ask: VecDeque::new(),
            suspects: BTreeMap::new(),
        }
    }

    /// Puts at most one question to the broker; says so if that shows a partition that stands still.
    pub(super) fn step(&mut self, watched: &impl Watched, now: Instant) -> Option<Standstill> {
        if self.to_ask.is_empty() {
            if now < self.next_look {
                return None;
            }
            self.next_look = now + self.stall / 4;
            self.look(watched.all());
        }
        let epoch = self.to_ask.pop_front()?;
        let Some((low, high)) = watched.ends(epoch) else {
            self.unanswered(epoch);
            return None;
        };
        // Looked at after the answer: what has come by then is no standstill.
        let suspect = self.suspects.entry(epoch).or_default();
        suspect.unanswered = false;
        let sight = watched.one(epoch)?;
        if !suspect.is_worth_a_question(sight) {
            return None;
        }
        let since = suspect.behind_since(sight, (low, high), now)?;
        let lasts = now.duration_since(since);
        let position = sight.position.unwrap_or(low);
        (lasts >= self.stall).then_some(Standstill { epoch, position, end: high, lasts })
    }

    fn look(&mut self, all: Vec<(Epoch, Sight)>) {
        self.suspects.retain(|epoch, _| all.iter().any(|(other, _)| other == epoch));
        for (epoch, sight) in all {
            if self.suspects.entry(epoch).or_default().is_worth_a_question(sight) {
                self.to_ask.push_back(epoch);
            }
        }
        let suspects = &self.suspects;
        self.to_ask.make_contiguous().sort_by_key(|epoch| suspects[epoch].unanswered);
    }

    /// A broker that does not answer ends the look, and time without an answer counts for nobody.
    fn unanswered(&mut self, epoch: Epoch) {
        let rest = std::mem::take(&mut self.to_ask);
        for other in rest.iter().chain([&epoch]) {
            if let Some(suspect) = self.suspects.get_mut(other) {
                suspect.since = None;
                suspect.unanswered |= *other == epoch;
            }
        }
    }
}

impl Suspect {
    /// Whether nothing was handed out since it was last looked at, and nothing is there to be.
    fn is_worth_a_question(&mut self, sight: Sight) -> bool {
        if sight.steps != self.steps {
            let Self { unanswered, .. } = *self;
            *self = Self { steps: sight.steps, unanswered, ..Self::default() };
            return false;
        }
        if sight.is_accounted_for {
            self.since = None;
        }
        !sight.is_accounted_for
    }

    fn behind_since(
        &mut self,
        sight: Sight,
        (low, high): (i64, i64),
        now: Instant,
    ) -> Option<Instant> {
        let reached = if sight.at_end {
            // Markers and gaps may lie between the last record and the end that was reached.
            *self.known_end.get_or_insert(high)
        } else {
            sight.position.unwrap_or(low)
        };
        if high <= reached {
            self.since = None;
            return None;
        }
        Some(*self.since.get_or_insert(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    const STALL: Duration = Duration::from_secs(60);
    const ONE: Epoch = Epoch(1);
    const TWO: Epoch = Epoch(2);

    /// Partitions as a test wants them, with the broker's ends, if it answers.
    #[derive(Default)]
    struct Scene {
        sights: RefCell<BTreeMap<Epoch, Sight>>,
        ends: RefCell<BTreeMap<Epoch, Option<(i64, i64)>>>,
        questions: Cell<usize>,
    }

    impl Scene {
        fn put(&self, epoch: Epoch, sight: Sight, ends: Option<(i64, i64)>) {
            self.sights.borrow_mut().insert(epoch, sight);
            self.ends.borrow_mut().insert(epoch, ends);
        }
    }

    impl Watched for Scene {
        fn all(&self) -> Vec<(Epoch, Sight)> {
            self.sights.borrow().iter().map(|(epoch, sight)| (*epoch, *sight)).collect()
        }
        fn one(&self, epoch: Epoch) -> Option<Sight> {
            self.sights.borrow().get(&epoch).copied()
        }
        fn ends(&self, epoch: Epoch) -> Option<(i64, i64)> {
            self.questions.set(self.questions.get() + 1);
            self.ends.borrow()[&epoch]
        }
    }

    /// A watchdog under a clock that a test moves.
    struct Round {
        watchdog: Watchdog,
        now: Instant,
    }

    impl Round {
        fn begin() -> Self {
            let now = Instant::now();
            Self { watchdog: Watchdog::new(STALL, now), now }
        }

        /// What is found within so many seconds, with ten steps in each.
        fn go(&mut self, scene: &Scene, seconds: u64) -> Option<Standstill> {
            for _ in 0..seconds * 10 {
                self.now += Duration::from_millis(100);
                let found = self.watchdog.step(scene, self.now);
                if found.is_some() {
                    return found;
                }
            }
            None
        }
    }

    fn behind(position: i64) -> Sight {
        Sight { steps: 1, position: Some(position), ..Sight::default() }
    }

    #[test]
    fn records_that_do_not_come_for_so_long_are_a_standstill() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, behind(5), Some((0, 9)));
        assert_eq!(round.go(&scene, 60), None);
        let found = round.go(&scene, 60).expect("it is found");
        assert_eq!((found.epoch, found.position, found.end), (ONE, 5, 9));
        assert!(found.lasts >= STALL && found.lasts < STALL * 3 / 2, "{found:?}");
    }

    #[test]
    fn one_that_was_never_read_stands_still_too() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, Sight::default(), Some((3, 9)));
        assert_eq!(round.go(&scene, 120).map(|found| found.position), Some(3));
    }

    #[test]
    fn an_idle_partition_is_none() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, behind(9), Some((0, 9)));
        scene.put(TWO, Sight::default(), Some((4, 4)));
        assert_eq!(round.go(&scene, 600), None);
        assert!(scene.questions.get() > 20, "the broker was asked");
    }

    #[test]
    fn markers_and_gaps_behind_the_last_record_are_none() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, Sight { at_end: true, ..behind(5) }, Some((0, 9)));
        assert_eq!(round.go(&scene, 600), None);
        // But what is written from then on has to come.
        scene.ends.borrow_mut().insert(ONE, Some((0, 12)));
        assert_eq!(round.go(&scene, 120).map(|found| found.end), Some(12));
    }

    #[test]
    fn a_partition_that_moves_is_none_however_slowly() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        for steps in 1..20 {
            scene.put(ONE, Sight { steps, ..behind(5) }, Some((0, 1_000)));
            assert_eq!(round.go(&scene, 50), None);
        }
    }

    #[test]
    fn records_that_wait_for_room_are_none() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, behind(5), Some((0, 9)));
        assert_eq!(round.go(&scene, 50), None);
        scene.put(ONE, Sight { is_accounted_for: true, ..behind(5) }, Some((0, 9)));
        assert_eq!(round.go(&scene, 600), None);
        scene.put(ONE, behind(5), Some((0, 9)));
        assert_eq!(round.go(&scene, 50), None, "time with records there does not count");
        assert!(round.go(&scene, 60).is_some());
    }

    #[test]
    fn a_broker_that_does_not_answer_is_none_and_is_asked_once_in_a_look() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        for epoch in [ONE, TWO] {
            scene.put(epoch, behind(5), Some((0, 9)));
        }
        assert_eq!(round.go(&scene, 50), None);
        for epoch in [ONE, TWO] {
            scene.put(epoch, behind(5), None);
        }
        scene.questions.set(0);
        assert_eq!(round.go(&scene, 600), None);
        assert_eq!(scene.questions.get(), 40);
        for epoch in [ONE, TWO] {
            scene.put(epoch, behind(5), Some((0, 9)));
        }
        assert_eq!(round.go(&scene, 50), None, "the outage does not count");
        assert!(round.go(&scene, 60).is_some());
    }

    #[test]
    fn a_partition_without_a_leader_hides_no_other() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, behind(5), None);
        scene.put(TWO, behind(5), Some((0, 9)));
        assert_eq!(round.go(&scene, 120).map(|found| found.epoch), Some(TWO));
    }

    #[test]
    fn an_assignment_that_has_ended_is_forgotten() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        scene.put(ONE, behind(5), Some((0, 9)));
        assert_eq!(round.go(&scene, 70), None);
        scene.sights.borrow_mut().clear();
        assert_eq!(round.go(&scene, 60), None);
        assert!(round.watchdog.suspects.is_empty());
    }

    #[test]
    fn each_step_asks_one_question_at_most() {
        let (scene, mut round) = (Scene::default(), Round::begin());
        for epoch in 0..50 {
            scene.put(Epoch(epoch), Sight::default(), Some((0, 0)));
        }
        round.now += STALL;
        for asked in 1..=50 {
            round.watchdog.step(&scene, round.now);
            assert_eq!(scene.questions.get(), asked);
        }
    }
}
