//! What the log says of a request that fails: one line each time, with where it stands, for whom and
//! why; nothing that it carried.

use super::attempt::Job;
use super::outbox::Parcel;
use super::verdict::{Refusal, RefusalClass};

/// A request got its last word, and it is no.
pub(super) fn refused(job: &Job, refusal: &Refusal) {
    // A business answer is no fault of anybody's.
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                at = %job.envelope.record().at,
                process = job.envelope.process(),
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
        process = parcel.job.envelope.process(),
        handler = parcel.job.route.name(),
        topic = parcel.topic(),
        reason,
        "answer rejected, another takes its place"
    );
}
