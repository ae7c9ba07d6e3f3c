//! What changes from one JSON Schema to another, place by place.
//!
//! Both are walked in step (`walk`), in a form in which equal things look equal (`document`, `cases`).
//! At each place where they differ it is judged whether all that is sent is still accepted, with
//! what senders are known to leave out (`closed`). At the end the whole is judged once more: what the
//! walk has not seen is reported all the same.

mod cases;
mod closed;
mod document;
mod facets;
mod fields;
mod lists;
mod merge;
mod path;
mod same;
mod shapes;
mod walk;
mod words;

use serde_json::{Map, Value};

use super::Verdict;
use super::containment::{Judgement, judge};
use crate::handler::schema::walk::change_all;
use crate::message::error_reply::CODE_FIELD;

/// Who sends what a schema describes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// Processes send it, after the old schema; the connector accepts what the new one says.
    Request,
    /// The connector sends it, after the new schema; processes expect what the old one says.
    Reply,
}

/// One difference between two schemas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: String,
    pub(super) what: String,
    pub(super) verdict: Verdict,
    pub(super) reason: String,
}

/// All differences that could matter, by path; none between schemas that say the same.
pub(super) fn compare(old: &Value, new: &Value, direction: Direction) -> Vec<Found> {
    let (old, new) = (document::Document::of(old), document::Document::of(new));
    if same::same(&old, &old.root, &new, &new.root) {
        return Vec::new();
    }
    let sides = closed::Sides::new(&old, &new, direction);
    let (sent, accepted) = sides.whole();
    let whole = judge(&sent, &accepted);
    let mut found = walk::walk(&sides, whole == Judgement::Contained);
    let harm = found.iter().any(|found| found.verdict != Verdict::Safe);
    let is_missed = match whole {
        Judgement::Contained => false,
        Judgement::Refused | Judgement::Apart => !harm,
        // The walk has an answer of its own for every place that it has named.
        Judgement::Unknown => found.is_empty(),
    };
    if is_missed {
        found.insert(
            0,
            Found {
                path: path::Path::root().to_string(),
                what: "The schema as a whole has changed.".to_owned(),
                verdict: words::verdict(whole),
                reason: words::reason(direction, whole, words::Cause::Rules),
            },
        );
    }
    found
}

/// A schema whose error field has the new name, so that only the name's own change is reported.
pub(super) fn rename_field(mut schema: Value, old: &str, new: &str) -> Value {
    if old == new {
        return schema;
    }
    let text = |schema: &Value| matches!(schema["type"].as_str(), Some("null" | "string"));
    change_all(&mut schema, &mut |schema: &mut Map<String, Value>| {
        let Some(Value::Object(properties)) = schema.get_mut("properties") else { return };
        if !properties.get(old).is_some_and(text) || properties.contains_key(new) {
            return;
        }
        if let Some(field) = properties.shift_remove(old) {
            properties.insert(new.to_owned(), field);
        }
        if let Some(Value::Array(required)) = schema.get_mut("required") {
            required.iter_mut().filter(|name| **name == old).for_each(|name| *name = new.into());
        }
    });
    schema
}

/// The schema of an error reply without its codes, which are compared by themselves.
pub(super) fn without_codes(schema: &Value) -> Value {
    let mut schema = schema.clone();
    if let Some(Value::Object(codes)) = schema.pointer_mut(&format!("/properties/{CODE_FIELD}")) {
        codes.retain(|keyword, _| keyword == "type");
    }
    schema
}
