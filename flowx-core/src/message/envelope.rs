//! A record read as a message of the process engine.

use super::headers::Headers;
use super::record::Record;

/// The header that names the process instance by its UUID; its value is the key of the reply.
pub const PROCESS_INSTANCE_UUID: &str = "processInstanceUuid";
/// The header that names the process instance by its number.
pub const PROCESS_INSTANCE_ID: &str = "processInstanceId";
/// The header that routes a reply to the root process or a subprocess.
pub const FX_CONTEXT: &str = "fxContext";
/// The header that every message needs from platform version 5.9 on.
pub const FX_ORGANIZATION_ID: &str = "Fx-Organization-Id";
/// The header that names the definition of the process.
pub const FX_PROCESS_NAME: &str = "Fx-ProcessName";

/// A record read as a message of the process engine: who waits for the answer, and what goes back.
#[derive(Clone, Debug)]
pub struct Envelope {
    record: Record,
}

/// What must run one after another: records of one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum OrderKey<'a> {
    /// One process instance, by UUID or by number.
    Process(&'a str),
    /// No process instance is named; the record key decides.
    Record(&'a [u8]),
}

impl Envelope {
    /// Reads a record. Every record is an envelope, one without correlation too.
    #[must_use]
    pub fn read(record: Record) -> Self {
        Self { record }
    }

    /// The record as it was read.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// All received headers.
    #[must_use]
    pub fn headers(&self) -> &Headers {
        &self.record.headers
    }

    /// The UUID of the process instance; `None` if the header is missing, null, empty or not UTF-8.
    #[must_use]
    pub fn process_instance_uuid(&self) -> Option<&str> {
        self.correlation(PROCESS_INSTANCE_UUID)
    }

    /// The number of the process instance as text; `None` as for the UUID.
    #[must_use]
    pub fn process_instance_id(&self) -> Option<&str> {
        self.correlation(PROCESS_INSTANCE_ID)
    }

    /// Whether a process instance can be answered: without a name of it, an answer reaches nobody.
    #[must_use]
    pub fn is_correlated(&self) -> bool {
        self.process_instance_uuid().is_some() || self.process_instance_id().is_some()
    }

    /// What names the process instance in logs: its UUID, else its number.
    #[must_use]
    pub fn process(&self) -> Option<&str> {
        self.process_instance_uuid().or_else(|| self.process_instance_id())
    }

    /// What must stay in order with this record; `None` if nothing names it.
    #[must_use]
    pub fn order_key(&self) -> Option<OrderKey<'_>> {
        match (self.process(), &self.record.key) {
            (Some(process), _) => Some(OrderKey::Process(process)),
            (None, Some(key)) => Some(OrderKey::Record(key)),
            (None, None) => None,
        }
    }

    /// The key of every answer: the UUID of the process instance, else the received key.
    #[must_use]
    pub fn reply_key(&self) -> Option<Vec<u8>> {
        match self.process_instance_uuid() {
            Some(uuid) => Some(uuid.as_bytes().to_vec()),
            None => self.record.key.clone(),
        }
    }

    fn correlation(&self, name: &str) -> Option<&str> {
        self.record.headers.text(name).filter(|value| !value.trim().is_empty())
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::message::record::Coordinates;

    pub(crate) fn envelope(headers: &[(&str, Option<&[u8]>)], key: Option<&[u8]>) -> Envelope {
        let mut all = Headers::default();
        for (name, value) in headers {
            all.push(name, *value);
        }
        Envelope::read(Record {
            at: Coordinates { topic: Arc::from("in"), partition: 0, offset: 7 },
            timestamp: None,
            key: key.map(<[u8]>::to_vec),
            headers: all,
            payload: None,
        })
    }

    #[test]
    fn the_reply_key_is_the_process_uuid_then_the_received_key_then_none() {
        type Bytes = Option<&'static [u8]>;
        type Case = (&'static [(&'static str, Bytes)], Bytes, Bytes);
        let cases: [Case; 6] = [
            (&[(PROCESS_INSTANCE_UUID, Some(b"u-1"))], Some(b"k"), Some(b"u-1")),
            (
                &[(PROCESS_INSTANCE_UUID, Some(b"u-1")), (PROCESS_INSTANCE_UUID, Some(b"u-2"))],
                None,
                Some(b"u-2"),
            ),
            (&[(PROCESS_INSTANCE_UUID, Some(b""))], Some(b"k"), Some(b"k")),
            (&[(PROCESS_INSTANCE_UUID, None)], Some(b"k"), Some(b"k")),
            (&[(PROCESS_INSTANCE_UUID, Some(&[0xff]))], Some(b"k"), Some(b"k")),
            (&[(PROCESS_INSTANCE_ID, Some(b"12"))], None, None),
        ];
        for (headers, key, expected) in cases {
            let envelope = envelope(headers, key);
            assert_eq!(envelope.reply_key().as_deref(), expected, "{headers:?} {key:?}");
        }
    }

    #[test]
    fn a_number_alone_is_correlation_enough() {
        assert!(envelope(&[(PROCESS_INSTANCE_ID, Some(b"119246"))], None).is_correlated());
        assert!(!envelope(&[("Fx-AppId", Some(b"a"))], Some(b"k")).is_correlated());
        assert!(!envelope(&[(PROCESS_INSTANCE_ID, Some(b"  "))], None).is_correlated());
    }

    #[test]
    fn the_order_key_is_the_process_then_the_record_key_then_nothing() {
        let by_process = envelope(&[(PROCESS_INSTANCE_ID, Some(b"9"))], Some(b"k"));
        assert_eq!(by_process.order_key(), Some(OrderKey::Process("9")));
        assert_eq!(envelope(&[], Some(b"k")).order_key(), Some(OrderKey::Record(b"k")));
        assert_eq!(envelope(&[], None).order_key(), None);
    }
}
