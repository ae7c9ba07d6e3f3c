//! The command that keeps a contender at half load for a long time.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use flowx_tests::kafka::KafkaCluster;
use flowx_tests::report::Report;

use crate::broker::Broker;
use crate::compare::{SEED, SETTINGS, chosen};
use crate::measure::{Stage, soak};
use crate::report::soak_markdown;
use crate::scenario::SCENARIOS;

/// Looks at the memory of a contender over a long time at half of what it can do
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// The name of its folder
    #[arg(long, default_value = "flowx")]
    contender: String,
    /// How long
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    time: Duration,
    /// The processors that it runs on, as `taskset` takes them
    #[arg(long, value_name = "LIST")]
    pin: Option<String>,
    /// Writes a report in Markdown
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
}

/// Runs it; whether memory stayed and nothing went unanswered.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<bool> {
    let chosen = chosen(std::slice::from_ref(&arguments.contender))?;
    let contender = chosen.first().context("it is there, or choosing would have failed")?;
    let missing = contender.missing();
    anyhow::ensure!(missing.is_empty(), "not on PATH: {}", missing.join(", "));
    println!("building {}", contender.name);
    contender.build()?;

    let time = humantime::format_duration(arguments.time);
    let mut report = Report::new(
        "Memory over a long time at half load",
        format!("soak --contender {} --time {time}", contender.name),
    );
    println!("starting Apache Kafka");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cluster = runtime.block_on(KafkaCluster::start_with(1, SETTINGS));
    let broker = Broker::connect(&cluster.bootstrap_servers(), 1)?;
    let stage = Stage {
        broker: &broker,
        seed: SEED,
        processors: arguments.pin.clone(),
        limit: arguments.time,
    };
    let seen = soak(&stage, contender, &SCENARIOS[0], arguments.time, |look| {
        println!(
            "{:6.1} min  {:7.1} MiB  p50 {:.2} ms  p99 {:.2} ms",
            look.seconds / 60.0,
            look.resident,
            look.p50,
            look.p99
        );
    })?;
    soak_markdown(&mut report, contender, &seen);
    let is_good = seen.is_good();
    println!("\n{}", report.finish(is_good));
    report.write(arguments.report.as_deref(), is_good)?;
    Ok(is_good)
}
