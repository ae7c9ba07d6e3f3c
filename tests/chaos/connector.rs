//! A connector whose handler writes down what it does: one process of many.

use std::io::Read;
use std::path::PathBuf;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use flowx_core::config::Settings;
use flowx_core::kafka::{KafkaSettings, KafkaSink, KafkaSource};
use flowx_core::{Connector, Context, HandlerError, State, flowx_handler};
use flowx_tests::ledger::{Edge, Line, SideLog, now_micros};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Notify;

use crate::sabotage::{FaultySink, FaultySource, Sabotage};
use crate::scene::{DRAIN, SESSION};

/// How a connector process is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Brokers, `host:port` separated by commas.
    #[arg(long)]
    servers: String,
    /// The environment part of the topics, and the group.
    #[arg(long)]
    environment: String,
    /// Where the handler writes down what it does.
    #[arg(long)]
    log: PathBuf,
    /// The bug to plant.
    #[arg(long)]
    sabotage: Option<Sabotage>,
}

/// What a request asks for.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Work {
    /// The run it belongs to.
    pub(crate) run: u64,
    /// Its number in the run.
    pub(crate) seq: u64,
    /// Its process instance.
    pub(crate) key: u64,
    /// Its number among those of its process instance.
    pub(crate) key_seq: u64,
    /// How long it takes.
    pub(crate) millis: u64,
    /// What becomes of it.
    pub(crate) fate: Fate,
    /// Attempts that fail before one succeeds.
    pub(crate) failures: u32,
    /// Whether the side log waits for the disk.
    pub(crate) sync: bool,
}

/// What becomes of a request that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Fate {
    /// A reply.
    Reply,
    /// A business answer with a code.
    Refuse,
}

/// The reply: which request it belongs to.
#[derive(Debug, Serialize, JsonSchema)]
struct Done {
    run: u64,
    seq: u64,
    key: u64,
    key_seq: u64,
}

/// Writes the end of a run however it ends: also when the runtime drops the handler.
struct Running {
    log: Arc<SideLog>,
    line: Line,
    sync: bool,
}

impl Running {
    fn begin(log: &Arc<SideLog>, work: &Work, attempt: u32) -> Self {
        let line = Line {
            seq: work.seq,
            key: work.key,
            key_seq: work.key_seq,
            attempt,
            edge: Edge::Start,
            pid: process::id(),
            micros: 0,
        };
        let running = Self { log: Arc::clone(log), line, sync: work.sync };
        running.write(Edge::Start);
        running
    }

    fn write(&self, edge: Edge) {
        let line = Line { edge, micros: now_micros(), ..self.line };
        let written =
            if self.sync { self.log.append_synced(&line) } else { self.log.append(&line) };
        // Without its side log a run proves nothing.
        written.expect("the side log can be written");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.write(Edge::End);
    }
}

/// Does as the request says.
#[flowx_handler(topic = "chaos.trigger.work", refuses = ["UNLUCKY"])]
async fn work(
    request: Work,
    context: Context,
    log: State<Arc<SideLog>>,
) -> Result<Done, HandlerError> {
    let _running = Running::begin(&log, &request, context.attempt());
    tokio::time::sleep(Duration::from_millis(request.millis)).await;
    if context.attempt() <= request.failures {
        return Err(HandlerError::retry("as the request says"));
    }
    let Work { run, seq, key, key_seq, fate, .. } = request;
    match fate {
        Fate::Reply => Ok(Done { run, seq, key, key_seq }),
        Fate::Refuse => Err(HandlerError::refuse("UNLUCKY", "as the request says")),
    }
}

/// Serves until SIGTERM, or until the driver is gone.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // First of all: a process that was just started can be told to stop.
    let mut terminated = signal(SignalKind::terminate())?;
    tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false).init();
    let Arguments { servers, environment, log, sabotage } = arguments;
    let log = Arc::new(SideLog::open(&log).with_context(|| format!("{}", log.display()))?);
    let mut settings = Settings::default();
    settings.naming.environment = format!("{environment}.");
    settings.group = Some(environment.clone());
    settings.retry_delay = Duration::from_millis(20);
    settings.drain = DRAIN;
    let connector = Connector::builder().settings(settings).state(log).build()?;

    let mut kafka = KafkaSettings::new(servers, environment);
    kafka.session_timeout = SESSION;
    kafka.drain = DRAIN;
    let source = KafkaSource::subscribe(&kafka, connector.registry().subscriptions())?;
    let sink = KafkaSink::connect(&kafka)?;
    let orphaned = orphaned();
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            () = orphaned.notified() => {}
        }
    };
    match sabotage {
        None => connector.run_between(source, sink, stop).await?,
        Some(sabotage) => {
            let source = FaultySource::new(source, sabotage);
            let sink = FaultySink::new(sink, sabotage);
            connector.run_between(source, sink, stop).await?;
        }
    }
    Ok(())
}

/// Rings when standard input ends: the driver holds the other end of it.
fn orphaned() -> Arc<Notify> {
    let bell = Arc::<Notify>::default();
    let ring = Arc::clone(&bell);
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        ring.notify_one();
    });
    bell
}
