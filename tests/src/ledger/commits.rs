//! What the committed offsets show: commit_ahead, commit_regress, and what was left over.

use super::books::Books;
use super::history::{CommitSample, Request};
use super::report::{Check, Report};

pub(super) fn check(books: &Books<'_>, report: &mut Report) {
    for (partition, samples) in &books.commits {
        let empty = Vec::new();
        let requests = books.by_partition.get(partition).unwrap_or(&empty);
        regress(samples, report);
        ahead(books, requests, samples, report);
        let end = requests.last().map(|last| last.offset + 1);
        let committed = samples.last().and_then(|sample| sample.offset);
        if books.history.at_rest && committed < end {
            report.found(Check::CommitShort, || {
                format!("[{partition}] stays at {committed:?} of {end:?}")
            });
        }
    }
}

fn regress(samples: &[&CommitSample], report: &mut Report) {
    for pair in samples.windows(2) {
        if pair[1].offset < pair[0].offset {
            report.found(Check::CommitRegress, || {
                let CommitSample { partition, offset, millis } = pair[1];
                format!("[{partition}] from {:?} back to {offset:?} at {millis}", pair[0].offset)
            });
        }
    }
}

/// Whatever lies below a committed offset was finished when it was committed.
fn ahead(books: &Books<'_>, requests: &[&Request], samples: &[&CommitSample], report: &mut Report) {
    let end = requests.last().map_or(0, |last| last.offset + 1);
    let mut rest = requests;
    for sample in samples {
        let Some(committed) = sample.offset else { continue };
        let covered = rest.partition_point(|request| request.offset < committed);
        let (below, above) = rest.split_at(covered);
        rest = above;
        for request in below {
            let finished = books.by_seq[&request.seq].finished();
            if finished.is_none_or(|finished| finished > sample.millis) {
                report.found(Check::CommitAhead, || {
                    format!(
                        "[{}] committed {committed} at {}, but request {} at {} was finished at {finished:?}",
                        sample.partition, sample.millis, request.seq, request.offset
                    )
                });
            }
        }
    }
    if let Some(beyond) = samples.iter().find(|sample| sample.offset > Some(end)) {
        report.found(Check::CommitAhead, || {
            format!("[{}] committed {:?}, but it ends at {end}", beyond.partition, beyond.offset)
        });
    }
}
