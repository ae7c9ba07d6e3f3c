//! Finds, shows and sends again what a connector put aside.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use super::filter::Filter;
use super::journal::{Entry, Journal};
use super::letter::DeadLetter;
use super::obstacle::{Consent, obstacles};
use super::replay::{Outcome, Pace, Run, Tally};
use super::shelf::{KafkaShelf, Records, Shelf};
use crate::connector::{Connector, StartError};
use crate::handler::registry::{Registry, Route};
use crate::kafka::KafkaSettings;
use crate::message::record::Record;
use crate::message::topic::Subscription;
use crate::runtime::plan::Plan;

/// The dead letters of a connector, on a broker.
pub struct Desk<S = KafkaShelf> {
    shelf: S,
    plan: Arc<Plan>,
}

/// Why a desk could not do what it should.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct DeskError(String);

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The dead letters.
    pub journal: Journal,
    /// The dead-letter topics that were read.
    pub read: BTreeSet<String>,
    /// Dead-letter topics of handlers that are not there, or must not be seen.
    pub missing: BTreeSet<String>,
}

impl Desk {
    /// The dead letters of a connector on the broker of its settings.
    ///
    /// # Errors
    /// No broker is configured.
    pub fn of(connector: &Connector) -> Result<Self, StartError> {
        // It is no member of the group, so it must not take the name of one.
        let kafka = KafkaSettings { instance_id: None, ..connector.kafka_settings()? };
        Ok(Self::on(KafkaShelf(kafka), connector))
    }
}

impl<S: Shelf> Desk<S> {
    /// The dead letters of a connector on another broker.
    #[must_use]
    pub fn on(shelf: S, connector: &Connector) -> Self {
        Self { shelf, plan: Arc::clone(&connector.plan) }
    }

    /// The handlers with their topics.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.plan.registry
    }

    /// The handler that put a request aside, if it is still there.
    #[must_use]
    pub fn route(&self, letter: &DeadLetter) -> Option<&Arc<Route>> {
        self.plan.registry.routes().find(|route| route.name() == letter.handler)
    }

    /// The dead letters that fit a filter, with what was done about them.
    ///
    /// # Errors
    /// No broker answers, or a topic cannot be read.
    pub async fn list(&self, filter: Filter) -> Result<Found, DeskError> {
        let mut records = self.open().await?;
        let mut journal = Journal::new(&self.plan.group, filter);
        while let Some(record) = records.next().await.map_err(DeskError)? {
            journal.note(&record);
        }
        let read = records.topics();
        let missing = &self.always() - &read;
        Ok(Found { journal: journal.finished(), read, missing })
    }

    /// One dead letter, and its record; `None` if there is none of this id.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    pub async fn show(&self, id: &str) -> Result<Option<(Entry, Record)>, DeskError> {
        let found = self.list(Filter::id(id)).await?;
        let Some(entry) = found.journal.entries().first().cloned() else { return Ok(None) };
        let mut records = self.open().await?;
        while let Some(record) = records.next().await.map_err(DeskError)? {
            if record.at == entry.letter.at {
                return Ok(Some((entry, record)));
            }
        }
        Ok(None)
    }

    /// Sends the requests of dead letters again: those that fit the filter, unless something stands in
    /// the way. `tell` hears of each what became of it.
    ///
    /// # Errors
    /// As [`list`](Self::list); then nothing more is sent. What was sent before is marked.
    pub async fn replay(
        &self,
        filter: Filter,
        consent: &Consent,
        pace: &Pace,
        tell: &mut (dyn FnMut(&Entry, &Outcome) + Send),
    ) -> Result<Tally, DeskError> {
        let found = self.list(filter).await?;
        let mut tally = Tally::default();
        let mut wanted = HashMap::new();
        for entry in found.journal.entries() {
            let outcome = match obstacles(entry, self.registry(), consent) {
                in_the_way if !in_the_way.is_empty() => Outcome::Skipped(in_the_way),
                _ if pace.dry_run => Outcome::Would,
                _ => {
                    wanted.insert(entry.letter.at.clone(), entry.clone());
                    continue;
                }
            };
            tally.count(&outcome);
            tell(entry, &outcome);
        }
        if wanted.is_empty() {
            return Ok(tally);
        }
        drop(found);
        let sink = self.shelf.sink().map_err(DeskError)?;
        let run = Run { sink, pace, wanted, tally };
        run.over(self.open().await?, tell).await.map_err(DeskError)
    }

    async fn open(&self) -> Result<S::Records, DeskError> {
        let (always, plan) = (self.always(), Arc::clone(&self.plan));
        let wanted = move |topic: &str| always.contains(topic) || of_a_pattern(&plan, topic);
        self.shelf.open(wanted).await.map_err(DeskError)
    }

    /// The dead-letter topics of the handlers that read one topic.
    fn always(&self) -> BTreeSet<String> {
        let plan = &self.plan;
        let exact = plan.registry.routes().filter_map(|route| match &route.subscription {
            Subscription::Exact(topic) => Some(topic),
            Subscription::Prefix(_) => None,
        });
        exact
            .map(|topic| plan.registry.naming().dead_letter(topic, &plan.group).to_string())
            .collect()
    }
}

/// Whether dead letters of a handler that reads a pattern stand on this topic.
fn of_a_pattern(plan: &Plan, topic: &str) -> bool {
    let naming = plan.registry.naming();
    plan.registry.routes().any(|route| {
        let pattern @ Subscription::Prefix(_) = &route.subscription else { return false };
        // One for each topic that it matches; and one for all that the platform reads itself.
        let own = topic.strip_suffix(".dlq").filter(|own| pattern.matches(own));
        let platform = format!("{}{}x", naming.prefix, naming.engine_receive);
        own.is_some_and(|own| *naming.dead_letter(own, &plan.group) == *topic)
            || (pattern.overlaps(&naming.engine_pattern())
                && *naming.dead_letter(&platform, &plan.group) == *topic)
    })
}

impl<S> fmt::Debug for Desk<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Desk").field("group", &self.plan.group).finish_non_exhaustive()
    }
}
