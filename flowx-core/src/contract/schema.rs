//! JSON Schemas of everything a handler takes and sends, as files.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::handler::bound::BoundHandler;
use crate::handler::codes::{Code, OWN_CODES};
use crate::handler::registry::Registry;
use crate::handler::schema::Draft;
use crate::message::error_reply::CODE_FIELD;

/// All schemas of a connector, by file name: `<draft>/<handler>.<request|reply|error>.schema.json`.
///
/// A handler without a reply has no reply schema, one that sends nothing no error schema either.
#[must_use]
pub fn files(registry: &Registry, error_field: &str) -> BTreeMap<PathBuf, Value> {
    let mut files = BTreeMap::new();
    for draft in [Draft::Draft202012, Draft::Draft07] {
        for route in registry.routes() {
            let handler = &route.handler;
            let mut add = |kind: &str, schema: Value| {
                let name = format!("{}.{kind}.schema.json", handler.name);
                files.insert(PathBuf::from(draft.name()).join(name), schema);
            };
            add("request", handler.request_schema(draft));
            if let Some(schema) = handler.reply_schema(draft) {
                add("reply", schema);
            }
            if route.reply.is_some() {
                add("error", error_schema(handler, error_field, draft));
            }
        }
    }
    files
}

/// The schema of a handler's error replies: the text, and every code that may come with it.
#[must_use]
pub fn error_schema(handler: &BoundHandler, error_field: &str, draft: Draft) -> Value {
    let code = |code: &Code| json!({ "const": code.code, "description": code.docs.summary() });
    let known: Vec<Value> = handler.codes.iter().chain(&OWN_CODES).map(code).collect();
    let mut codes = json!({ "type": "string", "description": "What a gateway branches on." });
    if handler.codes.is_open() {
        codes["examples"] = known.iter().map(|code| code["const"].clone()).collect();
    } else {
        codes["oneOf"] = Value::Array(known);
    }
    let mut properties = Map::new();
    let text = json!({ "type": "string", "description": "What a person reads." });
    properties.insert(error_field.to_owned(), text);
    properties.insert(CODE_FIELD.to_owned(), codes);
    json!({
        "$schema": draft.meta_schema(),
        "title": format!("Error reply of {}", handler.name),
        "type": "object",
        "properties": properties,
        "required": [error_field, CODE_FIELD],
    })
}
