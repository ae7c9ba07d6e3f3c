//! A handler that is paused and resumed while the connector runs.

use std::time::Duration;

use flowx_core::config::secret::Secret;
use flowx_core::runtime::status::{Hold, PartitionView};
use flowx_core::testing::TestConnector;
use serde_json::json;

use crate::handlers::{EXCHANGES, at, started, visited};

fn partition(connector: &TestConnector, topic: &str) -> PartitionView {
    let all = connector.status().partitions();
    all.into_iter().find(|one| *one.topic == *topic).expect("the partition")
}

#[tokio::test(start_paused = true)]
async fn what_is_in_flight_finishes_what_comes_waits_and_nothing_is_lost() {
    let (connector, gate) = started().await;
    let (ron, held) = (json!({ "amount": 1, "to": "RON" }), json!({ "amount": 1, "to": "GATE" }));
    let before = connector.handler("exchange").json(&held).post();
    tokio::time::sleep(Duration::from_secs(1)).await;
    connector.status().pause("exchange").expect("a handler");
    let waiting: Vec<_> =
        (0..300).map(|_| connector.handler("exchange").json(&ron).post()).collect();
    tokio::time::sleep(Duration::from_secs(20)).await;
    gate.0.add_permits(1);
    let finished = before.settled().await;
    assert!(finished.reply_json().is_ok(), "what is in flight finishes: {finished}");

    tokio::time::sleep(Duration::from_secs(3_600)).await;
    let paused = partition(&connector, EXCHANGES);
    assert_eq!(paused.hold, Some(Hold::HandlerPaused));
    assert_eq!((paused.position, paused.lag, paused.unfinished), (Some(1), Some(300), 0));
    let other = connector.topic("audit.events.one").without_headers().json(&json!({})).exchange();
    other.await;
    assert_eq!(connector.status().stuck(), [""; 0], "an operator's wish is no standstill");
    assert_eq!(connector.status().not_ready(), [""; 0]);

    connector.status().resume("exchange").expect("a handler");
    for request in waiting {
        assert!(request.settled().await.reply_json().is_ok());
    }
    connector.wait_for_commit(EXCHANGES, 0, 301).await;
    assert_eq!(partition(&connector, EXCHANGES).hold, None);
    connector.stop().await.expect("a good end");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_waits_on_a_retry_topic_waits_for_its_paused_handler_too() {
    let (connector, _) = started().await;
    let request = connector.handler("later").json(&json!({})).post();
    tokio::time::sleep(Duration::from_secs(10)).await;
    connector.status().pause("later").expect("a handler");
    tokio::time::sleep(Duration::from_secs(300)).await;
    let dead = "ai.flowx.dev.admin.trigger.later.v1.dlq";
    assert_eq!(connector.broker().records(dead).len(), 0, "nobody has tried it again");
    connector.status().resume("later").expect("a handler");
    let refusal = request.settled().await.refusal().expect("a refusal");
    assert_eq!(refusal.code, "RETRY_EXHAUSTED");
}

#[tokio::test(start_paused = true)]
async fn a_pause_outlasts_a_rebalance_and_does_not_hold_one_up() {
    let (connector, _) = started().await;
    connector.status().pause("exchange").expect("a handler");
    tokio::time::sleep(Duration::from_secs(1)).await;
    connector.member().revoke(&[(EXCHANGES, 0)]).finished().await;
    connector.member().assign(EXCHANGES, 0);
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "RON" })).post();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(partition(&connector, EXCHANGES).hold, Some(Hold::HandlerPaused));
    connector.status().resume("exchange").expect("a handler");
    assert!(request.settled().await.reply_json().is_ok());
    connector.status().pause("exchange").expect("a handler");
    connector.stop().await.expect("a pause does not hold up a stop");
}

#[tokio::test]
async fn the_endpoint_pauses_shows_it_and_resumes() {
    let (connector, _) = started().await;
    let site = visited(&connector, |actuator| actuator.token(Secret::new("t"))).await;
    let token = ["Authorization: Bearer t"];
    let answer = site.post(&at("handlers/exchange/pause"), &token, "").await.json();
    assert_eq!(answer["handlers"], json!({ "exchange": { "state": "paused", "inFlight": 0 } }));
    let request = connector.handler("exchange").json(&json!({ "amount": 1, "to": "RON" })).post();
    let name = format!("{EXCHANGES}[0]");
    loop {
        let health = site.get(&at("health")).await;
        assert_eq!(health.status, 200, "a pause is nobody's trouble");
        let health = health.json();
        let one = &health["components"]["partitions"]["details"][&name];
        if one["lag"] == 1 && one["why"] == "its handler is paused" {
            assert_eq!(one["paused"], true);
            assert_eq!(health["components"]["handlers"]["details"]["exchange"]["state"], "paused");
            break;
        }
    }
    let text = site.get(&at("prometheus")).await.body;
    assert!(text.contains(r#"flowx_handler_paused{handler="exchange"} 1"#), "{text}");
    let answer = site.post(&at("handlers/exchange/resume"), &token, "").await.json();
    assert_eq!(answer["handlers"]["exchange"]["state"], "running");
    assert!(request.settled().await.reply_json().is_ok());
    let all = site.get(&at("handlers")).await.json();
    assert_eq!(all["handlers"].as_object().expect("handlers").len(), 3);
}
