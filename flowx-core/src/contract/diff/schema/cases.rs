//! A schema as the cases that it admits: what stands behind references, branches and lists of types.

use serde_json::{Map, Value, json};

use super::document::{Document, LENIENT, definition};
use super::merge;

/// How many cases one place may have; beyond that it is compared as a whole.
const MOST: usize = 64;
/// How many references and branches are followed in one place.
const DEEPEST: usize = 24;

/// A kind of JSON value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    Null,
    Boolean,
    Number,
    Text,
    List,
    Object,
}

/// One case: values of one kind, with the keywords that say which.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) kind: Kind,
    /// Those of this kind, and those that no kind owns; no references or branches, no types but
    /// `integer`.
    pub(super) words: Map<String, Value>,
}

impl Kind {
    pub(super) const ALL: [Self; 6] =
        [Self::Null, Self::Boolean, Self::Number, Self::Text, Self::List, Self::Object];

    /// Its name in schemas.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Number => "number",
            Self::Text => "string",
            Self::List => "array",
            Self::Object => "object",
        }
    }

    /// Keywords that say something of this kind only.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Null | Self::Boolean => &[],
            Self::Number => {
                &["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]
            }
            Self::Text => &[
                "minLength",
                "maxLength",
                "pattern",
                "format",
                "contentEncoding",
                "contentMediaType",
                "contentSchema",
                LENIENT,
            ],
            Self::List => &[
                "items",
                "prefixItems",
                "minItems",
                "maxItems",
                "uniqueItems",
                "contains",
                "minContains",
                "maxContains",
                "unevaluatedItems",
            ],
            Self::Object => &[
                "properties",
                "required",
                "additionalProperties",
                "patternProperties",
                "propertyNames",
                "minProperties",
                "maxProperties",
                "dependentRequired",
                "dependentSchemas",
                "unevaluatedProperties",
            ],
        }
    }

    fn of(value: &Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(_) => Self::Boolean,
            Value::Number(_) => Self::Number,
            Value::String(_) => Self::Text,
            Value::Array(_) => Self::List,
            Value::Object(_) => Self::Object,
        }
    }
}

impl Case {
    /// The case as a schema.
    pub(super) fn schema(&self) -> Value {
        self.schema_of(|_| true)
    }

    /// The case as a schema that has only some of its keywords.
    pub(super) fn schema_of(&self, keep: impl Fn(&str) -> bool) -> Value {
        let mut schema = Map::new();
        schema.insert("type".to_owned(), json!(self.kind.name()));
        let kept = self.words.iter().filter(|(word, _)| *word == "type" || keep(word));
        schema.extend(kept.map(|(word, value)| (word.clone(), value.clone())));
        Value::Object(schema)
    }
}

/// All cases of a schema; `None` if there are too many, or a reference leads elsewhere.
pub(super) fn of(schema: &Value, document: &Document) -> Option<Vec<Case>> {
    let mut cases: Vec<Case> = Vec::new();
    for words in expanded(schema, document)? {
        for kind in Kind::ALL {
            if let Some(case) = case(kind, &words) {
                add(&mut cases, case);
            }
        }
    }
    Some(cases)
}

/// The same without references and branches: one set of keywords for each way through them.
pub(super) fn expanded(schema: &Value, document: &Document) -> Option<Vec<Map<String, Value>>> {
    expand(schema, document, 0).map(|all| all.into_iter().map(settled).collect())
}

/// What no keyword describes of fields is described by `unevaluatedProperties`, now that all
/// keywords are in one place.
fn settled(mut words: Map<String, Value>) -> Map<String, Value> {
    if let Some(rest) = words.shift_remove("unevaluatedProperties") {
        words.entry("additionalProperties").or_insert(rest);
    }
    words
}

fn expand(schema: &Value, document: &Document, depth: usize) -> Option<Vec<Map<String, Value>>> {
    let words = match schema {
        Value::Bool(true) => return Some(vec![Map::new()]),
        Value::Bool(false) => return Some(Vec::new()),
        Value::Object(words) if depth < DEEPEST => words,
        _ => return None,
    };
    let mut own = words.clone();
    let mut groups: Vec<Vec<Map<String, Value>>> = Vec::new();
    if let Some(reference) = own.shift_remove("$ref") {
        groups.push(expand(document.target(reference.as_str()?)?, document, depth + 1)?);
    }
    if let Some(parts) = own.shift_remove("allOf") {
        for part in parts.as_array()? {
            groups.push(expand(part, document, depth + 1)?);
        }
    }
    for word in ["anyOf", "oneOf"] {
        if let Some(branches) = own.shift_remove(word) {
            let mut all = Vec::new();
            for branch in branches.as_array()? {
                all.extend(expand(branch, document, depth + 1)?);
            }
            groups.push(all);
        }
    }
    let mut ways = vec![own];
    for group in groups {
        if ways.len() * group.len() > MOST {
            return None;
        }
        let with = |way: &Map<String, Value>, more: &Map<String, Value>| {
            merge::both(way.clone(), more.clone())
        };
        ways = ways
            .iter()
            .flat_map(|way| group.iter().filter_map(move |more| with(way, more)))
            .collect();
    }
    Some(ways)
}

/// The part of a schema without branches that is about one kind.
fn case(kind: Kind, words: &Map<String, Value>) -> Option<Case> {
    let named = |name: &str| match words.get("type") {
        None => true,
        Some(Value::Array(types)) => types.iter().any(|one| one == name),
        Some(only) => only == name,
    };
    let is_integer = kind == Kind::Number && !named("number") && named("integer");
    if !named(kind.name()) && !is_integer {
        return None;
    }
    let foreign = |word: &str| {
        word == "type"
            || Kind::ALL.iter().any(|other| *other != kind && other.words().contains(&word))
    };
    let mut own: Map<String, Value> = words
        .iter()
        .filter(|(word, _)| !foreign(word))
        .map(|(word, value)| (word.clone(), value.clone()))
        .collect();
    if let Some(Value::Array(values)) = own.get_mut("enum") {
        values.retain(|value| Kind::of(value) == kind);
        if values.is_empty() {
            return None;
        }
        let both = [json!(true), json!(false)];
        let is_all = match kind {
            Kind::Null => true,
            Kind::Boolean => both.iter().all(|value| values.contains(value)),
            _ => false,
        };
        if is_all {
            own.shift_remove("enum");
        }
    }
    if is_integer {
        own.insert("type".to_owned(), json!("integer"));
    }
    Some(Case { kind, words: own })
}

/// Adds a case; choices of values become one choice.
fn add(cases: &mut Vec<Case>, case: Case) {
    if cases.contains(&case) {
        return;
    }
    let is_choice = |case: &Case| case.words.len() == 1 && case.words.contains_key("enum");
    if is_choice(&case) {
        let same = |other: &&mut Case| other.kind == case.kind && is_choice(other);
        if let Some(other) = cases.iter_mut().find(same) {
            let more = case.words.get("enum").and_then(Value::as_array).cloned();
            if let Some(Value::Array(values)) = other.words.get_mut("enum") {
                values.extend(more.into_iter().flatten());
            }
            return;
        }
    }
    cases.push(case);
}

/// The definition that a schema refers to, if it says nothing else.
pub(super) fn sole_reference(schema: &Value) -> Option<&str> {
    let schema = schema.as_object().filter(|schema| schema.len() == 1)?;
    definition(schema.get("$ref")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(schema: &Value, expected: &[(Kind, Value)]) {
        let document = Document::of(schema);
        let cases = of(&document.root, &document).expect("not too many");
        let cases: Vec<_> =
            cases.into_iter().map(|case| (case.kind, Value::Object(case.words))).collect();
        assert_eq!(cases, expected, "{schema}");
    }

    #[test]
    fn what_can_be_null_is_two_cases_however_it_is_written() {
        let text = json!({ "maxLength": 3 });
        let expected = [(Kind::Null, json!({})), (Kind::Text, text)];
        check(&json!({ "type": ["string", "null"], "maxLength": 3 }), &expected);
        let mut turned = expected.clone();
        turned.reverse();
        let referred = json!({
            "anyOf": [{ "$ref": "#/$defs/Code" }, { "type": "null" }],
            "$defs": { "Code": { "type": "string", "maxLength": 3 } }
        });
        check(&referred, &turned);
    }

    #[test]
    fn documented_values_are_one_choice() {
        check(
            &json!({ "oneOf": [
                { "type": "string", "const": "LOW", "description": "x" },
                { "type": "string", "enum": ["MID", "HIGH"] }
            ] }),
            &[(Kind::Text, json!({ "enum": ["LOW", "MID", "HIGH"] }))],
        );
    }

    #[test]
    fn fields_beside_branches_are_in_every_branch() {
        check(
            &json!({
                "type": "object",
                "properties": { "a": { "type": "integer" } },
                "required": ["a"],
                "oneOf": [
                    { "type": "object", "properties": { "b": true } },
                    { "type": "object", "properties": { "c": true } }
                ],
                "unevaluatedProperties": false
            }),
            &["b", "c"].map(|name| {
                let properties = json!({ "a": { "type": "integer" }, name: true });
                let words = json!({
                    "properties": properties, "required": ["a"], "additionalProperties": false
                });
                (Kind::Object, words)
            }),
        );
    }

    #[test]
    fn a_schema_that_is_its_own_branch_ends() {
        let schema = json!({ "$ref": "#/$defs/A", "$defs": { "A": { "anyOf": [{ "$ref": "#/$defs/A" }] } } });
        let document = Document::of(&schema);
        assert_eq!(of(&document.root, &document), None);
    }
}
