//! What is sent and what is accepted, with what is known of senders and receivers beyond the schema.
//!
//! A schema that says nothing of further fields admits any, so every new field would be a conflict
//! with a message that had one of this name by chance. Nobody sends what no schema names: a request
//! has what the old schema declares and perhaps fields that neither declares; a reply has what the new
//! schema declares. The engine, which receives replies, stores fields that it does not know.

use serde_json::{Map, Value, json};

use super::Direction;
use super::cases;
use super::document::Document;
use crate::handler::schema::walk::{change_all, parts_mut};

/// How deep schemas may be put together inside of each other.
const DEEPEST: usize = 3;

/// Stands for all names that no schema declares.
const UNDECLARED: &str = "a field that no schema declares";

/// Two documents, which way messages go between them, and the two as they are judged.
pub(super) struct Sides<'a> {
    pub(super) old: &'a Document,
    pub(super) new: &'a Document,
    pub(super) direction: Direction,
    /// The definitions of the sender, closed.
    sent: Document,
    /// The definitions of the receiver, as they are judged.
    accepted: Document,
}

impl<'a> Sides<'a> {
    pub(super) fn new(old: &'a Document, new: &'a Document, direction: Direction) -> Self {
        let (sender, receiver) = match direction {
            Direction::Request => (old, new),
            Direction::Reply => (new, old),
        };
        let sent = Document {
            root: closed(&sender.root, sender, direction),
            definitions: definitions(sender, |schema| closed(schema, sender, direction)),
        };
        let accepted = Document {
            root: accepting(&receiver.root, direction),
            definitions: definitions(receiver, |schema| accepting(schema, direction)),
        };
        Self { old, new, direction, sent, accepted }
    }

    /// All that is sent, and all that is accepted.
    pub(super) fn whole(&self) -> (Value, Value) {
        (self.sent.standalone(&self.sent.root), self.accepted.standalone(&self.accepted.root))
    }

    /// The same of two schemas out of the documents, the old one's and the new one's.
    pub(super) fn part(&self, old: &Value, new: &Value) -> (Value, Value) {
        let (document, sender, receiver) = match self.direction {
            Direction::Request => (self.old, old, new),
            Direction::Reply => (self.new, new, old),
        };
        let sent = closed(sender, document, self.direction);
        let accepted = accepting(receiver, self.direction);
        (self.sent.standalone(&sent), self.accepted.standalone(&accepted))
    }
}

fn definitions(document: &Document, change: impl Fn(&Value) -> Value) -> Map<String, Value> {
    document.definitions.iter().map(|(name, schema)| (name.clone(), change(schema))).collect()
}

/// A schema without the fields that nobody sends.
fn closed(schema: &Value, document: &Document, direction: Direction) -> Value {
    Closing { document, direction, inside: 0 }.schema(schema)
}

/// A document being closed.
struct Closing<'a> {
    document: &'a Document,
    direction: Direction,
    /// How many schemas around this one were put together from parts. A part may contain itself.
    inside: usize,
}

impl Closing<'_> {
    fn schema(&mut self, schema: &Value) -> Value {
        let Value::Object(words) = schema else { return schema.clone() };
        if cases::sole_reference(schema).is_some() {
            return schema.clone();
        }
        let any = |of: &[&str]| of.iter().any(|word| words.contains_key(*word));
        let is_choice = words.len() == 1 && any(&["anyOf", "oneOf"]);
        if is_choice || !any(&["$ref", "allOf", "anyOf", "oneOf"]) {
            return Value::Object(self.words(words.clone()));
        }
        // What is too much to be taken apart stays open: more is sent then than really is.
        let ways =
            (self.inside < DEEPEST).then(|| cases::expanded(schema, self.document)).flatten();
        let Some(ways) = ways else { return schema.clone() };
        self.inside += 1;
        let mut ways: Vec<Value> =
            ways.into_iter().map(|words| Value::Object(self.words(words))).collect();
        self.inside -= 1;
        if ways.len() == 1 { ways.remove(0) } else { json!({ "anyOf": ways }) }
    }

    /// Closes what has all its keywords in one place, or is a choice between such.
    fn words(&mut self, mut words: Map<String, Value>) -> Map<String, Value> {
        close(&mut words, self.direction);
        parts_mut(&mut words).into_iter().for_each(|part| *part = self.schema(part));
        words
    }
}

fn close(words: &mut Map<String, Value>, direction: Direction) {
    let is_object = match words.get("type") {
        Some(Value::Array(types)) => types.iter().any(|one| one == "object"),
        Some(only) => only == "object",
        None => false,
    };
    let declares = words.contains_key("properties") || is_object;
    let says = ["additionalProperties", "unevaluatedProperties", "if", "not", "dependentSchemas"];
    if !declares || says.iter().any(|word| words.contains_key(*word)) {
        return;
    }
    let required: Vec<String> = words
        .get("required")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
        .unwrap_or_default();
    let properties = words.entry("properties").or_insert_with(|| json!({}));
    if let Value::Object(properties) = properties {
        for name in required {
            properties.entry(name).or_insert(json!(true));
        }
        if direction == Direction::Request {
            properties.insert(UNDECLARED.to_owned(), json!(true));
        }
    }
    words.insert("additionalProperties".to_owned(), json!(false));
}

/// A schema as it is met by what is sent.
fn accepting(schema: &Value, direction: Direction) -> Value {
    let mut schema = schema.clone();
    if direction == Direction::Reply {
        change_all(&mut schema, &mut |schema| {
            schema.retain(|word, value| {
                let closes =
                    ["additionalProperties", "unevaluatedProperties"].contains(&word.as_str());
                !(closes && *value == json!(false))
            });
            // Nobody checks that only one of them fits.
            if !schema.contains_key("anyOf") {
                if let Some(branches) = schema.shift_remove("oneOf") {
                    schema.insert("anyOf".to_owned(), branches);
                }
            }
        });
    }
    schema
}
