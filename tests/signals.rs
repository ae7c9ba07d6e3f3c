//! How a connector begins and ends as a program: it says what it serves; it ends in good order on the
//! first signal, at once on the second.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use flowx_core::contract::read::contract;
use flowx_core::kafka::{EmbeddedBroker, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::example;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::net::TcpListener;
use tokio::process::{Child, ChildStderr, Command};
use tokio::time::timeout;

const WITHIN: Duration = Duration::from_secs(60);

/// A connector that runs, and the end of its log.
struct Program {
    child: Child,
    log: Lines<BufReader<ChildStderr>>,
    said: Vec<String>,
}

impl Program {
    /// Starts one with a request waiting for it.
    async fn start(
        path: impl AsRef<Path>,
        environment: &[(&str, &str)],
        broker: &EmbeddedBroker,
        (topic, payload): (&str, &str),
    ) -> Self {
        broker.create_topic(topic).unwrap();
        let mut child = Command::new(path.as_ref())
            .arg("run")
            .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
            .env("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0")
            .envs(environment.iter().copied())
            .env_remove("RUST_LOG")
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let request = Outbound {
            topic: topic.into(),
            partition: None,
            key: None,
            headers: PlatformVersion::V5_9.headers("process", 1),
            payload: Some(payload.into()),
        };
        Writer::connect(&broker.settings("test")).unwrap().write(&[request]).await.unwrap();
        let log = BufReader::new(child.stderr.take().unwrap()).lines();
        Self { child, log, said: Vec::new() }
    }

    async fn signal(&self) {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    }

    /// Reads its log until a line says this.
    async fn says(&mut self, words: &str) {
        while let Some(line) = timeout(WITHIN, self.log.next_line()).await.unwrap().unwrap() {
            let found = line.contains(words);
            self.said.push(line);
            if found {
                return;
            }
        }
        panic!("`{words}` was never said: {:#?}", self.said);
    }

    /// How it ends.
    async fn ends(&mut self) -> Option<i32> {
        timeout(WITHIN, self.child.wait()).await.expect("it ends").unwrap().code()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_wait_for_a_handler_that_hangs() {
    let broker = EmbeddedBroker::start(1).unwrap();
    // A service that takes the call and never answers.
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", service.local_addr().unwrap());
    let request =
        ("ai.flowx.dev.plugin.credit.trigger.check.v1", r#"{"customerId":"C-1001","amount":1.0}"#);
    let path = example("credit_check");
    let mut program = Program::start(path, &[("LEGACY_URL", &url)], &broker, request).await;
    let (_call, _) = timeout(WITHIN, service.accept()).await.expect("it is called").unwrap();
    program.signal().await;
    program.says("stopping: nothing more is read").await;
    assert!(program.child.try_wait().unwrap().is_none(), "it waits for the handler now");
    program.signal().await;
    program.says("on the second signal").await;
    assert_eq!(program.ends().await, Some(1), "{:#?}", program.said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handler_that_blocks_its_thread_for_ever_cannot_hold_up_the_end() {
    let broker = EmbeddedBroker::start(1).unwrap();
    let path = env!("CARGO_BIN_EXE_rehearsal");
    let environment = [("HANDLERS", "stuck"), ("FLOWX_CONNECTOR_DRAIN", "100ms")];
    let request = ("ai.flowx.dev.rehearsal.stuck.v1", r#"{"number":1}"#);
    let mut program = Program::start(path, &environment, &broker, request).await;
    program.says("stuck for ever").await;
    program.signal().await;
    program.says("not everything was finished in time").await;
    assert_eq!(program.ends().await, Some(0), "{:#?}", program.said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_says_at_start_which_contract_it_serves() {
    let broker = EmbeddedBroker::start(1).unwrap();
    let path = env!("CARGO_BIN_EXE_rehearsal");
    let environment = [("HANDLERS", "good")];
    let shown = Command::new(path).args(["contract", "show"]).envs(environment).output();
    let contract = contract(std::str::from_utf8(&shown.await.unwrap().stdout).unwrap()).unwrap();
    let request = ("ai.flowx.dev.rehearsal.good.v1", r#"{"number":1}"#);
    let mut program = Program::start(path, &environment, &broker, request).await;
    program.says("serves").await;
    let line = program.said.last().unwrap();
    let hash = &contract.handler("good").unwrap().hash;
    assert!(line.contains("good") && line.contains(hash.as_str()), "{line}");
    program.signal().await;
    assert_eq!(program.ends().await, Some(0), "{:#?}", program.said);
}
