//! The reply of a handler: a value to JSON that the engine can store.

use std::any::TypeId;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::outcome::Outcome;
use super::schema::shape::{self, HasKey, Kinds};
use super::schema::{self, Draft};

/// What a handler may answer: any type that is `Serialize` and `JsonSchema` and becomes a JSON
/// object or array, or `()` for no reply.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a handler",
    label = "`{Self}` lacks `Serialize` or `JsonSchema`",
    note = "add `#[derive(serde::Serialize, schemars::JsonSchema)]` to `{Self}`, or return `Result<(), E>` for no reply"
)]
pub trait Reply: Sized + Send + 'static {
    /// The JSON Schema of what is sent; `None` if nothing is.
    fn schema(draft: Draft) -> Option<Value>;

    /// The JSON; `None` if nothing is sent.
    ///
    /// # Errors
    /// Why the value cannot be written as JSON.
    fn encode(&self) -> Result<Option<Vec<u8>>, String>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + JsonSchema + Send + 'static> Reply for T {
    fn schema(draft: Draft) -> Option<Value> {
        (!is_unit::<T>()).then(|| schema::of_reply::<T>(draft))
    }

    fn encode(&self) -> Result<Option<Vec<u8>>, String> {
        if is_unit::<T>() {
            return Ok(None);
        }
        serde_json::to_vec(self).map(Some).map_err(|error| error.to_string())
    }
}

/// By its identity `()` is told through every alias.
fn is_unit<T: 'static>() -> bool {
    TypeId::of::<T>() == TypeId::of::<()>()
}

/// What the JSON of a handler's replies is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyShape {
    /// The handler sends no reply.
    None,
    /// Always an object.
    Object,
    /// Always an array.
    Array,
    /// An object or an array, which only the value tells, as with `serde_json::Value`.
    Either,
}

/// How the replies of one handler are finished, settled once when it is bound.
#[derive(Debug)]
pub struct ReplyPlan {
    /// The error field, where a successful reply may need it.
    error_null: Option<ErrorNull>,
}

#[derive(Debug)]
struct ErrorNull {
    /// Whether the JSON itself must be asked if it has the field already.
    inspect: bool,
    /// The name as JSON, with quotes.
    name: Vec<u8>,
}

impl ReplyPlan {
    /// The plan for replies of a schema; `error_field` is the name of the field that is null on
    /// success, if that is wanted.
    pub(super) fn new(schema: Option<&Value>, error_field: Option<&str>) -> Self {
        let (Some(schema), Some(field)) = (schema, error_field) else {
            return Self { error_null: None };
        };
        let inspect = match shape::has_key(schema, field) {
            HasKey::Always => return Self { error_null: None },
            HasKey::Never => false,
            HasKey::Unknown => true,
        };
        let name = Value::from(field).to_string().into_bytes();
        Self { error_null: Some(ErrorNull { inspect, name }) }
    }

    /// Encodes a successful reply and adds the error field where it belongs.
    pub(super) fn outcome<T: Reply>(&self, reply: &T) -> Outcome {
        let mut json = match reply.encode() {
            Ok(None) => return Outcome::Nothing,
            Ok(Some(json)) => json,
            Err(reason) => return Outcome::Unencodable(reason),
        };
        match (json.first(), &self.error_null) {
            (Some(b'{'), Some(error_null)) => error_null.add_to(&mut json),
            (Some(b'{' | b'['), _) => {}
            _ => return Outcome::Unencodable(SCALAR.to_owned()),
        }
        Outcome::Reply(json)
    }
}

const SCALAR: &str =
    "the reply is neither an object nor an array; the engine stores replies under keys";

impl ErrorNull {
    fn add_to(&self, object: &mut Vec<u8>) {
        if self.inspect && has_top_level_key(object, &self.name) {
            return;
        }
        object.pop();
        if object.trim_ascii_end().last() != Some(&b'{') {
            object.push(b',');
        }
        object.extend_from_slice(&self.name);
        object.extend_from_slice(b":null}");
    }
}

/// Whether a JSON object has this key, given with its quotes.
fn has_top_level_key(object: &[u8], name: &[u8]) -> bool {
    let (mut depth, mut at, mut is_key) = (0_usize, 0, false);
    while let Some(byte) = object.get(at) {
        match byte {
            b'"' => {
                let end = end_of_string(object, at);
                if depth == 1 && is_key && same_string(&object[at..end], name) {
                    return true;
                }
                at = end;
                continue;
            }
            b'{' | b'[' => {
                depth += 1;
                is_key = true;
            }
            b'}' | b']' => depth -= 1,
            b',' => is_key = true,
            b':' => is_key = false,
            _ => {}
        }
        at += 1;
    }
    false
}

/// The position behind the closing quote of the string that opens at `start`.
fn end_of_string(json: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr::memchr2(b'"', b'\\', &json[at..]) {
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    json.len()
}

/// Compares two JSON strings; escapes are looked through only where there are any.
fn same_string(a: &[u8], b: &[u8]) -> bool {
    if a == b || !a.contains(&b'\\') {
        return a == b;
    }
    match (serde_json::from_slice::<String>(a), serde_json::from_slice::<String>(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// The shape of the replies of a schema, or what is wrong with it and what to do.
pub(super) fn shape_of(schema: Option<&Value>) -> Result<ReplyShape, String> {
    let Some(schema) = schema else { return Ok(ReplyShape::None) };
    match shape::kinds(schema) {
        Kinds { scalar: Some(scalar), .. } => Err(format!(
            "the reply can be \"{scalar}\", not an object; the engine stores replies under keys: return a struct with a named field"
        )),
        Kinds { null: true, object: false, array: false, .. } => Err(
            "the reply is null, not an object; return `Result<(), E>` for no reply, or a struct with a named field".to_owned(),
        ),
        Kinds { null: true, .. } => Err(
            "the reply can be null (an `Option`?), and a process that waits would go on with nothing; return a struct with an optional field, or refuse with a code".to_owned(),
        ),
        Kinds { object: true, array: false, unknown: false, .. } => Ok(ReplyShape::Object),
        Kinds { object: false, array: true, unknown: false, .. } => Ok(ReplyShape::Array),
        Kinds { .. } => Ok(ReplyShape::Either),
    }
}

/// The schema of successful replies as they are sent: with the error field, where it is added, also in
/// its examples.
pub(super) fn schema_as_sent(mut schema: Value, error_field: Option<&str>) -> Value {
    if let Some(field) = error_field {
        let has = shape::has_key(&schema, field);
        shape::add_null_key(&mut schema, field, has);
        if let Some(Value::Array(examples)) = schema.get_mut("examples") {
            let objects = examples.iter_mut().filter_map(Value::as_object_mut);
            objects.for_each(|example| {
                example.entry(field).or_insert(Value::Null);
            });
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn sent<T: Reply>(reply: &T, field: Option<&str>) -> String {
        let schema = T::schema(Draft::default());
        match ReplyPlan::new(schema.as_ref(), field).outcome(reply) {
            Outcome::Reply(json) => String::from_utf8(json).unwrap(),
            other => format!("{other:?}"),
        }
    }

    #[derive(Serialize, JsonSchema)]
    struct Plain {
        amount: u32,
    }

    #[derive(Serialize, JsonSchema)]
    struct Empty {}

    #[derive(Serialize, JsonSchema)]
    struct Own {
        #[serde(rename = "errorMessage")]
        error: String,
    }

    #[test]
    fn a_successful_object_says_that_there_is_no_error() {
        let field = Some("errorMessage");
        assert_eq!(sent(&Plain { amount: 1 }, field), r#"{"amount":1,"errorMessage":null}"#);
        assert_eq!(sent(&Empty {}, field), r#"{"errorMessage":null}"#);
        assert_eq!(sent(&Own { error: "x".into() }, field), r#"{"errorMessage":"x"}"#);
        assert_eq!(sent(&[Plain { amount: 1 }], field), r#"[{"amount":1}]"#);
        assert_eq!(sent(&Plain { amount: 1 }, None), r#"{"amount":1}"#);
        assert_eq!(sent(&(), field), "Nothing");
    }

    #[test]
    fn open_objects_are_looked_into() {
        let field = Some("error");
        let cases = [
            (json!({}), r#"{"error":null}"#),
            (json!({"a": "error"}), r#"{"a":"error","error":null}"#),
            (json!({"error": 1}), r#"{"error":1}"#),
            (json!({"a": {"error": 1}}), r#"{"a":{"error":1},"error":null}"#),
            (json!({"a": [{"error": 1}, "error"]}), r#"{"a":[{"error":1},"error"],"error":null}"#),
            (json!({"a\\\"": "\\", "b": 1}), r#"{"a\\\"":"\\","b":1,"error":null}"#),
            (json!([1]), "[1]"),
            (json!("error"), "Unencodable"),
        ];
        for (reply, expected) in cases {
            assert_eq!(sent(&reply, field), expected);
        }
    }

    #[test]
    fn escaped_names_are_the_same_names() {
        assert!(has_top_level_key(br#"{ "\u0065rror" : 1 }"#, br#""error""#));
        let quoted = BTreeMap::from([("say \"no\"", 1)]);
        assert_eq!(sent(&quoted, Some("say \"no\"")), r#"{"say \"no\"":1}"#);
    }

    #[test]
    fn what_cannot_be_json_is_said() {
        let reply = BTreeMap::from([(vec![1], 1)]);
        let json = Reply::encode(&[reply]).unwrap_err();
        assert!(json.contains("key must be a string"), "{json}");
    }

    #[test]
    fn scalars_and_nulls_are_no_replies() {
        let of = |schema: Value| shape_of(Some(&schema));
        assert!(of(schema::of_reply::<String>(Draft::default())).unwrap_err().contains("string"));
        assert!(of(schema::of_reply::<Option<Plain>>(Draft::default())).is_err());
        assert_eq!(of(schema::of_reply::<Value>(Draft::default())), Ok(ReplyShape::Either));
        assert_eq!(of(schema::of_reply::<Vec<u8>>(Draft::default())), Ok(ReplyShape::Array));
        assert_eq!(shape_of(None), Ok(ReplyShape::None));
    }
}
