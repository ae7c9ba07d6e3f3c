//! The example connector as an operator runs it: a program between somebody else's clients.

use std::process::Stdio;
use std::time::Duration;

use flowx_tests::kafka::{KafkaCluster, TextRecord};
use flowx_tests::{example, require_kafka};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

const REQUESTS: &str = "ai.flowx.dev.plugin.currency.trigger.exchange.v1";
const REPLIES: &str = "ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1";
const UUID: &str = "d3aabfd8-d041-4c62-892f-22d17923b223";

/// Ends a program as a platform does.
async fn terminate(mut program: Child) -> std::process::ExitStatus {
    let pid = program.id().expect("it still runs").to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status().await.unwrap();
    assert!(sent.success());
    tokio::time::timeout(Duration::from_secs(30), program.wait())
        .await
        .expect("it ends in time")
        .unwrap()
}

fn connector(cluster: &KafkaCluster) -> Child {
    Command::new(example("currency_exchange"))
        .arg("run")
        .env("KAFKA_BOOTSTRAP_SERVERS", cluster.bootstrap_servers())
        .env("FLOWX_CONNECTOR_ADMIN_ADDRESS", "127.0.0.1:0")
        .env("ORGANIZATION_ID", "acme")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("the example can be started")
}

fn request(json: &str) -> TextRecord {
    TextRecord::new(json)
        .key(UUID)
        .header("processInstanceUuid", UUID)
        .header("fxContext", "main:4")
        .header("callbacksForAction", "first")
        .header("callbacksForAction", "second")
}

#[tokio::test]
async fn requests_of_kafkas_own_console_client_are_answered_and_a_stop_is_clean() {
    require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    let aside = format!("{REQUESTS}.dlq");
    for topic in [REQUESTS, REPLIES, &aside] {
        cluster.create_topic(topic, 3, 1).await;
    }
    let mut program = connector(&cluster);
    let mut log = BufReader::new(program.stderr.take().unwrap()).lines();
    cluster
        .console()
        .produce(
            REQUESTS,
            &[
                request(r#"{"fromCurrency":"EUR","toCurrency":"EUR","amount":10.0}"#),
                request(r#"{"fromCurrency":"EUR","toCurrency":"XXX","amount":10.0}"#),
                request(r#"{"fromCurrency":"EUR","amount":10.0}"#),
            ],
        )
        .await;
    let replies = cluster.console().consume(REPLIES, 3).await;
    let values: Vec<&str> = replies.iter().filter_map(|reply| reply.value.as_deref()).collect();
    for words in [
        r#""exchangedAmount":10.0,"errorMessage":null"#,
        r#""errorCode":"UNKNOWN_CURRENCY""#,
        r#"$.toCurrency: is missing","errorCode":"INVALID_REQUEST""#,
    ] {
        assert!(values.iter().any(|value| value.contains(words)), "{words}: {values:#?}");
    }
    for reply in &replies {
        assert_eq!(reply.key.as_deref(), Some(UUID));
        let names: Vec<&str> = reply.headers.iter().map(|(name, _)| name.as_str()).collect();
        let given =
            ["processInstanceUuid", "fxContext", "callbacksForAction", "callbacksForAction"];
        assert_eq!(names[..4], given);
        assert_eq!(reply.header_value("Fx-Organization-Id"), Some("acme"));
    }
    let dead_letters = cluster.console().consume(&aside, 1).await;
    assert_eq!(dead_letters[0].header_value("dlq-reason"), Some("wrong-shape"));

    let status = terminate(program).await;
    assert!(status.success(), "{status}");
    let mut lines = Vec::new();
    while let Some(line) = log.next_line().await.unwrap() {
        lines.push(line);
    }
    let lines = lines.join("\n");
    assert!(lines.contains("exchange  ai.flowx.dev.plugin.currency"), "the table:\n{lines}");
    assert!(lines.contains("group") && lines.contains("currency-exchange"), "{lines}");
    assert!(!lines.contains("XXX"), "nothing of a request is logged:\n{lines}");

    // What was answered was committed: a second run answers only what is new.
    let program = connector(&cluster);
    let more = request(r#"{"fromCurrency":"EUR","toCurrency":"EUR","amount":11.0}"#);
    cluster.console().produce(REQUESTS, &[more]).await;
    let replies = cluster.console().consume(REPLIES, 4).await;
    let ids = replies.iter().map(|reply| reply.header_value("x-reply-id"));
    let ids: std::collections::BTreeSet<_> = ids.collect();
    assert_eq!(ids.len(), 4, "no answer came twice");
    assert!(terminate(program).await.success());
}
