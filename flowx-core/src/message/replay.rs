//! What a dead letter carries when it is sent again: the request as it was, and how often that happened.

use std::sync::Arc;

use super::headers::Headers;
use super::identity::RequestId;
use super::record::{Outbound, Record};
use super::reply;

/// Names the dead letter that a request was sent again from, by its `dlq-id`.
pub const REPLAY_OF: &str = "dlq-replay-of";
/// How often the request was sent again, this time included.
pub const REPLAYS: &str = "dlq-replays";

/// Where a request that was sent again comes from.
///
/// Whoever may write to a request topic can claim one for a request of its own. Nothing is decided by
/// it but whether that same request may be sent again once more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// The id of the dead letter.
    pub of: RequestId,
    /// How often the request was sent again; at least 1.
    pub replays: u32,
}

impl Lineage {
    /// Reads it; `None` if any part is missing or cannot be one.
    #[must_use]
    pub fn read(headers: &Headers) -> Option<Self> {
        let of = RequestId::parse(headers.text(REPLAY_OF)?)?;
        let replays = headers.text(REPLAYS)?.parse().ok().filter(|replays| *replays > 0)?;
        Some(Self { of, replays })
    }

    /// Writes it behind other headers.
    pub fn write(&self, headers: &mut Headers) {
        headers.push_text(REPLAY_OF, self.of.as_str());
        headers.push_text(REPLAYS, &self.replays.to_string());
    }
}

/// The request of a dead letter, as it is sent to its topic again: key, value and headers of the
/// original, then where it comes from. Its key decides the partition, as it did for the original.
#[must_use]
pub fn again(letter: &Record, topic: &Arc<str>, lineage: &Lineage) -> Outbound {
    let mut headers = reply::given_back(&letter.headers);
    lineage.write(&mut headers);
    Outbound {
        topic: Arc::clone(topic),
        partition: None,
        key: letter.key.clone(),
        headers,
        payload: letter.payload.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_that_is_not_whole_is_none() {
        let id = "0f8e5a1c3b7d49260f8e5a1c3b7d4926";
        let read = |headers: &[(&str, &str)]| Lineage::read(&headers.iter().copied().collect());
        let whole = read(&[(REPLAY_OF, id), (REPLAYS, "2")]).expect("whole");
        assert_eq!((whole.of.as_str(), whole.replays), (id, 2));
        for wrong in [
            &[][..],
            &[(REPLAY_OF, id)],
            &[(REPLAYS, "2")],
            &[(REPLAY_OF, "forged"), (REPLAYS, "2")],
            &[(REPLAY_OF, id), (REPLAYS, "0")],
            &[(REPLAY_OF, id), (REPLAYS, "-1")],
            &[(REPLAY_OF, id), (REPLAYS, "4294967296")],
            &[(REPLAY_OF, id), (REPLAYS, "1"), (REPLAYS, "many")],
        ] {
            assert_eq!(read(wrong), None, "{wrong:?}");
        }
    }
}
