//! `dlq list`: a line for each dead letter.

use super::{Code, CommandError, Format, Which};
use crate::cli::SUCCESS;
use crate::dead_letters::Desk;
use crate::dead_letters::escape;
use crate::dead_letters::view::{Row, Table, json_line};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
    /// How they are printed, the oldest first
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<Code, CommandError> {
    let found = desk.list(arguments.which.into()).await?;
    let mut entries: Vec<_> = found.journal.entries().iter().collect();
    entries.sort_by_key(|entry| entry.letter.failed_at);
    let rows: Vec<Row> = entries.into_iter().map(Row::of).collect();
    match arguments.format {
        Format::Json => rows.iter().for_each(|row| println!("{}", json_line(row))),
        Format::Text if rows.is_empty() => println!("no dead letter"),
        Format::Text => print!("{}", Table(&rows)),
    }
    // What was not looked at goes beside the list, so that a program reads nothing else.
    for topic in &found.missing {
        eprintln!(
            "note: there is no topic `{}`, or this user must not see it",
            escape::text(topic)
        );
    }
    let (foreign, illegible) = (found.journal.foreign(), found.journal.illegible());
    if foreign > 0 {
        eprintln!("note: {foreign} dead letters of other consumer groups are left out");
    }
    if illegible > 0 {
        eprintln!("note: {illegible} records are no dead letters that this version can read");
    }
    Ok(SUCCESS)
}
