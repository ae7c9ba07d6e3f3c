//! Retry topics under everything at once, in an order that a seed decides: whatever happens, no
//! request is lost on its way from topic to topic, and all of its answers are one request's.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use fastrand::Rng;
use flowx_core::message::record::Record;
use flowx_core::runtime::port::SendError;
use flowx_core::testing::TestConnector;
use flowx_core::testing::memory::{Fault, MemoryBroker};
use serde_json::json;

use crate::retry_topics::{AFTER_5M, AFTER_30S, ANSWERS, ASIDE, MAILS, open_on};
use crate::shop::pass;

const GROUP: &str = "chaos";
const PARTITIONS: i32 = 2;
const SEEDS: u64 = 60;
const STEPS: usize = 100;

/// In the order in which a request passes them.
const READ: [&str; 3] = [MAILS, AFTER_30S, AFTER_5M];

/// Partition and offset of an original request.
type Request = (i32, i64);

struct Story {
    rng: Rng,
    broker: MemoryBroker,
    connector: TestConnector,
    /// Partitions that were taken away.
    away: BTreeSet<(usize, i32)>,
}

#[tokio::test(start_paused = true)]
async fn no_request_is_lost_between_its_topics_whatever_fails_and_whoever_comes_and_goes() {
    for seed in 0..SEEDS {
        let mut story = Story::begin(seed).await;
        for _ in 0..STEPS {
            match story.rng.u8(0..100) {
                0..35 => story.send(),
                35..58 => pass(Duration::from_millis(story.rng.u64(0..40_000))).await,
                58..67 => story.disturb(),
                67..72 => story.broker.repair(),
                72..78 => story.hold(),
                78..84 => story.take_away().await,
                84..90 => story.give_back(),
                90..93 => story.connector.member().fail_commits(1, "not now"),
                _ => story.replace().await,
            }
            story.nothing_is_committed_that_stands_nowhere_else(seed);
        }
        story.all_ends_well(seed).await;
    }
}

impl Story {
    async fn begin(seed: u64) -> Self {
        // The waits of retries come from this thread's generator.
        fastrand::seed(seed);
        let broker = MemoryBroker::new();
        READ.iter().for_each(|topic| broker.create_topic(topic, PARTITIONS as usize));
        let (connector, _) = open_on(&broker, GROUP).await;
        Self { rng: Rng::with_seed(seed), broker, connector, away: BTreeSet::new() }
    }

    fn send(&mut self) {
        let acts = ["reply", "refuse", "retry", "retry", "panic", "hang", "broken-reply", "?"];
        let mail = json!({"act": acts[self.rng.usize(0..acts.len())], "from": self.rng.u8(0..4)});
        let partition = self.rng.i32(0..PARTITIONS);
        let _ = self.connector.handler("mail").partition(partition).json(&mail).post();
    }

    fn disturb(&mut self) {
        let error = match self.rng.u8(0..3) {
            0 => SendError::Full,
            1 => SendError::Failed("not available".to_owned()),
            _ => SendError::Rejected("too large".to_owned()),
        };
        let fault = match self.rng.bool() {
            true => Fault::on_delivery(error),
            false => Fault::on_send(error),
        };
        let written = [ANSWERS, ASIDE, AFTER_30S, AFTER_30S, AFTER_5M];
        let topic = written[self.rng.usize(0..written.len())];
        self.broker.inject(fault.times(self.rng.u32(1..4)).topic(topic));
    }

    /// Holds acknowledgements, or lets some of them go, in any order.
    fn hold(&mut self) {
        if self.rng.u8(0..3) == 0 {
            return self.broker.release_all();
        }
        self.broker.hold_acknowledgements();
        for _ in 0..self.rng.usize(0..4) {
            let held = self.broker.held().len();
            if held > 0 {
                self.broker.release(self.rng.usize(0..held));
            }
        }
    }

    async fn take_away(&mut self) {
        let place = (self.rng.usize(0..READ.len()), self.rng.i32(0..PARTITIONS));
        if !self.away.insert(place) {
            return;
        }
        let partition = [(READ[place.0], place.1)];
        match self.rng.bool() {
            true => self.connector.member().lose(&partition),
            false => {
                self.connector.member().revoke(&partition).finished().await;
            }
        }
    }

    fn give_back(&mut self) {
        if let Some((topic, partition)) = self.away.pop_first() {
            self.connector.member().assign(READ[topic], partition);
        }
    }

    /// Another connector takes over, from one that stops or that dies.
    async fn replace(&mut self) {
        let (next, _) = open_on(&self.broker, GROUP).await;
        let last = std::mem::replace(&mut self.connector, next);
        match self.rng.bool() {
            true => last.kill().await,
            false => last.stop().await.unwrap(),
        }
    }

    /// What is committed on one topic is answered, put aside, or on a later topic.
    fn nothing_is_committed_that_stands_nowhere_else(&self, seed: u64) {
        let mut kept: BTreeSet<Request> = BTreeSet::new();
        for topic in [ANSWERS, ASIDE] {
            kept.extend(self.broker.records(topic).iter().map(request));
        }
        for topic in READ.iter().rev() {
            let records = self.broker.records(topic);
            let committed = |record: &&Record| {
                let committed = self.broker.committed(GROUP, topic, record.at.partition);
                committed.is_some_and(|committed| record.at.offset < committed)
            };
            for record in records.iter().filter(committed) {
                assert!(kept.contains(&request(record)), "seed {seed}: {} is lost", record.at);
            }
            kept.extend(records.iter().map(request));
        }
    }

    /// Everything is mended: every request is answered under one identity, and committed.
    async fn all_ends_well(&mut self, seed: u64) {
        self.broker.repair();
        self.broker.release_all();
        while !self.away.is_empty() {
            self.give_back();
        }
        for topic in READ {
            for partition in 0..PARTITIONS {
                let records = self.broker.records(topic);
                let count = records.iter().filter(|one| one.at.partition == partition).count();
                if count > 0 {
                    let (group, count) = (GROUP, i64::try_from(count).unwrap());
                    self.broker.wait_for_commit(group, topic, partition, count).await;
                }
            }
        }
        self.nothing_is_committed_that_stands_nowhere_else(seed);
        let mut identities: BTreeMap<Request, BTreeSet<String>> = BTreeMap::new();
        for (topic, id) in
            [(ANSWERS, "x-reply-id"), (ASIDE, "dlq-id"), (AFTER_5M, "flowx-retry-id")]
        {
            for record in self.broker.records(topic) {
                let id = record.headers.text(id).unwrap().to_owned();
                identities.entry(request(&record)).or_default().insert(id);
            }
        }
        for (request, ids) in identities {
            assert_eq!(ids.len(), 1, "seed {seed}: {request:?} has {ids:?}");
        }
    }
}

/// The original that a record belongs to: itself, if it says nothing else.
fn request(record: &Record) -> Request {
    let text = |name: &str| record.headers.text(name);
    let number = |name: &str| text(name).map(|text| text.parse::<i64>().unwrap());
    if let Some(at) = text("x-request-offset") {
        let (place, offset) = at.rsplit_once("]@").unwrap();
        let partition = place.strip_prefix(MAILS).unwrap().strip_prefix('[').unwrap();
        return (partition.parse().unwrap(), offset.parse().unwrap());
    }
    for kind in ["dlq", "flowx-retry"] {
        let coordinate = |name: &str| number(&format!("{kind}-original-{name}"));
        if let (Some(partition), Some(offset)) = (coordinate("partition"), coordinate("offset")) {
            assert_eq!(text(&format!("{kind}-original-topic")), Some(MAILS));
            return (i32::try_from(partition).unwrap(), offset);
        }
    }
    (record.at.partition, record.at.offset)
}
