//! Which fault comes when: the seed decides.

use std::fmt;
use std::time::Duration;

use fastrand::Rng;
use flowx_tests::proxy::Traffic;

use crate::plan::Plan;

/// One step of the schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// SIGKILL to a connector.
    Kill(usize),
    /// SIGSTOP.
    Pause(usize),
    /// SIGCONT.
    Resume(usize),
    /// SIGTERM: it may finish.
    Stop(usize),
    /// Starts it once it is gone; also the way in which further members join.
    Start(usize),
    /// Ends a broker in good order and starts it again.
    SoftRestart(usize),
    /// Kills a broker and starts it again.
    HardRestart(usize),
    /// Adds partitions to the request topic.
    Grow,
    /// Closes all connections of connectors to a broker.
    Cut(usize),
    /// What the way of the connectors to a broker does from now on.
    Way(usize, Traffic),
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kill(slot) => write!(f, "kill connector {slot}"),
            Self::Pause(slot) => write!(f, "pause connector {slot}"),
            Self::Resume(slot) => write!(f, "resume connector {slot}"),
            Self::Stop(slot) => write!(f, "stop connector {slot}"),
            Self::Start(slot) => write!(f, "start connector {slot}"),
            Self::SoftRestart(node) => write!(f, "restart broker {node}"),
            Self::HardRestart(node) => write!(f, "kill and restart broker {node}"),
            Self::Grow => write!(f, "add partitions"),
            Self::Cut(node) => write!(f, "cut all connections to broker {node}"),
            Self::Way(node, traffic) => write!(f, "the way to broker {node}: {traffic:?}"),
        }
    }
}

/// The steps with their times, in order; the same for the same plan.
pub(crate) fn schedule(plan: &Plan) -> Vec<(Duration, Step)> {
    let mut rng = Rng::with_seed(plan.seed);
    let mut steps = Vec::new();
    for _ in 0..plan.kills {
        let (at, slot) = (moment(&mut rng, plan), rng.usize(..plan.connectors));
        steps.push((at, Step::Kill(slot)));
        steps.push((at + millis(&mut rng, 200, 4_000), Step::Start(slot)));
    }
    for number in 0..plan.pauses {
        let (at, slot) = (moment(&mut rng, plan), rng.usize(..plan.connectors));
        steps.push((at, Step::Pause(slot)));
        // Every other one outlives its session and comes back as a zombie.
        let (least, most) = if number % 2 == 0 { (8_000, 12_000) } else { (500, 4_000) };
        steps.push((at + millis(&mut rng, least, most), Step::Resume(slot)));
    }
    for _ in 0..plan.restarts {
        let (at, slot) = (moment(&mut rng, plan), rng.usize(..plan.connectors));
        steps.push((at, Step::Stop(slot)));
        steps.push((at + millis(&mut rng, 100, 3_000), Step::Start(slot)));
    }
    // A guest that comes is one rebalance, and another when it goes.
    for number in 0..plan.rebalances.div_ceil(2) {
        let (at, slot) = (moment(&mut rng, plan), plan.connectors + number);
        steps.push((at, Step::Start(slot)));
        steps.push((at + millis(&mut rng, 2_000, 8_000), Step::Stop(slot)));
    }
    for number in 0..plan.broker_restarts {
        let (at, node) = (moment(&mut rng, plan), rng.usize(..plan.nodes));
        let is_soft = (number + usize::from(plan.seed.is_multiple_of(2))) % 2 == 0;
        steps.push((at, if is_soft { Step::SoftRestart(node) } else { Step::HardRestart(node) }));
    }
    for number in 0..plan.network_faults {
        let (at, node) = (moment(&mut rng, plan), rng.usize(..plan.nodes));
        let end = at + millis(&mut rng, 1_000, 8_000);
        match number % 3 {
            0 => steps.push((at, Step::Cut(node))),
            1 => {
                let delay = millis(&mut rng, 50, 600);
                steps.push((at, Step::Way(node, Traffic::Delay(delay))));
                steps.push((end, Step::Way(node, Traffic::Pass)));
            }
            _ => {
                steps.push((at, Step::Way(node, Traffic::HalfOpen)));
                steps.push((end, Step::Way(node, Traffic::Pass)));
            }
        }
    }
    steps.push((plan.sending.mul_f64(0.3 + 0.2 * rng.f64()), Step::Grow));
    steps.sort_by_key(|(at, _)| *at);
    steps
}

/// Not at the very beginning: members must have something in flight.
fn moment(rng: &mut Rng, plan: &Plan) -> Duration {
    plan.sending.mul_f64(0.1 + 0.9 * rng.f64())
}

fn millis(rng: &mut Rng, least: u64, most: u64) -> Duration {
    Duration::from_millis(rng.u64(least..most))
}
