//! What the topics of the answers show: lost, dup, phantom, header_diff, the order of replies.

use std::collections::HashMap;

use super::books::{Books, Entry};
use super::history::{Answer, AnswerKind};
use super::report::{Check, Report};

pub(super) fn check(books: &Books<'_>, report: &mut Report) {
    phantoms(books, report);
    for entry in books.entries() {
        lost(entry, report);
        duplicates(books, entry, report);
        headers(entry, report);
    }
    order(books, report);
}

fn phantoms(books: &Books<'_>, report: &mut Report) {
    for answer in &books.history.answers {
        let Answer { kind, partition, offset, .. } = answer;
        let at = || format!("{kind:?} at [{partition}]@{offset}");
        match (answer.request, answer.said) {
            (None, _) => report.found(Check::Phantom, || format!("{} has no request", at())),
            (Some(request), Some(said)) if request != said => {
                report.found(Check::Phantom, || format!("{} to {request} speaks of {said}", at()))
            }
            (Some(request), _) if !books.by_seq.contains_key(&request) => {
                report.found(Check::Phantom, || format!("{} answers {request}, never sent", at()));
            }
            _ => {}
        }
    }
}

fn lost(entry: &Entry<'_>, report: &mut Report) {
    if entry.finished().is_some() {
        return;
    }
    let request = entry.request;
    report.found(Check::Lost, || {
        format!(
            "request {} at [{}]@{}: expected {:?}, got {} answers and {} dead letters",
            request.seq,
            request.partition,
            request.offset,
            request.expected,
            entry.answers.len(),
            entry.dead_letters.len(),
        )
    });
}

fn duplicates(books: &Books<'_>, entry: &Entry<'_>, report: &mut Report) {
    let seq = entry.request.seq;
    for all in [&entry.answers, &entry.dead_letters] {
        let Some((first, more)) = all.split_first() else { continue };
        // What never got to the handler leaves no trace of its deliveries.
        let delivered = books.deliveries.get(&seq).copied().unwrap_or(usize::MAX);
        for (number, second) in (2..).zip(more) {
            let kind = second.kind;
            let same = second.reply_id == first.reply_id;
            report.found(Check::Dup, || format!("{kind:?} to {seq}, same reply id: {same}"));
            // A dead letter's identity is in the coordinates that it names.
            if !same && kind != AnswerKind::DeadLetter {
                report.found(Check::DupOtherId, || format!("{kind:?} to {seq}"));
            }
            let between = [first.millis, second.millis].map(micros);
            if number > delivered && !books.history.is_disturbed(between[0], between[1]) {
                report.found(Check::Unprovoked, || format!("second {kind:?} to {seq}"));
            }
        }
    }
}

fn micros(millis: i64) -> u64 {
    u64::try_from(millis).unwrap_or_default() * 1_000
}

fn headers(entry: &Entry<'_>, report: &mut Report) {
    let request = entry.request;
    for answer in entry.answers.iter().chain(&entry.dead_letters) {
        if answer.headers != request.headers {
            report.found(Check::HeaderDiff, || {
                format!(
                    "{:?} to {} at [{}]@{}",
                    answer.kind, request.seq, answer.partition, answer.offset
                )
            });
        }
    }
}

/// First answers to the requests of one key stand in the order of the requests.
fn order(books: &Books<'_>, report: &mut Report) {
    let mut firsts: Vec<_> = books
        .by_seq
        .values()
        .filter_map(|entry| Some((entry.request, *entry.answers.first()?)))
        .collect();
    firsts.sort_unstable_by_key(|(_, answer)| (answer.partition, answer.offset));
    let mut latest = HashMap::new();
    for (request, answer) in firsts {
        let before = latest.entry((request.key, answer.partition)).or_insert(request);
        if request.key_seq < before.key_seq {
            report.found(Check::Order, || {
                format!(
                    "first answer to {} (key {}, its number {}) comes after that to number {}",
                    request.seq, request.key, request.key_seq, before.key_seq
                )
            });
        } else {
            *before = request;
        }
    }
}
