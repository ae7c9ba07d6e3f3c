//! What goes back to the process: payload, key, headers; and what never does.

use std::sync::Arc;

use flowx_core::Headers;
use flowx_core::message::identity::RequestId;
use flowx_core::message::record::Record;
use flowx_core::testing::memory::CLUSTER;
use serde_json::json;

use crate::shop::{self, DEAD_LETTERS, ORDERS, REPLIES};

/// All headers but those that only flowx sets.
fn given_back(record: &Record) -> Vec<(String, Option<Vec<u8>>)> {
    let own = |name: &str| name.starts_with("x-re") || name.starts_with("dlq-");
    let others = record.headers.iter().filter(|(name, _)| !own(name));
    others.map(|(name, value)| (name.to_owned(), value.map(<[u8]>::to_vec))).collect()
}

#[tokio::test(start_paused = true)]
async fn a_request_gets_one_reply_on_its_topic_with_the_process_as_key() {
    let (connector, _) = shop::open().await;
    let request = connector.handler("order").process("u-1").key("some other key");
    let exchange = request.send(&json!({"amount": 3, "note": "three"})).await;
    assert_eq!(
        exchange.reply_json().unwrap(),
        json!({"amount": 3, "note": "three", "honest": true, "errorMessage": null})
    );
    let receipt: shop::Receipt = exchange.reply().unwrap();
    assert_eq!(receipt.amount, 3);
    let [reply] = exchange.replies() else { panic!("{exchange}") };
    assert_eq!(&*reply.at.topic, REPLIES);
    assert_eq!(reply.key.as_deref(), Some(&b"u-1"[..]));
    assert!(exchange.dead_letter().is_none());
    assert_eq!(exchange.attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn without_a_uuid_the_received_key_is_the_reply_key() {
    let (connector, _) = shop::open().await;
    let keyed = connector.handler("order").without_header("processInstanceUuid").key(b"\xff\x00");
    let exchange = keyed.send(&json!({"amount": 1})).await;
    assert_eq!(exchange.replies()[0].key.as_deref(), Some(&b"\xff\x00"[..]));
    let bare = connector.handler("order").without_headers().without_key();
    let exchange = bare.send(&json!({"amount": 1})).await;
    assert_eq!(exchange.replies()[0].key, None);
}

#[tokio::test(start_paused = true)]
async fn every_received_header_goes_back_byte_for_byte_on_every_answer() {
    let (connector, _) = shop::open().await;
    let all_bytes: Vec<u8> = (0..=255).collect();
    let odd: [(&str, Option<&[u8]>); 8] = [
        ("Fx-AppId", Some(b"app")),
        ("fx-appid", Some(b"another case")),
        ("jwt", Some(&all_bytes)),
        ("", Some(b"no name")),
        ("null", None),
        ("empty", Some(b"")),
        ("fxContext", Some(b"main:4")),
        ("\u{e4}\u{1f600}", Some(b"x")),
    ];
    for act in ["reply", "refuse", "retry", "panic"] {
        let request = connector.handler("order");
        let request = odd.iter().fold(request, |all, (name, value)| all.add_header(name, *value));
        let exchange = request.send(&json!({"amount": 1, "act": act})).await;
        let sent = given_back(exchange.request());
        assert_eq!(sent.len(), 3 + odd.len());
        for written in exchange.replies().iter().chain(exchange.dead_letters()) {
            assert_eq!(given_back(written), sent, "{act} on {}", written.at);
        }
        assert_eq!(exchange.replies().len(), 1, "{exchange}");
    }
}

#[tokio::test(start_paused = true)]
async fn absent_mandatory_headers_are_filled_and_present_ones_stay() {
    let (connector, _) = shop::open_with(|settings| {
        settings.organization_id = Some("acme".to_owned());
        settings.fx_context = Some("main".to_owned());
    })
    .await;
    let absent = connector.handler("order").without_header("fxContext");
    let exchange = absent.send(&json!({"amount": 1})).await;
    assert_eq!(exchange.headers().text("Fx-Organization-Id"), Some("acme"));
    assert_eq!(exchange.headers().text("fxContext"), Some("main"));

    let present = connector.handler("order").header("fxContext", "main:4");
    let present = present.add_header("Fx-Organization-Id", None);
    let exchange = present.send(&json!({"amount": 1, "act": "refuse"})).await;
    let filled: Vec<_> = ["fxContext", "Fx-Organization-Id"]
        .map(|name| exchange.headers().iter().filter(|(other, _)| *other == name).count())
        .into();
    assert_eq!(filled, [1, 1], "nothing is doubled");
    assert_eq!(exchange.headers().text("fxContext"), Some("main:4"));
    assert_eq!(exchange.headers().get("Fx-Organization-Id"), None);
}

#[tokio::test(start_paused = true)]
async fn an_answer_names_itself_and_its_request_and_no_forger_can() {
    let (connector, _) = shop::open().await;
    let forged = ["x-reply-id", "x-request-offset", "dlq-replied", "dlq-x", "flowx-retry-attempt"];
    for act in ["reply", "refuse", "retry"] {
        let request = forged.iter().fold(connector.handler("order"), |request, name| {
            request.add_header(name, Some(b"forged"))
        });
        let exchange = request.send(&json!({"amount": 1, "act": act})).await;
        let id = RequestId::of(CLUSTER, exchange.request(), "order");
        for written in exchange.replies().iter().chain(exchange.dead_letters()) {
            let values: Vec<_> = written.headers.iter().filter_map(|(_, value)| value).collect();
            assert!(!values.contains(&&b"forged"[..]), "{act}: {:?}", written.headers);
        }
        assert_eq!(exchange.headers().text("x-reply-id"), Some(id.as_str()));
        let at = exchange.request().at.to_string();
        assert_eq!(exchange.headers().text("x-request-offset"), Some(at.as_str()));
        if let Some(letter) = exchange.dead_letter() {
            assert_eq!(letter.headers.text("dlq-id"), Some(id.as_str()));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn own_headers_can_be_switched_off() {
    let (connector, _) = shop::open_with(|settings| settings.own_headers = false).await;
    for act in ["reply", "refuse"] {
        let exchange = connector.handler("order").send(&json!({"amount": 1, "act": act})).await;
        assert_eq!(*exchange.headers(), exchange.request().headers, "{exchange}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_an_answer_like_any_other() {
    let (connector, stage) = shop::open().await;
    let exchange = connector.handler("order").send(&json!({"amount": 9, "act": "refuse"})).await;
    let refusal = exchange.expect_refusal("SOLD_OUT");
    assert_eq!(refusal.message, "9 of them are not in stock");
    assert!(exchange.dead_letter().is_none(), "{exchange}");
    assert_eq!(exchange.replies()[0].key, exchange.request().key);
    assert_eq!((exchange.attempts(), stage.calls().len()), (1, 1), "it is never tried again");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_that_nobody_waits_for_is_put_aside() {
    let (connector, _) = shop::open().await;
    let request = connector.handler("order").without_headers();
    let exchange = request.send(&json!({"amount": 9, "act": "refuse"})).await;
    let letter = exchange.expect_dead_letter("refused");
    assert_eq!(letter.headers.text("dlq-code"), Some("SOLD_OUT"));
    assert_eq!(letter.headers.text("dlq-replied"), Some("false"));
    assert!(connector.broker().records(REPLIES).is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_parameter_may_refuse_and_may_ask_for_another_try() {
    let (connector, _) = shop::open().await;
    let refused = connector.handler("ask").header("mood", "refuse").send(&json!({})).await;
    assert_eq!(refused.expect_refusal("NOT_TODAY").message, "in no mood for it");
    assert_eq!(refused.attempts(), 1);
    let retried = connector.handler("ask").header("mood", "retry").send(&json!({})).await;
    retried.expect_refusal("RETRY_EXHAUSTED");
    assert_eq!(retried.attempts(), 5);
}

#[tokio::test(start_paused = true)]
async fn the_error_field_can_have_another_name() {
    let (connector, _) = shop::open_with(|settings| settings.error_field = "error".into()).await;
    let reply = connector.handler("order").send(&json!({"amount": 1})).await;
    assert_eq!(reply.reply_json().unwrap()["error"], json!(null));
    let refused = connector.handler("order").send(&json!({"amount": 1, "act": "refuse"})).await;
    assert_eq!(refused.expect_refusal("SOLD_OUT").message, "1 of them are not in stock");
}

#[tokio::test(start_paused = true)]
async fn a_handler_without_reply_sends_nothing_but_dead_letters() {
    let (connector, stage) = shop::open().await;
    connector.handler("file").send(&json!({"amount": 1})).await.expect_nothing();
    for (payload, reason, code) in [
        (json!({"amount": 1, "act": "refuse"}), "refused", "SOLD_OUT"),
        (json!({"amount": 1, "act": "retry"}), "retry-exhausted", "RETRY_EXHAUSTED"),
        (json!({"amount": 1, "act": "panic"}), "handler-panic", "HANDLER_PANIC"),
        (json!({"amount": "x"}), "wrong-shape", "INVALID_REQUEST"),
    ] {
        let exchange = connector.handler("file").send(&payload).await;
        let letter = exchange.expect_dead_letter(reason);
        assert_eq!(letter.headers.text("dlq-code"), Some(code));
        assert_eq!(letter.headers.text("dlq-replied"), Some("false"));
        assert_eq!(&*letter.at.topic, "ai.flowx.dev.shop.file.v1.dlq");
        assert_eq!((exchange.refusal(), exchange.replies().len()), (None, 0), "{exchange}");
    }
    assert_eq!(stage.calls().len(), 1 + 1 + 5 + 2);
    // Beside its own two topics the broker has only those that others read.
    let written = ["engine.receive.shop.file.results", "engine.receive.shop.report.results"];
    for topic in written.map(|topic| connector.full_name(topic)) {
        assert!(connector.broker().records(&topic).is_empty(), "{topic}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_unit_with_a_reply_topic_answers_failures_only() {
    let (connector, _) = shop::open().await;
    connector.handler("report").send(&json!({"amount": 1})).await.expect_nothing();
    let refused = connector.handler("report").send(&json!({"amount": 1, "act": "refuse"})).await;
    refused.expect_refusal("SOLD_OUT");
    assert!(refused.dead_letter().is_none(), "{refused}");
    let topic = connector.full_name("engine.receive.shop.report.results");
    assert_eq!(refused.replies()[0].at.topic, topic);
    let failed = connector.handler("report").send(&json!({"amount": 1, "act": "retry"})).await;
    failed.expect_refusal("RETRY_EXHAUSTED");
    failed.expect_dead_letter("retry-exhausted");
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_is_the_original_with_its_story() {
    let (connector, _) = shop::open().await;
    let mut headers = Headers::default();
    headers.push_text("processInstanceId", "7");
    headers.push("null", None);
    let request = connector.handler("order").without_headers().partition(2).key(b"\x00k");
    let request = headers.iter().fold(request, |all, (name, value)| all.add_header(name, value));
    let exchange = request.send(&json!({"amount": 1, "act": "retry"})).await;
    let (original, letter) = (exchange.request(), exchange.dead_letter().unwrap());
    assert_eq!(&*letter.at.topic, DEAD_LETTERS);
    assert_eq!((&letter.key, &letter.payload), (&original.key, &original.payload));
    assert_eq!(given_back(letter), given_back(original));
    let timestamp = original.timestamp.unwrap().to_string();
    for (name, value) in [
        ("dlq-version", "1"),
        ("dlq-original-topic", ORDERS),
        ("dlq-original-partition", "2"),
        ("dlq-original-offset", "0"),
        ("dlq-original-timestamp", &*timestamp),
        ("dlq-original-consumer-group", connector.group()),
        ("dlq-handler", "order"),
        ("dlq-stage", "handle"),
        ("dlq-reason", "retry-exhausted"),
        ("dlq-code", "RETRY_EXHAUSTED"),
        ("dlq-error-message", "the warehouse does not answer: connection refused"),
        ("dlq-attempts", "5"),
        ("dlq-replied", "true"),
        ("dlq-retryable", "true"),
    ] {
        assert_eq!(letter.headers.text(name), Some(value), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn requests_of_one_process_run_one_after_another_and_are_answered_in_order() {
    let (connector, stage) = shop::open().await;
    let notes: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    let post = |note: &String| {
        let order = json!({"amount": 1, "note": note, "act": "wait"});
        connector.handler("order").process("one").json(&order).post()
    };
    let posted: Vec<_> = notes.iter().map(post).collect();
    for count in 1..=notes.len() {
        shop::pass(std::time::Duration::from_secs(1)).await;
        assert_eq!(stage.calls(), notes[..count], "each begins when the one before has ended");
        stage.let_go(1);
    }
    for request in posted {
        request.settled().await.reply_json().unwrap();
    }
    let replies = connector.broker().records(REPLIES);
    let answered: Vec<Arc<str>> = replies
        .iter()
        .map(|reply| {
            let json: serde_json::Value =
                serde_json::from_slice(reply.payload.as_deref().unwrap()).unwrap();
            Arc::from(json["note"].as_str().unwrap())
        })
        .collect();
    assert!(answered.iter().map(|note| &**note).eq(notes.iter().map(String::as_str)));
}

#[tokio::test(start_paused = true)]
async fn partitions_do_not_wait_for_each_other() {
    let (connector, stage) = shop::open().await;
    let waiting = json!({"amount": 1, "act": "wait"});
    let slow = connector.handler("order").partition(0).json(&waiting).post();
    let fast = connector.handler("order").partition(1).send(&json!({"amount": 2})).await;
    fast.reply_json().unwrap();
    stage.let_go(1);
    slow.settled().await.reply_json().unwrap();
}
