//! The connector that is given malformed requests: a process of its own, so that its end is seen.

use std::io::Read;
use std::time::Duration;

use flowx_core::config::Settings;
use flowx_core::{Connector, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use crate::scene::{ENVIRONMENT, GROUP};

/// How a connector process is started.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Brokers, `host:port` separated by commas.
    #[arg(long)]
    servers: String,
    /// The largest request, in bytes.
    #[arg(long)]
    largest: usize,
}

/// A request without any field that is not here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Strict {
    seq: u64,
    #[expect(dead_code, reason = "only read by the decoder")]
    amount: u8,
    #[expect(dead_code, reason = "only read by the decoder")]
    #[serde(default)]
    price: f64,
    #[serde(default)]
    big: u64,
    #[serde(default)]
    note: String,
    #[expect(dead_code, reason = "only read by the decoder")]
    #[serde(default)]
    act: Act,
}

/// A request that may hold what nobody reads.
#[derive(Debug, Deserialize, JsonSchema)]
struct Open {
    seq: u64,
    #[expect(dead_code, reason = "only read by the decoder")]
    amount: u8,
    #[serde(default)]
    big: u64,
    #[serde(default)]
    note: String,
}

#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Act {
    #[default]
    Reply,
}

/// The reply: what was understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub(crate) struct Said {
    /// The number of the request.
    pub(crate) seq: u64,
    /// Its large integer.
    pub(crate) big: u64,
    /// The length of its text, in bytes.
    pub(crate) note: usize,
}

#[flowx_handler(topic = "malformed.trigger.strict")]
async fn strict(request: Strict) -> Result<Said, HandlerError> {
    Ok(Said { seq: request.seq, big: request.big, note: request.note.len() })
}

#[flowx_handler(topic = "malformed.trigger.open")]
async fn open(request: Open) -> Result<Said, HandlerError> {
    Ok(Said { seq: request.seq, big: request.big, note: request.note.len() })
}

/// Serves until SIGTERM, or until the driver is gone.
pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // First of all: a process that was just started can be told to stop.
    let mut terminated = signal(SignalKind::terminate())?;
    // Each request that is refused is a line; only what the client library says is of interest here.
    let filter = tracing_subscriber::EnvFilter::new("error,flowx::kafka=warn");
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .init();
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(arguments.servers);
    settings.message_max_bytes = arguments.largest;
    settings.naming.environment = format!("{ENVIRONMENT}.");
    settings.group = Some(GROUP.to_owned());
    settings.session_timeout = Duration::from_secs(10);
    settings.drain = Duration::from_secs(5);
    let connector = Connector::builder().settings(settings).expect_handlers(2).build()?;
    let orphaned = orphaned();
    let stop = async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = orphaned => {}
        }
    };
    Ok(connector.run(stop).await?)
}

/// Comes when standard input ends: the driver holds the other end of it.
fn orphaned() -> oneshot::Receiver<()> {
    let (ring, bell) = oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ring.send(());
    });
    bell
}
