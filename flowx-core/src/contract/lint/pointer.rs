//! Places in a document, and what references lead to.

use serde_json::Value;

/// The pointer to a part of what stands at `path`.
pub(super) fn join(path: &str, part: &str) -> String {
    format!("{path}/{}", part.replace('~', "~0").replace('/', "~1"))
}

/// The pointer that a reference into the same document means; `None` if it leads to another one.
pub(in crate::contract) fn of_reference(reference: &str) -> Option<String> {
    Some(percent_decoded(reference.strip_prefix('#')?))
}

/// What a reference leads to; `None` if there is nothing.
pub(super) fn target<'d>(document: &'d Value, reference: &str) -> Option<&'d Value> {
    document.pointer(&of_reference(reference)?)
}

/// The reference that an object consists of.
pub(super) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref")?.as_str()
}

/// Text of a URI fragment; what is no escape sequence stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => byte(*high, *low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn byte(high: u8, low: u8) -> Option<u8> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    Some(digit(high)? << 4 | digit(low)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_may_be_escaped_twice() {
        let document = json!({ "a b": { "c/d~": { "é": 1 } }, "100%": 2 });
        assert_eq!(target(&document, "#/a%20b/c~1d~0/%C3%A9"), Some(&json!(1)));
        assert_eq!(target(&document, "#/100%"), Some(&json!(2)));
        assert_eq!(target(&document, "#"), Some(&document));
        assert_eq!(target(&document, "#/nothing"), None);
        assert_eq!(target(&document, "other.json#/a"), None);
        assert_eq!(join("/a", "c/d~"), "/a/c~1d~0");
    }
}
