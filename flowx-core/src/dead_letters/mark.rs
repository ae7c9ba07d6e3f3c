//! What was done about a dead letter, written behind it.

use super::letter::DeadLetter;
use crate::message::headers::Headers;
use crate::message::identity::RequestId;
use crate::message::record::{Outbound, Record};

const KIND: &str = "dlq-mark";
const ID: &str = "dlq-marked-id";
const AT: &str = "dlq-marked-at";

/// One step of sending a request again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It will be sent, and may be sent already.
    Begun,
    /// It was sent.
    Replayed,
    /// It was not sent after all.
    Withdrawn,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Begun, Self::Replayed, Self::Withdrawn];

    fn name(self) -> &'static str {
        match self {
            Self::Begun => "begun",
            Self::Replayed => "replayed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A mark that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The dead letter that it is of.
    pub id: RequestId,
    /// What was done.
    pub kind: Kind,
    /// When: milliseconds since 1970.
    pub at: i64,
}

impl Mark {
    /// Reads one; `None` if the record is none. A dead letter never is, whatever its request carried:
    /// headers of these names are taken from requests that are put aside.
    #[must_use]
    pub fn read(record: &Record) -> Option<Self> {
        let text = |name: &str| record.headers.text(name);
        if record.headers.contains("dlq-version") {
            return None;
        }
        let kind = Kind::ALL.into_iter().find(|kind| text(KIND) == Some(kind.name()))?;
        Some(Self { id: RequestId::parse(text(ID)?)?, kind, at: text(AT)?.parse().ok()? })
    }
}

/// The mark of a dead letter as it is written: on its partition, with the key of its record.
#[must_use]
pub fn of(letter: &DeadLetter, key: Option<&[u8]>, kind: Kind, now: i64) -> Outbound {
    let mut headers = Headers::default();
    headers.push_text(KIND, kind.name());
    headers.push_text(ID, letter.id.as_str());
    headers.push_text(AT, &now.to_string());
    Outbound {
        topic: letter.at.topic.clone(),
        partition: Some(letter.at.partition),
        key: key.map(<[u8]>::to_vec),
        headers,
        payload: None,
    }
}
