//! Whether two schemas are written the same way, but for names and order.

use serde_json::{Map, Value};

use super::document::Document;

/// Whether they say the same; `false` may also mean that they say it in other ways.
pub(super) fn same(old: &Document, a: &Value, new: &Document, b: &Value) -> bool {
    Pairs { old, new, assumed: Vec::new() }.same(a, b)
}

/// Two documents, with the pairs of definitions that are being compared or were found equal.
struct Pairs<'a> {
    old: &'a Document,
    new: &'a Document,
    assumed: Vec<(String, String)>,
}

impl Pairs<'_> {
    fn same(&mut self, a: &Value, b: &Value) -> bool {
        match (a, b) {
            (Value::Object(a), Value::Object(b)) => self.same_objects(a, b),
            (Value::Array(a), Value::Array(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| self.same(a, b))
            }
            // 1 and 1.0 are one number.
            (Value::Number(x), Value::Number(y)) if x.is_f64() != y.is_f64() => {
                x.as_f64() == y.as_f64()
            }
            _ => a == b,
        }
    }

    fn same_objects(&mut self, a: &Map<String, Value>, b: &Map<String, Value>) -> bool {
        a.len() == b.len()
            && a.iter().all(|(key, a)| {
                b.get(key).is_some_and(|b| match (key.as_str(), a, b) {
                    ("$ref", Value::String(a), Value::String(b)) => self.same_targets(a, b),
                    ("enum" | "required" | "type", Value::Array(a), Value::Array(b)) => {
                        a.len() == b.len() && a.iter().all(|value| b.contains(value))
                    }
                    _ => self.same(a, b),
                })
            })
    }

    fn same_targets(&mut self, a: &str, b: &str) -> bool {
        let pair = (a.to_owned(), b.to_owned());
        if self.assumed.contains(&pair) {
            return true;
        }
        let (old, new) = (self.old, self.new);
        match (old.target(a), new.target(b)) {
            (Some(left), Some(right)) => {
                // If it turns out wrong, the whole is not the same, so nothing rests on it.
                self.assumed.push(pair);
                self.same(left, right)
            }
            (None, None) => a == b,
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_order_do_not_count_and_circles_end() {
        let tree = |name: &str, leaf: &str| {
            Document::of(&json!({
                "$ref": format!("#/$defs/{name}"),
                "$defs": { name: {
                    "type": ["object", "null"],
                    "properties": { "leaf": { "type": leaf }, "more": { "$ref": format!("#/$defs/{name}") } },
                    "required": ["leaf", "more"]
                } }
            }))
        };
        let turned = Document::of(&json!({
            "$ref": "#/$defs/X",
            "$defs": { "X": {
                "required": ["more", "leaf"],
                "properties": { "more": { "$ref": "#/$defs/X" }, "leaf": { "type": "string" } },
                "type": ["null", "object"]
            } }
        }));
        let (a, b, other) = (tree("A", "string"), tree("B", "string"), tree("A", "number"));
        assert!(same(&a, &a.root, &b, &b.root));
        assert!(same(&a, &a.root, &turned, &turned.root));
        assert!(!same(&a, &a.root, &other, &other.root));
    }
}
