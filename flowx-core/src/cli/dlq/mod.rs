//! `dlq`: what this connector put aside, found, shown and sent again.

mod list;
mod replay;
mod show;

use std::time::SystemTime;

use super::{Code, CommandError};
use crate::connector::ConnectorBuilder;
use crate::dead_letters::filter::moment;
use crate::dead_letters::{Desk, DeskError, Filter};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Lists dead letters, without what they carry
    List(list::Arguments),
    /// Shows one dead letter, or writes a failing test with its request
    Show(show::Arguments),
    /// Sends the requests of dead letters to their topics again
    Replay(replay::Arguments),
}

/// Which dead letters are meant: those that fit everything that is said.
#[derive(Debug, clap::Args)]
struct Which {
    /// Those of this handler; may be repeated
    #[arg(long, value_name = "NAME")]
    handler: Vec<String>,
    /// Those put aside for this reason, as `retry-exhausted`; may be repeated
    #[arg(long, value_name = "NAME")]
    reason: Vec<String>,
    /// Those of this process instance, by UUID or number; may be repeated
    #[arg(long, value_name = "INSTANCE")]
    process: Vec<String>,
    /// Those of this id; may be repeated
    #[arg(long, value_name = "ID")]
    id: Vec<String>,
    /// Those put aside then or later: an RFC 3339 time, a day, or how long ago, as `2h`
    #[arg(long, value_name = "TIME", value_parser = time)]
    since: Option<i64>,
    /// Those put aside before that
    #[arg(long, value_name = "TIME", value_parser = time)]
    until: Option<i64>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object on each line
    Json,
}

impl From<Which> for Filter {
    fn from(which: Which) -> Self {
        Self {
            handlers: which.handler,
            reasons: which.reason,
            processes: which.process,
            ids: which.id,
            since: which.since,
            until: which.until,
        }
    }
}

impl From<DeskError> for CommandError {
    fn from(error: DeskError) -> Self {
        Self::Failed(error.to_string())
    }
}

fn time(text: &str) -> Result<i64, String> {
    moment(text, SystemTime::now())
}

pub(super) async fn run(
    builder: ConnectorBuilder,
    arguments: Arguments,
) -> Result<Code, CommandError> {
    let desk = Desk::of(&builder.build()?)?;
    match arguments.command {
        Command::List(arguments) => list::run(&desk, arguments).await,
        Command::Show(arguments) => show::run(&desk, &arguments).await,
        Command::Replay(arguments) => replay::run(&desk, arguments).await,
    }
}
