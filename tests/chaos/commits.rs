//! Commits as Kafka itself wrote them down, in its own topic: every one, in their order. Whoever asks
//! a broker may be told an older one for a moment, when another has just become the coordinator.

use flowx_core::message::record::Record;
use flowx_tests::ledger::Commit;

use crate::scene::Scene;

/// Where Kafka keeps what groups have committed.
pub(crate) const TOPIC: &str = "__consumer_offsets";

/// Reads a record of that topic; `None` if it is no commit of this run's group to its requests.
///
/// Key and value begin as in Kafka's `OffsetCommitKey` and `OffsetCommitValue`: a version each, then
/// group, topic and partition, and the offset.
pub(crate) fn commit(record: &Record, scene: &Scene) -> Option<Commit> {
    let mut key = Bytes(record.key.as_deref()?);
    // Higher versions are what Kafka notes of the group itself.
    let is_commit = matches!(key.short()?, 0 | 1);
    let ours = is_commit
        && key.text()? == scene.environment.as_bytes()
        && key.text()? == scene.requests.as_bytes();
    if !ours {
        return None;
    }
    let partition = i32::from_be_bytes(key.take()?);
    let offset = record.payload.as_deref().and_then(|value| {
        let mut value = Bytes(value);
        value.short()?;
        Some(i64::from_be_bytes(value.take()?))
    });
    Some(Commit { millis: record.timestamp.unwrap_or(i64::MAX), partition, offset })
}

/// Bytes that are read from their beginning.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn short(&mut self) -> Option<i16> {
        self.take().map(i16::from_be_bytes)
    }

    fn text(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.short()?).ok()?;
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}
