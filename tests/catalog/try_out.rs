//! What comes of a request that is tried out.

use std::time::Duration;

use flowx_core::admin::Site;
use serde_json::{Value, json};

use crate::handlers::connector;
use flowx_tests::http::{Answer, Visited};

async fn visited() -> Visited {
    Visited::serve(Site::of(&connector().0)).await
}

async fn tried(site: &Visited, handler: &str, body: &Value) -> Answer {
    site.post(&format!("/catalog/try/{handler}"), &[], &body.to_string()).await
}

/// A header of an answer or a dead letter.
fn header<'e>(part: &'e Value, name: &str) -> Option<&'e str> {
    let headers = part["headers"].as_array()?;
    headers.iter().find(|header| header["name"] == name)?["value"].as_str()
}

#[tokio::test]
async fn a_good_request_is_answered_as_in_production() {
    let (connector, doubled) = connector();
    let site = Visited::serve(Site::of(&connector)).await;
    let body = json!({
        "payload": { "number": 21 },
        "headers": { "processInstanceUuid": "p-1", "Fx-AppId": "shop", "empty": null },
        "on": "process"
    });
    let answer = tried(&site, "double", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let exchange = answer.json();
    assert_eq!(exchange["ending"], "replied", "{exchange:#}");
    let reply = &exchange["answer"];
    assert_eq!(reply["payload"], json!({ "twice": 42, "errorMessage": null }));
    assert_eq!(reply["topic"], "ai.flowx.dev.engine.receive.catalog.double.results.v1");
    assert_eq!(reply["key"], "p-1");
    for (name, value) in [("processInstanceUuid", "p-1"), ("Fx-AppId", "shop")] {
        assert_eq!(header(reply, name), Some(value), "{reply:#}");
    }
    assert_eq!(exchange["attempts"], 1);
    assert!(exchange["tookMs"].as_f64().is_some_and(|took| took > 0.0));
    assert_eq!(exchange.get("deadLetter"), None, "{exchange:#}");
    assert_eq!(doubled.count(), 1, "the handler shares its state with the connector");
}

#[tokio::test]
async fn a_refusal_and_an_unreadable_request_say_what_the_process_gets() {
    let site = visited().await;
    for (payload, code, attempts, put_aside) in [
        (json!({ "number": -1 }), "NEGATIVE", 1, false),
        (json!({ "number": "one" }), "INVALID_REQUEST", 0, true),
        (json!({ "number": 1, "more": 2 }), "INVALID_REQUEST", 0, true),
        (json!([]), "INVALID_REQUEST", 0, true),
    ] {
        let exchange = tried(&site, "double", &json!({ "payload": payload })).await.json();
        assert_eq!(exchange["ending"], "refused", "{exchange:#}");
        assert_eq!(exchange["code"], code, "{exchange:#}");
        assert_eq!(exchange["attempts"], attempts, "{exchange:#}");
        let reply = &exchange["answer"]["payload"];
        assert_eq!(reply["errorCode"], code);
        assert!(reply["errorMessage"].is_string());
        assert_eq!(exchange["deadLetter"].is_object(), put_aside, "{exchange:#}");
    }
}

#[tokio::test]
async fn a_request_that_fails_shows_its_dead_letter_and_one_that_waits_where() {
    let site = visited().await;
    let exchange = tried(&site, "fail", &json!({ "payload": 1 })).await.json();
    assert_eq!(
        (&exchange["ending"], &exchange["code"]),
        (&json!("refused"), &json!("RETRY_EXHAUSTED"))
    );
    let letter = &exchange["deadLetter"];
    assert_eq!(letter["topic"], "ai.flowx.dev.catalog.trigger.fail.v1.dlq");
    assert_eq!(header(letter, "dlq-reason"), Some("retry-exhausted"), "{letter:#}");

    let exchange = tried(&site, "later", &json!({ "payload": 1 })).await.json();
    assert_eq!(exchange["ending"], "waits", "{exchange:#}");
    assert_eq!(exchange["waitsOn"], "ai.flowx.dev.catalog.trigger.later.v1.retry.30s");
}

#[tokio::test]
async fn a_handler_of_a_pattern_gets_the_topic_that_is_named() {
    let site = visited().await;
    for (topic, read) in [
        (None, "ai.flowx.dev.catalog.events.example.v1"),
        (Some("ai.flowx.dev.catalog.events.orders"), "ai.flowx.dev.catalog.events.orders"),
    ] {
        let body = json!({ "payload": {}, "topic": topic });
        let exchange = tried(&site, "listen", &body).await.json();
        assert_eq!(exchange["ending"], "nothing", "{exchange:#}");
        assert_eq!(exchange["topic"], read);
        assert_eq!(exchange.get("answer"), None);
    }
    let body = json!({ "payload": {}, "topic": "ai.flowx.dev.catalog.trigger.double.v1" });
    let answer = tried(&site, "listen", &body).await;
    assert_eq!(answer.status, 400);
    assert!(answer.error().contains("handler `listen` does not read"), "{answer:?}");
}

#[tokio::test]
async fn what_cannot_be_played_says_why() {
    let site = visited().await;
    let unknown = tried(&site, "nobody", &json!({ "payload": 1 })).await;
    assert_eq!(unknown.status, 404);
    assert!(unknown.error().contains("there is no handler `nobody`; there are `"), "{unknown:?}");
    let broker = json!({ "payload": { "number": 1 }, "on": "broker" });
    let broker = tried(&site, "double", &broker).await;
    assert_eq!(broker.status, 400);
    assert!(broker.error().contains("there is no broker to send it through"), "{broker:?}");
    for (body, said) in [
        ("", "EOF"),
        ("{", "EOF"),
        ("{}", "missing field `payload`"),
        (r#"{"payload": 1, "hedaers": {}}"#, "unknown field `hedaers`"),
        (r#"{"payload": 1, "on": "mars"}"#, "unknown variant `mars`"),
        (r#"{"payload": 01}"#, "invalid number"),
    ] {
        let answer = site.post("/catalog/try/double", &[], body).await;
        assert_eq!(answer.status, 400, "{body}: {answer:?}");
        assert!(answer.error().contains(said), "{body}: {answer:?}");
    }
}

#[tokio::test]
async fn no_digit_of_a_request_is_lost() {
    let site = visited().await;
    let body = r#"{"payload": {"number": 4611686018427387903}}"#;
    let answer = site.post("/catalog/try/double", &[], body).await;
    assert!(answer.body.contains(r#""twice":9223372036854775806"#), "{answer:?}");
}

#[tokio::test]
async fn a_body_that_is_too_large_or_does_not_come_is_given_up() {
    let site = Site::of(&connector().0).limits(|limits| {
        limits.body = 1_000;
        limits.receive = Duration::from_millis(50);
    });
    let site = Visited::serve(site).await;
    let large = format!(r#"{{"payload": "{}"}}"#, "x".repeat(1_000));
    let answer = site.post("/catalog/try/double", &[], &large).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    assert!(answer.error().contains("larger than 1000 bytes"), "{answer:?}");
    let head = format!(
        "POST /catalog/try/double HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: 20",
        site.address
    );
    let answer = site.send(&head, "{").await;
    assert_eq!(answer.status, 408, "{answer:?}");
}

#[tokio::test]
async fn a_handler_that_does_not_end_is_given_up_and_others_have_their_turn_again() {
    let site = Site::of(&connector().0).limits(|limits| {
        limits.play = Duration::from_millis(300);
        limits.at_once = 1;
    });
    let site = Visited::serve(site).await;
    let request = json!({ "payload": 1 });
    let (one, other) = tokio::join!(tried(&site, "hang", &request), tried(&site, "hang", &request));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [429, 504], "{one:?} {other:?}");
    let late = if one.status == 504 { one } else { other };
    assert!(late.error().contains("did not end within 300ms"), "{late:?}");
    let answer = tried(&site, "double", &json!({ "payload": { "number": 1 } })).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
