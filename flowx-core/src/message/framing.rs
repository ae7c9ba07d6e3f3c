//! What may stand before the JSON of a request: the prefix of a schema registry.
//!
//! A producer with one of Confluent's serializers writes a zero byte and the four bytes of a schema's
//! number before the document (Confluent's documentation, "Wire format"). No JSON begins with a zero
//! byte, so the two cannot be confused.

use super::decode::{DecodeError, Reason};

/// How long the prefix is: a zero byte, and the number of the schema.
const PREFIX: usize = 5;

/// Whether requests may have a schema registry's prefix.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Framing {
    /// They are refused, with a message that says so. The default.
    #[default]
    Plain,
    /// It is taken off; what is behind it has to be JSON, as the registry's JSON Schema serializer
    /// writes it. Requests without one are read as well. Avro and Protobuf are not read.
    SchemaRegistry,
}

/// The number of the schema in the prefix; `None` if there is no prefix.
#[must_use]
pub fn schema_id(payload: &[u8]) -> Option<u32> {
    let prefix = payload.get(..PREFIX).filter(|prefix| prefix[0] == 0)?;
    // UTF-16 begins with a zero byte too, and has another before each letter; numbers of schemas begin
    // with zeros.
    if prefix[1] != 0 && prefix[2] == 0 && prefix[4] == 0 {
        return None;
    }
    Some(u32::from_be_bytes(prefix[1..].try_into().ok()?))
}

impl Framing {
    /// What is to be read of a payload: all of it, or what is behind the prefix.
    #[must_use]
    pub fn document(self, payload: &[u8]) -> &[u8] {
        match self {
            Self::SchemaRegistry if schema_id(payload).is_some() => &payload[PREFIX..],
            _ => payload,
        }
    }
}

/// What is wrong with a request that should be JSON and has the prefix.
pub(super) fn refuse(payload: &[u8]) -> Result<(), DecodeError> {
    let Some(id) = schema_id(payload) else { return Ok(()) };
    let message = format!(
        "the request begins with the prefix of a schema registry (schema {id}); send plain JSON, or \
         have the handler say `framing = schema_registry`, which reads the registry's JSON, not its \
         Avro or Protobuf"
    );
    Err(DecodeError::new(Reason::Framed, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_prefix_is_one_and_only_who_asks_for_it_has_it_taken_off() {
        let framed = b"\0\x00\x00\x01\x02{}";
        assert_eq!(schema_id(framed), Some(258));
        let utf16: Vec<u8> = r#"{"a":1}"#.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(schema_id(&utf16), None);
        assert_eq!(Framing::SchemaRegistry.document(framed), b"{}");
        assert_eq!(Framing::Plain.document(framed), framed);
        for other in [&b"{}"[..], b"", b"\0\0\0\0", b"     {}"] {
            assert_eq!(schema_id(other), None);
            assert_eq!(Framing::SchemaRegistry.document(other), other);
        }
        assert!(Framing::SchemaRegistry.document(b"\0\0\0\0\x01").is_empty());
    }
}
