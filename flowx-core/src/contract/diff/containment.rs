//! Whether one schema accepts everything that another one describes.
//!
//! The only file that knows the algebra of schemas, which its authors call experimental.

use jsonschema::Validator;
use jsonschema::canonical::{CanonicalSchema, Containment, Satisfiability, options};
use serde_json::{Value, json};

use crate::contract::sample;
use crate::handler::schema::walk;

/// How what is sent relates to what is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// All that is sent is accepted: proved.
    Contained,
    /// Something that is sent is refused: proved.
    Refused,
    /// Nothing that is sent is accepted: proved.
    Apart,
    /// None of these could be proved.
    Unknown,
}

/// Above so many schemas, with references followed, algebra may take for ever.
const LARGEST: usize = 2_000;

/// Judges two root schemas of draft 2020-12; what `format` says counts.
pub(super) fn judge(sent: &Value, accepted: &Value) -> Judgement {
    if is_too_large(sent) || is_too_large(accepted) {
        return Judgement::Unknown;
    }
    let (Some(canonical_sent), Some(canonical_accepted)) = (canonical(sent), canonical(accepted))
    else {
        return by_example(sent, accepted);
    };
    let covers = canonical_accepted.covers(&canonical_sent);
    let nothing = |schema: &CanonicalSchema| schema.satisfiability() == Satisfiability::No;
    if matches!(covers, Ok(Containment::Yes)) || nothing(&canonical_sent) {
        return Judgement::Contained;
    }
    if canonical_sent.intersect(&canonical_accepted).is_ok_and(|both| nothing(&both)) {
        return Judgement::Apart;
    }
    match covers {
        Ok(Containment::No) => Judgement::Refused,
        _ => by_example(sent, accepted),
    }
}

fn canonical(schema: &Value) -> Option<CanonicalSchema> {
    options().offline().should_validate_formats(true).canonicalize(schema).ok()
}

fn is_too_large(root: &Value) -> bool {
    fn count<'a>(schema: &'a Value, root: &'a Value, around: &mut Vec<&'a str>, seen: &mut usize) {
        *seen += 1;
        let Value::Object(schema) = schema else { return };
        if *seen > LARGEST {
            return;
        }
        for part in walk::parts(schema) {
            count(part, root, around, seen);
        }
        let reference = schema.get("$ref").and_then(Value::as_str);
        let Some(pointer) = reference.and_then(|text| text.strip_prefix('#')) else { return };
        if let (false, Some(target)) = (around.contains(&pointer), root.pointer(pointer)) {
            around.push(pointer);
            count(target, root, around, seen);
            around.pop();
        }
    }
    let mut bare = root.clone();
    if let Some(root) = bare.as_object_mut() {
        // What nothing refers to does not count.
        root.shift_remove("$defs");
    }
    let mut seen = 0;
    count(&bare, root, &mut Vec::new(), &mut seen);
    seen > LARGEST
}

/// What algebra cannot refute, one value that is sent and refused still can.
fn by_example(sent: &Value, accepted: &Value) -> Judgement {
    let (Some(sends), Some(accepts)) = (validator(sent), validator(accepted)) else {
        return Judgement::Unknown;
    };
    let values = [
        sample::of(sent),
        json!(null),
        json!(true),
        json!(-1),
        json!(0),
        json!(0.5),
        json!(1e300),
        json!(""),
        json!("text"),
        json!([]),
        json!({}),
    ];
    let refused = |value: &Value| sends.is_valid(value) && !accepts.is_valid(value);
    if values.iter().any(refused) { Judgement::Refused } else { Judgement::Unknown }
}

fn validator(schema: &Value) -> Option<Validator> {
    jsonschema::options().offline().should_validate_formats(true).build(schema).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_proved_is_told_from_what_is_not() {
        let text = |rest: Value| {
            let mut schema = json!({ "type": "string" });
            schema.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
            schema
        };
        for (sent, accepted, judgement) in [
            (json!({ "type": "integer" }), json!({ "type": "number" }), Judgement::Contained),
            (json!({ "type": "number" }), json!({ "type": "integer" }), Judgement::Refused),
            (json!({ "type": "string" }), json!({ "type": "object" }), Judgement::Apart),
            (json!(false), json!({ "type": "object" }), Judgement::Contained),
            (
                text(json!({ "maxLength": 3 })),
                text(json!({ "maxLength": 4 })),
                Judgement::Contained,
            ),
            (text(json!({ "maxLength": 4 })), text(json!({ "maxLength": 3 })), Judgement::Refused),
            (text(json!({ "format": "date" })), text(json!({})), Judgement::Contained),
            (
                text(json!({ "format": "date" })),
                text(json!({ "format": "date-time" })),
                Judgement::Apart,
            ),
            (
                text(json!({ "pattern": "^[A-Z]{3}$" })),
                text(json!({ "pattern": "^[A-Z]+$" })),
                Judgement::Unknown,
            ),
            (
                json!({ "$ref": "http://elsewhere/" }),
                json!({ "type": "object" }),
                Judgement::Unknown,
            ),
        ] {
            assert_eq!(judge(&sent, &accepted), judgement, "{sent} in {accepted}");
        }
    }
}
