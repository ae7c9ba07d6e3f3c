//! What Apache Kafka itself says of topics and groups, judged.

use std::time::Duration;

use flowx_core::check::{Check, Level, Report};
use flowx_core::config::Settings;
use flowx_core::kafka::{KafkaSettings, ReadFrom, Reader, Writer};
use flowx_core::message::record::Outbound;
use flowx_tests::kafka::{KafkaCluster, NewTopic};
use flowx_tests::{eventually, require_kafka};

const WITHIN: Duration = Duration::from_secs(60);
const BOOK: &str = "ai.flowx.dev.ledger.book.v1";
const RETRY: &str = "ai.flowx.dev.ledger.book.v1.retry.1s";
const ASIDE: &str = "ai.flowx.dev.ledger.book.v1.dlq";
const REPLY: &str = "ai.flowx.dev.engine.receive.ledger.book.results.v1";
const STRANGE: &str = "ai.flowx.dev.strict.send.v1";
const PARTNER: &str = "ai.flowx.dev.partners.acme.v1";

fn settings(cluster: &KafkaCluster) -> Settings {
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(cluster.bootstrap_servers());
    settings
}

async fn check(cluster: &KafkaCluster) -> Report {
    let connector = crate::connector(&["book", "partners"], settings(cluster));
    Check::of(&connector).unwrap().look(WITHIN).await.unwrap()
}

/// Whether there is a finding of a rule about a topic or group, with these words.
fn has(report: &Report, level: Level, rule: &str, name: &str, words: &str) -> Result<(), String> {
    let is_it = report.findings.iter().any(|finding| {
        (finding.level, finding.rule) == (level, rule)
            && finding.place.kind_and_name().1 == name
            && finding.message.contains(words)
    });
    if is_it { Ok(()) } else { Err(format!("{rule} {name} {words}\n{report}")) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_strangers_and_offsets_are_found_and_the_commands_mend_what_they_can() {
    require_kafka!();
    let cluster = KafkaCluster::start(1).await;
    let topics = [
        NewTopic::new(BOOK, 1, 1).setting("retention.ms", "7200000"),
        NewTopic::new(RETRY, 1, 1).setting("retention.ms", "500"),
        NewTopic::new(ASIDE, 1, 1).setting("cleanup.policy", "compact"),
        NewTopic::new(REPLY, 1, 1).setting("max.message.bytes", "1000"),
        NewTopic::new(STRANGE, 1, 1),
    ];
    cluster.create_topics(&topics).await;
    let report = check(&cluster).await;
    for (level, rule, name, words) in [
        (Level::Warning, "retention", BOOK, "deleted after 2h"),
        (Level::Problem, "retention", RETRY, "deleted after 500ms, so they are lost"),
        (Level::Problem, "cleanup", ASIDE, "is `compact`"),
        (Level::Warning, "sizes", REPLY, "takes 1000 bytes and this connector 52428800"),
        (Level::Warning, "topics", "ai.flowx.dev.partners.", "no topic of this pattern"),
        (Level::Problem, "topics", "ai.flowx.dev.engine.receive.partners.results.v1", "not exist"),
    ] {
        has(&report, level, rule, name, words).unwrap();
    }

    // A topic of the pattern appears, and everything is mended as told.
    cluster.create_topic(PARTNER, 1, 1).await;
    for line in check(&cluster).await.script().lines() {
        let words = shlex::split(line).unwrap();
        let class = match words[0].as_str() {
            "kafka-topics.sh" => "org.apache.kafka.tools.TopicCommand",
            "kafka-configs.sh" => "kafka.admin.ConfigCommand",
            other => panic!("{other}: {line}"),
        };
        assert_eq!(words[1], "--bootstrap-server");
        let arguments: Vec<_> = words[3..].iter().map(String::as_str).collect();
        cluster.console().tool(class, &arguments).await;
    }
    let report = eventually(WITHIN, || async {
        let report = check(&cluster).await;
        if report.complaints().count() == 0 { Ok(report) } else { Err(report.to_string()) }
    })
    .await;
    has(&report, Level::Ok, "topics", "ai.flowx.dev.partners.", "1 topics match").unwrap();
    assert_eq!(report.script(), "", "{report}");

    // Another connector in the same group.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let stranger = crate::connector(&["strict"], settings(&cluster));
    let running = tokio::spawn(stranger.run(async { drop(stopped.await) }));
    eventually(WITHIN, || async {
        let words = format!("reads `{STRANGE}`, which no handler here does");
        has(&check(&cluster).await, Level::Warning, "group", "bank", &words)
    })
    .await;
    drop(stop);
    running.await.unwrap().unwrap();

    // The group stands behind the end of a topic that was created anew.
    let kafka = KafkaSettings::new(cluster.bootstrap_servers(), "test");
    let mut replies = Reader::open(&kafka, &[REPLY], ReadFrom::Beginning).await.unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let own = crate::connector(&["book", "partners"], settings(&cluster));
    let running = tokio::spawn(own.run(async { drop(stopped.await) }));
    let request = Outbound {
        topic: BOOK.into(),
        partition: None,
        key: Some(b"p".to_vec()),
        headers: [("processInstanceUuid", "p")].into_iter().collect(),
        payload: Some(b"{}".to_vec()),
    };
    Writer::connect(&kafka).unwrap().write(std::slice::from_ref(&request)).await.unwrap();
    tokio::time::timeout(WITHIN, replies.next()).await.unwrap();
    drop(stop);
    running.await.unwrap().unwrap();
    let report = check(&cluster).await;
    has(&report, Level::Ok, "group", "bank", "offsets in 1 partitions").unwrap();
    has(&report, Level::Ok, "clock", "", "no record is from the future").unwrap();

    // Two more come while it is away, and all are deleted; the command shows what to do about it.
    Writer::connect(&kafka).unwrap().write(&[request.clone(), request]).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("offsets.json");
    let offsets = serde_json::json!({
        "version": 1,
        "partitions": [{ "topic": BOOK, "partition": 0, "offset": 3 }],
    });
    std::fs::write(&file, offsets.to_string()).unwrap();
    let arguments = ["--offset-json-file", file.to_str().unwrap()];
    cluster.console().tool("org.apache.kafka.tools.DeleteRecordsCommand", &arguments).await;
    let report = check(&cluster).await;
    let words =
        "stands at offset 1 of `ai.flowx.dev.ledger.book.v1`[0], but records up to offset 3";
    has(&report, Level::Problem, "offsets", "bank", words).unwrap();
    let words = shlex::split(&report.script()).unwrap();
    assert_eq!(words[0], "kafka-consumer-groups.sh");
    let arguments = words[3..].iter().map(|word| word.as_str());
    let arguments: Vec<_> =
        arguments.map(|word| if word == "--dry-run" { "--execute" } else { word }).collect();
    let class = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
    cluster.console().tool(class, &arguments).await;
    assert_eq!(check(&cluster).await.complaints().count(), 0);
}
