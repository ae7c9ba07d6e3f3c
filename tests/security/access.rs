//! Permissions that are taken away while a connector runs.

use std::time::Duration;

use flowx_core::kafka::{ReadFrom, Reader};
use flowx_core::{HandlerError, Raw, flowx_handler};
use flowx_tests::kafka::NewTopic;
use flowx_tests::{eventually, require_kafka};

use crate::bank::{Bank, GROUP, REPLIES, REQUESTS, WITHIN, answered, connector_of, run, run_that};
use crate::log::Log;

const GUESSES: &str = "ai.flowx.dev.vault.trigger.guess.v1";

/// Whatever it is, it is wrong, now and in a second.
#[flowx_handler(topic = "vault.trigger.guess", order = unordered, retry_topics = ["1s"])]
async fn guess(_: Raw) -> Result<(), HandlerError> {
    Err(HandlerError::retry("no lock opens"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_permission_that_goes_stops_the_work_is_named_and_nothing_is_lost_until_it_is_back() {
    require_kafka!();
    let log = Log::keep();
    let bank = Bank::open("SASL_PLAINTEXT", "", &[]).await;
    let read = ["--operation", "Read", "--topic", REQUESTS];
    let write = ["--operation", "Write", "--topic", REPLIES];
    let group = ["--operation", "Read", "--group", GROUP];
    for grant in [read, write, group] {
        bank.acl(&[&["--add"], &grant[..]].concat()).await;
    }
    let running = run(bank.clerk("SASL_PLAINTEXT", "PLAIN", "secret")).await;
    let mut replies = bank.replies().await;
    bank.ask(&["first"]).await;
    assert_eq!(answered(&mut replies, 1).await, ["first"]);
    running.is_well().await;

    let mut done = 1;
    let commits = async |done| {
        eventually(WITHIN, || async {
            let committed = bank.committed().await;
            if committed == done { Ok(()) } else { Err(format!("{committed} of {done}")) }
        })
        .await;
    };
    commits(done).await;
    for (what, grant, words) in [
        ("reply", write, format!("may not write to `{REPLIES}`; grant Write")),
        ("request", read, format!("may not read `{REQUESTS}`; grant Read")),
        ("group", group, format!("consumer group `{GROUP}`; grant Read on the group")),
    ] {
        bank.acl(&[&["--remove", "--force"], &grant[..]].concat()).await;
        let process = [what];
        bank.ask(&process).await;
        running.refuses(&words).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(bank.committed().await, done, "{what}: no offset moves");
        let told = log.count(&words);
        assert!(told == 1, "{what} is told {told} times: {}", log.text());

        bank.acl(&[&["--add"], &grant[..]].concat()).await;
        // A member that was expelled meanwhile reads, and answers, once more what it could not commit;
        // only then is it done.
        while answered(&mut replies, 1).await != process {}
        running.is_well().await;
        done += 1;
        commits(done).await;
    }
    running.stop().await;
    assert_eq!(bank.committed().await, done);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_may_not_be_put_off_or_aside_waits_until_it_may() {
    require_kafka!();
    let bank = Bank::open("SASL_PLAINTEXT", "", &[]).await;
    let later = format!("{GUESSES}.retry.1s");
    let aside = format!("{GUESSES}.dlq");
    let answers = "ai.flowx.dev.engine.receive.vault.guess.results.v1";
    let topics = [GUESSES, &later, &aside, answers].map(|name| NewTopic::new(name, 1, 1));
    bank.cluster.create_topics(&topics).await;
    for (operation, topic) in [("Read", GUESSES), ("Read", &later), ("Write", answers)] {
        bank.acl(&["--add", "--operation", operation, "--topic", topic]).await;
    }
    bank.acl(&["--add", "--operation", "Read", "--group", GROUP]).await;
    let mut settings = bank.clerk("SASL_PLAINTEXT", "PLAIN", "secret");
    settings.retry_attempts = 1;
    let running = run_that(connector_of("guess", settings)).await;
    bank.ask_at(GUESSES, &["p"]).await;
    for (topic, waits_at) in [(&later, GUESSES), (&aside, &later)] {
        running.refuses(&format!("may not write to `{topic}`; grant Write")).await;
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(bank.committed_of(waits_at).await, 0, "{waits_at}");
        bank.acl(&["--add", "--operation", "Write", "--topic", topic]).await;
        let mut there = Reader::open(&bank.tests(), &[topic], ReadFrom::Beginning).await.unwrap();
        assert_eq!(answered(&mut there, 1).await, ["p"], "{topic}");
    }
    running.is_well().await;
    running.stop().await;
    for topic in [GUESSES, &later] {
        assert_eq!(bank.committed_of(topic).await, 1, "{topic}");
    }
}
