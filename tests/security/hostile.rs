//! What a token endpoint may do to who asks it: nothing.

use std::time::{Duration, Instant};

use flowx_core::config::Settings;
use flowx_tests::eventually;

use crate::authority::text;
use crate::bank::{WITHIN, run};
use crate::endpoint::{Endpoint, Manner, SECRET};
use crate::log::Log;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_token_endpoint_does_is_told_in_words_and_holds_nobody_up() {
    let log = Log::keep();
    let endpoint = Endpoint::new(Manner::Obedient(1)).await;
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("tokens.pem");
    std::fs::write(&ca, endpoint.authority.pem()).unwrap();
    let mut settings = Settings::default();
    // Nobody is there: tokens are fetched all the same.
    settings.bootstrap_servers = Some("127.0.0.1:1".to_owned());
    settings.security_protocol = "SASL_PLAINTEXT".to_owned();
    settings.security.auth_retry = Duration::from_millis(300);
    endpoint.tell(&mut settings, &text(&ca));
    let running = run(settings).await;
    eventually(WITHIN, || async {
        if endpoint.asked() >= 3 { Ok(()) } else { Err("tokens are fetched again and again") }
    })
    .await;
    let manners = [
        (Manner::HugeBody, "larger than 64 KiB"),
        (Manner::SlowBody, "no whole answer comes within"),
        (Manner::EndlessHead, "at the token endpoint: "),
        (Manner::Silent, "no whole answer comes within"),
        (Manner::Redirect, "it sends elsewhere"),
        (Manner::RedirectToHttp, "it sends elsewhere"),
        (Manner::ContentType, "its answer is none that gives a token"),
        (Manner::Expired, "have expired already"),
        (Manner::Garbage, "its answer is none that gives a token"),
        (Manner::NoToken, "its answer is none that gives a token"),
        (Manner::Injection, "is no bearer token"),
        (Manner::Failure, "status 500"),
        (Manner::Closed, "it cannot be reached"),
        (Manner::Refusal, "refuses the client (`invalid_client`)"),
        (Manner::OwnRefusal, "refuses the client (with a code of its own)"),
        (Manner::OtherAuthority, "certificate is not accepted"),
        (Manner::ExpiredCertificate, "certificate is not accepted"),
        (Manner::OtherHost, "certificate is not accepted"),
    ];
    for (manner, words) in manners {
        endpoint.set(manner);
        let begin = Instant::now();
        let told = running.refuses(words).await;
        assert!(begin.elapsed() < Duration::from_secs(12), "{manner:?}: {:?}", begin.elapsed());
        assert!(
            !told.contains("canary") && told.contains("at the token endpoint: "),
            "{manner:?}: {told}"
        );
        endpoint.set(Manner::Obedient(1));
        running.is_well().await;
    }
    // One that says no life is taken for a minute.
    endpoint.set(Manner::NoExpiry);
    let asked = endpoint.asked();
    eventually(WITHIN, || async {
        if endpoint.asked() > asked { Ok(()) } else { Err("it is asked") }
    })
    .await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(running.refused().await, "");
    assert!(endpoint.asked() <= asked + 2, "it is believed for a while");
    running.stop().await;
    let log = log.text();
    assert!(!log.contains(SECRET) && !log.contains("canary"), "{log}");
}
