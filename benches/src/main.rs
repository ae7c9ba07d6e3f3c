//! Measures flowx beside its peers, on Apache Kafka.
//!
//! ```text
//! cargo run -p flowx-benches --release -- compare
//! ```
//!
//! It reads what processes use from `/proc`, so it runs on Linux only. `benches/README.md` says what is
//! measured.

mod broker;
mod compare;
mod compiling;
mod contender;
mod gate;
mod load;
mod measure;
mod report;
mod scenario;
mod soaking;
mod stats;

use clap::{Parser, Subcommand};

/// Measures flowx beside its peers.
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Arguments),
    Soak(soaking::Arguments),
    Compile(compiling::Arguments),
    /// Lists contenders and scenarios
    List,
}

fn main() -> anyhow::Result<std::process::ExitCode> {
    let command = Arguments::parse().command;
    contender::end_on_signals()?;
    match command {
        Command::Compare(arguments) => compare::compare(&arguments)?,
        Command::Soak(arguments) => {
            if !soaking::run(&arguments)? {
                return Ok(std::process::ExitCode::FAILURE);
            }
        }
        Command::Compile(arguments) => compiling::run(&arguments)?,
        Command::List => list()?,
    }
    Ok(std::process::ExitCode::SUCCESS)
}

fn list() -> anyhow::Result<()> {
    println!("contenders");
    for contender in compare::chosen(&[])? {
        let missing = contender.missing();
        let missing = match &missing[..] {
            [] => String::new(),
            programs => format!(" (not on PATH: {})", programs.join(", ")),
        };
        println!("  {:<24} {}{missing}", contender.name, contender.manifest.title);
    }
    println!("scenarios");
    for scenario in scenario::SCENARIOS {
        let who = if scenario.for_peers { "all" } else { "those that run in all scenarios" };
        println!("  {:<24} {}; {who}", scenario.name, scenario.title);
    }
    Ok(())
}
