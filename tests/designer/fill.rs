//! The engine's part: values in place of placeholders.

use serde_json::Value;

/// A placeholder without quotes while the template is read as JSON.
const BARE: &str = "bare ";

/// The request that a template becomes when each placeholder is replaced by what stands in its place
/// in a sample. A text between quotes takes numbers too, as text.
pub(crate) fn filled(template: &str, sample: &Value) -> Value {
    let readable = quoted(template);
    let mut request: Value = serde_json::from_str(&readable)
        .unwrap_or_else(|error| panic!("no JSON ({error}):\n{template}"));
    fill(&mut request, sample, template);
    request
}

/// The template with quotes around bare placeholders.
fn quoted(template: &str) -> String {
    let mut readable = String::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        let end = start + rest[start..].find('}').expect("a placeholder ends") + 1;
        let (before, placeholder) = (&rest[..start], &rest[start..end]);
        readable.push_str(before);
        if before.ends_with('"') && rest[end..].starts_with('"') {
            readable.push_str(placeholder);
        } else {
            readable.push_str(&format!("\"{BARE}{placeholder}\""));
        }
        rest = &rest[end..];
    }
    readable + rest
}

fn fill(request: &mut Value, sample: &Value, template: &str) {
    match request {
        Value::Object(keys) => {
            for (name, value) in keys {
                let sample = sample.get(name).unwrap_or_else(|| panic!("no {name} in {sample}"));
                fill(value, sample, template);
            }
        }
        Value::String(text) if text.starts_with(BARE) => {
            assert!(!sample.is_string(), "{text} of a text lacks quotes:\n{template}");
            *request = sample.clone();
        }
        Value::String(text) if text.starts_with("${") => {
            let text = sample.as_str().map_or_else(|| sample.to_string(), str::to_owned);
            *request = Value::from(text);
        }
        _ => {}
    }
}
