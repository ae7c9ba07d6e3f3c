//! Plays seeds of the simulation: one with its log, or many until one breaks a promise.
//!
//! ```text
//! cargo run -p flowx-tests --bin simulate -- --seed 17
//! cargo run -p flowx-tests --bin simulate --release -- --seeds 0..100000
//! ```

mod run;

use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use flowx_core::testing::seeded::Bug;
use flowx_tests::report::Report;
use flowx_tests::seeds;

/// Plays seeds of the simulation of the whole runtime.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    seeds: Seeds,
    /// Plants a mistake in the members, which must be noticed
    #[arg(long, value_name = "NAME", value_parser = named)]
    bug: Option<Bug>,
    /// Writes a report in Markdown
    #[arg(long, value_name = "FILE", requires = "seeds")]
    report: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Seeds {
    /// Plays one seed twice and shows its log
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Plays all from one up to another on all processors, until one breaks a promise
    #[arg(long, value_name = "A..B", value_parser = seeds::range)]
    seeds: Option<Range<u64>>,
}

fn main() -> std::io::Result<ExitCode> {
    let Arguments { seeds: Seeds { seed, seeds }, bug, report } = Arguments::parse();
    if let Some(seed) = seed {
        return Ok(one(seed, bug));
    }
    let seeds = seeds.unwrap_or_default();
    let command = format!("simulate --seeds {}..{}", seeds.start, seeds.end);
    let mut written = Report::new("The runtime under seeded disturbances", command);
    let count = seeds.end.saturating_sub(seeds.start);
    let failed = seeds::first_failure(seeds, |seed| run::run(seed, bug).violations.is_empty());
    let words = match failed {
        Some(seed) => tell(&run::run(seed, bug)),
        None => format!("{count} seeds, every promise kept"),
    };
    println!("{words}");
    written.listing(words);
    written.write(report.as_deref(), failed.is_none())?;
    Ok(if failed.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn named(name: &str) -> Result<Bug, String> {
    Bug::ALL.into_iter().find(|bug| format!("{bug:?}") == name).ok_or_else(|| {
        let names = Bug::ALL.map(|bug| format!("{bug:?}")).join(", ");
        format!("there is no such bug, only {names}")
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
    println!("{}", tell(&report));
    if report.violations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What came of a run, and how to see it again.
fn tell(report: &flowx_core::testing::seeded::Report) -> String {
    let seed = report.seed;
    if report.violations.is_empty() {
        return format!("seed {seed}: every promise kept");
    }
    let mut words = format!("seed {seed} breaks a promise:\n");
    for violation in &report.violations {
        let _ = writeln!(words, "  {violation}");
    }
    words + "again: " + &run::replay(seed)
}
