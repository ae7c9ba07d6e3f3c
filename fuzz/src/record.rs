//! Records as they could come in from Kafka.

use arbitrary::{Arbitrary, Result, Unstructured};
use flowx_core::message::headers::Headers;
use flowx_core::message::record::{Coordinates, Record};

/// Names that mean something to the engine or to flowx, and would hardly be guessed.
const NAMES: [&str; 14] = [
    "processInstanceUuid",
    "processInstanceId",
    "fxContext",
    "Fx-Organization-Id",
    "x-reply-id",
    "x-request-offset",
    "dlq-",
    "dlq-id",
    "dlq-replied",
    "dlq-original-offset",
    "dlq-error-message",
    "flowx-retry-",
    "flowx-retry-attempt",
    "",
];

/// A header: its name, and its value or null.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) name: String,
    pub(crate) value: Option<Vec<u8>>,
}

impl<'a> Arbitrary<'a> for Header {
    fn arbitrary(bytes: &mut Unstructured<'a>) -> Result<Self> {
        let name = if bytes.arbitrary()? {
            (*bytes.choose(&NAMES)?).to_owned()
        } else {
            bytes.arbitrary()?
        };
        Ok(Self { name, value: bytes.arbitrary()? })
    }
}

/// All that a record carries.
#[derive(Debug, Arbitrary)]
pub(crate) struct Input {
    pub(crate) headers: Vec<Header>,
    key: Option<Vec<u8>>,
    payload: Option<Vec<u8>>,
    timestamp: Option<i64>,
    partition: i32,
    offset: i64,
    topic: Vec<u8>,
}

impl Input {
    /// The record; its topic has a name that Kafka allows.
    pub(crate) fn record(&self) -> Record {
        const LETTERS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._";
        let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 64)]);
        let mut topic: String = self.topic.iter().take(249).map(letter).collect();
        if topic.is_empty() {
            topic.push('t');
        }
        let mut headers = Headers::default();
        for Header { name, value } in &self.headers {
            headers.push(name, value.as_deref());
        }
        Record {
            at: Coordinates { topic: topic.into(), partition: self.partition, offset: self.offset },
            timestamp: self.timestamp,
            key: self.key.clone(),
            headers,
            payload: self.payload.clone(),
        }
    }
}

/// The headers as a list that can be compared.
pub(crate) fn list(headers: &Headers) -> Vec<(&str, Option<&[u8]>)> {
    headers.iter().collect()
}
