//! Knows everything, belongs to no thread, and says what must not be.

use std::collections::{BTreeMap, BTreeSet};

/// One assignment of one partition, numbered by the oracle: other than an epoch, it cannot be used
/// twice by mistake.
pub(crate) type Tenure = u64;

/// How much of what happened.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) commits: usize,
    pub(crate) revoked: usize,
    pub(crate) hasty: usize,
    pub(crate) lost: usize,
    /// Deliveries that the runtime heard of after the end of their assignment.
    pub(crate) late: usize,
    /// Revocations that met a connector on its way out.
    pub(crate) met_at_close: usize,
    /// Runs that stopped while something was unfinished.
    pub(crate) cut_off: usize,
}

/// What is true, whatever a thread believes.
#[derive(Debug, Default)]
pub(crate) struct Oracle {
    tenures: BTreeMap<Tenure, Held>,
    committed: BTreeMap<i32, i64>,
    /// What must be committed when all is over, by tenure.
    demanded: BTreeMap<Tenure, i64>,
    pub(crate) violations: Vec<String>,
    pub(crate) tally: Tally,
}

#[derive(Debug, Default)]
struct Held {
    partition: i32,
    start: i64,
    taken: BTreeSet<i64>,
    /// Finished according to what the broker has written.
    written: BTreeSet<i64>,
    /// Finished according to the delivery reports that the runtime was given.
    reported: BTreeSet<i64>,
    /// The runtime has let go of it, or knows that it is lost.
    is_over: bool,
    /// Somebody else has it: nothing of it can be committed.
    is_gone: bool,
    /// Nobody waited for its last positions.
    is_excused: bool,
}

impl Held {
    /// The offset behind the last record of a finished prefix.
    fn prefix(&self, finished: &BTreeSet<i64>) -> i64 {
        let mut next = self.start;
        while finished.contains(&next) {
            next += 1;
        }
        next
    }
}

impl Oracle {
    pub(crate) fn violated(&mut self, what: impl Into<String>) {
        self.violations.push(what.into());
    }

    pub(crate) fn committed(&self, partition: i32) -> i64 {
        self.committed.get(&partition).copied().unwrap_or(0)
    }

    pub(crate) fn assigned(&mut self, tenure: Tenure, partition: i32) {
        let start = self.committed(partition);
        self.tenures.insert(tenure, Held { partition, start, ..Held::default() });
    }

    pub(crate) fn taken(&mut self, tenure: Tenure, offset: i64) {
        let held = self.tenures.get_mut(&tenure).expect("it was assigned");
        if !held.taken.insert(offset) {
            self.violated(format!("{offset} was read twice in assignment {tenure}"));
        }
    }

    /// The broker has written the last answer to a record.
    pub(crate) fn written(&mut self, tenure: Tenure, offset: i64) {
        let held = self.tenures.get_mut(&tenure).expect("it was assigned");
        if !held.taken.contains(&offset) {
            self.violated(format!("assignment {tenure} has answered {offset} and never read it"));
        } else if !held.written.insert(offset) {
            self.violated(format!("assignment {tenure} has answered {offset} twice"));
        }
    }

    /// The runtime has heard of it.
    pub(crate) fn reported(&mut self, tenure: Tenure, offset: i64) {
        let held = self.tenures.get_mut(&tenure).expect("it was assigned");
        if held.is_over {
            self.tally.late += 1;
        } else {
            held.reported.insert(offset);
        }
    }

    /// The runtime asks for a commit.
    pub(crate) fn asked(&mut self, tenure: Tenure, next: i64) {
        let held = &self.tenures[&tenure];
        if held.is_over {
            self.violated(format!("asked to commit {next} of assignment {tenure}, which was over"));
        }
    }

    /// The runtime has just given a tenure back: what it knows to be finished has to be committed.
    pub(crate) fn given_back(&mut self, tenure: Tenure) {
        let held = self.tenures.get_mut(&tenure).expect("it was assigned");
        if !held.is_over {
            held.is_over = true;
            let next = held.prefix(&held.reported);
            self.demanded.insert(tenure, next);
        }
    }

    /// The runtime has heard that a tenure is lost.
    pub(crate) fn told_lost(&mut self, tenure: Tenure) {
        let held = self.tenures.get_mut(&tenure).expect("it was assigned");
        held.is_over = true;
    }

    /// The runtime closes: the same for all that it still has.
    pub(crate) fn closing(&mut self) {
        let all: Vec<_> = self.tenures.keys().copied().collect();
        let is_cut_off = self.tenures.values().any(|held| {
            !held.is_over && held.taken.iter().any(|offset| !held.reported.contains(offset))
        });
        self.tally.cut_off += usize::from(is_cut_off);
        all.into_iter().for_each(|tenure| self.given_back(tenure));
    }

    /// The group has given a tenure to another member.
    pub(crate) fn gone(&mut self, tenure: Tenure) {
        self.tenures.get_mut(&tenure).expect("it was assigned").is_gone = true;
    }

    /// Nobody waits for its positions any more: they need not be committed.
    pub(crate) fn excuse(&mut self, tenure: Tenure) {
        self.gone(tenure);
        self.tenures.get_mut(&tenure).expect("it was assigned").is_excused = true;
    }

    /// The broker commits.
    pub(crate) fn commit(&mut self, tenure: Tenure, next: i64) {
        self.tally.commits += 1;
        let held = &self.tenures[&tenure];
        let (partition, finished) = (held.partition, held.prefix(&held.written));
        let before = self.committed(partition);
        if held.is_gone {
            self.violated(format!("{next} was committed for assignment {tenure}, which is gone"));
        }
        if next > finished {
            self.violated(format!(
                "{next} was committed in assignment {tenure}, where {finished} is unfinished"
            ));
        }
        if next < before {
            self.violated(format!("the committed offset went back from {before} to {next}"));
        }
        self.committed.insert(partition, next);
    }

    /// All is over: what was finished is committed.
    pub(crate) fn ended(&mut self) {
        for (tenure, next) in std::mem::take(&mut self.demanded) {
            let held = &self.tenures[&tenure];
            let committed = self.committed(held.partition);
            if !held.is_excused && next > held.start && committed < next {
                self.violated(format!(
                    "{next} was finished in assignment {tenure}, but only {committed} is committed"
                ));
            }
        }
    }
}
