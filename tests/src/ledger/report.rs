//! What the ledger found, as a table.

use std::collections::BTreeMap;
use std::fmt;

use super::history::{AnswerKind, Disturbance, History};

/// Examples kept of each kind.
const EXAMPLES: usize = 5;

/// What the ledger looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Check {
    /// A request with neither answer nor dead letter, or without the one that it must have.
    Lost,
    /// An answer or a dead letter too many. Allowed after a fault, if it carries the same id.
    Dup,
    /// A second answer under another id: no receiver can tell that it is one.
    DupOtherId,
    /// A request delivered to the handler once more. Allowed after a fault.
    DupHandler,
    /// A repetition that no fault accounts for.
    Unprovoked,
    /// A finished request repeated without a fault, because one before it in its partition was left
    /// to the next owner unfinished. Allowed, for offsets are committed without gaps.
    DupBehind,
    /// A request delivered once more although it was committed before.
    DupCommitted,
    /// Answers or handler runs of one key out of order, or at the same time.
    Order,
    /// An answer to nothing that was asked.
    Phantom,
    /// A committed offset that went back.
    CommitRegress,
    /// A committed offset above a request that was not finished.
    CommitAhead,
    /// Everything was finished and stopped in good order, and yet not committed.
    CommitShort,
    /// Headers that did not come back as they were sent.
    HeaderDiff,
}

/// How often something was found, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was looked for.
    pub check: Check,
    /// How often it was there.
    pub count: usize,
    /// The first of them, in words.
    pub examples: Vec<String>,
}

/// The findings of one history; its `Display` is a table.
#[derive(Clone, Debug)]
pub struct Report {
    findings: Vec<Finding>,
    requests: usize,
    replies: usize,
    error_replies: usize,
    dead_letters: usize,
    processes: usize,
    commits: usize,
    /// Repeated deliveries by the time and the name of the fault that accounts for them.
    by_fault: BTreeMap<(u64, String), usize>,
}

impl Check {
    /// Every check, in the order of the table.
    pub const ALL: [Self; 13] = [
        Self::Lost,
        Self::Dup,
        Self::DupOtherId,
        Self::DupHandler,
        Self::Unprovoked,
        Self::DupBehind,
        Self::DupCommitted,
        Self::Order,
        Self::Phantom,
        Self::CommitRegress,
        Self::CommitAhead,
        Self::CommitShort,
        Self::HeaderDiff,
    ];

    /// The name in the table.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Dup => "dup",
            Self::DupOtherId => "dup_other_id",
            Self::DupHandler => "dup_handler",
            Self::Unprovoked => "unprovoked",
            Self::DupBehind => "dup_behind",
            Self::DupCommitted => "dup_committed",
            Self::Order => "order",
            Self::Phantom => "phantom",
            Self::CommitRegress => "commit_regress",
            Self::CommitAhead => "commit_ahead",
            Self::CommitShort => "commit_short",
            Self::HeaderDiff => "header_diff",
        }
    }

    /// Whether at-least-once delivery allows it; what it does not excuse is counted a second time as
    /// [`Unprovoked`](Self::Unprovoked) or [`DupOtherId`](Self::DupOtherId).
    #[must_use]
    pub fn is_allowed(self) -> bool {
        matches!(self, Self::Dup | Self::DupHandler | Self::DupBehind)
    }
}

impl Report {
    pub(super) fn of(history: &History) -> Self {
        let count = |kind| history.answers.iter().filter(|answer| answer.kind == kind).count();
        let findings =
            Check::ALL.map(|check| Finding { check, count: 0, examples: Vec::new() }).into();
        Self {
            findings,
            requests: history.requests.len(),
            replies: count(AnswerKind::Reply),
            error_replies: count(AnswerKind::ErrorReply),
            dead_letters: count(AnswerKind::DeadLetter),
            processes: history.processes.len(),
            commits: history.commits.len(),
            by_fault: BTreeMap::new(),
        }
    }

    pub(super) fn found(&mut self, check: Check, example: impl FnOnce() -> String) {
        let finding = self.findings.iter_mut().find(|finding| finding.check == check);
        let finding = finding.expect("every check has its row");
        finding.count += 1;
        if finding.examples.len() < EXAMPLES {
            finding.examples.push(example());
        }
    }

    pub(super) fn excused(&mut self, by: &Disturbance) {
        *self.by_fault.entry((by.from, by.what.clone())).or_default() += 1;
    }

    /// How often something was found.
    #[must_use]
    pub fn count(&self, check: Check) -> usize {
        self.findings.iter().find(|finding| finding.check == check).map_or(0, |one| one.count)
    }

    /// Every check with its count and examples.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The checks that found what must not be.
    pub fn offences(&self) -> impl Iterator<Item = Check> + '_ {
        let found = self.findings.iter().filter(|finding| finding.count > 0);
        found.map(|finding| finding.check).filter(|check| !check.is_allowed())
    }

    /// Whether nothing was found that must not be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.offences().next().is_none()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} requests, {} replies, {} error replies, {} dead letters, {} processes, {} commits",
            self.requests,
            self.replies,
            self.error_replies,
            self.dead_letters,
            self.processes,
            self.commits
        )?;
        writeln!(f, "{:<16}{:>9}  verdict", "check", "count")?;
        for Finding { check, count, examples } in &self.findings {
            let verdict = match (count, check.is_allowed()) {
                (0, _) => "good",
                (_, true) => "allowed",
                (_, false) => "BAD",
            };
            writeln!(f, "{:<16}{count:>9}  {verdict}", check.name())?;
            for example in examples.iter().filter(|_| !check.is_allowed()) {
                writeln!(f, "{:27}{example}", "")?;
            }
        }
        for ((_, what), count) in &self.by_fault {
            writeln!(f, "{:16}{count:>9}  runs repeated after: {what}", "")?;
        }
        write!(f, "{}", if self.is_good() { "good" } else { "BAD" })
    }
}
