//! Keeps a record of every answer that the process engine receives.
//!
//! It reads the engine's whole receive family, `ai.flowx.dev.engine.receive.*`, in a consumer group
//! of its own, so that the engine gets everything as before. Every answer becomes one line of JSON:
//! when it was recorded, on which topic it came, which process instance it is for, and the answer
//! itself. It sends nothing.
//!
//! A line is on the disk before its record counts as done. After a crash the last records are read
//! again and may stand in the file twice: `id` is the same then.
//!
//! | variable | means | default |
//! |---|---|---|
//! | `AUDIT_FILE` | the file that lines are appended to | `audit.jsonl` in the folder for temporary files |
//!
//! ```text
//! cargo run --bin audit                                        # says where it writes
//! AUDIT_FILE=/var/log/flowx/audit.jsonl audit run
//! ```
//!
//! The file may be rotated with logrotate's `copytruncate`.

#![forbid(unsafe_code)]

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::SystemTime;

use flowx_core::{Connector, Context, FlowxError, Process, State, Topic, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, oneshot};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// `EX_CONFIG` of sysexits: the configuration is wrong, and a restart will not mend it.
const EXIT_CONFIG: u8 = 78;

#[tokio::main]
async fn main() -> ExitCode {
    let path = std::env::var_os("AUDIT_FILE").map_or_else(temporary_file, PathBuf::from);
    match AuditLog::open(&path) {
        Ok(log) => Connector::builder().state(log).main().await,
        Err(error) => {
            let path = path.display();
            eprintln!(
                "error: cannot append to {path}: {error}; set AUDIT_FILE to a file that can be written"
            );
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

fn temporary_file() -> PathBuf {
    let path = std::env::temp_dir().join("audit.jsonl");
    eprintln!("AUDIT_FILE is not set: answers are recorded in {}", path.display());
    path
}

/// Any answer of any connector, kept as it was written.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(example = json!({
    "fromCurrency": "EUR",
    "toCurrency": "RON",
    "initialAmount": 10.0,
    "exchangedAmount": 49.77,
    "errorMessage": null
}))]
#[schemars(example = json!({
    "errorMessage": "there is no euro reference rate for the currency `XXX`",
    "errorCode": "UNKNOWN_CURRENCY"
}))]
struct Answer(#[schemars(with = "serde_json::Value")] Box<RawValue>);

/// One line of the file.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// When it was recorded, in UTC.
    time: String,
    /// The same for every record of the same message.
    id: &'a str,
    topic: &'a str,
    process: Instance<'a>,
    payload: &'a RawValue,
}

/// The process instance that the answer is for.
#[derive(Debug, Serialize)]
struct Instance<'a> {
    uuid: Option<&'a str>,
    id: Option<&'a str>,
}

/// The line is not on the disk: it is written again, and its record is not done before that.
#[derive(Debug, thiserror::Error, FlowxError)]
#[error("the audit file cannot be written: {0}")]
#[flowx(retry)]
struct NotRecorded(Arc<io::Error>);

/// Records an answer that is on its way to the process engine.
#[flowx_handler(topic = "engine.receive.*")]
async fn record(
    answer: Answer,
    topic: Topic,
    process: Process,
    context: Context,
    log: State<AuditLog>,
) -> Result<(), NotRecorded> {
    let line = Line {
        time: humantime::format_rfc3339_millis(SystemTime::now()).to_string(),
        id: context.idempotency_key(),
        topic: &topic,
        process: Instance { uuid: process.uuid(), id: process.id() },
        payload: &answer.0,
    };
    log.append(one_line(&line)).await
}

/// One line of JSON. An answer that was written over several lines has its breaks between values,
/// where they mean nothing: inside a JSON string none can stand.
fn one_line(line: &Line<'_>) -> Vec<u8> {
    let mut json = serde_json::to_vec(line).expect("texts and JSON are always JSON");
    json.iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    json.push(b'\n');
    json
}

/// The file and the one thread that writes it.
///
/// *Motivation*: forcing a line to the disk takes milliseconds, and the handlers that wait for it
/// must neither block the runtime nor queue for a disk access each. What came in during one write
/// goes out with the next.
#[derive(Debug)]
struct AuditLog(mpsc::Sender<Entry>);

struct Entry {
    line: Vec<u8>,
    written: oneshot::Sender<Result<(), NotRecorded>>,
}

impl AuditLog {
    /// Lines that wait for the disk; beyond them, handlers wait.
    const WAITING: usize = 1024;

    /// Opens a file for appending and creates it if it is not there.
    fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        let (sender, entries) = mpsc::channel(Self::WAITING);
        std::thread::Builder::new()
            .name("audit-file".to_owned())
            .spawn(move || write_entries(&file, entries))?;
        Ok(Self(sender))
    }

    /// Returns when the line is on the disk.
    async fn append(&self, line: Vec<u8>) -> Result<(), NotRecorded> {
        let (written, outcome) = oneshot::channel();
        let gone = || NotRecorded(Arc::new(io::Error::other("its writer has ended")));
        self.0.send(Entry { line, written }).await.map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

/// Writes until the log is dropped; in one go, whatever waits.
fn write_entries(file: &File, mut entries: mpsc::Receiver<Entry>) {
    let mut batch = Vec::new();
    while let Some(first) = entries.blocking_recv() {
        batch.push(first);
        while let Ok(next) = entries.try_recv() {
            batch.push(next);
        }
        let lines: Vec<u8> = batch.iter().flat_map(|entry| &entry.line).copied().collect();
        let outcome = append_whole(file, &lines).map_err(Arc::new);
        for entry in batch.drain(..) {
            // A handler that was cut off no longer asks; its record comes again.
            let _ = entry.written.send(outcome.clone().map_err(NotRecorded));
        }
    }
}

/// Appends to the disk all or nothing: half a line would spoil the next one too.
fn append_whole(mut file: &File, lines: &[u8]) -> io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(lines).and_then(|()| file.sync_data()).inspect_err(|_| {
        // If that fails as well, the disk is gone, and the first error is the one to report.
        let _ = file.set_len(before);
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const TOPIC: &str = "ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1";

    async fn recorded(log: &State<AuditLog>, json: &str, key: &str) -> Result<(), NotRecorded> {
        let answer = serde_json::from_str(json).expect("JSON");
        let process = Process::new("d3aabfd8-d041-4c62-892f-22d17923b223").with_id("119246");
        let context = Context::for_test().with_idempotency_key(key);
        record(answer, Topic::new(TOPIC), process, context, log.clone()).await
    }

    fn lines(path: &Path) -> Vec<Value> {
        let text = std::fs::read_to_string(path).expect("the file");
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
    }

    #[tokio::test]
    async fn an_answer_is_in_the_file_when_the_handler_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let log = State::new(AuditLog::open(&path).unwrap());
        recorded(&log, r#"{"exchangedAmount":49.77,"errorMessage":null}"#, "a").await.unwrap();
        let line = &lines(&path)[0];
        assert_eq!(line["id"], "a");
        assert_eq!(line["topic"], TOPIC);
        assert_eq!(line["process"]["uuid"], "d3aabfd8-d041-4c62-892f-22d17923b223");
        assert_eq!(line["process"]["id"], "119246");
        assert_eq!(line["payload"], json!({ "exchangedAmount": 49.77, "errorMessage": null }));
        let time = line["time"].as_str().expect("a time");
        assert!(humantime::parse_rfc3339(time).is_ok(), "{time}");
    }

    #[tokio::test]
    async fn an_answer_keeps_its_digits_and_takes_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        let log = State::new(AuditLog::open(&path).unwrap());
        let wide = "[\r\n  12345678901234567890.00,\n  \"line\\nbreak\"\n]";
        recorded(&log, wide, "a").await.unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains("12345678901234567890.00"));
        assert_eq!(lines(&path)[0]["payload"][1], "line\nbreak");
    }

    #[tokio::test]
    async fn answers_at_the_same_time_each_get_a_line_behind_the_old_ones() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("audit.jsonl");
        std::fs::write(&path, "{\"id\":\"old\"}\n").unwrap();
        let log = State::new(AuditLog::open(&path).unwrap());
        let tasks: Vec<_> = (0..100)
            .map(|number| {
                let log = log.clone();
                tokio::spawn(async move { recorded(&log, "{}", &number.to_string()).await })
            })
            .collect();
        for task in tasks {
            task.await.unwrap().unwrap();
        }
        let lines = lines(&path);
        assert_eq!(lines[0]["id"], "old");
        let mut ids: Vec<usize> =
            lines[1..].iter().map(|line| line["id"].as_str().unwrap().parse().unwrap()).collect();
        ids.sort_unstable();
        assert_eq!(ids, (0..100).collect::<Vec<_>>());
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn a_full_disk_is_a_retry() {
        let log = State::new(AuditLog::open(Path::new("/dev/full")).unwrap());
        let error = recorded(&log, "{}", "a").await.unwrap_err();
        assert_eq!(error.0.kind(), io::ErrorKind::StorageFull);
        assert_eq!(error.failure().code(), None);
    }

    #[test]
    fn a_file_that_cannot_be_opened_is_said_at_once() {
        let folder = tempfile::tempdir().unwrap();
        assert!(AuditLog::open(folder.path()).is_err());
    }
}
