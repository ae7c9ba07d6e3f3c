//! The few calls into librdkafka for which the client library has no safe wrapper.
#![allow(
    unsafe_code,
    reason = "the safe wrapper panics on header names that are not UTF-8 and lacks one mock setting"
)]

use std::ffi::{CStr, c_void};
use std::{ptr, slice};

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::message::BorrowedMessage;

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
