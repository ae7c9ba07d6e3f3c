//! Requests as the engine sends them, at a steady rate.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use fastrand::Rng;
use flowx_core::kafka::{KafkaSettings, Writer};
use flowx_core::message::envelope::PROCESS_INSTANCE_UUID;
use flowx_core::message::headers::Headers;
use flowx_core::message::record::Outbound;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::ledger::Expected;
use serde_json::json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::connector::{Fate, Work};
use crate::plan::Plan;
use crate::scene::Scene;

/// More failures than there are attempts.
const FOR_EVER: u32 = 1_000;

/// Keys of each partition that is added on the way.
const KEYS_OF_NEW_PARTITION: u64 = 4;

const TICK: Duration = Duration::from_millis(50);

/// The most that is sent at once after a time in which nothing could be.
const MOST_AT_ONCE: u64 = 500;

/// Makes up requests; the same seed makes the same ones.
pub(crate) struct Composer {
    rng: Rng,
    plan: Plan,
    topic: String,
    next: u64,
    by_key: Vec<u64>,
}

impl Composer {
    pub(crate) fn new(plan: &Plan, scene: &Scene) -> Self {
        let growth = u64::try_from(plan.growth).expect("partitions are added, not removed");
        let keys = plan.keys + growth * KEYS_OF_NEW_PARTITION;
        Self {
            rng: Rng::with_seed(plan.seed ^ 0x5eed),
            plan: plan.clone(),
            topic: scene.requests.clone(),
            next: 0,
            by_key: vec![0; usize::try_from(keys).expect("few keys")],
        }
    }

    /// The next request. Keys never change their partition: which one it is does not depend on how
    /// many there are, and new partitions have new keys.
    fn compose(&mut self, has_grown: bool) -> Outbound {
        let Plan { keys, partitions, growth, .. } = self.plan;
        let new = self.by_key.len() as u64 - keys;
        let (key, partition) = if has_grown && new > 0 && self.rng.u8(..10) == 0 {
            let new = self.rng.u64(..new);
            (keys + new, partitions + (new % growth.unsigned_abs() as u64) as i32)
        } else {
            let key = self.rng.u64(..keys);
            (key, (key % partitions.unsigned_abs() as u64) as i32)
        };
        let seq = self.next;
        self.next += 1;
        let count = &mut self.by_key[key as usize];
        let key_seq = std::mem::replace(count, *count + 1);
        self.request(
            Work {
                run: self.plan.seed,
                seq,
                key,
                key_seq,
                millis: 0,
                fate: Fate::Reply,
                failures: 0,
                sync: false,
            },
            partition,
        )
    }

    fn request(&mut self, mut work: Work, partition: i32) -> Outbound {
        work.millis = self.rng.u64(..=50);
        work.sync = self.rng.u8(..100) == 0;
        let (mut expected, mut is_readable, mut is_anonymous) = (Expected::Answer, true, false);
        match self.rng.u32(..1_000) {
            0..900 => {}
            900..950 => work.fate = Fate::Refuse,
            950..985 => work.failures = self.rng.u32(1..3),
            985..990 => {
                work.failures = FOR_EVER;
                expected = Expected::AnswerAndDeadLetter;
            }
            990..996 => {
                is_readable = false;
                expected = Expected::AnswerAndDeadLetter;
            }
            _ => {
                (is_readable, is_anonymous) = (false, true);
                expected = Expected::DeadLetter;
            }
        }
        let mut json = serde_json::to_value(&work).expect("a request is JSON");
        json["expected"] = json!(expected_name(expected));
        if !is_readable {
            json["millis"] = json!("as long as it takes");
        }
        let uuid = format!("00000000-0000-4000-8000-{:012x}", work.key);
        Outbound {
            topic: self.topic.as_str().into(),
            partition: Some(partition),
            headers: headers(&uuid, &work, is_anonymous),
            key: Some(uuid.into_bytes()),
            payload: Some(json.to_string().into_bytes()),
        }
    }
}

/// The engine's headers, and some that are legal and odd.
fn headers(uuid: &str, work: &Work, is_anonymous: bool) -> Headers {
    let mut headers = Headers::default();
    let engine = PlatformVersion::V5_9.headers(uuid, work.key);
    for (name, value) in engine.iter() {
        // A request that does not name its process cannot be answered.
        if !is_anonymous || !name.starts_with("processInstance") {
            headers.push(name, value);
        }
    }
    debug_assert!(is_anonymous || headers.contains(PROCESS_INSTANCE_UUID));
    headers.push_text("step", &work.seq.to_string());
    headers.push("nothing", None);
    headers.push("bytes", Some(&[0, 0xff, 0xfe]));
    headers.push_text("step", "twice");
    headers
}

fn expected_name(expected: Expected) -> &'static str {
    match expected {
        Expected::Answer => "answer",
        Expected::AnswerAndDeadLetter => "both",
        Expected::DeadLetter => "dead-letter",
    }
}

/// What was said of a request when it was sent.
pub(crate) fn expected(name: &str) -> Option<Expected> {
    [Expected::Answer, Expected::AnswerAndDeadLetter, Expected::DeadLetter]
        .into_iter()
        .find(|expected| expected_name(*expected) == name)
}

/// Sends all requests of the plan, evenly over its time; each is acknowledged when it returns.
pub(crate) async fn send(plan: &Plan, scene: &Scene, has_grown: &AtomicBool) -> anyhow::Result<()> {
    let connect = || Writer::connect(&KafkaSettings::new(&scene.servers, "chaos-engine"));
    let mut composer = Composer::new(plan, scene);
    let (mut writer, mut knows_all) = (connect()?, false);
    let began = Instant::now();
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while composer.next < plan.requests {
        ticks.tick().await;
        let share = began.elapsed().as_secs_f64() / plan.sending.as_secs_f64();
        let due = plan.requests.min((plan.requests as f64 * share) as u64);
        let has_grown = has_grown.load(Ordering::Relaxed);
        if has_grown && !knows_all {
            // The old one would not hear of the new partitions for minutes.
            (writer, knows_all) = (connect()?, true);
        }
        let count = (due - composer.next).min(MOST_AT_ONCE);
        let batch: Vec<_> = (0..count).map(|_| composer.compose(has_grown)).collect();
        // The writer's patience is longer than any fault of the schedule.
        writer.write(&batch).await.context("requests could not be sent")?;
    }
    Ok(())
}
