//! Payload bytes to a typed request, and to any JSON, under limits.
//!
//! The first byte is the deepest nesting, the second the largest size in units of 16 bytes (0 for the
//! default) and the lowest bit of the third says whether placeholders are refused; the rest is the
//! payload. So a seed is a file with a JSON text in it.

use flowx_core::message::decode::{DecodeError, Limits, Reason, typed};
use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Request {
    amount: f64,
    currency: String,
    #[serde(default)]
    lines: Vec<Line>,
    note: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
struct Line {
    count: u8,
    #[serde(default)]
    kind: Kind,
}

#[derive(Debug, Default, Deserialize, PartialEq)]
enum Kind {
    #[default]
    Plain,
    Special {
        of: i64,
    },
}

/// Reads a payload and compares what came of it with what serde_json alone makes of it.
pub fn check(data: &[u8]) {
    let [depth, size, switches, payload @ ..] = data else { return };
    let limits = Limits {
        max_bytes: match size {
            0 => Limits::default().max_bytes,
            units => usize::from(*units) * 16,
        },
        max_depth: usize::from(*depth).clamp(1, Limits::DEEPEST),
        refuse_placeholders: switches & 1 == 1,
        ..Limits::default()
    };
    let any = typed::<Value>(Some(payload), &limits);
    let request = typed::<Request>(Some(payload), &limits);
    // What is refused before anything is built is refused whatever the type.
    for error in [any.as_ref().err(), request.as_ref().err()].into_iter().flatten() {
        says_nothing_of_the_payload(error);
    }
    let plain = serde_json::from_slice::<Value>(payload);
    match &any {
        Ok(value) => {
            let plain = plain.as_ref().expect("what was decoded is JSON");
            assert_eq!(value, plain);
            assert!(payload.len() <= limits.max_bytes);
            assert!(depth_of(value) <= limits.max_depth, "nested too deep and not refused");
        }
        Err(error) => {
            let mistake = match error.reason() {
                Reason::TooLarge => payload.len() > limits.max_bytes,
                Reason::Empty => payload.iter().all(u8::is_ascii_whitespace),
                Reason::NotUtf8 => std::str::from_utf8(payload).is_err(),
                Reason::TooDeep => plain.as_ref().map_or(true, |v| depth_of(v) > limits.max_depth),
                Reason::MalformedJson => plain.is_err(),
                Reason::UnresolvedPlaceholder => {
                    limits.refuse_placeholders && plain.as_ref().is_ok_and(|v| !has_no_dollar(v))
                        || plain.is_err()
                }
                // Every JSON text is a value.
                Reason::WrongShape | Reason::Null => false,
                _ => true,
            };
            assert!(mistake, "refused without need: {error:?}");
        }
    }
    if let Ok(request) = request {
        let plain: Request = serde_json::from_slice(payload).expect("what was decoded is JSON");
        assert_eq!(request, plain);
        let lenient = Limits { refuse_placeholders: false, ..limits };
        assert_eq!(typed::<Request>(Some(payload), &lenient), Ok(request));
    }
}

/// Logs and `Debug` hold the reason and numbers; the path begins at the root.
fn says_nothing_of_the_payload(error: &DecodeError) {
    let line = error.for_logs();
    let rest = line.strip_prefix(error.reason().name()).expect("the reason comes first");
    let only_place = rest.split_whitespace().all(|word| {
        matches!(word, "at" | "byte" | "line" | "column") || word.parse::<usize>().is_ok()
    });
    assert!(only_place, "`{line}` says more than where");
    assert_eq!(format!("{error:?}"), format!("DecodeError({line})"));
    assert!(error.path().is_none_or(|path| path.starts_with('$')));
    assert!(!error.to_string().is_empty());
}

fn depth_of(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth_of).max().unwrap_or(0),
        Value::Object(fields) => 1 + fields.values().map(depth_of).max().unwrap_or(0),
        _ => 0,
    }
}

/// Whether no text of it could hold a placeholder.
fn has_no_dollar(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains("${"),
        Value::Array(items) => items.iter().all(has_no_dollar),
        Value::Object(fields) => fields.values().all(has_no_dollar),
        _ => true,
    }
}
