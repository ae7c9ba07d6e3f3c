//! One broker, which is a controller too: its files, its process, its log.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::error::KafkaError;
use super::guard::Guard;
use super::jars::Jars;
use super::wire;
use crate::{eventually, try_eventually};

const READY_WITHIN: Duration = Duration::from_secs(90);
const STOPPED_WITHIN: Duration = Duration::from_secs(60);

/// Lines of its log shown when something went wrong.
const TAIL: usize = 40;

/// A request of 50 MB, the platform's own limit, and what the batch around it adds.
const MESSAGE_MAX_BYTES: u32 = 52_428_800 + 1_048_576;

/// The ports of a node, both on loopback.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    pub(crate) client: u16,
    pub(crate) controller: u16,
    /// A second way for clients.
    pub(crate) behind: Option<Behind>,
}

/// A listener that sends its clients elsewhere: to somebody who leads them back.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    pub(crate) hidden: u16,
    pub(crate) advertised: u16,
}

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) ports: Ports,
    id: usize,
    folder: PathBuf,
    process: Option<Child>,
}

impl Node {
    /// Writes the settings of node `index` and returns a node that does not run yet. What is in
    /// `more` overrides the settings made here.
    pub(crate) fn create(
        index: usize,
        ports: &[Ports],
        more: &[(&str, &str)],
        parent: &Path,
    ) -> Result<Self, KafkaError> {
        let id = index + 1;
        let folder = parent.join(format!("node-{id}"));
        fs::create_dir(&folder).map_err(KafkaError::file("create", &folder))?;
        let node = Self { ports: ports[index], id, folder, process: None };
        let path = node.settings_file();
        fs::write(&path, node.settings(ports, more)).map_err(KafkaError::file("write", &path))?;
        Ok(node)
    }

    /// Formats the storage of all `nodes`, at once: each takes a JVM of its own.
    pub(crate) async fn format_all(
        nodes: &[Self],
        cluster_id: &str,
        jars: &Jars,
    ) -> Result<(), KafkaError> {
        let mut running = Vec::with_capacity(nodes.len());
        for node in nodes {
            let mut command = jars.command("kafka.tools.StorageTool", "WARN");
            command.args(["format", "--cluster-id", cluster_id, "--config"]);
            command.arg(node.settings_file()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let child = tokio::process::Command::from(command)
                .kill_on_drop(true)
                .spawn()
                .map_err(KafkaError::run("java"))?;
            running.push((node.id, child));
        }
        for (node, child) in running {
            let output = child.wait_with_output().await.map_err(KafkaError::run("java"))?;
            if !output.status.success() {
                let output = [output.stdout, output.stderr].concat();
                let output = String::from_utf8_lossy(&output).into_owned();
                return Err(KafkaError::Format { node, output });
            }
        }
        Ok(())
    }

    pub(crate) fn start(&mut self, jars: &Jars, guard: &mut Guard) -> Result<(), KafkaError> {
        let path = self.log_file();
        let open = || File::options().create(true).append(true).open(&path);
        let log = open().and_then(|log| Ok((log.try_clone()?, log)));
        let (stdout, stderr) = log.map_err(KafkaError::file("open", &path))?;
        let process = jars
            .command("kafka.Kafka", "INFO")
            .arg(self.settings_file())
            .stdout(stdout)
            .stderr(stderr)
            // Only the guard ends it when the test is interrupted; it knows what else to remove.
            .process_group(0)
            .spawn()
            .map_err(KafkaError::run("java"))?;
        let watched = guard.watch(process.id());
        self.process = Some(process);
        watched.map_err(KafkaError::run("sh"))
    }

    /// Waits until the node serves clients and knows of `brokers` brokers, itself included.
    pub(crate) async fn ready(
        &mut self,
        cluster_id: &str,
        brokers: usize,
    ) -> Result<(), KafkaError> {
        let (id, port) = (self.id as i32, self.ports.client);
        let process = &mut self.process;
        let wait = try_eventually(READY_WITHIN, || {
            let ended =
                process.as_mut().is_none_or(|process| !matches!(process.try_wait(), Ok(None)));
            async move {
                if ended {
                    return Ok(false);
                }
                let known = wire::metadata(port, &[]).await.map_err(|error| error.to_string())?;
                if known.cluster_id.as_deref() != Some(cluster_id) {
                    return Err("another cluster answers on its port".to_owned());
                }
                if known.brokers.len() < brokers || !known.brokers.contains(&id) {
                    return Err(format!("it knows only of the brokers {:?}", known.brokers));
                }
                Ok(true)
            }
        });
        match wait.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(KafkaError::Died { node: self.id, log: self.log_tail() }),
            Err(timed_out) => {
                Err(KafkaError::NotReady { node: self.id, timed_out, log: self.log_tail() })
            }
        }
    }

    pub(crate) fn is_running(&self) -> bool {
        self.process.is_some()
    }

    pub(crate) fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn stop(&mut self, guard: &mut Guard) -> io::Result<()> {
        let Some(process) = &mut self.process else { return Ok(()) };
        let pid = process.id();
        // Every `sh` has it built in; `/bin/kill` is not everywhere.
        Command::new("sh").args(["-c", "kill -TERM \"$1\"", "stop", &pid.to_string()]).status()?;
        // Killed by the guard if the wait fails; after it another process may have this id.
        eventually(STOPPED_WITHIN, || {
            let ended = process.try_wait().map(|status| status.is_some());
            async move { ended.unwrap_or(false) }
        })
        .await;
        self.process = None;
        guard.forget(pid)
    }

    /// SIGKILL, and waits for the end.
    pub(crate) fn kill(&mut self, guard: &mut Guard) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill()?;
        guard.forget(process.id())?;
        process.wait().map(drop)
    }

    /// The last lines of what the process wrote.
    pub(crate) fn log_tail(&self) -> String {
        let log = fs::read(self.log_file()).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.lines().collect();
        lines[lines.len().saturating_sub(TAIL)..].join("\n")
    }

    fn settings_file(&self) -> PathBuf {
        self.folder.join("server.properties")
    }

    fn log_file(&self) -> PathBuf {
        self.folder.join("log")
    }

    fn settings(&self, ports: &[Ports], more: &[(&str, &str)]) -> String {
        let Ports { client, controller, behind } = self.ports;
        let voters: Vec<_> = (1..)
            .zip(ports)
            .map(|(id, ports)| format!("{id}@127.0.0.1:{}", ports.controller))
            .collect();
        let nodes = ports.len();
        let in_sync = nodes.div_ceil(2);
        let mut settings = format!(
            "\
process.roles=broker,controller
node.id={id}
controller.quorum.voters={voters}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{client},CONTROLLER://127.0.0.1:{controller}
log.dirs={folder}/data

default.replication.factor={nodes}
min.insync.replicas={in_sync}
offsets.topic.replication.factor={nodes}
transaction.state.log.replication.factor={nodes}
transaction.state.log.min.isr={in_sync}
share.coordinator.state.topic.replication.factor={nodes}
share.coordinator.state.topic.min.isr={in_sync}

# A topic that a test forgot to create is a mistake to be seen.
auto.create.topics.enable=false
message.max.bytes={MESSAGE_MAX_BYTES}
replica.fetch.max.bytes={MESSAGE_MAX_BYTES}

# Nothing to wait for: members come when the test says so, and sessions may be short.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=500
# A killed broker is noticed after this; shorter ones are missed by a machine that compiles.
broker.session.timeout.ms=5000
broker.heartbeat.interval.ms=500

# As many files and threads as a test has use for.
offsets.topic.num.partitions=6
transaction.state.log.num.partitions=3
share.coordinator.state.topic.num.partitions=3
num.network.threads=2
num.io.threads=4
log.cleaner.dedupe.buffer.size=4194304
",
            id = self.id,
            voters = voters.join(","),
            folder = self.folder.display(),
        );
        if let Some(Behind { hidden, advertised }) = behind {
            let _ = write!(
                settings,
                "\
listeners=PLAINTEXT://127.0.0.1:{client},BEHIND://127.0.0.1:{hidden},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{client},BEHIND://127.0.0.1:{advertised}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,BEHIND:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
"
            );
        }
        for (name, value) in more {
            let _ = writeln!(settings, "{name}={value}");
        }
        settings
    }
}
