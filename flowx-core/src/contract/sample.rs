//! JSON as a schema describes it, for people to look at: made where nobody gave an example.

use serde_json::{Map, Number, Value, json};

use crate::handler::schema::walk;

/// How deep an object may refer to itself before optional parts are left out.
const DEEPEST: usize = 6;

/// A value that a root schema describes, every optional property included.
///
/// Examples, constants and defaults that stand in the schema are used first. What only a person could
/// make up (a text for a pattern) is not: such a sample is close, and may not be valid.
///
/// ```
/// use flowx_core::contract::sample;
/// use serde_json::json;
///
/// let schema = json!({
///     "type": "object",
///     "properties": {
///         "amount": { "type": "number", "minimum": 5 },
///         "due": { "type": "string", "format": "date" },
///         "currency": { "enum": ["EUR", "RON"] }
///     }
/// });
/// let sample = sample::of(&schema);
/// assert_eq!(sample, json!({ "amount": 5, "due": "2024-06-28", "currency": "EUR" }));
/// ```
#[must_use]
pub fn of(root: &Value) -> Value {
    sample(root, root, 0)
}

/// A value that a schema inside a root schema describes.
pub(super) fn part(schema: &Value, root: &Value) -> Value {
    sample(schema, root, 0)
}

fn sample(schema: &Value, root: &Value, depth: usize) -> Value {
    let Value::Object(schema) = schema else { return Value::Null };
    if let Some(given) = given(schema) {
        return given;
    }
    if let Some(target) = referred(schema, root) {
        if depth > DEEPEST {
            return Value::Null;
        }
        // Beside a reference may stand properties of its own, as the tag of an enum's variant.
        return merged(object(schema, root, depth), sample(target, root, depth + 1));
    }
    if let Some(branch) = first_branch(schema, root) {
        let chosen = sample(branch, root, depth + 1);
        return merged(object(schema, root, depth), chosen);
    }
    if let Some(Value::Array(parts)) = schema.get("allOf") {
        let parts = parts.iter().map(|part| sample(part, root, depth + 1));
        return parts.fold(object(schema, root, depth), merged);
    }
    match kind(schema) {
        "object" => object(schema, root, depth),
        "array" => array(schema, root, depth),
        "string" => Value::from(text(schema)),
        "integer" => number(schema, 1.0),
        "number" => number(schema, 1.5),
        "boolean" => Value::Bool(true),
        _ => Value::Null,
    }
}

/// What the schema itself offers.
fn given(schema: &Map<String, Value>) -> Option<Value> {
    let first = |keyword: &str| schema.get(keyword)?.as_array()?.first().cloned();
    let own = |keyword: &str| schema.get(keyword).cloned();
    first("examples").or_else(|| own("const")).or_else(|| first("enum")).or_else(|| {
        // A default says what is meant where nothing is sent: null shows nobody anything.
        own("default").filter(|value| !value.is_null())
    })
}

pub(super) fn referred<'r>(schema: &Map<String, Value>, root: &'r Value) -> Option<&'r Value> {
    root.pointer(schema.get("$ref")?.as_str()?.strip_prefix('#')?)
}

/// The first branch that is more than null.
fn first_branch<'s>(schema: &'s Map<String, Value>, root: &'s Value) -> Option<&'s Value> {
    let branches = schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()?;
    let is_null = |branch: &Value| {
        let resolved = branch.as_object().and_then(|branch| referred(branch, root));
        resolved.unwrap_or(branch).get("type") == Some(&json!("null"))
    };
    branches.iter().find(|branch| !is_null(branch)).or_else(|| branches.first())
}

/// Two samples of one value: their properties together, else the second.
fn merged(first: Value, second: Value) -> Value {
    match (first, second) {
        (Value::Object(mut all), Value::Object(more)) => {
            all.extend(more);
            Value::Object(all)
        }
        (first, Value::Null) => first,
        (_, second) => second,
    }
}

/// The first type that is more than null.
pub(super) fn kind(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            let kinds = || kinds.iter().filter_map(Value::as_str);
            kinds().find(|kind| *kind != "null").or_else(|| kinds().next()).unwrap_or_default()
        }
        _ if schema.contains_key("properties") => "object",
        _ => "",
    }
}

fn object(schema: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let Some(Value::Object(properties)) = schema.get("properties") else {
        return if kind(schema) == "object" { map(schema, root, depth) } else { Value::Null };
    };
    let required: Vec<&str> = schema
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let shown = properties
        .iter()
        .filter(|(name, part)| required.contains(&name.as_str()) || !comes_back(part, depth));
    shown.map(|(name, part)| (name.clone(), sample(part, root, depth + 1))).collect()
}

/// An object whose properties have no names of their own.
fn map(schema: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    match schema.get("additionalProperties") {
        Some(part @ Value::Object(_)) if !comes_back(part, depth) => {
            json!({ "key": sample(part, root, depth + 1) })
        }
        _ => json!({}),
    }
}

/// Whether a part that may be left out would only repeat what stands around it.
fn comes_back(part: &Value, depth: usize) -> bool {
    depth >= DEEPEST / 2 && walk::any(part, &|schema| schema.contains_key("$ref"))
}

fn array(schema: &Map<String, Value>, root: &Value, depth: usize) -> Value {
    let items = schema.get("prefixItems").or_else(|| schema.get("items"));
    match items {
        Some(Value::Array(places)) => {
            places.iter().map(|part| sample(part, root, depth + 1)).collect()
        }
        Some(part @ Value::Object(_)) if !comes_back(part, depth) => {
            let least = schema.get("minItems").and_then(Value::as_u64).unwrap_or(1).clamp(1, 3);
            (0..least).map(|_| sample(part, root, depth + 1)).collect()
        }
        _ => json!([]),
    }
}

fn text(schema: &Map<String, Value>) -> String {
    let length = |keyword: &str| schema.get(keyword).and_then(Value::as_u64);
    let text = match schema.get("format").and_then(Value::as_str).unwrap_or_default() {
        "uuid" => "d3aabfd8-d041-4c62-892f-22d17923b223",
        "date-time" => "2024-06-28T09:30:00Z",
        "date" => "2024-06-28",
        "time" => "09:30:00Z",
        "duration" => "PT30S",
        "email" => "someone@example.com",
        "uri" | "url" => "https://example.com/",
        "hostname" => "example.com",
        "ipv4" | "ip" => "192.0.2.1",
        "ipv6" => "2001:db8::1",
        _ if schema.get("pattern").is_some_and(|pattern| pattern == NUMBER_AS_TEXT) => "12.5",
        _ => "text",
    };
    let least = usize::try_from(length("minLength").unwrap_or(0)).unwrap_or(usize::MAX);
    let most = usize::try_from(length("maxLength").unwrap_or(u64::MAX)).unwrap_or(usize::MAX);
    text.chars().cycle().take(text.len().max(least.min(1_000)).min(most)).collect()
}

/// What `schemars` says of decimals, which travel as text.
const NUMBER_AS_TEXT: &str = r"^-?\d+(\.\d+)?([eE]\d+)?$";

/// A number within the bounds, the wanted one if it may be.
fn number(schema: &Map<String, Value>, wanted: f64) -> Value {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let step = bound("multipleOf").filter(|step| *step > 0.0);
    let least = bound("minimum").or_else(|| bound("exclusiveMinimum").map(|least| least + 1.0));
    let most = bound("maximum").or_else(|| bound("exclusiveMaximum").map(|most| most - 1.0));
    let mut value = wanted.max(least.unwrap_or(f64::MIN)).min(most.unwrap_or(f64::MAX));
    if let Some(step) = step {
        value = (value / step).ceil() * step;
    }
    if value.fract() == 0.0 && value.abs() < 9e15 {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_of_ordinary_schemas_are_valid() {
        let cases = [
            json!({ "type": "string", "minLength": 9 }),
            json!({ "type": "string", "maxLength": 2 }),
            json!({ "type": ["null", "string"] }),
            json!({ "type": "integer", "minimum": 10, "maximum": 12, "multipleOf": 4 }),
            json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1.9 }),
            json!({ "anyOf": [{ "type": "null" }, { "type": "boolean" }] }),
            json!({ "type": "array", "items": { "type": "string" }, "minItems": 2 }),
            json!({ "type": "array", "prefixItems": [{ "type": "string" }, { "const": 7 }] }),
            json!({ "type": "object", "additionalProperties": { "type": "integer" } }),
            json!({
                "type": "object",
                "properties": { "kind": { "const": "a" } },
                "required": ["kind", "n"],
                "oneOf": [{ "properties": { "n": { "type": "integer" } } }]
            }),
            json!({
                "$ref": "#/$defs/Tree",
                "$defs": { "Tree": {
                    "type": "object",
                    "properties": {
                        "name": { "type": "string" },
                        "children": { "type": "array", "items": { "$ref": "#/$defs/Tree" } }
                    },
                    "required": ["name", "children"]
                } }
            }),
            json!(true),
        ];
        for schema in cases {
            let sample = of(&schema);
            assert!(jsonschema::is_valid(&schema, &sample), "{schema}: {sample}");
        }
    }

    #[test]
    fn what_the_schema_offers_comes_first() {
        for (schema, expected) in [
            (json!({ "type": "string", "examples": ["a", "b"] }), json!("a")),
            (json!({ "type": "integer", "default": 3 }), json!(3)),
            (json!({ "type": ["string", "null"], "default": null }), json!("text")),
        ] {
            assert_eq!(of(&schema), expected);
        }
    }
}
