//! What is known of a run once it is over.

use super::side_log::Line;

/// Everything that was seen of one run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Every request as it stands in its topic, in any order.
    pub requests: Vec<Request>,
    /// Every reply, error reply and dead letter, in any order.
    pub answers: Vec<Answer>,
    /// The side log of every process of the connector: what its handlers did, in the order in which
    /// it was written.
    pub processes: Vec<Process>,
    /// All commits, in the order of their partitions.
    pub commits: Vec<Commit>,
    /// When duplicates may begin: faults after which a request in flight is delivered again.
    pub disturbances: Vec<Disturbance>,
    /// Whether everything was drained and stopped in good order before the last look at the
    /// committed offsets: then nothing may be left uncommitted.
    pub at_rest: bool,
}

/// A request as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Its number in the run, from 0, given once.
    pub seq: u64,
    /// The process instance it belongs to.
    pub key: u64,
    /// Its number among those of its key, from 0.
    pub key_seq: u64,
    /// Where it stands.
    pub partition: i32,
    /// Where it stands in its partition.
    pub offset: i64,
    /// [`digest`](super::digest) of the headers that must come back.
    pub headers: u64,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of a request before it may be committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// A reply or an error reply.
    Answer,
    /// An error reply and a dead letter.
    AnswerAndDeadLetter,
    /// A dead letter alone: nobody waits for an answer.
    DeadLetter,
}

/// A record that a connector wrote.
#[derive(Clone, Copy, Debug)]
pub struct Answer {
    /// The request that it names by its coordinates; `None` if there is none at that place.
    pub request: Option<u64>,
    /// The request that its payload names, if it names one.
    pub said: Option<u64>,
    /// What it is.
    pub kind: AnswerKind,
    /// Its `x-reply-id`, as a number.
    pub reply_id: u128,
    /// [`digest`](super::digest) of the headers that came back.
    pub headers: u64,
    /// Where it stands.
    pub partition: i32,
    /// Where it stands in its partition.
    pub offset: i64,
    /// When the broker appended it, in milliseconds since 1970.
    pub millis: i64,
}

/// The kinds of answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// What the handler said.
    Reply,
    /// A refusal or a failure.
    ErrorReply,
    /// The original, put aside.
    DeadLetter,
}

/// One process of the connector.
#[derive(Clone, Debug)]
pub struct Process {
    /// Its id, unique in the run.
    pub pid: u32,
    /// When it was killed, in microseconds since 1970; `None` if it ended by itself.
    pub killed: Option<u64>,
    /// Its side log.
    pub lines: Vec<Line>,
}

/// One commit of a partition.
#[derive(Clone, Copy, Debug)]
pub struct Commit {
    /// When the broker wrote it down, in milliseconds since 1970.
    pub millis: i64,
    /// The partition.
    pub partition: i32,
    /// The committed offset; `None` if it was taken back.
    pub offset: Option<i64>,
}

/// A time in which a fault was at work, or its consequences.
#[derive(Clone, Debug)]
pub struct Disturbance {
    /// Its name in the report.
    pub what: String,
    /// Begin in microseconds since 1970.
    pub from: u64,
    /// End in microseconds since 1970, with the time that the group takes to settle.
    pub to: u64,
    /// Whether a process may have gone on with partitions that were another's by then: it was
    /// paused, or cut off. One that was killed does not.
    pub leaves_zombies: bool,
}

impl History {
    /// Whether a fault was at work at some moment from `from` to `to`, in microseconds.
    #[must_use]
    pub fn is_disturbed(&self, from: u64, to: u64) -> bool {
        self.disturbances.iter().any(|one| one.from <= to && from <= one.to)
    }

    /// The latest fault that was at work at some moment from `from` to `to`, in microseconds.
    #[must_use]
    pub fn latest_disturbance(&self, from: u64, to: u64) -> Option<&Disturbance> {
        let at_work = self.disturbances.iter().filter(|one| one.from <= to && from <= one.to);
        at_work.max_by_key(|one| one.from)
    }

    /// As [`is_disturbed`](Self::is_disturbed), by a fault that leaves zombies.
    #[must_use]
    pub fn has_zombies(&self, from: u64, to: u64) -> bool {
        let mut zombies = self.disturbances.iter().filter(|one| one.leaves_zombies);
        zombies.any(|one| one.from <= to && from <= one.to)
    }
}
