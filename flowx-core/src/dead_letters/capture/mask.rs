//! Takes secrets out of a request, and leaves its shape.

use std::fmt::{self, Write as _};
use std::mem;

use serde_json::{Map, Number, Value};

use super::super::secret::looks_secret;
use crate::handler::schema::sensitive::Place;

/// A place in a JSON document: `$.customer.name`, `items[*].code`, `$["a.b"][0]`; `*` stands for every
/// field or element.
///
/// ```
/// use flowx_core::dead_letters::capture::mask::Path;
///
/// assert_eq!("customer.name".parse::<Path>().unwrap().to_string(), "$.customer.name");
/// assert!("customer..name".parse::<Path>().is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Field(String),
    Element(usize),
    Any,
}

impl std::str::FromStr for Path {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no path; write it as `$.customer.name` or `items[*].code`");
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('$').unwrap_or(text);
        if rest == text && !rest.starts_with('[') && !rest.is_empty() {
            let (step, behind) = field(rest).ok_or_else(wrong)?;
            steps.push(step);
            rest = behind;
        } else if text.is_empty() {
            return Err(wrong());
        }
        while !rest.is_empty() {
            let (step, behind) = if let Some(rest) = rest.strip_prefix('.') {
                field(rest)
            } else {
                rest.strip_prefix('[').and_then(element)
            }
            .ok_or_else(wrong)?;
            steps.push(step);
            rest = behind;
        }
        Ok(Self(steps))
    }
}

fn field(text: &str) -> Option<(Step, &str)> {
    let (name, rest) = text.split_at(text.find(['.', '[']).unwrap_or(text.len()));
    let step = if name == "*" { Step::Any } else { Step::Field(name.to_owned()) };
    (!name.is_empty()).then_some((step, rest))
}

fn element(text: &str) -> Option<(Step, &str)> {
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let (name, rest) = text[1..].split_once(&format!("{quote}]"))?;
        return Some((Step::Field(name.to_owned()), rest));
    }
    let (index, rest) = text.split_once(']')?;
    match index {
        "*" => Some((Step::Any, rest)),
        _ => Some((Step::Element(index.parse().ok()?), rest)),
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = |name: &str| name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        f.write_char('$')?;
        for step in &self.0 {
            match step {
                Step::Field(name) if plain(name) => write!(f, ".{name}")?,
                Step::Field(name) => write!(f, "[{name:?}]")?,
                Step::Element(index) => write!(f, "[{index}]")?,
                Step::Any => f.write_str("[*]")?,
            }
        }
        Ok(())
    }
}

impl Path {
    fn fits(&self, place: &[Step]) -> bool {
        let fits = |(own, found): (&Step, &Step)| *own == Step::Any || own == found;
        self.0.len() == place.len() && self.0.iter().zip(place).all(fits)
    }
}

/// A request without its secrets.
#[derive(Clone, Debug, PartialEq)]
pub struct Masked {
    /// What is left: the very bytes where nothing was masked, else JSON that was written anew.
    pub json: Vec<u8>,
    /// The places that were masked.
    pub paths: Vec<Path>,
    /// Places that should be masked and are not there.
    pub missed: Vec<Path>,
}

/// Masks what the schema marks (`x-flowx-sensitive`, `x-sensitive`, `writeOnly`, `"format": "password"`),
/// what has the name of a secret, and what stands at these paths. Letters become `x`, digits `1`, so
/// that a request of wrong shape keeps it. `None` if the payload is no JSON.
#[must_use]
pub fn payload(payload: &[u8], schema: &Value, paths: &[Path]) -> Option<Masked> {
    let mut value: Value = serde_json::from_slice(payload).ok()?;
    let mut walk = Walk { paths, place: Vec::new(), masked: Vec::new() };
    walk.value(&mut value, &Place::root(schema), false);
    let masked: Vec<Path> = walk.masked.into_iter().map(Path).collect();
    let missed = paths.iter().filter(|path| !masked.iter().any(|found| covers(path, found)));
    let missed = missed.cloned().collect();
    let json = if masked.is_empty() { payload.to_vec() } else { value.to_string().into_bytes() };
    Some(Masked { json, paths: masked, missed })
}

/// Whether what was masked includes what was asked for.
fn covers(asked: &Path, masked: &Path) -> bool {
    asked.0.len() >= masked.0.len() && Path(asked.0[..masked.0.len()].to_vec()).fits(&masked.0)
}

/// The value of a header without its secret.
#[must_use]
pub fn header(value: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(value) {
        Ok(text) => shape(text).into_bytes(),
        Err(_) => vec![b'x'; value.len()],
    }
}

struct Walk<'p> {
    paths: &'p [Path],
    place: Vec<Step>,
    masked: Vec<Vec<Step>>,
}

impl Walk<'_> {
    fn value(&mut self, value: &mut Value, schema: &Place<'_>, named: bool) {
        let asked = self.paths.iter().any(|path| path.fits(&self.place));
        if schema.is_marked() {
            hide_all(value, schema);
            self.masked.push(self.place.clone());
            return;
        }
        if named || asked {
            hide(value);
            self.masked.push(self.place.clone());
            return;
        }
        match value {
            Value::Object(fields) => {
                for (name, field) in fields {
                    let below = schema.field(name);
                    self.below(Step::Field(name.clone()), field, &below, looks_secret(name));
                }
            }
            Value::Array(elements) => {
                for (index, element) in elements.iter_mut().enumerate() {
                    self.below(Step::Element(index), element, &schema.element(index), false);
                }
            }
            _ => {}
        }
    }

    fn below(&mut self, step: Step, value: &mut Value, schema: &Place<'_>, named: bool) {
        self.place.push(step);
        self.value(value, schema, named);
        self.place.pop();
    }
}

/// Hides names too that only this request has: what a map is sorted by may be what is sensitive.
fn hide_all(value: &mut Value, schema: &Place<'_>) {
    match value {
        Value::Object(fields) => {
            let mut hidden = Map::new();
            for (name, mut field) in mem::take(fields) {
                hide_all(&mut field, &schema.field(&name));
                let mut name = if schema.knows(&name) { name } else { shape(&name) };
                while hidden.contains_key(&name) {
                    name.push('x');
                }
                hidden.insert(name, field);
            }
            *fields = hidden;
        }
        Value::Array(elements) => {
            for (index, element) in elements.iter_mut().enumerate() {
                hide_all(element, &schema.element(index));
            }
        }
        scalar => hide(scalar),
    }
}

fn hide(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Bool(is) => *is = false,
        Value::Number(number) => *number = ones(number),
        Value::String(text) => *text = shape(text),
        Value::Array(elements) => elements.iter_mut().for_each(hide),
        Value::Object(fields) => fields.values_mut().for_each(hide),
    }
}

/// A number of as many digits, each of them 1.
fn ones(number: &Number) -> Number {
    let digits: String =
        number.to_string().chars().map(|c| if c.is_ascii_digit() { '1' } else { c }).collect();
    digits.parse().unwrap_or_else(|_| Number::from(1))
}

/// A text of the same shape that says nothing.
fn shape(text: &str) -> String {
    let masked = |c: char| match c {
        '0'..='9' => '1',
        '-' | '_' | '.' | '@' | ':' | '/' | '+' | ' ' | '$' | '{' | '}' => c,
        _ => 'x',
    };
    text.chars().map(masked).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn masked(value: &Value, schema: &Value, paths: &[&str]) -> (Value, Vec<String>, Vec<String>) {
        let paths: Vec<Path> = paths.iter().map(|path| path.parse().expect("a path")).collect();
        let masked = payload(value.to_string().as_bytes(), schema, &paths).expect("JSON");
        let text = |paths: &[Path]| paths.iter().map(ToString::to_string).collect();
        let json = serde_json::from_slice(&masked.json).expect("JSON");
        (json, text(&masked.paths), text(&masked.missed))
    }

    #[test]
    fn names_schemas_and_paths_say_what_is_hidden() {
        let schema = json!({
            "properties": {
                "born": { "format": "date", "x-flowx-sensitive": true },
                "people": { "items": { "$ref": "#/$defs/Person" } },
                "next": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] },
            },
            "additionalProperties": { "properties": { "hidden": { "writeOnly": true } } },
            "$defs": { "Person": { "properties": {
                "code": { "format": "password" }, "other": { "x-sensitive": true },
            } } },
        });
        let value = json!({
            "born": "1985-12-10",
            "people": [{ "code": "ab1", "other": [7, true, null], "name": "Ada" }],
            "next": { "born": "2000-01-01", "apiKey": { "v": "s3" } },
            "free": { "hidden": 4711, "shown": 4711 },
            "note": "call Ada", "a.b": [1, 2.5],
        });
        let (json, paths, missed) = masked(&value, &schema, &["note", "$[\"a.b\"][*]", "gone.x"]);
        assert_eq!(
            json,
            json!({
                "born": "1111-11-11",
                "people": [{ "code": "xx1", "other": [1, false, null], "name": "Ada" }],
                "next": { "born": "1111-11-11", "apiKey": { "v": "x1" } },
                "free": { "hidden": 1111, "shown": 4711 },
                "note": "xxxx xxx", "a.b": [1, 1.1],
            })
        );
        assert_eq!(missed, ["$.gone.x"]);
        assert!(paths.contains(&"$.people[0].code".to_owned()), "{paths:?}");
    }

    #[test]
    fn names_that_only_a_request_has_are_hidden_where_the_schema_marks_their_object() {
        let schema = json!({ "properties": { "card": {
            "writeOnly": true,
            "properties": { "kind": { "type": "string" } },
            "additionalProperties": { "type": "integer" },
        } } });
        let value = json!({ "card": { "kind": "visa", "4711": 1, "4712": [{ "Ada": 2 }] } });
        let (json, paths, _) = masked(&value, &schema, &[]);
        let hidden = json!({ "card": { "kind": "xxxx", "1111": 1, "1111x": [{ "xxx": 1 }] } });
        assert_eq!((json, paths), (hidden, vec!["$.card".to_owned()]));
    }

    #[test]
    fn what_has_nothing_to_hide_keeps_every_byte() {
        let text = b"{ \"n\": 1.10, \"n\": 12345678901234567890123 }";
        let masked = payload(text, &json!(true), &[]).expect("JSON");
        assert_eq!(masked.json, text);
        assert_eq!(payload(b"{", &json!(true), &[]), None);
    }

    #[test]
    fn a_path_below_what_is_hidden_is_hidden() {
        let value = json!({ "secret": { "a": "b" }, "list": [{ "x": 1 }] });
        let (_, _, missed) = masked(&value, &json!({}), &["secret.a", "list[*].x", "$.list[1]"]);
        assert_eq!(missed, ["$.list[1]"]);
        let (json, paths, _) = masked(&json!(["a"]), &json!({}), &["$"]);
        assert_eq!((json, paths), (json!(["x"]), vec!["$".to_owned()]));
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        for wrong in ["", "a..b", "a[", "a[x]", "a[\"b]", ".", "$.", "$a"] {
            assert!(wrong.parse::<Path>().is_err(), "{wrong}");
        }
    }
}
