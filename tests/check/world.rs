//! A cluster as it should be, made without one.

use std::collections::BTreeSet;

use flowx_core::check::{Needs, Terms};
use flowx_core::config::Settings;
use flowx_core::kafka::facts::{Facts, Group, Newest, Operation, Topic, TopicFacts, TopicSettings};

use crate::connector;

pub(crate) const DAY: i64 = 24 * 60 * 60 * 1_000;
pub(crate) const NOW: i64 = 1_700_000_000_000;

/// Handlers, what they need, what is there, and what it is held against.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) needs: Needs,
    pub(crate) facts: Facts,
    pub(crate) terms: Terms,
}

impl World {
    /// Everything that these handlers need is there, of topics of patterns those named.
    pub(crate) fn in_order(handlers: &[&str], names: &[&str]) -> Self {
        let connector = connector(handlers, Settings::default());
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let needs = Needs::of(connector.registry(), connector.group(), &names);
        let topic = TopicFacts {
            partitions: 3,
            leaderless: Vec::new(),
            replicas: 3,
            in_sync: 3,
            allowed: Some(Operation::ALL.into()),
            settings: Ok(TopicSettings {
                cleanup_policy: Some("delete".to_owned()),
                retention_ms: Some(30 * DAY),
                retention_bytes: Some(-1),
                max_message_bytes: Some(52_428_800),
                min_insync_replicas: Some(2),
            }),
        };
        let topics = needs.topics.keys().map(|name| (name.clone(), Topic::There(topic.clone())));
        let facts = Facts {
            brokers: 3,
            topics: topics.collect(),
            group: Ok(Group {
                members: Vec::new(),
                allowed: Some(BTreeSet::from([Operation::Read])),
            }),
            commits: Ok(Vec::new()),
            newest: Ok(Some(Newest { topic: "any".to_owned(), timestamp: NOW, now: NOW })),
        };
        Self { needs, facts, terms: Terms::default() }
    }

    /// A topic that is there.
    pub(crate) fn topic(&mut self, name: &str) -> &mut TopicFacts {
        match self.facts.topics.get_mut(name) {
            Some(Topic::There(topic)) => topic,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// The settings of a topic that is there.
    pub(crate) fn settings(&mut self, name: &str) -> &mut TopicSettings {
        self.topic(name).settings.as_mut().unwrap()
    }

    pub(crate) fn group(&mut self) -> &mut Group {
        self.facts.group.as_mut().unwrap()
    }
}
