//! A connector that fails until it is mended, and its desk, on a broker in memory.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use flowx_core::config::Settings;
use flowx_core::dead_letters::desk::Desk;
use flowx_core::dead_letters::replay::{Outcome, Pace, Tally};
use flowx_core::dead_letters::shelf::{Records, Shelf};
use flowx_core::dead_letters::view::{Row, Told};
use flowx_core::dead_letters::{Consent, DeskError, Filter};
use flowx_core::message::record::{Outbound, Record};
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::{MemoryBroker, MemorySink};
use flowx_core::{Connector, ConnectorBuilder, HandlerError, Raw, State, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether what the handlers need is there.
#[derive(Clone, Debug, Default)]
pub(crate) struct World(Arc<AtomicBool>);

impl World {
    pub(crate) fn mend(&self) {
        self.0.store(true, Ordering::SeqCst);
    }

    pub(crate) fn break_again(&self) {
        self.0.store(false, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), HandlerError> {
        match self.0.load(Ordering::SeqCst) {
            true => Ok(()),
            false => Err(HandlerError::retry("the register does not answer")),
        }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    bytes: usize,
}

#[derive(Deserialize, JsonSchema)]
pub(crate) struct Number {
    number: usize,
}

/// Takes anything, once the world is mended.
#[flowx_handler(topic = "numbers.trigger.brittle", attempts = 1)]
async fn brittle(request: Raw, world: State<World>) -> Result<Done, HandlerError> {
    world.check()?;
    Ok(Done { bytes: request.len() })
}

/// Takes a number, and nothing else.
#[flowx_handler(topic = "numbers.trigger.picky", attempts = 1)]
async fn picky(request: Number, world: State<World>) -> Result<Done, HandlerError> {
    world.check()?;
    Ok(Done { bytes: request.number })
}

/// Waits on a retry topic between its attempts.
#[flowx_handler(
    topic = "numbers.trigger.patient",
    attempts = 1,
    order = unordered,
    retry_topics = ["10s"],
)]
async fn patient(_: Raw, world: State<World>) -> Result<Done, HandlerError> {
    world.check()?;
    Ok(Done { bytes: 0 })
}

/// Reads a pattern, and answers nobody.
#[flowx_handler(topic = "audit.*", attempts = 1)]
async fn auditor(_: Raw, world: State<World>) -> Result<(), HandlerError> {
    world.check()
}

pub(crate) const GROUP: &str = "numbers";
pub(crate) const BRITTLE: &str = "ai.flowx.dev.numbers.trigger.brittle.v1";
pub(crate) const PICKY: &str = "ai.flowx.dev.numbers.trigger.picky.v1";
pub(crate) const ASIDE: &str = "ai.flowx.dev.numbers.trigger.brittle.v1.dlq";
pub(crate) const REPLIES: &str = "ai.flowx.dev.engine.receive.numbers.brittle.results.v1";

/// Every topic of these handlers.
const TOPICS: [&str; 6] = [
    ASIDE,
    BRITTLE,
    "ai.flowx.dev.numbers.trigger.picky.v1.dlq",
    "ai.flowx.dev.numbers.trigger.patient.v1.dlq",
    "ai.flowx.dev.audit.logins.v1.dlq",
    "ai.flowx.dev.audit.orders.v1.dlq",
];

pub(crate) const ALL: [&str; 4] = ["brittle", "picky", "patient", "auditor"];

/// A broker, a connector on it, and the desk of the connector.
pub(crate) struct Office {
    pub(crate) broker: MemoryBroker,
    pub(crate) world: World,
    pub(crate) desk: Desk<MemoryShelf>,
}

impl Office {
    pub(crate) fn new() -> Self {
        let (broker, world) = (MemoryBroker::new(), World::default());
        let connector = builder(&world, &ALL).build().expect("a connector");
        let desk = Desk::on(MemoryShelf(broker.clone()), &connector);
        Self { broker, world, desk }
    }

    /// The connector at work.
    pub(crate) async fn connector(&self) -> TestConnector {
        TestConnector::start_on(&self.broker, builder(&self.world, &ALL)).await.expect("it starts")
    }

    /// Requests without a process, whose dead letters are not answered; each of one byte.
    pub(crate) async fn put_aside(&self, count: usize) {
        let connector = self.connector().await;
        for byte in (b'0'..).take(count) {
            let request = connector.handler("brittle").without_headers().key("k");
            request.payload([byte]).exchange().await.expect_dead_letter("retry-exhausted");
        }
        connector.stop().await.expect("it stops");
    }

    pub(crate) async fn rows(&self, filter: Filter) -> Vec<Row> {
        let found = self.desk.list(filter).await.expect("a list");
        found.journal.entries().iter().map(Row::of).collect()
    }

    pub(crate) async fn replay(&self, filter: Filter, consent: Consent) -> (Vec<Told>, Tally) {
        self.try_replay(filter, consent, Pace::default()).await.expect("a run")
    }

    pub(crate) async fn try_replay(
        &self,
        filter: Filter,
        consent: Consent,
        pace: Pace,
    ) -> Result<(Vec<Told>, Tally), DeskError> {
        let mut told = Vec::new();
        let mut tell = |entry: &_, outcome: &Outcome| told.push(Told::of(entry, outcome));
        let tally = self.desk.replay(filter, &consent, &pace, &mut tell).await?;
        Ok((told, tally))
    }

    pub(crate) fn replies(&self) -> Vec<Record> {
        self.broker.records(REPLIES)
    }

    pub(crate) fn requests(&self) -> Vec<Record> {
        self.broker.records(BRITTLE)
    }
}

pub(crate) fn builder(world: &World, handlers: &[&str]) -> ConnectorBuilder {
    let builder = Connector::builder().settings(Settings::default()).group(GROUP);
    builder.state(world.clone()).only(handlers.iter().copied())
}

pub(crate) fn outbound(topic: &str, headers: &[(&str, &str)], payload: &[u8]) -> Outbound {
    Outbound {
        topic: topic.into(),
        partition: None,
        key: None,
        headers: headers.iter().copied().collect(),
        payload: Some(payload.to_vec()),
    }
}

/// The broker in memory, as a desk needs it.
pub(crate) struct MemoryShelf(pub(crate) MemoryBroker);

pub(crate) struct MemoryRecords(BTreeSet<String>, VecDeque<Record>);

impl Shelf for MemoryShelf {
    type Records = MemoryRecords;
    type Sink = MemorySink;

    async fn open(
        &self,
        wanted: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<MemoryRecords, String> {
        let read: Vec<&str> = TOPICS.into_iter().filter(|topic| wanted(topic)).collect();
        let records = read.iter().flat_map(|topic| self.0.records(topic)).collect();
        let there = read.iter().filter(|topic| !self.0.records(topic).is_empty());
        Ok(MemoryRecords(there.map(ToString::to_string).collect(), records))
    }

    fn sink(&self) -> Result<MemorySink, String> {
        Ok(self.0.join("a-desk", Vec::new()).1)
    }
}

impl Records for MemoryRecords {
    fn topics(&self) -> BTreeSet<String> {
        self.0.clone()
    }

    async fn next(&mut self) -> Result<Option<Record>, String> {
        Ok(self.1.pop_front())
    }
}
