//! What changes outside of schemas: handlers, topics, times, codes.

use flowx_core::contract::diff::{Place, Report, Verdict, diff};
use flowx_core::contract::model::Contract;
use flowx_core::contract::read;
use serde_json::{Value, json};

use Verdict::{Breaks, NewVersion, Safe};

/// A contract with one handler, `exchange`.
pub(crate) fn contract(request: &Value, reply: &Value) -> Contract {
    let mut contract = base();
    contract["handlers"][0]["request"] = request.clone();
    contract["handlers"][0]["reply"] = reply.clone();
    parsed(&contract)
}

fn parsed(contract: &Value) -> Contract {
    read::contract(&contract.to_string()).unwrap_or_else(|error| panic!("{error}: {contract:#}"))
}

fn base() -> Value {
    json!({
        "flowxContract": 1,
        "group": "currency-exchange",
        "naming": { "prefix": "ai.flowx.dev.", "suffix": ".v1" },
        "errorField": "errorMessage",
        "handlers": [handler("exchange", "plugin.currency.trigger.exchange")]
    })
}

fn handler(name: &str, topic: &str) -> Value {
    let full = |own: &str| format!("ai.flowx.dev.{own}.v1");
    json!({
        "name": name,
        "summary": "Converts an amount.",
        "description": "Converts an amount.",
        "hash": "0000000000000000",
        "topic": full(topic),
        "replyTopic": full(&format!("engine.receive.{topic}.results")),
        "deadLetterTopic": format!("{}.dlq", full(topic)),
        "guarantee": "at least once",
        "order": "key",
        "attempts": { "most": 5, "timeoutMs": 30_000, "budgetMs": 120_000 },
        "request": {
            "type": "object",
            "properties": { "amount": { "type": "number" } },
            "required": ["amount"]
        },
        "reply": {
            "type": "object",
            "properties": { "sum": { "type": "number" }, "errorMessage": { "type": "null" } },
            "required": ["sum", "errorMessage"]
        },
        "error": {
            "type": "object",
            "properties": {
                "errorMessage": { "type": "string" },
                "errorCode": { "type": "string", "oneOf": [{ "const": "NO_RATE" }] }
            },
            "required": ["errorMessage", "errorCode"]
        },
        "codes": [{ "code": "NO_RATE", "description": "No rate." }],
        "codesOpen": false,
        "examples": [{ "amount": 1 }]
    })
}

/// The contract after an edit.
fn edited(edit: impl Fn(&mut Value)) -> Value {
    let mut contract = base();
    edit(&mut contract);
    contract
}

/// Sets a value of the only handler.
fn set(field: &'static str, value: Value) -> Value {
    edited(|contract| contract["handlers"][0][field] = value.clone())
}

fn without(contract: &Value, field: &str) -> Value {
    let mut contract = contract.clone();
    contract["handlers"][0].as_object_mut().unwrap().remove(field);
    contract
}

fn silent() -> Value {
    let mut silent = base();
    for field in ["replyTopic", "reply", "error"] {
        silent = without(&silent, field);
    }
    silent["handlers"][0]["codes"] = json!([]);
    silent
}

fn attempts(most: u32, timeout: u64, budget: u64) -> Value {
    set("attempts", json!({ "most": most, "timeoutMs": timeout, "budgetMs": budget }))
}

fn retrying(delays: &[(&str, u64)]) -> Value {
    let topic = |(name, delay): &(&str, u64)| {
        let full = format!("ai.flowx.dev.plugin.currency.trigger.exchange.v1.retry.{name}");
        json!({ "topic": full, "delayMs": delay })
    };
    set("retryTopics", delays.iter().map(topic).collect())
}

fn topic(own: &str) -> Value {
    edited(|contract| {
        let kept = contract["handlers"][0]["deadLetterTopic"].clone();
        contract["handlers"][0]["topic"] = json!(format!("ai.flowx.dev.{own}"));
        contract["handlers"][0]["deadLetterTopic"] = kept;
    })
}

fn beside(name: &str, topic: &str) -> Value {
    edited(|contract| {
        contract["handlers"].as_array_mut().unwrap().push(handler(name, topic));
    })
}

fn codes(codes: &[&str], open: bool) -> Value {
    let code = |code: &&str| json!({ "code": code, "description": "" });
    let list: Value = codes.iter().map(code).collect();
    edited(|contract| {
        let handler = &mut contract["handlers"][0];
        handler["codes"] = list.clone();
        handler["codesOpen"] = json!(open);
        handler["error"]["properties"]["errorCode"]["oneOf"] =
            codes.iter().map(|code| json!({ "const": code })).collect();
    })
}

/// One row: a promise, before, after, and what is told.
type Row = (&'static str, Value, Value, &'static [(Place, Verdict)]);

fn rows() -> Vec<Row> {
    let twelve = "ai.flowx.dev.engine.receive.other.results.v1";
    vec![
        ("nothing changed", base(), base(), &[]),
        (
            "texts and examples are no change",
            base(),
            edited(|contract| {
                let handler = &mut contract["handlers"][0];
                handler["summary"] = json!("Other words.");
                handler["description"] = json!("Other words.");
                handler["examples"] = json!([]);
                handler["codes"][0]["description"] = json!("Other words.");
                handler["request"]["title"] = json!("Other");
                handler["hash"] = json!("1111111111111111");
            }),
            &[],
        ),
        (
            "another group",
            base(),
            edited(|contract| contract["group"] = json!("other")),
            &[(Place::Group, Breaks)],
        ),
        (
            "another error field is told once",
            base(),
            edited(|contract| {
                contract["errorField"] = json!("error");
                for place in ["reply", "error"] {
                    let schema = &mut contract["handlers"][0][place];
                    let fields = schema["properties"].as_object_mut().unwrap();
                    let field = fields.remove("errorMessage").unwrap();
                    fields.insert("error".to_owned(), field);
                    for name in schema["required"].as_array_mut().unwrap() {
                        if name == "errorMessage" {
                            *name = json!("error");
                        }
                    }
                }
            }),
            &[(Place::ErrorField, Breaks)],
        ),
        ("a handler is new", base(), beside("refund", "plugin.refund"), &[(Place::Handler, Safe)]),
        (
            "a handler is gone",
            beside("refund", "plugin.refund"),
            base(),
            &[(Place::Handler, Breaks)],
        ),
        (
            "a handler is renamed",
            base(),
            set("name", json!("convert")),
            &[(Place::Handler, Breaks)],
        ),
        ("a topic moved", base(), topic("plugin.currency.v2.v1"), &[(Place::Topic, Breaks)]),
        ("a pattern reads more", base(), topic("plugin.currency.*"), &[(Place::Topic, Safe)]),
        (
            "a pattern reads something else",
            base(),
            topic("plugin.refund.*"),
            &[(Place::Topic, Breaks)],
        ),
        (
            "the topic stays and the new version is beside it",
            base(),
            beside("exchange_v2", "plugin.currency.trigger.exchange.v2"),
            &[(Place::Handler, Safe)],
        ),
        (
            "the reply topic moved",
            base(),
            set("replyTopic", json!(twelve)),
            &[(Place::ReplyTopic, Breaks)],
        ),
        ("it stopped to answer", base(), silent(), &[(Place::ReplyTopic, Breaks)]),
        ("it began to answer", silent(), base(), &[(Place::ReplyTopic, Safe)]),
        ("only errors are answered", base(), without(&base(), "reply"), &[(Place::Reply, Breaks)]),
        (
            "successes are answered too",
            without(&base(), "reply"),
            base(),
            &[(Place::Reply, NewVersion)],
        ),
        ("the order is gone", base(), set("order", json!("unordered")), &[(Place::Order, Breaks)]),
        ("an order came", set("order", json!("unordered")), base(), &[(Place::Order, Safe)]),
        (
            "the order is stricter",
            base(),
            set("order", json!("partition")),
            &[(Place::Order, Safe)],
        ),
        (
            "the order is weaker",
            set("order", json!("partition")),
            base(),
            &[(Place::Order, Breaks)],
        ),
        ("an unknown order", base(), set("order", json!("random")), &[(Place::Order, Breaks)]),
        (
            "a weaker guarantee",
            base(),
            set("guarantee", json!("at most once")),
            &[(Place::Guarantee, Breaks)],
        ),
        (
            "more time for all attempts",
            base(),
            attempts(5, 30_000, 300_000),
            &[(Place::Attempts, Breaks)],
        ),
        (
            "less time for all attempts",
            base(),
            attempts(5, 30_000, 60_000),
            &[(Place::Attempts, Safe)],
        ),
        (
            "more time for each attempt",
            base(),
            attempts(5, 60_000, 120_000),
            &[(Place::Attempts, Safe)],
        ),
        ("fewer attempts", base(), attempts(3, 30_000, 120_000), &[(Place::Attempts, Safe)]),
        ("a second attempt", attempts(1, 30_000, 120_000), base(), &[(Place::Attempts, Breaks)]),
        (
            "more time and nobody waits",
            silent(),
            {
                let mut slow = silent();
                slow["handlers"][0]["attempts"]["budgetMs"] = json!(300_000);
                slow
            },
            &[(Place::Attempts, Safe)],
        ),
        (
            "a retry topic is gone",
            retrying(&[("30s", 30_000), ("5m", 300_000)]),
            retrying(&[("30s", 30_000)]),
            &[(Place::RetryTopics, Breaks)],
        ),
        (
            "a retry topic is new",
            retrying(&[("30s", 30_000)]),
            retrying(&[("30s", 30_000), ("5m", 300_000)]),
            &[(Place::RetryTopics, Safe), (Place::Attempts, Breaks)],
        ),
        (
            "dead letters moved",
            base(),
            set("deadLetterTopic", json!("ai.flowx.dev.dead.v1")),
            &[(Place::DeadLetterTopic, Safe)],
        ),
        (
            "a code is new",
            base(),
            codes(&["NO_RATE", "BANK_CLOSED"], false),
            &[(Place::Codes, Safe)],
        ),
        (
            "a code is gone",
            codes(&["NO_RATE", "BANK_CLOSED"], false),
            base(),
            &[(Place::Codes, Safe)],
        ),
        ("the codes are open", base(), codes(&["NO_RATE"], true), &[(Place::Codes, Safe)]),
        ("the codes are closed", codes(&["NO_RATE"], true), base(), &[(Place::Codes, Safe)]),
        (
            "the text of an error may be missing",
            base(),
            edited(|contract| contract["handlers"][0]["error"]["required"] = json!(["errorCode"])),
            &[(Place::Error, Breaks)],
        ),
    ]
}

#[test]
fn every_change_of_a_contract_has_its_verdict() {
    for (promise, old, new, expected) in rows() {
        let changes = diff(&parsed(&old), &parsed(&new));
        let told: Vec<_> = changes.iter().map(|change| (change.place, change.verdict)).collect();
        assert_eq!(told, expected, "{promise}: {changes:#?}");
    }
}

#[test]
fn a_contract_against_itself_has_no_change() {
    for (promise, old, new, _) in rows() {
        for contract in [old, new] {
            assert_eq!(diff(&parsed(&contract), &parsed(&contract)), [], "{promise}");
        }
    }
}

#[test]
fn prefix_and_suffix_belong_to_the_environment() {
    for (promise, old, _, _) in rows() {
        let moved = old.to_string().replace("ai.flowx.dev.", "bank.prod.").replace(".v1", "-eu");
        let moved: Value = serde_json::from_str(&moved).expect("JSON");
        assert_eq!(moved["naming"]["prefix"], "bank.prod.");
        assert_eq!(diff(&parsed(&old), &parsed(&moved)), [], "{promise}");
    }
}

#[test]
fn who_reads_the_old_topic_is_the_successor_whatever_its_name() {
    // The name goes to the new version; the old topic is kept under another one.
    let mut new = beside("exchange_old", "plugin.currency.trigger.exchange");
    new["handlers"][0] = handler("exchange", "plugin.currency.trigger.exchange.v2");
    new["handlers"][0]["request"] = json!({ "type": "string" });
    let changes = diff(&parsed(&base()), &parsed(&new));
    let told: Vec<_> = changes
        .iter()
        .map(|change| (change.handler.as_deref().unwrap(), change.place, change.verdict))
        .collect();
    assert_eq!(
        told,
        [("exchange_old", Place::Handler, Breaks), ("exchange", Place::Handler, Safe)]
    );
    assert!(changes[0].reason.contains("name = \"exchange\""), "{changes:#?}");
}

#[test]
fn a_type_that_two_handlers_use_is_told_for_both() {
    let two = beside("refund", "plugin.refund");
    let mut new = two.clone();
    for handler in new["handlers"].as_array_mut().unwrap() {
        handler["request"]["properties"]["amount"] = json!({ "type": "integer" });
    }
    let changes = diff(&parsed(&two), &parsed(&new));
    let told: Vec<_> = changes.iter().map(|change| change.handler.as_deref().unwrap()).collect();
    assert_eq!(told, ["exchange", "refund"]);
}

#[test]
fn a_report_counts_and_is_read_again() {
    let changes = diff(&parsed(&base()), &parsed(&codes(&["OTHER"], true)));
    let report = Report::of(changes);
    assert!(report.is_safe());
    let written = serde_json::to_value(&report).expect("JSON");
    assert_eq!(
        (&written["safe"], &written["breaks"], &written["newVersion"]),
        (&json!(3), &json!(0), &json!(0))
    );
    assert_eq!(serde_json::from_value::<Report>(written).expect("a report"), report);
}
