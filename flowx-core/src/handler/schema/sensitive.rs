//! Which values of a request are sensitive, as its schema says.
//!
//! A field is marked with JSON Schema's own words, `writeOnly` or `"format": "password"`, or with
//! `x-flowx-sensitive`, which a draft-07 tool passes over:
//!
//! ```
//! use schemars::JsonSchema;
//! use serde::Deserialize;
//!
//! #[derive(Deserialize, JsonSchema)]
//! struct Applicant {
//!     name: String,
//!     #[schemars(extend("x-flowx-sensitive" = true))]
//!     born: String,
//! }
//! ```
//!
//! Everything below a marked place is sensitive too. No message about a request quotes such a value, in
//! error replies, dead letters and logs alike, and dead letters are shown with it masked.

use serde_json::{Map, Value};

use super::walk;

/// Whether a schema marks its own value.
pub(crate) fn is_marked(schema: &Map<String, Value>) -> bool {
    let says = |word: &str| schema.get(word).and_then(Value::as_bool) == Some(true);
    says("x-flowx-sensitive")
        || says("x-sensitive")
        || says("writeOnly")
        || schema.get("format").and_then(Value::as_str) == Some("password")
}

/// The schemas that hold for one place of a document.
#[derive(Clone, Debug)]
pub(crate) struct Place<'s> {
    root: &'s Value,
    schemas: Vec<&'s Value>,
}

impl<'s> Place<'s> {
    /// The document itself.
    pub(crate) fn root(schema: &'s Value) -> Self {
        Self { root: schema, schemas: all_of(schema, vec![schema]) }
    }

    pub(crate) fn is_marked(&self) -> bool {
        self.schemas.iter().any(|schema| schema.as_object().is_some_and(is_marked))
    }

    /// Whether a schema knows a field by its name.
    pub(crate) fn knows(&self, name: &str) -> bool {
        self.schemas
            .iter()
            .any(|schema| schema.get("properties").is_some_and(|fields| fields.get(name).is_some()))
    }

    pub(crate) fn field(&self, name: &str) -> Self {
        self.below(|schema| {
            let own = schema.get("properties").and_then(|fields| fields.get(name));
            let patterns = schema.get("patternProperties").and_then(Value::as_object);
            let patterns = patterns.into_iter().flat_map(Map::values);
            match own {
                Some(own) => vec![own],
                None => schema.get("additionalProperties").into_iter().chain(patterns).collect(),
            }
        })
    }

    pub(crate) fn element(&self, index: usize) -> Self {
        self.below(|schema| {
            let own = schema.get("prefixItems").and_then(|items| items.get(index));
            own.or_else(|| schema.get("items")).into_iter().collect()
        })
    }

    fn below(&self, step: impl Fn(&'s Value) -> Vec<&'s Value>) -> Self {
        let schemas = self.schemas.iter().flat_map(|schema| step(schema)).collect();
        Self { root: self.root, schemas: all_of(self.root, schemas) }
    }
}

/// These schemas and all that they refer to or are put together from. Of alternatives every one counts:
/// what is masked without need is no harm.
fn all_of<'s>(root: &'s Value, mut open: Vec<&'s Value>) -> Vec<&'s Value> {
    let mut all: Vec<&'s Value> = Vec::new();
    while let Some(schema) = open.pop() {
        if all.iter().any(|known| std::ptr::eq(*known, schema)) {
            continue;
        }
        all.push(schema);
        let target = schema.get("$ref").and_then(Value::as_str);
        let target = target.and_then(|target| target.strip_prefix('#'));
        open.extend(target.and_then(|pointer| root.pointer(pointer)));
        for word in ["allOf", "anyOf", "oneOf"] {
            open.extend(schema.get(word).and_then(Value::as_array).into_iter().flatten());
        }
        for word in ["if", "then", "else"] {
            open.extend(schema.get(word));
        }
    }
    all
}

/// A schema that marks something.
#[derive(Clone, Debug)]
pub(crate) struct Sensitive(Value);

impl Sensitive {
    /// What a schema marks, if it marks anything.
    pub(crate) fn of(schema: &Value) -> Option<Self> {
        walk::any(schema, &is_marked).then(|| Self(schema.clone()))
    }

    pub(crate) fn place(&self) -> Place<'_> {
        Place::root(&self.0)
    }

    /// How much of a path may be named, where its steps are known only by their text: as far as the
    /// schema knows every name, and nothing behind a marked place.
    pub(crate) fn nameable<'p>(&self, path: &'p str) -> &'p str {
        let (mut place, mut end) = (self.place(), usize::from(path.starts_with('$')));
        while !place.is_marked() {
            let rest = &path[end..];
            let length = rest.chars().next().map_or(0, char::len_utf8);
            let step = rest[length..].find(['.', '[']).map_or(rest.len(), |at| at + length);
            let (step, index) = (&rest[..step], rest[..step].strip_prefix('['));
            place = match (
                step.strip_prefix('.'),
                index.and_then(|i| i.strip_suffix(']')?.parse().ok()),
            ) {
                (Some(name), _) if place.knows(name) => place.field(name),
                (_, Some(index)) => place.element(index),
                _ => break,
            };
            end += step.len();
        }
        &path[..end]
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_is_named_as_far_as_the_schema_knows_it_and_not_beyond_what_is_marked() {
        let sensitive = Sensitive::of(&json!({
            "properties": {
                "people": { "items": { "$ref": "#/$defs/Person" } },
                "free": { "additionalProperties": { "type": "string" } },
            },
            "$defs": { "Person": { "properties": {
                "name": { "type": "string" },
                "pins": { "writeOnly": true, "additionalProperties": { "type": "string" } },
            } } },
        }));
        let sensitive = sensitive.expect("it marks something");
        for (path, nameable) in [
            ("$", "$"),
            ("$.people[3].name", "$.people[3].name"),
            ("$.people[3].pins.visa[0]", "$.people[3].pins"),
            ("$.free.text", "$.free"),
            ("$.people[x]", "$.people"),
            ("$.people.[", "$.people"),
            ("$ä", "$"),
            ("", ""),
        ] {
            assert_eq!(sensitive.nameable(path), nameable, "{path}");
        }
        assert!(Sensitive::of(&json!({ "properties": { "writeOnly": true } })).is_none());
    }
}
