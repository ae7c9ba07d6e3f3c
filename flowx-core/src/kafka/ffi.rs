//! The few calls into librdkafka for which the client library has no safe wrapper.
#![allow(
    unsafe_code,
    reason = "the safe wrapper panics on header names that are not UTF-8, cannot tell what became of a \
              commit without waiting for it or what waits in a queue, and can neither add brokers nor set \
              two things of the mock"
)]

use std::ffi::{CStr, CString, c_void};
use std::ptr::NonNull;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, ptr, slice};

use rdkafka::TopicPartitionList;
use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::message::BorrowedMessage;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use crate::message::headers::Headers;

/// The headers of a message, names read lossily; `None` if the record's header block is damaged.
pub(super) fn headers(message: &BorrowedMessage<'_>) -> Option<Headers> {
    let mut list = ptr::null_mut();
    // SAFETY: the message is alive for the whole call, and `list` is a valid place for the result.
    let code = unsafe { native::rd_kafka_message_headers(message.ptr(), &raw mut list) };
    match code {
        // SAFETY: on success the list is valid and owned by the message, which outlives this call.
        native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR => Some(unsafe { copy(list) }),
        native::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__NOENT => Some(Headers::default()),
        _ => None,
    }
}

/// Lets members of a group on this client's mock cluster join at once instead of after 3 s.
/// Does nothing to a client without a mock cluster.
pub(super) fn join_without_delay<C: ClientContext>(client: &Client<C>) {
    // SAFETY: the client is alive for the whole call; the result is checked before it is used.
    let cluster = unsafe { native::rd_kafka_handle_mock_cluster(client.native_ptr()) };
    if !cluster.is_null() {
        // SAFETY: the cluster lives as long as the client that owns it, which is borrowed here.
        unsafe { native::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0) };
    }
}

/// Adds brokers to those that the client may connect to; never waits. `servers` are `host:port`, separated
/// by commas. Those it has are not added twice.
pub(super) fn add_brokers<C: ClientContext>(client: &Client<C>, servers: &CStr) {
    // SAFETY: client and text are alive during the call, which copies the text.
    unsafe { native::rd_kafka_brokers_add(client.native_ptr(), servers.as_ptr()) };
}

/// The first offset of a partition, if it is known, and the one behind its last record, as this client
/// was told last; asks nobody. `None` if it was never told.
pub(super) fn known_ends<C: ClientContext>(
    client: &Client<C>,
    topic: &str,
    partition: i32,
) -> Option<(Option<i64>, i64)> {
    let topic = CString::new(topic).ok()?;
    let (mut low, mut high) = (-1, -1);
    // SAFETY: client and name are alive for the whole call, which only copies two numbers.
    let code = unsafe {
        native::rd_kafka_get_watermark_offsets(
            client.native_ptr(),
            topic.as_ptr(),
            partition,
            &raw mut low,
            &raw mut high,
        )
    };
    answer(code).ok()?;
    (high >= 0).then_some((Some(low).filter(|low| *low >= 0), high))
}

/// A commit that was asked for, and the place where its answer comes in.
///
/// It keeps the consumer alive: let go of it before the consumer is to be closed. Dropped early, it
/// leaves the commit to its fate.
pub(super) struct AskedCommit<C: ConsumerContext> {
    queue: NonNull<native::rd_kafka_queue_t>,
    /// The queue is the client's, so the client must outlive it.
    _consumer: Arc<BaseConsumer<C>>,
}

// SAFETY: librdkafka's queues are locked inside and belong to no thread; the consumer is `Send`.
unsafe impl<C: ConsumerContext> Send for AskedCommit<C> {}

impl<C: ConsumerContext> AskedCommit<C> {
    /// Asks for these offsets to be committed; never waits.
    ///
    /// # Errors
    /// librdkafka does not even take it.
    pub(super) fn new(
        consumer: Arc<BaseConsumer<C>>,
        offsets: &TopicPartitionList,
    ) -> Result<Self, RDKafkaErrorCode> {
        let client = consumer.client().native_ptr();
        // SAFETY: the client is alive; the queue is released in `drop`, before the client.
        let queue = unsafe { native::rd_kafka_queue_new(client) };
        let queue = NonNull::new(queue).ok_or(RDKafkaErrorCode::Fail)?;
        let asked = Self { queue, _consumer: consumer };
        // SAFETY: client, list and queue are alive during the call, which copies the list; without a
        // callback the answer stays in the queue, and the opaque pointer is not used.
        let code = unsafe {
            native::rd_kafka_commit_queue(
                client,
                offsets.ptr(),
                queue.as_ptr(),
                None,
                ptr::null_mut(),
            )
        };
        answer(code).map(|()| asked)
    }

    /// What became of it; `None` if that is not known after `patience`.
    pub(super) fn answer(&self, patience: Duration) -> Option<Result<(), RDKafkaErrorCode>> {
        let patience = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: the queue is alive as long as `self`.
        let event = unsafe { native::rd_kafka_queue_poll(self.queue.as_ptr(), patience) };
        if event.is_null() {
            return None;
        }
        // SAFETY: the event is not null, is only read, and is destroyed right here.
        let code = unsafe {
            let code = native::rd_kafka_event_error(event);
            native::rd_kafka_event_destroy(event);
            code
        };
        Some(answer(code))
    }
}

impl<C: ConsumerContext> Drop for AskedCommit<C> {
    fn drop(&mut self) {
        // SAFETY: it was made by `rd_kafka_queue_new` and is released once; its client is alive until
        // after this.
        unsafe { native::rd_kafka_queue_destroy(self.queue.as_ptr()) };
    }
}

impl<C: ConsumerContext> fmt::Debug for AskedCommit<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AskedCommit").finish_non_exhaustive()
    }
}

fn answer(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}

/// How many records and errors wait in the queue of a partition.
pub(super) fn waiting<C: ClientContext>(client: &Client<C>, topic: &str, partition: i32) -> usize {
    let Ok(topic) = CString::new(topic) else { return 0 };
    // SAFETY: client and name are alive during the call; the queue that it returns is a reference of
    // its own, checked, read and released right here.
    unsafe {
        let queue =
            native::rd_kafka_queue_get_partition(client.native_ptr(), topic.as_ptr(), partition);
        if queue.is_null() {
            return 0;
        }
        let length = native::rd_kafka_queue_length(queue);
        native::rd_kafka_queue_destroy(queue);
        length
    }
}

/// Delays the answer to the next request of a kind on the one broker of this client's mock cluster.
#[cfg(test)]
pub(super) fn delay_request<C: ClientContext>(client: &Client<C>, kind: i16, delay: Duration) {
    let delay = i32::try_from(delay.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client is alive for the whole call; the cluster, if there is one, lives as long.
    unsafe {
        let cluster = native::rd_kafka_handle_mock_cluster(client.native_ptr());
        assert!(!cluster.is_null(), "this client has a mock cluster");
        let no_error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        native::rd_kafka_mock_broker_push_request_error_rtts(cluster, 1, kind, 1, no_error, delay);
    }
}

/// # Safety
/// `list` is valid and not changed during the call.
unsafe fn copy(list: *const native::rd_kafka_headers_t) -> Headers {
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
