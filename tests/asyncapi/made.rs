//! What our documents say.

use std::collections::BTreeSet;

use flowx_core::contract::lint::lint;
use serde_json::{Value, json};

use super::{connector, document};

/// Every reference of a document, with its place.
fn references(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get("$ref") {
                found.push((path.to_owned(), reference.clone()));
            }
            for (key, part) in object {
                references(part, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(list) => list.iter().for_each(|part| references(part, path, found)),
        _ => {}
    }
}

#[test]
fn our_documents_have_no_mistakes() {
    assert_eq!(lint(&document()), []);
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, "", &mut found);
    assert!(found.len() > 100);
    for (path, reference) in found {
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        assert!(target.is_some(), "{path}: {reference}");
    }
}

#[test]
fn every_component_is_used() {
    let document = document();
    let mut found = Vec::new();
    references(&document, "", &mut found);
    let used: BTreeSet<String> = found.into_iter().map(|(_, reference)| reference).collect();
    for (kind, components) in document["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys() {
            let reference = format!("#/components/{kind}/{name}");
            assert!(used.contains(&reference), "{reference}");
        }
    }
}

#[test]
fn a_handler_is_an_operation_that_names_its_group_its_answers_and_its_contract() {
    let document = document();
    let order = &document["operations"]["order"];
    let channel = "#/channels/engine.receive.shop.order.results";
    assert_eq!(order["action"], "receive");
    assert_eq!(order["title"], "Order");
    assert_eq!(order["summary"], "Takes an order.");
    assert_eq!(order["description"], "Takes an order.\n\nIt is paid at once.");
    assert_eq!(order["tags"], json!([{ "name": "shop" }]));
    assert_eq!(
        order["bindings"]["kafka"]["groupId"],
        json!({ "type": "string", "enum": ["shop"] })
    );
    assert_eq!(
        order["reply"],
        json!({
            "channel": { "$ref": channel },
            "messages": [
                { "$ref": format!("{channel}/messages/order.reply") },
                { "$ref": format!("{channel}/messages/order.error") }
            ]
        })
    );
    let contract = connector().contract();
    assert_eq!(order["x-flowx-contract"], contract.handler("order").unwrap().hash.as_str());
    assert_eq!(order["x-flowx-guarantee"], "at least once");
    assert_eq!(order["x-flowx-order"], "key");
}

#[test]
fn what_is_not_sent_is_not_promised() {
    let document = document();
    let messages = document["components"]["messages"].as_object().unwrap();
    let of = |handler: &str| -> Vec<&str> {
        let own = |key: &&String| key.rsplit_once('.').is_some_and(|(name, _)| name == handler);
        messages.keys().filter(own).map(|key| key.rsplit_once('.').unwrap().1).collect()
    };
    for (handler, roles) in [
        ("order", &["request", "reply", "error", "deadLetter"][..]),
        ("refund", &["request", "deadLetter"]),
        ("cancel", &["request", "error", "deadLetter"]),
        ("mail", &["request", "reply", "error", "retry", "deadLetter"]),
        ("watch-the-bank", &["request", "deadLetter"]),
    ] {
        assert_eq!(of(handler), roles, "{handler}");
    }
    assert!(document["operations"]["refund"].get("reply").is_none());
    assert_eq!(document["operations"]["cancel"]["reply"]["messages"].as_array().unwrap().len(), 1);
}

#[test]
fn handlers_that_answer_on_one_topic_share_its_channel() {
    let document = document();
    let channel = &document["channels"]["engine.receive.shop.order.results"];
    let messages: Vec<_> = channel["messages"].as_object().unwrap().keys().collect();
    assert_eq!(messages, ["cancel.error", "order.reply", "order.error"]);
}

#[test]
fn a_pattern_is_a_channel_with_a_parameter() {
    let document = document();
    for (key, address) in [
        ("bank.topic", "ai.flowx.dev.bank.{topic}"),
        ("bank.topic.dlq", "ai.flowx.dev.bank.{topic}.dlq"),
        ("engine.receive.topic", "ai.flowx.dev.engine.receive.{topic}"),
    ] {
        let channel = &document["channels"][key];
        assert_eq!(channel["address"], address);
        assert!(channel["parameters"]["topic"]["description"].is_string(), "{channel:#}");
        assert!(channel["bindings"]["kafka"].get("topic").is_none(), "{channel:#}");
    }
    // What the engine reads may not hold dead letters.
    let own = &document["channels"]["connector.shop.dead-letter"];
    assert_eq!(own["address"], "ai.flowx.dev.connector.shop.dead-letter.v1");
}

#[test]
fn retries_and_dead_letters_have_channels_and_times() {
    let document = document();
    let mail = &document["operations"]["mail"];
    let route = |delay: &str, iso: &str| {
        let channel = format!("#/channels/legacy.mail.in.retry.{delay}");
        json!({
            "channel": { "$ref": channel },
            "messages": [{ "$ref": format!("{channel}/messages/mail.retry") }],
            "maxAttempts": 2,
            "strategy": { "type": "fixed", "delay": iso }
        })
    };
    assert_eq!(
        mail["x-retry"],
        json!({
            "maxAttempts": 2,
            "attemptTimeout": "PT1.5S",
            "maxDuration": "PT2M",
            "routes": [route("30s", "PT30S"), route("5m", "PT5M")]
        })
    );
    assert_eq!(mail["x-flowx-order"], "unordered");
    let dead = &mail["x-dead-letter"];
    assert_eq!(dead["channel"]["$ref"], "#/channels/legacy.mail.in.dlq");
    let retries = &document["components"]["messages"]["mail.retry"];
    assert_eq!(retries["payload"], document["components"]["messages"]["mail.request"]["payload"]);
}

#[test]
fn types_of_one_name_are_told_apart_and_equal_ones_are_one() {
    let document = document();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let named = |name: &str| -> Vec<&String> {
        schemas.keys().filter(|key| *key == name || key.starts_with(&format!("{name}."))).collect()
    };
    let fields: BTreeSet<String> = schemas
        .iter()
        .filter(|(key, _)| key.starts_with("Money"))
        .map(|(_, schema)| schema["properties"].as_object().unwrap().keys().next().unwrap().clone())
        .collect();
    assert_eq!(fields.into_iter().collect::<Vec<_>>(), ["amount", "cents"]);
    // Taken without a discount, sent with one.
    assert_eq!(named("Line"), ["Line.one_shape.reply", "Line.order.request"]);
    assert_eq!(named("Plain"), ["Plain"]);
    assert!(schemas.contains_key("Odd_name_with__uint8"), "{:?}", schemas.keys());
}

#[test]
fn there_is_an_example_of_every_request_reply_and_code() {
    let document = document();
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        let examples = message["examples"].as_array().map_or(0, Vec::len);
        match name.rsplit_once('.').unwrap().1 {
            // A text of a pattern is for a person to make up.
            "request" | "reply" if name.starts_with("shapes") => assert_eq!(examples, 0, "{name}"),
            "request" | "reply" => assert_eq!(examples, 1, "{name}"),
            "error" => assert!(examples >= 5, "{name}"),
            _ => assert_eq!(examples, 0, "{name}"),
        }
    }
    let order = &document["components"]["messages"]["order.request"]["examples"][0];
    assert_eq!(order["payload"]["orderNumber"], 7);
    let sold_out = &document["components"]["messages"]["order.error"]["examples"][0];
    assert_eq!(
        sold_out["payload"],
        json!({ "errorMessage": "The shop is out of it.", "errorCode": "SOLD_OUT" })
    );
}

#[test]
fn the_version_is_that_of_the_package_with_the_handlers() {
    let info = &document()["info"];
    assert_eq!(info["title"], "shop");
    assert_eq!(info["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_recursive_reply_carries_the_error_field_at_its_root_only() {
    let document = document();
    let reply = &document["components"]["messages"]["grow.reply"]["payload"]["$ref"];
    let pointer = reply.as_str().unwrap().strip_prefix('#').unwrap();
    let root = document.pointer(pointer).unwrap();
    assert_eq!(root["properties"]["errorMessage"]["type"], "null");
    let child = root["properties"]["children"]["items"]["$ref"].as_str().unwrap();
    let child = document.pointer(child.strip_prefix('#').unwrap()).unwrap();
    assert!(child["properties"].get("errorMessage").is_none(), "{child:#}");
}
