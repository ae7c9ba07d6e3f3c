//! The connector as a process: started, asked to stop, and looked after in between.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use crate::scene::Scene;

/// How long it may take to stop; longer than it gives itself.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// The connector; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    /// Ends with the driver, and the connector with it. Waiting for a child closes what it holds.
    _orphaned: Option<ChildStdin>,
    log: PathBuf,
}

impl Process {
    pub(crate) fn start(scene: &Scene, folder: &Path) -> anyhow::Result<Self> {
        let log = folder.join("connector.log");
        let mut child = Command::new(env::current_exe()?)
            .args(["connector", "--servers", &scene.servers])
            .args(["--largest", &scene.largest.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?)
            .kill_on_drop(true)
            .spawn()
            .context("the connector cannot be started")?;
        Ok(Self { _orphaned: child.stdin.take(), child, log })
    }

    /// Returns only if it ends, which nobody asked it to, with the end of its log.
    pub(crate) async fn ends(&mut self) -> anyhow::Error {
        let status = self.child.wait().await;
        let status = status.map_or_else(|error| error.to_string(), |status| status.to_string());
        let log = fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        let tail = lines[lines.len().saturating_sub(20)..].join("\n");
        anyhow::anyhow!("the connector ended by itself: {status}\n{tail}")
    }

    /// The most memory that it has had, in bytes, where the system tells.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()?)).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? * 1_024)
    }

    /// Asks it to stop (SIGTERM) and waits until it has.
    pub(crate) async fn stop(&mut self) -> anyhow::Result<ExitStatus> {
        let pid = self.child.id().context("the connector is gone already")?;
        let mut kill = Command::new("sh");
        kill.args(["-c", "kill -TERM \"$1\"", "stop", &pid.to_string()]);
        if !kill.status().await?.success() {
            bail!("the connector cannot be told to stop");
        }
        let ended = timeout(STOPPED_WITHIN, self.child.wait()).await;
        Ok(ended.context("the connector does not stop")??)
    }

    /// How often its log tells of a panic.
    pub(crate) fn panics(&self) -> anyhow::Result<usize> {
        let log = fs::read(&self.log)?;
        Ok(String::from_utf8_lossy(&log).matches("panicked at").count())
    }
}
