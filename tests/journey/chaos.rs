//! Everything at once, in an order that a seed decides: whatever happens, no request is lost, none
//! is committed before it is answered, and in the end all is well.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use flowx_core::runtime::port::SendError;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::Fault;
use serde_json::json;

use crate::shop::{self, DEAD_LETTERS, ORDERS, REPLIES, pass};

const PARTITIONS: i32 = 3;
const SEEDS: u64 = 60;
const STEPS: usize = 120;

/// What has happened so far.
struct Story {
    rng: Rng,
    connector: TestConnector,
    stage: shop::Stage,
    processes: u8,
    /// Requests that were sent, by partition.
    sent: BTreeMap<i32, i64>,
    /// Partitions that were taken away.
    away: BTreeSet<i32>,
}

#[tokio::test(start_paused = true)]
async fn no_request_is_lost_whatever_fails_and_whoever_owns_its_partition() {
    for seed in 0..SEEDS {
        let mut story = Story::begin(seed, 4).await;
        for _ in 0..STEPS {
            match story.rng.u8(0..100) {
                0..40 => story.send(),
                40..60 => pass(Duration::from_millis(story.rng.u64(0..3_000))).await,
                60..70 => story.disturb(true),
                70..75 => story.connector.broker().repair(),
                75..80 => story.hold(),
                80..86 => story.take_away().await,
                86..92 => story.give_back(),
                92..95 => story.connector.member().fail_commits(1, "not now"),
                _ => story.stage.let_go(1),
            }
            story.nothing_is_committed_unanswered(seed);
        }
        story.all_ends_well(seed).await;
    }
}

#[tokio::test(start_paused = true)]
async fn without_losses_each_request_is_answered_once_and_in_order() {
    for seed in 0..SEEDS {
        let mut story = Story::begin(seed, 1).await;
        for _ in 0..STEPS {
            match story.rng.u8(0..100) {
                0..50 => story.send(),
                50..70 => pass(Duration::from_millis(story.rng.u64(0..3_000))).await,
                70..80 => story.disturb(false),
                80..85 => story.connector.broker().repair(),
                85..92 => story.hold(),
                _ => story.stage.let_go(1),
            }
            story.nothing_is_committed_unanswered(seed);
        }
        story.all_ends_well(seed).await;
        let mut answered = answers(&story.connector, REPLIES);
        for (partition, count) in story.sent {
            let offsets = answered.remove(&partition).unwrap_or_default();
            assert!(offsets.iter().copied().eq(0..count), "seed {seed}: {partition}: {offsets:?}");
        }
        for offsets in answers(&story.connector, DEAD_LETTERS).values() {
            let once = offsets.iter().collect::<BTreeSet<_>>().len() == offsets.len();
            assert!(once, "seed {seed}: {offsets:?}");
        }
    }
}

impl Story {
    /// Requests come from so many processes on each partition.
    async fn begin(seed: u64, processes: u8) -> Self {
        // The waits of retries come from this thread's generator.
        fastrand::seed(seed);
        let (connector, stage) = shop::open().await;
        connector.broker().create_topic(ORDERS, PARTITIONS as usize);
        let sent = (0..PARTITIONS).map(|partition| (partition, 0)).collect();
        let rng = Rng::with_seed(seed);
        Self { rng, connector, stage, processes, sent, away: BTreeSet::new() }
    }

    fn send(&mut self) {
        let partition = self.rng.i32(0..PARTITIONS);
        let acts = ["reply", "reply", "refuse", "retry-twice", "retry", "wait", "panic-once", "?"];
        let order = json!({"amount": 1, "act": acts[self.rng.usize(0..acts.len())]});
        let process = format!("{partition}-{}", self.rng.u8(0..self.processes));
        let request = self.connector.handler("order").process(&process).partition(partition);
        let _ = request.json(&order).post();
        *self.sent.entry(partition).or_default() += 1;
    }

    /// Makes some writes fail; those that fail only after they were taken may change the order.
    fn disturb(&mut self, late: bool) {
        let error = match self.rng.u8(0..3) {
            0 => SendError::Full,
            1 => SendError::Failed("not available".to_owned()),
            _ if late => SendError::Rejected("too large".to_owned()),
            _ => SendError::Full,
        };
        let fault = match late && self.rng.bool() {
            true => Fault::on_delivery(error),
            false => Fault::on_send(error),
        };
        let fault = fault.times(self.rng.u32(1..6));
        let topic = if self.rng.bool() { REPLIES } else { DEAD_LETTERS };
        self.connector.broker().inject(fault.topic(topic));
    }

    /// Holds acknowledgements, or lets some of them go, in any order.
    fn hold(&mut self) {
        let broker = self.connector.broker();
        if self.rng.u8(0..3) == 0 {
            return broker.release_all();
        }
        broker.hold_acknowledgements();
        for _ in 0..self.rng.usize(0..4) {
            let held = broker.held().len();
            if held > 0 {
                broker.release(self.rng.usize(0..held));
            }
        }
    }

    async fn take_away(&mut self) {
        let partition = self.rng.i32(0..PARTITIONS);
        if !self.away.insert(partition) {
            return;
        }
        match self.rng.bool() {
            true => self.connector.member().lose(&[(ORDERS, partition)]),
            false => {
                self.connector.member().revoke(&[(ORDERS, partition)]).finished().await;
            }
        }
    }

    fn give_back(&mut self) {
        if let Some(partition) = self.away.pop_first() {
            self.connector.member().assign(ORDERS, partition);
        }
    }

    fn nothing_is_committed_unanswered(&self, seed: u64) {
        let replied = answers(&self.connector, REPLIES);
        let put_aside = answers(&self.connector, DEAD_LETTERS);
        for partition in 0..PARTITIONS {
            let committed = self.connector.committed(ORDERS, partition).unwrap_or(0);
            let is_in = |all: &BTreeMap<i32, Vec<i64>>, offset: &i64| {
                all.get(&partition).is_some_and(|offsets| offsets.contains(offset))
            };
            let unanswered: Vec<i64> = (0..committed)
                .filter(|offset| !is_in(&replied, offset) && !is_in(&put_aside, offset))
                .collect();
            assert!(unanswered.is_empty(), "seed {seed}: {partition}: {unanswered:?} committed");
        }
    }

    /// Everything is mended: every request is answered, and committed.
    async fn all_ends_well(&mut self, seed: u64) {
        self.connector.broker().repair();
        self.connector.broker().release_all();
        while !self.away.is_empty() {
            self.give_back();
        }
        self.stage.let_go(1_000);
        for (partition, count) in &self.sent {
            if *count > 0 {
                self.connector.wait_for_commit(ORDERS, *partition, *count).await;
            }
        }
        self.nothing_is_committed_unanswered(seed);
    }
}

/// The offsets of the requests that a topic holds an answer to, in the order of the answers.
fn answers(connector: &TestConnector, topic: &str) -> BTreeMap<i32, Vec<i64>> {
    let mut answered: BTreeMap<i32, Vec<i64>> = BTreeMap::new();
    for record in connector.broker().records(topic) {
        let number = |name: &str| record.headers.text(name).and_then(|text| text.parse().ok());
        let (partition, offset) = match record.headers.text("x-request-offset") {
            Some(at) => {
                let (place, offset) = at.rsplit_once("]@").unwrap();
                let (_, partition) = place.rsplit_once('[').unwrap();
                (partition.parse().unwrap(), offset.parse().unwrap())
            }
            None => (
                number("dlq-original-partition").unwrap() as i32,
                number("dlq-original-offset").unwrap(),
            ),
        };
        answered.entry(partition).or_default().push(offset);
    }
    answered
}
