//! What the commits show: commit_ahead, commit_regress, and what was left over.

use std::collections::BTreeSet;

use super::books::Books;
use super::history::{Commit, Request};
use super::report::{Check, Report};

pub(super) fn check(books: &Books<'_>, report: &mut Report) {
    let partitions: BTreeSet<_> = books.commits.keys().chain(books.by_partition.keys()).collect();
    for partition in partitions {
        let commits = books.commits.get(partition).map_or(&[][..], Vec::as_slice);
        let requests = books.by_partition.get(partition).map_or(&[][..], Vec::as_slice);
        regress(commits, report);
        ahead(books, requests, commits, report);
        let end = requests.last().map(|last| last.offset + 1);
        let committed = commits.last().and_then(|commit| commit.offset);
        if books.history.at_rest && committed < end {
            report.found(Check::CommitShort, || {
                format!("[{partition}] stays at {committed:?} of {end:?}")
            });
        }
    }
}

fn regress(commits: &[&Commit], report: &mut Report) {
    for pair in commits.windows(2) {
        if pair[1].offset < pair[0].offset {
            report.found(Check::CommitRegress, || {
                let Commit { partition, offset, millis } = pair[1];
                format!("[{partition}] from {:?} back to {offset:?} at {millis}", pair[0].offset)
            });
        }
    }
}

/// Whatever lies below a committed offset was finished when it was committed.
fn ahead(books: &Books<'_>, requests: &[&Request], commits: &[&Commit], report: &mut Report) {
    let end = requests.last().map_or(0, |last| last.offset + 1);
    let mut rest = requests;
    for commit in commits {
        let Some(committed) = commit.offset else { continue };
        let covered = rest.partition_point(|request| request.offset < committed);
        let (below, above) = rest.split_at(covered);
        rest = above;
        for request in below {
            let finished = books.by_seq[&request.seq].finished();
            if finished.is_none_or(|finished| finished > commit.millis) {
                report.found(Check::CommitAhead, || {
                    format!(
                        "[{}] committed {committed} at {}, but request {} at {} was finished at {finished:?}",
                        commit.partition, commit.millis, request.seq, request.offset
                    )
                });
            }
        }
    }
    if let Some(beyond) = commits.iter().find(|commit| commit.offset > Some(end)) {
        report.found(Check::CommitAhead, || {
            format!("[{}] committed {:?}, but it ends at {end}", beyond.partition, beyond.offset)
        });
    }
}
