//! The constraints of a schema in words.

use serde_json::{Value, json};

use super::kind::Kind;
use super::part::{Closed, Part};

/// The largest whole number to which all smaller ones are exact in JavaScript: 2^53 - 1.
const LARGEST_EXACT: f64 = 9_007_199_254_740_991.0;

/// What is said of a value that is nothing but null.
pub(super) const ALWAYS_NULL: &str = "always null here";

/// What a value of this type must or may be, one short phrase each.
pub(super) fn of(part: &Part<'_>, kind: Kind) -> Vec<String> {
    let mut rules = Vec::new();
    rules.extend(listed(part));
    // Listed values need no bounds.
    if part.values.is_empty() {
        rules.extend(numbers(part));
        rules.extend(texts(part, kind));
    }
    rules.extend(collections(part));
    rules.extend(lenient(part));
    if part.nullable {
        let is_nothing_else =
            part.types().is_empty() && part.choices.is_empty() && part.closed.is_none();
        let words = if is_nothing_else { ALWAYS_NULL } else { "may be null" };
        rules.push(words.to_owned());
    }
    if let Some(default) = part.get("default").filter(|default| !default.is_null()) {
        let is_empty = [json!({}), json!([]), json!("")].contains(default);
        let value = if is_empty { "empty".to_owned() } else { inline(default) };
        rules.push(format!("{value} if it is left out"));
    }
    if part.is("deprecated") {
        rules.push("deprecated: not for new processes".to_owned());
    }
    if ["if", "not", "dependentSchemas"].iter().any(|keyword| part.get(keyword).is_some()) {
        rules.push("further conditions stand in the JSON Schema".to_owned());
    }
    match part.closed {
        Some(Closed::Repeats) => {
            rules.push("of a type that contains itself; its keys are shown once".to_owned());
        }
        Some(Closed::TooMany) => {
            rules.push("not looked into, for there are too many keys".to_owned());
        }
        None => {}
    }
    rules
}

/// A JSON value as it is named inside a sentence.
pub(super) fn inline(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Alternatives in a sentence: `A, B or C`.
pub(super) fn either(alternatives: &[String]) -> String {
    match alternatives {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} or {last}", others.join(", ")),
    }
}

fn listed(part: &Part<'_>) -> Option<String> {
    let values: Vec<String> = part.values.iter().map(|listed| inline(listed.value)).collect();
    match values.as_slice() {
        [] => None,
        [only] => Some(format!("always {only}")),
        several => Some(format!("one of {}", several.join(", "))),
    }
}

fn numbers(part: &Part<'_>) -> Vec<String> {
    let mut rules = Vec::new();
    let types = part.types();
    if types.contains(&"integer") && !types.contains(&"number") {
        rules.push("a whole number".to_owned());
    }
    for (keyword, words) in [
        ("minimum", "at least"),
        ("exclusiveMinimum", "more than"),
        ("maximum", "at most"),
        ("exclusiveMaximum", "less than"),
        ("multipleOf", "a multiple of"),
    ] {
        // What JavaScript cannot count to is told below, and is no bound that anybody types.
        let told = |bound: &&Value| bound.as_f64().is_some_and(|at| at.abs() <= LARGEST_EXACT);
        if let Some(bound) = part.get(keyword).filter(told) {
            rules.push(format!("{words} {}", plain(bound)));
        }
    }
    if may_be_inexact(part) {
        rules.push(
            "beyond 9007199254740991 (2^53 - 1) JavaScript loses digits: keep longer numbers as text"
                .to_owned(),
        );
    }
    rules
}

/// Whether a whole number may be too long for the engine's JavaScript.
fn may_be_inexact(part: &Part<'_>) -> bool {
    let is_wide = matches!(
        part.text("format"),
        Some("int64" | "uint64" | "int128" | "uint128" | "int" | "uint")
    );
    let bound = |keywords: [&str; 2]| {
        keywords.iter().find_map(|keyword| part.get(keyword).and_then(Value::as_f64))
    };
    let beyond = |bound: Option<f64>| bound.is_none_or(|bound| bound.abs() > LARGEST_EXACT);
    is_wide
        && (beyond(bound(["maximum", "exclusiveMaximum"]))
            || beyond(bound(["minimum", "exclusiveMinimum"])))
}

/// A bound as people write it: without the `.0` of whole numbers.
fn plain(number: &Value) -> String {
    let text = number.to_string();
    text.strip_suffix(".0").map_or_else(|| text.clone(), str::to_owned)
}

fn texts(part: &Part<'_>, kind: Kind) -> Vec<String> {
    let mut rules = Vec::new();
    rules.extend(part.text("format").and_then(format_in_words).map(str::to_owned));
    let length = |keyword: &str| part.get(keyword).and_then(Value::as_u64);
    rules.extend(range(length("minLength"), length("maxLength"), "character", "characters"));
    if let Some(pattern) = part.text("pattern") {
        rules.push(match is_decimal(part) {
            // Types for exact decimals write themselves so: the pattern would tell nobody more.
            true if kind == Kind::Number => "may be sent as text to keep all digits".to_owned(),
            true => "a number as text (12.5)".to_owned(),
            false => format!("matches {pattern}"),
        });
    }
    rules
}

/// Whether this is a decimal number that travels, or may travel, as text.
fn is_decimal(part: &Part<'_>) -> bool {
    part.text("pattern").is_some_and(|pattern| pattern.starts_with(r"^-?\d+(\.\d+)?"))
}

fn format_in_words(format: &str) -> Option<&'static str> {
    Some(match format {
        "date" => "a date (2024-06-28)",
        "date-time" => "a date and time with its zone (2024-06-28T09:30:00Z)",
        "partial-date-time" => "a date and time without a zone (2024-06-28T09:30:00)",
        "time" => "a time with its zone (09:30:00Z)",
        "partial-time" => "a time (09:30:00)",
        "duration" => "a duration (PT30S)",
        "uuid" => "a UUID (d3aabfd8-d041-4c62-892f-22d17923b223)",
        "email" => "a mail address (someone@example.com)",
        "uri" | "url" => "a URL (https://example.com/)",
        "hostname" => "a host name (example.com)",
        "ipv4" => "an IPv4 address (192.0.2.1)",
        "ipv6" => "an IPv6 address (2001:db8::1)",
        "ip" => "an IP address (192.0.2.1)",
        _ => return None,
    })
}

fn collections(part: &Part<'_>) -> Vec<String> {
    let mut rules = Vec::new();
    let count = |keyword: &str| part.get(keyword).and_then(Value::as_u64);
    rules.extend(range(count("minItems"), count("maxItems"), "item", "items"));
    rules.extend(range(count("minProperties"), count("maxProperties"), "key", "keys"));
    if part.is("uniqueItems") {
        rules.push("no item twice".to_owned());
    }
    if part.is_strict() && part.choices.is_empty() {
        rules.push("no further keys".to_owned());
    }
    rules
}

fn range(least: Option<u64>, most: Option<u64>, one: &str, many: &str) -> Option<String> {
    let counted = |count: u64| format!("{count} {}", if count == 1 { one } else { many });
    match (least.filter(|least| *least > 0), most) {
        (Some(least), Some(most)) if least == most => Some(format!("exactly {}", counted(least))),
        (Some(least), Some(most)) => Some(format!("{least} to {}", counted(most))),
        (Some(least), None) => Some(format!("at least {}", counted(least))),
        (None, Some(most)) => Some(format!("at most {}", counted(most))),
        (None, None) => None,
    }
}

fn lenient(part: &Part<'_>) -> Option<String> {
    Some(match part.text("x-flowx-lenient")? {
        "boolean" => "also accepted as text (\"true\")".to_owned(),
        _ => "also accepted as text (\"12.5\")".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::part::Schemas;
    use super::*;

    #[test]
    fn constraints_are_told_in_words() {
        for (schema, expected) in [
            (json!({ "type": "number", "minimum": 0 }), vec!["at least 0"]),
            (json!({ "type": "number", "exclusiveMinimum": 0.0 }), vec!["more than 0"]),
            (
                json!({ "type": "number", "maximum": 1.5, "multipleOf": 0.5 }),
                vec!["at most 1.5", "a multiple of 0.5"],
            ),
            (json!({ "type": "string", "maxLength": 3 }), vec!["at most 3 characters"]),
            (json!({ "type": "string", "minLength": 1 }), vec!["at least 1 character"]),
            (
                json!({ "type": "string", "minLength": 3, "maxLength": 3, "pattern": "^[A-Z]{3}$" }),
                vec!["exactly 3 characters", "matches ^[A-Z]{3}$"],
            ),
            (json!({ "enum": ["EUR", "RON"] }), vec!["one of EUR, RON"]),
            (json!({ "const": "MAIL" }), vec!["always MAIL"]),
            (json!({ "type": "string", "format": "date" }), vec!["a date (2024-06-28)"]),
            (json!({ "type": ["string", "null"] }), vec!["may be null"]),
            (json!({ "type": "null" }), vec!["always null here"]),
            (json!({ "type": "boolean", "default": false }), vec!["false if it is left out"]),
            (
                json!({ "type": "array", "minItems": 1, "maxItems": 9, "uniqueItems": true }),
                vec!["1 to 9 items", "no item twice"],
            ),
            (
                json!({ "type": ["number", "string"], "x-flowx-lenient": "number" }),
                vec!["also accepted as text (\"12.5\")"],
            ),
            (
                json!({ "type": "string", "deprecated": true }),
                vec!["deprecated: not for new processes"],
            ),
        ] {
            let mut schemas = Schemas::of(&schema);
            let part = schemas.whole();
            assert_eq!(of(&part, Kind::of(&part, &schemas)), expected, "{schema}");
        }
    }

    #[test]
    fn exact_decimals_are_texts_or_may_be() {
        let pattern = r"^-?\d+(\.\d+)?$";
        for (schema, kind, expected) in [
            (
                json!({ "type": "string", "pattern": pattern }),
                Kind::String,
                "a number as text (12.5)",
            ),
            (
                json!({ "type": ["string", "number"], "pattern": pattern }),
                Kind::Number,
                "may be sent as text to keep all digits",
            ),
        ] {
            let mut schemas = Schemas::of(&schema);
            let part = schemas.whole();
            assert_eq!(Kind::of(&part, &schemas), kind);
            assert_eq!(of(&part, kind), [expected]);
        }
    }

    #[test]
    fn only_numbers_that_may_be_too_long_carry_the_warning() {
        for (schema, warned) in [
            (json!({ "type": "integer", "format": "int64" }), true),
            (json!({ "type": "integer", "format": "uint64", "minimum": 0 }), true),
            (json!({ "type": "integer", "format": "uint64", "minimum": 0, "maximum": 9 }), false),
            (json!({ "type": "integer", "format": "int32" }), false),
        ] {
            let part = Schemas::of(&schema).whole();
            let rules = of(&part, Kind::Number);
            assert_eq!(rules.iter().any(|rule| rule.contains("2^53")), warned, "{schema}");
        }
    }
}
