//! `check` as an operator runs it, and what `run` says when it starts.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use flowx_core::kafka::{EmbeddedBroker, ReadFrom, Reader};
use serde_json::Value;

const TOPICS: [&str; 3] = [
    "ai.flowx.dev.rehearsal.moody.v1",
    "ai.flowx.dev.rehearsal.moody.v1.dlq",
    "ai.flowx.dev.engine.receive.rehearsal.moody.results.v1",
];

fn command(servers: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
    command
        .env_clear()
        .env("HANDLERS", "moody")
        .env("KAFKA_BOOTSTRAP_SERVERS", servers)
        .args(arguments);
    command
}

fn run(servers: &str, arguments: &[&str], code: i32) -> Output {
    let output = command(servers, arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    output
}

fn json(servers: &str, code: i32) -> Value {
    let output = run(servers, &["check", "--format", "json"], code);
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn what_is_missing_is_named_and_nothing_is_created() {
    let broker = EmbeddedBroker::start(2).unwrap();
    for _ in 0..2 {
        let report = json(broker.bootstrap_servers(), 1);
        let commands: Vec<_> = report["commands"].as_array().unwrap().iter().collect();
        assert_eq!(commands.len(), TOPICS.len(), "{report:#}");
        for topic in TOPICS {
            let create = format!("--create --topic {topic} ");
            assert!(
                commands.iter().any(|line| line.as_str().unwrap().contains(&create)),
                "{topic}"
            );
        }
    }
    TOPICS.iter().for_each(|topic| broker.create_topic(topic).unwrap());
    let report = json(broker.bootstrap_servers(), 0);
    assert_eq!(report["commands"], serde_json::json!([]), "{report:#}");
    // This broker tells neither settings nor permissions, and that is said.
    assert_eq!(report["worst"], "unknown");
}

#[test]
fn a_broker_that_is_away_is_no_verdict() {
    let output = run("127.0.0.1:1", &["check", "--timeout", "2s"], 2);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.stdout.is_empty());
    assert!(said.contains("the brokers do not answer") && said.contains("127.0.0.1:1"), "{said}");
}

#[test]
fn permissions_are_listed_without_a_broker() {
    let output = run("127.0.0.1:1", &["check", "--acls", "--principal", "User:o'neil"], 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().map(|line| shlex::split(line).unwrap()).collect();
    // The three topics, and the group.
    assert_eq!(lines.len(), 4);
    for line in &lines {
        let begin = [
            "kafka-acls.sh",
            "--bootstrap-server",
            "127.0.0.1:1",
            "--add",
            "--allow-principal",
            "User:o'neil",
        ];
        assert_eq!(line[..6], begin);
    }
    assert_eq!(lines[3][6..], ["--operation", "Read", "--group", "rehearsal"]);
    run("127.0.0.1:1", &["check", "--acls", "--principal", "neil"], 2);
    run("127.0.0.1:1", &["check", "--downtime", "long"], 2);
}

/// A `run` and the lines that it logs.
struct Running {
    child: Child,
    lines: mpsc::Receiver<String>,
}

impl Running {
    fn start(servers: &str, check: &str) -> Self {
        let mut command = command(servers, &["run"]);
        command.env("FLOWX_CONNECTOR_CHECK", check).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            log.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, lines }
    }

    /// All lines until one has these words, or for so long.
    fn until(&self, words: &str, patience: Duration) -> Vec<String> {
        let (mut all, end) = (Vec::new(), Instant::now() + patience);
        while let Ok(line) = self.lines.recv_timeout(end.saturating_duration_since(Instant::now()))
        {
            let is_it = line.contains(words);
            all.push(line);
            if is_it {
                break;
            }
        }
        all
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_warns_beside_its_work_unless_it_is_told_not_to() {
    let broker = EmbeddedBroker::start(1).unwrap();
    // No dead-letter topic.
    [TOPICS[0], TOPICS[2]].iter().for_each(|topic| broker.create_topic(topic).unwrap());
    let hint = "`check` prints what would mend this";
    {
        let running = Running::start(broker.bootstrap_servers(), "true");
        let log = tokio::task::spawn_blocking(move || {
            (running.until(hint, Duration::from_secs(60)), running)
        });
        let (log, _running) = log.await.unwrap();
        let warnings: Vec<_> = log.iter().filter(|line| line.contains("flowx::check")).collect();
        assert_eq!(warnings.len(), 2, "{log:#?}");
        assert!(warnings[0].contains("WARN") && warnings[0].contains(TOPICS[1]), "{warnings:?}");
        assert!(warnings[0].contains("it does not exist"), "{warnings:?}");
        // It serves meanwhile.
        let kafka = broker.settings("test");
        let mut replies = Reader::open(&kafka, &[TOPICS[2]], ReadFrom::Beginning).await.unwrap();
        let mut writer = flowx_core::kafka::Writer::connect(&kafka).unwrap();
        let request = flowx_core::message::record::Outbound {
            topic: TOPICS[0].into(),
            partition: None,
            key: Some(b"p".to_vec()),
            headers: [("processInstanceUuid", "p")].into_iter().collect(),
            payload: Some(b"{}".to_vec()),
        };
        writer.write(&[request]).await.unwrap();
        let answer = tokio::time::timeout(Duration::from_secs(60), replies.next()).await.unwrap();
        assert_eq!(answer.key.as_deref(), Some(&b"p"[..]));
    }
    let silent = Running::start(broker.bootstrap_servers(), "false");
    let log = tokio::task::spawn_blocking(move || silent.until(hint, Duration::from_secs(5))).await;
    let log = log.unwrap();
    assert!(log.iter().any(|line| line.contains("serves")), "{log:#?}");
    assert!(!log.iter().any(|line| line.contains("flowx::check")), "{log:#?}");
}
