//! The identity of an answer: the same for every attempt at the same request.

use std::fmt;

use sha2::{Digest, Sha256};

use super::record::Coordinates;

/// Names one request to one handler: 32 hexadecimal digits.
///
/// It is computed from where the request stands in Kafka and from the handler's name, so a repeated
/// attempt, a restart or another instance finds the same one; a request that is sent again, which
/// stands at another offset, gets another.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// The identity of the request at these coordinates for this handler.
    #[must_use]
    pub fn of(at: &Coordinates, handler: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(at.topic.as_bytes());
        // No topic and no handler has a NUL in its name, so no two requests hash the same text.
        hash.update([0]);
        hash.update(at.partition.to_be_bytes());
        hash.update(at.offset.to_be_bytes());
        hash.update(handler.as_bytes());
        let digest = hash.finalize();
        Self(digest[..16].iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 32 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(topic: &str, partition: i32, offset: i64) -> Coordinates {
        Coordinates { topic: topic.into(), partition, offset }
    }

    #[test]
    fn it_is_stable_and_different_wherever_anything_differs() {
        let id = RequestId::of(&at("in", 1, 2), "exchange");
        assert_eq!(id.as_str(), "7baac074ffd74aa05c17a3822c45f615");
        for other in [
            RequestId::of(&at("in2", 1, 2), "exchange"),
            RequestId::of(&at("in", 2, 2), "exchange"),
            RequestId::of(&at("in", 1, 3), "exchange"),
            RequestId::of(&at("in", 1, 2), "convert"),
        ] {
            assert_ne!(id, other);
        }
    }
}
