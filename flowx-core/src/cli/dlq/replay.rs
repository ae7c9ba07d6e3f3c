//! `dlq replay`: sends requests again.

use std::num::NonZeroU32;

use clap::ArgGroup;
use tokio_util::sync::CancellationToken;

use super::{Code, CommandError, Format, Which};
use crate::cli::run::stop_signal;
use crate::cli::{FAILURE, SUCCESS};
use crate::dead_letters::replay::Pace;
use crate::dead_letters::view::{Told, json_line};
use crate::dead_letters::{Consent, Desk, Filter, escape};

const LONG: &str = "\
Sends the requests of dead letters to their topics again: key, value and headers as they were, and \
`dlq-replay-of` and `dlq-replays` behind them. Each is handled as a new request, with an id of its own.

A dead letter is left out, and the reason said, if it was sent again before; if its process was \
answered (a second answer OVERWRITES process data); if it would fail again; if it was sent again as \
often as may be; or if no handler of this connector reads its topic. Every consumer group that reads \
the topic gets the request again, not this connector alone. Run one replay at a time.";

const CODES: &str = "\
Exit code: 0 if every one was sent again, or left out for a reason that an option or an earlier run \
answers for; 1 if some could not be sent, cannot be sent at all, or were not come to, or if an id was \
not found; 2 if the command line is wrong; 78 if the configuration is.";

#[derive(Debug, clap::Args)]
#[command(
    long_about = LONG,
    after_help = CODES,
    group(ArgGroup::new("what").required(true).multiple(true).args([
        "all", "handler", "reason", "process", "id", "since", "until",
    ])),
)]
pub(super) struct Arguments {
    /// All that fit the filters; needed where there is none
    #[arg(long)]
    all: bool,
    #[command(flatten)]
    which: Which,
    /// Says what would be sent, and sends nothing
    #[arg(long)]
    dry_run: bool,
    /// Requests in a second, at most
    #[arg(long, value_name = "N", default_value = "10")]
    rate: NonZeroU32,
    /// How often a request may be sent again in all
    #[arg(long, value_name = "N", default_value = "3")]
    max_replays: u32,
    /// Also those whose process was answered: the second answer OVERWRITES process data
    #[arg(long)]
    answered: bool,
    /// Also those that cannot pass by themselves, for the handler was changed
    #[arg(long)]
    not_retryable: bool,
    /// Also those that an earlier run began to send and whose end is not known: they may be sent twice
    #[arg(long)]
    unfinished: bool,
    /// How it is told what became of each
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(desk: &Desk, arguments: Arguments) -> Result<Code, CommandError> {
    let consent = Consent {
        answered: arguments.answered,
        not_retryable: arguments.not_retryable,
        unfinished: arguments.unfinished,
        max_replays: arguments.max_replays,
    };
    if consent.answered {
        eprintln!(
            "warning: processes that were answered get a second answer, which overwrites their data"
        );
    }
    let stop = CancellationToken::new();
    let pace = Pace { rate: arguments.rate, dry_run: arguments.dry_run, stop: stop.clone() };
    let signal = tokio::spawn(async move {
        stop_signal().await;
        stop.cancel();
    });
    let filter: Filter = arguments.which.into();
    let mut absent = filter.ids.clone();
    let format = arguments.format;
    let mut tell = |entry: &_, outcome: &_| {
        let told = Told::of(entry, outcome);
        absent.retain(|id| *id != told.id);
        match format {
            Format::Json => println!("{}", json_line(&told)),
            Format::Text => println!("{}", escape::text(&told.to_string())),
        }
    };
    let tally = desk.replay(filter, &consent, &pace, &mut tell).await;
    signal.abort();
    let tally = tally?;
    for id in &absent {
        eprintln!(
            "there is no dead letter {} that fits, or the run did not come to it",
            escape::text(id)
        );
    }
    let verb = if pace.dry_run { "would be sent again" } else { "sent again" };
    eprintln!("{} {verb}, {} skipped, {} failed", tally.replayed, tally.skipped, tally.failed);
    if tally.untouched > 0 {
        eprintln!("the run ended early; it did not come to {}", tally.untouched);
    }
    let done = tally.failed == 0 && tally.untouched == 0 && absent.is_empty();
    Ok(if done { SUCCESS } else { FAILURE })
}
