//! What the log says of a request that fails: one line each time, with where it stands, for whom and
//! why; nothing that it carried.

use std::time::Duration;

use super::answers::Answer;
use super::breaker::Change;
use super::job::Job;
use super::outbox::Parcel;
use super::port::Assignment;
use super::verdict::{Refusal, RefusalClass};
use crate::message::record::Outbound;

/// An attempt was the last for now.
pub(super) fn failed(job: &Job, (answer, outbound): &(Answer, Outbound)) {
    match answer {
        Answer::Reply => {}
        Answer::Retry(refusal) => tracing::warn!(
            at = %job.envelope.record().at,
            process = job.process().as_deref(),
            handler = job.route.name(),
            reason = refusal.class.reason(),
            cause = %refusal.for_logs,
            attempts = refusal.attempts,
            topic = %outbound.topic,
            "request goes to a retry topic"
        ),
        Answer::ErrorReply(refusal)
        | Answer::DeadLetter { refusal, .. }
        | Answer::Pointer { refusal, .. } => refused(job, refusal),
    }
}

/// A request got its last word, and it is no.
pub(super) fn refused(job: &Job, refusal: &Refusal) {
    // A business answer is no fault of anybody's.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                at = %job.envelope.record().at,
                process = job.process().as_deref(),
                handler = job.route.name(),
                reason = refusal.class.reason(),
                code = %refusal.code,
                cause = %refusal.for_logs,
                attempts = refusal.attempts,
                "request refused"
            )
        };
    }
    if refusal.class == RefusalClass::Business { line!(info) } else { line!(warn) }
}

/// An answer will never be taken; another one follows it.
pub(super) fn rejected(parcel: &Parcel, reason: &str) {
    tracing::warn!(
        at = %parcel.job.envelope.record().at,
        process = parcel.job.process().as_deref(),
        handler = parcel.job.route.name(),
        topic = parcel.topic(),
        reason,
        "answer rejected, another takes its place"
    );
}

/// A partition is held because its requests fail, or is read on.
pub(super) fn held(at: &Assignment, change: Change, reason: Option<&str>, pause: Duration) {
    let Assignment { topic, partition, .. } = at;
    match change {
        Change::Held { failed, of } => tracing::error!(
            %topic,
            partition,
            failed,
            of_the_last = of,
            reason,
            one_is_tried_in = ?pause,
            "partition held: nearly all of its requests fail; mend the cause, nothing is lost"
        ),
        Change::StillHeld => tracing::warn!(
            %topic, partition, reason, one_is_tried_in = ?pause, "partition still held"
        ),
        Change::Released => tracing::info!(%topic, partition, "partition no longer held"),
    }
}
