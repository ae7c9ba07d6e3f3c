//! How a connector ends as a program: in good order on the first signal, at once on the second.

use std::process::Stdio;
use std::time::Duration;

use flowx_core::kafka::{EmbeddedBroker, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::example;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

const REQUESTS: &str = "ai.flowx.dev.plugin.credit.trigger.check.v1";
const WITHIN: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_signal_does_not_wait_for_a_handler_that_hangs() {
    let broker = EmbeddedBroker::start(1).unwrap();
    broker.create_topic(REQUESTS).unwrap();
    // A service that takes the call and never answers.
    let service = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", service.local_addr().unwrap());
    let mut program = Command::new(example("credit_check"))
        .arg("run")
        .env("KAFKA_BOOTSTRAP_SERVERS", broker.bootstrap_servers())
        .env("LEGACY_URL", url)
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let request = Outbound {
        topic: REQUESTS.into(),
        partition: None,
        key: None,
        headers: PlatformVersion::V5_9.headers("process", 1),
        payload: Some(br#"{"customerId":"C-1001","amount":1.0}"#.to_vec()),
    };
    Writer::connect(&broker.settings("test")).unwrap().write(&[request]).await.unwrap();
    let (_call, _) = timeout(WITHIN, service.accept()).await.expect("it is called").unwrap();

    let pid = program.id().unwrap().to_string();
    let signal = || async {
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
    };
    let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
    signal().await;
    let mut said = Vec::new();
    while let Some(line) = timeout(WITHIN, log.next_line()).await.unwrap().unwrap() {
        let stopping = line.contains("stopping: nothing more is read");
        said.push(line);
        if stopping {
            // It waits for the handler now.
            assert!(program.try_wait().unwrap().is_none());
            signal().await;
        }
    }
    let status = timeout(WITHIN, program.wait()).await.unwrap().unwrap();
    assert_eq!(status.code(), Some(1), "{said:#?}");
    assert!(said.iter().any(|line| line.contains("on the second signal")), "{said:#?}");
}
