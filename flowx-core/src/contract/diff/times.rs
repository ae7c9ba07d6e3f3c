//! How long an answer may take, and where requests wait meanwhile.

use std::time::Duration;

use super::handler::Notes;
use super::pairs::own_name_beside;
use super::{Change, Place, Verdict};
use crate::contract::model::{Contract, HandlerContract, RetryTopicContract, TopicNaming};

/// Changes of attempts and retry topics.
pub(super) fn changes(
    ours: &HandlerContract,
    theirs: &HandlerContract,
    old: &Contract,
    new: &Contract,
) -> Vec<Change> {
    let mut notes = Notes::new(theirs);
    let names = |handler: &HandlerContract, naming: &TopicNaming| {
        let own = |retry: &RetryTopicContract| own_name_beside(&retry.topic, handler, naming);
        handler.retry_topics.iter().map(own).collect::<Vec<_>>()
    };
    let (before, after) = (names(ours, &old.naming), names(theirs, &new.naming));
    for (retry, name) in ours.retry_topics.iter().zip(&before) {
        if !after.contains(name) {
            notes.add(
                Place::RetryTopics,
                format!("The retry topic `{}` is gone.", retry.topic),
                Verdict::Breaks,
                "Requests that wait there are not read any more and never answered; keep it until it is \
                 empty.",
            );
        }
    }
    for (retry, name) in theirs.retry_topics.iter().zip(&after) {
        if !before.contains(name) {
            notes.add(
                Place::RetryTopics,
                format!("The retry topic `{}` is new.", retry.topic),
                Verdict::Safe,
                "Nothing waits there yet; the topic must be there, and keep records for longer than \
                 its delay.",
            );
        }
    }
    attempts(&mut notes, ours, theirs);
    notes.into_changes()
}

fn attempts(notes: &mut Notes, ours: &HandlerContract, theirs: &HandlerContract) {
    let (before, after) = (longest(ours), longest(theirs));
    if theirs.reply_topic.is_some() && after > before {
        let what = format!(
            "An answer may take up to {}, and could take {}.",
            humantime::format_duration(after),
            humantime::format_duration(before)
        );
        notes.add(
            Place::Attempts,
            what,
            Verdict::Breaks,
            "Receive nodes have a response timeout made for the old time and give up before the answer \
             comes, while the request is still at work; stay within the old time, or raise the timeouts \
             in the processes first and compare with this contract then.",
        );
    } else if ours.attempts != theirs.attempts {
        let (a, b) = (ours.attempts, theirs.attempts);
        let of =
            |number: u64| humantime::format_duration(Duration::from_millis(number)).to_string();
        let what = format!(
            "It was tried {} times at most, each for {}, in {} in all, and is {} times, {}, {}.",
            a.most,
            of(a.timeout_ms),
            of(a.budget_ms),
            b.most,
            of(b.timeout_ms),
            of(b.budget_ms)
        );
        let reason = "No answer takes longer than it could before.";
        notes.add(Place::Attempts, what, Verdict::Safe, reason);
    }
}

/// How long it may take from a request to its answer, all retry topics included.
fn longest(handler: &HandlerContract) -> Duration {
    let attempts = handler.attempts;
    // A single attempt has no waits, so it ends with its own time.
    let round = if attempts.most <= 1 {
        attempts.timeout_ms.min(attempts.budget_ms)
    } else {
        attempts.budget_ms
    };
    let waits = handler.retry_topics.iter().map(|retry| retry.delay_ms.saturating_add(round));
    Duration::from_millis(waits.fold(round, u64::saturating_add))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_time_counts_every_round_and_every_wait() {
        for (most, delays, seconds) in [
            (5, &[][..], 120),
            (1, &[][..], 30),
            (5, &[60, 300][..], 120 * 3 + 360),
            (1, &[60][..], 30 * 2 + 60),
        ] {
            let retry = |delay: &u64| json!({ "topic": format!("a.retry.{delay}"), "delayMs": delay * 1000 });
            let handler = json!({
                "name": "a", "summary": "", "description": "", "hash": "", "topic": "a",
                "retryTopics": delays.iter().map(retry).collect::<Vec<_>>(),
                "deadLetterTopic": "a.dlq", "guarantee": "at least once", "order": "unordered",
                "attempts": { "most": most, "timeoutMs": 30_000, "budgetMs": 120_000 },
                "request": true, "codes": []
            });
            let handler = serde_json::from_value(handler).expect("a handler");
            assert_eq!(longest(&handler), Duration::from_secs(seconds), "{most} {delays:?}");
        }
    }
}
