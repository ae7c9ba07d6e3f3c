//! Memory over a long time at half of what a contender can do.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::{Names, STARTED_WITHIN, Stage};
use crate::contender::{Contender, Stopped};
use crate::load::{Maker, OpenLoop};
use crate::scenario::Scenario;
use crate::stats::Times;

/// Records do not stay longer than they are needed: an hour of them would fill a disk.
const SHORT_LIVED: &[(&str, &str)] =
    &[("segment.bytes", "67108864"), ("retention.bytes", "134217728")];

const WINDOW: u64 = 5_000;
const CAPACITY_IN: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What was seen.
#[derive(Clone, Debug)]
pub(crate) struct Soak {
    pub(crate) capacity: f64,
    pub(crate) rate: f64,
    pub(crate) looks: Vec<Look>,
    pub(crate) requests: u64,
    pub(crate) unanswered: u64,
    pub(crate) stopped: Stopped,
}

/// One look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) seconds: f64,
    /// Mebibytes in memory.
    pub(crate) resident: f64,
    /// Of the time since the look before, in milliseconds.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

/// Runs a contender for so long at half load; `tell` hears every look.
pub(crate) fn soak(
    stage: &Stage<'_>,
    contender: &Contender,
    scenario: &Scenario,
    time: Duration,
    mut tell: impl FnMut(&Look),
) -> anyhow::Result<Soak> {
    let mut names = Names::new(scenario, contender, 0);
    names.requests = names.replies.replace("replies-", "asked-");
    for topic in [&names.requests, &names.replies] {
        stage.broker.create_topic(topic, scenario.feed.partitions, SHORT_LIVED)?;
    }
    let began = Instant::now();
    let mut running = stage.start(contender, scenario, &names)?;
    let maker = Maker::new(stage.seed, &scenario.feed);
    let topics = (names.requests.as_str(), names.replies.as_str());
    let mut open = OpenLoop::begin(stage.broker, maker, topics, scenario.feed.partitions)?;
    open.first(|| {
        ensure!(began.elapsed() < STARTED_WITHIN, "no reply within {STARTED_WITHIN:?}");
        running.ended().map_or(Ok(()), |reason| Err(anyhow::anyhow!(reason)))
    })?;
    let capacity = open.saturate(WINDOW, CAPACITY_IN)?.rate;
    open.settle()?;
    open.answered().for_each(drop);

    let rate = capacity / 2.0;
    let began = Instant::now();
    let mut looks = Vec::new();
    while began.elapsed() < time {
        open.hold(rate, LOOK_EVERY.min(time))?;
        if let Some(reason) = running.ended() {
            anyhow::bail!(reason);
        }
        let mut times = Times::new();
        open.answered().for_each(|answer| times.add(answer.took));
        let look = Look {
            seconds: began.elapsed().as_secs_f64(),
            resident: running.usage().resident as f64 / f64::from(1 << 20),
            p50: times.percentile(50.0),
            p99: times.percentile(99.0),
        };
        tell(&look);
        looks.push(look);
    }
    let unanswered = open.settle()?;
    let requests = open.sent();
    open.finish()?;
    let stopped = running.stop();
    Ok(Soak { capacity, rate, looks, requests, unanswered, stopped })
}

/// How much may be added to the memory of the second sixth of the time, and still be called flat: a
/// twentieth, or this many mebibytes.
const SLACK: f64 = 4.0;

impl Soak {
    /// Memory early and late, as medians of the second and of the last sixth: the first is for filling
    /// what is filled once.
    pub(crate) fn early_and_late(&self) -> Option<(f64, f64)> {
        let sixth = self.looks.len() / 6;
        let median = |looks: &[Look]| {
            crate::stats::Spread::of(looks.iter().map(|look| look.resident)).map(|s| s.median)
        };
        let late = self.looks.len().checked_sub(sixth)?;
        Some((median(self.looks.get(sixth..2 * sixth)?)?, median(self.looks.get(late..)?)?))
    }

    /// Whether memory stayed, everything was answered and it ended as told.
    pub(crate) fn is_good(&self) -> bool {
        let is_flat = self
            .early_and_late()
            .is_some_and(|(early, late)| late <= early + (early / 20.0).max(SLACK));
        is_flat && self.unanswered == 0 && self.stopped == Stopped::InTime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soak(resident: impl Fn(usize) -> f64) -> Soak {
        let look = |number| Look {
            seconds: number as f64 * 10.0,
            resident: resident(number),
            p50: 1.0,
            p99: 2.0,
        };
        Soak {
            capacity: 2.0,
            rate: 1.0,
            looks: (0..60).map(look).collect(),
            requests: 60,
            unanswered: 0,
            stopped: Stopped::InTime,
        }
    }

    #[test]
    fn memory_that_stays_is_flat_whatever_it_took_at_first() {
        let steady = soak(|number| if number < 8 { 10.0 * number as f64 } else { 80.0 });
        assert_eq!(steady.early_and_late(), Some((80.0, 80.0)));
        assert!(steady.is_good());
    }

    #[test]
    fn memory_that_grows_is_not_flat() {
        assert!(!soak(|number| 80.0 + number as f64 / 4.0).is_good());
    }

    #[test]
    fn a_request_without_a_reply_or_a_stop_that_hangs_is_not_good() {
        assert!(!Soak { unanswered: 1, ..soak(|_| 80.0) }.is_good());
        assert!(!Soak { stopped: Stopped::Killed, ..soak(|_| 80.0) }.is_good());
    }

    #[test]
    fn too_few_looks_are_no_ground_for_a_verdict() {
        let short = Soak { looks: soak(|_| 80.0).looks[..3].to_vec(), ..soak(|_| 80.0) };
        assert!(!short.is_good());
    }
}
