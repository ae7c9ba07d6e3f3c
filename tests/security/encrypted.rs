//! TLS: every protocol with every mechanism, mutual TLS, and every certificate that must not be believed.

use std::sync::Arc;

use flowx_tests::proxy::Proxy;
use flowx_tests::require_kafka;

use crate::authority::{Authority, Flaw, Signed, text};
use crate::bank::{Bank, answered, connector, run};
use crate::door::Door;
use crate::endpoint::{Endpoint, Manner};
use crate::log::Log;
use crate::plain::every_tool_works;

/// What a broker needs to speak TLS on its guarded listener.
struct Keys {
    _folder: tempfile::TempDir,
    settings: Vec<(&'static str, String)>,
}

fn keys(authority: &Authority, client_auth: &str) -> Keys {
    let folder = tempfile::tempdir().unwrap();
    let signed = authority.sign("broker", Flaw::None);
    let write = |name: &str, content: String| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        text(&path)
    };
    let store = write("broker.pem", format!("{}{}", signed.key, signed.certificate));
    let trust = write("ca.pem", authority.pem());
    let settings = vec![
        ("listener.name.behind.ssl.keystore.type", "PEM".to_owned()),
        ("listener.name.behind.ssl.keystore.location", store),
        ("listener.name.behind.ssl.truststore.type", "PEM".to_owned()),
        ("listener.name.behind.ssl.truststore.location", trust),
        ("listener.name.behind.ssl.client.auth", client_auth.to_owned()),
    ];
    Keys { _folder: folder, settings }
}

impl Keys {
    fn settings(&self) -> Vec<(&str, &str)> {
        self.settings.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }
}

/// Lets `clerk` log in by SCRAM too.
async fn enrol(bank: &Bank) {
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        let words = format!("{mechanism}=[password=secret]");
        let user = ["--alter", "--entity-type", "users", "--entity-name", "clerk", "--add-config"];
        let all = [&user[..], &[&words]].concat();
        bank.cluster.console().tool("kafka.admin.ConfigCommand", &all).await;
    }
}

/// Every mechanism with a good login, and with a bad one that is named.
async fn every_mechanism(bank: &Bank, protocol: &str, ca: Option<String>) {
    let endpoint = Endpoint::new(Manner::Obedient(600)).await;
    let tokens = text(&bank.file("tokens.pem", &endpoint.authority.pem()));
    let mut replies = bank.replies().await;
    for mechanism in ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] {
        let mut settings = match mechanism {
            "OAUTHBEARER" => {
                let mut settings = bank.settings(protocol);
                endpoint.tell(&mut settings, &tokens);
                settings
            }
            _ => bank.clerk(protocol, mechanism, "secret"),
        };
        settings.security.tls_ca.clone_from(&ca);
        let process = format!("{protocol}-{mechanism}");
        bank.ask(&[&process]).await;
        if mechanism != "OAUTHBEARER" {
            let mut wrong = settings.clone();
            wrong.security.sasl_password = Some("canary".into());
            let running = run(wrong).await;
            running.refuses("the brokers refuse the login").await;
            running.stop().await;
        }
        let running = run(settings.clone()).await;
        assert_eq!(answered(&mut replies, 1).await, std::slice::from_ref(&process), "{process}");
        every_tool_works(settings).await;
        running.is_well().await;
        running.stop().await;
    }
    assert_eq!(bank.committed().await, 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mechanism_lets_a_connector_in_without_tls() {
    require_kafka!();
    let bank = Bank::open("SASL_PLAINTEXT", ";User:clerk;User:robot", &[]).await;
    enrol(&bank).await;
    every_mechanism(&bank, "SASL_PLAINTEXT", None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_mechanism_lets_a_connector_in_over_tls() {
    require_kafka!();
    let authority = Authority::new("brokers");
    let keys = keys(&authority, "none");
    let bank = Bank::open("SASL_SSL", ";User:clerk;User:robot", &keys.settings()).await;
    enrol(&bank).await;
    let ca = text(&bank.file("ca.pem", &authority.pem()));
    every_mechanism(&bank, "SASL_SSL", Some(ca)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_lets_a_connector_in_and_none_or_one_of_another_authority_does_not() {
    require_kafka!();
    Log::keep();
    let authority = Authority::new("brokers");
    let keys = keys(&authority, "required");
    let bank = Bank::open("SSL", ";User:CN=vault", &keys.settings()).await;
    let mut settings = bank.settings("SSL");
    settings.security.tls_ca = Some(text(&bank.file("ca.pem", &authority.pem())));
    let with = |name: &str, signed: &Signed| {
        let mut settings = settings.clone();
        let certificate = bank.file(&format!("{name}.pem"), &signed.certificate);
        settings.security.tls_certificate = Some(text(&certificate));
        settings.security.tls_key = Some(text(&bank.file(&format!("{name}.key"), &signed.key)));
        settings
    };
    bank.ask(&["a"]).await;
    let words = "does not accept the certificate of this connector; set FLOWX_CONNECTOR_TLS_CERT";
    let stranger = Authority::new("strangers").sign("vault", Flaw::None);
    let expired = authority.sign("vault", Flaw::Expired);
    for settings in [settings.clone(), with("stranger", &stranger), with("expired", &expired)] {
        let running = run(settings).await;
        running.refuses(words).await;
        running.stop().await;
    }
    assert_eq!(bank.committed().await, 0);
    let settings = with("good", &authority.sign("vault", Flaw::None));
    let running = run(settings.clone()).await;
    let mut replies = bank.replies().await;
    assert_eq!(answered(&mut replies, 1).await, ["a"]);
    every_tool_works(settings.clone()).await;
    running.is_well().await;
    running.stop().await;

    let mut locked = settings.clone();
    locked.security.tls_key = Some(encrypted(locked.security.tls_key.as_ref().unwrap()));
    let wrong_password = {
        let mut wrong = locked.clone();
        wrong.security.tls_key_password = Some("canary-of-another-key".into());
        wrong
    };
    let mut another = settings;
    another.security.tls_key = with("another", &stranger).security.tls_key;
    for (settings, words) in [
        (locked.clone(), "set FLOWX_CONNECTOR_TLS_KEY_PASSWORD to its password"),
        (wrong_password, "set FLOWX_CONNECTOR_TLS_KEY_PASSWORD to its password"),
        (another, "is not that of the certificate in FLOWX_CONNECTOR_TLS_CERTIFICATE"),
    ] {
        let told = connector(settings).run(std::future::ready(())).await.unwrap_err().to_string();
        assert!(told.contains(words), "{told}");
        assert!(!told.contains("canary"), "{told}");
    }
    locked.security.tls_key_password = Some(PASSWORD.into());
    bank.ask(&["b"]).await;
    let running = run(locked).await;
    assert_eq!(answered(&mut replies, 1).await, ["b"]);
    running.stop().await;
}

/// The password of an encrypted key.
const PASSWORD: &str = "canary-of-a-key";

/// The key of a file once more, encrypted.
fn encrypted(key: &str) -> String {
    let locked = format!("{key}.locked");
    let password = format!("pass:{PASSWORD}");
    let done = std::process::Command::new("openssl")
        .args([
            "pkcs8", "-topk8", "-v2", "aes256", "-in", key, "-out", &locked, "-passout", &password,
        ])
        .status();
    assert!(done.expect("`openssl` is installed").success());
    locked
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_certificate_is_believed_that_is_expired_or_another_hosts_or_signed_by_a_stranger() {
    require_kafka!();
    let log = Log::keep();
    let authority = Authority::new("brokers");
    let good = || authority.sign("broker", Flaw::None).server(None);
    let stranger = Authority::new("strangers");
    let door = Door::new(stranger.sign("broker", Flaw::None).server(None)).await;
    let proxy = Proxy::listen().await.unwrap();
    let bank = Bank::advertised("PLAINTEXT", "", &[], door.port, proxy).await;
    door.lead_to(bank.cluster.hidden_port(0).unwrap());
    let mut settings = bank.settings("SSL");
    settings.bootstrap_servers = Some(format!("127.0.0.1:{}", door.port));
    settings.security.tls_ca = Some(text(&bank.file("ca.pem", &authority.pem())));
    let running = run(settings).await;
    let mut replies = bank.replies().await;
    let cases = [
        ("stranger", stranger.sign("broker", Flaw::None).server(None), "FLOWX_CONNECTOR_TLS_CA"),
        ("expired", authority.sign("broker", Flaw::Expired).server(None), "has expired"),
        ("host", authority.sign("broker", Flaw::OtherHost).server(None), "for another host"),
    ];
    for (done, (name, shows, words)) in (0..).zip(cases) {
        door.show(Arc::clone(&shows));
        bank.ask(&[name]).await;
        running.refuses(words).await;
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(bank.committed().await, done, "{name}: {}", log.text());
        door.show(good());
        assert_eq!(answered(&mut replies, 1).await, [name]);
        running.is_well().await;
        flowx_tests::eventually(crate::bank::WITHIN, || async {
            let committed = bank.committed().await;
            if committed == done + 1 { Ok(()) } else { Err(committed.to_string()) }
        })
        .await;
    }
    running.stop().await;
}
