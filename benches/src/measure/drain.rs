//! Requests that are there: how fast they are answered, and what that costs.

use std::time::{Duration, Instant, SystemTime};

use super::{Names, REPLY_TOPIC, STARTED_WITHIN, Stage, violations};
use crate::broker::milliseconds;
use crate::contender::{Contender, Usage};
use crate::report::{Ended, Run};
use crate::scenario::{Measured, Scenario};
use crate::stats::{Sample, cpu_per_reply, rate};

const LOOK_EVERY: Duration = Duration::from_millis(100);

/// With no reply for so long, a run is over.
const STALLED_AFTER: Duration = Duration::from_secs(15);

/// Measures one run. Its topic of requests must have been filled.
pub(crate) fn drain(
    stage: &Stage<'_>,
    contender: &Contender,
    scenario: &Scenario,
    round: u32,
) -> anyhow::Result<Run> {
    let names = Names::new(scenario, contender, round);
    let feed = scenario.feed;
    stage.broker.create_topic(&names.replies, feed.partitions, REPLY_TOPIC)?;
    let mut run = Run::new(scenario.name, &contender.name, round);

    let (began, started) = (Instant::now(), milliseconds(SystemTime::now()));
    let mut running = stage.start(contender, scenario, &names)?;
    let mut samples: Vec<Sample> = Vec::new();
    let mut first: Option<Instant> = None;
    let mut moved = Instant::now();
    let (ended, usage) = loop {
        std::thread::sleep(LOOK_EVERY);
        let ends = stage.broker.end_offsets(&names.replies, feed.partitions)?;
        let replies = ends.iter().sum::<i64>().unsigned_abs();
        let usage = running.usage();
        let now = Instant::now();
        if samples.last().is_none_or(|last| last.replies < replies) {
            moved = now;
        }
        if replies > 0 {
            first.get_or_insert(now);
        }
        samples.push(Sample { replies, cpu: usage.cpu });
        if let Some(reason) = running.ended() {
            run.violations.push(reason);
            break (Ended::Failed, usage);
        }
        if replies >= feed.count {
            break (Ended::All, usage);
        }
        match first {
            Some(first) if first.elapsed() >= limit(stage, scenario) => break (Ended::Time, usage),
            Some(_) if moved.elapsed() >= STALLED_AFTER => break (Ended::Stalled, usage),
            None if began.elapsed() >= STARTED_WITHIN => {
                run.violations.push(format!("no reply within {STARTED_WITHIN:?}"));
                break (Ended::Failed, usage);
            }
            _ => {}
        }
    };
    let until = milliseconds(SystemTime::now());
    let stopped = running.stop();

    let (verdict, mut times) = stage.judge(contender, scenario, &names, feed.count)?;
    // What comes behind the signal is the stop's, and not the rate's.
    times.truncate(times.partition_point(|at| *at <= until));
    run.start_up = times.first().map(|first| (first - started).max(0) as f64 / 1_000.0);
    run.seconds = times.last().map(|last| (last - started) as f64 / 1_000.0);
    run.rate = match (scenario.measured, run.seconds) {
        (Measured::Backlog, Some(seconds)) => Some(times.len() as f64 / seconds),
        _ => rate(&times),
    };
    run.cpu = cpu_per_reply(&samples);
    run.peak = Some(mebibytes(&usage));
    run.ended = ended;
    run.violations.extend(violations(&verdict, contender.manifest.order, stopped));
    if ended == Ended::Stalled {
        run.violations.push(format!("no reply for {STALLED_AFTER:?} while requests waited"));
    }
    run.verdict = Some(verdict);
    stage.broker.delete_topic(&names.replies)?;
    Ok(run)
}

/// A backlog is worked off to its end, within reason.
fn limit(stage: &Stage<'_>, scenario: &Scenario) -> Duration {
    match scenario.measured {
        Measured::Backlog => 3 * stage.limit,
        _ => stage.limit,
    }
}

pub(super) fn mebibytes(usage: &Usage) -> f64 {
    usage.peak as f64 / f64::from(1 << 20)
}
