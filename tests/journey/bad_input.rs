//! Whatever a request is made of: its process is answered, it is put aside, the next one is served.

use flowx_core::message::headers::Headers;
use flowx_core::message::reply::is_reserved;
use flowx_core::message::topic::Subscription;
use flowx_core::testing::TestRequest;
use flowx_core::{HandlerError, flowx_handler};
use serde_json::json;

use crate::shop::{self, DEAD_LETTERS, ORDERS, REPLIES};

/// Name, payload (`None` is a tombstone) and reason of every kind of unreadable request.
fn unreadable() -> Vec<(&'static str, Option<Vec<u8>>, &'static str)> {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth), "]".repeat(depth));
        Some(format!(r#"{{"amount":1,"tree":{open}{close}}}"#).into_bytes())
    };
    let utf16: Vec<u8> = r#"{"amount":1}"#.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16_be = r#"{"amount":1}"#.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let many_keys: String = (0..100_000).map(|n| format!(r#""k{n}":1,"#)).collect();
    vec![
        ("tombstone", None, "null"),
        ("no bytes", text(""), "empty"),
        ("white space", text(" \r\n\t"), "empty"),
        ("cut off", text(r#"{"amount":"#), "malformed-json"),
        ("trailing garbage", text(r#"{"amount":1} and more"#), "malformed-json"),
        ("two documents", text(r#"{"amount":1}{"amount":2}"#), "malformed-json"),
        ("trailing comma", text(r#"{"amount":1,}"#), "malformed-json"),
        ("single quotes", text("{'amount':1}"), "malformed-json"),
        ("XML", text("<amount>1</amount>"), "malformed-json"),
        ("lone byte order mark", Some(b"\xef\xbb\xbf".to_vec()), "malformed-json"),
        ("byte order mark", Some(b"\xef\xbb\xbf{\"amount\":1}".to_vec()), "malformed-json"),
        ("UTF-16", Some(utf16.clone()), "malformed-json"),
        ("UTF-16, big-endian", Some(utf16_be), "malformed-json"),
        ("UTF-16 with its mark", Some([&[0xff, 0xfe][..], &utf16].concat()), "not-utf8"),
        ("Latin-1", Some(b"{\"amount\":1,\"note\":\"\xe4\"}".to_vec()), "not-utf8"),
        ("compressed", Some(vec![0x1f, 0x8b, 8, 0, 0, 0]), "not-utf8"),
        ("NUL", Some(b"{\"amount\":1,\"note\":\"\0\"}".to_vec()), "malformed-json"),
        ("schema registry's JSON", Some(b"\0\0\0\0\x07{\"amount\":1}".to_vec()), "framed"),
        ("schema registry's Avro", Some(b"\0\0\0\0\x07\x02\x0a".to_vec()), "framed"),
        ("lone surrogate", text(r#"{"amount":1,"note":"\ud800"}"#), "malformed-json"),
        ("number out of range", text(r#"{"amount":1,"price":1e400}"#), "malformed-json"),
        ("NaN", text(r#"{"amount":1,"price":NaN}"#), "malformed-json"),
        ("overflow of the field", text(r#"{"amount":256}"#), "wrong-shape"),
        ("negative", text(r#"{"amount":-1}"#), "wrong-shape"),
        ("fraction", text(r#"{"amount":1.5}"#), "wrong-shape"),
        ("beyond 2^64", text(r#"{"amount":18446744073709551616}"#), "wrong-shape"),
        ("text for a number", text(r#"{"amount":"1"}"#), "wrong-shape"),
        ("null for a number", text(r#"{"amount":null}"#), "wrong-shape"),
        ("missing field", text(r#"{"note":"n"}"#), "wrong-shape"),
        ("unknown field", text(r#"{"amount":1,"colour":"red"}"#), "wrong-shape"),
        ("unknown variant", text(r#"{"amount":1,"act":"dance"}"#), "wrong-shape"),
        ("duplicate key", text(r#"{"amount":1,"amount":2}"#), "wrong-shape"),
        ("bare null", text("null"), "wrong-shape"),
        ("bare text", text(r#""amount""#), "wrong-shape"),
        ("empty array", text("[]"), "wrong-shape"),
        ("a hundred thousand keys", text(&format!(r#"{{{many_keys}"amount":1}}"#)), "wrong-shape"),
        ("too deep", nested(64), "too-deep"),
        ("a million brackets", text(&"[".repeat(1_000_000)), "too-deep"),
        ("placeholder", text(r#"{"amount":1,"note":"${client.name}"}"#), "unresolved-placeholder"),
        ("bare placeholder", text(r#"{"amount":${amount}}"#), "malformed-json"),
        ("too large", Some(vec![b' '; 2_000_001]), "too-large"),
    ]
}

async fn open() -> (flowx_core::testing::TestConnector, shop::Stage) {
    shop::open_with(|settings| settings.message_max_bytes = 2_000_000).await
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_request_is_answered_put_aside_and_passed() {
    let (connector, stage) = open().await;
    let cases = unreadable();
    for (name, payload, reason) in &cases {
        let request = connector.handler("order").process(name);
        let request = match payload {
            Some(payload) => request.payload(payload),
            None => request.tombstone(),
        };
        let exchange = request.exchange().await;
        let refusal = exchange.expect_refusal("INVALID_REQUEST");
        assert!(!refusal.message.is_empty(), "{name}: {exchange}");
        let letter = exchange.expect_dead_letter(reason);
        assert_eq!(letter.payload, *payload, "{name}");
        assert_eq!(letter.key.as_deref(), Some(name.as_bytes()), "{name}");
        assert_eq!(letter.headers.text("dlq-stage"), Some("decode"), "{name}");
        assert_eq!(letter.headers.text("dlq-replied"), Some("true"), "{name}");
        assert_eq!(letter.headers.text("processInstanceUuid"), Some(*name));
        assert_eq!(exchange.attempts(), 0, "{name}: {exchange}");

        let next = connector.handler("order").send(&json!({"amount": 1, "note": name})).await;
        assert_eq!(next.reply_json().unwrap()["note"], *name);
    }
    let count = cases.len();
    assert_eq!(stage.calls().len(), count, "no unreadable request reaches the handler");
    assert_eq!(connector.broker().records(REPLIES).len(), 2 * count);
    assert_eq!(connector.broker().records(DEAD_LETTERS).len(), count);
    connector.wait_for_commit(ORDERS, 0, 2 * count as i64).await;
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_request_of_no_process_is_only_put_aside() {
    let (connector, _) = open().await;
    for (name, payload, reason) in unreadable() {
        let request = connector.handler("order").without_headers().key(name);
        let request = match &payload {
            Some(payload) => request.payload(payload),
            None => request.tombstone(),
        };
        let exchange = request.exchange().await;
        assert_eq!(exchange.refusal(), None, "{name}");
        let letter = exchange.expect_dead_letter(reason);
        assert_eq!(
            (&letter.payload, letter.headers.text("dlq-replied")),
            (&payload, Some("false"))
        );
    }
    assert!(connector.broker().records(REPLIES).is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_words_say_what_is_wrong_and_where() {
    let (connector, _) = open().await;
    for (payload, words) in [
        (r#"{"amount":"1"}"#, "$.amount: must be an integer, not a string"),
        (r#"{"amount":256}"#, "$.amount: must be at most 255, not 256"),
        (r#"{"note":"n"}"#, "$.amount: is missing"),
        (r#"{"amount":1,"amount":2}"#, "duplicate field `amount`"),
        (
            r#"{"amount":-1,"note":7,"act":"dance","tree":[1],"colour":"red"}"#,
            "; $.colour: is not known here",
        ),
        (
            r#"{"amount":1,"note":"${client.name}"}"#,
            "$.note: `${client.name}` was sent as it stands",
        ),
        ("", "the request is empty; send a JSON object"),
    ] {
        let exchange = connector.handler("order").payload(payload).exchange().await;
        let message = exchange.expect_refusal("INVALID_REQUEST").message;
        assert!(message.contains(words), "{message}");
        // The dead letter says it too, but without a word of the payload.
        let letter = exchange.dead_letter().unwrap().headers.text("dlq-error-message").unwrap();
        assert!(!letter.contains("client") && !letter.contains('$'), "{letter}");
    }
}

#[tokio::test(start_paused = true)]
async fn odd_but_legal_requests_are_served() {
    let (connector, _) = open().await;
    let largest = "x".repeat(1_999_900);
    for payload in [
        "\n\t {\"amount\": 1} \r\n".to_owned(),
        r#"{"\u0061mount":1}"#.to_owned(),
        r#"{"amount":1,"note":"[[[[ ${ costs $5 {net} \" \u0000 \ud83d\ude00"}"#.to_owned(),
        r#"{"amount":1,"price":-0}"#.to_owned(),
        r#"{"amount":1,"price":1e-400}"#.to_owned(),
        format!(r#"{{"amount":1,"tree":{}1{}}}"#, "[".repeat(63), "]".repeat(63)),
        format!(r#"{{"amount":1,"note":"{largest}"}}"#),
    ] {
        let exchange = connector.handler("order").payload(&payload).exchange().await;
        assert_eq!(exchange.reply_json().unwrap()["amount"], 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_of_bytes_takes_all_but_a_tombstone_and_too_many() {
    let (connector, _) = open().await;
    for (payload, length) in [(&b""[..], 0), (b"\xff\xfe", 2), (b"${x}", 4)] {
        let exchange = connector.handler("weigh").payload(payload).exchange().await;
        assert_eq!(exchange.reply_json().unwrap()["bytes"], length);
    }
    let tombstone = connector.handler("weigh").tombstone().exchange().await;
    tombstone.expect_refusal("INVALID_REQUEST");
    tombstone.expect_dead_letter("null");
    let large = connector.handler("weigh").payload(vec![0; 2_000_001]).exchange().await;
    large.expect_dead_letter("too-large");
}

#[tokio::test(start_paused = true)]
async fn what_names_a_process_decides_whether_it_is_answered() {
    let (connector, _) = open().await;
    let uuid = "processInstanceUuid";
    let id = "processInstanceId";
    type Headers<'a> = &'a [(&'a str, Option<&'a [u8]>)];
    let cases: [(&str, Headers<'_>, bool); 9] = [
        ("none at all", &[], false),
        ("only a context", &[("fxContext", Some(b"main"))], false),
        ("only a number", &[(id, Some(b"7"))], true),
        ("only a uuid", &[(uuid, Some(b"u"))], true),
        ("an empty uuid", &[(uuid, Some(b""))], false),
        ("a null uuid", &[(uuid, None)], false),
        ("a uuid that is not UTF-8", &[(uuid, Some(b"\xff"))], false),
        ("two uuids", &[(uuid, Some(b"old")), (uuid, Some(b"new"))], true),
        ("another case of letters", &[("processinstanceuuid", Some(b"u"))], false),
    ];
    for (name, headers, answered) in cases {
        let request = connector.handler("order").without_headers().payload("not JSON");
        let request = headers
            .iter()
            .fold(request, |request, (header, value)| request.add_header(header, *value));
        let exchange = request.exchange().await;
        assert_eq!(exchange.refusal().is_some(), answered, "{name}: {exchange}");
        exchange.expect_dead_letter("malformed-json");
    }
    let replies = connector.broker().records(REPLIES);
    assert_eq!(replies.last().unwrap().key.as_deref(), Some(&b"new"[..]), "the last one counts");
}

fn with_ten_thousand_headers(request: TestRequest<'_>) -> TestRequest<'_> {
    let value = vec![b'v'; 1_000];
    (0..10_000)
        .fold(request, |request, number| request.add_header(&format!("h{number}"), Some(&value)))
}

/// Names and values of headers that no connector sets.
fn sent(headers: &Headers) -> Vec<(&str, Option<&[u8]>)> {
    headers.iter().filter(|(name, _)| !is_reserved(name)).collect()
}

#[tokio::test(start_paused = true)]
async fn too_many_headers_or_too_large_ones_meet_no_handler_and_are_put_aside_as_they_are() {
    let (connector, stage) = open().await;
    let large = vec![b'v'; 65_536];
    let order = || connector.handler("order").json(&json!({"amount": 1, "note": "reached"}));
    let weigh = || connector.handler("weigh").payload("reached");
    let one_more = |most: usize| {
        // Three are there already.
        (0..most - 2).fold(order(), |request, _| request.add_header("same", None))
    };
    for (request, reason) in [
        (with_ten_thousand_headers(order()), "too-many-headers"),
        (with_ten_thousand_headers(weigh()), "too-many-headers"),
        (one_more(200), "too-many-headers"),
        (order().header("jwt", &large), "headers-too-large"),
        (weigh().header("jwt", &large), "headers-too-large"),
    ] {
        let request = request
            .header("Fx-Organization-Id", "acme")
            .add_header("destinationId", Some(b"old"))
            .add_header("destinationId", Some(b"new"))
            .add_header("callbacksForAction", Some(&[b'x'; 1_025]));
        let exchange = request.exchange().await;
        let message = exchange.expect_refusal("INVALID_REQUEST").message;
        assert!(message.contains("FLOWX_CONNECTOR_MAX_HEADER"), "{message}");
        let received = exchange.request();
        let back: Vec<(&str, Option<&[u8]>)> =
            ["processInstanceUuid", "processInstanceId", "fxContext", "Fx-Organization-Id"]
                .map(|name| (name, received.headers.get(name)))
                .into_iter()
                .chain([("destinationId", Some(&b"new"[..]))])
                .collect();
        assert_eq!(sent(exchange.headers()), back, "whom it is for, and nothing else");
        assert_eq!(exchange.replies()[0].key, received.key);
        let letter = exchange.expect_dead_letter(reason);
        assert_eq!((&letter.key, &letter.payload), (&received.key, &received.payload));
        assert_eq!(sent(&letter.headers), sent(&received.headers));
    }
    assert_eq!(stage.calls(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn as_many_headers_as_may_be_are_only_headers() {
    let (connector, _) = open().await;
    let fits = (0..197).fold(connector.handler("order"), |request, number| {
        request.add_header(&format!("h{number}"), Some(&[b'v'; 300]))
    });
    let exchange = fits.send(&json!({"amount": 1})).await;
    exchange.reply_json().unwrap();
    assert_eq!(sent(exchange.headers()), sent(&exchange.request().headers));

    let (connector, _) = shop::open_with(|settings| {
        settings.max_headers = 20_000;
        settings.max_header_bytes = 20_000_000;
    })
    .await;
    let many = with_ten_thousand_headers(connector.handler("order"));
    let exchange = many.send(&json!({"amount": 1})).await;
    exchange.reply_json().unwrap();
    assert_eq!(sent(exchange.headers()), sent(&exchange.request().headers));
}

#[tokio::test(start_paused = true)]
async fn a_mix_of_good_and_bad_loses_nothing_and_answers_each_once() {
    let (connector, _) = open().await;
    let bad = unreadable();
    let mut posted = Vec::new();
    for round in 0..10 {
        for (number, (_, payload, _)) in bad.iter().enumerate() {
            let request = connector.handler("order").partition((number % 4) as i32);
            posted.push(match payload {
                _ if round != 5 => request.json(&json!({"amount": 1})).post(),
                Some(payload) => request.payload(payload).post(),
                None => request.tombstone().post(),
            });
        }
    }
    for request in posted {
        let exchange = request.settled().await;
        assert_eq!(exchange.replies().len(), 1, "{exchange}");
        let refused = exchange.refusal().is_some();
        assert_eq!(exchange.dead_letters().len(), usize::from(refused), "{exchange}");
    }
    assert_eq!(connector.broker().records(REPLIES).len(), 10 * bad.len());
    assert_eq!(connector.broker().records(DEAD_LETTERS).len(), bad.len());
}

#[tokio::test(start_paused = true)]
async fn a_topic_of_a_pattern_is_served_and_has_dead_letters_of_its_own() {
    let (connector, _) = open().await;
    let exchange = connector.topic("ai.flowx.dev.shop.events.sold").send(&json!({})).await;
    let topic = "ai.flowx.dev.shop.events.sold";
    let reply = exchange.reply_json().unwrap();
    assert_eq!((&reply["topic"], &reply["matched"]), (&json!(topic), &json!("sold")));
    let bad = connector.topic(topic).payload("?").exchange().await;
    assert_eq!(&*bad.expect_dead_letter("malformed-json").at.topic, format!("{topic}.dlq"));
    let subscription = Subscription::Prefix("ai.flowx.dev.shop.events.".into());
    assert!(!subscription.matches(&format!("{topic}.dlq")), "and nobody here reads them");
}

/// Its requests come from a client of a schema registry.
#[flowx_handler(topic = "input.framed", framing = schema_registry)]
async fn framed(order: shop::Order) -> Result<serde_json::Value, HandlerError> {
    Ok(json!({ "amount": order.amount }))
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_asks_for_it_reads_behind_the_prefix_of_a_schema_registry() {
    let (connector, _) = open().await;
    let good: [&[u8]; 2] = [b"\0\0\0\0\x07{\"amount\":3}", b"{\"amount\":3}"];
    for payload in good {
        let exchange = connector.handler("framed").payload(payload).exchange().await;
        assert_eq!(exchange.reply_json().unwrap()["amount"], 3);
    }
    let bad: [(&[u8], &str); 3] = [
        (b"\0\0\0\0\x07\x02\xff", "not-utf8"),
        (b"\0\0\0\0\x07", "empty"),
        // Not a whole prefix.
        (b"\0\0{}", "malformed-json"),
    ];
    for (payload, reason) in bad {
        let exchange = connector.handler("framed").payload(payload).exchange().await;
        exchange.expect_refusal("INVALID_REQUEST");
        exchange.expect_dead_letter(reason);
    }
    let exchange = connector.handler("order").payload(good[0]).exchange().await;
    let message = exchange.expect_refusal("INVALID_REQUEST").message;
    assert!(message.contains("schema 7") && message.contains("framing = "), "{message}");
}
