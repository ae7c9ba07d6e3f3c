//! Histories with one bug each, made from a sound one: the ledger must find that bug and no other.

use flowx_tests::ledger::{
    Answer, AnswerKind, Check, Commit, Disturbance, Edge, Expected, History, Line, Process,
    Request, verify,
};

const KEYS: u64 = 3;
const REQUESTS: u64 = 60;
const PARTITIONS: u64 = 2;
/// Milliseconds between two requests.
const STEP: i64 = 10;

fn partition(seq: u64) -> i32 {
    i32::try_from(seq % KEYS % PARTITIONS).unwrap()
}

/// What a sound connector leaves behind: one run, one answer, one commit for every request.
fn sound() -> History {
    let mut history = History { at_rest: true, ..History::default() };
    let mut process = Process { pid: 1, killed: None, lines: Vec::new() };
    let mut ends = [0; PARTITIONS as usize];
    let mut dead_letters = 0;
    for seq in 0..REQUESTS {
        let (key, key_seq, begun) = (seq % KEYS, seq / KEYS, i64::try_from(seq).unwrap() * STEP);
        let end = &mut ends[usize::try_from(partition(seq)).unwrap()];
        let expected = match seq {
            20 => Expected::AnswerAndDeadLetter,
            40 => Expected::DeadLetter,
            _ => Expected::Answer,
        };
        history.requests.push(Request {
            seq,
            key,
            key_seq,
            partition: partition(seq),
            offset: *end,
            headers: seq,
            expected,
        });
        for edge in [Edge::Start, Edge::End] {
            let micros = begun.unsigned_abs() * 1_000 + u64::from(edge == Edge::End) * 4_000;
            process.lines.push(Line { seq, key, key_seq, attempt: 1, edge, pid: 1, micros });
        }
        let mut answer = Answer {
            request: Some(seq),
            said: Some(seq),
            kind: AnswerKind::Reply,
            reply_id: u128::from(seq),
            headers: seq,
            partition: i32::try_from(key).unwrap(),
            offset: i64::try_from(seq).unwrap(),
            millis: begun + 5,
        };
        if expected != Expected::DeadLetter {
            history.answers.push(answer);
        }
        if expected != Expected::Answer {
            answer.kind = AnswerKind::DeadLetter;
            (answer.partition, answer.offset) = (0, dead_letters);
            dead_letters += 1;
            history.answers.push(answer);
        }
        *end += 1;
        history.commits.push(Commit {
            millis: begun + 6,
            partition: partition(seq),
            offset: Some(*end),
        });
    }
    history.processes.push(process);
    history
}

/// Plants a bug in a sound history and demands that exactly these checks see it.
#[track_caller]
fn caught(expected: &[Check], plant: impl FnOnce(&mut History)) {
    let mut history = sound();
    plant(&mut history);
    let report = verify(&history);
    assert_eq!(report.offences().collect::<Vec<_>>(), expected, "{report}");
}

fn answer_to(history: &mut History, seq: u64) -> &mut Answer {
    history.answers.iter_mut().find(|answer| answer.request == Some(seq)).unwrap()
}

fn without_answer(history: &mut History, seq: u64) {
    history.answers.retain(|answer| answer.request != Some(seq));
}

fn fault(from: u64, to: u64, leaves_zombies: bool) -> Disturbance {
    Disturbance { what: "a fault".to_owned(), from, to, leaves_zombies }
}

/// Runs the handler for a request once more, at this millisecond, in another process.
fn run_again(history: &mut History, seq: u64, millis: u64) {
    let mut lines: Vec<_> =
        history.processes[0].lines.iter().filter(|line| line.seq == seq).copied().collect();
    for (line, micros) in lines.iter_mut().zip([millis * 1_000, millis * 1_000 + 100]) {
        (line.pid, line.micros) = (2, micros);
    }
    history.processes.push(Process { pid: 2, killed: None, lines });
}

#[test]
fn a_sound_history_is_clean() {
    caught(&[], |_| {});
    assert!(verify(&History::default()).is_good());
}

#[test]
fn commit_before_finish() {
    caught(&[Check::CommitAhead], |history| {
        let partition = partition(30);
        let mut commits = history.commits.iter_mut().filter(|commit| commit.partition == partition);
        let before = commits.rfind(|commit| commit.millis < 30 * STEP).unwrap();
        before.offset = before.offset.map(|offset| offset + 1);
    });
}

#[test]
fn commit_before_finish_and_a_crash() {
    caught(&[Check::Lost, Check::CommitAhead], |history| without_answer(history, 30));
}

#[test]
fn skipped_dead_letter() {
    caught(&[Check::Lost, Check::CommitAhead], |history| {
        history
            .answers
            .retain(|answer| answer.request != Some(20) || answer.kind != AnswerKind::DeadLetter);
    });
    caught(&[Check::Lost, Check::CommitAhead], |history| without_answer(history, 40));
}

#[test]
fn double_reply() {
    caught(&[Check::Unprovoked], |history| {
        let mut second = *answer_to(history, 30);
        (second.offset, second.millis) = (1_000, second.millis + 1);
        history.answers.push(second);
    });
    caught(&[Check::DupOtherId, Check::Unprovoked], |history| {
        let mut second = *answer_to(history, 30);
        (second.offset, second.millis) = (1_000, second.millis + 1);
        second.reply_id += 1_000;
        history.answers.push(second);
    });
}

#[test]
fn header_lost() {
    caught(&[Check::HeaderDiff], |history| answer_to(history, 30).headers += 1);
}

/// A completion from an earlier assignment moves the offset of the present one back, or ahead.
#[test]
fn no_epoch_fence() {
    caught(&[Check::CommitRegress], |history| {
        let partition = partition(30);
        let late = history.commits.iter_mut().filter(|commit| commit.partition == partition);
        late.rev().nth(3).unwrap().offset = Some(2);
    });
    caught(&[Check::DupCommitted, Check::CommitAhead], |history| {
        run_again(history, 30, 590);
        answer_to(history, 30).millis = 591;
    });
}

#[test]
fn offset_off_by_one() {
    caught(&[Check::CommitAhead], |history| {
        for commit in &mut history.commits {
            commit.offset = commit.offset.map(|offset| offset + 1);
        }
    });
    caught(&[Check::CommitShort], |history| {
        for commit in &mut history.commits {
            commit.offset = commit.offset.map(|offset| offset - 1);
        }
    });
}

/// The last answers were taken for written when the producer was dropped.
#[test]
fn producer_dropped_without_flush() {
    caught(&[Check::Lost, Check::CommitAhead], |history| {
        (REQUESTS - 5..REQUESTS).for_each(|seq| without_answer(history, seq));
    });
}

#[test]
fn reordering_send() {
    caught(&[Check::Order], |history| {
        let offset = answer_to(history, 33).offset;
        answer_to(history, 33).offset = answer_to(history, 30).offset;
        answer_to(history, 30).offset = offset;
    });
}

/// A commit that failed unseen: the next owner begins where nobody thought it would.
#[test]
fn asynchronous_commit() {
    caught(&[Check::Unprovoked], |history| run_again(history, 30, 306));
    caught(&[Check::CommitShort], |history| {
        let last = history.commits.len() - PARTITIONS as usize;
        history.commits.truncate(last);
    });
}

#[test]
fn duplicates_are_allowed_where_a_fault_accounts_for_them() {
    caught(&[], |history| {
        run_again(history, 30, 304);
        let mut second = *answer_to(history, 30);
        (second.offset, second.millis) = (1_000, 312);
        history.answers.push(second);
        history.disturbances.push(fault(303_000, 311_000, false));
    });
}

#[test]
fn what_was_not_finished_is_left_to_the_next_owner() {
    caught(&[], |history| {
        run_again(history, 59, 594);
        for commit in history.commits.iter_mut().filter(|commit| commit.millis > 594) {
            commit.millis += 10;
        }
        answer_to(history, 59).millis = 600;
    });
}

/// Requests 57 and 59 share a partition; the first of them waits for another attempt when it moves.
#[test]
fn what_lies_behind_an_unfinished_request_may_be_repeated() {
    let unfinished = |history: &mut History| {
        let moved = 598;
        run_again(history, 57, moved);
        run_again(history, 59, moved + 4);
        let (last, first) = (history.processes.pop().unwrap(), history.processes.last_mut());
        first.unwrap().lines.extend(last.lines);
        history.commits.retain(|commit| commit.millis < 570);
        for partition in 0..2 {
            let all = history.requests.iter().filter(|request| request.partition == partition);
            let end = all.map(|request| request.offset + 1).max();
            history.commits.push(Commit { millis: 700, partition, offset: end });
        }
    };
    caught(&[Check::Unprovoked], unfinished);
    let mut history = sound();
    unfinished(&mut history);
    answer_to(&mut history, 57).millis = 600;
    let report = verify(&history);
    assert!(report.is_good(), "{report}");
    assert_eq!(report.count(Check::DupBehind), 1, "{report}");
}

#[test]
fn what_was_committed_is_repeated_by_zombies_alone() {
    caught(&[Check::DupCommitted], |history| {
        run_again(history, 30, 700);
        history.disturbances.push(fault(400_000, 800_000, false));
    });
    caught(&[], |history| {
        run_again(history, 30, 700);
        history.disturbances.push(fault(400_000, 800_000, true));
    });
}

#[test]
fn runs_of_one_key_may_not_overlap_within_a_process() {
    caught(&[Check::Order], |history| {
        let lines = &mut history.processes[0].lines;
        let end = lines.iter().position(|line| line.seq == 30 && line.edge == Edge::End).unwrap();
        let end = lines.remove(end);
        lines.push(end);
        history.disturbances.push(fault(0, u64::MAX, true));
    });
}

#[test]
fn an_answer_to_nothing_is_a_phantom() {
    caught(&[Check::Phantom], |history| {
        let other = Answer { request: None, said: None, ..*answer_to(history, 30) };
        history.answers.push(other);
    });
    caught(&[Check::Phantom], |history| answer_to(history, 30).said = Some(31));
}
