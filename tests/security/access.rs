//! Permissions that are taken away while a connector runs.

use flowx_tests::{eventually, require_kafka};

use crate::bank::{Bank, GROUP, REPLIES, REQUESTS, WITHIN, answered, run};
use crate::log::Log;

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
    let mut settings = bank.settings("SASL_PLAINTEXT");
    settings.security.sasl_mechanism = Some("PLAIN".to_owned());
    settings.security.sasl_username = Some("clerk".into());
    settings.security.sasl_password = Some("secret".into());
    let running = run(settings).await;
    let mut replies = bank.replies().await;
    bank.ask(&["first"]).await;
    assert_eq!(answered(&mut replies, 1).await, ["first"]);
    running.is_well().await;

    let mut done = 1;
    for (what, grant, words) in [
        ("reply", write, format!("may not write to `{REPLIES}`; grant Write")),
        ("request", read, format!("may not read `{REQUESTS}`; grant Read")),
        ("group", group, format!("consumer group `{GROUP}`; grant Read on the group")),
    ] {
        eventually(WITHIN, || async {
            let committed = bank.committed().await;
            if committed == done { Ok(()) } else { Err(format!("{committed} of {done}")) }
        })
        .await;
        bank.acl(&[&["--remove", "--force"], &grant[..]].concat()).await;
        let process = [what];
        bank.ask(&process).await;
        running.refuses(&words).await;
        tokio::time::sleep(std::time::Duration::from_secs(3)).await;
        assert_eq!(bank.committed().await, done, "{what}: no offset moves");
        let told = log.count(&words);
        assert!(told == 1, "{what} is told {told} times: {}", log.text());

        bank.acl(&[&["--add"], &grant[..]].concat()).await;
        assert_eq!(answered(&mut replies, 1).await, process);
        running.is_well().await;
        done += 1;
    }
    running.stop().await;
    assert_eq!(bank.committed().await, done);
}
