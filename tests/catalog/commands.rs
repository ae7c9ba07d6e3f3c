//! The page by way of the command line: as a file, beside `dev`, and beside `run`.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use flowx_core::kafka::{EmbeddedBroker, ReadFrom, Reader};
use serde_json::Value;

use flowx_tests::http::Visited;

pub(crate) const SHOWROOM: &str = env!("CARGO_BIN_EXE_showroom");

/// How long a program may take until it says where its catalog is.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connector that runs, until this is dropped.
pub(crate) struct Running {
    child: Child,
    lines: Receiver<String>,
    said: String,
}

impl Running {
    pub(crate) fn start(
        program: impl AsRef<Path>,
        arguments: &[&str],
        env: &[(&str, &str)],
    ) -> Self {
        let mut child = Command::new(program.as_ref())
            .args(arguments)
            .env_clear()
            .envs(env.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let (lines, received) = channel();
        read(child.stdout.take().expect("its output"), lines.clone());
        read(child.stderr.take().expect("its logs"), lines);
        Self { child, lines: received, said: String::new() }
    }

    /// Waits for a line with these words.
    pub(crate) fn line(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(words) => return line,
                Ok(line) => self.said = format!("{}{line}\n", self.said),
                Err(_) => panic!("it did not say `{words}`, but:\n{}", self.said),
            }
        }
    }

    /// The address of its catalog, `host:port`.
    pub(crate) fn address(&mut self) -> String {
        let line = self.line("/catalog");
        let (_, rest) = line.split_once("http://").expect("an address");
        rest.split('/').next().unwrap_or_default().to_owned()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(output: impl Read + Send + 'static, lines: Sender<String>) {
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if lines.send(line).is_err() {
                break;
            }
        }
    });
}

fn call(folder: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Output {
    let mut command = Command::new(SHOWROOM);
    command.args(arguments).env_clear().envs(env.iter().copied()).current_dir(folder);
    command.output().expect("the program runs")
}

fn data(html: &str) -> Value {
    let (_, rest) = html.split_once(r#"id="catalog">"#).expect("the data");
    serde_json::from_str(rest.split("</script>").next().unwrap_or_default()).expect("JSON")
}

#[test]
fn the_page_is_written_where_it_is_wanted_and_examples_run_only_if_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = call(folder.path(), &["catalog"], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "catalog.html\n");
    let page = std::fs::read_to_string(folder.path().join("catalog.html")).expect("the page");
    assert_eq!(data(&page)["exchanges"], serde_json::json!({}));

    let output = call(folder.path(), &["catalog", "--record", "--out", "recorded.html"], &[]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let page = std::fs::read_to_string(folder.path().join("recorded.html")).expect("the page");
    let recorded = &data(&page)["exchanges"];
    assert_eq!(recorded["open-account"][0]["ending"], "replied", "{recorded:#}");
    assert_eq!(recorded["always_broken"][0]["code"], "RETRY_EXHAUSTED", "{recorded:#}");
    assert_eq!(recorded["send_message"][0]["ending"], "waits", "{recorded:#}");

    let output = call(folder.path(), &["catalog", "--out", "no/such/folder/page.html"], &[]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot write no/such/folder/page.html"), "{said}");
}

#[test]
fn recording_says_that_its_effects_are_real() {
    let folder = tempfile::tempdir().expect("a folder");
    let help = call(folder.path(), &["catalog", "--help"], &[]);
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(help.contains("the handlers do what they do in production"), "{help}");
}

#[tokio::test]
async fn dev_serves_the_page_on_a_port_that_is_free_unless_it_is_told_not_to() {
    let mut running = Running::start(SHOWROOM, &["dev"], &[]);
    let address = running.address();
    let site = Visited { address: address.parse().expect("an address") };
    assert!(site.address.ip().is_loopback());
    let page = site.get("/catalog").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(r#""presence":{"kind":"served","token":false,"broker":true}"#));
    for (on, attempts) in [("process", 1), ("broker", 1)] {
        let body = format!(r#"{{"payload": {}, "on": "{on}"}}"#, example(&page.body));
        let answer = site.post("/catalog/try/open-account", &[], &body).await;
        let exchange = answer.json();
        assert_eq!(exchange["ending"], "replied", "{on}: {exchange:#}");
        assert_eq!(exchange["on"], on);
        assert_eq!(exchange["attempts"], attempts, "{on}: {exchange:#}");
        assert_eq!(exchange["findings"], serde_json::json!([]), "{on}");
    }
    drop(running);

    let rehearsal = env!("CARGO_BIN_EXE_rehearsal");
    let mut running = Running::start(rehearsal, &["dev", "--no-catalog"], &[("HANDLERS", "good")]);
    running.line("A broker listens on");
    assert!(!running.said.contains("http://"), "{}", running.said);
}

fn example(page: &str) -> String {
    data(page)["artefacts"]["open-account"]["sampleRequest"].to_string()
}

#[test]
fn run_with_a_catalog_and_no_token_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let env = [
        ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1"),
        ("FLOWX_CONNECTOR_CATALOG", "true"),
        ("FLOWX_CONNECTOR_ADMIN_TOKEN", ""),
    ];
    let output = call(folder.path(), &["run"], &env);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("set FLOWX_CONNECTOR_ADMIN_TOKEN"), "{said}");
}

#[tokio::test]
async fn run_serves_the_page_only_if_asked_and_plays_for_who_knows_the_token() {
    let broker = ("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1");
    let on = ("FLOWX_CONNECTOR_CATALOG", "true");
    let address = ("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0");
    let token = ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary");
    let mut running = Running::start(SHOWROOM, &["run"], &[broker, on, address, token]);
    let site = Visited { address: running.address().parse().expect("an address") };
    let page = site.get("/catalog").await;
    assert!(page.body.contains(r#""presence":{"kind":"served","token":true,"broker":true}"#));
    assert!(!page.body.contains("canary"));
    let body = r#"{"payload": {"text": "hello"}}"#;
    let refused = site.post("/catalog/try/always_broken", &[], body).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    let token = ["Authorization: Bearer canary"];
    let played = site.post("/catalog/try/always_broken", &token, body).await;
    assert_eq!(played.json()["code"], "RETRY_EXHAUSTED", "{played:?}");
    assert!(!running.said.contains("canary"), "{}", running.said);

    let taken = site.address.to_string();
    let folder = tempfile::tempdir().expect("a folder");
    let address = ("FLOWX_CONNECTOR_ADMIN_ADDRESS", taken.as_str());
    let token = ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary");
    let output = call(folder.path(), &["run"], &[broker, on, address, token]);
    assert_eq!(output.status.code(), Some(78), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&format!("the admin endpoint cannot listen on {taken}")), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn run_plays_through_its_own_broker_if_that_is_asked() {
    let broker = EmbeddedBroker::start(1).expect("a broker");
    let rehearsal = env!("CARGO_BIN_EXE_rehearsal");
    for topic in ["ai.flowx.dev.rehearsal.good.v1", REPLIES] {
        broker.create_topic(topic).expect("a topic");
    }
    let mut running = Running::start(
        rehearsal,
        &["run"],
        &[
            ("HANDLERS", "good"),
            ("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers()),
            ("FLOWX_CONNECTOR_CATALOG", "true"),
            ("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0"),
            ("FLOWX_CONNECTOR_ADMIN_TOKEN", "canary"),
        ],
    );
    let site = Visited { address: running.address().parse().expect("an address") };
    let body = r#"{"payload": {"number": 7}, "on": "broker"}"#;
    let refused = site.post("/catalog/try/good", &[], body).await;
    assert_eq!(refused.status, 401, "{refused:?}");
    let played = site.post("/catalog/try/good", &["Authorization: Bearer canary"], body).await;
    let exchange = played.json();
    assert_eq!((&exchange["ending"], &exchange["on"]), (&"replied".into(), &"broker".into()));
    let mut answers = Reader::open(&broker.settings("test"), &[REPLIES], ReadFrom::Beginning)
        .await
        .expect("a reader");
    let answer = answers.next().await.payload.expect("an answer in Kafka");
    assert_eq!(answer, br#"{"number":7,"errorMessage":null}"#);
}

const REPLIES: &str = "ai.flowx.dev.engine.receive.rehearsal.good.results.v1";
