//! What a seed decides before the run begins.

use std::time::Duration;

use fastrand::Rng;

use super::request::Request;
use crate::config::order::Order;
use crate::handler::policy::Policy;
use crate::runtime::breaker::BreakerPolicy;
use crate::runtime::plan::{Bounds, Plan};
use crate::runtime::retry::RetryPolicy;

/// The stage and the play: the rest is decided by the same seed on the way.
#[derive(Debug)]
pub(super) struct Scenario {
    /// Partitions of each topic.
    pub(super) partitions: i32,
    /// Members that the group has at most.
    pub(super) members: usize,
    pub(super) requests: Vec<Request>,
    pub(super) bounds: Bounds,
    /// Of both handlers.
    pub(super) policy: Policy,
    pub(super) retry: RetryPolicy,
    pub(super) breaker: BreakerPolicy,
    pub(super) drain: Duration,
    /// How long the broker waits for partitions to be given back, in milliseconds.
    pub(super) patience: u64,
    /// When disturbances end, in milliseconds.
    pub(super) calm_from: u64,
    /// Mean time between two disturbances, in milliseconds.
    pub(super) pause: u64,
}

impl Scenario {
    /// What is decided here of every member's plan.
    pub(super) fn set(&self, plan: &mut Plan) {
        plan.retry = self.retry;
        plan.breaker = self.breaker.clone();
        plan.bounds = self.bounds.clone();
        plan.drain = self.drain;
    }

    pub(super) fn random(rng: &mut Rng) -> Self {
        let partitions = rng.i32(1..4);
        let keys = rng.u32(1..12);
        let calm_from = rng.u64(2_000..20_000);
        let count = rng.usize(10..50);
        let mut requests: Vec<Request> =
            (0..count).map(|number| Request::random(rng, number, keys, partitions)).collect();
        // Half of the runs begin with a backlog.
        let backlog = if rng.bool() { rng.usize(..count) } else { 0 };
        for request in requests.iter_mut().skip(backlog) {
            request.arrives = rng.u64(..calm_from);
        }
        // Mostly the default.
        let order = match rng.u8(..8) {
            0 => Order::Partition,
            1 => Order::Unordered,
            _ => Order::Key,
        };
        for request in &mut requests {
            match order {
                Order::Partition => request.order = Some("all".to_owned()),
                Order::Unordered => request.order = None,
                _ => {}
            }
        }
        let drain = Duration::from_millis(rng.u64(50..4_000));
        let patience = drain.as_millis() as u64 + if rng.u8(..4) == 0 { 0 } else { 500 };
        Self {
            partitions,
            members: rng.usize(1..4),
            requests,
            bounds: Bounds {
                waiting: rng.usize(1..10),
                waiting_bytes: if rng.bool() { 8 << 20 } else { rng.usize(300..3_000) },
                at_work_bytes: Bounds::default().at_work_bytes,
                unacknowledged: rng.usize(1..12),
                unacknowledged_bytes: if rng.bool() { 16 << 20 } else { rng.usize(300..3_000) },
            },
            retry: RetryPolicy {
                attempts: rng.u32(1..6),
                attempts_after_crash: 2,
                first_delay: Duration::from_millis(rng.u64(1..400)),
                longest_delay: Duration::from_secs(2),
                budget: Duration::from_secs(rng.u64(3..20)),
            },
            // In a third of the runs failures hold a partition.
            breaker: BreakerPolicy {
                consecutive: (rng.u8(..3) == 0).then(|| rng.u32(1..6)),
                percent: None,
                pause: Duration::from_millis(rng.u64(50..1_500)),
            },
            policy: Policy {
                concurrency: rng.usize(1..8),
                order,
                timeout: Duration::from_millis(rng.u64(400..4_000)),
                ..Policy::default()
            },
            drain,
            patience,
            calm_from,
            pause: rng.u64(100..3_000),
        }
    }
}
