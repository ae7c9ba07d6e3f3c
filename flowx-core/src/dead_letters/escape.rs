//! Text from outside, made fit for a terminal and a line.

use std::fmt::Write as _;

/// Whether a character could move the cursor, end the line, or show other characters in another order
/// than they have.
pub(crate) fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

/// A text on one line: what is hostile, and the backslash, as escapes of Rust.
///
/// ```
/// use flowx_core::dead_letters::escape;
///
/// assert_eq!(escape::text("a\r\n\u{1b}[31mb\u{202e}c\\"), r"a\r\n\u{1b}[31mb\u{202e}c\\");
/// ```
#[must_use]
pub fn text(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\\' || matches!(c, '\n' | '\r' | '\t') {
            line.extend(c.escape_default());
        } else if is_hostile(c) {
            line.extend(c.escape_unicode());
        } else {
            line.push(c);
        }
    }
    line
}

/// Bytes on one line: text as by [`text`], what is no UTF-8 as `\xff`.
#[must_use]
pub fn bytes(bytes: &[u8]) -> String {
    let mut line = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        line.push_str(&text(chunk.valid()));
        for byte in chunk.invalid() {
            let _ = write!(line, "\\x{byte:02x}");
        }
    }
    line
}

/// JSON on one line in which no character is hostile; as JSON it says the same.
#[must_use]
pub fn json(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        if is_hostile(c) {
            // All of them stand in strings: between values a serializer writes none.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(line, "\\u{unit:04x}");
            }
        } else {
            line.push(c);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_told_whatever_they_are() {
        assert_eq!(bytes("ä\u{2066}".as_bytes()), "ä\\u{2066}");
        assert_eq!(bytes(&[b'a', 0xff, 0xc3, b'b', 0]), "a\\xff\\xc3b\\u{0}");
    }

    #[test]
    fn escaped_json_says_the_same() {
        let value = serde_json::json!({ "a\u{202e}": "\u{1b}[2J\r\n\u{e0001}\u{7f}ä" });
        let line = json(&value.to_string());
        assert!(!line.chars().any(is_hostile), "{line}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&line).expect("JSON"), value);
    }
}
