//! The message of a Kafka Send Action: a request with placeholders for process data.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::forms;
use super::kind::Kind;
use super::names::camel_case;
use super::part::{Part, Schemas};

/// A message template for a request that comes in several forms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherTemplate {
    /// Which form it is for.
    pub form: String,
    /// The template, as `messageTemplate`.
    pub template: String,
}

/// A request as JSON text with placeholders: quoted for texts, bare for all else.
///
/// Every key is there, in the order in which it is declared; of several forms the first. A list, an
/// object without keys of its own and an amount of money are one placeholder each, for a process has
/// them whole. `whole` is the placeholder of a request that is no object.
pub(super) fn of(root: &Value, whole: &str) -> String {
    form(root, whole, 0)
}

/// The templates of the other forms that the request may have.
pub(super) fn others(root: &Value, whole: &str) -> Vec<OtherTemplate> {
    let mut schemas = Schemas::of(root);
    let request = schemas.whole();
    let forms = forms::open(&request, &mut schemas).into_iter().next().unwrap_or_default();
    let others = forms.iter().enumerate().skip(1);
    others
        .map(|(index, other)| OtherTemplate {
            form: forms::in_words(other),
            template: form(root, whole, index),
        })
        .collect()
}

fn form(root: &Value, whole: &str, index: usize) -> String {
    let mut schemas = Schemas::of(root);
    let request = schemas.whole();
    let piece = Reader { schemas, whole }.piece(&request, "", index);
    let mut text = String::new();
    piece.write(&mut text, 0);
    text
}

/// A part of a template.
#[derive(Debug)]
enum Piece {
    /// A value that is always the same.
    Constant(Value),
    /// A placeholder in quotes.
    Text(String),
    /// A placeholder as it is.
    Bare(String),
    Object(Vec<(String, Self)>),
}

struct Reader<'s, 'w> {
    schemas: Schemas<'s>,
    whole: &'w str,
}

impl<'s> Reader<'s, '_> {
    /// The template of a value under this path of process data, in one of its forms.
    fn piece(&mut self, part: &Part<'s>, path: &str, form: usize) -> Piece {
        let place = if path.is_empty() { self.whole } else { path }.to_owned();
        if let [only] = part.values.as_slice() {
            return Piece::Constant(only.value.clone());
        }
        if part.closed.is_some() {
            return Piece::Bare(place);
        }
        let types = part.types();
        if types.is_empty() && part.choices.is_empty() && part.nullable {
            return Piece::Constant(Value::Null);
        }
        match Kind::of(part, &self.schemas) {
            Kind::Object => self.object(part, path, form).unwrap_or(Piece::Bare(place)),
            Kind::Array | Kind::Currency => Piece::Bare(place),
            // What may be text is taken as text, whatever the process has.
            _ if types.contains(&"string") || types.is_empty() => Piece::Text(place),
            _ if part.get("x-flowx-lenient").is_some() => Piece::Text(place),
            _ => Piece::Bare(place),
        }
    }

    /// The template of an object: its own keys and those of its form; `None` if it has no keys.
    fn object(&mut self, part: &Part<'s>, path: &str, form: usize) -> Option<Piece> {
        let mut keys = Vec::new();
        for (name, schema) in part.properties() {
            let property = self.schemas.part(schema);
            let below = below(path, name);
            keys.push((name.to_owned(), self.piece(&property, &below, 0)));
        }
        for forms in &part.choices {
            let Some(schema) = forms.get(form).or_else(|| forms.first()) else { continue };
            let chosen = self.schemas.part(schema);
            match self.piece(&chosen, path, 0) {
                Piece::Object(more) => {
                    for (name, piece) in more {
                        if !keys.iter().any(|(known, _)| *known == name) {
                            keys.push((name, piece));
                        }
                    }
                }
                // A form that is no object can only be the whole value.
                piece if keys.is_empty() => return Some(piece),
                _ => {}
            }
        }
        (!keys.is_empty()).then_some(Piece::Object(keys))
    }
}

fn below(path: &str, name: &str) -> String {
    let camel = camel_case(name);
    let name = if camel.is_empty() { name } else { &camel };
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

impl Piece {
    fn write(&self, text: &mut String, depth: usize) {
        let done = match self {
            Self::Constant(value) => write!(text, "{value}"),
            Self::Text(path) => write!(text, "\"${{{path}}}\""),
            Self::Bare(path) => write!(text, "${{{path}}}"),
            Self::Object(keys) => {
                text.push('{');
                for (index, (name, piece)) in keys.iter().enumerate() {
                    text.push_str(if index == 0 { "\n" } else { ",\n" });
                    text.push_str(&"  ".repeat(depth + 1));
                    text.push_str(&Value::from(name.as_str()).to_string());
                    text.push_str(": ");
                    piece.write(text, depth + 1);
                }
                text.push('\n');
                text.push_str(&"  ".repeat(depth));
                text.push('}');
                Ok(())
            }
        };
        done.expect("a text takes everything");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_may_be_sent_as_text_is_quoted_to_keep_its_digits() {
        let decimal = r"^-?\d+(\.\d+)?([eE]\d+)?$";
        for (property, expected) in [
            (json!({ "type": ["string", "number"], "pattern": decimal }), r#""${a.bC}""#),
            (json!({ "type": "boolean", "x-flowx-lenient": "boolean" }), r#""${a.bC}""#),
            (json!({ "type": "string", "x-flowx-type": "NUMBER" }), r#""${a.bC}""#),
            (json!({ "type": ["integer", "null"] }), "${a.bC}"),
            (json!({ "type": "integer", "enum": [1, 2] }), "${a.bC}"),
            (json!({ "const": "MAIL" }), r#""MAIL""#),
            (json!({ "type": "null" }), "null"),
            (json!(true), "${a.bC}"),
        ] {
            let inner = json!({ "type": "object", "properties": { "b_c": property } });
            let root = json!({ "type": "object", "properties": { "a": inner } });
            let template = of(&root, "whole");
            assert_eq!(template, format!("{{\n  \"a\": {{\n    \"b_c\": {expected}\n  }}\n}}"));
        }
    }
}
