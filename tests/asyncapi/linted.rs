//! What the linter finds: each mistake by its own rule, at its place, and nothing else.

use flowx_core::contract::lint::lint;
use serde_json::{Value, json};

use super::stored;

/// Places and rules of what is found.
fn found(document: &Value) -> Vec<(String, &'static str)> {
    lint(document).into_iter().map(|finding| (finding.path, finding.rule)).collect()
}

fn expected(findings: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    findings.iter().map(|(path, rule)| ((*path).to_owned(), *rule)).collect()
}

#[test]
fn stored_documents_have_the_mistakes_in_their_names() {
    for (name, findings) in [
        ("good", &[][..]),
        (
            "example-against-schema",
            &[
                ("/components/messages/CreditCheckRequest/examples/0/payload", "example-payload"),
                (
                    "/components/messages/CreditCheckRequest/examples/0/payload/customerId",
                    "example-payload",
                ),
            ],
        ),
        (
            "definitions-left-inside",
            &[
                ("/components/schemas/CreditCheckRequest/$defs", "schema-keyword"),
                ("/components/schemas/CreditCheckRequest/$schema", "schema-format"),
                (
                    "/components/schemas/CreditCheckRequest/properties/address/$ref",
                    "ref-unresolved",
                ),
            ],
        ),
        ("group-as-text", &[("/operations/creditCheck/bindings/kafka/groupId", "binding-schema")]),
        (
            "prefix-items",
            &[(
                "/components/schemas/CreditCheckRequest/properties/pair/prefixItems",
                "schema-keyword",
            )],
        ),
        (
            "reply-message-of-components",
            &[("/operations/creditCheck/reply/messages/0", "reply-message")],
        ),
    ] {
        assert_eq!(found(&stored(name)), expected(findings), "{name}");
    }
}

/// A change of a document that has no mistakes.
type Change = fn(&mut Value);
/// What is changed, and which findings that causes.
type Case = (&'static str, Change, &'static [(&'static str, &'static str)]);

#[test]
fn one_change_for_the_worse_is_one_finding_at_its_place() {
    let cases: &[Case] = &[
        (
            "headers of an example",
            |d| {
                d["components"]["messages"]["CreditCheckRequest"]["examples"][0]["headers"]["fxContext"] =
                    json!(4)
            },
            &[(
                "/components/messages/CreditCheckRequest/examples/0/headers/fxContext",
                "example-headers",
            )],
        ),
        (
            "an example behind a schema with a format",
            |d| {
                d["components"]["messages"]["CreditCheckReply"]["examples"] =
                    json!([{ "payload": {} }])
            },
            &[("/components/messages/CreditCheckReply/examples/0/payload", "example-payload")],
        ),
        (
            "an example in a message that stands in its channel",
            |d| {
                d["channels"]["creditCheckIn"]["messages"]["CreditCheckRequest"] =
                    json!({ "payload": { "type": "string" }, "examples": [{ "payload": 1 }] });
            },
            &[(
                "/channels/creditCheckIn/messages/CreditCheckRequest/examples/0/payload",
                "example-payload",
            )],
        ),
        (
            "headers that are no object",
            |d| {
                d["components"]["messages"]["ConnectorError"]["headers"] =
                    json!({ "type": "string" })
            },
            &[("/components/messages/ConnectorError/headers", "headers-object")],
        ),
        (
            "a later dialect as format",
            |d| {
                d["components"]["messages"]["CreditCheckReply"]["payload"]["schemaFormat"] =
                    json!("application/schema+json;version=draft-2020-12");
            },
            &[("/components/messages/CreditCheckReply/payload/schemaFormat", "schema-format")],
        ),
        (
            "a later keyword deep inside",
            |d| {
                d["components"]["schemas"]["Address"]["properties"]["lines"] =
                    json!({ "type": "array", "items": { "unevaluatedProperties": false } });
            },
            &[(
                "/components/schemas/Address/properties/lines/items/unevaluatedProperties",
                "schema-keyword",
            )],
        ),
        (
            "dependent schemas",
            |d| {
                d["components"]["messages"]["ConnectorError"]["payload"]["dependentSchemas"] =
                    json!({})
            },
            &[("/components/messages/ConnectorError/payload/dependentSchemas", "schema-keyword")],
        ),
        (
            "a schema that is none",
            |d| d["components"]["schemas"]["Address"]["properties"]["city"]["type"] = json!("text"),
            &[("/components/schemas/Address/properties/city/type", "schema-invalid")],
        ),
        (
            "a keyword that nobody looks at",
            |d| {
                d["components"]["schemas"]["CreditCheckRequest"]["properties"]["address"]["minProperties"] =
                    json!(1)
            },
            &[("/components/schemas/CreditCheckRequest/properties/address", "ref-sibling")],
        ),
        (
            "a reference to nothing",
            |d| {
                d["components"]["messages"]["CreditCheckRequest"]["correlationId"]["$ref"] =
                    json!("#/components/correlationIds/nobody")
            },
            &[("/components/messages/CreditCheckRequest/correlationId/$ref", "ref-unresolved")],
        ),
        (
            "a reference to another file",
            |d| d["components"]["schemas"]["CreditCheckReply"] = json!({ "$ref": "reply.json" }),
            &[("/components/schemas/CreditCheckReply/$ref", "ref-external")],
        ),
        (
            "a message of another channel",
            |d| {
                d["operations"]["creditCheck"]["messages"][0]["$ref"] =
                    json!("#/channels/creditCheckReply/messages/ConnectorError")
            },
            &[("/operations/creditCheck/messages/0", "operation-message")],
        ),
        (
            "a channel of the components",
            |d| {
                let channel = d["channels"]["creditCheckIn"].take();
                d["channels"].as_object_mut().unwrap().shift_remove("creditCheckIn");
                d["components"]["channels"] = json!({ "creditCheckIn": channel });
                d["operations"]["creditCheck"]["channel"]["$ref"] =
                    json!("#/components/channels/creditCheckIn");
                d["operations"]["creditCheck"]["messages"] = json!([]);
            },
            &[("/operations/creditCheck/channel", "operation-channel")],
        ),
        (
            "a second address of a reply",
            |d| {
                d["operations"]["creditCheck"]["reply"]["address"] =
                    json!({ "location": "$message.header#/REPLY_TOPIC" })
            },
            &[("/operations/creditCheck/reply/address", "reply-address")],
        ),
        (
            "a dead letter of another channel",
            |d| {
                d["operations"]["creditCheck"]["x-dead-letter"] = json!({
                    "channel": { "$ref": "#/channels/creditCheckReply" },
                    "messages": [{ "$ref": "#/channels/creditCheckIn/messages/CreditCheckRequest" }]
                });
            },
            &[("/operations/creditCheck/x-dead-letter/messages/0", "route-message")],
        ),
        (
            "a retry of another channel",
            |d| {
                d["operations"]["creditCheck"]["x-retry"] = json!({ "routes": [{
                    "channel": { "$ref": "#/channels/creditCheckReply" },
                    "messages": [{ "$ref": "#/components/messages/CreditCheckRequest" }]
                }] });
            },
            &[("/operations/creditCheck/x-retry/routes/0/messages/0", "route-message")],
        ),
        (
            "a component with a type's name",
            |d| {
                d["components"]["schemas"]["My.Type<T>"] = json!({});
            },
            &[("/components/schemas/My.Type<T>", "key")],
        ),
        (
            "an operation with a blank",
            |d| {
                d["operations"]["credit check"] = json!({ "action": "receive", "channel": { "$ref": "#/channels/creditCheckIn" } })
            },
            &[("/operations/credit check", "key")],
        ),
        (
            "a client that is no schema",
            |d| d["operations"]["creditCheck"]["bindings"]["kafka"]["clientId"] = json!("me"),
            &[("/operations/creditCheck/bindings/kafka/clientId", "binding-schema")],
        ),
        (
            "a key that is no schema",
            |d| {
                d["components"]["messages"]["CreditCheckRequest"]["bindings"]["kafka"]["key"] =
                    json!("uuid")
            },
            &[("/components/messages/CreditCheckRequest/bindings/kafka/key", "binding-schema")],
        ),
        (
            "an address with a blank",
            |d| d["channels"]["creditCheckReply"]["address"] = json!("credit check"),
            &[("/channels/creditCheckReply/address", "topic-name")],
        ),
        (
            "an address that is too long",
            |d| d["channels"]["creditCheckReply"]["address"] = json!("a".repeat(250)),
            &[("/channels/creditCheckReply/address", "topic-name")],
        ),
        (
            "an address with a star",
            |d| d["channels"]["creditCheckReply"]["address"] = json!("engine.receive.*"),
            &[("/channels/creditCheckReply/address", "topic-name")],
        ),
        (
            "an address with a slash in front",
            |d| d["channels"]["creditCheckReply"]["address"] = json!("/legacy.in"),
            &[("/channels/creditCheckReply/address", "topic-name")],
        ),
        (
            "an address used twice",
            |d| {
                d["channels"]["creditCheckReply"]["address"] =
                    json!("ai.flowx.dev.credit-check.in.v1")
            },
            &[("/channels/creditCheckReply/address", "address-twice")],
        ),
        (
            "an address with a parameter that nobody describes",
            |d| d["channels"]["creditCheckReply"]["address"] = json!("engine.{topic}"),
            &[("/channels/creditCheckReply/address", "address-parameter")],
        ),
        (
            "a parameter that is nowhere",
            |d| d["channels"]["creditCheckReply"]["parameters"] = json!({ "topic": {} }),
            &[("/channels/creditCheckReply/parameters/topic", "address-parameter")],
        ),
        (
            "a binding of another topic",
            |d| d["channels"]["creditCheckIn"]["bindings"]["kafka"]["topic"] = json!("other"),
            &[("/channels/creditCheckIn/bindings/kafka/topic", "topic-binding")],
        ),
        (
            "a flowx operation without a hash",
            |d| d["operations"]["creditCheck"]["x-flowx-order"] = json!("key"),
            &[("/operations/creditCheck/x-flowx-contract", "contract-hash")],
        ),
    ];
    for (name, change, findings) in cases {
        let mut document = stored("good");
        change(&mut document);
        assert_eq!(found(&document), expected(findings), "{name}");
    }
}

#[test]
fn what_is_allowed_is_not_found() {
    let cases: &[(&str, Change)] = &[
        ("a reply to an address of the request", |d| {
            d["operations"]["creditCheck"]["reply"]["address"] =
                json!({ "location": "$message.header#/REPLY_TOPIC" });
            d["channels"]["creditCheckReply"]["address"] = json!(null);
        }),
        ("one address on two clusters", |d| {
            d["servers"]["test"] = json!({ "host": "test:9092", "protocol": "kafka" });
            let mut other = d["channels"]["creditCheckIn"].clone();
            other["servers"] = json!([{ "$ref": "#/servers/test" }]);
            d["channels"]["other"] = other;
        }),
        ("a schema in a language of its own", |d| {
            d["components"]["messages"]["CreditCheckReply"]["payload"] = json!({
                "schemaFormat": "application/vnd.apache.avro;version=1.9.0",
                "schema": { "type": "record", "name": "Reply", "fields": [] }
            });
            d["components"]["messages"]["CreditCheckReply"]["examples"] = json!([{ "payload": 1 }]);
        }),
        ("a payload that is no JSON", |d| {
            d["components"]["messages"]["CreditCheckRequest"]["contentType"] = json!("text/csv");
            d["components"]["messages"]["CreditCheckRequest"]["examples"][0]["payload"] =
                json!("a;b");
        }),
        ("draft-07, said so", |d| {
            d["components"]["schemas"]["Address"]["$schema"] =
                json!("http://json-schema.org/draft-07/schema#");
        }),
        ("data that looks like references", |d| {
            d["components"]["schemas"]["Address"]["properties"]["$ref"] =
                json!({ "enum": [{ "$ref": "#/x" }] });
        }),
        ("keywords as names of properties", |d| {
            d["components"]["schemas"]["Address"]["properties"]["prefixItems"] =
                json!({ "type": "string" });
        }),
    ];
    for (name, change) in cases {
        let mut document = stored("good");
        change(&mut document);
        assert_eq!(found(&document), [], "{name}");
    }
}

#[test]
fn all_mistakes_are_told_at_once_in_the_order_of_their_places() {
    let mut document = stored("good");
    document["channels"]["creditCheckReply"]["address"] = json!("credit check");
    document["components"]["schemas"]["My Type"] = json!({ "type": "text", "$defs": {} });
    document["operations"]["creditCheck"]["bindings"]["kafka"]["groupId"] = json!("g");
    let findings = lint(&document);
    assert!(findings.is_sorted_by_key(|finding| finding.path.clone()), "{findings:#?}");
    let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert_eq!(
        lines[4],
        r#"/operations/creditCheck/bindings/kafka/groupId: `groupId` is a schema, not a value; write {"type": "string", "enum": ["g"]} [binding-schema]"#
    );
}

#[test]
fn what_is_no_document_is_not_a_panic() {
    for document in [
        json!(null),
        json!([]),
        json!({}),
        json!({ "channels": [], "operations": 1, "components": { "schemas": "a" } }),
        json!({ "channels": { "a": null }, "operations": { "a": { "channel": 1, "messages": {} } } }),
        json!({ "components": { "messages": { "a": { "headers": { "$ref": "#/components/messages/a/headers" } } } } }),
        json!({ "components": {
            "messages": { "a": {
                "payload": { "$ref": "#/components/schemas/a" },
                "examples": [{ "payload": 1 }]
            } },
            "schemas": { "a": { "allOf": [{ "$ref": "#/components/schemas/a" }] } }
        } }),
    ] {
        let _ = lint(&document);
    }
}
