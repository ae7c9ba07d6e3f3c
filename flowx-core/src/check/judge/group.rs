//! The consumer group: who is in it, where it stands; and the clocks.

use std::collections::BTreeSet;
use std::time::Duration;

use humantime::format_duration;

use super::super::acls::{Acl, Resource};
use super::super::command::KafkaCommand;
use super::super::needs::{Needs, Role};
use super::{Facts, Finding, Level, Place, Said};
use crate::kafka::facts::{Commit, Group, Operation};

pub(super) fn group(needs: &Needs, facts: &Facts) -> Vec<Finding> {
    let place = || Place::Group(needs.group.clone());
    let one = |rule, said: Said| said.at(rule, place(), BTreeSet::new());
    let group = match &facts.group {
        Ok(group) => group,
        Err(reason) => {
            let said = Said::new(Level::Unknown, format!("it could not be looked up: {reason}"));
            return vec![one("group", said)];
        }
    };
    if group.allowed.as_ref().is_some_and(|allowed| !allowed.contains(&Operation::Read)) {
        let acl = Acl::new(Resource::Group(needs.group.clone()), Operation::Read);
        let said =
            Said::new(Level::Problem, "this user lacks the permission Read, so it cannot join")
                .remedy("grant it")
                .commands([KafkaCommand::Grant(acl)]);
        return vec![one("access", said)];
    }
    let mut findings: Vec<_> = strangers(needs, group).map(|said| one("group", said)).collect();
    match &facts.commits {
        Err(reason) => findings.push(one(
            "offsets",
            Said::new(Level::Unknown, format!("where it stands could not be looked up: {reason}")),
        )),
        Ok(commits) => {
            findings
                .extend(commits.iter().filter_map(|at| gone(needs, at)).map(|s| one("offsets", s)));
            if findings.is_empty() {
                let (members, stands) = (group.members.len(), commits.len());
                let said = format!("{members} members now; it has offsets in {stands} partitions");
                findings.push(one("group", Said::new(Level::Ok, said)));
            }
        }
    }
    findings
}

/// Members that have partitions of topics which this connector does not read.
fn strangers(needs: &Needs, group: &Group) -> impl Iterator<Item = Said> {
    let read = needs.read();
    group.members.iter().filter_map(move |member| {
        let foreign = member.topics.iter().find(|topic| {
            let of_a_pattern =
                needs.patterns.iter().any(|pattern| topic.starts_with(&pattern.prefix));
            !read.contains(*topic) && !of_a_pattern
        })?;
        Some(
            Said::new(
                Level::Warning,
                format!(
                    "its member `{}` on {} reads `{foreign}`, which no handler here does: another connector, or another release of this one",
                    member.client_id.escape_debug(),
                    member.host.escape_debug(),
                ),
            )
            .remedy("let it end if it is being replaced, else give one of them another group with FLOWX_CONNECTOR_GROUP"),
        )
    })
}

/// A committed offset whose records are not there.
fn gone(needs: &Needs, at: &Commit) -> Option<Said> {
    let Commit { topic, partition, committed, first, end } = at;
    let what = if committed < first {
        format!("records up to offset {first} are deleted, so requests are lost")
    } else if committed > end {
        format!("the partition ends at offset {end}: was the topic created anew?")
    } else {
        return None;
    };
    let reset = KafkaCommand::Reset {
        group: needs.group.clone(),
        topic: topic.clone(),
        partition: *partition,
    };
    Some(
        Said::new(
            Level::Problem,
            format!("it stands at offset {committed} of `{topic}`[{partition}], but {what}; the partition is held"),
        )
        .remedy("stop all instances and let the group begin at the oldest record, with `--execute` in place of `--dry-run`")
        .commands([reset]),
    )
}

/// How far two clocks may differ before it is said.
const TOLERANCE: Duration = Duration::from_secs(5);

pub(super) fn clock(needs: &Needs, facts: &Facts) -> Option<Finding> {
    let said = match &facts.newest {
        Ok(Some(newest)) => {
            let ahead = u64::try_from(newest.timestamp.saturating_sub(newest.now)).unwrap_or(0);
            let ahead = Duration::from_millis(ahead);
            match ahead > TOLERANCE {
                true => Said::new(
                    Level::Warning,
                    format!(
                        "a record of `{}` is from {} in the future by this machine's clock, so one of the two is wrong: retries come too early or too late, and retention is off",
                        newest.topic,
                        format_duration(Duration::from_secs(ahead.as_secs())),
                    ),
                )
                .remedy("synchronise the clocks (NTP)"),
                false => Said::new(
                    Level::Ok,
                    "no record is from the future; whether this machine is ahead is not known, for Kafka does not tell its time",
                ),
            }
        }
        Ok(None) => Said::new(
            Level::Unknown,
            "not checked: there are no records whose time could be compared",
        ),
        Err(reason) => Said::new(Level::Unknown, format!("not checked: {reason}")),
    };
    // Without retry topics no time is compared between machines.
    let waits = needs.topics.values().any(|need| need.has(|role| matches!(role, Role::Retries(_))));
    (waits || said.level == Level::Warning).then(|| said.at("clock", Place::Clock, BTreeSet::new()))
}
