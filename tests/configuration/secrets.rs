//! A canary in every secret and in every property of librdkafka is never seen again.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use flowx_core::admin::{Actuator, ConnectionLimits};
use flowx_core::config::Settings;
use flowx_core::config::keys::{KEYS, Key};
use flowx_core::config::properties::variable;
use flowx_core::config::show::Effective;
use flowx_core::contract::table::HandlerTable;
use flowx_core::kafka::{EmbeddedBroker, KafkaSink, KafkaSource, ReadFrom, Reader, Writer};
use flowx_core::message::record::{Outbound, Record};
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_core::{Connector, ConnectorBuilder, HandlerError, flowx_handler};
use flowx_tests::http::Visited;
use tokio::time::timeout;
use tracing_subscriber::fmt::MakeWriter;

const CANARY: &str = "canary-4711";

/// Everything that is logged in this process, whichever thread says it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    fn keep() -> Self {
        static KEPT: Mutex<Option<Log>> = Mutex::new(None);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get_or_insert_with(|| {
            let log = Self::default();
            let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
            subscriber.with_writer(log.clone()).init();
            log
        })
        .clone()
    }

    fn text(&self) -> String {
        let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Request {
    number: u32,
}

#[derive(serde::Serialize, schemars::JsonSchema)]
struct Answer {
    number: u32,
}

/// Answers one request and panics at the other.
#[flowx_handler(topic = "secrets.trigger.work", attempts = 1)]
async fn work(request: Request) -> Result<Answer, HandlerError> {
    assert!(request.number != 13, "an unlucky number");
    Ok(Answer { number: request.number })
}

fn connector(settings: Settings) -> ConnectorBuilder {
    Connector::builder().settings(settings).group("secrets").only(["work"])
}

/// Every property that librdkafka has.
fn properties() -> Vec<&'static str> {
    let lines = include_str!("../../flowx-core/src/kafka/properties.txt").lines();
    lines.filter(|line| !line.starts_with('#')).collect()
}

/// The variables of every secret and of every property, each with the canary.
fn variables() -> Vec<(String, String)> {
    let secrets = KEYS.iter().filter(|key| key.is_secret()).map(|key| key.name.to_owned());
    let names = secrets.chain(properties().into_iter().map(variable));
    names.map(|name| (name, CANARY.to_owned())).collect()
}

fn clean(what: &str, text: &str) {
    let lines: Vec<&str> = text.lines().filter(|line| line.contains(CANARY)).collect();
    assert!(lines.is_empty(), "{what} shows a secret: {lines:#?}");
}

/// The canary is in there, and shown by nothing that settings are made into.
fn shown_by_nothing(name: &str, settings: &Settings) {
    clean(name, &format!("{settings:?} {settings:#?}"));
    clean(name, &Effective(settings).to_string());
    clean(name, &Effective(settings).to_json().to_string());
    let built = connector(settings.clone());
    clean(name, &format!("{built:?}"));
    match built.build() {
        Ok(connector) => {
            clean(name, &format!("{connector:?} {}", HandlerTable(&connector.contract())));
        }
        Err(error) => {
            clean(name, &format!("{error} {error:?}"));
            let start = || connector(settings.clone()).build().unwrap();
            let panic = catch_unwind(AssertUnwindSafe(start));
            let panic = panic.unwrap_err();
            clean(name, panic.downcast_ref::<String>().expect("a panic with a text"));
        }
    }
}

#[test]
fn there_are_secrets_to_keep() {
    assert!(KEYS.iter().any(Key::is_secret));
    assert!(properties().len() > 150);
}

#[test]
fn no_secret_is_in_what_settings_are_made_into() {
    for (name, value) in variables() {
        let settings = Settings::read([(name.as_str(), value.as_str())]);
        let settings = settings.unwrap_or_else(|problems| panic!("{problems:?}"));
        let security = &settings.security;
        let kept = settings.kafka.values().chain(&settings.admin_token);
        let kept = kept.chain(&security.sasl_username).chain(&security.sasl_password);
        let kept = kept.chain(&security.tls_key_password).chain(&security.oauth_client_secret);
        assert!(kept.into_iter().any(|secret| secret.is(CANARY)), "{name} is taken");
        shown_by_nothing(&name, &settings);
    }
    let all = Settings::read(variables()).unwrap();
    assert_eq!(all.kafka.len(), properties().len());
    shown_by_nothing("all together", &all);
}

#[tokio::test]
async fn no_client_says_a_secret_when_it_is_set_up() {
    let log = Log::keep();
    let broker = EmbeddedBroker::start(1).unwrap();
    for name in properties() {
        let mut kafka = broker.settings("secrets");
        kafka.extra.insert(name.to_owned(), CANARY.into());
        clean(name, &format!("{kafka:?} {:?}", kafka.problems()));
        let topics = vec![flowx_core::kafka::Subscription::Exact("requests".into())];
        let source = KafkaSource::subscribe(&kafka, topics);
        let refused =
            [KafkaSink::connect(&kafka).err(), source.err(), Writer::connect(&kafka).err()];
        for error in refused.into_iter().flatten() {
            clean(name, &format!("{error} {error:?}"));
        }
    }
    clean("the log", &log.text());
}

/// The properties that hold a free text, so that a connector runs with a canary in all of them. What
/// decides how a group is joined must have a meaning.
fn harmless(broker: &EmbeddedBroker) -> Vec<&'static str> {
    let takes = |name: &&str| {
        let mut kafka = broker.settings("secrets");
        kafka.extra.insert((*name).to_owned(), CANARY.into());
        KafkaSink::connect(&kafka).is_ok() && Writer::connect(&kafka).is_ok()
    };
    let names = properties().into_iter().filter(|name| !name.starts_with("group."));
    names.filter(takes).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connector_that_runs_lets_no_secret_out() {
    const REQUESTS: &str = "ai.flowx.dev.secrets.trigger.work.v1";
    const REPLIES: &str = "ai.flowx.dev.engine.receive.secrets.work.results.v1";
    let log = Log::keep();
    let broker = EmbeddedBroker::start(1).unwrap();
    let aside = format!("{REQUESTS}.dlq");
    for topic in [REQUESTS, REPLIES, &aside] {
        broker.create_topic(topic).unwrap();
    }
    let names = harmless(&broker);
    assert!(names.contains(&"client.rack") && names.contains(&"sasl.password"), "{names:?}");
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(broker.bootstrap_servers().to_owned());
    settings.admin_token = Some(CANARY.into());
    settings.session_timeout = broker.settings("").session_timeout;
    settings.drain = settings.session_timeout / 2;
    for name in &names {
        settings.kafka.insert((*name).to_owned(), CANARY.into());
    }
    let connector = connector(settings).build().unwrap();
    let site = Visited::admin(Actuator::of(&connector), None, ConnectionLimits::default()).await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(connector.run(async { drop(stopped.await) }));
    let request = |number: u32| Outbound {
        topic: REQUESTS.into(),
        partition: None,
        key: None,
        headers: PlatformVersion::V5_9.headers("process", 1),
        payload: Some(format!(r#"{{"number":{number}}}"#).into()),
    };
    let tool = broker.settings("tool");
    let mut reader = Reader::open(&tool, &[REPLIES, &aside], ReadFrom::Beginning).await.unwrap();
    let mut writer = Writer::connect(&tool).unwrap();
    writer.write(&[request(1), request(13)]).await.unwrap();
    let mut records: Vec<Record> = Vec::new();
    while records.len() < 3 {
        let record = timeout(Duration::from_secs(60), reader.next()).await;
        let record =
            record.unwrap_or_else(|_| panic!("{} answers came; {}", records.len(), log.text()));
        records.push(record);
    }
    for page in ["", "/health", "/info", "/metrics", "/prometheus", "/handlers"] {
        let answer = site.get(&format!("/manage/actuator{page}")).await;
        assert!(!answer.body.is_empty(), "{page} says something");
        clean(page, &answer.body);
    }
    drop(stop);
    timeout(Duration::from_secs(60), running).await.unwrap().unwrap().unwrap();
    assert!(records.iter().any(|record| *record.at.topic == aside), "{records:?}");
    for record in &records {
        let payload = String::from_utf8_lossy(record.payload.as_deref().unwrap_or_default());
        clean("an answer", &payload);
        for (name, value) in record.headers.iter() {
            clean(name, &String::from_utf8_lossy(value.unwrap_or_default()));
        }
    }
    let log = log.text();
    assert!(log.contains("an unlucky number") || log.contains("panicked"), "it is logged: {log}");
    clean("the log", &log);
}

#[test]
fn no_program_prints_a_secret() {
    let broker = EmbeddedBroker::start(1).unwrap();
    let harmless = harmless(&broker);
    let mut accepted: Vec<(String, String)> =
        harmless.iter().map(|name| (variable(name), CANARY.to_owned())).collect();
    accepted.push(("FLOWX_CONNECTOR_ADMIN_TOKEN".to_owned(), CANARY.to_owned()));
    for (variables, code) in [(accepted, 0), (variables(), 78)] {
        for arguments in [
            &["handlers"][..],
            &["config", "show"],
            &["config", "show", "--format", "json"],
            &["asyncapi"],
            &["contract", "show"],
            &["designer"],
        ] {
            let output = Command::new(env!("CARGO_BIN_EXE_rehearsal"))
                .args(arguments)
                .env_clear()
                .env("HANDLERS", "good")
                .env("RUST_LOG", "trace")
                .envs(variables.iter().map(|(name, value)| (name, value)))
                .output()
                .unwrap();
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
            clean(&format!("{arguments:?}"), &said);
        }
    }
}
