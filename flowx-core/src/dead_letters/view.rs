//! Dead letters as people and programs see them: never a payload unless it is asked for.

use std::fmt;
use std::time::{Duration, UNIX_EPOCH};

use serde::Serialize;
use serde_json::Value;

use super::capture::mask;
use super::escape;
use super::journal::{Entry, Replay};
use super::obstacle::Obstacle;
use super::replay::Outcome;
use super::secret::looks_secret;
use crate::handler::bound::BoundHandler;
use crate::handler::schema::Draft;
use crate::handler::schema::sensitive::Sensitive;
use crate::message::record::Record;

/// One line of a list.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// The id.
    pub id: String,
    /// Where the dead letter stands: `topic[partition]@offset`.
    pub at: String,
    /// Where the request stood, likewise.
    pub original: String,
    /// When it was put aside, in UTC.
    pub failed_at: String,
    /// The handler.
    pub handler: String,
    /// The step that failed.
    pub stage: String,
    /// The reason.
    pub reason: String,
    /// The code of the error reply.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Attempts made.
    pub attempts: u32,
    /// Whether the process was answered.
    pub replied: bool,
    /// Whether it may pass when it is sent again.
    pub retryable: bool,
    /// Whether the request itself is not there.
    pub truncated: bool,
    /// The UUID of the process instance, if it is named.
    pub process: Option<String>,
    /// Its number, likewise.
    pub process_number: Option<String>,
    /// How often the request was sent again before.
    pub replays: u32,
    /// The dead letter that it was sent again from.
    pub replay_of: Option<String>,
    /// `none`, `unfinished` or `replayed`.
    pub replay: &'static str,
    /// When that was.
    pub replay_at: Option<String>,
    /// Records that hold it.
    pub copies: usize,
}

impl Row {
    /// The line of a dead letter.
    #[must_use]
    pub fn of(entry: &Entry) -> Self {
        let letter = &entry.letter;
        let (replay, replay_at) = match entry.replay {
            Replay::None => ("none", None),
            Replay::Unfinished(at) => ("unfinished", Some(time(at))),
            Replay::Done(at) => ("replayed", Some(time(at))),
        };
        Self {
            id: letter.id.to_string(),
            at: letter.at.to_string(),
            original: letter.original.to_string(),
            failed_at: time(letter.failed_at),
            handler: letter.handler.clone(),
            stage: letter.stage.clone(),
            reason: letter.reason.clone(),
            code: letter.code.clone(),
            message: letter.message.clone(),
            attempts: letter.attempts,
            replied: letter.replied,
            retryable: letter.retryable,
            truncated: letter.truncated,
            process: letter.process.clone(),
            process_number: letter.process_number.clone(),
            replays: letter.replays(),
            replay_of: letter.lineage.as_ref().map(|lineage| lineage.of.to_string()),
            replay,
            replay_at,
            copies: entry.copies,
        }
    }
}

/// A dead letter with its headers.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Whole {
    /// What the list shows.
    #[serde(flatten)]
    pub row: Row,
    /// The key, escaped; `None` for a null.
    pub key: Option<String>,
    /// All headers in their order, escaped; the values of those that look like secrets are not shown.
    pub headers: Vec<Header>,
    /// Length of the payload in bytes; `None` for a null.
    pub payload_bytes: Option<usize>,
    /// The payload, escaped, if it is asked for; a text in brackets if it cannot be masked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payload: Option<String>,
    /// Places of it that are masked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub masked: Vec<String>,
}

/// What is shown of the payload of a dead letter.
#[derive(Clone, Copy, Debug)]
pub enum Payload<'h> {
    /// Its length.
    Length,
    /// All of it but what is [sensitive](crate::handler::schema::sensitive) for this handler, or has the
    /// name of a secret; names alone count where the handler is gone.
    Masked(Option<&'h BoundHandler>),
    /// All of it.
    Whole,
}

impl Payload<'_> {
    /// The text that is shown, and the places that are masked in it.
    fn of(self, payload: &[u8]) -> (Option<String>, Vec<String>) {
        let handler = match self {
            Self::Length => return (None, Vec::new()),
            Self::Whole => return (Some(escape::bytes(payload)), Vec::new()),
            Self::Masked(handler) => handler,
        };
        let schema = handler.map_or(Value::Bool(true), |h| h.request_schema(Draft::default()));
        match mask::payload(payload, &schema, &[]) {
            Some(masked) => {
                let paths = masked.paths.iter().map(|path| escape::text(&path.to_string()));
                (Some(escape::bytes(&masked.json)), paths.collect())
            }
            // Where it is no JSON, nobody can tell which part of it is sensitive.
            None if Sensitive::of(&schema).is_some() => {
                let bytes = payload.len();
                let words = "no JSON, so nothing in it can be masked";
                (Some(format!("({bytes} bytes, not shown: {words})")), Vec::new())
            }
            None => (Some(escape::bytes(payload)), Vec::new()),
        }
    }
}

/// One header.
#[derive(Clone, Debug, Serialize)]
pub struct Header {
    /// Its name, escaped.
    pub name: String,
    /// Its value, escaped; `None` for a null.
    pub value: Option<String>,
}

impl Whole {
    /// What is shown of a dead letter, and of its payload.
    #[must_use]
    pub fn of(entry: &Entry, record: &Record, shown: Payload<'_>) -> Self {
        let value = |name: &str, value: &[u8]| match looks_secret(name) {
            true => format!("({} bytes, not shown)", value.len()),
            false => escape::bytes(value),
        };
        let headers = record.headers.iter().map(|(name, bytes)| Header {
            name: escape::text(name),
            value: bytes.map(|bytes| value(name, bytes)),
        });
        let payload = record.payload.as_deref();
        let (text, masked) = payload.map(|payload| shown.of(payload)).unwrap_or_default();
        Self {
            row: Row::of(entry),
            key: record.key.as_deref().map(escape::bytes),
            headers: headers.collect(),
            payload_bytes: payload.map(<[u8]>::len),
            payload: text,
            masked,
        }
    }
}

impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let null = || "(null)".to_owned();
        writeln!(f, "dead letter {} at {}", self.row.id, escape::text(&self.row.at))?;
        writeln!(f, "request     {}", escape::text(&self.row.original))?;
        match (self.row.replay, &self.row.replay_at) {
            (replay, Some(at)) => writeln!(f, "replay      {replay} at {at}")?,
            (replay, None) => writeln!(f, "replay      {replay}")?,
        }
        writeln!(f, "key         {}", self.key.clone().unwrap_or_else(null))?;
        match self.payload_bytes {
            Some(bytes) => writeln!(f, "payload     {bytes} bytes")?,
            None => writeln!(f, "payload     {}", null())?,
        }
        writeln!(f, "headers")?;
        for Header { name, value } in &self.headers {
            writeln!(f, "  {name}: {}", value.clone().unwrap_or_else(null))?;
        }
        if let Some(payload) = &self.payload {
            writeln!(f, "payload\n  {payload}")?;
        }
        if !self.masked.is_empty() {
            writeln!(f, "masked\n  {}", self.masked.join(", "))?;
        }
        Ok(())
    }
}

/// A list for people: one line for each, columns below each other.
#[derive(Debug)]
pub struct Table<'r>(pub &'r [Row]);

const HEAD: [&str; 9] = [
    "ID",
    "REQUEST",
    "FAILED AT",
    "HANDLER",
    "REASON",
    "ATTEMPTS",
    "REPLIED",
    "RETRYABLE",
    "REPLAY",
];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let yes = |is: bool| if is { "yes" } else { "no" }.to_owned();
        let mut lines = vec![HEAD.map(str::to_owned)];
        lines.extend(self.0.iter().map(|row| {
            [
                row.id.clone(),
                escape::text(&row.original),
                row.failed_at.clone(),
                escape::text(&row.handler),
                escape::text(&row.reason),
                row.attempts.to_string(),
                yes(row.replied),
                yes(row.retryable),
                row.replay.to_owned(),
            ]
        }));
        let width = |column: usize| {
            lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..HEAD.len()).map(width).collect();
        for line in &lines {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            writeln!(f, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(())
    }
}

/// A value as JSON on one line that no terminal stumbles over.
#[must_use]
pub fn json_line(value: &impl Serialize) -> String {
    let json = serde_json::to_string(value).expect("rows are JSON");
    escape::json(&json)
}

/// Milliseconds since 1970 as a time in UTC; as a number where the calendar ends.
#[must_use]
pub fn time(millis: i64) -> String {
    /// The end of the year 9999.
    const LAST: u64 = 253_402_300_799_999;
    match u64::try_from(millis) {
        Ok(since) if since <= LAST => {
            humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(since)).to_string()
        }
        _ => millis.to_string(),
    }
}

/// What became of one dead letter in a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The id.
    pub id: String,
    /// Where the request stood.
    pub original: String,
    /// The handler.
    pub handler: String,
    /// `replayed`, `would-replay`, `skipped`, `failed`, `unknown` or `unmarked`.
    pub outcome: &'static str,
    /// Names of what stands in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub obstacles: Vec<&'static str>,
    /// The same in a sentence.
    pub text: String,
}

impl Told {
    /// What is told of one.
    #[must_use]
    pub fn of(entry: &Entry, outcome: &Outcome) -> Self {
        let letter = &entry.letter;
        let obstacles = match outcome {
            Outcome::Skipped(obstacles) => obstacles.iter().map(Obstacle::name).collect(),
            _ => Vec::new(),
        };
        Self {
            id: letter.id.to_string(),
            original: letter.original.to_string(),
            handler: letter.handler.clone(),
            outcome: outcome.name(),
            obstacles,
            text: outcome.to_string(),
        }
    }
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}  {}  {}: {}", self.id, self.original, self.handler, self.text)
    }
}
