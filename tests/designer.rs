//! What process designers are told of a handler: right for the platform, whatever the types are.

#![allow(dead_code, reason = "the types are only looked at")]

use std::collections::{BTreeMap, HashMap};

use flowx_core::config::Settings;
use flowx_core::contract::designer::{Artefacts, Condition, Kind, Row, When};
use flowx_core::contract::model::{Contract, HandlerContract};
use flowx_core::contract::sample;
use flowx_core::{Connector, FlowxError, HandlerError, flowx_handler};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[path = "designer/fill.rs"]
mod fill;
#[path = "designer/model.rs"]
mod model;
#[path = "designer/shop.rs"]
mod shop;

use fill::filled;

fn contract() -> Contract {
    let connector = Connector::builder().settings(Settings::default()).group("shop").build();
    connector.expect("the handlers fit together").contract()
}

fn handler<'c>(name: &str, contract: &'c Contract) -> &'c HandlerContract {
    contract.handler(name).unwrap_or_else(|| panic!("there is no handler {name}"))
}

fn artefacts(name: &str) -> Artefacts {
    let contract = contract();
    Artefacts::of(handler(name, &contract), &contract)
}

fn row<'r>(rows: &'r [Row], path: &str) -> &'r Row {
    let paths: Vec<&str> = rows.iter().map(|row| row.path.as_str()).collect();
    rows.iter().find(|row| row.path == path).unwrap_or_else(|| panic!("no {path} in {paths:?}"))
}

fn paths(rows: &[Row]) -> Vec<&str> {
    rows.iter().map(|row| row.path.as_str()).collect()
}

fn valid(schema: &Value, json: &Value) -> Result<(), String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    let wrong: Vec<String> = validator.iter_errors(json).map(|error| error.to_string()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("{wrong:?} in {json:#} by {schema:#}")) }
}

#[test]
fn a_message_template_with_values_in_it_is_a_request() {
    let contract = contract();
    for handler in &contract.handlers {
        let artefacts = Artefacts::of(handler, &contract);
        let sample = sample::of(&handler.request);
        let request = filled(&artefacts.message_template, &sample);
        valid(&handler.request, &request).unwrap_or_else(|wrong| {
            panic!("{}: {wrong}\n{}", handler.name, artefacts.message_template)
        });
    }
}

#[test]
fn the_template_of_each_other_form_is_a_request_too() {
    let contract = contract();
    let mut seen = 0;
    for handler in &contract.handlers {
        for (index, other) in Artefacts::of(handler, &contract).other_templates.iter().enumerate() {
            let mut only = handler.request.clone();
            let forms = only.as_object_mut().and_then(|root| {
                let keyword = if root.contains_key("oneOf") { "oneOf" } else { "anyOf" };
                root.get_mut(keyword)?.as_array_mut()
            });
            let forms = forms.expect("forms at the root");
            forms.swap(0, index + 1);
            let request = filled(&other.template, &sample::of(&only));
            valid(&handler.request, &request)
                .unwrap_or_else(|wrong| panic!("{}: {wrong}\n{}", handler.name, other.template));
            seen += 1;
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn samples_are_valid() {
    let contract = contract();
    for handler in &contract.handlers {
        let artefacts = Artefacts::of(handler, &contract);
        let name = &handler.name;
        valid(&handler.request, &artefacts.sample_request)
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(handler.reply.is_some(), artefacts.sample_reply.is_some(), "{name}");
        if let (Some(schema), Some(reply)) = (&handler.reply, &artefacts.sample_reply) {
            valid(schema, reply).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        }
        let codes: Vec<&str> = handler.codes.iter().map(|code| code.code.as_str()).collect();
        let shown: Vec<&str> = artefacts.sample_errors.iter().map(|e| e.code.as_str()).collect();
        assert_eq!(codes, shown, "{name}");
        for error in &artefacts.sample_errors {
            let schema = handler.error.as_ref().expect("errors have a schema");
            valid(schema, &error.reply).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
            assert_eq!(error.reply["errorCode"], error.code.as_str(), "{name}");
        }
    }
}

#[test]
fn every_key_of_a_sample_has_its_row() {
    let contract = contract();
    for handler in &contract.handlers {
        let artefacts = Artefacts::of(handler, &contract);
        let samples = [
            (Some(&artefacts.sample_request), &artefacts.request_model),
            (artefacts.sample_reply.as_ref(), &artefacts.reply_model),
        ];
        for (sample, rows) in samples {
            for key in sample.and_then(Value::as_object).into_iter().flat_map(|all| all.keys()) {
                let known = rows.iter().any(|row| row.path == *key);
                // What may have any keys has no row of each.
                let open = rows.iter().any(|row| row.rules.iter().any(|rule| rule == "any JSON"));
                let free = rows.iter().any(|row| {
                    row.rules.iter().any(|rule| row.path.is_empty() && rule.contains("keys, each"))
                });
                assert!(known || open || free, "{}: {key} in {:?}", handler.name, paths(rows));
            }
            let mut once = paths(rows);
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), rows.len(), "{}: {:?}", handler.name, paths(rows));
        }
    }
}

#[test]
fn a_request_is_sent_and_its_reply_received_under_a_key() {
    let artefacts = artefacts("place-order");
    assert_eq!(artefacts.send.name, "ai.flowx.dev.plugin.shop.trigger.order.v1");
    let parameter = "${flowx_topic_prefix}plugin.shop.trigger.order${flowx_topic_suffix}";
    assert_eq!(artefacts.send.parameter.as_deref(), Some(parameter));
    let receive = artefacts.receive.as_ref().expect("a receive node");
    assert_eq!(receive.topic.name, "ai.flowx.dev.engine.receive.plugin.shop.order.results.v1");
    assert_eq!(receive.key_name, "placeOrderReply");
    assert_eq!(receive.response_timeout, "PT2M30S");
    let parameters: Vec<_> =
        artefacts.parameters.iter().map(|p| (p.name.as_str(), p.value.as_str())).collect();
    assert_eq!(
        parameters,
        [("flowx_topic_prefix", "ai.flowx.dev."), ("flowx_topic_suffix", ".v1")]
    );
    assert_eq!(artefacts.headers_template, r#"{"processInstanceId": ${processInstanceId}}"#);
    assert_eq!(artefacts.notes, [""; 0]);
}

#[test]
fn the_response_timeout_covers_every_wait_on_retry_topics() {
    // Two minutes for all attempts, on each of two retry topics too; 30 s and 5 min of waiting.
    let receive = artefacts("retried").receive.expect("a receive node");
    assert_eq!(receive.response_timeout, "PT12M");
}

#[test]
fn the_template_has_all_keys_in_order_and_quotes_only_texts() {
    let expected = r#"{
  "customerId": "${customerId}",
  "delivery": {
    "street_name": "${delivery.streetName}",
    "floor": ${delivery.floor},
    "express": ${delivery.express}
  },
  "articles": ${articles},
  "price": ${price},
  "channel": "${channel}",
  "due": "${due}",
  "weight": "${weight}",
  "ledger": ${ledger},
  "pin": "${pin}",
  "version": 2,
  "notes": ${notes}
}"#;
    assert_eq!(artefacts("place-order").message_template, expected);
}

#[test]
fn a_sample_reply_is_the_example_with_the_error_field() {
    let artefacts = artefacts("place-order");
    let expected = json!({ "number": 7, "remark": null, "errorMessage": null });
    assert_eq!(artefacts.sample_reply, Some(expected));
    let error = &artefacts.sample_errors[0];
    let expected = json!({ "errorMessage": "Nothing is left of it.", "errorCode": "SOLD_OUT" });
    assert_eq!((&*error.code, error.own, &error.reply), ("SOLD_OUT", false, &expected));
    assert!(artefacts.sample_errors.iter().any(|error| error.own));
}

#[test]
fn conditions_ask_for_each_code_then_any_error_then_success() {
    let conditions = artefacts("place-order").conditions;
    let asked: Vec<_> = conditions.iter().map(|c| (c.when, c.code.as_deref())).collect();
    assert_eq!(asked[0], (When::Code, Some("SOLD_OUT")));
    assert_eq!(asked[asked.len() - 2..], [(When::AnyError, None), (When::Success, None)]);
    let Condition { javascript, mvel, python, .. } = &conditions[0];
    assert_eq!(javascript, "input.placeOrderReply.errorCode == 'SOLD_OUT'");
    assert_eq!(mvel, "input.?placeOrderReply.?errorCode == 'SOLD_OUT'");
    assert_eq!(python, r#"input.get("placeOrderReply").get("errorCode") == "SOLD_OUT""#);
}

#[test]
fn the_error_field_has_the_name_that_is_configured() {
    let mut settings = Settings::default();
    settings.error_field = "error".into();
    let connector = Connector::builder().settings(settings).group("shop").build().unwrap();
    let contract = connector.contract();
    let artefacts = Artefacts::of(handler("place-order", &contract), &contract);
    let success = artefacts.conditions.last().unwrap();
    assert_eq!(success.javascript, "input.placeOrderReply.error == null");
    assert_eq!(artefacts.sample_reply.unwrap()["error"], Value::Null);
    assert!(paths(&artefacts.reply_model).contains(&"error"));
}

#[test]
fn the_mock_adapter_gets_texts_of_json_and_both_topics() {
    let artefacts = artefacts("place-order");
    let mock = &artefacts.mock;
    let parsed =
        |name: &str| -> Value { serde_json::from_str(mock[name].as_str().unwrap()).unwrap() };
    assert_eq!(parsed("sentMessageJson"), artefacts.sample_request);
    assert_eq!(Some(parsed("receivedMesssageJson")), artefacts.sample_reply);
    assert_eq!(mock["incomingTopic"], artefacts.send.name);
    assert_eq!(mock["outgoingTopic"], artefacts.receive.unwrap().topic.name);
}

#[test]
fn a_list_of_requests_and_one_of_replies_are_told_as_a_whole() {
    let artefacts = artefacts("listed");
    assert_eq!(artefacts.message_template, "${listedRequest}");
    assert_eq!(paths(&artefacts.request_model), ["", "[].number", "[].tags"]);
    assert_eq!(row(&artefacts.request_model, "").item_kind, Some(Kind::Object));
    assert_eq!(paths(&artefacts.reply_model), ["", "errorMessage", "errorCode"]);
    assert_eq!(artefacts.sample_reply, Some(json!([1])));
    assert!(artefacts.notes.iter().any(|note| note.contains("may be a list")));
    let mvel = &artefacts.conditions[0].mvel;
    assert!(mvel.starts_with("input.?listedReply instanceof java.util.Map && "), "{mvel}");
}

#[test]
fn a_request_that_is_one_text_is_one_placeholder() {
    let artefacts = artefacts("text");
    assert_eq!(artefacts.message_template, "\"${textRequest}\"");
    assert_eq!(row(&artefacts.request_model, "").kind, Kind::String);
}

#[test]
fn a_handler_that_answers_nothing_has_nothing_to_receive() {
    let artefacts = artefacts("silent");
    assert_eq!(artefacts.receive, None);
    assert_eq!(artefacts.conditions, []);
    assert_eq!(artefacts.sample_errors, []);
    assert_eq!(artefacts.reply_model, []);
    assert_eq!((artefacts.sample_reply, artefacts.mock), (None, Value::Null));
    assert!(artefacts.notes[0].starts_with("It sends nothing back"));
}

#[test]
fn a_handler_that_answers_only_failures_says_so() {
    let artefacts = artefacts("failures");
    assert_eq!(artefacts.sample_reply, None);
    assert!(artefacts.receive.is_some() && artefacts.mock.is_null());
    assert!(artefacts.notes[0].starts_with("It answers only when it fails"));
    assert_eq!(paths(&artefacts.reply_model), ["errorMessage", "errorCode"]);
    let success = artefacts.conditions.last().unwrap();
    assert_eq!(
        success.javascript,
        "input.failuresReply == null || input.failuresReply.errorMessage == null"
    );
    let code = &artefacts.conditions[0].javascript;
    assert_eq!(code, "input.failuresReply != null && input.failuresReply.errorCode == 'SOLD_OUT'");
}

#[test]
fn a_pattern_asks_the_designer_to_choose_a_topic() {
    let artefacts = artefacts("pattern");
    assert_eq!(artefacts.send.name, "ai.flowx.dev.plugin.orders.*");
    assert_eq!(artefacts.send.parameter.as_deref(), Some("${flowx_topic_prefix}plugin.orders.*"));
    let note = artefacts.send.note.as_deref().unwrap();
    assert!(note.contains("begins with `ai.flowx.dev.plugin.orders.`"), "{note}");
    assert_eq!(artefacts.mock, Value::Null);
}

#[test]
fn a_topic_outside_of_the_naming_scheme_needs_no_parameters() {
    let artefacts = artefacts("legacy");
    assert_eq!((artefacts.send.name.as_str(), &artefacts.send.parameter), ("legacy.in", &None));
    let receive = artefacts.receive.unwrap();
    assert_eq!(receive.topic.parameter, None);
    assert_eq!(artefacts.parameters, []);
}

#[test]
fn the_markdown_has_everything_to_copy() {
    let contract = contract();
    for handler in &contract.handlers {
        let artefacts = Artefacts::of(handler, &contract);
        let text = artefacts.to_string();
        let lines: Vec<&str> = text.lines().collect();
        for copied in artefacts
            .message_template
            .lines()
            .chain(artefacts.other_templates.iter().flat_map(|other| other.template.lines()))
            .chain([artefacts.headers_template.as_str()])
        {
            assert!(lines.contains(&copied), "{}: {copied}", handler.name);
        }
        let codes = artefacts.conditions.iter().filter_map(|condition| condition.code.as_ref());
        for word in codes.chain([&artefacts.send.name]) {
            assert!(text.contains(word.as_str()), "{}: {word}", handler.name);
        }
        let cells = |line: &&&str| line.replace("\\|", "").matches('|').count();
        for table in text.split("\n\n").filter(|part| part.starts_with("| ")) {
            let rows: Vec<&str> = table.lines().collect();
            let width = cells(&&rows[0]);
            assert!(rows.iter().all(|row| cells(&row) == width), "{}: {table}", handler.name);
        }
        assert_eq!(text.matches("```").count() % 2, 0, "{}", handler.name);
    }
}
