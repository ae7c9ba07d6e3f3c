//! Records as they go out: handed to a producer by handles of their topics, without a copy in between.

use std::collections::HashMap;
use std::ffi::{CString, c_void};
use std::ptr::{self, NonNull};
use std::sync::Arc;

use foldhash::fast::FixedState;
use rdkafka::bindings::{self as native, rd_kafka_vtype_t as vtype};
use rdkafka::client::{Client, ClientContext};
use rdkafka::error::KafkaError;

use super::answer;
use crate::message::headers::Headers;
use crate::message::record::Outbound;

/// The topics that a producer writes to. Each is looked up by its name once; librdkafka would else do it
/// for each record, under the lock of the whole client.
///
/// Let go of it before the producer is dropped.
pub(in crate::kafka) struct Topics {
    client: NonNull<native::rd_kafka_t>,
    /// By names that the connector's own settings give, so any hash will do.
    handles: HashMap<Arc<str>, Handle, FixedState>,
}

/// A reference to a topic of a client.
struct Handle(NonNull<native::rd_kafka_topic_t>);

// SAFETY: librdkafka's clients and topics are locked inside and belong to no thread.
unsafe impl Send for Topics {}

impl Topics {
    /// None yet, of this producer.
    pub(in crate::kafka) fn of<C: ClientContext>(producer: &Client<C>) -> Self {
        let client =
            NonNull::new(producer.native_ptr()).expect("a client that lives has an address");
        Self { client, handles: HashMap::default() }
    }

    /// Hands a record to the producer, which copies it; never waits. Its delivery report has this token.
    ///
    /// # Errors
    /// The producer does not take it.
    pub(in crate::kafka) fn produce(
        &mut self,
        record: &Outbound,
        token: usize,
    ) -> Result<(), KafkaError> {
        let client = self.client;
        let topic = self.topic(&record.topic)?;
        let (key, key_length) = bytes(record.key.as_deref());
        let (payload, payload_length) = bytes(record.payload.as_deref());
        // SAFETY: client and topic are alive; key and payload are, during the call, which copies them; the
        // headers are taken over if it succeeds and destroyed here if not; the token is only handed back.
        unsafe {
            let headers = headers(&record.headers);
            let said = native::rd_kafka_producev(
                client.as_ptr(),
                vtype::RD_KAFKA_VTYPE_RKT,
                topic.as_ptr(),
                vtype::RD_KAFKA_VTYPE_PARTITION,
                record.partition.unwrap_or(-1),
                vtype::RD_KAFKA_VTYPE_MSGFLAGS,
                native::RD_KAFKA_MSG_F_COPY,
                vtype::RD_KAFKA_VTYPE_VALUE,
                payload,
                payload_length,
                vtype::RD_KAFKA_VTYPE_KEY,
                key,
                key_length,
                vtype::RD_KAFKA_VTYPE_OPAQUE,
                ptr::without_provenance_mut::<c_void>(token),
                vtype::RD_KAFKA_VTYPE_HEADERS,
                headers,
                vtype::RD_KAFKA_VTYPE_END,
            );
            answer(said).map_err(|code| {
                if !headers.is_null() {
                    native::rd_kafka_headers_destroy(headers);
                }
                KafkaError::MessageProduction(code)
            })
        }
    }

    fn topic(&mut self, name: &Arc<str>) -> Result<NonNull<native::rd_kafka_topic_t>, KafkaError> {
        if let Some(known) = self.handles.get(name) {
            return Ok(known.0);
        }
        let text = CString::new(&**name)?;
        // SAFETY: client and name are alive during the call, which copies the name; without settings of
        // its own the topic has the client's. The reference that it returns is this one's.
        let topic = unsafe {
            native::rd_kafka_topic_new(self.client.as_ptr(), text.as_ptr(), ptr::null_mut())
        };
        let Some(topic) = NonNull::new(topic) else {
            // SAFETY: it only reads what the last call on this thread has left.
            let code = unsafe { native::rd_kafka_last_error() };
            return Err(KafkaError::MessageProduction(code.into()));
        };
        self.handles.insert(Arc::clone(name), Handle(topic));
        Ok(topic)
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the reference was taken by `topic` and is released once.
        unsafe { native::rd_kafka_topic_destroy(self.0.as_ptr()) };
    }
}

/// Where bytes are, and how many; a null that is not there.
fn bytes(bytes: Option<&[u8]>) -> (*mut c_void, usize) {
    bytes.map_or((ptr::null_mut(), 0), |bytes| (bytes.as_ptr().cast_mut().cast(), bytes.len()))
}

fn signed(length: usize) -> isize {
    isize::try_from(length).expect("no slice is longer than the largest isize")
}

/// A copy of headers as librdkafka has them; null if there are none.
///
/// # Safety
/// Whoever calls it hands them on or destroys them.
unsafe fn headers(headers: &Headers) -> *mut native::rd_kafka_headers_t {
    if headers.is_empty() {
        return ptr::null_mut();
    }
    // SAFETY: the list is new, and names and values are alive during the calls, which copy them.
    unsafe {
        let list = native::rd_kafka_headers_new(headers.len());
        for (name, value) in headers.entries() {
            let (value, length) = bytes(value);
            native::rd_kafka_header_add(
                list,
                name.as_ptr().cast(),
                signed(name.len()),
                value,
                signed(length),
            );
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kafka::ffi::intake::copy;

    #[test]
    fn headers_go_out_as_they_came_in() {
        let mut all = Headers::default();
        all.push("a", Some(b"1"));
        all.push("null", None);
        all.push("a", Some(b""));
        all.push("zero\0within", Some(&[0xff, 0]));
        // SAFETY: the list is read and destroyed here, and nothing else knows it.
        let back = unsafe {
            let list = headers(&all);
            let back = copy(list);
            native::rd_kafka_headers_destroy(list);
            back
        };
        let mut expected = Headers::default();
        for (name, value) in all.iter() {
            // librdkafka ends a name at its first zero byte when it is asked for it.
            expected.push(name.split('\0').next().unwrap_or_default(), value);
        }
        assert_eq!(back, expected);
        // SAFETY: null is nothing to destroy.
        assert!(unsafe { headers(&Headers::default()) }.is_null());
    }
}
