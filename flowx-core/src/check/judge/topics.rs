//! Whether topics are there, how many partitions they have, and who else reads them.

use std::collections::BTreeMap;

use humantime::format_duration;

use super::super::acls::{Acl, Resource};
use super::super::command::{KafkaCommand, Value};
use super::super::needs::{Pattern, Role, TopicNeed};
use super::retention::{needed, time};
use super::{Facts, Finding, Level, Look, Place, Said, Terms, Topic};
use crate::config::order::Order;
use crate::kafka::facts::Operation;

/// A topic that is not there for us.
pub(super) fn absent(
    name: &str,
    need: &TopicNeed,
    topic: Option<&Topic>,
    facts: &Facts,
    terms: &Terms,
) -> (&'static str, Said) {
    match topic {
        Some(Topic::Missing) => {
            let consequence = need.uses.iter().map(|used| match used.role {
                Role::Requests { .. } => "no request can come in",
                Role::Replies => "what is to be answered is held and tried again",
                Role::Retries(_) | Role::DeadLetters => {
                    "a request that fails is held, and what is behind it cannot be committed"
                }
            });
            let consequence = consequence.min().unwrap_or_default();
            let said = Said::new(Level::Problem, format!("it does not exist: {consequence}"))
                .remedy("create it")
                .commands([create(name, need, facts, terms)]);
            ("topics", said)
        }
        Some(Topic::Hidden) => {
            let mut acls: Vec<_> = need
                .uses
                .iter()
                .flat_map(|used| {
                    let more = [Operation::DescribeConfigs];
                    let all = used.role.operations().iter().copied().chain(more);
                    all.map(|operation| Acl::new(used.resource.clone(), operation))
                })
                .collect();
            acls.sort();
            acls.dedup();
            let said = Said::new(
                Level::Problem,
                "this user must not even know whether it exists, so neither read nor write it",
            )
            .remedy("grant what is needed")
            .commands(acls.into_iter().map(KafkaCommand::Grant));
            ("access", said)
        }
        Some(Topic::Unknown(reason)) => {
            ("topics", Said::new(Level::Unknown, format!("it could not be looked up: {reason}")))
        }
        _ => ("topics", Said::new(Level::Unknown, "the brokers did not say anything about it")),
    }
}

/// As many partitions as a topic gets for which nothing speaks for more.
const PARTITIONS: usize = 3;

fn create(name: &str, need: &TopicNeed, facts: &Facts, terms: &Terms) -> KafkaCommand {
    // What is put aside or waits keeps the number of its request's partition.
    let siblings = need.uses.iter().filter_map(|used| used.requests.as_deref());
    let siblings = siblings.filter_map(|topic| match facts.topics.get(topic)? {
        Topic::There(topic) => Some(topic.partitions),
        _ => None,
    });
    let partitions = siblings.max().unwrap_or(PARTITIONS).max(terms.instances);
    let replicas = facts.brokers.clamp(1, 3);
    let retention = need.uses.iter().map(|used| needed(used.role, terms.downtime)).max();
    let retention = retention.unwrap_or(terms.downtime);
    let mut settings = BTreeMap::from([
        ("cleanup.policy", Value::Word("delete")),
        ("retention.ms", Value::Number(retention.as_millis() as u64)),
        ("max.message.bytes", Value::Number(terms.message_max_bytes)),
    ]);
    if replicas == 3 {
        settings.insert("min.insync.replicas", Value::Number(2));
    }
    KafkaCommand::Create { topic: name.to_owned(), partitions, replicas, settings }
}

/// Whether there is anything to read.
pub(super) fn pattern(pattern: &Pattern) -> Option<Finding> {
    let place =
        Place::Pattern(pattern.prefix.clone(), format!("requests of `{}`", pattern.handler));
    let handlers = [pattern.handler.clone()].into();
    let said = match pattern.matches {
        0 => {
            let resource = Resource::Prefix(pattern.prefix.clone());
            let acls = [Operation::Read, Operation::DescribeConfigs]
                .map(|operation| KafkaCommand::Grant(Acl::new(resource.clone(), operation)));
            Said::new(Level::Warning, "there is no topic of this pattern that this user may see")
                .remedy("create one, or grant what is needed if there are some")
                .commands(acls)
        }
        count => Said::new(Level::Ok, format!("{count} topics match")),
    };
    Some(said.at("topics", place, handlers))
}

pub(super) fn partitions(look: &Look<'_>) -> Vec<Said> {
    let (mut said, count) = (Vec::new(), look.topic.partitions);
    if !look.topic.leaderless.is_empty() {
        let which: Vec<_> = look.topic.leaderless.iter().map(ToString::to_string).collect();
        said.push(
            Said::new(
                Level::Problem,
                format!(
                    "no broker leads partition {}: it is neither read nor written",
                    which.join(", ")
                ),
            )
            .remedy("see that the brokers of its replicas run"),
        );
    }
    for used in &look.need.uses {
        match used.role {
            Role::Requests { order, concurrency } => {
                let instances = look.instances();
                if count < instances {
                    let topic = look.name.to_owned();
                    said.push(
                        Said::new(
                            Level::Warning,
                            format!("it has {count} partitions, so of {instances} instances some get no request"),
                        )
                        .remedy("add partitions while nothing is on its way, for keys move with them, or run fewer instances")
                        .commands([KafkaCommand::Partitions { topic, count: instances }]),
                    );
                }
                if order == Order::Partition && concurrency > count {
                    said.push(Said::new(
                        Level::Ok,
                        format!(
                            "requests of a partition run one after another, so {count} at once at most; a concurrency of {concurrency} is never reached"
                        ),
                    ));
                }
            }
            Role::DeadLetters => {
                let requests = used.requests.as_deref().and_then(|topic| look.other(topic));
                if let Some(requests) = requests.filter(|topic| topic.partitions != count) {
                    said.push(Said::new(
                        Level::Ok,
                        format!(
                            "it has {count} partitions and the topic of the requests {}, so a dead letter stands on another partition than its request",
                            requests.partitions
                        ),
                    ));
                }
            }
            Role::Replies | Role::Retries(_) => {}
        }
    }
    said
}

/// Who else reads it, or does not.
pub(super) fn engine(look: &Look<'_>) -> Vec<Said> {
    let mut said = Vec::new();
    let is_read = look.need.read_by_platform;
    for used in &look.need.uses {
        match (used.role, &used.resource) {
            (Role::Replies, _) if !is_read => said.push(
                Said::new(
                    Level::Warning,
                    format!("the engine does not read it, so no process gets an answer of `{}`", used.handler),
                )
                .remedy("answer on a topic of the engine's pattern, unless another program waits for it"),
            ),
            (Role::Requests { .. }, Resource::Topic(_)) if is_read => said.push(
                Said::new(Level::Warning, "the engine reads it too, and takes each request for an answer")
                    .remedy("have requests sent to a topic outside of the engine's pattern"),
            ),
            (Role::Requests { .. }, _) if is_read => {
                said.push(Said::new(Level::Ok, "the engine reads it too"));
            }
            _ => {}
        }
    }
    said
}

/// What is known of a topic with which all is well.
pub(super) fn summary(look: &Look<'_>) -> Said {
    let plural = |count: usize, one: &str| match count {
        1 => format!("1 {one}"),
        count => format!("{count} {one}s"),
    };
    let mut parts =
        vec![plural(look.topic.partitions, "partition"), plural(look.topic.replicas, "replica")];
    let settings = &look.settings;
    if let Some(kept) = settings.retention_ms {
        parts.push(match time(kept) {
            Some(kept) => format!("keeps records for {}", format_duration(kept)),
            None => "keeps records for ever".to_owned(),
        });
    }
    if let Some(bytes) = settings.max_message_bytes {
        parts.push(format!("takes {bytes} bytes"));
    }
    Said::new(Level::Ok, parts.join(", "))
}
