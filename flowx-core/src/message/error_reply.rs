//! The body of an answer that says what went wrong.

use serde::Serialize;
use serde::ser::SerializeMap;

/// The field that carries a failure's text, and `null` on success: what the platform's own connector
/// samples use.
pub const DEFAULT_ERROR_FIELD: &str = "errorMessage";
/// The field that carries a failure's stable code.
pub const CODE_FIELD: &str = "errorCode";

/// Longest text of an error reply, in characters: it may quote a payload of any size.
const LONGEST_TEXT: usize = 2_000;

/// An error reply: `{"errorMessage": "…", "errorCode": "…"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorReply<'a> {
    /// Name of the text's field.
    pub field: &'a str,
    /// What a gateway of the process branches on.
    pub code: &'a str,
    /// What a person reads; cut after 2 000 characters.
    pub message: &'a str,
}

impl ErrorReply<'_> {
    /// The reply as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a map of texts is always JSON")
    }
}

impl Serialize for ErrorReply<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry(self.field, &shortened(self.message))?;
        map.serialize_entry(CODE_FIELD, self.code)?;
        map.end()
    }
}

fn shortened(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(LONGEST_TEXT) {
        None => text.into(),
        Some((end, _)) => format!("{}…", &text[..end]).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_code_stand_under_their_names() {
        let reply = ErrorReply { field: "error", code: "NO_RATE", message: "no \"rate\"" };
        let json = String::from_utf8(reply.to_json()).unwrap();
        assert_eq!(json, r#"{"error":"no \"rate\"","errorCode":"NO_RATE"}"#);
    }

    #[test]
    fn an_endless_text_is_cut_between_characters() {
        let message = "ä".repeat(10_000);
        let reply = ErrorReply { field: DEFAULT_ERROR_FIELD, code: "C", message: &message };
        let json: serde_json::Value = serde_json::from_slice(&reply.to_json()).unwrap();
        assert_eq!(json["errorMessage"].as_str().unwrap().chars().count(), 2_001);
    }
}
