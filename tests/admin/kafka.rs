//! What is told of Kafka's own clients.

use std::time::Duration;

use flowx_core::admin::{Actuator, ConnectionLimits};
use flowx_core::config::Settings;
use flowx_core::kafka::{EmbeddedBroker, Writer};
use flowx_core::message::record::Outbound;
use flowx_core::runtime::status::Status;
use flowx_core::testing::process_engine::PlatformVersion;
use flowx_tests::eventually;
use flowx_tests::http::Visited;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::handlers::{EXCHANGES, at, builder};

const WITHIN: Duration = Duration::from_secs(120);

/// A connector on its way, until this is dropped.
struct Running {
    site: Visited,
    status: Status,
    _stop: oneshot::Sender<()>,
}

async fn run(settings: Settings) -> Running {
    let connector = builder().0.settings(settings).only(["exchange"]).build().expect("a connector");
    let site = Visited::admin(Actuator::of(&connector), None, ConnectionLimits::default()).await;
    let status = connector.status();
    let (stop, stopped) = oneshot::channel::<()>();
    tokio::spawn(connector.run(async { drop(stopped.await) }));
    Running { site, status, _stop: stop }
}

fn over(broker: &EmbeddedBroker) -> Settings {
    let kafka = broker.settings("");
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(kafka.bootstrap_servers);
    settings.session_timeout = kafka.session_timeout;
    settings.drain = Duration::from_secs(1);
    settings.kafka = kafka.extra;
    settings
}

fn request(number: i32) -> Outbound {
    Outbound {
        topic: EXCHANGES.into(),
        partition: Some(0),
        key: None,
        headers: PlatformVersion::V5_9.headers("process", number as u64),
        payload: Some(json!({ "amount": number, "to": "RON" }).to_string().into()),
    }
}

/// Waits until health has a part that is as wanted.
async fn shows(site: &Visited, wanted: impl Fn(&Value) -> bool + Send + Sync) -> Value {
    eventually(WITHIN, || async {
        let health = site.get(&at("health")).await.json();
        if wanted(&health["components"]) { Ok(health) } else { Err(format!("{health:#}")) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lag_and_brokers_are_told_and_an_outage_restarts_no_pod() {
    let broker = EmbeddedBroker::start(1).expect("a broker");
    for topic in [EXCHANGES, "ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1"] {
        broker.create_topic(topic).expect("a topic");
    }
    let running = run(over(&broker)).await;
    let site = &running.site;
    eventually(WITHIN, || async { site.get(&at("health/readiness")).await.status == 200 }).await;
    let health = shows(site, |components| components["kafka"]["status"] == "UP").await;
    assert_eq!(health["components"]["kafka"]["details"]["producer"]["brokersUp"], 1, "{health:#}");

    let mut writer = Writer::connect(&broker.settings("test")).expect("a writer");
    let one = format!("{EXCHANGES}[0]");
    writer.write(&[request(1), request(2)]).await.expect("written");
    shows(site, |components| {
        let one = &components["partitions"]["details"][&one];
        one["position"] == 2 && one["lag"] == 0 && one["unfinished"] == 0
    })
    .await;
    running.status.pause("exchange").expect("a handler");
    writer.write(&(3..8).map(request).collect::<Vec<_>>()).await.expect("written");
    shows(site, |components| components["partitions"]["details"][&one]["lag"] == 5).await;
    running.status.resume("exchange").expect("a handler");
    shows(site, |components| components["partitions"]["details"][&one]["lag"] == 0).await;

    drop((writer, broker));
    let health = shows(site, |components| components["kafka"]["status"] == "DOWN").await;
    assert!(health["components"]["kafka"]["details"]["producer"]["lastError"].is_string());
    assert_eq!(health["status"], "DOWN");
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        for probe in ["health/liveness", "health/readiness"] {
            let answer = site.get(&at(probe)).await;
            assert_eq!(answer.status, 200, "{probe}: {answer:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_broker_it_is_alive_not_ready_and_says_why_without_names() {
    let nobody = "127.0.0.1:1";
    let mut settings = Settings::default();
    settings.bootstrap_servers = Some(nobody.to_owned());
    let running = run(settings).await;
    let site = &running.site;
    let health = shows(site, |components| {
        let kafka = &components["kafka"];
        kafka["status"] == "DOWN" && kafka["details"]["consumer"]["lastError"].is_string()
    })
    .await;
    assert!(!health.to_string().contains(nobody), "{health:#}");
    assert_eq!(health["components"]["livenessState"], json!({ "status": "UP" }));
    let readiness = site.get(&at("health/readiness")).await;
    assert_eq!(readiness.status, 503);
    assert_eq!(
        readiness.json()["components"]["readinessState"]["details"]["reasons"],
        json!([
            "its group has not assigned anything to it yet",
            "its producer has not been admitted by a broker yet",
        ])
    );
}
