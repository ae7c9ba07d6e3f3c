//! Replies as the engine would store them: a success, and one for each code.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::conditions::Reply;
use super::kind::Kind;
use super::part::{Part, Schemas};
use crate::contract::model::{CodeContract, HandlerContract};
use crate::contract::sample;
use crate::message::error_reply::{CODE_FIELD, ErrorReply};

/// An error reply with one code.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SampleError {
    /// The code.
    pub code: String,
    /// What it means; empty if nobody said.
    pub description: String,
    /// Whether it is one of flowx's own, which every handler may send.
    pub own: bool,
    /// The reply.
    pub reply: Value,
}

/// A request: the first example of the handler, else one that is made up.
pub(super) fn request(handler: &HandlerContract) -> Value {
    let example = handler.examples.first().cloned();
    example.unwrap_or_else(|| sample::of(&handler.request))
}

/// A successful reply, with the error field as it is sent; `None` if there is none.
///
/// Examples of the reply's type come first, and what its schema refuses comes last.
pub(super) fn success(handler: &HandlerContract, error_field: &str) -> Option<Value> {
    let schema = handler.reply.as_ref()?;
    let examples = schema.get("examples").and_then(Value::as_array).into_iter().flatten();
    let mut without = schema.clone();
    if let Some(root) = without.as_object_mut() {
        root.shift_remove("examples");
    }
    let mut candidates: Vec<Value> = examples.cloned().chain([sample::of(&without)]).collect();
    for candidate in &mut candidates {
        if candidate.is_null() {
            // The type says nothing, and what is sent is an object or a list.
            *candidate = json!({ error_field: null });
        }
        complete(candidate, schema, error_field);
    }
    // A schema that its author got wrong refuses nothing.
    let validator = jsonschema::validator_for(schema).ok();
    let valid = validator.and_then(|validator| {
        candidates.iter().position(|candidate| validator.is_valid(candidate))
    });
    Some(candidates.swap_remove(valid.unwrap_or(0)))
}

/// Adds the error field, where the reply is an object and its schema has the field.
fn complete(reply: &mut Value, schema: &Value, error_field: &str) {
    if let (Some(reply), true) = (reply.as_object_mut(), carries_null(schema, error_field)) {
        reply.entry(error_field).or_insert(Value::Null);
    }
}

/// Whether flowx adds this field to successful replies: it says so in the schema, of all branches.
fn carries_null(schema: &Value, field: &str) -> bool {
    let mut schemas = Schemas::of(schema);
    let mut next = vec![schemas.whole()];
    while let Some(part) = next.pop() {
        let of_field = part.properties().into_iter().find(|(name, _)| *name == field);
        if let Some((name, property)) = of_field {
            let type_of = property.get("type");
            // Without a type the value may bring any; without a `null` it would be the type's own.
            return type_of.is_none() || type_of == Some(&json!("null")) || part.requires(name);
        }
        for form in part.choices.iter().flatten() {
            next.push(schemas.part(form));
        }
    }
    false
}

/// What stands under the key of a reply besides an object.
pub(super) fn shape(handler: &HandlerContract) -> Reply {
    let Some(schema) = &handler.reply else { return Reply::Nothing };
    let mut schemas = Schemas::of(schema);
    let whole = schemas.whole();
    let is_object = |part: &Part<'_>| part.types() == ["object"];
    let is_plain = Kind::of(&whole, &schemas) == Kind::Object && is_object(&whole);
    let all_forms = !whole.choices.is_empty()
        && whole.choices.iter().flatten().all(|form| is_object(&schemas.part(form)));
    if is_plain || all_forms || Kind::of(&whole, &schemas) == Kind::Currency {
        Reply::Object
    } else {
        Reply::List
    }
}

/// An error reply for each code that may come.
pub(super) fn errors(handler: &HandlerContract, error_field: &str) -> Vec<SampleError> {
    let error = |code: &CodeContract| {
        let text = if code.description.is_empty() {
            "What went wrong, for people."
        } else {
            &code.description
        };
        let reply = ErrorReply { field: error_field, code: &code.code, message: text };
        SampleError {
            code: code.code.clone(),
            description: code.description.clone(),
            own: code.own,
            reply: serde_json::to_value(reply)
                .unwrap_or_else(|_| json!({ error_field: text, CODE_FIELD: code.code })),
        }
    };
    if handler.error.is_some() { handler.codes.iter().map(error).collect() } else { Vec::new() }
}
