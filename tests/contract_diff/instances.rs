//! Messages that a schema describes: made at random from a seed, with a taste for limits.

use fastrand::Rng;
use jsonschema::Validator;
use serde_json::{Map, Number, Value, json};

use crate::patterns;

/// How deep a message may be; beyond that only what must be there is.
const DEEPEST: usize = 3;

/// Makes messages of one root schema.
pub(crate) struct Instances<'a> {
    root: &'a Value,
    rng: Rng,
    /// Whether there may be fields that no schema names, as in requests.
    further_fields: bool,
    /// Names for fields of a schema that takes any.
    names: Vec<String>,
}

impl<'a> Instances<'a> {
    pub(crate) fn new(root: &'a Value, seed: u64, further_fields: bool) -> Self {
        Self { root, rng: Rng::with_seed(seed), further_fields, names: Vec::new() }
    }

    /// Lets fields of a schema that takes any have the names that another schema has.
    pub(crate) fn with_names_of(mut self, other: &Value) -> Self {
        let names = other.get("properties").and_then(Value::as_object);
        self.names = names.into_iter().flatten().map(|(name, _)| name.clone()).collect();
        self
    }

    /// One message; not always a valid one where rules hang together.
    pub(crate) fn make(&mut self) -> Value {
        self.of(self.root, 0)
    }

    fn of(&mut self, schema: &Value, depth: usize) -> Value {
        let Value::Object(schema) = schema else { return self.anything(depth) };
        if depth > 24 {
            return Value::Null;
        }
        let mut own = schema.clone();
        let mut parts: Vec<Value> = Vec::new();
        if let Some(reference) = own.remove("$ref") {
            let pointer =
                reference.as_str().and_then(|text| text.strip_prefix('#')).expect("local");
            parts.push(self.root.pointer(pointer).expect("a definition").clone());
        }
        for word in ["oneOf", "anyOf"] {
            if let Some(Value::Array(branches)) = own.remove(word) {
                parts.push(self.branch(&branches, depth));
            }
        }
        if let Some(Value::Array(all)) = own.remove("allOf") {
            parts.extend(all);
        }
        // What holds at once is made from one set of keywords; what it cannot say, validation sorts
        // out.
        for part in parts {
            match part {
                Value::Object(part) => merge(&mut own, &part),
                _ => continue,
            }
        }
        if ["$ref", "oneOf", "anyOf", "allOf"].iter().any(|word| own.contains_key(*word)) {
            return self.of(&Value::Object(own), depth + 1);
        }
        self.plain(&own, depth)
    }

    fn branch(&mut self, branches: &[Value], depth: usize) -> Value {
        let null = branches.iter().find(|branch| branch["type"] == "null");
        match null {
            Some(null) if depth > DEEPEST => null.clone(),
            _ => branches[self.rng.usize(..branches.len())].clone(),
        }
    }

    fn plain(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        if let Some(value) = schema.get("const") {
            return value.clone();
        }
        if let Some(Value::Array(values)) = schema.get("enum") {
            return values[self.rng.usize(..values.len())].clone();
        }
        let name = match schema.get("type") {
            Some(Value::Array(types)) => {
                let null = types.iter().find(|name| *name == "null");
                let any = &types[self.rng.usize(..types.len())];
                null.filter(|_| depth > DEEPEST).unwrap_or(any).clone()
            }
            Some(one) => one.clone(),
            None if schema.contains_key("properties") => json!("object"),
            None => return self.anything(depth),
        };
        match name.as_str() {
            Some("null") => Value::Null,
            Some("boolean") => json!(self.rng.bool()),
            Some("integer") => self.number(schema, true),
            Some("number") => self.number(schema, false),
            Some("string") => json!(self.text(schema)),
            Some("array") => self.list(schema, depth),
            _ => self.object(schema, depth),
        }
    }

    fn anything(&mut self, depth: usize) -> Value {
        match self.rng.u8(..if depth > DEEPEST { 5 } else { 7 }) {
            0 => Value::Null,
            1 => json!(self.rng.bool()),
            2 => json!(self.rng.i32(-5..500)),
            3 => json!(self.rng.f64() * 10.0),
            4 => json!(self.word(0, 6)),
            5 => json!([self.anything(depth + 1)]),
            _ => json!({ self.word(1, 3): self.anything(depth + 1) }),
        }
    }

    fn number(&mut self, schema: &Map<String, Value>, whole: bool) -> Value {
        let limit = |word: &str| schema.get(word).and_then(Value::as_f64);
        let least =
            limit("minimum").or_else(|| limit("exclusiveMinimum").map(|least| least + 0.25));
        let most = limit("maximum").or_else(|| limit("exclusiveMaximum").map(|most| most - 0.25));
        let (low, high) = match (least, most) {
            (Some(low), Some(high)) => (low, high),
            (Some(low), None) => (low, low + 1000.0),
            (None, Some(high)) => (high - 1000.0, high),
            (None, None) => (-1000.0, 1000.0),
        };
        let step = limit("multipleOf");
        let value = match self.rng.u8(..4) {
            0 => low,
            1 => high,
            _ => low + self.rng.f64() * (high - low),
        };
        let value = step.map_or(value, |step| (value / step).round() * step);
        if whole {
            let value = if value == low { value.ceil() } else { value.floor() };
            #[allow(clippy::cast_possible_truncation, reason = "the pairs use small numbers")]
            return json!(value as i64);
        }
        Number::from_f64(value).map_or(Value::Null, Value::Number)
    }

    fn text(&mut self, schema: &Map<String, Value>) -> String {
        if let Some(Value::String(pattern)) = schema.get("pattern") {
            return patterns::text(pattern, &mut self.rng);
        }
        let samples: &[&str] = match schema.get("format").and_then(Value::as_str) {
            Some("date") => &["2024-02-29", "1999-12-31"],
            Some("date-time") => &["2024-02-29T12:00:00Z", "1999-12-31T23:59:59+02:00"],
            Some("time") => &["12:00:00Z", "23:59:59+02:00"],
            Some("uuid") => &["d3aabfd8-d041-4c62-892f-22d17923b223"],
            Some("email") => &["john.doe@mail.com"],
            _ => &[],
        };
        if !samples.is_empty() {
            return samples[self.rng.usize(..samples.len())].to_owned();
        }
        let limit =
            |word: &str| schema.get(word).and_then(Value::as_u64).map(|limit| limit as usize);
        let least = limit("minLength").unwrap_or(0);
        let most = limit("maxLength").unwrap_or(least + 8);
        match self.rng.u8(..3) {
            0 => self.word(least, least),
            1 => self.word(most, most),
            _ => self.word(least, most),
        }
    }

    /// A word of so many characters, many of which are more than one byte.
    fn word(&mut self, least: usize, most: usize) -> String {
        let characters: Vec<char> = "abcXYZ019 äß€語𝄞".chars().collect();
        let length = self.rng.usize(least..=most.max(least));
        (0..length).map(|_| characters[self.rng.usize(..characters.len())]).collect()
    }

    fn list(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let limit =
            |word: &str| schema.get(word).and_then(Value::as_u64).map(|limit| limit as usize);
        let fixed =
            schema.get("prefixItems").and_then(Value::as_array).cloned().unwrap_or_default();
        let least = limit("minItems").unwrap_or(0);
        let most = limit("maxItems").unwrap_or(least.max(fixed.len()) + 3);
        let length = match self.rng.u8(..3) {
            _ if depth > DEEPEST => least,
            0 => least,
            1 => most,
            _ => self.rng.usize(least..=most.max(least)),
        };
        let rest = schema.get("items").cloned().unwrap_or(json!(true));
        let item = |index: usize| fixed.get(index).unwrap_or(&rest).clone();
        (0..length).map(|index| self.of(&item(index), depth + 1)).collect()
    }

    fn object(&mut self, schema: &Map<String, Value>, depth: usize) -> Value {
        let required =
            schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let properties =
            schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        let mut object = Map::new();
        for (name, field) in &properties {
            let must = required.iter().any(|required| required == name);
            if field != &json!(false) && (must || depth <= DEEPEST && self.rng.u8(..3) > 0) {
                object.insert(name.clone(), self.of(field, depth + 1));
            }
        }
        for name in required.iter().filter_map(Value::as_str) {
            if !object.contains_key(name) {
                object.insert(name.to_owned(), self.anything(depth));
            }
        }
        let further =
            schema.get("additionalProperties").or_else(|| schema.get("unevaluatedProperties"));
        let is_declared = further.is_some();
        let further = match further {
            Some(Value::Bool(false)) => None,
            Some(schema) => Some(schema.clone()),
            None => self.further_fields.then_some(json!(true)),
        };
        if let Some(further) = further.filter(|_| depth <= DEEPEST) {
            let mut names: Vec<String> =
                (0..self.rng.usize(..3)).map(|index| format!("further{index}")).collect();
            if is_declared && self.rng.bool() {
                names.extend(self.names.iter().cloned());
            }
            for name in names.into_iter().filter(|name| !properties.contains_key(name)) {
                object.insert(name, self.of(&further, depth + 1));
            }
        }
        Value::Object(object)
    }
}

fn merge(own: &mut Map<String, Value>, part: &Map<String, Value>) {
    for (word, theirs) in part {
        match (own.get_mut(word), theirs) {
            (Some(Value::Object(ours)), Value::Object(theirs)) => {
                for (name, field) in theirs {
                    let both = match ours.get(name) {
                        Some(ours) if ours != field => json!({ "allOf": [ours, field] }),
                        _ => field.clone(),
                    };
                    ours.insert(name.clone(), both);
                }
            }
            (Some(Value::Array(ours)), Value::Array(theirs)) if word == "required" => {
                ours.extend(theirs.iter().cloned());
            }
            (Some(ours), theirs) if word == "type" && ours.is_array() => *ours = theirs.clone(),
            (Some(_), _) => {}
            (None, theirs) => {
                own.insert(word.clone(), theirs.clone());
            }
        }
    }
}

/// Checks messages as this workspace means its schemas: formats count.
pub(crate) fn validator(schema: &Value) -> Validator {
    let options = jsonschema::options().offline().should_validate_formats(true);
    options.build(schema).unwrap_or_else(|error| panic!("{error}: {schema:#}"))
}
