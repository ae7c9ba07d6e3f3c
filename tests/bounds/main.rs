//! Measures what is bounded: memory under a backlog, threads and files over many restarts, requests
//! under retries.
//!
//! ```text
//! cargo run -p flowx-tests --release --bin bounds -- b1 --report target/b1.md
//! ```
//!
//! Everything is read from `/proc/self`, so it runs on Linux only. It ends with 1 if a bound is broken.

mod cycles;
mod memory;
mod outcome;
mod process;
mod retries;
mod unpacking;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// As in every connector that is built from the examples.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Measures what is bounded.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    bound: Bound,
    /// Writes a report in Markdown
    #[arg(long, global = true, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Bound {
    /// Memory while handlers stall on a backlog in Apache Kafka, and while the broker stalls
    B1(memory::Arguments),
    /// Threads and files over starts and stops, on the embedded broker
    B2(cycles::Arguments),
    /// Requests at work while every attempt fails, on a clock that takes no time
    B3(retries::Arguments),
    /// Memory for batches that unpack to a thousand times their size
    B4,
    /// A broker; `b2` starts it, so that what it holds is not in the way
    #[command(hide = true)]
    Broker,
    /// Writes a backlog; `b1` starts it, so that its own memory is not in the way
    #[command(hide = true)]
    Fill(memory::Fill),
    /// Writes batches; `b4` starts it, likewise
    #[command(hide = true)]
    Pack(unpacking::Pack),
}

fn main() -> anyhow::Result<ExitCode> {
    let Arguments { bound, report } = Arguments::parse();
    let outcome = match bound {
        Bound::B1(arguments) => memory::run(&arguments)?,
        Bound::B2(arguments) => cycles::run(&arguments)?,
        Bound::B3(arguments) => retries::run(&arguments)?,
        Bound::B4 => unpacking::run()?,
        Bound::Broker => return cycles::broker().map(|()| ExitCode::SUCCESS),
        Bound::Fill(fill) => return memory::write(&fill).map(|()| ExitCode::SUCCESS),
        Bound::Pack(pack) => return unpacking::write(&pack).map(|()| ExitCode::SUCCESS),
    };
    outcome.tell(report.as_deref())?;
    Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
