//! B4: memory for batches that unpack to about a thousand times their size.

use std::env;
use std::process::Stdio;
use std::time::Duration;

use anyhow::ensure;
use flowx_core::Connector;
use flowx_core::config::Settings;
use flowx_core::kafka::{KafkaSettings, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::eventually;
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use tokio::process::Command;
use tokio::sync::{oneshot, watch};

use crate::memory::{REPLIES, REQUESTS, Watched, count};
use crate::outcome::Outcome;
use crate::process::{mib, resident};

/// Bytes of a request before it is packed.
const SIZE: usize = 1 << 20;

/// Requests in a batch.
const IN_A_BATCH: usize = 256;

/// What gzip makes of a batch at best: 1 032 bytes out of each.
const PACKED: usize = SIZE * IN_A_BATCH / 1_000;

/// What may come on top: lanes, the request at work, and what the allocator keeps.
const SLACK: usize = 96 << 20;

/// How long memory is looked at.
const LOOK: Duration = Duration::from_secs(5);

const WITHIN: Duration = Duration::from_secs(300);

/// What the process that writes the batches needs to know.
#[derive(Debug, clap::Args)]
pub(crate) struct Pack {
    #[arg(long)]
    servers: String,
    #[arg(long)]
    topic: String,
    #[arg(long)]
    batches: usize,
    #[arg(long, default_value_t = IN_A_BATCH)]
    requests: usize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
pub(crate) async fn run() -> anyhow::Result<Outcome> {
    let title = "Memory for batches that unpack to a thousand times their size";
    let mut outcome = Outcome::begin(title, "bounds b4".to_owned());
    let cluster = KafkaCluster::start(1).await;
    let small = "ai.flowx.dev.bounds.small-batches.v1";
    let dead_letters = format!("{REQUESTS}.dlq");
    let mut topics =
        [REQUESTS, REPLIES, &dead_letters].map(|name| NewTopic::new(name, 1, 1)).to_vec();
    let limit = (PACKED / 2).to_string();
    topics.push(NewTopic::new(small, 1, 1).setting("max.message.bytes", limit));
    cluster.create_topics(&topics).await;

    ensure!(pack(&cluster, REQUESTS, 1, 1).await?, "a single request could not be written");
    let (base, one) = most(&cluster, "one").await?;
    ensure!(pack(&cluster, REQUESTS, 1, IN_A_BATCH).await?, "a batch could not be written");
    let (_, one_batch) = most(&cluster, "two").await?;
    ensure!(pack(&cluster, REQUESTS, 3, IN_A_BATCH).await?, "batches could not be written");
    let (_, four_batches) = most(&cluster, "three").await?;
    let refused = !pack(&cluster, small, 1, IN_A_BATCH).await?;

    let batch = SIZE * IN_A_BATCH;
    outcome.text(format!(
        "A batch of {IN_A_BATCH} requests of 1 MiB, packed by gzip to about {} KiB, in one partition of \
         Apache Kafka, while the handler stands still. Before: {} MiB, with one request there {} MiB. A \
         client unpacks a batch as a whole, and keeps it until the last of its records has been taken; it \
         does so with every whole batch of what it fetches for a partition at once \
         (`fetch.message.max.bytes`, 1 MiB), whatever it has read ahead by then.",
        PACKED >> 10,
        mib(base),
        mib(one),
    ));
    let allowed = |batches: usize| mib(base + batches * batch + SLACK);
    outcome.at_most("most memory with one batch, in MiB", mib(one_batch), allowed(1));
    outcome.at_most("most memory with four batches, in MiB", mib(four_batches), allowed(4));
    outcome.at_least("so it is there as a whole, in MiB", mib(one_batch), mib(batch));
    outcome.text(
        "No setting of the client bounds it but those for what travels; the topic's `max.message.bytes` \
         does. Where it is half of the packed batch, the broker takes none:",
    );
    outcome.exactly("such batches refused by the broker", usize::from(refused), 1);
    Ok(outcome)
}

/// Memory before a connector of this group has read what is there, and the most while it stands still.
async fn most(cluster: &KafkaCluster, group: &str) -> anyhow::Result<(usize, usize)> {
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(cluster.bootstrap_servers());
    settings.group = Some(group.to_owned());
    settings.handler_timeout = WITHIN;
    settings.retry_budget = WITHIN;
    // What stands still is left behind.
    settings.drain = Duration::from_secs(1);
    let (_gate, closed) = watch::channel(false);
    let connector =
        Connector::builder().only(["stall"]).settings(settings).state(closed).build()?;
    let status = connector.status();
    let finished = count(&status);
    let base = resident()?;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(connector.run(async { drop(stopped.await) }));
    let watched = Watched::begin();
    eventually(WITHIN, async || status.handlers().iter().any(|one| one.in_flight > 0)).await;
    tokio::time::sleep(LOOK).await;
    let (_, most) = watched.since(Duration::MAX);
    ensure!(*finished.borrow() == 0, "the handler stands still");
    drop(stop);
    running.await??;
    Ok((base, most))
}

/// Writes batches from a process of its own, so that its memory is not in the way; whether the broker took
/// them.
async fn pack(
    cluster: &KafkaCluster,
    topic: &str,
    batches: usize,
    requests: usize,
) -> anyhow::Result<bool> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["pack", "--servers", &cluster.bootstrap_servers(), "--topic", topic]);
    command.args(["--batches", &batches.to_string(), "--requests", &requests.to_string()]);
    // That it fails may be what is wanted.
    command.stderr(Stdio::null());
    Ok(command.kill_on_drop(true).status().await?.success())
}

/// The process that writes.
#[tokio::main(flavor = "current_thread")]
pub(crate) async fn write(pack: &Pack) -> anyhow::Result<()> {
    let mut settings = KafkaSettings::new(&pack.servers, "pack");
    settings.message_max_bytes = 2 * SIZE * IN_A_BATCH;
    for (name, value) in [
        ("compression.type", "gzip"),
        ("compression.level", "9"),
        ("batch.size", "500000000"),
        ("batch.num.messages", "1000"),
        ("queue.buffering.max.kbytes", "1000000"),
        ("linger.ms", "2000"),
    ] {
        settings.extra.insert(name.to_owned(), value.into());
    }
    let mut writer = Writer::connect(&settings)?;
    for _ in 0..pack.batches {
        let request = Outbound {
            topic: pack.topic.as_str().into(),
            partition: Some(0),
            key: None,
            headers: PlatformVersion::V5_9.headers("one-process", 1),
            payload: Some(format!(r#"{{"padding":"{}"}}"#, "x".repeat(SIZE - 14)).into_bytes()),
        };
        writer.write(&vec![request; pack.requests]).await?;
    }
    Ok(())
}
