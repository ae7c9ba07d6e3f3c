//! OAUTHBEARER with tokens of an endpoint, on Apache Kafka.

use std::time::Duration;

use flowx_core::config::secret::Secret;
use flowx_tests::{eventually, require_kafka};

use crate::authority::text;
use crate::bank::{Bank, WITHIN, answered, run};
use crate::endpoint::{Endpoint, Manner, SECRET, basic, jwt};
use crate::log::Log;
use crate::plain::every_tool_works;

/// Brokers close connections whose login is older, unless the client logs in again.
const SHORT: &[(&str, &str)] =
    &[("listener.name.behind.oauthbearer.connections.max.reauth.ms", "20000")];

/// How long the token endpoint stays away.
const AWAY: Duration = Duration::from_secs(150);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_are_fetched_again_before_they_expire_and_an_endpoint_that_is_away_loses_nothing() {
    require_kafka!();
    let log = Log::keep();
    let bank = Bank::open("SASL_PLAINTEXT", ";User:robot", SHORT).await;
    // At the beginning it is away.
    let endpoint = Endpoint::new(Manner::Failure).await;
    let ca = bank.file("tokens.pem", &endpoint.authority.pem());
    let mut settings = bank.settings("SASL_PLAINTEXT");
    endpoint.tell(&mut settings, &text(&ca));
    let secret = bank.file("secret", SECRET);
    settings.security.oauth_client_secret = Some(Secret::from_file(&secret).unwrap());
    settings.security.oauth_scope = Some("kafka write".to_owned());
    settings.security.oauth_audience = Some("brokers".to_owned());
    let running = run(settings.clone()).await;
    bank.ask(&["a"]).await;
    running.refuses("status 500").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(log.count("at the token endpoint: it answers with status 500"), 1, "{}", log.text());
    endpoint.set(Manner::Obedient(10));
    let mut replies = bank.replies().await;
    assert_eq!(answered(&mut replies, 1).await, ["a"]);
    running.is_well().await;
    let question = endpoint.question();
    for part in ["grant_type=client_credentials", "scope=kafka+write", "audience=brokers"] {
        assert!(question.contains(part), "{part}: {question}");
    }
    every_tool_works(settings).await;

    // Tokens of ten seconds: more than one, and requests all along.
    let asked = endpoint.asked();
    for number in 0..12 {
        bank.ask(&[&format!("b-{number:02}")]).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let all: Vec<_> = (0..12).map(|number| format!("b-{number:02}")).collect();
    assert_eq!(answered(&mut replies, 12).await, all);
    assert!(endpoint.asked() > asked, "they are fetched again");
    assert_eq!(running.refused().await, "");

    // Away for minutes when a token is to be fetched, until it has long expired and the connections are
    // gone, and so is the member of the group.
    endpoint.set(Manner::Closed);
    running.refuses("it cannot be reached").await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    bank.proxy.cut();
    running.refuses("the brokers do not accept the token").await;
    let committed = bank.committed().await;
    bank.ask(&["c"]).await;
    tokio::time::sleep(AWAY).await;
    assert_eq!(bank.committed().await, committed);
    let told = "at the token endpoint: it cannot be reached";
    assert_eq!(log.count(told), 1, "{}", log.text());
    running.refuses("the brokers do not accept the token").await;
    endpoint.set(Manner::Obedient(600));
    assert_eq!(answered(&mut replies, 1).await, ["c"]);
    running.is_well().await;

    let token = jwt(1);
    let (token, basic) = (token.split('.').next().unwrap().to_owned(), basic());
    let mut pages = log.text();
    for page in ["", "/health", "/info", "/metrics", "/prometheus", "/handlers"] {
        pages += &running.site.get(&format!("/manage/actuator{page}")).await.body;
    }
    running.stop().await;
    assert_eq!(bank.committed().await, 14);
    pages += &log.text();
    for secret in ["canary", SECRET, &token, &basic] {
        let lines: Vec<_> = pages.lines().filter(|line| line.contains(secret)).collect();
        assert!(lines.is_empty(), "{lines:#?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_secret_that_changes_in_its_file_is_used_with_the_next_token() {
    require_kafka!();
    let bank = Bank::open("SASL_PLAINTEXT", ";User:robot", &[]).await;
    let endpoint = Endpoint::new(Manner::Obedient(2)).await;
    let ca = bank.file("tokens.pem", &endpoint.authority.pem());
    let mut settings = bank.settings("SASL_PLAINTEXT");
    endpoint.tell(&mut settings, &text(&ca));
    let path = bank.file("secret", "canary-old");
    settings.security.oauth_client_secret = Some(Secret::from_file(&path).unwrap());
    let running = run(settings).await;
    running.refuses("set FLOWX_CONNECTOR_OAUTH_CLIENT_ID and").await;
    std::fs::write(&path, SECRET).unwrap();
    bank.ask(&["a"]).await;
    assert_eq!(answered(&mut bank.replies().await, 1).await, ["a"]);
    eventually(WITHIN, || async {
        let told = running.refused().await;
        if told.is_empty() { Ok(()) } else { Err(told) }
    })
    .await;
    running.stop().await;
}
