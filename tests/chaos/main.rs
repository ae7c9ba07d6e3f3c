//! Breaks what can break between Apache Kafka and a connector, and keeps account of every request.
//!
//! `cargo run -p flowx-tests --bin chaos -- --scale 0.01 --seed 7` runs a hundredth of the full scale
//! (10^6 requests, 12 partitions, 5 000 keys, 3 connectors, 20 kills, 10 broker restarts, 30
//! rebalances), prints what the ledger found and ends with 1 if it must not be.

mod collect;
mod commits;
mod connector;
mod faults;
mod fleet;
mod plan;
mod run;
mod sabotage;
mod scene;
mod schedule;
mod self_test;
mod traffic;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Runs connectors through a schedule of faults and verifies that no request was lost.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    scale: Scale,
}

/// How much chaos.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Scale {
    /// Share of the full scale; every kind of fault occurs at least once.
    #[arg(long, default_value_t = 0.01)]
    scale: f64,
    /// Decides requests and faults; by default another one every time.
    #[arg(long)]
    seed: Option<u64>,
    /// How long requests are sent; by default as long as 400 a second take, at least half a minute.
    #[arg(long)]
    minutes: Option<f64>,
    /// Brokers, 1 or 3; by default 3 from a tenth of the full scale on.
    #[arg(long)]
    nodes: Option<usize>,
    /// Keeps the logs of the connectors also when all is well.
    #[arg(long)]
    keep: bool,
    /// Lets nothing be repeated because a member came or went in good order.
    #[arg(long)]
    strict: bool,
    /// Only lets members come and go in good order, more often; nothing is broken.
    #[arg(long)]
    calm: bool,
    /// Writes a report in Markdown.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// One connector process; the driver starts them.
    #[command(hide = true)]
    Connector(connector::Arguments),
    /// Plants bugs in connectors one by one and demands that the ledger finds each.
    SelfTest,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match arguments.command {
        Some(Command::Connector(arguments)) => connector::run(arguments).await.map(|()| true),
        Some(Command::SelfTest) => self_test::run().await,
        None => {
            let seed = arguments.scale.seed.unwrap_or_else(|| fastrand::u64(..1_000_000));
            let Scale { scale, minutes, nodes, keep, strict, calm, report, .. } = arguments.scale;
            let sending = minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0));
            let plan = plan::Plan::scaled(scale, seed, sending, nodes);
            let plan = if calm { plan.calmed() } else { plan };
            run::run(&plan::Plan { is_strict: strict, ..plan }, keep, report.as_deref()).await
        }
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
