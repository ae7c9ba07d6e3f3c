//! How much of everything.

use std::time::Duration;

/// Partitions of the request topic before it grows.
const PARTITIONS: i32 = 12;

/// Partitions that are added on the way.
const GROWTH: i32 = 2;

/// The numbers of one run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    pub(crate) scale: f64,
    pub(crate) nodes: usize,
    pub(crate) requests: u64,
    pub(crate) keys: u64,
    pub(crate) partitions: i32,
    pub(crate) growth: i32,
    pub(crate) connectors: usize,
    /// How long requests are sent.
    pub(crate) sending: Duration,
    pub(crate) kills: usize,
    pub(crate) pauses: usize,
    pub(crate) restarts: usize,
    pub(crate) rebalances: usize,
    pub(crate) broker_restarts: usize,
    pub(crate) network_faults: usize,
    /// Whether members that come and go in good order account for no repetition.
    pub(crate) is_strict: bool,
    /// Whether nothing is broken.
    pub(crate) is_calm: bool,
}

impl Plan {
    /// A share of the full scale.
    pub(crate) fn scaled(
        scale: f64,
        seed: u64,
        sending: Option<Duration>,
        nodes: Option<usize>,
    ) -> Self {
        let share = |full: f64, least: f64| (full * scale).round().max(least);
        let requests = share(1e6, 200.0);
        // The rest of the numbers shrinks more slowly: fewer faults than kinds would prove little.
        let faults = |full: f64| (full * scale.sqrt()).round().max(1.0) as usize;
        let slowest = Duration::from_secs_f64((requests / 400.0).max(30.0));
        Self {
            seed,
            scale,
            nodes: nodes.unwrap_or(if scale >= 0.1 { 3 } else { 1 }),
            requests: requests as u64,
            keys: (5_000.0 * scale.sqrt()).round().max(50.0) as u64,
            partitions: PARTITIONS,
            growth: GROWTH,
            connectors: 3,
            sending: sending.unwrap_or(slowest),
            kills: faults(20.0),
            pauses: faults(10.0),
            restarts: faults(10.0),
            rebalances: faults(30.0),
            broker_restarts: faults(10.0),
            network_faults: faults(15.0).max(3),
            is_strict: false,
            is_calm: false,
        }
    }

    /// The same without anything that breaks, and with as many restarts in good order instead.
    pub(crate) fn calmed(self) -> Self {
        let restarts = self.restarts + self.kills + self.broker_restarts;
        let (kills, pauses, broker_restarts, network_faults) = (0, 0, 0, 0);
        Self { restarts, kills, pauses, broker_restarts, network_faults, is_calm: true, ..self }
    }

    /// The command that runs the same schedule again.
    pub(crate) fn command(&self) -> String {
        format!(
            "cargo run -p flowx-tests --bin chaos -- --scale {} --seed {} --minutes {} --nodes {}{}{}",
            self.scale,
            self.seed,
            self.sending.as_secs_f64() / 60.0,
            self.nodes,
            if self.is_strict { " --strict" } else { "" },
            if self.is_calm { " --calm" } else { "" },
        )
    }
}
