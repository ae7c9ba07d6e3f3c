//! Settings of the mock cluster that a client may have within it.

#[cfg(test)]
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
#[cfg(test)]
use rdkafka::types::RDKafkaRespErr;

/// Lets members of a group on this client's mock cluster join at once instead of after 3 s.
/// Does nothing to a client without a mock cluster.
pub(in crate::kafka) fn join_without_delay<C: ClientContext>(client: &Client<C>) {
    // SAFETY: the client is alive for the whole call; the result is checked before it is used.
    let cluster = unsafe { native::rd_kafka_handle_mock_cluster(client.native_ptr()) };
    if !cluster.is_null() {
        // SAFETY: the cluster lives as long as the client that owns it, which is borrowed here.
        unsafe { native::rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0) };
    }
}

/// Delays the answer to the next request of a kind on the one broker of this client's mock cluster.
#[cfg(test)]
pub(in crate::kafka) fn delay_request<C: ClientContext>(
    client: &Client<C>,
    kind: i16,
    delay: Duration,
) {
    let delay = i32::try_from(delay.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: the client is alive for the whole call; the cluster, if there is one, lives as long.
    unsafe {
        let cluster = native::rd_kafka_handle_mock_cluster(client.native_ptr());
        assert!(!cluster.is_null(), "this client has a mock cluster");
        let no_error = RDKafkaRespErr::RD_KAFKA_RESP_ERR_NO_ERROR;
        native::rd_kafka_mock_broker_push_request_error_rtts(cluster, 1, kind, 1, no_error, delay);
    }
}
