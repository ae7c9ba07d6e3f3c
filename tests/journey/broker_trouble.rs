//! The broker takes an answer not now, or never: no request is lost, none is skipped.

use std::time::Duration;

use flowx_core::runtime::plan::Bounds;
use flowx_core::runtime::port::SendError;
use flowx_core::testing::memory::Fault;
use serde_json::{Value, json};

use crate::shop::{self, DEAD_LETTERS, ORDERS, REPLIES, pass};

fn too_large() -> SendError {
    SendError::Rejected("the record is larger than the broker takes".to_owned())
}

fn unavailable() -> SendError {
    SendError::Failed("the topic does not exist".to_owned())
}

/// The same error, at once and in the delivery report.
fn both(error: &SendError) -> [Fault; 2] {
    [Fault::on_send(error.clone()), Fault::on_delivery(error.clone())]
}

#[tokio::test(start_paused = true)]
async fn a_reply_that_is_too_large_becomes_an_error_reply() {
    for fault in both(&too_large()) {
        let (connector, stage) = shop::open().await;
        connector.broker().inject(fault.larger_than(50_000));
        let order = json!({"amount": 1, "act": "large-reply"});
        let exchange = connector.handler("order").send(&order).await;
        let refusal = exchange.expect_refusal("REPLY_REJECTED");
        assert!(!refusal.message.contains("xxx"), "{}", refusal.message);
        let letter = exchange.expect_dead_letter("reply-rejected");
        assert_eq!(letter.headers.text("dlq-stage"), Some("reply"));
        assert_eq!(letter.headers.text("dlq-attempts"), Some("1"));
        assert_eq!(stage.calls().len(), 1, "the work is done: it is not done again");
        let next = connector.handler("order").send(&json!({"amount": 2})).await;
        next.reply_json().unwrap();
        connector.wait_for_commit(ORDERS, 0, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_rejected_reply_still_knows_how_many_attempts_it_took() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_delivery(too_large()).topic(REPLIES).times(1));
    let exchange =
        connector.handler("order").send(&json!({"amount": 1, "act": "retry-twice"})).await;
    let letter = exchange.expect_dead_letter("reply-rejected");
    assert_eq!(letter.headers.text("dlq-attempts"), Some("3"));
}

#[tokio::test(start_paused = true)]
async fn an_error_reply_that_is_rejected_leaves_a_dead_letter() {
    for fault in both(&too_large()) {
        let (connector, _) = shop::open().await;
        connector.broker().inject(fault.topic(REPLIES));
        for (act, reason) in
            [("refuse", "refused"), ("retry", "retry-exhausted"), ("reply", "reply-rejected")]
        {
            let exchange = connector.handler("order").send(&json!({"amount": 1, "act": act})).await;
            let letter = exchange.expect_dead_letter(reason);
            assert_eq!(letter.headers.text("dlq-replied"), Some("false"));
            assert_eq!(exchange.refusal(), None, "{exchange}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_is_rejected_leaves_a_pointer_to_the_original() {
    for fault in both(&too_large()) {
        let (connector, _) = shop::open().await;
        connector.broker().inject(fault.topic(DEAD_LETTERS).larger_than(5_000));
        let payload = vec![b'['; 10_000];
        let exchange = connector.handler("order").payload(&payload).exchange().await;
        exchange.expect_refusal("INVALID_REQUEST");
        let pointer = exchange.expect_dead_letter("too-deep");
        assert_eq!(pointer.payload, None);
        for (name, value) in [
            ("dlq-truncated", "true"),
            ("dlq-original-length", "10000"),
            ("dlq-original-topic", ORDERS),
            ("dlq-original-offset", "0"),
            ("dlq-replied", "true"),
        ] {
            assert_eq!(pointer.headers.text(name), Some(value), "{name}");
        }
        assert_eq!(pointer.headers.text("dlq-original-sha256").unwrap().len(), 64);
    }
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_that_fails_holds_its_request_until_it_is_repaired() {
    // Whenever the operator comes, it goes on within five seconds.
    for (fault, second) in both(&unavailable()).into_iter().cycle().zip([0, 1, 3_600, 3_603, 3_606])
    {
        let (connector, _) = shop::open().await;
        connector.broker().inject(fault.topic(DEAD_LETTERS));
        let bad = connector.handler("order").payload("?").post();
        let good = connector.handler("order").json(&json!({"amount": 1})).post();
        pass(Duration::from_secs(second)).await;
        pass(Duration::from_millis(100)).await;
        assert_eq!(connector.committed(ORDERS, 0), None, "nothing is skipped");
        assert!(connector.broker().records(DEAD_LETTERS).is_empty());
        connector.broker().repair();
        let repaired = tokio::time::Instant::now();
        bad.settled().await.expect_dead_letter("malformed-json");
        good.settled().await.reply_json().unwrap();
        assert!(repaired.elapsed() <= Duration::from_secs(5), "{:?}", repaired.elapsed());
        assert_eq!(connector.broker().records(DEAD_LETTERS).len(), 1);
        connector.wait_for_commit(ORDERS, 0, 2).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_pointer_that_is_rejected_holds_its_request() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_send(too_large()).topic(DEAD_LETTERS));
    let bad = connector.handler("order").payload("?").post();
    pass(Duration::from_secs(600)).await;
    assert_eq!(connector.committed(ORDERS, 0), None);
    connector.broker().repair();
    let exchange = bad.settled().await;
    assert_eq!(exchange.dead_letter().unwrap().headers.text("dlq-truncated"), Some("true"));
}

#[tokio::test(start_paused = true)]
async fn a_missing_dead_letter_topic_stops_its_own_partition_and_no_other() {
    for fault in both(&unavailable()) {
        let (connector, stage) = shop::open().await;
        connector.broker().inject(fault.topic(DEAD_LETTERS));
        let bad = connector.handler("order").partition(0).payload("?").post();
        pass(Duration::from_secs(60)).await;
        let behind = connector.handler("order").partition(0);
        let behind = behind.json(&json!({"amount": 1, "note": "behind"})).post();
        let beside = connector.handler("order").partition(1);
        let beside = beside.send(&json!({"amount": 2, "note": "beside"})).await;
        beside.reply_json().unwrap();
        connector.handler("weigh").send(&json!({})).await.reply_json().unwrap();
        pass(Duration::from_secs(60)).await;
        assert_eq!(stage.calls(), ["beside"]);
        assert_eq!(connector.committed(ORDERS, 0), None);
        connector.broker().repair();
        bad.settled().await.expect_dead_letter("malformed-json");
        behind.settled().await.reply_json().unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_does_not_wait_for_the_dead_letter_of_another_request() {
    let (connector, stage) = shop::open().await;
    connector.broker().inject(Fault::on_delivery(unavailable()).topic(DEAD_LETTERS));
    connector.broker().hold_acknowledgements();
    let bad = connector.handler("order").process("one").payload("?").post();
    let order = json!({"amount": 1, "act": "wait"});
    let running = connector.handler("order").process("one").json(&order).post();
    pass(Duration::from_secs(1)).await;
    connector.broker().release_all();
    pass(Duration::from_secs(1)).await;
    stage.let_go(1);
    running.settled().await.reply_json().unwrap();
    connector.broker().repair();
    bad.settled().await.expect_dead_letter("malformed-json");
}

#[tokio::test(start_paused = true)]
async fn replies_wait_out_a_broker_that_is_away_and_keep_their_order() {
    for fault in both(&unavailable()) {
        let (connector, _) = shop::open().await;
        connector.broker().inject(fault);
        let posted: Vec<_> = (0..20_u8)
            .map(|amount| {
                let order = json!({"amount": amount});
                connector.handler("order").process("one").json(&order).post()
            })
            .collect();
        pass(Duration::from_secs(1_000)).await;
        assert!(connector.broker().records(REPLIES).is_empty());
        connector.broker().repair();
        for request in posted {
            request.settled().await.reply_json().unwrap();
        }
        let replies = connector.broker().records(REPLIES);
        let amounts: Vec<_> =
            replies.iter().map(|reply| amount_of(reply.payload.as_deref())).collect();
        assert!(amounts.iter().copied().eq(0..20), "{amounts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_does_not_overtake_one_that_waits_for_the_broker() {
    let (connector, stage) = shop::open().await;
    connector.broker().hold_acknowledgements();
    connector.broker().inject(Fault::on_delivery(unavailable()).times(1));
    let order = |amount: u8, act: &str| {
        let order = json!({"amount": amount, "act": act});
        connector.handler("order").process("one").json(&order).post()
    };
    let posted = [order(1, "reply"), order(2, "wait")];
    connector.broker().wait_for_held(1).await;
    // The first reply has failed when the second handler ends.
    connector.broker().release_all();
    pass(Duration::from_millis(10)).await;
    stage.let_go(1);
    for request in posted {
        request.settled().await.reply_json().unwrap();
    }
    let replies = connector.broker().records(REPLIES);
    let amounts: Vec<_> = replies.iter().map(|reply| amount_of(reply.payload.as_deref())).collect();
    assert_eq!(amounts, [1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_full_producer_is_waited_for_and_the_order_is_kept() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_send(SendError::Full).times(50));
    let posted: Vec<_> = (0..20_u8)
        .map(|amount| {
            let order = json!({"amount": amount});
            connector.handler("order").process("one").json(&order).post()
        })
        .collect();
    for request in posted {
        request.settled().await.reply_json().unwrap();
    }
    let replies = connector.broker().records(REPLIES);
    let amounts: Vec<_> = replies.iter().map(|reply| amount_of(reply.payload.as_deref())).collect();
    assert!(amounts.iter().copied().eq(0..20), "{amounts:?}");
}

#[tokio::test(start_paused = true)]
async fn what_waited_for_room_does_not_overtake_what_fails_when_there_is_some() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_send(SendError::Full).times(1));
    connector.broker().inject(Fault::on_send(unavailable()).times(1));
    let posted = [0_u8, 1, 2].map(|amount| {
        let order = json!({"amount": amount});
        connector.handler("order").process("one").json(&order).post()
    });
    for request in posted {
        request.settled().await.reply_json().unwrap();
    }
    let replies = connector.broker().records(REPLIES);
    let amounts: Vec<_> = replies.iter().map(|reply| amount_of(reply.payload.as_deref())).collect();
    assert_eq!(amounts, [0, 1, 2]);
}

#[tokio::test(start_paused = true)]
async fn a_full_producer_is_tried_again_however_busy_the_topics_are() {
    let (connector, _) = shop::open().await;
    connector.broker().inject(Fault::on_send(SendError::Full).times(3));
    let posted = connector.handler("order").json(&json!({"amount": 1})).post();
    let settled = async {
        posted.settled().await.reply_json().unwrap();
    };
    // Another partition announces a record every few milliseconds, and none of them is read.
    let chatter = async {
        for number in 0..200 {
            connector.member().announce();
            pass(Duration::from_millis(10)).await;
            assert!(number < 150, "the answer is still waiting");
        }
    };
    tokio::select! {
        () = settled => {}
        () = chatter => panic!("it is never tried again"),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_not_acknowledged_bounds_what_is_read() {
    let (connector, stage) = shop::open().await;
    connector.broker().hold_acknowledgements();
    let note = "x".repeat(1 << 20);
    let order = json!({"amount": 1, "act": "refuse", "note": note});
    for _ in 0..100 {
        // The answer is small; the request, which may yet become a dead letter, is not.
        let _ = connector.handler("order").json(&order).post();
    }
    pass(Duration::from_secs(10)).await;
    let read = stage.calls().len();
    // So many are at work at once when the first answers come.
    let most = (Bounds::default().at_work_bytes + Bounds::default().unacknowledged_bytes) >> 20;
    assert!(
        (8..=most).contains(&read),
        "{read} requests of 1 MiB are held for bounds of {most} MiB"
    );
    connector.broker().release_all();
    pass(Duration::from_secs(10)).await;
    assert_eq!(stage.calls().len(), 100);
}

fn amount_of(payload: Option<&[u8]>) -> u64 {
    let json: Value = serde_json::from_slice(payload.unwrap()).unwrap();
    json["amount"].as_u64().unwrap()
}
