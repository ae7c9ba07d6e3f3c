//! Whether an array holds an item twice, found in a time that grows with its size and nothing else.
//!
//! The validator's own keyword hashes nested arrays as if they were flat, so items can be made of which
//! each is compared with all others.

use std::collections::HashSet;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Number, Value};

/// The keyword of JSON Schema that this stands in for.
pub(super) const KEYWORD: &str = "uniqueItems";

/// Makes the keyword of a schema.
pub(super) fn keyword<'a>(
    _: &'a Map<String, Value>,
    wanted: &'a Value,
    _: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    match wanted {
        Value::Bool(wanted) => Ok(Box::new(UniqueItems(*wanted))),
        _ => Err(ValidationError::custom("`uniqueItems` is `true` or `false`")),
    }
}

struct UniqueItems(bool);

impl<'i> Keyword<'i> for UniqueItems {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        match self.is_valid(instance) {
            true => Ok(()),
            false => Err(ValidationError::custom("must not hold the same item twice")),
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        !self.0 || instance.as_array().is_none_or(|items| are_unique(items))
    }
}

fn are_unique(items: &[Value]) -> bool {
    // The standard library's map has a secret of its own for each process: nobody can make keys for it.
    let mut seen = HashSet::with_capacity(items.len());
    items.iter().all(|item| {
        let mut form = Vec::new();
        write(item, &mut form);
        seen.insert(form)
    })
}

/// Writes a value so that equal ones, and no others, are the same bytes: each part says what it is and
/// where it ends; properties are in the order of their names; `1` is `1.0`.
fn write(value: &Value, form: &mut Vec<u8>) {
    match value {
        Value::Null => form.push(b'n'),
        Value::Bool(is) => form.push(if *is { b't' } else { b'f' }),
        Value::Number(number) => write_number(number, form),
        Value::String(text) => write_text(text, form),
        Value::Array(items) => {
            form.push(b'[');
            items.iter().for_each(|item| write(item, form));
            form.push(b']');
        }
        Value::Object(properties) => {
            let mut sorted: Vec<_> = properties.iter().collect();
            sorted.sort_unstable_by_key(|(name, _)| *name);
            form.push(b'{');
            for (name, value) in sorted {
                write_text(name, form);
                write(value, form);
            }
            form.push(b'}');
        }
    }
}

fn write_text(text: &str, form: &mut Vec<u8>) {
    form.push(b'"');
    form.extend(text.len().to_be_bytes());
    form.extend(text.as_bytes());
}

fn write_number(number: &Number, form: &mut Vec<u8>) {
    let integer = number.as_i128().or_else(|| {
        // Exact: what is beyond cannot be the value of an integer of JSON's decoder.
        let number = number.as_f64()?;
        (number.fract() == 0.0 && number.abs() < 1e30).then_some(number as i128)
    });
    match (integer, number.as_f64()) {
        (Some(integer), _) => {
            form.push(b'i');
            form.extend(integer.to_be_bytes());
        }
        (None, number) => {
            form.push(b'd');
            form.extend(number.unwrap_or_default().to_bits().to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_items_are_found_and_no_others() {
        for (items, unique) in [
            (json!([]), true),
            (json!([1, 2, "1", "2", null, true, false]), true),
            (json!([1, 1.0]), false),
            (json!([0.0, -0.0]), false),
            (json!([1e300, 1.5, 1e300]), false),
            (json!([9_007_199_254_740_993_u64, 9_007_199_254_740_992.0]), true),
            (json!([u64::MAX, i64::MIN, u64::MAX - 1]), true),
            (json!([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}]), false),
            (json!([{"a": 1}, {"a": 1, "b": null}]), true),
            (json!([[], [[]], [[], []], [[[]]]]), true),
            (json!([["a", "b"], ["a\"", "b"], ["ab"], ["a", ["b"]]]), true),
            (json!([[["a"], "b"], [["a", "b"]]]), true),
        ] {
            assert_eq!(are_unique(items.as_array().unwrap()), unique, "{items}");
        }
    }

    /// All arrays of arrays with so many brackets in all.
    fn nested(brackets: usize) -> Vec<Value> {
        fn go(open: usize, close: usize, text: &mut String, found: &mut Vec<Value>) {
            if open == 0 && close == 0 {
                let separated = text.replace("][", "],[");
                found.push(serde_json::from_str(&format!("[{separated}]")).unwrap());
            }
            for (bracket, left) in [("[", open > 0), ("]", close > open)] {
                if left {
                    text.push_str(bracket);
                    let is_open = usize::from(bracket == "[");
                    go(open - is_open, close - (1 - is_open), text, found);
                    text.pop();
                }
            }
        }
        let mut found = Vec::new();
        go(brackets, brackets, &mut String::new(), &mut found);
        found
    }

    #[test]
    fn items_that_were_made_to_collide_cost_no_more_than_their_length() {
        let items = nested(9);
        assert_eq!(items.len(), 4862);
        assert!(are_unique(&items));
        for item in &items {
            let mut form = Vec::new();
            write(item, &mut form);
            assert!(form.len() <= item.to_string().len(), "{item}");
        }
    }
}
