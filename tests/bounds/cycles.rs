//! B2: a connector that was stopped leaves no thread and no file behind.

use std::env;
use std::io::Read as _;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use flowx_core::config::Settings;
use flowx_core::kafka::{EmbeddedBroker, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_core::{Connector, HandlerError, flowx_handler};
use flowx_tests::try_eventually;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::Command;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use crate::outcome::Outcome;
use crate::process::{Held, held};

/// How long a stop may take, and how long until all is released.
const STOPPED_WITHIN: Duration = Duration::from_secs(1);

/// So many looks in a row must show the same.
const LOOKS_AT_REST: u32 = 25;

const SESSION: Duration = Duration::from_secs(3);

const LOOK: Duration = Duration::from_millis(20);

/// When a cycle counts as stuck.
const STUCK: Duration = Duration::from_secs(60);

const REQUESTS: &str = "ai.flowx.dev.bounds.trigger.echo.v1";
const REPLIES: &str = "ai.flowx.dev.engine.receive.bounds.echo.results.v1";

#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Starts and stops
    #[arg(long, default_value_t = 1_000)]
    cycles: u32,
}

#[derive(Deserialize, Serialize, JsonSchema)]
struct Echo {
    number: u32,
}

/// Says what it heard.
#[flowx_handler(topic = "bounds.trigger.echo")]
async fn echo(request: Echo) -> Result<Echo, HandlerError> {
    Ok(request)
}

#[tokio::main(flavor = "current_thread")]
pub(crate) async fn run(arguments: &Arguments) -> anyhow::Result<Outcome> {
    let cycles = arguments.cycles;
    let mut outcome = Outcome::begin(
        "Threads and files over starts and stops",
        format!("bounds b2 --cycles {cycles}"),
    );
    outcome.text(
        "Each cycle joins a group on the embedded broker, answers a request, and is stopped. The \
         broker is in a process of its own, so that nothing of it is counted.",
    );
    let mut process = Command::new(env::current_exe()?)
        .arg("broker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = BufReader::new(process.stdout.take().context("it was piped")?).lines();
    let servers = said.next_line().await?.context("the broker did not start")?;
    // What is set up once per process is there after the first.
    cycle(&servers, 0).await?;
    let base = at_rest().await?;
    let (mut slowest, mut latest) = (Duration::ZERO, Duration::ZERO);
    for number in 1..=cycles {
        let stopped = cycle(&servers, number).await?;
        let began = Instant::now();
        // One that stays behind is counted in the end; the others come first.
        let _ = released(base, STOPPED_WITHIN).await;
        slowest = slowest.max(stopped);
        latest = latest.max(began.elapsed());
    }
    let _ = released(base, STUCK).await;
    let after = held()?;
    outcome.exactly("threads after all cycles", after.threads, base.threads);
    outcome.exactly("file descriptors after all cycles", after.files, base.files);
    let millis = |time: Duration| usize::try_from(time.as_millis()).unwrap_or(usize::MAX);
    let limit = millis(STOPPED_WITHIN);
    outcome.at_most("slowest stop, in ms", millis(slowest), limit);
    outcome.at_most("longest until all was released after it, in ms", millis(latest), limit);
    Ok(outcome)
}

/// The process with the broker: says where it is, and serves until nobody holds its standard input.
pub(crate) fn broker() -> anyhow::Result<()> {
    let broker = EmbeddedBroker::start(1)?;
    broker.create_topic(REQUESTS)?;
    broker.create_topic(REPLIES)?;
    let request = Outbound {
        topic: REQUESTS.into(),
        partition: None,
        key: None,
        headers: PlatformVersion::V5_9.headers("process", 1),
        payload: Some(br#"{"number":1}"#.to_vec()),
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut writer = Writer::connect(&broker.settings("writer"))?;
    runtime.block_on(writer.write(&[request]))?;
    println!("{}", broker.bootstrap_servers());
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// One life of a connector; how long its stop took.
async fn cycle(servers: &str, number: u32) -> anyhow::Result<Duration> {
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(servers.to_owned());
    // As `EmbeddedBroker::settings` has them.
    settings.session_timeout = SESSION;
    settings.drain = SESSION / 2;
    settings.kafka.insert("fetch.wait.max.ms".to_owned(), "10".into());
    // A group without a past, so that nobody waits for members that are gone.
    settings.group = Some(format!("cycle-{number}"));
    let connector = Connector::builder().only(["echo"]).settings(settings).build()?;
    let mut finished = connector.status().watch();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut running = std::pin::pin!(connector.run(async { drop(stopped.await) }));
    let served = timeout(STUCK, async {
        tokio::select! {
            ended = &mut running => ended.map_err(anyhow::Error::from),
            finished = finished.recv() => Ok(finished.map(drop)?),
        }
    });
    served.await.with_context(|| format!("cycle {number} does not get its request"))??;
    let began = Instant::now();
    drop(stop);
    timeout(STUCK, running).await.with_context(|| format!("cycle {number} does not stop"))??;
    Ok(began.elapsed())
}

/// What is held once nothing changes any more.
async fn at_rest() -> anyhow::Result<Held> {
    let (began, mut last, mut same) = (Instant::now(), held()?, 0);
    while same < LOOKS_AT_REST {
        ensure!(began.elapsed() < STUCK, "there are {last:?}, and still changing");
        tokio::time::sleep(LOOK).await;
        let now = held()?;
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    Ok(last)
}

/// Waits until no more is held than this.
async fn released(base: Held, within: Duration) -> anyhow::Result<()> {
    try_eventually(within, async || {
        held().is_ok_and(|now| now.threads <= base.threads && now.files <= base.files)
    })
    .await?;
    Ok(())
}
