//! A record as Kafka gave it, and one as Kafka will get it.

use std::fmt;
use std::sync::Arc;

use super::headers::Headers;

/// A record as it was read: bytes, key, headers and where it stood.
///
/// `Debug` shows where it stood and how large it is, nothing that it carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Record {
    /// Topic, partition and offset.
    pub at: Coordinates,
    /// Milliseconds since 1970, if the broker or the producer said one.
    pub timestamp: Option<i64>,
    /// The record key; `None` is Kafka's null.
    pub key: Option<Vec<u8>>,
    /// All headers.
    pub headers: Headers,
    /// The value; `None` is Kafka's null, a tombstone.
    pub payload: Option<Vec<u8>>,
}

impl Record {
    /// Bytes of key, headers and payload: what it weighs in a queue.
    #[must_use]
    pub fn size(&self) -> usize {
        let length = |bytes: &Option<Vec<u8>>| bytes.as_ref().map_or(0, Vec::len);
        length(&self.key) + length(&self.payload) + self.headers.size()
    }
}

impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("at", &self.at)
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Where a record stands in Kafka.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Coordinates {
    /// Full name of the topic.
    pub topic: Arc<str>,
    /// Partition of the topic.
    pub partition: i32,
    /// Offset in the partition.
    pub offset: i64,
}

impl fmt::Display for Coordinates {
    /// `topic[partition]@offset`, as Kafka's own tools write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]@{}", self.topic, self.partition, self.offset)
    }
}

/// A record on its way out: a reply, an error reply, a dead letter, or a request that goes to a retry
/// topic.
///
/// `Debug` shows the topic and the size, nothing that it carries.
#[derive(Clone, PartialEq, Eq)]
pub struct Outbound {
    /// Full name of the topic.
    pub topic: Arc<str>,
    /// The partition it must go to; `None` lets the key decide, as Java clients do (murmur2).
    pub partition: Option<i32>,
    /// The record key.
    pub key: Option<Vec<u8>>,
    /// All headers, in the order in which they are written.
    pub headers: Headers,
    /// The value; `None` is Kafka's null, which only a dead letter of a tombstone has.
    pub payload: Option<Vec<u8>>,
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("topic", &self.topic)
            .field("size", &self.payload.as_ref().map_or(0, Vec::len))
            .finish_non_exhaustive()
    }
}
