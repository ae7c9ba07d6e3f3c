//! What is told, and to whom.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use flowx_core::admin::{Actuator, Site};
use flowx_core::config::Settings;
use flowx_core::config::admin_group::AdminGroup;
use flowx_core::config::secret::Secret;
use flowx_core::testing::TestConnector;
use flowx_tests::eventually;
use flowx_tests::http::Visited;
use serde_json::{Value, json};

use crate::handlers::{EXCHANGES, at, builder, started, visited};

const SPRING: &str = "application/vnd.spring-boot.actuator.v3+json";

/// Waits until a path answers with this status.
async fn becomes(site: &Visited, path: &str, status: u16) -> Value {
    eventually(Duration::from_secs(60), || async {
        let answer = site.get(&at(path)).await;
        if answer.status == status { Ok(answer.json()) } else { Err(format!("{answer:?}")) }
    })
    .await
}

#[tokio::test]
async fn health_tells_everything_that_a_connector_consists_of() {
    let (connector, _) = started().await;
    let site = visited(&connector, |actuator| actuator).await;
    becomes(&site, "health/readiness", 200).await;
    connector.handler("exchange").send(&json!({ "amount": 1, "to": "RON" })).await;
    connector.wait_for_commit(EXCHANGES, 0, 1).await;

    let answer = site.get(&at("health")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, Some(SPRING)));
    let health = answer.json();
    assert_eq!(health["status"], "UP");
    assert_eq!(health["groups"], json!(["liveness", "readiness"]));
    let components = &health["components"];
    let topics = &components["kafkaTopicsHealthCheckIndicator"];
    assert_eq!(topics["status"], "UP");
    assert_eq!(
        topics["details"]["configuration"]["topic"]["exchange"],
        json!({
            "request": EXCHANGES,
            "reply": "ai.flowx.dev.engine.receive.plugin.currency.exchange.results.v1",
            "deadLetter": format!("{EXCHANGES}.dlq"),
        })
    );
    assert_eq!(
        topics["details"]["configuration"]["topic"]["later"]["retry"],
        json!(["ai.flowx.dev.admin.trigger.later.v1.retry.30s"])
    );
    assert_eq!(
        components["partitions"]["details"][format!("{EXCHANGES}[0]")],
        json!({
            "handler": "exchange",
            "position": 1,
            "lag": 0,
            "unfinished": 0,
            "oldestUnfinishedSeconds": 0.0,
            "paused": false,
        })
    );
    assert_eq!(
        components["handlers"]["details"]["exchange"],
        json!({ "state": "running", "inFlight": 0 })
    );
    assert_eq!(site.get(&at("health/liveness")).await.json()["status"], "UP");
    connector.stop().await.expect("a good end");
}

#[tokio::test]
async fn a_check_in_one_line_is_shown_and_keeps_from_readiness_only_if_it_was_said_to() {
    let (builder, _) = builder();
    let broken = Arc::new(AtomicBool::new(true));
    let down = Arc::clone(&broken);
    let builder = builder
        .health_check("rates-service", || async { Err::<(), _>("connection refused") })
        .readiness_check("vault", move || {
            let down = Arc::clone(&down);
            async move { if down.load(Ordering::SeqCst) { Err("sealed") } else { Ok(()) } }
        });
    let connector = TestConnector::start(builder).await.expect("a connector");
    let site = visited(&connector, |actuator| actuator).await;

    let health = becomes(&site, "health", 503).await;
    assert_eq!(health["status"], "DOWN");
    assert_eq!(
        health["components"]["rates-service"],
        json!({ "status": "DOWN", "details": { "error": "connection refused" } })
    );
    let readiness = becomes(&site, "health/readiness", 503).await;
    assert_eq!(readiness["components"]["vault"]["details"]["error"], "sealed");
    assert_eq!(readiness["components"]["rates-service"], Value::Null);
    assert_eq!(site.get(&at("health/liveness")).await.status, 200, "no restart would help");

    broken.store(false, Ordering::SeqCst);
    becomes(&site, "health/readiness", 200).await;
    assert_eq!(site.get(&at("health")).await.status, 503, "the other one is still down");
}

#[test]
fn checks_with_names_that_cannot_be_are_refused_at_start() {
    let (builder, _) = builder();
    let ok = || async { Ok::<(), String>(()) };
    let builder = builder.health_check("kafka", ok).health_check(" ", ok);
    let error = builder.health_check("twice", ok).readiness_check("twice", ok).build();
    let problems = error.expect_err("three mistakes").problems().join("\n");
    for words in ["`kafka` has the name of one of flowx's own", "has no name", "named `twice`"] {
        assert!(problems.contains(words), "{problems}");
    }
}

#[tokio::test]
async fn from_the_moment_of_a_stop_it_is_not_ready_and_still_alive_while_it_drains() {
    let (connector, gate) = started().await;
    let site = visited(&connector, |actuator| actuator).await;
    becomes(&site, "health/readiness", 200).await;
    let status = connector.status().clone();
    let _ = connector.handler("exchange").json(&json!({ "amount": 1, "to": "GATE" })).post();
    eventually(Duration::from_secs(60), || async {
        status.handlers().iter().any(|handler| handler.in_flight == 1)
    })
    .await;
    let stopping = tokio::spawn(connector.stop());
    let readiness = becomes(&site, "health/readiness", 503).await;
    assert_eq!(readiness["status"], "OUT_OF_SERVICE");
    assert_eq!(
        readiness["components"]["readinessState"]["details"]["reasons"],
        json!(["it is stopping"])
    );
    assert!(!stopping.is_finished(), "something is still under way");
    assert_eq!(site.get(&at("health/liveness")).await.status, 200);
    gate.0.add_permits(1);
    stopping.await.expect("no panic").expect("a good end");
}

#[tokio::test]
async fn info_says_which_connector_this_is() {
    let (connector, _) = started().await;
    let site = visited(&connector, |actuator| actuator).await;
    let info = site.get(&at("info")).await.json();
    assert_eq!(info["app"], json!({ "name": "exchange-connector", "version": "0.1.0" }));
    assert_eq!(info["flowx"]["version"], "0.1.0");
    let exchange = info["handlers"].as_array().expect("handlers").iter();
    let exchange = exchange.clone().find(|handler| handler["name"] == "exchange");
    let contract = exchange.expect("the handler")["contract"].as_str().expect("a hash").to_owned();
    assert!(!contract.is_empty());
}

#[tokio::test]
async fn metrics_have_the_shape_of_springs_and_can_be_narrowed() {
    let (connector, _) = started().await;
    let site = visited(&connector, |actuator| actuator).await;
    for to in ["RON", "RON", "XXX"] {
        connector.handler("exchange").send(&json!({ "amount": 1, "to": to })).await;
    }
    let names = site.get(&at("metrics")).await.json();
    let names = names["names"].as_array().expect("names").clone();
    assert!(names.contains(&json!("flowx_requests_total")), "{names:?}");
    for name in &names {
        let path = at(&format!("metrics/{}", name.as_str().expect("text")));
        let answer = site.get(&path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(answer.json()["measurements"].is_array(), "{path}");
    }
    let all = site.get(&at("metrics/flowx_requests_total?tag=handler:exchange")).await.json();
    assert_eq!(all["measurements"], json!([{ "statistic": "COUNT", "value": 3.0 }]));
    assert_eq!(all["availableTags"][0]["tag"], "outcome");
    let some = "metrics/flowx_requests_total?tag=handler:exchange&tag=outcome:refused";
    let some = site.get(&at(some)).await.json();
    assert_eq!(some["measurements"], json!([{ "statistic": "COUNT", "value": 1.0 }]));
    let duration = site.get(&at("metrics/flowx_request_duration_seconds")).await.json();
    assert_eq!(duration["baseUnit"], "seconds");
    assert_eq!(duration["measurements"][0], json!({ "statistic": "COUNT", "value": 3.0 }));
    for (path, status) in [
        ("metrics/nothing", 404),
        ("metrics/flowx_requests_total?tag=handler:nobody", 404),
        ("metrics/flowx_requests_total?tag=handler", 400),
        ("metrics/flowx_requests_total?what=ever:so", 400),
    ] {
        assert_eq!(site.get(&at(path)).await.status, status, "{path}");
    }
    let text = site.get(&at("prometheus")).await;
    let kind = text.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain; version=0.0.4"), "{kind}");
    let line = r#"flowx_requests_total{handler="exchange",outcome="replied"} 2"#;
    assert!(text.body.lines().any(|found| found == line), "{}", text.body);
}

#[tokio::test]
async fn what_changes_something_needs_the_token() {
    let (connector, _) = started().await;
    let pause = at("handlers/exchange/pause");
    let open = visited(&connector, |actuator| actuator).await;
    let refused = open.post(&pause, &[], "").await;
    assert_eq!(refused.status, 403, "without a token nobody may: {refused:?}");
    assert!(refused.error().contains("FLOWX_CONNECTOR_ADMIN_TOKEN"), "{refused:?}");

    let site = visited(&connector, |actuator| actuator.token(Secret::new("canary"))).await;
    let good = "Authorization: Bearer canary";
    for (lines, status) in [
        (vec![], 401),
        (vec!["Authorization: Bearer wrong"], 401),
        (vec![good, "Origin: https://evil.example"], 403),
        (vec![good], 200),
    ] {
        let answer = site.post(&pause, &lines, "").await;
        assert_eq!(answer.status, status, "{lines:?}: {answer:?}");
        assert_eq!(connector.status().handlers()[1].paused, status == 200, "{lines:?}");
    }
    let unknown = site.post(&at("handlers/nobody/pause"), &[good], "").await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.error().contains("there are `later`, `exchange`"), "{unknown:?}");
    assert_eq!(site.get(&pause).await.status, 405, "nothing changes by looking");
    // What needs no token needs none here either, and tells nobody what it is.
    for path in ["health", "health/readiness", "info", "metrics", "prometheus", "handlers"] {
        let answer = site.get(&at(path)).await;
        assert_eq!(answer.status, 200, "{path}");
        assert!(!answer.body.contains("canary"), "{path}");
    }
}

#[tokio::test]
async fn only_what_is_exposed_is_there() {
    let (connector, _) = started().await;
    let harmless = |actuator: Actuator| actuator.expose(AdminGroup::HARMLESS).any_host();
    let site = visited(&connector, harmless).await;
    for (path, status) in [
        ("", 200),
        ("/health", 200),
        ("/info", 200),
        ("/prometheus", 200),
        ("/handlers", 404),
        ("/handlers/exchange/pause", 404),
    ] {
        let path = format!("/manage/actuator{path}");
        assert_eq!(site.get(&path).await.status, status, "{path}");
    }
    let links = site.get("/manage/actuator").await.json();
    assert!(links["_links"]["health"]["href"] == "/manage/actuator/health", "{links}");
    assert_eq!(links["_links"]["handlers"], Value::Null, "{links}");
    // A probe calls a pod by its address, a page of status by the name of a service.
    let head = "GET /manage/actuator/health HTTP/1.1\r\nHost: exchange-mngt.flowx:8081";
    assert_eq!(site.send(head, "").await.status, 200);

    let site = visited(&connector, |actuator| actuator.base("/status")).await;
    assert_eq!(site.get("/status/health/liveness").await.status, 200);
    assert_eq!(site.get(&at("health")).await.status, 404);
    let head = "GET /status/health HTTP/1.1\r\nHost: rebound.example";
    assert_eq!(site.send(head, "").await.status, 403, "beyond this machine's own names");
}

#[tokio::test]
async fn the_catalog_stands_beside_it_if_it_is_exposed() {
    let (builder, _) = builder();
    let connector = builder.settings(Settings::default()).build().expect("a connector");
    let limits = flowx_core::admin::ConnectionLimits::default();
    for (groups, status) in [(&AdminGroup::ALL[..], 200), (&AdminGroup::HARMLESS, 404)] {
        let actuator = Actuator::of(&connector).expose(groups.iter().copied());
        let site = Visited::admin(actuator, Some(Site::of(&connector)), limits).await;
        assert_eq!(site.get("/catalog").await.status, status, "{groups:?}");
        assert_eq!(site.get("/manage/actuator/info").await.status, 200);
        let nothing = site.get("/nothing").await;
        assert_eq!(nothing.header("x-frame-options"), Some("DENY"), "{nothing:?}");
    }
}
