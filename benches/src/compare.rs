//! The comparison: every contender in every scenario in which it takes part, round after round.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use flowx_tests::kafka::KafkaCluster;
use flowx_tests::{report, repository};

use crate::broker::Broker;
use crate::contender::Contender;
use crate::load::preload;
use crate::measure::{Stage, drain, kill, latency};
use crate::report::{About, Facts, Line, Results, Run, markdown, plot, write_between};
use crate::scenario::{COMMON_LOAD, KILLED, Measured, SCENARIOS, Scenario};

/// Everything about requests follows from it.
pub(crate) const SEED: u64 = 20_261_126;

/// Records go soon after their topic, or after they have stayed long enough. A new group waits for further
/// members as long as Kafka has it by itself, so that several instances begin together.
pub(crate) const SETTINGS: &[(&str, &str)] = &[
    ("file.delete.delay.ms", "1000"),
    ("log.retention.check.interval.ms", "10000"),
    ("group.initial.rebalance.delay.ms", "3000"),
];

/// Measures contenders against each other on Apache Kafka
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A first look within ten minutes: fewer requests, shorter runs, one round, the common scenarios
    #[arg(long)]
    quick: bool,
    /// Rounds, in each of which every contender runs once in every scenario
    #[arg(long, value_name = "N")]
    rounds: Option<u32>,
    /// Only these contenders, by the names of their folders
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    contenders: Vec<String>,
    /// Only these scenarios
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    scenarios: Vec<String>,
    /// Nodes of Kafka, each topic with a copy on every one
    #[arg(long, default_value_t = 1, value_parser = nodes)]
    nodes: usize,
    /// No run begins later than this
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    budget: Option<Duration>,
    /// The processors that contenders run on, as `taskset` takes them
    #[arg(long, value_name = "LIST")]
    pin: Option<String>,
    /// Where results are kept; what is there already is not measured again
    #[arg(long, value_name = "FILE")]
    results: Option<PathBuf>,
    /// Measures nothing, and shows the results that are there
    #[arg(long, requires = "results")]
    report: bool,
    /// Writes tables and plot into `benches/README.md` and beside it as well
    #[arg(long)]
    publish: bool,
}

fn nodes(text: &str) -> Result<usize, String> {
    match text {
        "1" => Ok(1),
        "3" => Ok(3),
        _ => Err("a cluster has 1 or 3 nodes".to_owned()),
    }
}

/// One thing to do.
enum Step<'a> {
    Measure(Scenario, &'a Contender, u32),
    Kill(&'a Contender),
}

/// Runs what is not in the results yet, and shows all of them.
pub(crate) fn compare(arguments: &Arguments) -> anyhow::Result<()> {
    let file = arguments.results.clone().unwrap_or_else(|| default_file(arguments.quick));
    let mut results = Results::open(&file)?;
    if !arguments.report {
        measure(arguments, &mut results)?;
    }
    let text = markdown(&results);
    println!("\n{text}");
    let picture = plot(&results)?;
    std::fs::write(file.with_extension("md"), format!("# Comparison\n\n{text}"))?;
    if let Some(picture) = &picture {
        std::fs::write(file.with_extension("svg"), picture)?;
    }
    println!("results are in {} and beside it", file.display());
    if arguments.publish {
        let benches = repository().join("benches");
        let mut text = text;
        if let Some(picture) = &picture {
            std::fs::write(benches.join("comparison.svg"), picture)?;
            text.push_str("\n![The figures as bars](comparison.svg)\n");
        }
        write_between(&benches.join("README.md"), &text)?;
    }
    Ok(())
}

fn measure(arguments: &Arguments, results: &mut Results) -> anyhow::Result<()> {
    let began = Instant::now();
    let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
    let budget = arguments.budget.unwrap_or(minutes(if arguments.quick { 8 } else { 110 }));
    results.resume(facts(arguments)?)?;
    let all = chosen(&arguments.contenders)?;
    let contenders = built(&all, results)?;
    let scenarios = scenarios(arguments)?;
    let rounds = arguments.rounds.unwrap_or(if arguments.quick { 1 } else { 5 });
    let steps = steps(&scenarios, &contenders, rounds, arguments.quick);

    println!("starting Apache Kafka");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let cluster = runtime.block_on(KafkaCluster::start_with(arguments.nodes, SETTINGS));
    let broker = Broker::connect(&cluster.bootstrap_servers(), arguments.nodes)?;
    let stage = Stage {
        broker: &broker,
        seed: SEED,
        processors: arguments.pin.clone(),
        limit: Duration::from_secs(if arguments.quick { 8 } else { 20 }),
    };
    for step in steps {
        if began.elapsed() > budget {
            println!("the time of {budget:?} is over; the same command goes on from here");
            break;
        }
        take(&stage, results, &step, arguments.quick)?;
    }
    Ok(())
}

/// Does one thing, unless it has been done.
fn take(
    stage: &Stage<'_>,
    results: &mut Results,
    step: &Step<'_>,
    quick: bool,
) -> anyhow::Result<()> {
    match step {
        Step::Measure(scenario, contender, round) => {
            if results.has_run(scenario.name, &contender.name, *round) {
                return Ok(());
            }
            let run = if scenario.measured == Measured::Latency {
                let loads = if quick { &[COMMON_LOAD][..] } else { contender.manifest.loads() };
                latency(stage, contender, scenario, *round, loads)
            } else {
                preload(stage.broker, stage.seed, &scenario.feed)?;
                drain(stage, contender, scenario, *round)
            };
            let run = run.with_context(|| format!("{} in {}", contender.name, scenario.name))?;
            println!("{}", told(&run));
            results.add(Line::Run(run))
        }
        Step::Kill(contender) => {
            if results.kill(&contender.name).is_some() {
                return Ok(());
            }
            preload(stage.broker, stage.seed, &KILLED.feed)?;
            let kill = kill(stage, contender, &KILLED)
                .with_context(|| format!("kill -9 of {}", contender.name))?;
            println!("kill -9 {}: {:?} {:?}", contender.name, kill.violations, kill.verdict);
            results.add(Line::Kill(kill))
        }
    }
}

/// Everything to do, in the order in which it is done: what shows whether figures count comes first,
/// but for a first look, which has no time for all of it.
fn steps<'a>(
    scenarios: &[Scenario],
    contenders: &'a [Contender],
    rounds: u32,
    quick: bool,
) -> Vec<Step<'a>> {
    let kills = || contenders.iter().map(Step::Kill);
    let mut steps = Vec::new();
    if !quick {
        steps.extend(kills());
    }
    for round in 1..=rounds {
        for scenario in scenarios {
            let mut takers: Vec<_> =
                contenders.iter().filter(|one| one.manifest.takes_part(scenario)).collect();
            // Nobody is always behind the same other.
            if !takers.is_empty() {
                let by = round as usize % takers.len();
                takers.rotate_left(by);
            }
            steps.extend(takers.into_iter().map(|one| Step::Measure(*scenario, one, round)));
        }
    }
    if quick {
        steps.extend(kills());
    }
    steps
}

fn scenarios(arguments: &Arguments) -> anyhow::Result<Vec<Scenario>> {
    for name in &arguments.scenarios {
        let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        ensure!(names.contains(&name.as_str()), "`{name}` is none of: {}", names.join(", "));
    }
    let is_wanted = |scenario: &&Scenario| {
        if arguments.scenarios.is_empty() {
            scenario.for_peers || !arguments.quick
        } else {
            arguments.scenarios.iter().any(|name| name == scenario.name)
        }
    };
    let wanted = SCENARIOS.iter().filter(is_wanted).copied();
    Ok(wanted.map(|scenario| if arguments.quick { scenario.quick() } else { scenario }).collect())
}

/// The contenders with these names, or all.
pub(crate) fn chosen(names: &[String]) -> anyhow::Result<Vec<Contender>> {
    let mut all = Contender::all(&repository().join("benches/contenders"), &scratch())?;
    for name in names {
        let known: Vec<_> = all.iter().map(|contender| contender.name.as_str()).collect();
        ensure!(known.contains(&name.as_str()), "`{name}` is none of: {}", known.join(", "));
    }
    all.retain(|contender| names.is_empty() || names.contains(&contender.name));
    Ok(all)
}

/// Those that can be built; the others are told of in the results.
fn built(all: &[Contender], results: &mut Results) -> anyhow::Result<Vec<Contender>> {
    let mut built = Vec::new();
    for contender in all {
        let missing = contender.missing();
        let left_out = if missing.is_empty() {
            println!("building {}", contender.name);
            contender.build().err().map(|error| error.to_string())
        } else {
            Some(format!("not on PATH: {}", missing.join(", ")))
        };
        if let Some(reason) = &left_out {
            println!("{} is left out: {reason}", contender.name);
        } else {
            built.push(contender.clone());
        }
        let about = About::of(contender, left_out);
        if !results.contenders().contains(&&about) {
            results.add(Line::Contender(about))?;
        }
    }
    Ok(built)
}

impl About {
    fn of(contender: &Contender, left_out: Option<String>) -> Self {
        let manifest = &contender.manifest;
        Self {
            name: contender.name.clone(),
            title: manifest.title.clone(),
            guarantee: manifest.guarantee.clone(),
            order: manifest.order,
            settings: manifest.settings.clone(),
            handler: manifest.handler,
            size: contender.size(),
            left_out,
        }
    }
}

fn told(run: &Run) -> String {
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    let mut text = format!(
        "{} {} round {}: {} replies/s, {} µs/reply, {} MiB, first after {} s",
        run.scenario,
        run.contender,
        run.round,
        number(run.rate.or(run.capacity), 0),
        number(run.cpu, 2),
        number(run.peak, 0),
        number(run.start_up, 2),
    );
    for latency in &run.latencies {
        text += &format!("; {} %: p50 {:.2} p99 {:.2} ms", latency.load, latency.p50, latency.p99);
    }
    for violation in &run.violations {
        text += &format!("\n  does not count: {violation}");
    }
    text
}

fn facts(arguments: &Arguments) -> anyhow::Result<Facts> {
    let pom = include_str!("../../tests/kafka/pom.xml");
    let kafka = pom.split_once("<kafka.version>").and_then(|(_, rest)| rest.split_once('<'));
    let (kafka, _) = kafka.context("tests/kafka/pom.xml names no version of Kafka")?;
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let mut facts: Vec<_> = report::facts(SystemTime::now())
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    let mut add = |name: &str, value: String| facts.push((name.to_owned(), value));
    add("processor", model.map_or("unknown", |(_, model)| model.trim()).to_owned());
    add("Apache Kafka", format!("{kafka}, nodes: {}", arguments.nodes));
    add("contenders run on", arguments.pin.clone().unwrap_or("all processors".to_owned()));
    add("runs", if arguments.quick { "quick: of 8 s" } else { "full: of 20 s" }.to_owned());
    Ok(Facts { facts })
}

fn default_file(quick: bool) -> PathBuf {
    let facts = report::facts(SystemTime::now());
    let date = facts.iter().find(|(name, _)| *name == "date").map_or("undated", |(_, date)| date);
    let quick = if quick { "-quick" } else { "" };
    repository().join("benches/results").join(format!("{date}{quick}.jsonl"))
}

/// Where contenders are built: in cargo's own folder, which is nobody's source.
pub(crate) fn scratch() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let target = program.ancestors().find(|folder| folder.join("CACHEDIR.TAG").is_file());
    target.map_or_else(|| repository().join("target"), Path::to_owned).join("contenders")
}
