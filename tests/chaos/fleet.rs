//! The connector processes: started, stopped, paused and killed.

use std::env;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use clap::ValueEnum;
use flowx_tests::ledger::{Disturbance, Process, now_micros, read_side_log};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::sabotage::Sabotage;
use crate::scene::{SETTLE, Scene};

/// How long a connector that was told to stop may take; longer than it gives itself.
const STOPPED_WITHIN: Duration = Duration::from_secs(30);

/// All connectors of one run. Dropped, they are killed.
pub(crate) struct Fleet {
    scene: Scene,
    /// How connectors reach the brokers.
    servers: String,
    folder: PathBuf,
    sabotage: Option<Sabotage>,
    /// Whether members that come and go in good order account for repetitions.
    pub(crate) forgives_rebalances: bool,
    slots: Vec<Option<Member>>,
    /// When the process with this number was killed.
    killed: Vec<Option<u64>>,
    pub(crate) disturbances: Vec<Disturbance>,
    /// What no schedule asked for.
    pub(crate) troubles: Vec<String>,
}

struct Member {
    process: Child,
    number: usize,
    is_paused: Option<u64>,
    is_stopping: bool,
}

impl Fleet {
    pub(crate) fn new(
        scene: &Scene,
        servers: String,
        folder: &Path,
        sabotage: Option<Sabotage>,
    ) -> Self {
        Self {
            scene: scene.clone(),
            servers,
            folder: folder.to_owned(),
            sabotage,
            forgives_rebalances: false,
            slots: Vec::new(),
            killed: Vec::new(),
            disturbances: Vec::new(),
            troubles: Vec::new(),
        }
    }

    /// Starts a connector, once its predecessor is gone; one that runs is left alone.
    pub(crate) async fn start(&mut self, slot: usize) -> anyhow::Result<()> {
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, || None);
        }
        self.see_off(slot).await?;
        if self.slots[slot].is_some() {
            return Ok(());
        }
        let number = self.killed.len();
        let errors = File::create(self.folder.join(format!("{number}.stderr")))?;
        let mut command = Command::new(env::current_exe()?);
        command.args(["connector", "--servers", &self.servers]);
        command.args(["--environment", &self.scene.environment, "--log"]);
        command.arg(self.log(number));
        if let Some(name) = self.sabotage.and_then(|sabotage| sabotage.to_possible_value()) {
            command.args(["--sabotage", name.get_name()]);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(errors).kill_on_drop(true);
        let process = command.spawn().context("a connector cannot be started")?;
        self.killed.push(None);
        if self.forgives_rebalances {
            self.disturbed(format!("connector {slot} joined"), now_micros(), true);
        }
        self.slots[slot] = Some(Member { process, number, is_paused: None, is_stopping: false });
        Ok(())
    }

    /// SIGKILL: in flight stays what was.
    pub(crate) async fn kill(&mut self, slot: usize) -> anyhow::Result<()> {
        let Some(mut member) = self.slots.get_mut(slot).and_then(Option::take) else {
            return Ok(());
        };
        let from = member.is_paused.unwrap_or_else(now_micros);
        member.process.kill().await?;
        self.killed[member.number] = Some(now_micros());
        self.disturbed(format!("connector {slot} killed"), from, false);
        Ok(())
    }

    /// SIGTERM; it may finish.
    pub(crate) async fn stop(&mut self, slot: usize) -> anyhow::Result<()> {
        if let Some(member) = self.slots.get_mut(slot).and_then(Option::as_mut)
            && !member.is_stopping
            && member.process.try_wait()?.is_none()
        {
            member.is_stopping = true;
            member.signal("TERM").await?;
            if self.forgives_rebalances {
                self.disturbed(format!("connector {slot} left"), now_micros(), true);
            }
        }
        Ok(())
    }

    /// SIGSTOP.
    pub(crate) async fn pause(&mut self, slot: usize) -> anyhow::Result<()> {
        if let Some(member) = self.slots.get_mut(slot).and_then(Option::as_mut)
            && member.is_paused.is_none()
            && member.process.try_wait()?.is_none()
        {
            member.is_paused = Some(now_micros());
            member.signal("STOP").await?;
        }
        Ok(())
    }

    /// SIGCONT.
    pub(crate) async fn resume(&mut self, slot: usize) -> anyhow::Result<()> {
        let Some(member) = self.slots.get_mut(slot).and_then(Option::as_mut) else { return Ok(()) };
        let Some(from) = member.is_paused.take() else { return Ok(()) };
        member.signal("CONT").await?;
        self.disturbed(format!("connector {slot} paused and resumed"), from, true);
        Ok(())
    }

    /// Every one of these slots runs when it returns.
    pub(crate) async fn heal(&mut self, slots: usize) -> anyhow::Result<()> {
        for slot in 0..self.slots.len() {
            self.resume(slot).await?;
        }
        for slot in 0..slots {
            self.start(slot).await?;
        }
        Ok(())
    }

    /// Stops all in good order, and says whether that is how they ended.
    pub(crate) async fn stop_all(&mut self) -> anyhow::Result<bool> {
        let before = self.troubles.len();
        for slot in 0..self.slots.len() {
            self.resume(slot).await?;
            self.stop(slot).await?;
        }
        let mut is_good = true;
        for slot in 0..self.slots.len() {
            is_good &= self.see_off(slot).await?;
        }
        Ok(is_good && self.troubles.len() == before)
    }

    /// What the handlers of all processes wrote down.
    pub(crate) fn processes(&self) -> anyhow::Result<Vec<Process>> {
        let read = |(number, killed): (usize, &Option<u64>)| {
            let path = self.log(number);
            let lines = if path.exists() { read_side_log(&path)? } else { Vec::new() };
            Ok(Process { pid: u32::try_from(number)?, killed: *killed, lines })
        };
        self.killed.iter().enumerate().map(read).collect()
    }

    /// From a moment on until the group has settled again; who was cut off may go on meanwhile.
    pub(crate) fn disturbed(&mut self, what: String, from: u64, leaves_zombies: bool) {
        let settle = u64::try_from(SETTLE.as_micros()).unwrap_or(u64::MAX);
        let to = now_micros() + settle;
        self.disturbances.push(Disturbance { what, from, to, leaves_zombies });
    }

    /// Waits for the end of one that stops, and notices one that ended unasked. Whether all was well.
    async fn see_off(&mut self, slot: usize) -> anyhow::Result<bool> {
        self.resume_if_stopping(slot).await?;
        let Some(member) = self.slots[slot].as_mut() else { return Ok(true) };
        let number = member.number;
        if !member.is_stopping {
            let Some(status) = member.process.try_wait()? else { return Ok(true) };
            self.troubles.push(format!("connector process {number} ended unasked: {status}"));
            self.gone(slot);
            return Ok(false);
        }
        let ended = timeout(STOPPED_WITHIN, member.process.wait()).await;
        let status: Option<ExitStatus> = match ended {
            Ok(status) => Some(status?),
            Err(_) => {
                member.process.kill().await?;
                self.killed[number] = Some(now_micros());
                self.troubles.push(format!(
                    "connector process {number} did not stop within {STOPPED_WITHIN:?}"
                ));
                None
            }
        };
        self.slots[slot] = None;
        let is_good = status.is_some_and(|status| status.success());
        if !is_good {
            // It says itself that unfinished requests are delivered again.
            println!("         connector process {number} ended with {status:?}");
            self.disturbed(format!("connector {slot} stopped badly"), now_micros(), false);
        }
        Ok(is_good)
    }

    async fn resume_if_stopping(&mut self, slot: usize) -> anyhow::Result<()> {
        if self.slots[slot].as_ref().is_some_and(|member| member.is_stopping) {
            self.resume(slot).await?;
        }
        Ok(())
    }

    fn gone(&mut self, slot: usize) {
        self.slots[slot] = None;
        self.disturbed(format!("connector {slot} ended unasked"), now_micros(), false);
    }

    fn log(&self, number: usize) -> PathBuf {
        self.folder.join(format!("{number}.log"))
    }
}

impl Member {
    /// Every `sh` has `kill` built in; `/bin/kill` is not everywhere.
    async fn signal(&self, name: &str) -> anyhow::Result<()> {
        let Some(pid) = self.process.id() else { return Ok(()) };
        let script = format!("kill -{name} {pid}");
        let status = Command::new("sh").args(["-c", &script]).status().await?;
        ensure!(status.success(), "`{script}` ended with {status}");
        Ok(())
    }
}
