//! The history by request, by key and by partition.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

use super::history::{Answer, AnswerKind, Commit, Expected, History, Request};
use super::side_log::Edge;

/// The index that all checks share.
pub(super) struct Books<'a> {
    pub(super) history: &'a History,
    pub(super) by_seq: HashMap<u64, Entry<'a>>,
    /// Requests of each partition by their offset.
    pub(super) by_partition: BTreeMap<i32, Vec<&'a Request>>,
    /// Looks at each partition's committed offset, in the order in which they were made.
    pub(super) commits: BTreeMap<i32, Vec<&'a Commit>>,
    /// How often each request was delivered to the handler.
    pub(super) deliveries: HashMap<u64, usize>,
}

/// A request and what came of it.
pub(super) struct Entry<'a> {
    pub(super) request: &'a Request,
    /// Replies and error replies in the order of their offsets.
    pub(super) answers: Vec<&'a Answer>,
    pub(super) dead_letters: Vec<&'a Answer>,
}

impl<'a> Books<'a> {
    pub(super) fn open(history: &'a History) -> Self {
        let mut by_seq = HashMap::with_capacity(history.requests.len());
        let mut by_partition = BTreeMap::<i32, Vec<&Request>>::new();
        for request in &history.requests {
            let entry = Entry { request, answers: Vec::new(), dead_letters: Vec::new() };
            by_seq.insert(request.seq, entry);
            by_partition.entry(request.partition).or_default().push(request);
        }
        by_partition.values_mut().for_each(|all| all.sort_by_key(|request| request.offset));
        for answer in &history.answers {
            let Some(entry) = answer.request.and_then(|seq| by_seq.get_mut(&seq)) else { continue };
            match answer.kind {
                AnswerKind::DeadLetter => entry.dead_letters.push(answer),
                AnswerKind::Reply | AnswerKind::ErrorReply => entry.answers.push(answer),
            }
        }
        for entry in by_seq.values_mut() {
            entry.answers.sort_by_key(|answer| (answer.partition, answer.offset));
            entry.dead_letters.sort_by_key(|answer| (answer.partition, answer.offset));
        }
        let mut commits = BTreeMap::<i32, Vec<&Commit>>::new();
        for commit in &history.commits {
            commits.entry(commit.partition).or_default().push(commit);
        }
        let mut deliveries = HashMap::new();
        for line in history.processes.iter().flat_map(|process| &process.lines) {
            if line.edge == Edge::Start && line.attempt == 1 {
                *deliveries.entry(line.seq).or_default() += 1;
            }
        }
        Self { history, by_seq, by_partition, commits, deliveries }
    }

    /// When each request could be committed, in milliseconds: it and all before it in its partition
    /// were finished. Those that never could are not in it.
    pub(super) fn committable(&self) -> HashMap<u64, i64> {
        let mut times = HashMap::with_capacity(self.by_seq.len());
        for requests in self.by_partition.values() {
            let mut latest = i64::MIN;
            for request in requests {
                let Some(finished) = self.by_seq[&request.seq].finished() else { break };
                latest = latest.max(finished);
                times.insert(request.seq, latest);
            }
        }
        times
    }

    /// What was known to be committed in a partition at a moment, in milliseconds.
    pub(super) fn committed(&self, partition: i32, millis: i64) -> Option<i64> {
        let commits = self.commits.get(&partition)?;
        let before = commits.partition_point(|commit| commit.millis < millis);
        commits[..before].last()?.offset
    }

    /// All requests with what came of them, in the order of their numbers.
    pub(super) fn entries(&self) -> impl Iterator<Item = &Entry<'a>> {
        let mut all: Vec<_> = self.by_seq.values().collect();
        all.sort_unstable_by_key(|entry| entry.request.seq);
        all.into_iter()
    }
}

impl Entry<'_> {
    /// When all that must come of the request was there, in milliseconds; `None` if it is not.
    pub(super) fn finished(&self) -> Option<i64> {
        let first = |all: &[&Answer]| all.iter().map(|answer| answer.millis).min();
        match self.request.expected {
            // Where nothing must be put aside a dead letter is an outcome as good as an answer.
            Expected::Answer => first(&self.answers).or_else(|| first(&self.dead_letters)),
            Expected::DeadLetter => first(&self.dead_letters),
            Expected::AnswerAndDeadLetter => {
                Some(first(&self.answers)?.max(first(&self.dead_letters)?))
            }
        }
    }
}

/// Stands for headers in a history: equal for equal names and values in equal order, and hardly ever
/// for others.
#[must_use]
pub fn digest<'a>(headers: impl IntoIterator<Item = (&'a str, Option<&'a [u8]>)>) -> u64 {
    let mut hasher = DefaultHasher::new();
    headers.into_iter().for_each(|header| header.hash(&mut hasher));
    hasher.finish()
}
