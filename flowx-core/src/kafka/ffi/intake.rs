//! Records as they come in: taken out of a partition's queue, and copied.

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_void};
use std::ptr::{self, NonNull};
use std::slice;
use std::sync::Arc;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use super::answer;
use crate::message::headers::Headers;
use crate::message::record::{Coordinates, Record};

/// The queue of a partition that was split off, to take many records from at once.
///
/// Let go of it before the client is closed.
pub(in crate::kafka) struct Backlog {
    queue: NonNull<native::rd_kafka_queue_t>,
    client: NonNull<native::rd_kafka_t>,
}

// SAFETY: librdkafka's queues are locked inside and belong to no thread, and neither do its clients.
unsafe impl Send for Backlog {}

impl Backlog {
    /// The queue of this partition; `None` if the client has none.
    pub(in crate::kafka) fn of<C: ClientContext>(
        client: &Client<C>,
        topic: &str,
        partition: i32,
    ) -> Option<Self> {
        let topic = CString::new(topic).ok()?;
        let client = NonNull::new(client.native_ptr())?;
        // SAFETY: client and name are alive during the call; the reference that it returns is this one's.
        let queue = unsafe {
            native::rd_kafka_queue_get_partition(client.as_ptr(), topic.as_ptr(), partition)
        };
        NonNull::new(queue).map(|queue| Self { queue, client })
    }

    /// Takes what is there, at most so many but at least one, in order; never waits.
    ///
    /// By the call that hands out one after the other: the one that fills an array takes the end of a
    /// partition for a record (librdkafka 2.12.1, `rd_kafka_q_serve_rkmessages`), and after the next
    /// rebalance reading goes on behind a record that nobody was given.
    pub(in crate::kafka) fn take(
        &self,
        topic: &Arc<str>,
        most: usize,
        into: &mut VecDeque<Result<Record, RDKafkaErrorCode>>,
    ) {
        struct Taking<'a> {
            client: NonNull<native::rd_kafka_t>,
            topic: &'a Arc<str>,
            left: usize,
            into: &'a mut VecDeque<Result<Record, RDKafkaErrorCode>>,
        }
        extern "C" fn take(message: *mut native::rd_kafka_message_t, taking: *mut c_void) {
            // SAFETY: the address is that of `taking` below, which nobody else touches during the call.
            let taking = unsafe { &mut *taking.cast::<Taking<'_>>() };
            // SAFETY: librdkafka's message is alive until this function returns.
            let one = unsafe {
                NonNull::new(message).map(|message| {
                    answer(message.as_ref().err).map(|()| record(message, taking.topic))
                })
            };
            taking.into.extend(one);
            taking.left = taking.left.saturating_sub(1);
            if taking.left == 0 {
                // SAFETY: the client is alive while its queue is. It ends the call that this one is
                // part of; what is left goes back to the queue.
                unsafe { native::rd_kafka_yield(taking.client.as_ptr()) };
            }
        }
        let mut taking = Taking { client: self.client, topic, left: most, into };
        // SAFETY: the queue is alive as long as `self`, and `taking` during the call, which alone uses it.
        unsafe {
            native::rd_kafka_consume_callback_queue(
                self.queue.as_ptr(),
                0,
                Some(take),
                (&raw mut taking).cast(),
            );
        }
    }
}

impl Drop for Backlog {
    fn drop(&mut self) {
        // SAFETY: the reference was taken by `of` and is released once.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

/// An owned copy of a message, made at once: a message keeps its whole fetch buffer in memory. Names of
/// headers are read lossily.
pub(in crate::kafka) fn copied(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
    // SAFETY: the message is alive for the whole call.
    unsafe { record(NonNull::new_unchecked(message.ptr()), topic) }
}

/// # Safety
/// The message is alive during the call.
unsafe fn record(message: NonNull<native::rd_kafka_message_t>, topic: &Arc<str>) -> Record {
    // SAFETY: the caller vouches for it.
    let parts = unsafe { message.as_ref() };
    // SAFETY: key and payload have as many bytes as the message says, or are null.
    let bytes = |start: *mut c_void, length: usize| unsafe {
        (!start.is_null()).then(|| slice::from_raw_parts(start.cast::<u8>(), length).to_vec())
    };
    let at =
        Coordinates { topic: Arc::clone(topic), partition: parts.partition, offset: parts.offset };
    // SAFETY: as above.
    let headers = unsafe { headers(message) }.unwrap_or_else(|| {
        tracing::error!(target: "flowx::kafka", %at, "the record's headers cannot be read");
        Default::default()
    });
    let mut kind = native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    // SAFETY: as above; the place for the kind is valid.
    let timestamp = unsafe { native::rd_kafka_message_timestamp(message.as_ptr(), &raw mut kind) };
    let is_known = kind != native::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
    Record {
        timestamp: (is_known && timestamp != -1).then_some(timestamp),
        key: bytes(parts.key, parts.key_len),
        headers,
        payload: bytes(parts.payload, parts.len),
        at,
    }
}

/// The headers of a message; `None` if its header block is damaged.
///
/// # Safety
/// The message is alive during the call.
unsafe fn headers(message: NonNull<native::rd_kafka_message_t>) -> Option<Headers> {
    let mut list = ptr::null_mut();
    // SAFETY: the caller vouches for the message, and `list` is a valid place for the result.
    let code = unsafe { native::rd_kafka_message_headers(message.as_ptr(), &raw mut list) };
    match code {
        // SAFETY: on success the list is valid and owned by the message.
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Some(unsafe { copy(list) }),
        RDKafkaRespErr::RD_KAFKA_RESP_ERR__NOENT => Some(Headers::default()),
        _ => None,
    }
}

/// # Safety
/// `list` is valid and not changed during the call.
pub(super) unsafe fn copy(list: *const native::rd_kafka_headers_t) -> Headers {
    // SAFETY: the caller vouches for `list`.
    let count = unsafe { native::rd_kafka_header_cnt(list) };
    let mut headers = Headers::with_capacity(count, count * 32);
    for index in 0..count {
        let mut name = ptr::null();
        let mut value: *const c_void = ptr::null();
        let mut size = 0;
        // SAFETY: the caller vouches for `list`; the three places are valid.
        let code = unsafe {
            native::rd_kafka_header_get_all(
                list,
                index,
                &raw mut name,
                &raw mut value,
                &raw mut size,
            )
        };
        if code != native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
            break;
        }
        // SAFETY: librdkafka ends every header name with a zero byte and keeps it with the list.
        let name = unsafe { CStr::from_ptr(name) }.to_string_lossy();
        // SAFETY: a value that is not null has `size` bytes and lives as long as the list.
        let value =
            (!value.is_null()).then(|| unsafe { slice::from_raw_parts(value.cast::<u8>(), size) });
        headers.push(&name, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_not_utf8_is_read_lossily() {
        // SAFETY: the list is made, filled with buffers that outlive the calls, read and destroyed
        // here; nothing else knows it.
        let headers = unsafe {
            let list = native::rd_kafka_headers_new(2);
            let (name, value) = (b"caf\xe9", b"1");
            native::rd_kafka_header_add(list, name.as_ptr().cast(), 4, value.as_ptr().cast(), 1);
            native::rd_kafka_header_add(list, c"null".as_ptr(), -1, ptr::null(), 0);
            native::rd_kafka_header_add(list, c"empty".as_ptr(), -1, value.as_ptr().cast(), 0);
            let headers = copy(list);
            native::rd_kafka_headers_destroy(list);
            headers
        };
        let all: Vec<_> = headers.iter().collect();
        assert_eq!(
            all,
            [("caf\u{fffd}", Some(&b"1"[..])), ("null", None), ("empty", Some(&b""[..]))]
        );
    }
}
