//! The few calls into librdkafka for which the client library has no safe wrapper.
#![allow(
    unsafe_code,
    reason = "the safe wrapper panics on header names that are not UTF-8, takes one message at a time \
              from a queue of many, looks up the topic and \
              copies each header's name once more for every record, cannot tell what became of a \
              commit without waiting for it or what waits in a queue, rings no bell for a producer, can \
              neither add brokers nor set two things of the mock, asks neither what a client may do \
              nor who is in a group, and gives a client no token and no other login while it lives"
)]

mod commit;
mod describe;
mod doorbell;
mod intake;
mod login;
mod mock;
mod produce;

use std::ffi::{CStr, CString};

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

pub(super) use commit::AskedCommit;
pub(super) use describe::{
    DescribedMember, OperationCode, Spread, Which, describe_group, describe_topics, list_offsets,
};
pub(super) use doorbell::Doorbell;
pub(super) use intake::{Backlog, copied};
pub(super) use login::{set_credentials, set_token};
#[cfg(test)]
pub(super) use mock::delay_request;
pub(super) use mock::join_without_delay;
pub(super) use produce::Topics;

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

fn answer(code: RDKafkaRespErr) -> Result<(), RDKafkaErrorCode> {
    match code {
        RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR => Ok(()),
        code => Err(code.into()),
    }
}

/// # Safety
/// `error` is null or an error that is alive.
unsafe fn code(error: *const native::rd_kafka_error_t) -> Option<RDKafkaErrorCode> {
    // SAFETY: the caller vouches for `error`; none at all is no error.
    (!error.is_null())
        .then(|| unsafe { native::rd_kafka_error_code(error) })
        .and_then(|code| answer(code).err())
}
