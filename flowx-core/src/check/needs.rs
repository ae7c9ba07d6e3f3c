//! What a connector needs of a cluster: every topic by its name, and what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use humantime::format_duration;

use super::acls::{self, Resource};
use crate::config::order::Order;
use crate::handler::registry::{Registry, Route};
use crate::kafka::facts::Operation;
use crate::message::topic::Subscription;

/// Everything that handlers need.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// Consumer group.
    pub group: String,
    /// Every topic that is read or written, by name; of patterns those that were found.
    pub topics: BTreeMap<String, TopicNeed>,
    /// The patterns that are read.
    pub patterns: Vec<Pattern>,
}

/// A topic that is needed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TopicNeed {
    /// What for.
    pub uses: Vec<Use>,
    /// Whether the engine reads it, or the integration designer.
    pub read_by_platform: bool,
}

/// What a topic is to a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Use {
    /// What it is.
    pub role: Role,
    /// The handler.
    pub handler: String,
    /// What must be allowed for it: the topic, or the pattern that it belongs to.
    pub resource: Resource,
    /// The topic that the requests come in on; none if that may be any of a pattern.
    pub requests: Option<String>,
}

/// What a topic is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Requests come in on it.
    Requests {
        /// What runs one after another.
        order: Order,
        /// How many requests run at once.
        concurrency: usize,
    },
    /// Answers go out on it.
    Replies,
    /// Requests wait on it, for so long.
    Retries(Duration),
    /// What failed is put aside on it.
    DeadLetters,
}

/// A pattern that a handler reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// The beginning of its topics' names.
    pub prefix: String,
    /// The handler.
    pub handler: String,
    /// How many topics match it.
    pub matches: usize,
}

impl Role {
    /// What must be allowed.
    #[must_use]
    pub fn operations(self) -> &'static [Operation] {
        match self {
            Self::Requests { .. } => &[Operation::Read],
            Self::Replies | Self::DeadLetters => &[Operation::Write],
            Self::Retries(_) => &[Operation::Read, Operation::Write],
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Requests { .. } => f.write_str("requests"),
            Self::Replies => f.write_str("replies"),
            Self::Retries(delay) => write!(f, "retries after {}", format_duration(*delay)),
            Self::DeadLetters => f.write_str("dead letters"),
        }
    }
}

/// Whether the topics of a cluster must be listed to know which ones are read.
#[must_use]
pub fn has_patterns(registry: &Registry) -> bool {
    registry.routes().any(|route| matches!(route.subscription, Subscription::Prefix(_)))
}

impl Needs {
    /// What the handlers need on a cluster with these topics. The names matter to patterns only.
    #[must_use]
    pub fn of(registry: &Registry, group: &str, names: &[String]) -> Self {
        let mut needs = Self { group: group.to_owned(), ..Self::default() };
        let naming = registry.naming();
        for route in registry.routes() {
            let requests = acls::requests(route);
            let topics: Vec<&str> = match &route.subscription {
                Subscription::Exact(topic) => vec![topic],
                pattern @ Subscription::Prefix(prefix) => {
                    let matching = names.iter().map(String::as_str);
                    let matching: Vec<_> = matching.filter(|name| pattern.matches(name)).collect();
                    needs.patterns.push(Pattern {
                        prefix: prefix.to_string(),
                        handler: route.name().to_owned(),
                        matches: matching.len(),
                    });
                    matching
                }
            };
            let role =
                Role::Requests { order: route.policy.order, concurrency: route.policy.concurrency };
            for topic in topics {
                let of = Some(topic);
                needs.add(topic, role, route, requests.clone(), of);
                let aside = naming.dead_letter(topic, group);
                let resource = match &requests {
                    Resource::Prefix(prefix) if aside.starts_with(prefix) => requests.clone(),
                    _ => Resource::Topic(aside.to_string()),
                };
                needs.add(&aside, Role::DeadLetters, route, resource, of);
                for retry in &route.retry_topics {
                    let resource = Resource::Topic(retry.topic.to_string());
                    needs.add(&retry.topic, Role::Retries(retry.delay), route, resource, of);
                }
            }
            // What a whole pattern puts aside in one place is needed before the first topic matches.
            for resource in acls::dead_letters(route, naming, group) {
                if let Resource::Topic(aside) = &resource {
                    needs.add(aside, Role::DeadLetters, route, resource.clone(), None);
                }
            }
            if let Some(reply) = &route.reply {
                let of = match &route.subscription {
                    Subscription::Exact(topic) => Some(&**topic),
                    Subscription::Prefix(_) => None,
                };
                needs.add(reply, Role::Replies, route, Resource::Topic(reply.to_string()), of);
            }
        }
        for (topic, need) in &mut needs.topics {
            need.read_by_platform = naming.is_read_by_the_platform(topic);
        }
        needs
    }

    /// The topics that the group reads.
    #[must_use]
    pub fn read(&self) -> BTreeSet<String> {
        let read = self.topics.iter().filter(|(_, need)| need.is_read());
        read.map(|(topic, _)| topic.clone()).collect()
    }

    fn add(
        &mut self,
        topic: &str,
        role: Role,
        route: &Route,
        resource: Resource,
        of: Option<&str>,
    ) {
        let requests = of.map(str::to_owned);
        let handler = route.name().to_owned();
        let uses = &mut self.topics.entry(topic.to_owned()).or_default().uses;
        // Topics of a pattern may share their dead letters.
        if !uses.iter().any(|known| known.role == role && known.handler == handler) {
            uses.push(Use { role, handler, resource, requests });
        }
    }
}

impl TopicNeed {
    /// Whether the group reads it.
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.has(|role| matches!(role, Role::Requests { .. } | Role::Retries(_)))
    }

    /// Whether it is used in such a way.
    #[must_use]
    pub fn has(&self, wanted: impl Fn(Role) -> bool) -> bool {
        self.uses.iter().any(|used| wanted(used.role))
    }

    /// The handlers that use it, each once.
    #[must_use]
    pub fn handlers(&self) -> BTreeSet<String> {
        self.uses.iter().map(|used| used.handler.clone()).collect()
    }
}

impl fmt::Display for TopicNeed {
    /// As `requests of \`exchange\`, dead letters of \`audit\``.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, used) in self.uses.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{} of `{}`", used.role, used.handler)?;
        }
        Ok(())
    }
}
