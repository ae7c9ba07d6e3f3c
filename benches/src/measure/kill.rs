//! A contender that is killed while it works, and started again: what is lost, and what is done twice.

use std::time::{Duration, Instant};

use anyhow::{Result, bail, ensure};

use super::{Names, REPLY_TOPIC, STARTED_WITHIN, Stage, violations};
use crate::contender::{Contender, Running, Stopped};
use crate::report::Kill;
use crate::scenario::{Handler, Scenario};

/// It works so long before it is killed, at least: commits have been made by then, while requests are
/// at work.
const WORKS: Duration = Duration::from_secs(4);

/// How much longer, at most: nobody knows when.
const MORE_MILLISECONDS: u64 = 4_000;

/// How long a group may take until it notices that a member is gone: a session of 45 s, and some more.
const TAKEN_OVER_WITHIN: Duration = Duration::from_secs(90);

/// How long it works after that.
const WORKS_ON: Duration = Duration::from_secs(5);

/// Kills a contender and starts it again with the same group.
pub(crate) fn kill(stage: &Stage<'_>, contender: &Contender, scenario: &Scenario) -> Result<Kill> {
    let scenario = if contender.manifest.handler {
        *scenario
    } else {
        Scenario { handler: Handler::Ready, ..*scenario }
    };
    let names = Names::new(&scenario, contender, 0);
    stage.broker.create_topic(&names.replies, scenario.feed.partitions, REPLY_TOPIC)?;
    let mut kill = Kill::new(&contender.name);
    match played(stage, contender, &scenario, &names) {
        Ok((committed, stopped)) => {
            kill.committed = committed;
            let (verdict, _) = stage.judge(contender, &scenario, &names, scenario.feed.count)?;
            kill.violations = violations(&verdict, contender.manifest.order, stopped);
            kill.verdict = Some(verdict);
            if committed == 0 {
                kill.violations.push("nothing was committed when it was killed".to_owned());
            }
        }
        Err(error) => kill.violations.push(error.to_string()),
    }
    stage.broker.delete_topic(&names.replies)?;
    Ok(kill)
}

/// Plays it; what was committed at the kill, and how the second one ended.
fn played(
    stage: &Stage<'_>,
    contender: &Contender,
    scenario: &Scenario,
    names: &Names,
) -> Result<(u64, Stopped)> {
    let count = scenario.feed.count;
    let replies = || -> Result<u64> {
        let ends = stage.broker.end_offsets(&names.replies, scenario.feed.partitions)?;
        Ok(ends.iter().sum::<i64>().unsigned_abs())
    };
    let wait = |running: &mut Running, within, until: &dyn Fn() -> Result<bool>| -> Result<bool> {
        let began = Instant::now();
        while began.elapsed() < within {
            if let Some(reason) = running.ended() {
                bail!(reason);
            }
            if until()? {
                return Ok(true);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(false)
    };

    let mut running = stage.start(contender, scenario, names)?;
    let started = wait(&mut running, STARTED_WITHIN, &|| Ok(replies()? > 0))?;
    ensure!(started, "no reply within {STARTED_WITHIN:?}");
    let works = WORKS + Duration::from_millis(fastrand::u64(..MORE_MILLISECONDS));
    // One that would be done by then is killed on the way.
    wait(&mut running, works, &|| Ok(replies()? * 3 >= count * 2))?;
    running.kill();

    let before = replies()?;
    let partitions = scenario.feed.partitions;
    let committed = stage.broker.committed(&names.group, &names.requests, partitions)?;
    let committed: i64 = committed.into_iter().flatten().sum();
    let mut running = stage.start(contender, scenario, names)?;
    let taken_over = wait(&mut running, TAKEN_OVER_WITHIN, &|| Ok(replies()? > before))?;
    ensure!(taken_over, "no reply within {TAKEN_OVER_WITHIN:?} of a kill -9 and a restart");
    // Duplicates come on top, so that the count says only that it may be done.
    wait(&mut running, WORKS_ON, &|| Ok(replies()? >= 2 * count))?;
    Ok((committed.unsigned_abs(), running.stop()))
}
