//! Hands requests on as replies, as fast as librdkafka can: the floor of the comparison.

mod client;
mod tracker;

use std::collections::HashMap;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use client::{Consumer, Producer};
use tracker::Tracker;

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// As long as an ordinary reply.
const REPLY: usize = 230;

/// Above it, reading waits for acknowledgements; below the producer's own bound, which is never met.
const UNACKNOWLEDGED: usize = 20_000;

const STORE_EVERY: Duration = Duration::from_millis(200);

fn main() -> Result<(), Box<dyn Error>> {
    let stop = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGTERM, Arc::clone(&stop))?;
    let brokers = std::env::var("BENCH_BROKERS")?;
    let requests = std::env::var("BENCH_REQUESTS")?;
    let replies = std::env::var("BENCH_REPLIES")?;
    let group = std::env::var("BENCH_GROUP")?;

    let mut producer = Producer::connect(
        &[
            ("bootstrap.servers", &brokers),
            ("acks", "all"),
            ("enable.idempotence", "true"),
            ("linger.ms", "1"),
            ("partitioner", "murmur2_random"),
        ],
        &replies,
    )?;
    let consumer = Consumer::connect(
        &[
            ("bootstrap.servers", &brokers),
            ("group.id", &group),
            ("auto.offset.reset", "earliest"),
            ("enable.auto.offset.store", "false"),
            ("auto.commit.interval.ms", "1000"),
            ("partition.assignment.strategy", "cooperative-sticky"),
            ("queued.max.messages.kbytes", "8192"),
            ("fetch.queue.backoff.ms", "10"),
        ],
        &requests,
    )?;

    let mut trackers: HashMap<i32, Tracker> = HashMap::new();
    let mut unacknowledged = 0;
    let mut stored = Instant::now();
    while !stop.load(Ordering::Relaxed) || unacknowledged > 0 {
        let is_reading = !stop.load(Ordering::Relaxed) && unacknowledged < UNACKNOWLEDGED;
        let mut records = 0;
        if is_reading {
            records = consumer.take(unacknowledged == 0, |record| {
                let tracker = trackers.entry(record.partition()).or_default();
                let number = tracker.begin(record.offset());
                unacknowledged += 1;
                producer.hand_on(record, REPLY, number)
            })?;
        }
        // Sleeps only if there is nothing to read.
        let wait = Duration::from_millis(u64::from(records == 0 && unacknowledged > 0));
        for (partition, number) in producer.delivered(wait)? {
            unacknowledged -= 1;
            if let Some(tracker) = trackers.get_mut(&partition) {
                tracker.finish(number);
            }
        }
        if stored.elapsed() >= STORE_EVERY {
            store(&consumer, &mut trackers);
            stored = Instant::now();
        }
    }
    store(&consumer, &mut trackers);
    consumer.close()
}

/// What may be committed is kept for the next commit, which librdkafka makes every second.
fn store(consumer: &Consumer, trackers: &mut HashMap<i32, Tracker>) {
    for (partition, tracker) in trackers {
        if let Some(offset) = tracker.moved() {
            consumer.store(*partition, offset);
        }
    }
}
