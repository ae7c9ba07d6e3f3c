//! A name and a password, in the open.

use flowx_core::config::Settings;
use flowx_core::config::secret::Secret;
use flowx_core::kafka::Scan;
use flowx_tests::require_kafka;

use crate::bank::{Bank, REPLIES, answered, connector, run};
use crate::log::Log;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_named_on_the_health_page_and_one_that_changes_in_its_file_is_used() {
    require_kafka!();
    let log = Log::keep();
    let bank = Bank::open("SASL_PLAINTEXT", ";User:clerk", &[]).await;
    let path = bank.file("password", "canary-wrong\n");
    let settings = bank.clerk("SASL_PLAINTEXT", "PLAIN", Secret::from_file(&path).unwrap());
    let running = run(settings).await;
    bank.ask(&["a", "b", "c"]).await;

    let words = "the brokers refuse the login; set FLOWX_CONNECTOR_SASL_USERNAME";
    let told = running.refuses(words).await;
    assert!(!told.contains("canary") && !told.contains("clerk"), "{told}");
    // The clients go on trying, several times a second.
    tokio::time::sleep(std::time::Duration::from_secs(8)).await;
    assert_eq!(bank.committed().await, 0);
    assert!((1..=2).contains(&log.count(words)), "once for each client: {}", log.text());

    std::fs::write(&path, "secret\n").unwrap();
    let mut replies = bank.replies().await;
    assert_eq!(answered(&mut replies, 3).await, ["a", "b", "c"]);
    running.is_well().await;
    assert!(log.count("the login has changed; connections from now on use it") >= 2);
    assert!(log.count("the brokers accept this connector again") >= 1);

    // A password that is wrong again is no use to connections that begin now.
    std::fs::write(&path, "canary-other\n").unwrap();
    tokio::time::sleep(std::time::Duration::from_secs(7)).await;
    bank.proxy.cut();
    running.refuses(words).await;
    bank.ask(&["d"]).await;
    std::fs::write(&path, "secret\n").unwrap();
    assert_eq!(answered(&mut replies, 1).await, ["d"], "and nothing twice");
    running.stop().await;
    assert_eq!(bank.committed().await, 4);
    assert!(!log.text().contains("canary"), "{}", log.text());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_good_login_serves_every_kind_of_client() {
    require_kafka!();
    let bank = Bank::open("SASL_PLAINTEXT", ";User:clerk", &[]).await;
    let settings = bank.clerk("SASL_PLAINTEXT", "PLAIN", "secret");
    bank.ask(&["a"]).await;
    let running = run(settings.clone()).await;
    let mut replies = bank.replies().await;
    assert_eq!(answered(&mut replies, 1).await, ["a"]);
    every_tool_works(settings).await;
    running.is_well().await;
    running.stop().await;
}

/// What a command uses beside the connector: an inspection and a look through topics.
pub(crate) async fn every_tool_works(settings: Settings) {
    let connector = connector(settings.clone());
    let check = flowx_core::check::Check::of(&connector).unwrap();
    let report = check.look(crate::bank::WITHIN).await.unwrap();
    assert!(report.to_string().contains(REPLIES), "{report}");
    let mut kafka = flowx_core::kafka::KafkaSettings::new(
        settings.bootstrap_servers.clone().unwrap(),
        "a-tool",
    );
    kafka.security = settings.security.clone();
    kafka.extra.insert("security.protocol".to_owned(), settings.security_protocol.as_str().into());
    let mut scan = Scan::open(&kafka, |topic| topic == REPLIES).await.unwrap();
    assert!(scan.next().await.unwrap().is_some());
}
