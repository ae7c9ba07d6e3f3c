//! B3: requests that fail and fail again wait for their next attempt, bounded in number; beyond that
//! nothing is read.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Coordinates, Outbound, Record};
use flowx_core::runtime::plan::Bounds;
use flowx_core::runtime::port::{
    Assignment, Delivery, Epoch, Position, SendError, Sink, Source, SourceEvent, Token,
};
use flowx_core::{Connector, HandlerError, State, flowx_handler};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::outcome::Outcome;
use crate::process::{mib, resident};

const TOPIC: &str = "ai.flowx.dev.bounds.trigger.fail.v1";

const PARTITIONS: usize = 12;

/// Process instances of each partition: fewer than can be at work, so that requests wait behind others.
const PROCESSES: usize = 16;

/// Attempts of each request.
const ATTEMPTS: usize = 5;

/// What the runtime may keep besides the requests themselves.
const SLACK: usize = 64 << 20;

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Attempts that fail, in all
    #[arg(long, default_value_t = 1_000_000)]
    failures: usize,
}

/// What is counted on the way.
#[derive(Default)]
struct Counts {
    failures: AtomicUsize,
    read: AtomicUsize,
    ended: AtomicUsize,
    most_at_work: AtomicUsize,
    most_memory: AtomicUsize,
    done: Notify,
}

#[derive(Deserialize, JsonSchema)]
struct Request {}

/// Never succeeds.
#[flowx_handler(topic = "bounds.trigger.fail")]
async fn fail(_: Request, counts: State<Arc<Counts>>) -> Result<(), HandlerError> {
    counts.failures.fetch_add(1, Ordering::Relaxed);
    Err(HandlerError::retry("never"))
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let requests = arguments.failures.div_ceil(ATTEMPTS);
    let mut outcome = Outcome::begin(
        "Requests at work while every attempt fails",
        format!("bounds b3 --failures {}", arguments.failures),
    );
    outcome.text(format!(
        "{requests} requests to {PARTITIONS} partitions, {ATTEMPTS} attempts each, over a source and \
         a sink that never hold anything up; tokio's clock is paused, so waits take no time."
    ));
    let counts = Arc::<Counts>::default();
    let mut settings = Settings::default();
    settings.group = Some("bounds".to_owned());
    settings.retry_attempts = ATTEMPTS as u32;
    let concurrency = settings.concurrency;
    let connector = Connector::builder()
        .only(["fail"])
        .settings(settings)
        .state(Arc::clone(&counts))
        .build()?;
    let base = resident()?;
    counts.most_memory.store(base, Ordering::Relaxed);
    let (reports, reported) = unbounded_channel();
    let sink = Acknowledging { counts: Arc::clone(&counts), requests, reports, reported };
    let source = Backlog::new(&counts, requests);
    connector.run_between(source, sink, counts.done.notified()).await?;

    let load = |count: &AtomicUsize| count.load(Ordering::Relaxed);
    outcome.exactly("requests that were put aside", load(&counts.ended), requests);
    outcome.at_least("attempts that failed", load(&counts.failures), arguments.failures);
    let bounds = Bounds::default();
    // A partition is full when as many wait as may, and the record that shows it is taken in.
    let most = concurrency + PARTITIONS * bounds.waiting;
    outcome.at_most("most requests read and not ended", load(&counts.most_at_work), most);
    outcome.at_least(
        "the same, to show that there were more than could be at work",
        load(&counts.most_at_work),
        concurrency.min(requests),
    );
    let grown = load(&counts.most_memory) - base;
    outcome.at_most("most memory above the beginning, in MiB", mib(grown), mib(SLACK));
    Ok(outcome)
}

/// As many requests as are wanted, made up when they are read.
struct Backlog {
    counts: Arc<Counts>,
    events: VecDeque<SourceEvent>,
    next: HashMap<Epoch, i64>,
    left: usize,
}

impl Backlog {
    fn new(counts: &Arc<Counts>, requests: usize) -> Self {
        let assigned = (0..PARTITIONS).map(|partition| Assignment {
            cluster: "bounds".into(),
            epoch: Epoch(partition as u64),
            topic: TOPIC.into(),
            partition: partition as i32,
        });
        let assigned: Vec<_> = assigned.collect();
        let next = assigned.iter().map(|one| (one.epoch, 0)).collect();
        let events = [SourceEvent::Assigned(assigned)].into();
        Self { counts: Arc::clone(counts), events, next, left: requests }
    }
}

impl Source for Backlog {
    async fn event(&mut self) -> SourceEvent {
        match self.events.pop_front() {
            Some(event) => event,
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, epoch: Epoch) -> Option<Record> {
        self.left = self.left.checked_sub(1)?;
        let next = self.next.get_mut(&epoch)?;
        let offset = *next;
        *next += 1;
        let counts = &self.counts;
        let read = counts.read.fetch_add(1, Ordering::Relaxed) + 1;
        let at_work = read - counts.ended.load(Ordering::Relaxed);
        counts.most_at_work.fetch_max(at_work, Ordering::Relaxed);
        if read.is_multiple_of(1_000) {
            let now = resident().unwrap_or(usize::MAX);
            counts.most_memory.fetch_max(now, Ordering::Relaxed);
        }
        let process = format!("{}-{}", epoch.0, offset as usize % PROCESSES);
        let mut headers = Headers::default();
        headers.push_text("processInstanceUuid", &process);
        Some(Record {
            at: Coordinates { topic: TOPIC.into(), partition: epoch.0 as i32, offset },
            timestamp: None,
            key: None,
            headers,
            payload: Some(b"{}".to_vec()),
        })
    }

    fn commit(&mut self, positions: Vec<Position>) {
        self.events.push_back(SourceEvent::Committed(positions));
    }

    async fn close(self, _: Vec<Position>, _: Duration) -> Result<(), String> {
        Ok(())
    }
}

/// Takes everything and acknowledges it at once.
struct Acknowledging {
    counts: Arc<Counts>,
    requests: usize,
    reports: UnboundedSender<Delivery>,
    reported: UnboundedReceiver<Delivery>,
}

impl Sink for Acknowledging {
    fn send(&mut self, record: &Outbound, token: Token) -> Result<(), SendError> {
        if record.topic.ends_with(".dlq") {
            let ended = self.counts.ended.fetch_add(1, Ordering::Relaxed) + 1;
            if ended == self.requests {
                self.counts.done.notify_one();
            }
        }
        // The other end is this very sink.
        let _ = self.reports.send(Delivery { token, result: Ok(()) });
        Ok(())
    }

    async fn delivered(&mut self) -> Delivery {
        match self.reported.recv().await {
            Some(delivery) => delivery,
            None => std::future::pending().await,
        }
    }
}
