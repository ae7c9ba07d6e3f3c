//! From the last word on a request to the records that must be written for it.

use std::sync::Arc;

use super::dead_letter::{self, Cause};
use super::job::Job;
use super::plan::Plan;
use super::verdict::{Refusal, RefusalClass};
use crate::message::error_reply::ErrorReply;
use crate::message::identity::RequestId;
use crate::message::record::{Outbound, Record};
use crate::message::reply::{answer, brief_answer};
use crate::message::retry::{self, Note};

/// What kind of record is on its way for a request.
#[derive(Clone, Debug)]
pub(super) enum Answer {
    /// The handler's reply.
    Reply,
    /// The request itself, to wait on a retry topic because of this refusal.
    Retry(Refusal),
    /// The error reply for this refusal.
    ErrorReply(Refusal),
    /// The original, put aside because of this refusal; the process was answered, or not.
    DeadLetter { refusal: Refusal, replied: bool },
    /// The stand-in for a dead letter that Kafka would not take.
    Pointer { refusal: Refusal, replied: bool },
}

/// The handler's reply as a record; `None` if the handler has no reply topic.
pub(super) fn reply(job: &Job, plan: &Plan, json: Vec<u8>) -> Option<(Answer, Outbound)> {
    let topic = job.route.reply.as_ref()?;
    let outbound = answer(&job.envelope, topic, json, &job.id, &plan.style);
    Some((Answer::Reply, continued(job, outbound)))
}

/// The first record for a failure: the request itself on its next retry topic, where it has one and
/// another try may help; else what its refusal demands.
pub(super) fn failure(job: &Job, plan: &Plan, failure: Refusal, now: i64) -> (Answer, Outbound) {
    match job.route.retry_topics.get(job.retry_topics) {
        Some(next) if failure.class.may_pass() => {
            let delay = i64::try_from(next.delay.as_millis()).unwrap_or(i64::MAX);
            let note = Note {
                id: &job.id,
                group: &plan.group,
                attempts: failure.attempts,
                due: now.saturating_add(delay),
                reason: failure.class.reason(),
            };
            let outbound = retry::forward(job.envelope.record(), &next.topic, &note);
            (Answer::Retry(failure), continued(job, outbound))
        }
        _ => refusal(job, plan, failure, now),
    }
}

/// The first record for a refusal: an error reply where somebody waits for one, else the dead letter.
pub(super) fn refusal(job: &Job, plan: &Plan, refusal: Refusal, now: i64) -> (Answer, Outbound) {
    match &job.route.reply {
        Some(topic) if job.envelope.is_correlated() => {
            let body = ErrorReply {
                field: &plan.error_field,
                code: &refusal.code,
                message: &refusal.message,
            };
            let dress = match refusal.class {
                RefusalClass::Undecodable(reason) if reason.is_of_headers() => brief_answer,
                _ => answer,
            };
            let outbound = dress(&job.envelope, topic, body.to_json(), &job.id, &plan.style);
            (Answer::ErrorReply(refusal), continued(job, outbound))
        }
        _ => dead_letter(job, plan, refusal, false, now),
    }
}

/// The original, put aside.
pub(super) fn dead_letter(
    job: &Job,
    plan: &Plan,
    refusal: Refusal,
    replied: bool,
    now: i64,
) -> (Answer, Outbound) {
    let outbound = put_aside(dead_letter::of, job, plan, &refusal, replied, now);
    (Answer::DeadLetter { refusal, replied }, outbound)
}

/// The stand-in for a dead letter that was too large or otherwise refused.
pub(super) fn pointer(
    job: &Job,
    plan: &Plan,
    refusal: Refusal,
    replied: bool,
    now: i64,
) -> (Answer, Outbound) {
    let outbound = put_aside(dead_letter::pointer_to, job, plan, &refusal, replied, now);
    (Answer::Pointer { refusal, replied }, outbound)
}

/// What takes the place of an answer that Kafka will never take, each time something smaller.
pub(super) fn instead(
    job: &Job,
    plan: &Plan,
    answer: Answer,
    reason: &str,
    now: i64,
) -> (Answer, Outbound) {
    match answer {
        Answer::Reply => refusal(job, plan, Refusal::reply_rejected(reason, job.attempts), now),
        Answer::Retry(failure) => refusal(job, plan, failure, now),
        Answer::ErrorReply(refusal) => dead_letter(job, plan, refusal, false, now),
        Answer::DeadLetter { refusal, replied } | Answer::Pointer { refusal, replied } => {
            pointer(job, plan, refusal, replied, now)
        }
    }
}

/// Writes down who puts a record aside, and why.
fn put_aside(
    write: fn(&Record, &Arc<str>, &RequestId, &Cause<'_>) -> Outbound,
    job: &Job,
    plan: &Plan,
    refusal: &Refusal,
    replied: bool,
    now: i64,
) -> Outbound {
    let record = job.envelope.record();
    let own_topic = job.route.own_topic(&record.at.topic);
    let topic = plan.registry.naming().dead_letter(own_topic, &plan.group);
    let cause = Cause {
        group: &plan.group,
        handler: job.route.name(),
        stage: refusal.class.stage(),
        reason: refusal.class.reason(),
        code: &refusal.code,
        message: &refusal.for_logs,
        attempts: refusal.attempts,
        replied,
        retryable: refusal.class.may_pass(),
        now,
    };
    continued(job, write(record, &topic, &job.id, &cause))
}

/// A record that continues the trace where the last attempt has left it, if that is exported.
fn continued(job: &Job, outbound: Outbound) -> Outbound {
    match &job.trace {
        Some(context) => Outbound { headers: context.in_place_of(&outbound.headers), ..outbound },
        None => outbound,
    }
}
