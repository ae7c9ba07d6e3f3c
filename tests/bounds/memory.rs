//! B1: memory while handlers stall on a backlog, and while the broker takes no answers.

use std::env;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use flowx_core::config::Settings;
use flowx_core::kafka::{KafkaSettings, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::runtime::plan::Bounds;
use flowx_core::runtime::status::{Finished, Status};
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_core::{Connector, HandlerError, State, flowx_handler};
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use flowx_tests::{eventually, try_eventually};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, oneshot, watch};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::outcome::Outcome;
use crate::process::{mib, resident};

pub(crate) const REQUESTS: &str = "ai.flowx.dev.bounds.trigger.stall.v1";
pub(crate) const REPLIES: &str = "ai.flowx.dev.engine.receive.bounds.stall.results.v1";

const PARTITIONS: i32 = 12;

/// Bytes of a request, and of its reply.
const SIZE: usize = 10_000;

/// Process instances: few, so that requests wait behind others up to their bound.
const PROCESSES: usize = 96;

/// What the client reads ahead of each partition, in KiB; `queued.max.messages.kbytes`.
const READ_AHEAD: usize = 4_096;

/// The largest response to a fetch; `fetch.max.bytes`, which cannot be less than the largest record.
const FETCH: usize = 52_428_800;

/// What the client keeps for each byte that waits in a queue while others are emptied: a response holds
/// records of all partitions, and stays in memory as a whole until the last of them has been taken.
const WHOLE: usize = PARTITIONS as usize;

/// What may come on top of everything that is counted.
const SLACK: usize = 64 << 20;

/// How much memory may still grow once everything is full.
const FLAT: usize = 4 << 20;

/// How long handlers stall after the whole backlog is there; only the second half has to be flat.
const STALL: Duration = Duration::from_secs(30);

/// How long the broker stands still while handlers go on.
const BROKER_STALL: Duration = Duration::from_secs(10);

const DONE_WITHIN: Duration = Duration::from_secs(900);

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Requests in the backlog
    #[arg(long, default_value_t = 100_000)]
    requests: usize,
}

/// What the process that writes the backlog needs to know.
#[derive(Debug, clap::Args)]
pub(crate) struct Fill {
    #[arg(long)]
    servers: String,
    #[arg(long)]
    requests: usize,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Stall {
    padding: String,
}

/// Waits until it may go on, and sends back what it got.
#[flowx_handler(topic = "bounds.trigger.stall")]
async fn stall(request: Stall, gate: State<watch::Receiver<bool>>) -> Result<Stall, HandlerError> {
    let mut gate = watch::Receiver::clone(&gate);
    gate.wait_for(|open| *open).await?;
    Ok(request)
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let requests = arguments.requests;
    let mut outcome = Outcome::begin(
        "Memory while handlers and the broker stall",
        format!("bounds b1 --requests {requests}"),
    );
    let cluster = KafkaCluster::start(1).await;
    let dead_letters = format!("{REQUESTS}.dlq");
    let topics = [REQUESTS, REPLIES, &dead_letters].map(|name| NewTopic::new(name, PARTITIONS, 1));
    cluster.create_topics(&topics).await;

    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(cluster.bootstrap_servers());
    settings.group = Some("bounds".to_owned());
    settings.handler_timeout = DONE_WITHIN;
    settings.retry_budget = DONE_WITHIN;
    settings.kafka.insert("queued.max.messages.kbytes".to_owned(), READ_AHEAD.to_string().into());
    let concurrency = settings.concurrency;
    let (gate, opened) = watch::channel(true);
    let connector =
        Connector::builder().only(["stall"]).settings(settings).state(opened).build()?;
    let status = connector.status();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(connector.run(async { drop(stopped.await) }));

    // Whatever is set up once is there after the first requests.
    let finished = count(&status);
    fill(&cluster, PARTITIONS as usize).await?;
    eventually(DONE_WITHIN, async || *finished.borrow() >= PARTITIONS as usize).await;
    let base = resident()?;

    gate.send(false)?;
    let watched = Watched::begin();
    fill(&cluster, requests).await?;
    watched.mark("the backlog is written");
    tokio::time::sleep(STALL / 2).await;
    let (early, _) = watched.since(Duration::from_secs(2));
    tokio::time::sleep(STALL / 2).await;
    let (late, stalled) = watched.since(STALL / 2);
    let stalled_at = *finished.borrow();

    let pid = cluster.node_pid(0).context("the broker runs")?;
    signal(pid, "STOP").await?;
    gate.send(true)?;
    tokio::time::sleep(BROKER_STALL).await;
    let (_, unacknowledged) = watched.since(BROKER_STALL);
    watched.mark("the broker goes on");
    signal(pid, "CONT").await?;
    let all = requests + PARTITIONS as usize;
    let done = try_eventually(DONE_WITHIN, async || {
        let count = *finished.borrow();
        if count >= all { Ok(()) } else { Err(format!("{count} of {all} are answered")) }
    });
    let done = done.await;
    let (_, most) = watched.since(Duration::MAX);
    drop(stop);
    running.await??;

    let bounds = Bounds::default();
    let partitions = PARTITIONS as usize;
    let terms = [
        ("before the backlog", base),
        ("read ahead by the client, each partition has a queue", partitions * (READ_AHEAD << 10)),
        ("waiting in the lanes of all partitions", partitions * bounds.waiting_bytes),
        ("requests at work, decoded as well", 2 * concurrency * SIZE),
        ("answers not acknowledged, here and in the producer", 2 * bounds.unacknowledged_bytes),
        ("allowed on top", SLACK),
    ];
    outcome.text(format!(
        "{requests} requests of {SIZE} bytes to {PARTITIONS} partitions of Apache Kafka while every \
         handler stands still; then the broker is stopped for {BROKER_STALL:?} while they go on. \
         What the bound is made of, in MiB:"
    ));
    outcome.text(terms.map(|(what, bytes)| format!("- {what}: {}\n", mib(bytes))).concat());
    let most_allowed = terms.iter().map(|(_, bytes)| bytes).sum();
    outcome.at_most("most memory while handlers stall, in MiB", mib(stalled), mib(most_allowed));
    outcome.at_most(
        "most memory until the broker goes on, in MiB",
        mib(unacknowledged),
        mib(most_allowed),
    );
    // Full queues fetch nothing; while they are worked off, a response may be under way, and those that
    // were read are emptied unevenly.
    let read_ahead = partitions * (READ_AHEAD << 10);
    let emptied = most_allowed + (WHOLE - 1) * read_ahead + FETCH;
    outcome.text(format!(
        "Once handlers go on, a response that the client has read stays as a whole until the last of its \
         records has been taken, {WHOLE} partitions' worth for each that waits at worst: {} MiB in all.",
        mib(emptied)
    ));
    outcome.at_most("most memory in all, in MiB", mib(most), mib(emptied));
    outcome.at_most(
        "growth while everything is full, in MiB",
        mib(late.saturating_sub(early)),
        mib(FLAT),
    );
    outcome.exactly("requests answered while handlers stalled", stalled_at, partitions);
    outcome.exactly("requests answered in the end", *finished.borrow(), all);
    if let Err(late) = done {
        outcome.text(late.to_string());
    }
    Ok(outcome)
}

/// Counts the requests that have ended.
pub(crate) fn count(status: &Status) -> watch::Receiver<usize> {
    let (counted, count) = watch::channel(0);
    let mut finished: broadcast::Receiver<Finished> = status.watch();
    tokio::spawn(async move {
        loop {
            let more = match finished.recv().await {
                Ok(_) => 1,
                Err(RecvError::Lagged(missed)) => usize::try_from(missed).unwrap_or(usize::MAX),
                Err(RecvError::Closed) => return,
            };
            counted.send_modify(|count| *count += more);
        }
    });
    count
}

/// Writes requests from a process of its own.
async fn fill(cluster: &KafkaCluster, requests: usize) -> anyhow::Result<()> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["fill", "--servers", &cluster.bootstrap_servers()]);
    command.args(["--requests", &requests.to_string()]);
    let status = command.kill_on_drop(true).status().await?;
    ensure!(status.success(), "the backlog could not be written");
    Ok(())
}

/// The process that writes.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn write(fill: &Fill) -> anyhow::Result<()> {
    let mut writer = Writer::connect(&KafkaSettings::new(&fill.servers, "fill"))?;
    // Each different: what travels compressed would take many times its size once it is read, and how
    // many times is nothing that a client could bound.
    let payload = || {
        let padding = (0..SIZE - 14).map(|_| fastrand::alphanumeric()).collect();
        serde_json::to_vec(&Stall { padding })
    };
    let numbers: Vec<usize> = (0..fill.requests).collect();
    for some in numbers.chunks(500) {
        let request = |number: &usize| Outbound {
            topic: REQUESTS.into(),
            partition: Some((number % PARTITIONS as usize) as i32),
            key: None,
            headers: PlatformVersion::V5_9.headers(&format!("p-{}", number % PROCESSES), 1),
            payload: payload().ok(),
        };
        writer.write(&some.iter().map(request).collect::<Vec<_>>()).await?;
    }
    Ok(())
}

async fn signal(pid: u32, name: &str) -> anyhow::Result<()> {
    let script = format!("kill -{name} {pid}");
    let status = Command::new("sh").args(["-c", &script]).status().await?;
    ensure!(status.success(), "`{script}` ended with {status}");
    Ok(())
}

/// Resident memory over time.
pub(crate) struct Watched(Arc<std::sync::Mutex<Vec<(Instant, usize)>>>);

impl Watched {
    /// Looks four times a second from now on.
    pub(crate) fn begin() -> Self {
        let samples = Arc::<std::sync::Mutex<Vec<_>>>::default();
        let watched = Self(Arc::clone(&samples));
        tokio::spawn(async move {
            let mut ticks = interval(Duration::from_millis(250));
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let at = ticks.tick().await;
                let now = resident().unwrap_or(usize::MAX);
                samples.lock().expect("nobody panics with it").push((at, now));
            }
        });
        watched
    }

    fn mark(&self, what: &str) {
        let samples = self.0.lock().expect("nobody panics with it");
        let last = samples.last().map_or(0, |(_, bytes)| *bytes);
        println!("{what}: {} MiB", mib(last));
    }

    /// The most in the last part of the time, and the most in all.
    pub(crate) fn since(&self, last: Duration) -> (usize, usize) {
        let samples = self.0.lock().expect("nobody panics with it");
        let most = |part: &[(Instant, usize)]| part.iter().map(|(_, bytes)| *bytes).max();
        let recent = samples.iter().position(|(at, _)| at.elapsed() <= last).unwrap_or(0);
        (most(&samples[recent..]).unwrap_or(0), most(&samples).unwrap_or(0))
    }
}
