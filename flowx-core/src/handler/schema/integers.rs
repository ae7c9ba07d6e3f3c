//! Integers as Rust has them: what does not fit into the type is no such integer.

use serde_json::{Map, Number, Value};

use super::walk;

/// The bounds of the integer types, by the `format` that stands for them.
const BOUNDS: &[(&str, i64, u64)] = &[
    ("int8", i8::MIN as i64, i8::MAX as u64),
    ("int16", i16::MIN as i64, i16::MAX as u64),
    ("int32", i32::MIN as i64, i32::MAX as u64),
    ("int64", i64::MIN, i64::MAX as u64),
    ("int", i64::MIN, i64::MAX as u64),
    ("uint8", 0, u8::MAX as u64),
    ("uint16", 0, u16::MAX as u64),
    ("uint32", 0, u32::MAX as u64),
    ("uint64", 0, u64::MAX),
    ("uint", 0, u64::MAX),
];

/// Says in the schema which numbers fit: `format` alone is a remark that validators pass over.
pub(super) fn bound_all(schema: &mut Value) {
    walk::change_all(schema, &mut bound);
}

fn bound(schema: &mut Map<String, Value>) {
    let format = schema.get("format").and_then(Value::as_str);
    let Some((_, least, most)) = BOUNDS.iter().find(|(name, ..)| Some(*name) == format) else {
        return;
    };
    let (least, most) = (Number::from(*least), Number::from(*most));
    let is_narrower = |given: Option<&Value>, ours: &Number, below: bool| {
        let given = given.and_then(Value::as_f64);
        given.zip(ours.as_f64()).is_some_and(|(given, ours)| (given > ours) == below)
    };
    if !is_narrower(schema.get("minimum"), &least, true) {
        schema.insert("minimum".to_owned(), Value::Number(least));
    }
    if !is_narrower(schema.get("maximum"), &most, false) {
        schema.insert("maximum".to_owned(), Value::Number(most));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn bounds_of_the_type_fill_in_where_none_are_narrower() {
        for (schema, minimum, maximum) in [
            (json!({ "format": "int32" }), json!(-2_147_483_648_i64), json!(2_147_483_647)),
            (json!({ "format": "uint64" }), json!(0), json!(u64::MAX)),
            (json!({ "format": "uint32", "minimum": 1 }), json!(1), json!(4_294_967_295_u32)),
            (json!({ "format": "uint8", "maximum": 9 }), json!(0), json!(9)),
            (json!({ "format": "int8", "minimum": -500 }), json!(-128), json!(127)),
        ] {
            let mut bounded = json!({ "properties": { "n": schema } });
            bound_all(&mut bounded);
            let found = &bounded["properties"]["n"];
            assert_eq!((&found["minimum"], &found["maximum"]), (&minimum, &maximum), "{found}");
        }
        let mut plain = json!({ "type": "number", "format": "double" });
        bound_all(&mut plain);
        assert_eq!(plain, json!({ "type": "number", "format": "double" }));
    }
}
