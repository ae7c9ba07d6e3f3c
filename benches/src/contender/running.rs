//! A contender at work: one process group for each instance.

use std::fs::File;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process_group};

use super::{Contender, Usage, interrupt};
use crate::load::Feed;
use crate::scenario::Scenario;

/// How long a contender may take to finish what it is at.
const ENDED_WITHIN: Duration = Duration::from_secs(10);

/// The variables of a run.
#[derive(Clone, Debug)]
pub(crate) struct Environment(Vec<(&'static str, String)>);

/// Instances that run until they are told to stop; they are killed when this is dropped.
pub(crate) struct Running {
    children: Vec<Child>,
    log: PathBuf,
}

/// How contenders came to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stopped {
    InTime,
    Killed,
}

impl Environment {
    pub(crate) fn new(
        servers: &str,
        scenario: &Scenario,
        topics: (&str, &str),
        group: &str,
    ) -> Self {
        let Feed { size, partitions, .. } = scenario.feed;
        Self(vec![
            ("BENCH_BROKERS", servers.to_owned()),
            ("BENCH_REQUESTS", topics.0.to_owned()),
            ("BENCH_REPLIES", topics.1.to_owned()),
            ("BENCH_GROUP", group.to_owned()),
            ("BENCH_HANDLER", scenario.handler.to_string()),
            ("BENCH_CONCURRENCY", scenario.concurrency.to_string()),
            ("BENCH_PARTITIONS", partitions.to_string()),
            ("BENCH_RETRY_PERCENT", scenario.retry_percent.to_string()),
            ("BENCH_SIZE", size.name().to_owned()),
        ])
    }

    /// Text of a manifest with the variables put in.
    fn filled(&self, text: &str) -> String {
        let put_in = |text: String, (name, value): &(&str, String)| {
            text.replace(&format!("{{{name}}}"), value)
        };
        self.0.iter().fold(text.to_owned(), put_in)
    }
}

impl Contender {
    /// Starts so many instances, on these processors if any are named.
    pub(crate) fn start(
        &self,
        environment: &Environment,
        instances: usize,
        processors: Option<&str>,
    ) -> anyhow::Result<Running> {
        let log = self.out.with_extension("log");
        let file =
            File::create(&log).with_context(|| format!("cannot create {}", log.display()))?;
        let run: Vec<_> = self.manifest.run.iter().map(|word| self.filled(word)).collect();
        let mut words: Vec<&str> = Vec::new();
        if let Some(processors) = processors {
            words.extend(["taskset", "-c", processors]);
        }
        words.extend(run.iter().map(String::as_str));
        let mut running = Running { children: Vec::new(), log };
        for _ in 0..instances {
            let mut command = Command::new(words[0]);
            command.args(&words[1..]).current_dir(&self.folder).process_group(0);
            command.envs(environment.0.iter().map(|(name, value)| (name, value)));
            for (name, value) in &self.manifest.env {
                command.env(name, environment.filled(value));
            }
            command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file.try_clone()?);
            let child = command.spawn();
            let child = child.with_context(|| format!("cannot start `{}`", words[0]))?;
            interrupt::watch(Pid::from_child(&child));
            running.children.push(child);
        }
        Ok(running)
    }
}

impl Running {
    /// What all instances use together.
    pub(crate) fn usage(&self) -> Usage {
        Usage::of(&self.groups())
    }

    /// Why it runs no more, if an instance has ended by itself.
    pub(crate) fn ended(&mut self) -> Option<String> {
        let log = self.log_end();
        self.children.iter_mut().find_map(|child| match child.try_wait() {
            Ok(None) => None,
            Ok(Some(status)) => Some(format!("it ended by itself ({status}): {log}")),
            Err(error) => Some(format!("it cannot be waited for: {error}")),
        })
    }

    /// SIGTERM, and SIGKILL for who does not end in time.
    pub(crate) fn stop(mut self) -> Stopped {
        self.signal(Signal::TERM);
        let began = Instant::now();
        while began.elapsed() < ENDED_WITHIN {
            let is_over = |child: &mut Child| !matches!(child.try_wait(), Ok(None));
            if self.children.iter_mut().all(is_over) {
                return Stopped::InTime;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Stopped::Killed
    }

    /// SIGKILL, without a word.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// The last lines of what it wrote.
    fn log_end(&self) -> String {
        let log = std::fs::read(&self.log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<_> = log.trim_end().lines().collect();
        lines[lines.len().saturating_sub(3)..].join(" / ")
    }

    fn groups(&self) -> Vec<u32> {
        self.children.iter().map(Child::id).collect()
    }

    fn signal(&self, signal: Signal) {
        for child in &self.children {
            // Gone already is what is wanted.
            let _ = kill_process_group(Pid::from_child(child), signal);
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
        for child in &mut self.children {
            interrupt::forget(Pid::from_child(child));
            let _ = child.wait();
        }
    }
}
