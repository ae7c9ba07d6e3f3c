//! One short text that changes when and only when a process could notice a change.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::model::{HandlerContract, TopicNaming};
use crate::handler::schema::walk;

/// Keywords that explain a schema and admit or refuse nothing.
pub(super) const ANNOTATIONS: &[&str] = &[
    "$comment",
    "$id",
    "$schema",
    "default",
    "deprecated",
    "description",
    "examples",
    "readOnly",
    "title",
    "writeOnly",
];

/// The hash of a handler's contract: 16 hexadecimal digits of a SHA-256.
///
/// It covers the topics without prefix and suffix, the order, the codes and the schemas, and in these
/// only what decides about JSON: no texts, no examples, no names of Rust types.
pub(super) fn of(handler: &HandlerContract, naming: &TopicNaming) -> String {
    let mut codes: Vec<&str> = handler.codes.iter().map(|code| code.code.as_str()).collect();
    codes.sort_unstable();
    let covered = json!({
        "topic": naming.own_name(&handler.topic),
        "reply": handler.reply_topic.as_deref().map(|topic| naming.own_name(topic)),
        "order": handler.order,
        "codes": codes,
        "open": handler.codes_open,
        "schemas": [
            bare(handler.request.clone()),
            handler.reply.clone().map(bare),
            handler.error.clone().map(bare),
        ],
    });
    let digest = Sha256::digest(sorted(&covered).to_string());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A schema without annotations, its definitions numbered in the order in which they are met.
fn bare(mut schema: Value) -> Value {
    walk::change_all(&mut schema, &mut |schema| {
        schema.retain(|keyword, _| {
            !ANNOTATIONS.contains(&keyword.as_str()) && !keyword.starts_with("x-")
        });
        for keyword in ["enum", "required", "type"] {
            if let Some(Value::Array(set)) = schema.get_mut(keyword) {
                set.sort_by_cached_key(Value::to_string);
            }
        }
    });
    let definitions = schema.as_object_mut().and_then(|root| root.shift_remove("$defs"));
    let Some(Value::Object(definitions)) = definitions else { return schema };
    let mut met: Vec<String> = Vec::new();
    let mut numbered = Map::new();
    renumber(&mut schema, &mut met);
    let mut next = 0;
    while let Some(name) = met.get(next).cloned() {
        let mut definition = definitions.get(&name).cloned().unwrap_or(Value::Null);
        renumber(&mut definition, &mut met);
        numbered.insert(next.to_string(), definition);
        next += 1;
    }
    schema["$defs"] = Value::Object(numbered);
    schema
}

/// Replaces the names in references by the numbers of the definitions.
fn renumber(schema: &mut Value, met: &mut Vec<String>) {
    *schema = sorted(schema);
    walk::change_all(schema, &mut |schema| {
        let Some(Value::String(reference)) = schema.get_mut("$ref") else { return };
        let Some(name) = reference.strip_prefix("#/$defs/") else { return };
        let number = met.iter().position(|known| known == name).unwrap_or_else(|| {
            met.push(name.to_owned());
            met.len() - 1
        });
        *reference = format!("#/$defs/{number}");
    });
}

/// The same JSON with the keys of all objects in order.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(object) => {
            let ordered: BTreeMap<_, _> = object.iter().collect();
            ordered.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        Value::Array(array) => array.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_texts_and_the_order_of_keys_do_not_count() {
        let one = json!({
            "title": "Order",
            "type": "object",
            "properties": { "a": { "$ref": "#/$defs/Money" }, "title": { "type": "string" } },
            "required": ["title", "a"],
            "$defs": { "Money": { "description": "x", "type": "number" } }
        });
        let same = json!({
            "properties": { "title": { "type": "string" }, "a": { "$ref": "#/$defs/Cash" } },
            "type": "object",
            "required": ["a", "title"],
            "$defs": { "Cash": { "type": "number", "examples": [1] }, "Unused": {} }
        });
        let other = json!({
            "type": "object",
            "properties": { "a": { "$ref": "#/$defs/Money" } },
            "$defs": { "Money": { "type": "number" } }
        });
        assert_eq!(sorted(&bare(one.clone())), sorted(&bare(same)));
        assert_ne!(sorted(&bare(one)), sorted(&bare(other)));
    }

    #[test]
    fn a_definition_that_refers_to_itself_ends() {
        let tree = json!({
            "$ref": "#/$defs/Tree",
            "$defs": { "Tree": { "type": "array", "items": { "$ref": "#/$defs/Tree" } } }
        });
        let numbered = json!({
            "$ref": "#/$defs/0",
            "$defs": { "0": { "type": "array", "items": { "$ref": "#/$defs/0" } } }
        });
        assert_eq!(bare(tree), numbered);
    }
}
