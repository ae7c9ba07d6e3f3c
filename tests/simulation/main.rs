//! Plays seeds of the simulation: one with its log, or many until one breaks a promise.
//!
//! ```text
//! cargo run -p flowx-tests --bin simulate -- --seed 17
//! cargo run -p flowx-tests --bin simulate --release -- --seeds 0..100000
//! ```

mod run;

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use flowx_core::testing::seeded::{Bug, Report};

const USAGE: &str = "usage: simulate --seed N [--bug NAME] | --seeds A..B [--bug NAME]";

/// How many seeds pass between two lines of progress.
const PROGRESS: u64 = 1_000;

fn main() -> ExitCode {
    match Command::parse(std::env::args().skip(1)) {
        Ok(Command { from, to: None, bug }) => one(from, bug),
        Ok(Command { from, to: Some(to), bug }) => many(from, to, bug),
        Err(problem) => {
            eprintln!("{problem}\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

/// What was asked for: one seed, or all from one up to another.
struct Command {
    from: u64,
    to: Option<u64>,
    bug: Option<Bug>,
}

impl Command {
    fn parse(mut words: impl Iterator<Item = String>) -> Result<Self, String> {
        let (mut seeds, mut bug) = (None, None);
        while let Some(word) = words.next() {
            let value = words.next().ok_or_else(|| format!("`{word}` needs a value"))?;
            match word.as_str() {
                "--seed" => seeds = Some((number(&value)?, None)),
                "--seeds" => {
                    let (from, to) = value
                        .split_once("..")
                        .ok_or_else(|| format!("`{value}` is no range; write `0..100000`"))?;
                    seeds = Some((number(from)?, Some(number(to)?)));
                }
                "--bug" => bug = Some(named(&value)?),
                _ => return Err(format!("`{word}` is not known")),
            }
        }
        let (from, to) = seeds.ok_or("say which seed")?;
        Ok(Self { from, to, bug })
    }
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is no seed; a seed is a whole number"))
}

fn named(name: &str) -> Result<Bug, String> {
    Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name).ok_or_else(|| {
        let names = Bug::ALL.map(|bug| format!("{bug:?}")).join(", ");
        format!("there is no bug `{name}`, only {names}")
    })
}

/// Plays one seed twice and shows its log.
fn one(seed: u64, bug: Option<Bug>) -> ExitCode {
    let report = run::run(seed, bug);
    print!("{}", report.log);
    println!("{:?}", report.tally);
    println!("seed {seed}: log {:016x}", report.fingerprint());
    let again = run::run(seed, bug);
    if again.log != report.log {
        let differs = report.log.lines().zip(again.log.lines()).position(|(one, two)| one != two);
        println!("the second run differs from line {:?} on", differs.map(|line| line + 1));
        return ExitCode::FAILURE;
    }
    tell(&report)
}

/// Plays seeds on all processors until one breaks a promise.
fn many(from: u64, to: u64, bug: Option<Bug>) -> ExitCode {
    let started = Instant::now();
    let next = AtomicU64::new(from);
    // The smallest seed that failed; seeds beyond it are not begun.
    let failed = AtomicU64::new(to);
    let worker = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= failed.load(Ordering::Relaxed) {
                return;
            }
            if !run::run(seed, bug).violations.is_empty() {
                failed.fetch_min(seed, Ordering::Relaxed);
            }
            let done = seed + 1 - from;
            if done.is_multiple_of(PROGRESS) {
                println!("{done} of {} seeds, {:.0?}", to - from, started.elapsed());
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(worker);
        }
    });
    match failed.into_inner() {
        seed if seed < to => tell(&run::run(seed, bug)),
        _ => {
            println!("{} seeds in {:.1?}, every promise kept", to - from, started.elapsed());
            ExitCode::SUCCESS
        }
    }
}

/// Says what came of a run, and how to see it again.
fn tell(report: &Report) -> ExitCode {
    if report.violations.is_empty() {
        println!("seed {}: every promise kept", report.seed);
        return ExitCode::SUCCESS;
    }
    println!("seed {} breaks a promise:", report.seed);
    report.violations.iter().for_each(|violation| println!("  {violation}"));
    println!("again: {}", run::replay(report.seed));
    ExitCode::FAILURE
}
