//! Messages: what goes over the topics, with headers, keys and examples.

use serde_json::{Map, Value, json};

use super::channels::{PARAMETER, Topic};
use super::headers::Headers;
use super::schemas::{Schemas, Use};
use super::{JSON, KAFKA_BINDING, Place, Subject, reference};
use crate::contract::model::{CodeContract, Contract};
use crate::contract::sample;
use crate::message::error_reply::CODE_FIELD;

/// The name under which the correlation of all messages stands in the components.
const CORRELATION: &str = "processInstance";

/// What a message is to its handler.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Request,
    Reply,
    Error,
    Retry,
    DeadLetter,
}

/// A message of the document and the topics that carry it.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) key: String,
    pub(super) role: Role,
    /// The handler's name.
    pub(super) handler: String,
    pub(super) topics: Vec<Topic>,
    pub(super) object: Value,
}

impl Role {
    /// The name of this message of a handler.
    pub(super) fn key(self, subject: &Subject<'_>) -> String {
        let role = match self {
            Self::Request => "request",
            Self::Reply => "reply",
            Self::Error => "error",
            Self::Retry => "retry",
            Self::DeadLetter => "deadLetter",
        };
        format!("{}.{role}", subject.key)
    }

    fn headers(self) -> Headers {
        match self {
            Self::Request => Headers::Request,
            Self::Reply | Self::Error => Headers::Reply,
            Self::Retry => Headers::Retry,
            Self::DeadLetter => Headers::DeadLetter,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Self::Request => "Request",
            Self::Reply => "Reply",
            Self::Error => "Error reply",
            Self::Retry => "Waiting request",
            Self::DeadLetter => "Dead letter",
        }
    }

    /// What the key of a record is.
    fn key_says(self) -> &'static str {
        match self {
            Self::Reply | Self::Error => {
                "The `processInstanceUuid` of the request; without one, the request's own key."
            }
            Self::Retry | Self::DeadLetter => "The key of the request.",
            Self::Request => {
                "Any key. Requests stay in order by their process instance; where the headers name none, by this key."
            }
        }
    }
}

/// The messages of a handler.
pub(super) fn of(
    subject: &Subject<'_>,
    contract: &Contract,
    schemas: &Schemas,
    place: &Place,
) -> Vec<Message> {
    let request = schemas.reference(subject, Use::Request);
    let dead_letter = json!({ "description": "The request, byte for byte; it may be no JSON." });
    let retry = request.clone().filter(|_| !subject.contract.retry_topics.is_empty());
    let reply = schemas.reference(subject, Use::Reply);
    let error = schemas.reference(subject, Use::Error);
    [
        (Role::Request, request),
        (Role::Reply, reply),
        (Role::Error, error),
        (Role::Retry, retry),
        (Role::DeadLetter, Some(dead_letter)),
    ]
    .into_iter()
    .filter_map(|(role, payload)| {
        Some(Message {
            key: role.key(subject),
            role,
            handler: subject.contract.name.clone(),
            topics: topics(role, subject),
            object: object(role, payload?, subject, contract, schemas, place),
        })
    })
    .collect()
}

/// What ties a reply to its request.
pub(super) fn correlation_ids() -> Value {
    json!({ CORRELATION: {
        "description": "The process instance that waits.",
        "location": "$message.header#/processInstanceUuid",
    } })
}

/// The address of a handler's topic or pattern.
pub(super) fn own_address(subject: &Subject<'_>) -> String {
    let topic = &subject.contract.topic;
    match topic.strip_suffix('*').filter(|_| subject.is_pattern()) {
        Some(prefix) => format!("{prefix}{{{PARAMETER}}}"),
        None => topic.clone(),
    }
}

/// The address of the topic of its dead letters.
pub(super) fn dead_letter_address(subject: &Subject<'_>) -> String {
    let topic = &subject.contract.dead_letter_topic;
    if subject.is_pattern() {
        topic.replace("<topic>", &format!("{{{PARAMETER}}}"))
    } else {
        topic.clone()
    }
}

fn topics(role: Role, subject: &Subject<'_>) -> Vec<Topic> {
    let own = own_address(subject);
    let at = |address: String| Topic { address, beside: None };
    let beside = |address: String| Topic { address, beside: Some(own.clone()) };
    match role {
        Role::Request => vec![at(own)],
        Role::Reply | Role::Error => subject.contract.reply_topic.iter().cloned().map(at).collect(),
        Role::Retry => {
            let retries = subject.contract.retry_topics.iter();
            retries.map(|retry| beside(retry.topic.clone())).collect()
        }
        Role::DeadLetter => vec![beside(dead_letter_address(subject))],
    }
}

fn object(
    role: Role,
    payload: Value,
    subject: &Subject<'_>,
    contract: &Contract,
    schemas: &Schemas,
    place: &Place,
) -> Value {
    let mut object = Map::new();
    let mut add = |name: &str, value: Value| object.insert(name.to_owned(), value);
    add("name", json!(role.key(subject)));
    add("title", json!(format!("{} of {}", role.title(), subject.contract.name)));
    if let Some(summary) = summary(role, subject, schemas) {
        add("summary", json!(summary));
    }
    add(
        "contentType",
        // What failed may have failed because it is something else.
        json!(if role == Role::DeadLetter { "application/octet-stream" } else { JSON }),
    );
    add("headers", role.headers().reference());
    add("payload", payload);
    add("correlationId", reference(format!("components/correlationIds/{CORRELATION}")));
    let key = json!({ "type": "string", "description": role.key_says() });
    add("bindings", json!({ "kafka": { "key": key, "bindingVersion": KAFKA_BINDING } }));
    let examples = examples(role, subject, contract, schemas);
    let examples: Vec<Value> = examples
        .into_iter()
        .map(|mut example| {
            example["headers"] = role.headers().example(place);
            example
        })
        .collect();
    if !examples.is_empty() {
        add("examples", Value::Array(examples));
    }
    Value::Object(object)
}

fn summary(role: Role, subject: &Subject<'_>, schemas: &Schemas) -> Option<String> {
    let of_schema = |usage: Use| {
        let description = schemas.document(subject, usage)?.get("description")?.as_str()?;
        let paragraph = description.split("\n\n").next()?.split_whitespace();
        let paragraph = paragraph.collect::<Vec<_>>().join(" ");
        (!paragraph.is_empty()).then_some(paragraph)
    };
    match role {
        Role::Request => of_schema(Use::Request),
        Role::Reply => of_schema(Use::Reply),
        Role::Error => Some("The request failed; the code says why.".to_owned()),
        Role::Retry => Some("A request that failed and is tried again when it is due.".to_owned()),
        Role::DeadLetter => Some("The original of a request that failed for good.".to_owned()),
    }
}

fn examples(
    role: Role,
    subject: &Subject<'_>,
    contract: &Contract,
    schemas: &Schemas,
) -> Vec<Value> {
    match role {
        Role::Request => shown(subject, Use::Request, schemas, &subject.contract.examples),
        Role::Reply => {
            let schema = schemas.document(subject, Use::Reply);
            let own = schema.and_then(|schema| schema.get("examples")?.as_array());
            shown(subject, Use::Reply, schemas, own.map_or(&[], Vec::as_slice))
        }
        Role::Error => {
            let codes = subject.contract.codes.iter();
            codes.map(|code| error_example(code, &contract.error_field)).collect()
        }
        Role::Retry | Role::DeadLetter => Vec::new(),
    }
}

/// What somebody gave as examples, else a sample of the schema, as far as they are valid: what a reply
/// type is shown with was looked at by nobody yet.
fn shown(subject: &Subject<'_>, usage: Use, schemas: &Schemas, given: &[Value]) -> Vec<Value> {
    let Some(schema) = schemas.document(subject, usage) else { return Vec::new() };
    let Ok(validator) = jsonschema::draft7::new(schema) else { return Vec::new() };
    let mut valid: Vec<Value> =
        given.iter().filter(|example| validator.is_valid(example)).cloned().collect();
    if valid.is_empty() {
        valid.extend(Some(sample::of(schema)).filter(|sample| validator.is_valid(sample)));
    }
    let named = (1..).zip(valid).map(|(number, payload)| {
        json!({
            "name": format!("{}-{}-{number}", subject.contract.name, usage.name()),
            "headers": {},
            "payload": payload,
        })
    });
    named.collect()
}

fn error_example(code: &CodeContract, error_field: &str) -> Value {
    let text = if code.description.is_empty() { &code.code } else { &code.description };
    let payload = [(error_field, text), (CODE_FIELD, &code.code)];
    let payload: Map<_, _> =
        payload.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    let mut example = json!({ "name": code.code });
    if !code.description.is_empty() {
        example["summary"] = json!(code.description);
    }
    example["headers"] = json!({});
    example["payload"] = Value::Object(payload);
    example
}
