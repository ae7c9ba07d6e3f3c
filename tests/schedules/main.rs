//! Plays schedules: which thread goes on whenever the runtime meets another thread, decided by a seed.
//!
//! ```text
//! cargo run -p flowx-tests --bin schedules -- --seed 17
//! cargo run -p flowx-tests --bin schedules --release -- --seeds 0..100000
//! ```
//!
//! What runs is the production runtime (`runtime::dispatch` with tracker, fence, lanes, retries,
//! outbox, drain and close) as one thread. Around it stand five others: the control thread, which
//! assigns, revokes, loses and commits; the broker, which writes and reports; the world outside, for
//! which handlers wait; arrivals; and the clock. They are models of `flowx_core::kafka`, because
//! librdkafka's own threads obey no scheduler, and they meet the runtime where those of Kafka do: at
//! messages, commands, queues, delivery reports and the answer to a revocation. Shuttle chooses at
//! random who goes on at each of these meetings; between two of them a thread is not interrupted. So
//! it explores the order of what is handed over, not the memory model of what is inside tokio.
//!
//! What holds in every schedule: no offset is committed ahead of a record that is unfinished in its
//! assignment, nor backwards, nor for an assignment that is over; nothing is asked or answered for
//! one that the runtime has given back; a stop comes to its end; and whatever the runtime knew to be
//! finished when it gave an assignment back or closed is committed.

mod control;
mod handler;
mod lane;
mod model;
mod oracle;
mod port;
mod run;
mod scene;

use std::ops::Range;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use flowx_tests::report::Report;
use flowx_tests::seeds;

use crate::scene::Mistake;

/// Plays schedules of the runtime and the threads that it meets.
#[derive(Debug, Parser)]
#[group(required = true, multiple = false)]
struct Seeds {
    /// Plays the schedule of one seed
    #[arg(long)]
    seed: Option<u64>,
    /// Plays all from one up to another, `0..100000`, until one breaks a promise
    #[arg(long, value_parser = seeds::range)]
    seeds: Option<Range<u64>>,
}

#[derive(Debug, Parser)]
struct Arguments {
    #[command(flatten)]
    seeds: Seeds,
    /// Plants a mistake around the runtime, which must be noticed
    #[arg(long)]
    mistake: Option<Mistake>,
    /// Writes a report in Markdown
    #[arg(long)]
    report: Option<PathBuf>,
}

fn main() -> std::io::Result<ExitCode> {
    let Arguments { seeds: Seeds { seed, seeds }, mistake, report: file } = Arguments::parse();
    let range = seeds.or_else(|| seed.map(|seed| seed..seed + 1)).unwrap_or_default();
    let command = format!("schedules --seeds {}..{}", range.start, range.end);
    let mut report = Report::new("Schedules of the runtime and the threads that it meets", command);
    let count = range.end.saturating_sub(range.start);
    // One after another: shuttle's panic hook is the whole process's, and several at once get into
    // each other's way with it.
    let failed = range.into_iter().find(|seed| run::run(*seed, mistake).is_err());
    let words = match failed {
        Some(seed) => {
            let why = run::run(seed, mistake).err().unwrap_or_default();
            format!("schedule {seed} breaks a promise: {why}\nagain: {}", run::replay(seed))
        }
        None => format!("{count} schedules, every promise kept"),
    };
    println!("{words}");
    report.listing(words);
    report.write(file.as_deref(), failed.is_none())?;
    Ok(if failed.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
