//! Which brackets of a request need no second look.
//!
//! Types take an array where the schema says object, so that a bracket may be one in a wrong place. Nearly
//! all stand where they belong: behind the name of a property that is an array wherever it occurs.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{shape, walk};

/// The names behind which an array is what the schema wants.
#[derive(Debug, Default)]
pub(super) struct ArrayNames(Vec<Box<[u8]>>);

impl ArrayNames {
    /// Those of a root schema.
    pub(super) fn of(root: &Value) -> Self {
        if walk::any(root, &|schema| holds_objects_by_any_name(schema, root)) {
            return Self::default();
        }
        let mut names = BTreeMap::new();
        collect(root, root, &mut names);
        let plain = |name: &str| !name.contains(|c: char| c == '"' || c == '\\' || c.is_control());
        let always = names.into_iter().filter(|(name, always)| *always && plain(name));
        Self(always.map(|(name, _)| name.as_bytes().into()).collect())
    }

    /// Whether each bracket in this JSON opens the array of such a property. One in a text counts as one
    /// that does not.
    pub(super) fn explain_all(&self, json: &[u8]) -> bool {
        memchr::memchr_iter(b'[', json).all(|at| self.explain(&json[..at]))
    }

    /// Whether what stands before a bracket is one of the names and a colon.
    fn explain(&self, before: &[u8]) -> bool {
        let Some(key) = before.trim_ascii_end().strip_suffix(b":") else { return false };
        let Some(open) = key.trim_ascii_end().strip_suffix(b"\"") else { return false };
        let Some(quote) = memchr::memrchr(b'"', open) else { return false };
        let (before, name) = (&open[..quote], &open[quote + 1..]);
        // A quote within a name has a backslash before it, and is not where the name begins.
        let is_whole = matches!(before.trim_ascii_end().last(), Some(b'{' | b','));
        is_whole && self.0.binary_search_by(|known| (**known).cmp(name)).is_ok()
    }
}

/// Whether properties of all names may be objects: then a name says nothing.
fn holds_objects_by_any_name(schema: &Map<String, Value>, root: &Value) -> bool {
    ["additionalProperties", "patternProperties", "unevaluatedProperties"].iter().any(|keyword| {
        // Where anything is allowed, no type looks closer either.
        schema.get(*keyword).is_some_and(|any| {
            any.is_object() && (*keyword == "patternProperties" || may_be_object(any, root))
        })
    })
}

/// Notes of each property whether it is an array, and nothing else that opens with a bracket or a brace.
fn collect<'a>(schema: &'a Value, root: &Value, names: &mut BTreeMap<&'a str, bool>) {
    let Value::Object(schema) = schema else { return };
    if let Some(Value::Object(properties)) = schema.get("properties") {
        for (name, property) in properties {
            *names.entry(name).or_insert(true) &= !may_be_object(property, root);
        }
    }
    walk::parts(schema).into_iter().for_each(|part| collect(part, root, names));
}

fn may_be_object(schema: &Value, root: &Value) -> bool {
    let kinds = shape::kinds_within(schema, root);
    kinds.object || kinds.unknown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "lines": { "type": ["array", "null"], "items": { "$ref": "#/$defs/Line" } },
                "tags": { "$ref": "#/$defs/Tags" },
                "customer": { "type": "object", "properties": { "notes": { "type": "array" } } },
                "both": { "anyOf": [{ "type": "array" }, { "type": "object" }] },
                "a\"b": { "type": "array" },
            },
            "$defs": {
                "Line": { "type": "object", "properties": { "notes": { "type": "object" } } },
                "Tags": { "type": "array", "items": { "type": "string" } },
            },
        })
    }

    #[test]
    fn a_bracket_is_explained_by_a_name_that_is_always_an_array_and_by_nothing_else() {
        let names = ArrayNames::of(&schema());
        for (json, explained) in [
            (r#"{"customer":{}}"#, true),
            (r#"{"lines":[{"n":1}],"tags":["a"]}"#, true),
            ("{\n  \"lines\" :\t[ ] }", true),
            (r#"{"customer":[1]}"#, false),
            (r#"{"lines":[[1]]}"#, false),
            (r#"{"lines":[{"n":1},[1]]}"#, false),
            (r#"{"both":[]}"#, false),
            // An array in one place and an object in another.
            (r#"{"customer":{"notes":[]}}"#, false),
            // What the schema does not know, an alias for example.
            (r#"{"rows":[]}"#, false),
            (r#"["lines",[1]]"#, false),
            (r#"[1]"#, false),
            // Texts, and names with quotes in them.
            (r#"{"note":"a [b]"}"#, false),
            (r#"{"a\"lines":[1]}"#, false),
            (r#"{"x,\"lines":[1]}"#, false),
            (r#"{"a\"b":[1]}"#, false),
            (r#"{"\u006cines":[1]}"#, false),
            ("", true),
            ("[", false),
            (":[", false),
            ("\":[", false),
        ] {
            assert_eq!(names.explain_all(json.as_bytes()), explained, "{json}");
        }
    }

    #[test]
    fn where_any_name_may_be_an_object_no_name_explains_anything() {
        for any in [
            json!({ "additionalProperties": { "type": "object" } }),
            json!({ "additionalProperties": { "$ref": "#/$defs/Unknown" } }),
            json!({ "patternProperties": { "^l": { "type": "string" } } }),
        ] {
            let mut schema = schema();
            schema["properties"]["customer"]["properties"]["more"] = any;
            assert!(!ArrayNames::of(&schema).explain_all(br#"{"lines":[]}"#), "{schema}");
        }
        for harmless in [json!(true), json!(false), json!({ "type": "string" })] {
            let mut schema = schema();
            schema["properties"]["customer"]["additionalProperties"] = harmless;
            assert!(ArrayNames::of(&schema).explain_all(br#"{"lines":[]}"#), "{schema}");
        }
    }
}
