//! What the side logs show: dup_handler, overlapping runs and the order of first runs.

use std::collections::HashMap;

use super::books::Books;
use super::history::Process;
use super::report::{Check, Report};
use super::side_log::{Edge, Line};

/// One call of the handler.
#[derive(Clone, Copy, Debug)]
struct Run {
    seq: u64,
    key_seq: u64,
    attempt: u32,
    pid: u32,
    from: u64,
    to: u64,
    /// Places of its two lines in the log of its process: exact where clocks are not.
    lines: (usize, usize),
}

pub(super) fn check(books: &Books<'_>, report: &mut Report) {
    let mut by_key = HashMap::<u64, Vec<Run>>::new();
    for process in &books.history.processes {
        runs(process, &mut by_key);
    }
    let owners = Owners::of(books, by_key.values().flatten());
    let mut keys: Vec<_> = by_key.into_iter().collect();
    keys.sort_unstable_by_key(|(key, _)| *key);
    for (key, mut runs) in keys {
        runs.sort_by_key(|run| (run.from, run.lines));
        repetitions(books, &owners, &runs, report);
        overlaps(books, key, &runs, report);
        first_runs(key, &runs, report);
    }
}

/// Pairs the lines of one process to runs; a run without an end lasts until the process ended.
fn runs(process: &Process, by_key: &mut HashMap<u64, Vec<Run>>) {
    let mut open = HashMap::<(u64, u32), Vec<(usize, Line)>>::new();
    let last = process.lines.last().map_or(0, |line| line.micros);
    let end = process.killed.unwrap_or(last).max(last);
    let mut add = |(number, line): (usize, Line), to: u64, last: usize| {
        by_key.entry(line.key).or_default().push(Run {
            seq: line.seq,
            key_seq: line.key_seq,
            attempt: line.attempt,
            pid: process.pid,
            from: line.micros,
            to,
            lines: (number, last),
        });
    };
    for (number, line) in process.lines.iter().enumerate() {
        let begun = open.entry((line.seq, line.attempt)).or_default();
        match line.edge {
            Edge::Start => begun.push((number, *line)),
            Edge::End => {
                if let Some(start) = begun.pop() {
                    add(start, line.micros, number);
                }
            }
        }
    }
    for start in open.into_values().flatten() {
        add(start, end, usize::MAX);
    }
}

/// Who had which partition when, as far as deliveries show it.
struct Owners {
    /// Begin of every delivery by process and partition.
    begun: HashMap<(u32, i32), Vec<u64>>,
    committable: HashMap<u64, i64>,
}

impl Owners {
    fn of<'a>(books: &Books<'_>, runs: impl Iterator<Item = &'a Run>) -> Self {
        let mut begun = HashMap::<_, Vec<_>>::new();
        for run in runs.filter(|run| run.attempt == 1) {
            if let Some(entry) = books.by_seq.get(&run.seq) {
                begun.entry((run.pid, entry.request.partition)).or_default().push(run.from);
            }
        }
        begun.values_mut().for_each(|times| times.sort_unstable());
        Self { begun, committable: books.committable() }
    }

    /// Whether the owner that repeated a request could not begin behind it: something before it was
    /// not finished when that owner took over.
    fn found_a_gap(&self, before: Run, repeated: Run, partition: i32) -> bool {
        let times = self.begun.get(&(repeated.pid, partition)).map_or(&[][..], Vec::as_slice);
        let first = times.get(times.partition_point(|from| *from <= before.to));
        let took_over = i64::try_from(first.unwrap_or(&repeated.from) / 1_000).unwrap_or(i64::MAX);
        self.committable.get(&repeated.seq).is_none_or(|time| *time >= took_over)
    }
}

/// Every delivery begins with a first attempt; more than one is a repetition.
fn repetitions(books: &Books<'_>, owners: &Owners, runs: &[Run], report: &mut Report) {
    let mut delivered = HashMap::<u64, Run>::new();
    for run in runs.iter().filter(|run| run.attempt == 1) {
        let Some(before) = delivered.insert(run.seq, *run) else { continue };
        let text = || format!("request {}: {} and {}", run.seq, before.at(), run.at());
        report.found(Check::DupHandler, text);
        let Some(entry) = books.by_seq.get(&run.seq) else { continue };
        let (request, millis) =
            (entry.request, i64::try_from(run.from / 1_000).unwrap_or(i64::MAX));
        let fault = books.history.latest_disturbance(before.from, run.from);
        // What waits for another attempt when its partition moves is left to the next owner.
        let was_finished = entry.finished().is_some_and(|finished| finished < millis);
        match fault {
            Some(fault) => report.excused(fault),
            None if !was_finished => {}
            None if owners.found_a_gap(before, *run, request.partition) => {
                report.found(Check::DupBehind, || format!("second run of {}", text()));
            }
            None => report.found(Check::Unprovoked, || format!("second run of {}", text())),
        }
        let committed = books.committed(request.partition, millis);
        if committed > Some(request.offset) && !books.history.has_zombies(run.from, run.from) {
            report.found(Check::DupCommitted, || format!("{} below {committed:?}", text()));
        }
    }
}

/// Runs of one key follow each other. Between processes a fault may keep an old owner busy that does
/// not know it yet; within one process there is no excuse.
fn overlaps(books: &Books<'_>, key: u64, runs: &[Run], report: &mut Report) {
    let mut latest: Option<Run> = None;
    for run in runs {
        let before = latest.replace(match latest {
            Some(before) if before.to > run.to => before,
            _ => *run,
        });
        let Some(before) = before else { continue };
        let overlap = if before.pid == run.pid {
            run.lines.0 < before.lines.1
        } else {
            run.from < before.to && !books.history.is_disturbed(run.from, before.to.min(run.to))
        };
        if overlap {
            report.found(Check::Order, || {
                format!("runs of key {key} overlap: {} and {}", before.at(), run.at())
            });
        }
    }
}

fn first_runs(key: u64, runs: &[Run], report: &mut Report) {
    let mut latest = None;
    for run in runs {
        match latest {
            Some(before) if run.key_seq < before && is_first(run, runs) => {
                report.found(Check::Order, || {
                    format!("key {key}: number {} first ran after number {before}", run.key_seq)
                });
            }
            _ => latest = latest.max(Some(run.key_seq)),
        }
    }
}

fn is_first(run: &Run, runs: &[Run]) -> bool {
    runs.iter().find(|other| other.seq == run.seq).is_some_and(|first| first.from == run.from)
}

impl Run {
    fn at(&self) -> String {
        let Self { seq, attempt, pid, from, to, .. } = self;
        format!("{seq} attempt {attempt} in {pid} at {from}..{to}")
    }
}
