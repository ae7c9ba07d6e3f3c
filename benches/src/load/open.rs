//! Requests that come when they are due, however long the ones before them take.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use rdkafka::Message as _;
use rdkafka::consumer::BaseConsumer;

use super::{Feeder, Maker, sequence_of};
use crate::broker::Broker;

/// Requests whose time is kept until they are answered.
const KEPT: usize = 1 << 22;

/// How long what is under way is waited for.
const SETTLED_WITHIN: Duration = Duration::from_secs(20);

/// A request that got its first reply.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answered {
    pub(crate) sequence: u64,
    /// From when it was due to when its reply was read.
    pub(crate) took: Duration,
}

/// What was sent in one go.
#[derive(Clone, Debug)]
pub(crate) struct Phase {
    pub(crate) sequences: std::ops::Range<u64>,
    /// Replies a second while it lasted, but for its first fifth.
    pub(crate) rate: f64,
    /// Requests a second that were sent.
    pub(crate) offered: f64,
}

/// Writes requests into a topic and reads the replies as they come.
pub(crate) struct OpenLoop {
    feeder: Feeder,
    maker: Maker,
    next: u64,
    shared: Arc<Shared>,
    answers: mpsc::Receiver<Answered>,
    reader: Option<JoinHandle<anyhow::Result<()>>>,
}

struct Shared {
    began: Instant,
    /// When each request was due, in nanoseconds; the last ones of them.
    due: Vec<AtomicU64>,
    answered: AtomicU64,
    stop: AtomicBool,
}

impl OpenLoop {
    pub(crate) fn begin(
        broker: &Broker,
        maker: Maker,
        (requests, replies): (&str, &str),
        partitions: i32,
    ) -> anyhow::Result<Self> {
        let shared = Arc::new(Shared {
            began: Instant::now(),
            due: std::iter::repeat_with(AtomicU64::default).take(KEPT).collect(),
            answered: AtomicU64::new(0),
            stop: AtomicBool::new(false),
        });
        let consumer = broker.read(replies, partitions)?;
        let (answered, answers) = mpsc::channel();
        let for_reader = Arc::clone(&shared);
        let reader = std::thread::spawn(move || read(&consumer, &for_reader, &answered));
        let feeder = Feeder::connect(broker.servers(), requests)?;
        Ok(Self { feeder, maker, next: 0, shared, answers, reader: Some(reader) })
    }

    /// How many were sent so far.
    pub(crate) const fn sent(&self) -> u64 {
        self.next
    }

    /// Sends one request and waits for its reply, as long as `goes_on` says so.
    pub(crate) fn first(
        &mut self,
        mut goes_on: impl FnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        self.send(Instant::now())?;
        while self.under_way() > 0 {
            goes_on()?;
            self.feeder.poll();
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// Sends as many as are answered, with no more than `window` under way: what a contender can do
    /// while requests come.
    pub(crate) fn saturate(&mut self, window: u64, time: Duration) -> anyhow::Result<Phase> {
        self.phase(time, |this, _| {
            let room = window.saturating_sub(this.under_way());
            for _ in 0..room {
                this.send(Instant::now())?;
            }
            Ok(if room == 0 { Duration::from_micros(200) } else { Duration::ZERO })
        })
    }

    /// Sends so many a second, each when it is due.
    pub(crate) fn hold(&mut self, rate: f64, time: Duration) -> anyhow::Result<Phase> {
        let first = self.next;
        self.phase(time, |this, began| {
            let due = |number: u64| began + Duration::from_secs_f64((number - first) as f64 / rate);
            let now = Instant::now();
            // Not more at once than would keep the client from being served.
            for _ in 0..1_000 {
                if due(this.next) > now {
                    break;
                }
                this.send(due(this.next))?;
            }
            let next = due(this.next).saturating_duration_since(Instant::now());
            Ok(next.min(Duration::from_micros(500)))
        })
    }

    /// Waits until everything is answered, or nothing more can be expected; says how many are not.
    pub(crate) fn settle(&self) -> anyhow::Result<u64> {
        self.feeder.finish()?;
        let began = Instant::now();
        while self.under_way() > 0 && began.elapsed() < SETTLED_WITHIN {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(self.under_way())
    }

    /// The requests answered since the last call.
    pub(crate) fn answered(&self) -> impl Iterator<Item = Answered> {
        self.answers.try_iter()
    }

    /// How many have no reply yet.
    pub(crate) fn under_way(&self) -> u64 {
        self.next - self.shared.answered.load(Ordering::Acquire)
    }

    /// Ends the reading of replies.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.shared.stop.store(true, Ordering::Release);
        let reader = self.reader.take().context("it was ended before")?;
        reader.join().map_err(|_| anyhow::anyhow!("the reader of replies panicked"))?
    }

    fn phase(
        &mut self,
        time: Duration,
        mut step: impl FnMut(&mut Self, Instant) -> anyhow::Result<Duration>,
    ) -> anyhow::Result<Phase> {
        let (began, first) = (Instant::now(), self.next);
        let mut warm = None;
        while began.elapsed() < time {
            let pause = step(self, began)?;
            self.feeder.poll();
            let answered = self.shared.answered.load(Ordering::Acquire);
            if began.elapsed() * 5 >= time {
                warm.get_or_insert((Instant::now(), answered));
            }
            if !pause.is_zero() {
                std::thread::sleep(pause);
            }
        }
        let (since, before) = warm.unwrap_or((began, 0));
        let answered = self.shared.answered.load(Ordering::Acquire) - before;
        Ok(Phase {
            sequences: first..self.next,
            rate: answered as f64 / since.elapsed().as_secs_f64(),
            offered: (self.next - first) as f64 / began.elapsed().as_secs_f64(),
        })
    }

    fn send(&mut self, due: Instant) -> anyhow::Result<()> {
        ensure!(self.under_way() < KEPT as u64, "more than {KEPT} requests are not answered");
        let since = due.saturating_duration_since(self.shared.began);
        let since = u64::try_from(since.as_nanos()).unwrap_or(u64::MAX);
        self.shared.due[self.next as usize % KEPT].store(since, Ordering::Release);
        self.feeder.send(&self.maker.request(self.next))?;
        self.next += 1;
        Ok(())
    }
}

impl Drop for OpenLoop {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Release);
        if let Some(reader) = self.reader.take() {
            // What it failed of is of no use any more.
            let _ = reader.join();
        }
    }
}

fn read(
    consumer: &BaseConsumer,
    shared: &Shared,
    answered: &mpsc::Sender<Answered>,
) -> anyhow::Result<()> {
    let mut seen = Seen::default();
    while !shared.stop.load(Ordering::Acquire) {
        let Some(record) = consumer.poll(Duration::from_millis(50)) else { continue };
        let record = record.context("cannot read replies")?;
        let now = shared.began.elapsed();
        let Some(sequence) = record.payload().and_then(sequence_of) else { continue };
        if !seen.is_new(sequence) {
            continue;
        }
        let due = shared.due[sequence as usize % KEPT].load(Ordering::Acquire);
        let took = now.saturating_sub(Duration::from_nanos(due));
        // Whoever listens may have gone; the count is still wanted.
        let _ = answered.send(Answered { sequence, took });
        shared.answered.fetch_add(1, Ordering::AcqRel);
    }
    Ok(())
}

/// Which numbers have been there: a bit for each.
#[derive(Debug, Default)]
struct Seen(Vec<u64>);

impl Seen {
    fn is_new(&mut self, number: u64) -> bool {
        let (word, bit) = ((number / 64) as usize, 1 << (number % 64));
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        let is_new = self.0[word] & bit == 0;
        self.0[word] |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::Seen;

    #[test]
    fn a_number_is_new_once() {
        let mut seen = Seen::default();
        for number in [0, 63, 64, 1_000] {
            assert!(seen.is_new(number));
            assert!(!seen.is_new(number));
        }
    }
}
