//! Two sets of keywords that hold at once, as one.

use serde_json::{Map, Value, json};

/// Keywords for which there is no single one that says both: kept side by side here.
pub(super) const BESIDE: &str = "allOf";

/// What both say at once; `None` if no value can be both.
///
/// Neither has references nor branches at its top.
pub(super) fn both(
    mut a: Map<String, Value>,
    mut b: Map<String, Value>,
) -> Option<Map<String, Value>> {
    constrain_fields(&mut a, &b);
    constrain_fields(&mut b, &a);
    for (word, theirs) in b {
        let Some(ours) = a.get(&word) else {
            a.insert(word, theirs);
            continue;
        };
        if *ours == theirs {
            continue;
        }
        let merged = match word.as_str() {
            "type" => Some(types(ours, &theirs)?),
            "enum" => Some(common_values(ours, &theirs)?),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
                stricter(ours, &theirs, |ours, theirs| theirs > ours)
            }
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
                stricter(ours, &theirs, |ours, theirs| theirs < ours)
            }
            "uniqueItems" => Some(json!(true)),
            "required" => union(ours, &theirs),
            "properties" => fields(ours, &theirs),
            "items" | "additionalProperties" | "unevaluatedProperties" | "propertyNames" => {
                Some(all_of(ours, &theirs))
            }
            _ => None,
        };
        match merged {
            Some(merged) => {
                a.insert(word, merged);
            }
            None => keep_beside(&mut a, word, theirs),
        }
    }
    Some(a)
}

/// A schema that says what both say.
pub(super) fn all_of(a: &Value, b: &Value) -> Value {
    match (a, b) {
        (Value::Bool(false), _) | (_, Value::Bool(false)) => json!(false),
        (Value::Bool(true), other) | (other, Value::Bool(true)) => other.clone(),
        _ if a == b => a.clone(),
        _ => json!({ "allOf": [a, b] }),
    }
}

/// What one side says of fields that it does not name holds for those that only the other names.
fn constrain_fields(named: &mut Map<String, Value>, other: &Map<String, Value>) {
    if other.contains_key("patternProperties") {
        return;
    }
    let Some(further) = other.get("additionalProperties") else { return };
    let theirs = other.get("properties").and_then(Value::as_object);
    if let Some(Value::Object(fields)) = named.get_mut("properties") {
        for (name, field) in fields {
            if theirs.is_none_or(|theirs| !theirs.contains_key(name)) {
                *field = all_of(field, further);
            }
        }
    }
}

fn keep_beside(a: &mut Map<String, Value>, word: String, theirs: Value) {
    let beside = a.entry(BESIDE).or_insert_with(|| json!([]));
    if let Value::Array(beside) = beside {
        match theirs {
            Value::Array(more) if word == BESIDE => beside.extend(more),
            theirs => beside.push(json!({ word: theirs })),
        }
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn types(a: &Value, b: &Value) -> Option<Value> {
    let mut common: Vec<Value> = Vec::new();
    for a in list(a) {
        for b in list(b) {
            let both = match (a.as_str()?, b.as_str()?) {
                ("integer", "number") | ("number", "integer") => json!("integer"),
                (a, b) if a == b => json!(a),
                _ => continue,
            };
            if !common.contains(&both) {
                common.push(both);
            }
        }
    }
    (!common.is_empty()).then_some(Value::Array(common))
}

fn common_values(a: &Value, b: &Value) -> Option<Value> {
    let common: Vec<Value> =
        list(a).iter().filter(|value| list(b).contains(value)).cloned().collect();
    (!common.is_empty()).then_some(Value::Array(common))
}

fn stricter(a: &Value, b: &Value, wins: fn(f64, f64) -> bool) -> Option<Value> {
    let (ours, theirs) = (a.as_f64()?, b.as_f64()?);
    Some(if wins(ours, theirs) { b.clone() } else { a.clone() })
}

fn union(a: &Value, b: &Value) -> Option<Value> {
    let mut all = a.as_array()?.clone();
    for value in b.as_array()? {
        if !all.contains(value) {
            all.push(value.clone());
        }
    }
    Some(Value::Array(all))
}

fn fields(a: &Value, b: &Value) -> Option<Value> {
    let mut all = a.as_object()?.clone();
    for (name, theirs) in b.as_object()? {
        let merged = all.get(name).map_or_else(|| theirs.clone(), |ours| all_of(ours, theirs));
        all.insert(name.clone(), merged);
    }
    Some(Value::Object(all))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(a: Value, b: Value, expected: Option<&Value>) {
        let map = |value: Value| value.as_object().expect("keywords").clone();
        assert_eq!(both(map(a), map(b)).map(Value::Object).as_ref(), expected);
    }

    #[test]
    fn the_stricter_of_two_rules_holds() {
        check(
            json!({ "type": ["number", "null"], "minimum": 1, "maxLength": 3 }),
            json!({ "type": "integer", "minimum": 2, "maxLength": 4 }),
            Some(&json!({ "type": ["integer"], "minimum": 2, "maxLength": 3 })),
        );
        check(json!({ "type": "string" }), json!({ "type": "null" }), None);
        check(
            json!({ "enum": ["a", "b"] }),
            json!({ "enum": ["b", "c"] }),
            Some(&json!({ "enum": ["b"] })),
        );
        check(json!({ "enum": ["a"] }), json!({ "enum": ["b"] }), None);
        check(
            json!({ "pattern": "a" }),
            json!({ "pattern": "b" }),
            Some(&json!({ "pattern": "a", "allOf": [{ "pattern": "b" }] })),
        );
    }

    #[test]
    fn a_closed_side_refuses_fields_of_the_other() {
        check(
            json!({ "properties": { "a": { "type": "string" } }, "required": ["a"] }),
            json!({ "properties": { "b": true }, "additionalProperties": false }),
            Some(&json!({
                "properties": { "a": false, "b": true },
                "required": ["a"],
                "additionalProperties": false
            })),
        );
    }
}
