//! A root schema in the form in which it is compared: only what decides about JSON.

use serde_json::{Map, Value, json};

use crate::contract::hash::ANNOTATIONS;
use crate::handler::schema::walk::change_all;

/// Marks what is also accepted as text; the value says what the text stands for.
pub(super) const LENIENT: &str = "x-flowx-lenient";

/// A schema and the definitions that it refers to.
#[derive(Clone, Debug)]
pub(super) struct Document {
    pub(super) root: Value,
    pub(super) definitions: Map<String, Value>,
}

impl Document {
    pub(super) fn of(schema: &Value) -> Self {
        let mut root = schema.clone();
        let mut is_recursive = false;
        change_all(&mut root, &mut |schema| {
            let annotation = |word: &str| {
                ANNOTATIONS.contains(&word) || (word.starts_with("x-") && word != LENIENT)
            };
            schema.retain(|word, _| !annotation(word));
            one_value(schema);
            number_format(schema);
            lenient(schema);
            is_recursive |= schema.get("$ref") == Some(&json!("#"));
        });
        let definitions = root.as_object_mut().and_then(|root| root.shift_remove("$defs"));
        let definitions = match definitions {
            Some(Value::Object(definitions)) => definitions,
            _ => Map::new(),
        };
        let mut document = Self { root, definitions };
        if is_recursive {
            document.name_root();
        }
        document
    }

    /// What a reference names; `None` if it is not in this document.
    pub(super) fn target(&self, reference: &str) -> Option<&Value> {
        self.definitions.get(definition(reference)?)
    }

    /// A schema of this document as a root of its own.
    pub(super) fn standalone(&self, schema: &Value) -> Value {
        match schema {
            Value::Object(schema) if !self.definitions.is_empty() => {
                let mut schema = schema.clone();
                schema.insert("$defs".to_owned(), Value::Object(self.definitions.clone()));
                Value::Object(schema)
            }
            other => other.clone(),
        }
    }

    /// Gives a root that refers to itself a name among the definitions.
    fn name_root(&mut self) {
        let mut name = "root".to_owned();
        while self.definitions.contains_key(&name) {
            name.push('_');
        }
        let reference = format!("#/$defs/{name}");
        let rename = &mut |schema: &mut Map<String, Value>| {
            if schema.get("$ref") == Some(&json!("#")) {
                schema.insert("$ref".to_owned(), Value::from(reference.clone()));
            }
        };
        change_all(&mut self.root, rename);
        self.definitions.values_mut().for_each(|definition| change_all(definition, rename));
        let root = std::mem::replace(&mut self.root, json!({ "$ref": reference }));
        self.definitions.insert(name, root);
    }
}

/// The name of a definition in a reference to it.
pub(super) fn definition(reference: &str) -> Option<&str> {
    // A name with a `/` or `~` is written otherwise in a reference; schemars makes none.
    reference.strip_prefix("#/$defs/").filter(|name| !name.contains(['/', '~', '%']))
}

/// `const` is a choice of one.
fn one_value(schema: &mut Map<String, Value>) {
    if let Some(value) = schema.shift_remove("const") {
        let allowed = schema.get("enum").and_then(Value::as_array);
        let allowed = allowed.is_none_or(|values| values.contains(&value));
        schema.insert("enum".to_owned(), if allowed { json!([value]) } else { json!([]) });
    }
}

/// Formats of numbers become the ranges that they stand for.
fn number_format(schema: &mut Map<String, Value>) {
    let range: Option<(Value, Value)> = match schema.get("format").and_then(Value::as_str) {
        Some("int8") => Some((i8::MIN.into(), i8::MAX.into())),
        Some("int16") => Some((i16::MIN.into(), i16::MAX.into())),
        Some("int32") => Some((i32::MIN.into(), i32::MAX.into())),
        Some("int64" | "int") => Some((i64::MIN.into(), i64::MAX.into())),
        Some("uint8") => Some((0.into(), u8::MAX.into())),
        Some("uint16") => Some((0.into(), u16::MAX.into())),
        Some("uint32") => Some((0.into(), u32::MAX.into())),
        Some("uint64" | "uint") => Some((0.into(), u64::MAX.into())),
        // JSON has no others; a float takes every number.
        Some("float" | "double" | "int128" | "uint128") => None,
        _ => return,
    };
    schema.shift_remove("format");
    if let Some((least, most)) = range {
        schema.entry("minimum").or_insert(least);
        schema.entry("maximum").or_insert(most);
    }
}

/// What is lenient is accepted as text too.
fn lenient(schema: &mut Map<String, Value>) {
    if !schema.contains_key(LENIENT) {
        return;
    }
    let text = json!("string");
    match schema.get_mut("type") {
        Some(Value::Array(types)) if !types.contains(&text) => types.push(text),
        Some(Value::String(only)) if only != "string" => {
            let both = json!([only, "string"]);
            schema.insert("type".to_owned(), both);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_decides_about_json_is_left() {
        let document = Document::of(&json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Tree",
            "type": "object",
            "x-flowx-group": "a",
            "properties": {
                "title": { "const": "a", "description": "A." },
                "count": { "type": "integer", "format": "uint8" },
                "rate": { "type": "number", "format": "double", "x-flowx-lenient": "number" },
                "below": { "$ref": "#" }
            }
        }));
        assert_eq!(document.root, json!({ "$ref": "#/$defs/root" }));
        let root = document.target("#/$defs/root").expect("it has a name");
        let left = json!({
            "type": "object",
            "properties": {
                "title": { "enum": ["a"] },
                "count": { "type": "integer", "minimum": 0, "maximum": 255 },
                "rate": { "type": ["number", "string"], "x-flowx-lenient": "number" },
                "below": { "$ref": "#/$defs/root" }
            }
        });
        assert_eq!(*root, left);
    }
}
