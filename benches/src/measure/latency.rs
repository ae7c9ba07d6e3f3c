//! Requests that come at a steady pace: how long each takes.

use std::time::{Duration, Instant};

use anyhow::ensure;

use super::drain::mebibytes;
use super::{Names, REPLY_TOPIC, STARTED_WITHIN, Stage, violations};
use crate::contender::Contender;
use crate::load::{Maker, OpenLoop, Phase};
use crate::report::{Ended, Latency, Run};
use crate::scenario::Scenario;
use crate::stats::Times;

/// Requests under way while it is found out how many a second can be answered.
const WINDOW: u64 = 5_000;

/// Measures one run: first what the contender can answer while requests come, then at each of `loads`,
/// in percent of that. Each part takes a fourth of the limit.
pub(crate) fn latency(
    stage: &Stage<'_>,
    contender: &Contender,
    scenario: &Scenario,
    round: u32,
    loads: &[u32],
) -> anyhow::Result<Run> {
    let mut names = Names::new(scenario, contender, round);
    names.requests = names.replies.replace("replies-", "asked-");
    let feed = scenario.feed;
    stage.broker.create_topic(&names.requests, feed.partitions, &[])?;
    stage.broker.create_topic(&names.replies, feed.partitions, REPLY_TOPIC)?;
    let mut run = Run::new(scenario.name, &contender.name, round);

    let began = Instant::now();
    let mut running = stage.start(contender, scenario, &names)?;
    let maker = Maker::new(stage.seed, &feed);
    let topics = (names.requests.as_str(), names.replies.as_str());
    let mut open = OpenLoop::begin(stage.broker, maker, topics, feed.partitions)?;
    let outcome = open
        .first(|| {
            ensure!(began.elapsed() < STARTED_WITHIN, "no reply within {STARTED_WITHIN:?}");
            running.ended().map_or(Ok(()), |reason| Err(anyhow::anyhow!(reason)))
        })
        .and_then(|()| {
            run.start_up = Some(began.elapsed().as_secs_f64());
            phases(&mut open, stage.limit / 4, loads)
        });
    let sent = open.sent();
    open.finish()?;
    let usage = running.usage();
    run.violations.extend(running.ended());
    let stopped = running.stop();
    run.peak = Some(mebibytes(&usage));
    match outcome {
        Ok((capacity, latencies)) => {
            run.capacity = Some(capacity);
            run.latencies = latencies;
            run.ended = Ended::Time;
        }
        Err(error) => {
            run.violations.push(error.to_string());
            run.ended = Ended::Failed;
        }
    }
    let (verdict, _) = stage.judge(contender, scenario, &names, sent)?;
    run.violations.extend(violations(&verdict, contender.manifest.order, stopped));
    run.verdict = Some(verdict);
    stage.broker.delete_topic(&names.requests)?;
    stage.broker.delete_topic(&names.replies)?;
    Ok(run)
}

/// Capacity, and the latencies at each load.
fn phases(
    open: &mut OpenLoop,
    time: Duration,
    loads: &[u32],
) -> anyhow::Result<(f64, Vec<Latency>)> {
    let capacity = open.saturate(WINDOW, time)?.rate;
    let left = open.settle()?;
    ensure!(left == 0, "{left} requests were not answered after the load was taken away");
    open.answered().for_each(drop);
    let mut latencies = Vec::new();
    for &load in loads {
        let phase = open.hold(capacity * f64::from(load) / 100.0, time)?;
        let left = open.settle()?;
        ensure!(left == 0, "{left} requests were not answered at {load} % of capacity");
        latencies.push(judged(open, &phase, load));
    }
    Ok((capacity, latencies))
}

/// Percentiles of a phase, but for its first tenth.
fn judged(open: &OpenLoop, phase: &Phase, load: u32) -> Latency {
    let sent = phase.sequences.end - phase.sequences.start;
    let warm = phase.sequences.start + sent / 10;
    let mut times = Times::new();
    for answer in open.answered().filter(|answer| answer.sequence >= warm) {
        times.add(answer.took);
    }
    Latency {
        load,
        offered: phase.offered,
        count: times.count(),
        p50: times.percentile(50.0),
        p99: times.percentile(99.0),
    }
}
