//! `check`: whether the cluster is as the connector needs it, and what would make it so.

use std::time::Duration;

use super::{Code, CommandError, FAILURE, SUCCESS};
use crate::check::acls::needed;
use crate::check::command::{KafkaCommand, Reach};
use crate::check::{Check, Level};
use crate::connector::{Connector, ConnectorBuilder};

/// The brokers could not be asked.
const NOT_LOOKED: Code = 2;

/// How long `run` looks, beside its work.
const AT_START: Duration = Duration::from_secs(10);

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Prints every permission that the connector needs, as commands, and asks no broker
    #[arg(long)]
    acls: bool,
    /// Whom the commands grant something, as `User:connector`
    #[arg(long, value_name = "PRINCIPAL", value_parser = principal)]
    principal: Option<String>,
    /// How long the connector may be away without losing requests, as `12h` or `3days`
    #[arg(long, value_name = "TIME", default_value = "3days", value_parser = time)]
    downtime: Duration,
    /// How many instances will run at once
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least_one)]
    instances: usize,
    /// How long the brokers may take to answer
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = time)]
    timeout: Duration,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people: a line for each finding, then the commands
    #[default]
    Text,
    /// For programs: one JSON object
    Json,
}

pub(super) async fn run(
    builder: ConnectorBuilder,
    arguments: Arguments,
) -> Result<Code, CommandError> {
    let connector = builder.build()?;
    if arguments.acls {
        print_acls(&connector, &arguments);
        return Ok(SUCCESS);
    }
    let mut check =
        Check::of(&connector)?.downtime(arguments.downtime).instances(arguments.instances);
    if let Some(principal) = arguments.principal {
        check = check.principal(principal);
    }
    let report = match check.look(arguments.timeout).await {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: nothing could be looked at: {error}");
            return Ok(NOT_LOOKED);
        }
    };
    match arguments.format {
        Format::Text => print!("{report}"),
        Format::Json => println!("{:#}", report.json()),
    }
    Ok(if report.worst() == Level::Problem { FAILURE } else { SUCCESS })
}

fn print_acls(connector: &Connector, arguments: &Arguments) {
    let mut reach = Reach::of(&connector.settings);
    reach.principal = arguments.principal.clone().or(reach.principal);
    let acls = needed(connector.registry(), connector.group());
    let script = reach.script(acls.into_iter().map(KafkaCommand::Grant));
    match arguments.format {
        Format::Text => print!("{script}"),
        Format::Json => {
            let lines = script.lines().filter(|line| !line.starts_with('#'));
            println!("{:#}", serde_json::json!({ "commands": Vec::from_iter(lines) }));
        }
    }
}

/// Looks at the cluster while the connector is at work already, and logs what needs attention.
pub(super) fn at_start(connector: &Connector) {
    if !connector.settings.check {
        return;
    }
    // What keeps it from running is said by the run itself.
    let Ok(check) = Check::of(connector) else { return };
    tokio::spawn(async move {
        let report = match check.look(AT_START).await {
            Ok(report) => report,
            Err(error) => {
                tracing::warn!(target: "flowx::check", "the cluster could not be checked: {error}");
                return;
            }
        };
        // Who reads the replies is known without a broker, and said before.
        let complaints: Vec<_> = report.complaints().filter(|said| said.rule != "engine").collect();
        for finding in &complaints {
            tracing::warn!(target: "flowx::check", rule = finding.rule, "{finding}");
        }
        if !complaints.is_empty() {
            tracing::info!(target: "flowx::check", "the command `check` prints what would mend this");
        }
    });
}

fn time(text: &str) -> Result<Duration, String> {
    match humantime::parse_duration(text) {
        Ok(time) if !time.is_zero() => Ok(time),
        _ => Err("expected a time with its unit, as `10s`, `12h` or `3days`".to_owned()),
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..=100_000) => Ok(number),
        _ => Err("expected a number from 1 to 100000".to_owned()),
    }
}

fn principal(text: &str) -> Result<String, String> {
    match text.split_once(':') {
        Some((kind, name)) if !kind.is_empty() && !name.is_empty() && !text.contains('\0') => {
            Ok(text.to_owned())
        }
        _ => Err("expected a kind and a name, as `User:connector`".to_owned()),
    }
}
