//! The identity of an answer: the same for every attempt at the same request.

use std::fmt;

use sha2::{Digest, Sha256};

use super::record::Record;

/// Names one request to one handler: 32 hexadecimal digits.
///
/// It is computed from the cluster's id, from where the request stands there (topic, partition,
/// offset), from the request's timestamp and from the handler's name. So a repeated attempt, a restart
/// or another instance finds the same one. A request that is sent again stands at another offset and
/// gets another; so do those in a topic that was deleted and created again, whose offsets begin anew
/// but whose timestamps do not, and those on another cluster with topics of the same names.
///
/// In figures: the first 16 bytes of SHA-256 over cluster, NUL, topic, NUL, partition (4 bytes),
/// offset (8 bytes), 1 and the timestamp in milliseconds (8 bytes) or 0 if there is none, handler;
/// numbers are big-endian, texts UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct RequestId([u8; 32]);

impl RequestId {
    /// The identity of a request, read on this cluster, for this handler.
    #[must_use]
    pub fn of(cluster: &str, request: &Record, handler: &str) -> Self {
        let at = &request.at;
        Place::new(cluster, &at.topic, at.partition).id(at.offset, request.timestamp, handler)
    }

    /// An identity that was written down; `None` if the text cannot be one.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; 32] = text.as_bytes().try_into().ok()?;
        digits.iter().all(|digit| DIGITS.contains(digit)).then_some(Self(digits))
    }

    /// The 32 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("digits are ASCII")
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A partition of a cluster; it knows the part of the identities that all requests in it share.
#[derive(Clone)]
pub struct Place(Sha256);

impl Place {
    /// A partition of a topic on this cluster.
    #[must_use]
    pub fn new(cluster: &str, topic: &str, partition: i32) -> Self {
        let mut hash = Sha256::new();
        // No cluster, topic or handler has a NUL in its name, so no two requests hash the same bytes.
        for name in [cluster, topic] {
            hash.update(name.as_bytes());
            hash.update([0]);
        }
        hash.update(partition.to_be_bytes());
        Self(hash)
    }

    /// The identity of the request that stands there, for this handler.
    #[must_use]
    pub fn id(&self, offset: i64, timestamp: Option<i64>, handler: &str) -> RequestId {
        let mut hash = self.0.clone();
        hash.update(offset.to_be_bytes());
        match timestamp {
            Some(timestamp) => {
                hash.update([1]);
                hash.update(timestamp.to_be_bytes());
            }
            None => hash.update([0]),
        }
        hash.update(handler.as_bytes());
        let digest = hash.finalize();
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(digest) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        RequestId(digits)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl fmt::Debug for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RequestId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::Coordinates;
    use super::*;

    fn record(topic: &str, partition: i32, offset: i64, timestamp: Option<i64>) -> Record {
        Record {
            at: Coordinates { topic: topic.into(), partition, offset },
            timestamp,
            key: None,
            headers: Default::default(),
            payload: None,
        }
    }

    #[test]
    fn it_is_stable_and_different_wherever_anything_differs() {
        let request = record("in", 1, 2, Some(3));
        let id = RequestId::of("c", &request, "exchange");
        assert_eq!(id.as_str(), "118e27324d9017a3a74052c9ba877a4c");
        for other in [
            RequestId::of("d", &request, "exchange"),
            RequestId::of("c", &record("in2", 1, 2, Some(3)), "exchange"),
            RequestId::of("c", &record("in", 2, 2, Some(3)), "exchange"),
            RequestId::of("c", &record("in", 1, 3, Some(3)), "exchange"),
            RequestId::of("c", &record("in", 1, 2, Some(4)), "exchange"),
            RequestId::of("c", &record("in", 1, 2, None), "exchange"),
            RequestId::of("c", &request, "convert"),
        ] {
            assert_ne!(id, other);
        }
    }

    #[test]
    fn what_a_request_carries_is_no_part_of_it() {
        let request = record("in", 1, 2, Some(3));
        let mut other = request.clone();
        other.payload = Some(b"{}".to_vec());
        other.headers.push_text("a", "b");
        assert_eq!(RequestId::of("c", &request, "h"), RequestId::of("c", &other, "h"));
    }
}
