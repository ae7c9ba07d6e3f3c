//! One value of a request or reply, put together from all schemas that speak of it.
//!
//! A property may refer to a definition, say something of its own beside it, and have branches: here
//! all of it lies side by side, the outermost first, for it knows best.

use std::collections::HashSet;
use std::rc::Rc;

use serde_json::{Map, Value};

use crate::handler::schema::walk;

/// Values after which no more are opened: types that use each other many times would never end.
const MOST: usize = 2_000;

/// The schemas of one document, and how far they have been read.
#[derive(Debug)]
pub(super) struct Schemas<'s> {
    root: &'s Value,
    /// References by which a definition comes back to itself.
    recursive: Rc<HashSet<&'s str>>,
    /// Those of them that have been opened: each is shown once.
    opened: HashSet<&'s str>,
    read: usize,
}

/// What the schemas say of one value.
#[derive(Debug, Default)]
pub(super) struct Part<'s> {
    /// The schema at its place; `None` where it was not looked into.
    pub(super) source: Option<&'s Value>,
    /// The schemas that hold all at once, the outermost first.
    layers: Vec<&'s Map<String, Value>>,
    /// Groups of branches of which one holds each; none of them is null.
    pub(super) choices: Vec<Vec<&'s Value>>,
    /// The values that are allowed, if they are listed.
    pub(super) values: Vec<Listed<'s>>,
    /// Whether it may be null.
    pub(super) nullable: bool,
    /// Why there is more of it than is told here.
    pub(super) closed: Option<Closed>,
}

/// One of several values, and what it means.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Listed<'s> {
    pub(super) value: &'s Value,
    pub(super) description: &'s str,
}

/// Why a value is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// Its type has been shown already and contains itself.
    Repeats,
    /// There are too many.
    TooMany,
}

impl<'s> Schemas<'s> {
    /// The schemas of a document with this root.
    pub(super) fn of(root: &'s Value) -> Self {
        let mut schemas = Self { root, recursive: Rc::default(), opened: HashSet::new(), read: 0 };
        let recursive = references(root).into_iter().filter(|found| schemas.comes_back(found));
        schemas.recursive = Rc::new(recursive.collect());
        schemas.opened.insert("#");
        schemas
    }

    /// The same document as if nothing of it had been read.
    pub(super) fn apart(&self) -> Self {
        let recursive = Rc::clone(&self.recursive);
        Self { root: self.root, recursive, opened: HashSet::new(), read: 0 }
    }

    /// The whole document.
    pub(super) fn whole(&mut self) -> Part<'s> {
        self.part(self.root)
    }

    /// The document's root, to which references relate.
    pub(super) fn root(&self) -> &'s Value {
        self.root
    }

    /// What is said of the value that a schema of the document describes.
    ///
    /// A type that contains itself is opened by the first who asks; to all others it is closed.
    pub(super) fn part(&mut self, schema: &'s Value) -> Part<'s> {
        self.read += 1;
        if self.read > MOST {
            return Part { closed: Some(Closed::TooMany), ..Part::default() };
        }
        let mut part = Part { source: Some(schema), ..Part::default() };
        self.gather(schema, &mut part);
        part
    }

    fn gather(&mut self, schema: &'s Value, part: &mut Part<'s>) {
        let Value::Object(schema) = schema else { return };
        if part.layers.iter().any(|layer| std::ptr::eq(*layer, schema)) {
            return;
        }
        part.layers.push(schema);
        part.take_own(schema);
        if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
            if self.recursive.contains(reference) && !self.opened.insert(reference) {
                part.closed = Some(Closed::Repeats);
            } else if let Some(target) = self.target(reference) {
                self.gather(target, part);
            }
        }
        for schema in list(schema, "allOf") {
            self.gather(schema, part);
        }
        for keyword in ["oneOf", "anyOf"] {
            if schema.contains_key(keyword) {
                self.gather_branches(list(schema, keyword), part);
            }
        }
    }

    fn gather_branches(&mut self, branches: &'s [Value], part: &mut Part<'s>) {
        let filled: Vec<&Value> = branches.iter().filter(|branch| !self.is_null(branch)).collect();
        part.nullable |= filled.len() < branches.len();
        // What is also accepted as text is told by its first branch: the value itself.
        let told_by_first = filled.len() == 1 || part.get("x-flowx-lenient").is_some();
        match filled.first() {
            Some(only) if told_by_first => self.gather(only, part),
            Some(_) if filled.iter().all(|branch| is_listed(branch)) => {
                for branch in filled.iter().filter_map(|branch| branch.as_object()) {
                    part.take_own(branch);
                }
            }
            Some(_) => part.choices.push(filled),
            None => {}
        }
    }

    fn is_null(&self, branch: &Value) -> bool {
        let reference = branch.get("$ref").and_then(Value::as_str);
        let resolved = reference.and_then(|reference| self.target(reference)).unwrap_or(branch);
        resolved.get("type").is_some_and(|kind| kind == "null")
    }

    fn target(&self, reference: &str) -> Option<&'s Value> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Whether one comes from the target of a reference to the same reference again.
    fn comes_back(&self, reference: &str) -> bool {
        let mut met: HashSet<&str> = HashSet::new();
        let mut next = vec![reference];
        while let Some(target) = next.pop().and_then(|reference| self.target(reference)) {
            for found in references(target) {
                if found == reference {
                    return true;
                }
                if met.insert(found) {
                    next.push(found);
                }
            }
        }
        false
    }
}

impl<'s> Part<'s> {
    /// What a keyword holds: the outermost that says it.
    pub(super) fn get(&self, keyword: &str) -> Option<&'s Value> {
        self.layers.iter().find_map(|layer| layer.get(keyword))
    }

    /// The text of a keyword.
    pub(super) fn text(&self, keyword: &str) -> Option<&'s str> {
        self.get(keyword)?.as_str()
    }

    /// Whether a keyword says yes.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.get(keyword).and_then(Value::as_bool).unwrap_or(false)
    }

    /// The named properties, in the order in which they are declared.
    pub(super) fn properties(&self) -> Vec<(&'s str, &'s Value)> {
        let mut all: Vec<(&str, &Value)> = Vec::new();
        for layer in &self.layers {
            let Some(Value::Object(properties)) = layer.get("properties") else { continue };
            for (name, schema) in properties {
                if !all.iter().any(|(known, _)| known == name) {
                    all.push((name, schema));
                }
            }
        }
        all
    }

    /// Whether a property must be there.
    pub(super) fn requires(&self, name: &str) -> bool {
        self.layers.iter().any(|layer| list(layer, "required").iter().any(|known| known == name))
    }

    /// The schema of each entry with a name that is not declared; `None` if none is foreseen.
    pub(super) fn entries(&self) -> Option<&'s Value> {
        let schema = self.get("additionalProperties").or_else(|| self.get("unevaluatedProperties"));
        schema.filter(|schema| **schema != Value::Bool(false))
    }

    /// Whether properties that are not declared are refused.
    pub(super) fn is_strict(&self) -> bool {
        ["additionalProperties", "unevaluatedProperties"]
            .iter()
            .any(|keyword| self.get(keyword) == Some(&Value::Bool(false)))
    }

    /// The schema of an array's items; `None` if they are not all alike.
    pub(super) fn items(&self) -> Option<&'s Value> {
        self.get("items").filter(|items| !items.is_array() && self.get("prefixItems").is_none())
    }

    /// The names of its JSON types but for `null`; empty if nothing says.
    pub(super) fn types(&self) -> Vec<&'s str> {
        match self.get("type") {
            Some(Value::String(kind)) if kind != "null" => vec![kind.as_str()],
            Some(Value::Array(kinds)) => {
                kinds.iter().filter_map(Value::as_str).filter(|kind| *kind != "null").collect()
            }
            _ => self.inferred().into_iter().collect(),
        }
    }

    /// The type that follows from the other keywords.
    fn inferred(&self) -> Option<&'static str> {
        if let Some(listed) = self.values.first() {
            return Some(match listed.value {
                Value::String(_) => "string",
                Value::Number(_) => "number",
                Value::Bool(_) => "boolean",
                Value::Array(_) => "array",
                Value::Object(_) | Value::Null => "object",
            });
        }
        let has = |keyword: &str| self.get(keyword).is_some();
        if has("properties") || has("additionalProperties") {
            Some("object")
        } else if has("items") || has("prefixItems") {
            Some("array")
        } else {
            None
        }
    }

    /// Takes the values that a schema lists itself.
    fn take_own(&mut self, schema: &'s Map<String, Value>) {
        self.nullable |= match schema.get("type") {
            Some(Value::Array(kinds)) => kinds.iter().any(|kind| kind == "null"),
            Some(kind) => kind == "null",
            None => false,
        };
        let description = schema.get("description").and_then(Value::as_str).unwrap_or_default();
        if let Some(value) = schema.get("const") {
            self.list(value, description);
        }
        for value in list(schema, "enum") {
            self.list(value, "");
        }
    }

    fn list(&mut self, value: &'s Value, description: &'s str) {
        if value.is_null() {
            self.nullable = true;
        } else if !self.values.iter().any(|known| known.value == value) {
            self.values.push(Listed { value, description });
        }
    }
}

/// Whether a branch is nothing but a list of values.
fn is_listed(branch: &Value) -> bool {
    branch.get("const").is_some() || branch.get("enum").is_some()
}

fn list<'s>(schema: &'s Map<String, Value>, keyword: &str) -> &'s [Value] {
    schema.get(keyword).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// All references inside a schema.
fn references(schema: &Value) -> Vec<&str> {
    let Value::Object(schema) = schema else { return Vec::new() };
    let own = schema.get("$ref").and_then(Value::as_str);
    let parts = walk::parts(schema).into_iter();
    own.into_iter().chain(parts.flat_map(references)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_stands_beside_a_reference_comes_first() {
        let root = json!({
            "$ref": "#/$defs/Price",
            "description": "What it costs.",
            "$defs": { "Price": { "description": "Any price.", "type": "number", "minimum": 0 } }
        });
        let part = Schemas::of(&root).whole();
        assert_eq!(part.text("description"), Some("What it costs."));
        assert_eq!(part.get("minimum"), Some(&json!(0)));
        assert_eq!(part.types(), ["number"]);
    }

    #[test]
    fn a_type_that_comes_back_through_another_is_opened_once() {
        let root = json!({
            "$ref": "#/$defs/A",
            "$defs": {
                "A": { "properties": { "b": { "$ref": "#/$defs/B" } } },
                "B": { "properties": { "a": { "$ref": "#/$defs/A" } } }
            }
        });
        let mut schemas = Schemas::of(&root);
        let [("b", b)] = schemas.whole().properties()[..] else { panic!("b") };
        let [("a", a)] = schemas.part(b).properties()[..] else { panic!("a") };
        assert_eq!(schemas.part(a).closed, Some(Closed::Repeats));
    }

    #[test]
    fn a_reference_to_nowhere_or_to_itself_ends() {
        for root in [json!({ "$ref": "#/$defs/Gone" }), json!({ "$ref": "#" })] {
            assert!(Schemas::of(&root).whole().types().is_empty());
        }
    }
}
