//! Sends dead letters again: each marked before and after, one behind the other.

use std::collections::HashMap;
use std::fmt;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;

use super::filter::millis;
use super::journal::Entry;
use super::letter::DeadLetter;
use super::mark::{self, Kind};
use super::obstacle::Obstacle;
use super::shelf::Records;
use crate::message::record::{Coordinates, Outbound, Record};
use crate::message::replay::{Lineage, again};
use crate::runtime::port::{SendError, Sink, Token};

/// How long the brokers may take to acknowledge one record.
const DEADLINE: Duration = Duration::from_secs(60);

/// How dead letters are sent again.
#[derive(Clone, Debug)]
pub struct Pace {
    /// Requests in a second, at most; default 10.
    pub rate: NonZeroU32,
    /// Says what would be sent, and sends nothing; default false.
    pub dry_run: bool,
    /// Ends the run before the next request when it is cancelled.
    pub stop: CancellationToken,
}

impl Default for Pace {
    fn default() -> Self {
        const TEN: NonZeroU32 = NonZeroU32::new(10).expect("it is not zero");
        Self { rate: TEN, dry_run: false, stop: CancellationToken::new() }
    }
}

/// What became of one dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was sent again.
    Replayed,
    /// It would be sent again, were this no dry run.
    Would,
    /// It was left out: everything that stands in the way.
    Skipped(Vec<Obstacle>),
    /// It was not sent, for this reason.
    Failed(String),
    /// It was not sent, for its first mark could not be written for this reason; the run ends with it.
    Unbegun(String),
    /// Whether it was sent is not known, for this reason; the run ends with it.
    Unknown(String),
    /// It was sent, but that could not be written down, for this reason; the run ends with it.
    Unmarked(String),
}

impl Outcome {
    /// A stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Replayed => "replayed",
            Self::Would => "would-replay",
            Self::Skipped(_) => "skipped",
            Self::Failed(_) | Self::Unbegun(_) => "failed",
            Self::Unknown(_) => "unknown",
            Self::Unmarked(_) => "unmarked",
        }
    }

    /// Whether somebody has to look at it.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Replayed | Self::Would => false,
            Self::Skipped(obstacles) => obstacles.iter().any(Obstacle::is_refusal),
            Self::Failed(_) | Self::Unbegun(_) | Self::Unknown(_) | Self::Unmarked(_) => true,
        }
    }

    fn ends_the_run(&self) -> bool {
        matches!(self, Self::Unbegun(_) | Self::Unknown(_) | Self::Unmarked(_))
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Replayed => f.write_str("sent again"),
            Self::Would => f.write_str("would be sent again"),
            Self::Skipped(obstacles) => {
                f.write_str("skipped: ")?;
                for (index, obstacle) in obstacles.iter().enumerate() {
                    let separator = if index == 0 { "" } else { "; and " };
                    write!(f, "{separator}{obstacle}")?;
                }
                Ok(())
            }
            Self::Failed(reason) => write!(f, "not sent: {reason}"),
            Self::Unbegun(reason) => {
                write!(f, "not sent, for that could not be written down before: {reason}")
            }
            Self::Unknown(reason) => write!(
                f,
                "whether it was sent is not known: {reason}; see whether it was handled; --unfinished sends it"
            ),
            Self::Unmarked(reason) => write!(
                f,
                "sent again, but that could not be written down: {reason}; the next run calls it unfinished"
            ),
        }
    }
}

/// What became of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Requests that were sent again, or would be.
    pub replayed: usize,
    /// Dead letters that were left out.
    pub skipped: usize,
    /// Dead letters that somebody has to look at; those that were refused are counted here alone.
    pub failed: usize,
    /// Dead letters that the run did not come to.
    pub untouched: usize,
}

impl Tally {
    pub(super) fn count(&mut self, outcome: &Outcome) {
        match outcome {
            _ if outcome.is_failure() => self.failed += 1,
            Outcome::Skipped(_) => self.skipped += 1,
            _ => self.replayed += 1,
        }
    }
}

/// One run over the dead letters that nothing stands in the way of.
pub(super) struct Run<'r, S> {
    pub(super) sink: S,
    pub(super) pace: &'r Pace,
    /// By where they stand.
    pub(super) wanted: HashMap<Coordinates, Entry>,
    pub(super) tally: Tally,
}

impl<S: Sink> Run<'_, S> {
    /// Reads the topics once more, for what the dead letters carry, and sends each as it comes.
    pub(super) async fn over<R: Records>(
        mut self,
        mut records: R,
        tell: &mut (dyn FnMut(&Entry, &Outcome) + Send),
    ) -> Result<Tally, String> {
        let mut ticks = interval(Duration::from_secs(1) / self.pace.rate.get());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut token = 0;
        while !self.wanted.is_empty() {
            let Some(record) = records.next().await? else { break };
            let Some(entry) = self.wanted.remove(&record.at) else { continue };
            tokio::select! {
                biased;
                () = self.pace.stop.cancelled() => {
                    self.wanted.insert(record.at, entry);
                    break;
                }
                _ = ticks.tick() => {}
            }
            let outcome = self.send(&record, &entry.letter, &mut token).await;
            self.tally.count(&outcome);
            tell(&entry, &outcome);
            if outcome.ends_the_run() {
                break;
            }
        }
        self.tally.untouched = self.wanted.len();
        Ok(self.tally)
    }

    async fn send(&mut self, record: &Record, letter: &DeadLetter, token: &mut u64) -> Outcome {
        let key = record.key.as_deref();
        let mark = |kind| mark::of(letter, key, kind, millis(SystemTime::now()));
        if let Err(error) = self.write(&mark(Kind::Begun), token).await {
            return Outcome::Unbegun(error.reason());
        }
        let lineage = Lineage { of: letter.id, replays: letter.replays().saturating_add(1) };
        let request = again(record, &letter.original.topic, &lineage);
        match self.write(&request, token).await {
            Ok(()) => match self.write(&mark(Kind::Replayed), token).await {
                Ok(()) => Outcome::Replayed,
                Err(error) => Outcome::Unmarked(error.reason()),
            },
            Err(WriteError::NotWritten(reason)) => {
                match self.write(&mark(Kind::Withdrawn), token).await {
                    Ok(()) => Outcome::Failed(reason),
                    Err(error) => Outcome::Unknown(format!("{reason}; {}", error.reason())),
                }
            }
            Err(WriteError::Unknown(reason)) => Outcome::Unknown(reason),
        }
    }

    /// Writes one record; it is acknowledged when this returns.
    async fn write(&mut self, record: &Outbound, token: &mut u64) -> Result<(), WriteError> {
        *token += 1;
        let token = Token(*token);
        self.sink.send(record, token).map_err(|error| WriteError::NotWritten(error.to_string()))?;
        let acknowledged = async {
            loop {
                let delivery = self.sink.delivered().await;
                if delivery.token == token {
                    return delivery.result;
                }
            }
        };
        match timeout(DEADLINE, acknowledged).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(SendError::Rejected(reason))) => Err(WriteError::NotWritten(reason)),
            // What failed may be written all the same: only its acknowledgement may be lost.
            Ok(Err(error)) => Err(WriteError::Unknown(error.to_string())),
            Err(_) => Err(WriteError::Unknown("no broker acknowledged it in a minute".to_owned())),
        }
    }
}

/// Why a record was not written.
enum WriteError {
    /// It certainly was not.
    NotWritten(String),
    /// It may have been.
    Unknown(String),
}

impl WriteError {
    fn reason(self) -> String {
        match self {
            Self::NotWritten(reason) | Self::Unknown(reason) => reason,
        }
    }
}
