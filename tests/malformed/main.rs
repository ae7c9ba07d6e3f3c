//! Sends malformed requests of thirty classes among good ones through Apache Kafka to a connector,
//! and keeps account of what becomes of each.
//!
//! `cargo run -p flowx-tests --release --bin malformed -- --count 100000` sends ten times as many in
//! all, prints a report in Markdown and ends with 1 if anything is not as it must be. `classes` is the
//! table of what is sent and what must become of it.

mod books;
mod classes;
mod compare;
mod connector;
mod draft;
mod hold;
mod process;
mod report;
mod run;
mod scene;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Parser, Subcommand};

use crate::draft::Requests;

/// Sends malformed requests to a connector and verifies what becomes of each.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Malformed requests.
    #[arg(long, default_value_t = 100_000)]
    count: u64,
    /// Good requests for each malformed one.
    #[arg(long, default_value_t = 9)]
    good: u64,
    /// Decides every byte that is sent; by default another one every time.
    #[arg(long)]
    seed: Option<u64>,
    /// The connector's limit for a request, in bytes; what is large is made according to it.
    #[arg(long, default_value_t = 52_428_800, value_parser = clap::value_parser!(u32).range(2_000_000..=52_428_800))]
    largest: u32,
    /// The longest time, in milliseconds, for which a partition may stand still.
    #[arg(long, default_value_t = 1_000)]
    hold: u64,
    /// Where the report is written, besides standard output.
    #[arg(long)]
    report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// The connector; the driver starts it.
    #[command(hide = true)]
    Connector(connector::Arguments),
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Connector(arguments)) => connector::run(arguments).await.map(|()| true),
        None => drive(arguments).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs, reports, and says whether all was as it must be.
async fn drive(arguments: Arguments) -> anyhow::Result<bool> {
    let requests = Requests {
        seed: arguments.seed.unwrap_or_else(|| fastrand::u64(..1_000_000)),
        malformed: arguments.count,
        good: arguments.good,
        largest: arguments.largest as usize,
    };
    let outcome = run::run(&requests).await?;
    let report = report::Report { requests, outcome, hold: Duration::from_millis(arguments.hold) };
    if let Some(path) = arguments.report {
        std::fs::write(&path, report.to_string())
            .with_context(|| format!("the report cannot be written to {}", path.display()))?;
    }
    println!("{report}");
    Ok(report.is_good())
}
