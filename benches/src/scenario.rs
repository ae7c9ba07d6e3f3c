//! What is asked of contenders: one table.

use std::time::Duration;

use crate::load::{Feed, Size};

/// One situation, in which every contender that takes part is measured once a round.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scenario {
    /// As in results and on the command line.
    pub(crate) name: &'static str,
    /// As in the report.
    pub(crate) title: &'static str,
    pub(crate) feed: Feed,
    pub(crate) handler: Handler,
    /// Requests in flight that are wanted of each instance.
    pub(crate) concurrency: usize,
    pub(crate) retry_percent: u32,
    pub(crate) instances: usize,
    pub(crate) measured: Measured,
    /// Whether those take part whose manifest does not ask for all scenarios.
    pub(crate) for_peers: bool,
}

/// What the handler of a contender does before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handler {
    Ready,
    Await(Duration),
}

/// How a scenario is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measured {
    /// Requests are there already; how fast are they answered once warm?
    Rate,
    /// The same from the start of the process to the last answer, with nothing left out.
    Backlog,
    /// Requests come at a steady pace; how long does each take?
    Latency,
}

/// What part of its capacity a contender is given where latency is measured, in percent.
pub(crate) const LOADS: &[u32] = &[10, 50, 90];

/// The one of them in which all take part.
pub(crate) const COMMON_LOAD: u32 = 50;

const MANY_KEYS: u32 = 100_000;

const READY: Scenario = Scenario {
    name: "ready",
    title: "Ready handler, 350 B",
    feed: Feed { size: Size::Small, keys: MANY_KEYS, partitions: 8, count: 1_000_000 },
    handler: Handler::Ready,
    concurrency: 256,
    retry_percent: 0,
    instances: 1,
    measured: Measured::Rate,
    for_peers: false,
};

const WAITS: Scenario =
    Scenario { handler: Handler::Await(Duration::from_millis(10)), concurrency: 1024, ..READY };

/// All of them, in the order of a round.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario { for_peers: true, ..READY },
    Scenario {
        name: "await",
        title: "Handler that awaits 10 ms, 100 000 keys",
        for_peers: true,
        ..WAITS
    },
    Scenario {
        name: "latency",
        title: "Latency at a part of capacity, ready handler, 350 B",
        measured: Measured::Latency,
        for_peers: true,
        ..READY
    },
    Scenario {
        name: "large",
        title: "Ready handler, 4.6 KB",
        feed: Feed { size: Size::Large, count: 200_000, ..READY.feed },
        ..READY
    },
    Scenario {
        name: "hot",
        title: "Handler that awaits 10 ms, 16 hot keys",
        feed: Feed { keys: 16, count: 100_000, ..READY.feed },
        ..WAITS
    },
    Scenario {
        name: "retry",
        title: "Ready handler, 5 % of requests fail once",
        retry_percent: 5,
        ..READY
    },
    Scenario {
        name: "backlog",
        title: "From start to the end of a backlog of 10^6",
        measured: Measured::Backlog,
        ..READY
    },
    Scenario {
        name: "partitions-1",
        title: "Ready handler, 1 partition",
        feed: Feed { partitions: 1, count: 500_000, ..READY.feed },
        ..READY
    },
    Scenario {
        name: "partitions-32",
        title: "Ready handler, 32 partitions",
        feed: Feed { partitions: 32, ..READY.feed },
        ..READY
    },
    Scenario { name: "instances-2", title: "Ready handler, 2 instances", instances: 2, ..READY },
    Scenario { name: "instances-3", title: "Ready handler, 3 instances", instances: 3, ..READY },
];

/// The situation in which contenders are killed: as much as possible is at work, none of it in order.
pub(crate) const KILLED: Scenario =
    Scenario { name: "kill", title: "kill -9 and restart", ..WAITS };

impl Scenario {
    /// How many requests a second are possible at all, where keys or concurrency bound it: a handler
    /// that waits, one at a time for each key.
    pub(crate) fn bound(&self) -> Option<f64> {
        let Handler::Await(wait) = self.handler else { return None };
        let at_once = (self.concurrency * self.instances).min(self.feed.keys as usize);
        Some(at_once as f64 / wait.as_secs_f64())
    }

    /// Whether a contender without a handler has a part in it.
    pub(crate) fn needs_handler(&self) -> bool {
        self.handler != Handler::Ready || self.retry_percent > 0
    }

    /// The same with less of everything, for a first look.
    pub(crate) fn quick(self) -> Self {
        Self { feed: Feed { count: self.feed.count.min(200_000), ..self.feed }, ..self }
    }
}

impl std::fmt::Display for Handler {
    /// As in `BENCH_HANDLER`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Await(wait) => write!(f, "await:{}", wait.as_millis()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn scenarios_have_names_of_their_own_and_some_are_for_all() {
        let names: HashSet<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        assert_eq!(names.len(), SCENARIOS.len());
        let for_peers = SCENARIOS.iter().filter(|scenario| scenario.for_peers);
        assert_eq!(for_peers.map(|s| s.name).collect::<Vec<_>>(), ["ready", "await", "latency"]);
        assert!(LOADS.contains(&COMMON_LOAD));
    }

    #[test]
    fn keys_and_concurrency_bound_what_a_handler_that_waits_can_do() {
        let bound = |name| SCENARIOS.iter().find(|s| s.name == name).and_then(Scenario::bound);
        assert_eq!(bound("hot"), Some(1_600.0));
        assert_eq!(bound("await"), Some(102_400.0));
        assert_eq!(bound("ready"), None);
    }
}
