//! `dlq` as a person uses it, on the embedded broker and on Apache Kafka.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use flowx_core::kafka::{EmbeddedBroker, KafkaSettings, ReadFrom, Reader, Writer};
use flowx_core::message::record::{Outbound, Record};
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use serde_json::Value;

const REQUESTS: &str = "ai.flowx.dev.rehearsal.moody.v1";
const ASIDE: &str = "ai.flowx.dev.rehearsal.moody.v1.dlq";
const REPLIES: &str = "ai.flowx.dev.engine.receive.rehearsal.moody.results.v1";
const TOPICS: [&str; 3] = [REQUESTS, ASIDE, REPLIES];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_mends_and_sends_again_what_failed() {
    let broker = EmbeddedBroker::start(2).unwrap();
    TOPICS.iter().for_each(|topic| broker.create_topic(topic).unwrap());
    mends(broker.settings("test")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_finds_mends_and_sends_again_what_failed_on_apache_kafka() {
    flowx_tests::require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    let topics: Vec<_> = TOPICS.iter().map(|topic| NewTopic::new(*topic, 2, 1)).collect();
    cluster.create_topics(&topics).await;
    mends(KafkaSettings::new(cluster.bootstrap_servers(), "test")).await;
}

/// Three requests fail: one that nobody waits for, with a binary key and payload and hostile headers;
/// one of a process, which is answered; and one that is forged to look like a replay.
async fn mends(kafka: KafkaSettings) {
    let folder = tempfile::tempdir().unwrap();
    let place = Place { kafka, mended: folder.path().join("mended") };
    let connector = place.start();
    let mut aside = place.reader(ASIDE).await;
    let mut replies = place.reader(REPLIES).await;
    let mut requests = place.reader(REQUESTS).await;
    let binary =
        request(Some(&[0xff, 0x00]), &[("odd", "\u{1b}[2J\u{202e}\r\n")], &[0xc3, 0x28, 0]);
    let answered = request(Some(b"p-1"), &[("processInstanceUuid", "p-1")], b"{}");
    let forged = request(
        Some(b"f"),
        &[("dlq-replays", "3"), ("dlq-replay-of", "0f8e5a1c3b7d49260f8e5a1c3b7d4926")],
        b"{}",
    );
    let mut writer = Writer::connect(&place.kafka).unwrap();
    writer.write(&[binary.clone(), answered, forged]).await.unwrap();
    let letters = next(&mut aside, 3).await;
    next(&mut requests, 3).await;
    assert_eq!(next(&mut replies, 1).await[0].key.as_deref(), Some(&b"p-1"[..]));

    let rows: Vec<Value> = place.lines(&["dlq", "list", "--format", "json"], 0);
    assert_eq!(rows.len(), 3);
    let row = |key: &str, value: Value| rows.iter().find(|row| row[key] == value).unwrap();
    let (answered, forged) = (row("replied", true.into()), row("replays", 3.into()));
    let binary_row =
        rows.iter().find(|row| row["replied"] == false && row["replays"] == 0).unwrap();
    let id = |row: &Value| row["id"].as_str().unwrap().to_owned();
    assert!(letters.iter().any(|letter| letter.headers.text("dlq-id") == Some(&id(binary_row))));
    let table = place.text(&["dlq", "list", "--handler", "moody", "--since", "1h"], 0);
    assert!(table.starts_with("ID") && table.lines().count() == 4, "{table}");
    assert!(!place.text(&["dlq", "list", "--until", "1h"], 0).contains(&id(answered)));

    let shown = place.text(&["dlq", "show", &id(binary_row)], 0);
    assert!(
        shown.contains(r"odd: \u{1b}[2J\u{202e}\r\n") && shown.contains(r"\xff\u{0}"),
        "{shown}"
    );
    assert!(!shown.contains(r"\xc3"), "no payload unless it is asked for: {shown}");
    let shown = place.text(&["dlq", "show", &id(binary_row), "--payload"], 0);
    assert!(shown.contains(r"\xc3(\u{0}"), "{shown}");
    place.text(&["dlq", "show", "0f8e5a1c3b7d49260f8e5a1c3b7d4926"], 1);
    for usage in
        [&["replay"][..], &["replay", "--since", "yesterday"], &["replay", "--all", "--rate", "0"]]
    {
        place.text(&[&["dlq"], usage].concat(), 2);
    }
    let dry = place.lines(&["dlq", "replay", "--all", "--dry-run", "--format", "json"], 0);
    let of = |told: &[Value], row: &Value| {
        told.iter().find(|told| told["id"] == row["id"]).cloned().unwrap()
    };
    assert_eq!(of(&dry, binary_row)["outcome"], "would-replay", "{dry:?}");

    std::fs::write(&place.mended, "").unwrap();
    let told = place.lines(&["dlq", "replay", "--all", "--format", "json"], 0);
    assert_eq!(of(&told, binary_row)["outcome"], "replayed", "{told:?}");
    assert_eq!(of(&told, answered)["obstacles"], serde_json::json!(["answered"]));
    assert_eq!(of(&told, forged)["obstacles"], serde_json::json!(["cap"]));
    let again = next(&mut requests, 1).await.remove(0);
    assert_eq!((&again.key, &again.payload), (&binary.key, &binary.payload), "byte for byte");
    let odd = again.headers.get("odd");
    assert_eq!(odd, binary.headers.get("odd"));
    assert_eq!(again.headers.text("dlq-replay-of"), Some(&*id(binary_row)));
    assert_eq!(next(&mut replies, 1).await[0].key, binary.key);

    for _ in 0..2 {
        let told = place.lines(&["dlq", "replay", "--all", "--format", "json"], 0);
        assert_eq!(of(&told, binary_row)["obstacles"], serde_json::json!(["replayed"]), "{told:?}");
    }
    let said = place.text(&["dlq", "replay", "--id", &id(answered), "--answered"], 0);
    assert!(said.contains("sent again"), "{said}");
    assert_eq!(next(&mut replies, 1).await[0].key.as_deref(), Some(&b"p-1"[..]));
    next(&mut requests, 1).await;
    place.text(&["dlq", "replay", "--id", "0f8e5a1c3b7d49260f8e5a1c3b7d4926"], 1);
    let more = tokio::time::timeout(Duration::from_secs(2), async {
        tokio::select! { more = requests.next() => more, more = replies.next() => more }
    });
    assert!(more.await.is_err(), "nothing was sent or answered twice");
    drop(connector);
}

struct Place {
    kafka: KafkaSettings,
    mended: std::path::PathBuf,
}

/// A program that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Place {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command
            .env_clear()
            .env("HANDLERS", "moody")
            .env("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0")
            .env("KAFKA_BOOTSTRAP_SERVERS", &self.kafka.bootstrap_servers)
            .env("MENDED", &self.mended)
            .current_dir(self.mended.parent().unwrap_or(Path::new(".")));
        command
    }

    fn start(&self) -> Running {
        let mut command = self.command();
        command.arg("run").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Running(command.spawn().unwrap())
    }

    fn run(&self, arguments: &[&str], code: i32) -> Output {
        let output = self.command().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
        output
    }

    fn text(&self, arguments: &[&str], code: i32) -> String {
        String::from_utf8(self.run(arguments, code).stdout).unwrap()
    }

    fn lines(&self, arguments: &[&str], code: i32) -> Vec<Value> {
        let text = self.text(arguments, code);
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    async fn reader(&self, topic: &str) -> Reader {
        Reader::open(&self.kafka, &[topic], ReadFrom::Beginning).await.unwrap()
    }
}

fn request(key: Option<&[u8]>, headers: &[(&str, &str)], payload: &[u8]) -> Outbound {
    Outbound {
        topic: REQUESTS.into(),
        partition: None,
        key: key.map(<[u8]>::to_vec),
        headers: headers.iter().copied().collect(),
        payload: Some(payload.to_vec()),
    }
}

async fn next(reader: &mut Reader, count: usize) -> Vec<Record> {
    let mut records = Vec::new();
    let all = async {
        while records.len() < count {
            records.push(reader.next().await);
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), all).await.is_err() {
        panic!("{} records came of {count}", records.len());
    }
    records
}
