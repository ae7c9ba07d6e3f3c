//! Whether records stay until somebody has read them.

use std::time::Duration;

use humantime::format_duration;

use super::super::command::{KafkaCommand, Value};
use super::super::needs::Role;
use super::{Level, Look, Said};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a new topic keeps its records: dead letters wait for people, who have holidays.
pub(super) fn needed(role: Role, downtime: Duration) -> Duration {
    match role {
        Role::Requests { .. } | Role::Replies => downtime,
        Role::Retries(delay) => delay + downtime,
        Role::DeadLetters => downtime.max(14 * DAY),
    }
}

/// A retention; `None` for ever.
pub(super) fn time(millis: i64) -> Option<Duration> {
    u64::try_from(millis).ok().map(Duration::from_millis)
}

pub(super) fn cleanup(look: &Look<'_>) -> Vec<Said> {
    let policy = look.settings.cleanup_policy.as_deref().unwrap_or_default();
    if !policy.split(',').any(|part| part.trim() == "compact") {
        return Vec::new();
    }
    let what = |role| match role {
        Role::Requests { .. } => "requests",
        Role::Replies => "answers",
        Role::Retries(_) => "requests that wait",
        Role::DeadLetters => "dead letters",
    };
    let mut lost: Vec<_> = look.need.uses.iter().map(|used| what(used.role)).collect();
    lost.dedup();
    let set = KafkaCommand::Set {
        topic: look.name.to_owned(),
        name: "cleanup.policy",
        value: Value::Word("delete"),
    };
    let message = format!(
        "`cleanup.policy` is `{policy}`: of the {} of one process the newest is kept and the others are thrown away",
        lost.join(" and ")
    );
    let remedy = "let it delete by time";
    vec![Said::new(Level::Problem, message).remedy(remedy).commands([set])]
}

pub(super) fn retention(look: &Look<'_>) -> Vec<Said> {
    // What is only compacted is never deleted for its age.
    let policy = look.settings.cleanup_policy.as_deref().unwrap_or("delete");
    if !policy.contains("delete") {
        return Vec::new();
    }
    let mut said = Vec::new();
    let downtime = look.terms.downtime;
    let kept = look.settings.retention_ms.and_then(time);
    for used in &look.need.uses {
        said.extend(kept.and_then(|kept| by_time(look, used.role, kept, downtime)));
    }
    let guards = look.need.has(|role| role != Role::Replies);
    if let Some(bytes) = look.settings.retention_bytes.filter(|bytes| guards && *bytes >= 0) {
        said.push(
            Said::new(
                Level::Warning,
                format!("`retention.bytes` deletes what is beyond {bytes} bytes of a partition, however young it is"),
            )
            .remedy("see that it is enough for a downtime, or remove it with `--delete-config retention.bytes`"),
        );
    }
    said
}

fn by_time(look: &Look<'_>, role: Role, kept: Duration, downtime: Duration) -> Option<Said> {
    let needed = needed(role, downtime);
    let (kept_for, away) = (format_duration(kept), format_duration(downtime));
    let (level, message) = match role {
        Role::Requests { .. } if kept < downtime => (
            Level::Warning,
            format!(
                "requests are deleted after {kept_for}, so a connector that is away for {away} loses some"
            ),
        ),
        Role::Retries(delay) if kept < delay => (
            Level::Problem,
            format!(
                "requests wait here for {} and are deleted after {kept_for}, so they are lost",
                format_duration(delay)
            ),
        ),
        Role::Retries(delay) if kept < needed => (
            Level::Warning,
            format!(
                "requests wait here for {} and are deleted after {kept_for}, so a connector that is away for {away} loses some",
                format_duration(delay)
            ),
        ),
        Role::DeadLetters if kept < downtime => (
            Level::Warning,
            format!(
                "dead letters are deleted after {kept_for}, before anybody may have looked at them"
            ),
        ),
        _ => return None,
    };
    let set = KafkaCommand::Set {
        topic: look.name.to_owned(),
        name: "retention.ms",
        value: Value::Number(needed.as_millis() as u64),
    };
    Some(Said::new(level, message).remedy("keep records longer").commands([set]))
}
