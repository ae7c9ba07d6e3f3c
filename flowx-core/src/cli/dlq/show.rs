//! `dlq show`: one dead letter, or a test with its request.

use std::path::PathBuf;

use super::{Code, CommandError, Format};
use crate::cli::SUCCESS;
use crate::cli::output::deliver;
use crate::dead_letters::Desk;
use crate::dead_letters::capture::mask::Path;
use crate::dead_letters::capture::test::{Hide, test};
use crate::dead_letters::escape;
use crate::dead_letters::view::{Payload, Whole, json_line};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Its id, as `dlq list` prints it
    id: String,
    /// Shows the payload too, control characters escaped and what is sensitive masked
    #[arg(long)]
    payload: bool,
    /// Shows what is sensitive in it as well
    #[arg(long, requires = "payload")]
    unmasked: bool,
    /// How it is printed
    #[arg(long, value_enum, default_value_t, conflicts_with = "to_test")]
    format: Format,
    /// Writes a Rust test that sends the request to its handler and fails as long as the request does
    #[arg(
        long,
        conflicts_with = "payload",
        long_help = "Writes a Rust test that sends the request to its handler and fails as long as the \
                     request does.\n\nMasked is what has the name of a secret (password, token, pin, \
                     iban, …), what the schema of the request marks (x-flowx-sensitive, x-sensitive, \
                     writeOnly, format password) and what --mask and --mask-header name. Everything \
                     else is in the test as it was sent: look through it before you keep it."
    )]
    to_test: bool,
    /// File for the test; standard output if there is none
    #[arg(long, value_name = "FILE", requires = "to_test")]
    out: Option<PathBuf>,
    /// Masks this place of the payload too, as `$.customer.name` or `items[*].code`; may be repeated
    #[arg(long, value_name = "PATH", requires = "to_test")]
    mask: Vec<Path>,
    /// Masks this header too; may be repeated
    #[arg(long, value_name = "NAME", requires = "to_test")]
    mask_header: Vec<String>,
    /// Takes a payload into the test that is no JSON, in which nothing can be masked
    #[arg(long, requires = "to_test")]
    raw: bool,
}

pub(super) async fn run(desk: &Desk, arguments: &Arguments) -> Result<Code, CommandError> {
    let Some((entry, record)) = desk.show(&arguments.id).await? else {
        let id = escape::text(&arguments.id);
        return Err(CommandError::Failed(format!("there is no dead letter {id}")));
    };
    if !arguments.to_test {
        let shown = match (arguments.payload, arguments.unmasked) {
            (false, _) => Payload::Length,
            (true, true) => Payload::Whole,
            (true, false) => Payload::Masked(desk.route(&entry.letter).map(|route| &route.handler)),
        };
        let whole = Whole::of(&entry, &record, shown);
        match arguments.format {
            Format::Text => print!("{whole}"),
            Format::Json => println!("{}", json_line(&whole)),
        }
        return Ok(SUCCESS);
    }
    let hide = Hide {
        paths: arguments.mask.clone(),
        headers: arguments.mask_header.clone(),
        raw: arguments.raw,
    };
    let text = test(&entry.letter, &record, desk.registry(), &hide)
        .map_err(|reason| CommandError::Failed(format!("there is no test: {reason}")))?;
    deliver(&text, arguments.out.as_deref())
}
