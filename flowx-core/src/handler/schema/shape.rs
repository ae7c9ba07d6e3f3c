//! What a schema says about the JSON that it describes: object, array or less, and with which keys.

use serde_json::{Map, Value, json};

use super::{Draft, walk};

/// How many references and branches are followed; beyond that nothing is claimed.
const DEEPEST: usize = 32;

/// The kinds of JSON value that a schema allows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::handler) struct Kinds {
    pub(in crate::handler) object: bool,
    pub(in crate::handler) array: bool,
    pub(in crate::handler) null: bool,
    /// The first scalar that is allowed, as JSON Schema names it.
    pub(in crate::handler) scalar: Option<String>,
    /// The schema does not say.
    pub(in crate::handler) unknown: bool,
}

/// Whether JSON of a schema has a certain top-level key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::handler) enum HasKey {
    Always,
    Never,
    /// Only the JSON itself can tell.
    Unknown,
}

/// The kinds of value that a root schema allows.
pub(in crate::handler) fn kinds(root: &Value) -> Kinds {
    kinds_within(root, root)
}

/// The same of a schema inside a root schema.
pub(super) fn kinds_within(schema: &Value, root: &Value) -> Kinds {
    let mut kinds = Kinds::default();
    collect_kinds(schema, root, 0, &mut kinds);
    kinds
}

/// Whether JSON of a root schema has this key, declared optional or not.
pub(in crate::handler) fn has_key(root: &Value, key: &str) -> HasKey {
    key_in(root, root, key, 0)
}

/// Adds a key that is always null to a root schema; `has` is what [`has_key`] said of it.
pub(in crate::handler) fn add_null_key(root: &mut Value, key: &str, has: HasKey) {
    if has != HasKey::Always {
        keep_apart(root);
    }
    match has {
        HasKey::Always => {}
        HasKey::Never => {
            let whole = root.clone();
            add_to(root, &whole, key, 0);
        }
        // The JSON itself may bring the key with any value: all that can be said is that it comes.
        HasKey::Unknown => {
            if let Some(schema) = root.as_object_mut() {
                if schema.get("type") == Some(&json!("object")) {
                    insert_property(schema, key, json!({ "description": DESCRIPTION }));
                }
            }
        }
    }
}

/// Gives a schema that refers to itself a definition to refer to in place of the root: what is added to
/// the root is not in what it holds.
fn keep_apart(root: &mut Value) {
    let refers = |schema: &Map<String, Value>| schema.get("$ref").is_some_and(|to| to == "#");
    if !walk::any(root, &refers) {
        return;
    }
    let Some(own) = root.as_object() else { return };
    let in_07 = own.get("$schema").is_some_and(|draft| draft == Draft::Draft07.meta_schema());
    let keyword = if in_07 { "definitions" } else { "$defs" };
    let mut itself = own.clone();
    itself.shift_remove("$schema");
    let taken = itself.shift_remove(keyword).unwrap_or_default();
    let legal = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let title = own.get("title").and_then(Value::as_str).unwrap_or("Root");
    let mut name: String = title.chars().map(legal).collect();
    while taken.get(&name).is_some() {
        name.push('_');
    }
    root[keyword][&name] = Value::Object(itself);
    walk::change_all(root, &mut |schema| {
        if refers(schema) {
            schema["$ref"] = json!(format!("#/{keyword}/{name}"));
        }
    });
}

const DESCRIPTION: &str = "Null on success; the text of the failure otherwise.";

fn collect_kinds(schema: &Value, root: &Value, depth: usize, kinds: &mut Kinds) {
    let Value::Object(schema) = schema else {
        // `false` allows nothing, `true` everything.
        kinds.unknown |= schema != &Value::Bool(false);
        return;
    };
    if depth > DEEPEST {
        kinds.unknown = true;
    } else if let Some(types) = schema.get("type") {
        let one = std::slice::from_ref(types);
        types.as_array().map_or(one, Vec::as_slice).iter().for_each(|name| kinds.add_name(name));
    } else if let Some(value) = schema.get("const") {
        kinds.add_value(value);
    } else if let Some(Value::Array(values)) = schema.get("enum") {
        values.iter().for_each(|value| kinds.add_value(value));
    } else if let Some(target) = referred(schema, root) {
        collect_kinds(target, root, depth + 1, kinds);
    } else if let Some(branches) = branches(schema) {
        branches.iter().for_each(|branch| collect_kinds(branch, root, depth + 1, kinds));
    } else if let Some(Value::Array(parts)) = schema.get("allOf") {
        kinds.add_narrowest(parts.iter().map(|part| {
            let mut kinds = Kinds::default();
            collect_kinds(part, root, depth + 1, &mut kinds);
            kinds
        }));
    } else {
        kinds.unknown = true;
    }
}

impl Kinds {
    fn add_name(&mut self, name: &Value) {
        match name.as_str() {
            Some("object") => self.object = true,
            Some("array") => self.array = true,
            Some("null") => self.null = true,
            Some(scalar) => {
                self.scalar.get_or_insert_with(|| scalar.to_owned());
            }
            None => self.unknown = true,
        }
    }

    fn add_value(&mut self, value: &Value) {
        let name = match value {
            Value::Object(_) => "object",
            Value::Array(_) => "array",
            Value::Null => "null",
            Value::String(_) => "string",
            Value::Number(_) => "number",
            Value::Bool(_) => "boolean",
        };
        self.add_name(&Value::from(name));
    }

    /// All parts hold at once, so that any one that is sure speaks for the whole.
    fn add_narrowest(&mut self, parts: impl Iterator<Item = Self>) {
        match parts.into_iter().find(|part| !part.unknown) {
            None => self.unknown = true,
            Some(part) => {
                self.object |= part.object;
                self.array |= part.array;
                self.null |= part.null;
                self.scalar = self.scalar.take().or(part.scalar);
            }
        }
    }
}

fn key_in(schema: &Value, root: &Value, key: &str, depth: usize) -> HasKey {
    let Value::Object(schema) = schema else { return HasKey::Unknown };
    if depth > DEEPEST || is_open(schema) {
        return HasKey::Unknown;
    }
    let own = schema.get("properties").and_then(Value::as_object);
    if own.is_some_and(|properties| properties.contains_key(key)) {
        return HasKey::Always;
    }
    let below = |part: &Value| key_in(part, root, key, depth + 1);
    let parts = schema.get("allOf").and_then(Value::as_array).into_iter().flatten();
    let beside: Vec<HasKey> = (referred(schema, root).map(below).into_iter())
        .chain(parts.map(below))
        .chain(branches(schema).map(|branches| agreed(branches.iter().map(below))))
        .collect();
    if beside.contains(&HasKey::Always) {
        HasKey::Always
    } else if own.is_none() && beside.is_empty() {
        // An object without declared properties may have any.
        HasKey::Unknown
    } else {
        agreed(beside.into_iter().chain(own.map(|_| HasKey::Never)))
    }
}

/// What all say, if they say the same.
fn agreed(mut each: impl Iterator<Item = HasKey>) -> HasKey {
    let first = each.next().unwrap_or(HasKey::Unknown);
    if each.all(|other| other == first) { first } else { HasKey::Unknown }
}

/// Whether there may be properties that the schema does not name.
fn is_open(schema: &Map<String, Value>) -> bool {
    let allows =
        |keyword: &str| schema.get(keyword).is_some_and(|more| more != &Value::Bool(false));
    allows("additionalProperties")
        || allows("unevaluatedProperties")
        || ["patternProperties", "if", "not"].iter().any(|word| schema.contains_key(*word))
}

/// Adds the key where the properties are declared: here, or in every branch.
fn add_to(schema: &mut Value, root: &Value, key: &str, depth: usize) {
    // A definition may be shared with places that have no such key: a copy takes it.
    while let Some(target) = schema.as_object().and_then(|schema| sole_reference(schema, root)) {
        *schema = target.clone();
    }
    let Some(schema) = schema.as_object_mut() else { return };
    if schema.contains_key("properties") || depth > DEEPEST {
        insert_property(schema, key, json!({ "type": "null", "description": DESCRIPTION }));
        let required = schema.entry("required").or_insert_with(|| json!([]));
        if let Value::Array(required) = required {
            required.push(Value::from(key));
        }
        return;
    }
    for keyword in ["oneOf", "anyOf"] {
        if let Some(Value::Array(branches)) = schema.get_mut(keyword) {
            branches.iter_mut().for_each(|branch| add_to(branch, root, key, depth + 1));
        }
    }
}

fn insert_property(schema: &mut Map<String, Value>, key: &str, property: Value) {
    let properties = schema.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        properties.entry(key).or_insert(property);
    }
}

fn referred<'a>(schema: &Map<String, Value>, root: &'a Value) -> Option<&'a Value> {
    let pointer = schema.get("$ref")?.as_str()?.strip_prefix('#')?;
    root.pointer(pointer)
}

/// What a schema refers to, if it says nothing else of the properties.
fn sole_reference<'a>(schema: &Map<String, Value>, root: &'a Value) -> Option<&'a Value> {
    if schema.contains_key("properties") { None } else { referred(schema, root) }
}

fn branches(schema: &Map<String, Value>) -> Option<&Vec<Value>> {
    schema.get("oneOf").or_else(|| schema.get("anyOf"))?.as_array()
}

#[cfg(test)]
#[allow(dead_code, reason = "only the schemas of these types are looked at")]
mod tests {
    use std::collections::HashMap;

    use schemars::JsonSchema;
    use serde::Serialize;

    use super::*;
    use crate::handler::schema::{Draft, of_reply};

    #[derive(Serialize, JsonSchema)]
    struct Plain {
        amount: f64,
    }

    #[derive(Serialize, JsonSchema)]
    struct Own {
        #[serde(rename = "errorMessage", skip_serializing_if = "Option::is_none")]
        error: Option<String>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Flat {
        amount: f64,
        #[serde(flatten)]
        more: HashMap<String, String>,
    }

    #[derive(Serialize, JsonSchema)]
    struct FlatStruct {
        #[serde(flatten)]
        plain: Plain,
        note: String,
    }

    #[derive(Serialize, JsonSchema)]
    #[serde(tag = "kind")]
    enum Tagged {
        First { amount: f64 },
        Second(Plain),
    }

    #[derive(Serialize, JsonSchema)]
    #[serde(untagged)]
    enum Untagged {
        One(Plain),
        Other(Own),
    }

    #[derive(Serialize, JsonSchema)]
    enum External {
        Data(Plain),
        More { note: String },
    }

    #[derive(Serialize, JsonSchema)]
    enum WithUnit {
        Data(Plain),
        Nothing,
    }

    #[derive(Serialize, JsonSchema)]
    struct Tree {
        children: Vec<Self>,
    }

    #[track_caller]
    fn check<T: JsonSchema>(key: HasKey, properties: usize) {
        for draft in [Draft::Draft202012, Draft::Draft07] {
            let mut schema = of_reply::<T>(draft);
            assert_eq!(has_key(&schema, "errorMessage"), key, "{schema:#}");
            add_null_key(&mut schema, "errorMessage", key);
            let count = |schema: &Value, name: &str| schema.to_string().matches(name).count();
            assert_eq!(count(&schema, r#""errorMessage":{"#), properties, "{schema:#}");
            let before = of_reply::<T>(draft);
            for name in [r#""amount":{"#, r#""kind":{"#, r#""note":{"#] {
                assert!(count(&schema, name) >= count(&before, name), "{schema:#}");
            }
        }
    }

    #[test]
    fn a_key_is_added_wherever_the_type_has_none() {
        check::<Plain>(HasKey::Never, 1);
        check::<FlatStruct>(HasKey::Never, 1);
        check::<Tagged>(HasKey::Never, 2);
        check::<External>(HasKey::Never, 2);
        check::<Tree>(HasKey::Never, 1);
    }

    #[test]
    fn a_key_is_added_to_a_recursive_type_and_not_to_what_it_holds() {
        for draft in [Draft::Draft202012, Draft::Draft07] {
            let mut schema = of_reply::<Tree>(draft);
            add_null_key(&mut schema, "errorMessage", HasKey::Never);
            let leaf = json!({ "children": [] });
            let sent = json!({ "children": [leaf], "errorMessage": null });
            assert!(jsonschema::is_valid(&schema, &sent), "{schema:#}");
            assert!(!jsonschema::is_valid(&schema, &leaf), "{schema:#}");
        }
    }

    #[test]
    fn a_key_of_the_types_own_stays_as_it_is() {
        check::<Own>(HasKey::Always, 1);
    }

    #[test]
    fn an_open_type_is_not_told_what_its_key_holds() {
        check::<Flat>(HasKey::Unknown, 1);
        check::<Untagged>(HasKey::Unknown, 1);
        check::<Value>(HasKey::Unknown, 0);
        check::<Vec<Plain>>(HasKey::Unknown, 0);
    }

    #[test]
    fn kinds_see_through_references_and_branches() {
        let of = |schema: Value| kinds(&schema);
        let object = Kinds { object: true, ..Kinds::default() };
        assert_eq!(of(of_reply::<Tagged>(Draft::Draft202012)), object);
        assert_eq!(of(of_reply::<External>(Draft::Draft07)), object);
        let unit = of(of_reply::<WithUnit>(Draft::Draft202012));
        assert_eq!((unit.object, unit.scalar.as_deref()), (true, Some("string")));
        let optional = of(of_reply::<Option<Plain>>(Draft::Draft202012));
        assert!(optional.object && optional.null);
        assert!(of(of_reply::<Value>(Draft::Draft202012)).unknown);
        assert!(of(of_reply::<Vec<u8>>(Draft::Draft202012)).array);
        let both = of(json!({ "allOf": [true, { "type": "object" }] }));
        assert_eq!(both, object);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({ "$ref": "#" });
        assert!(kinds(&schema).unknown);
        assert_eq!(has_key(&schema, "a"), HasKey::Unknown);
    }
}
