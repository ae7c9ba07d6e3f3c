//! Holds what is there against what is needed. No I/O and no clock: the same facts, the same findings.

mod access;
mod copies;
mod group;
mod retention;
mod sizes;
mod topics;

use super::Terms;
use super::finding::{Finding, Level, Place, Said};
use super::needs::{Needs, TopicNeed};
use crate::kafka::facts::{Facts, Topic, TopicFacts, TopicSettings};

/// A topic that is there, and all that is known around it.
struct Look<'a> {
    name: &'a str,
    need: &'a TopicNeed,
    topic: &'a TopicFacts,
    /// All unknown if they could not be looked up.
    settings: TopicSettings,
    facts: &'a Facts,
    terms: &'a Terms,
}

/// What is looked at in each topic that is there.
type Rule = (&'static str, fn(&Look<'_>) -> Vec<Said>);

const RULES: &[Rule] = &[
    ("access", access::permissions),
    ("settings", access::settings),
    ("partitions", topics::partitions),
    ("replication", copies::replication),
    ("cleanup", retention::cleanup),
    ("retention", retention::retention),
    ("sizes", sizes::sizes),
    ("engine", topics::engine),
];

/// Everything that can be said, good or bad: at least a line for each topic.
#[must_use]
pub fn judge(needs: &Needs, facts: &Facts, terms: &Terms) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pattern in &needs.patterns {
        findings.extend(topics::pattern(pattern));
    }
    for (name, need) in &needs.topics {
        let place = || Place::Topic(name.clone(), need.to_string());
        let topic = match facts.topics.get(name) {
            Some(Topic::There(topic)) => topic,
            absent => {
                let (rule, said) = topics::absent(name, need, absent, facts, terms);
                findings.push(said.at(rule, place(), need.handlers()));
                continue;
            }
        };
        let settings = topic.settings.clone().unwrap_or_default();
        let look = Look { name, need, topic, settings, facts, terms };
        let before = findings.len();
        for (rule, of) in RULES {
            findings.extend(of(&look).into_iter().map(|s| s.at(rule, place(), need.handlers())));
        }
        if findings[before..].iter().all(|finding| finding.level == Level::Ok) {
            let all_is_well = topics::summary(&look).at("topics", place(), need.handlers());
            findings.insert(before, all_is_well);
        }
    }
    findings.extend(group::group(needs, facts));
    findings.extend(group::clock(needs, facts));
    findings
}

impl<'a> Look<'a> {
    /// Another topic that is there.
    fn other(&self, name: &str) -> Option<&'a TopicFacts> {
        match self.facts.topics.get(name)? {
            Topic::There(topic) => Some(topic),
            _ => None,
        }
    }

    /// How many instances there will be, or are now.
    fn instances(&self) -> usize {
        let members = self.facts.group.as_ref().map_or(0, |group| group.members.len());
        self.terms.instances.max(members)
    }
}
