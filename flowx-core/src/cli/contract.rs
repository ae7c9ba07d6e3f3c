//! `contract`: what this binary promises, and what a release changes for processes that run.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use serde::Serialize;

use super::output::deliver;
use super::{Code, CommandError, FAILURE, SUCCESS};
use crate::connector::ConnectorBuilder;
use crate::contract::diff::{Change, Report, diff};
use crate::contract::model::Contract;
use crate::contract::read;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Writes the contract: topics, schemas, codes and guarantees, as JSON
    Show {
        /// File to write to; standard output if there is none
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Compares two contracts; the exit code is 1 if the new one breaks processes
    Diff {
        /// Contract of the last release
        old: PathBuf,
        /// Contract of the next release
        new: PathBuf,
        /// How changes are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
    /// Compares this binary with an older contract; the exit code is 1 if it breaks processes
    Check {
        /// Contract of the last release; `-` reads it from standard input
        #[arg(long, value_name = "FILE")]
        against: PathBuf,
        /// How changes are printed
        #[arg(long, value_enum, default_value_t)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Format {
    /// For people, by handler
    #[default]
    Text,
    /// For programs: {"changes": […], "safe": 0, "breaks": 0, "newVersion": 0}
    Json,
}

pub(super) fn run(builder: ConnectorBuilder, arguments: &Arguments) -> Result<Code, CommandError> {
    match &arguments.command {
        Command::Show { out } => show(&builder.build()?.contract(), out.as_deref()),
        Command::Diff { old, new, format } => {
            let (old, new) = (read_contract(old)?, read_contract(new)?);
            report(diff(&old, &new), *format)
        }
        Command::Check { against, format } => {
            let old = read_contract(against)?;
            report(diff(&old, &builder.build()?.contract()), *format)
        }
    }
}

fn show(contract: &Contract, out: Option<&Path>) -> Result<Code, CommandError> {
    deliver(&pretty(contract)?, out)
}

fn report(changes: Vec<Change>, format: Format) -> Result<Code, CommandError> {
    let report = Report::of(changes);
    match format {
        Format::Text => print!("{}", Text(&report)),
        Format::Json => print!("{}", pretty(&report)?),
    }
    Ok(if report.is_safe() { SUCCESS } else { FAILURE })
}

fn pretty(value: &impl Serialize) -> Result<String, CommandError> {
    let text = serde_json::to_string_pretty(value);
    let text = text.map_err(|error| CommandError::Failed(error.to_string()))?;
    Ok(text + "\n")
}

fn read_contract(file: &Path) -> Result<Contract, CommandError> {
    let (name, text) = if file == Path::new("-") {
        let mut text = String::new();
        ("standard input".to_owned(), io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (file.display().to_string(), fs::read_to_string(file))
    };
    let failed = |reason: &dyn fmt::Display| {
        CommandError::Failed(format!("cannot read a contract from {name}: {reason}"))
    };
    let text = text.map_err(|error| failed(&error))?;
    read::contract(&text).map_err(|error| failed(&error))
}

/// A report for people: one block for each change, below the name of its handler.
struct Text<'a>(&'a Report);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(report) = self;
        for same in report.changes.chunk_by(|a, b| a.handler == b.handler) {
            writeln!(f, "{}", same[0].handler.as_deref().unwrap_or("the connector"))?;
            for change in same {
                let path = change.path.as_deref().unwrap_or_default();
                let place = format!("{}: {} {path}", change.verdict, change.place);
                writeln!(f, "  {}", place.trim_end())?;
                writeln!(f, "    {}\n    {}\n", change.what, change.reason)?;
            }
        }
        if report.changes.is_empty() {
            return writeln!(f, "no changes");
        }
        let Report { safe, breaks, new_version, .. } = report;
        writeln!(f, "{breaks} break, {new_version} need a new version, {safe} are safe")
    }
}
