//! Where schemas stand inside a schema.
//!
//! A property may be called `title` or `items`: only who knows the keywords can tell a schema from a
//! value. Both drafts are covered.

use serde_json::{Map, Value};

/// What stands under a keyword.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// A schema, or a list of schemas (`items` of draft-07).
    Schema,
    /// A list of schemas.
    List,
    /// Schemas by name.
    Named,
}

const KEYWORDS: &[(&str, Holds)] = &[
    ("$defs", Holds::Named),
    ("additionalItems", Holds::Schema),
    ("additionalProperties", Holds::Schema),
    ("allOf", Holds::List),
    ("anyOf", Holds::List),
    ("contains", Holds::Schema),
    ("contentSchema", Holds::Schema),
    ("definitions", Holds::Named),
    ("dependencies", Holds::Named),
    ("dependentSchemas", Holds::Named),
    ("else", Holds::Schema),
    ("if", Holds::Schema),
    ("items", Holds::Schema),
    ("not", Holds::Schema),
    ("oneOf", Holds::List),
    ("patternProperties", Holds::Named),
    ("prefixItems", Holds::List),
    ("properties", Holds::Named),
    ("propertyNames", Holds::Schema),
    ("then", Holds::Schema),
    ("unevaluatedItems", Holds::Schema),
    ("unevaluatedProperties", Holds::Schema),
];

fn holds(keyword: &str) -> Option<Holds> {
    KEYWORDS.iter().find(|(name, _)| *name == keyword).map(|(_, holds)| *holds)
}

/// The schemas directly inside a schema.
pub(crate) fn parts(schema: &Map<String, Value>) -> Vec<&Value> {
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        match (holds(keyword), value) {
            (Some(Holds::Named), Value::Object(named)) => parts.extend(named.values()),
            (Some(Holds::Schema | Holds::List), Value::Array(list)) => parts.extend(list),
            (Some(Holds::Schema), schema) => parts.push(schema),
            _ => {}
        }
    }
    parts
}

/// The schemas directly inside a schema, each with its place there: a JSON pointer.
pub(crate) fn places(schema: &Map<String, Value>) -> Vec<(String, &Value)> {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let mut places = Vec::new();
    for (keyword, value) in schema {
        match (holds(keyword), value) {
            (Some(Holds::Named), Value::Object(named)) => places.extend(
                named.iter().map(|(name, part)| (format!("/{keyword}/{}", escaped(name)), part)),
            ),
            (Some(Holds::Schema | Holds::List), Value::Array(list)) => places.extend(
                list.iter().enumerate().map(|(index, part)| (format!("/{keyword}/{index}"), part)),
            ),
            (Some(Holds::Schema), schema) => places.push((format!("/{keyword}"), schema)),
            _ => {}
        }
    }
    places
}

/// The schemas directly inside a schema, to be changed.
pub(crate) fn parts_mut(schema: &mut Map<String, Value>) -> Vec<&mut Value> {
    let mut parts = Vec::new();
    for (keyword, value) in schema {
        match (holds(keyword), value) {
            (Some(Holds::Named), Value::Object(named)) => parts.extend(named.values_mut()),
            (Some(Holds::Schema | Holds::List), Value::Array(list)) => parts.extend(list),
            (Some(Holds::Schema), schema) => parts.push(schema),
            _ => {}
        }
    }
    parts
}

/// Calls `change` with every schema that is an object, the outermost first.
pub(crate) fn change_all(schema: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    if let Value::Object(schema) = schema {
        change(schema);
        parts_mut(schema).into_iter().for_each(|part| change_all(part, change));
    }
}

/// Whether this holds for some schema that is an object.
pub(crate) fn any(schema: &Value, holds: &impl Fn(&Map<String, Value>) -> bool) -> bool {
    let Value::Object(schema) = schema else { return false };
    holds(schema) || parts(schema).into_iter().any(|part| any(part, holds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn places_lead_to_the_parts() {
        let schema = json!({
            "properties": { "a/b": { "type": "string" } },
            "items": [{ "type": "number" }],
            "additionalProperties": { "type": "null" },
            "enum": [{ "items": {} }]
        });
        let places = places(schema.as_object().unwrap());
        assert_eq!(places.len(), 3);
        for (place, part) in places {
            assert_eq!(schema.pointer(&place), Some(part), "{place}");
        }
    }

    #[test]
    fn a_property_of_a_keywords_name_is_no_keyword() {
        let mut schema = json!({
            "title": "t",
            "properties": { "title": { "title": "t" }, "items": { "items": [{ "title": "t" }] } },
            "examples": [{ "title": "kept" }],
            "enum": ["title"]
        });
        change_all(&mut schema, &mut |schema| {
            schema.remove("title");
        });
        let left = json!({
            "properties": { "title": {}, "items": { "items": [{}] } },
            "examples": [{ "title": "kept" }],
            "enum": ["title"]
        });
        assert_eq!(schema, left);
        assert!(any(&left, &|schema| schema.contains_key("enum")));
        assert!(!any(&left, &|schema| schema.contains_key("title")));
    }
}
