//! Runs: one contender in one scenario.

mod drain;
mod kill;
mod latency;
mod soak;

use std::time::Duration;

pub(crate) use drain::drain;
pub(crate) use kill::kill;
pub(crate) use latency::latency;
pub(crate) use soak::{Soak, soak};

use crate::broker::Broker;
use crate::contender::{Contender, Environment, Order, Running, Stopped};
use crate::gate::{Judge, Sent, Verdict, read};
use crate::load::Maker;
use crate::scenario::Scenario;

/// How long a contender may take to its first reply.
const STARTED_WITHIN: Duration = Duration::from_secs(60);

/// What all runs of a comparison have in common.
pub(crate) struct Stage<'a> {
    pub(crate) broker: &'a Broker,
    pub(crate) seed: u64,
    /// The processors on which contenders run, as `taskset` takes them.
    pub(crate) processors: Option<String>,
    /// The longest that requests are answered in a run.
    pub(crate) limit: Duration,
}

/// Topics and group of a run, which no other run has.
struct Names {
    requests: String,
    replies: String,
    group: String,
}

impl Names {
    fn new(scenario: &Scenario, contender: &Contender, round: u32) -> Self {
        // Topics that are deleted do not go at once, and an earlier attempt may have left some.
        let chance = fastrand::u32(..);
        let run = format!("{}-{}-{round}-{chance:08x}", scenario.name, contender.name);
        Self {
            requests: scenario.feed.topic(),
            replies: format!("replies-{run}"),
            group: format!("group-{run}"),
        }
    }

    fn environment(&self, stage: &Stage<'_>, scenario: &Scenario) -> Environment {
        let topics = (self.requests.as_str(), self.replies.as_str());
        Environment::new(stage.broker.servers(), scenario, topics, &self.group)
    }
}

/// Replies carry the time at which the broker wrote them.
const REPLY_TOPIC: &[(&str, &str)] = &[("message.timestamp.type", "LogAppendTime")];

impl Stage<'_> {
    fn start(
        &self,
        contender: &Contender,
        scenario: &Scenario,
        names: &Names,
    ) -> anyhow::Result<Running> {
        let environment = names.environment(self, scenario);
        contender.start(&environment, scenario.instances, self.processors.as_deref())
    }

    /// Reads all replies again; what is wrong with them, and when each came.
    fn judge(
        &self,
        contender: &Contender,
        scenario: &Scenario,
        names: &Names,
        requests: u64,
    ) -> anyhow::Result<(Verdict, Vec<i64>)> {
        let partitions = scenario.feed.partitions;
        let sent = Sent::new(Maker::new(self.seed, &scenario.feed), partitions, requests);
        let mut judge = Judge::new(&sent, !contender.manifest.handler);
        read(self.broker, &names.replies, partitions, &mut judge)?;
        let committed = self.broker.committed(&names.group, &names.requests, partitions)?;
        Ok(judge.finish(&committed))
    }
}

/// Everything that keeps a run from counting.
fn violations(verdict: &Verdict, order: Order, stopped: Stopped) -> Vec<String> {
    let mut found = verdict.violations(order);
    if stopped == Stopped::Killed {
        found.push("it did not end within 10 s of SIGTERM".to_owned());
    }
    found
}
