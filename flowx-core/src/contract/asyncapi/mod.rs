//! What a connector promises as an AsyncAPI 3.1 document: topics, messages, replies and errors, for
//! people and tools that know nothing of flowx.
//!
//! Payloads are written in AsyncAPI's own schema, which extends draft-07 and is the one format that
//! every tool must read. It is also the format of `components.schemas`, so that no reference leads
//! from one format into another.
//!
//! What AsyncAPI has no words for stands in extensions of an operation:
//!
//! | extension | what it says |
//! |---|---|
//! | `x-retry` | how often and how long a request is tried, and the topics on which it waits meanwhile |
//! | `x-dead-letter` | where the original of a failed request is put aside |
//! | `x-flowx-contract` | the hash of the handler's contract: it changes when a process could notice a change |
//! | `x-flowx-guarantee` | how often a request is handled |
//! | `x-flowx-order` | what runs one after another |
//!
//! The first two have the shape that is proposed for AsyncAPI itself, as siblings of `reply`: a channel
//! and messages of it by reference, attempts, and a strategy of waiting.

mod channels;
mod duration;
mod headers;
mod keys;
mod messages;
mod operations;
mod place;
mod schemas;

use serde_json::{Map, Value, json};

use super::model::{Contract, HandlerContract};
use crate::handler::registry::{Registry, Route};
use crate::message::error_reply::CODE_FIELD;
use crate::message::topic::Subscription;

pub use place::{Place, Security, Server};

/// The version of AsyncAPI.
const ASYNCAPI: &str = "3.1.0";
/// The version of the Kafka bindings.
const KAFKA_BINDING: &str = "0.5.0";
const JSON: &str = "application/json";

/// The document of a connector; `contract` is the one of these handlers.
#[must_use]
pub fn document(registry: &Registry, contract: &Contract, place: &Place) -> Value {
    let subjects = subjects(registry, contract);
    let schemas = schemas::Schemas::of(&subjects, contract);
    let mut channels = channels::Channels::new(&contract.naming);
    let mut messages = Map::new();
    let mut operations = Map::new();
    for subject in &subjects {
        for message in messages::of(subject, contract, &schemas, place) {
            channels.carry(&message);
            messages.insert(message.key, message.object);
        }
    }
    for subject in &subjects {
        let operation = operations::operation(subject, contract, &channels);
        operations.insert(subject.key.clone(), operation);
    }
    let mut document = Map::new();
    let mut add = |name: &str, value: Value| document.insert(name.to_owned(), value);
    add("asyncapi", json!(ASYNCAPI));
    add("info", info(contract, place));
    add("defaultContentType", json!(JSON));
    if !place.servers.is_empty() {
        add("servers", place::servers(place));
    }
    add("channels", channels.into_json());
    add("operations", Value::Object(operations));
    add("components", components(messages, schemas, place));
    Value::Object(document)
}

/// A handler with all that is known of it.
#[derive(Debug)]
struct Subject<'a> {
    /// Its name, as far as a component may have it.
    key: String,
    route: &'a Route,
    contract: &'a HandlerContract,
}

impl Subject<'_> {
    fn is_pattern(&self) -> bool {
        matches!(self.route.subscription, Subscription::Prefix(_))
    }
}

fn subjects<'a>(registry: &'a Registry, contract: &'a Contract) -> Vec<Subject<'a>> {
    let mut keys = keys::Keys::default();
    let known = registry.routes().filter_map(|route| {
        let contract = contract.handler(route.name())?;
        Some(Subject { key: keys.claim(route.name()), route, contract })
    });
    known.collect()
}

fn info(contract: &Contract, place: &Place) -> Value {
    let error_field = &contract.error_field;
    json!({
        "title": place.title,
        "version": place.version,
        "description": format!(
            "A connector of the FLOWX.AI process engine. Each operation reads requests of process instances from a topic; where it answers, all headers of the request go back, so that the engine finds the process that waits. A failure is answered too, with a text in `{error_field}` and a code in `{CODE_FIELD}`."
        ),
    })
}

fn components(messages: Map<String, Value>, schemas: schemas::Schemas, place: &Place) -> Value {
    let mut components = Map::new();
    let headers = headers::schemas(&messages, place);
    components.insert("messages".to_owned(), Value::Object(messages));
    components.insert("schemas".to_owned(), schemas.into_json(headers));
    components.insert("correlationIds".to_owned(), messages::correlation_ids());
    let security = place::security_schemes(place);
    if !security.is_empty() {
        components.insert("securitySchemes".to_owned(), Value::Object(security));
    }
    Value::Object(components)
}

fn reference(path: impl std::fmt::Display) -> Value {
    json!({ "$ref": format!("#/{path}") })
}
