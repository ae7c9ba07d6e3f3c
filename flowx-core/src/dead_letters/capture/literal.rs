//! Bytes and text as literals of Rust.

use std::fmt::Write as _;

use super::super::escape::is_hostile;

/// Bytes as a literal: text in quotes where it is text that a reader can trust, else a byte string.
pub(super) fn of(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.chars().any(|c| is_hostile(c) && c != '\n') => in_quotes(text),
        _ => byte_string(bytes),
    }
}

/// A byte string: `b"…"`.
pub(super) fn byte_string(bytes: &[u8]) -> String {
    let mut literal = "b\"".to_owned();
    for byte in bytes {
        let _ = write!(literal, "{}", byte.escape_ascii());
    }
    literal.push('"');
    literal.replace("\\'", "'")
}

/// Text in quotes, raw where that saves escapes.
pub(super) fn in_quotes(text: &str) -> String {
    if !text.contains(['"', '\\', '\n']) {
        return format!("\"{text}\"");
    }
    let hashes = (1..).map(|count| "#".repeat(count));
    let mut ends = hashes.filter(|hashes| !text.contains(&format!("\"{hashes}")));
    let hashes = ends.next().expect("a text is finite");
    format!("r{hashes}\"{text}\"{hashes}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_is_as_plain_as_it_can_be() {
        for (bytes, literal) in [
            (&b""[..], r#""""#),
            (b"main", r#""main""#),
            (br#"{"a":1}"#, r###"r#"{"a":1}"#"###),
            (br##"a"#b"##, r####"r##"a"#b"##"####),
            (b"{\r\n}", r#"b"{\r\n}""#),
            (&[0xff, 0, b'\'', b'"'], r#"b"\xff\x00'\"""#),
            ("\u{202e}".as_bytes(), r#"b"\xe2\x80\xae""#),
        ] {
            assert_eq!(of(bytes), literal);
        }
    }
}
