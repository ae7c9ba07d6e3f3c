//! Examples: what they show is what the schemas admit.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::document::{Document, Part, SchemaPart, member};
use super::{Finding, pointer};
use crate::handler::schema::Draft;

/// How many mistakes of one example are told.
const MOST: usize = 5;

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for message in document.messages() {
        for (name, rule) in [("payload", "example-payload"), ("headers", "example-headers")] {
            if name == "headers" || is_json(document, &message) {
                check_part(document, &message, name, rule, findings);
            }
        }
    }
}

/// Whether the payload is JSON, as far as the document says anything.
fn is_json(document: &Document<'_>, message: &Part<'_>) -> bool {
    let own = message.value.get("contentType");
    let said = own.or_else(|| document.root.get("defaultContentType")).and_then(Value::as_str);
    said.is_none_or(|said| said.contains("json"))
}

fn check_part(
    document: &Document<'_>,
    message: &Part<'_>,
    name: &'static str,
    rule: &'static str,
    findings: &mut Vec<Finding>,
) {
    let examples = message.value.get("examples").and_then(Value::as_array);
    let shown: Vec<(usize, &Value)> = examples
        .into_iter()
        .flatten()
        .enumerate()
        .filter_map(|(index, example)| Some((index, example.get(name)?)))
        .collect();
    let Some(schema) = member(message, name).filter(|_| !shown.is_empty()) else { return };
    let Some(validator) = validator(document, schema) else { return };
    for (index, value) in shown {
        let place = format!("{}/examples/{index}/{name}", message.path);
        for error in validator.iter_errors(value).take(MOST) {
            findings.push(Finding::new(
                format!("{place}{}", error.instance_path()),
                rule,
                format!(
                    "the schema does not admit this: {error}; correct the example or the schema"
                ),
            ));
        }
    }
}

/// The validator of a schema that may refer to all of the document; `None` if it is not for this
/// linter to read, or no schema, which another rule says.
fn validator(document: &Document<'_>, schema: Part<'_>) -> Option<jsonschema::Validator> {
    let written = document.resolved(schema.value)?;
    let schema = SchemaPart::of(Part { value: written, ..schema });
    if !schema.is_json_schema() {
        return None;
    }
    // What the schema refers to stands in its root where the references say, and nothing else does: a
    // document has as many messages as it is long.
    let mut root = reached(document.root, schema.value);
    root.insert("$schema".to_owned(), json!(Draft::Draft07.meta_schema()));
    root.insert("allOf".to_owned(), json!([schema.value]));
    jsonschema::draft7::new(&Value::Object(root)).ok()
}

/// The parts of a document to which a schema refers, and these in turn, each at its place.
fn reached(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut root = Map::new();
    let mut known = BTreeSet::new();
    let mut waiting = references(schema);
    while let Some(reference) = waiting.pop() {
        let target = pointer::target(document, reference);
        let (Some(target), true) = (target, known.insert(reference)) else { continue };
        waiting.extend(references(target));
        let place = pointer::of_reference(reference).unwrap_or_default();
        if copy(document, &place, &mut root).is_none() {
            // An element of a list, or the whole: nothing less than the document will do.
            return document.as_object().cloned().unwrap_or_default();
        }
    }
    root
}

fn references(value: &Value) -> Vec<&str> {
    let mut found = Vec::new();
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        found.extend(pointer::reference(value));
        match value {
            Value::Object(object) => waiting.extend(object.values()),
            Value::Array(list) => waiting.extend(list),
            _ => {}
        }
    }
    found
}

/// Copies what a pointer leads to, if only objects lead there.
fn copy(document: &Value, place: &str, root: &mut Map<String, Value>) -> Option<()> {
    let names: Vec<String> = place
        .strip_prefix('/')?
        .split('/')
        .map(|name| name.replace("~1", "/").replace("~0", "~"))
        .collect();
    let (last, before) = names.split_last()?;
    let (mut from, mut to) = (document.as_object()?, root);
    for name in before {
        from = from.get(name)?.as_object()?;
        to = to.entry(name.clone()).or_insert_with(|| json!({})).as_object_mut()?;
    }
    to.insert(last.clone(), from.get(last)?.clone());
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_referred_to_is_reached() {
        let document = json!({
            "info": { "title": "t" },
            "components": { "schemas": {
                "A": { "properties": { "b/c": { "$ref": "#/components/schemas/B" } } },
                "B": { "items": { "$ref": "#/components/schemas/A/properties/b~1c" } },
                "C": { "oneOf": [{ "type": "string" }] }
            } }
        });
        let schemas = |names: &[&str]| {
            let own =
                |name: &&str| ((*name).to_owned(), document["components"]["schemas"][name].clone());
            let schemas: Map<_, _> = names.iter().map(own).collect();
            json!({ "components": { "schemas": schemas } })
        };
        for (reference, root) in [
            ("#/components/schemas/A", schemas(&["A", "B"])),
            ("#/components/schemas/C", schemas(&["C"])),
            ("#/components/schemas/C/oneOf/0", document.clone()),
            ("#", document.clone()),
            ("#/nothing", json!({})),
        ] {
            let reached = reached(&document, &json!({ "$ref": reference }));
            assert_eq!(Value::Object(reached), root, "{reference}");
        }
    }
}
