//! The runtime and the threads that it meets, in schedules that a seed decides; see
//! `schedules/main.rs` for what that explores.

#[path = "schedules/control.rs"]
mod control;
#[path = "schedules/handler.rs"]
mod handler;
#[path = "schedules/lane.rs"]
mod lane;
#[path = "schedules/model.rs"]
mod model;
#[path = "schedules/oracle.rs"]
mod oracle;
#[path = "schedules/port.rs"]
mod port;
#[path = "schedules/run.rs"]
mod run;
#[path = "schedules/scene.rs"]
mod scene;

use clap::ValueEnum;

use crate::scene::Mistake;

/// Schedules of the ordinary test run.
const SCHEDULES: u64 = 2_000;

/// Schedules among which every planted mistake must be noticed.
const SCHEDULES_FOR_A_MISTAKE: u64 = 1_000;

#[test]
fn no_schedule_breaks_a_promise() {
    if let Some(seed) = (0..SCHEDULES).find(|seed| run::run(*seed, None).is_err()) {
        panic!("{}\nagain: {}", run::run(seed, None).unwrap_err(), run::replay(seed));
    }
}

#[test]
fn every_planted_mistake_is_noticed() {
    let is_unnoticed = |mistake: &&Mistake| {
        (0..SCHEDULES_FOR_A_MISTAKE).all(|seed| run::run(seed, Some(**mistake)).is_ok())
    };
    let unnoticed: Vec<_> = Mistake::value_variants().iter().filter(is_unnoticed).collect();
    assert!(unnoticed.is_empty(), "{unnoticed:?}");
}

#[test]
fn everything_that_can_meet_meets_among_the_first_schedules() {
    let tallies: Vec<_> = (0..300).map(|seed| run::run(seed, None).unwrap()).collect();
    for (what, count) in [
        ("commits", tallies.iter().map(|tally| tally.commits).sum::<usize>()),
        ("revocations", tallies.iter().map(|tally| tally.revoked).sum()),
        ("revocations cut short", tallies.iter().map(|tally| tally.hasty).sum()),
        ("losses", tallies.iter().map(|tally| tally.lost).sum()),
        ("late deliveries", tallies.iter().map(|tally| tally.late).sum()),
        ("revocations during a stop", tallies.iter().map(|tally| tally.met_at_close).sum()),
        ("stops with something unfinished", tallies.iter().map(|tally| tally.cut_off).sum()),
    ] {
        assert!(count >= 5, "only {count} {what}");
    }
}

#[test]
fn a_seed_gives_the_same_schedule() {
    for seed in 0..20 {
        let [first, second] = [(); 2].map(|()| format!("{:?}", run::run(seed, None)));
        assert_eq!(first, second, "{}", run::replay(seed));
    }
}
