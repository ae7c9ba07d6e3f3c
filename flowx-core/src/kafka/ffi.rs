//! The few calls into librdkafka for which the client library has no safe wrapper.
#![allow(
    unsafe_code,
    reason = "the safe wrapper panics on header names that are not UTF-8, takes one message at a time \
              from a queue of many, cannot tell what became of a \
              commit without waiting for it or what waits in a queue, rings no bell for a producer, can \
              neither add brokers nor set two things of the mock, asks neither what a client may do \
              nor who is in a group, and gives a client no token and no other login while it lives"
)]

use std::collections::VecDeque;
use std::ffi::{CStr, CString, c_void};
use std::panic::AssertUnwindSafe;
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
use tokio::sync::Notify;

use crate::message::headers::Headers;
use crate::message::record::{Coordinates, Record};

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

/// Gives a client the login that it uses from its next connection on. It copies both.
///
/// # Errors
/// The client's mechanism has no password.
pub(super) fn set_credentials<C: ClientContext>(
    client: &Client<C>,
    name: &CStr,
    password: &CStr,
) -> Result<(), RDKafkaErrorCode> {
    // SAFETY: client and texts are alive during the call, which copies the texts; the error that it may
    // return is read and released right here.
    unsafe {
        let error = native::rd_kafka_sasl_set_credentials(
            client.native_ptr(),
            name.as_ptr(),
            password.as_ptr(),
        );
        let refused = code(error);
        if !error.is_null() {
            native::rd_kafka_error_destroy(error);
        }
        refused.map_or(Ok(()), Err)
    }
}

/// Gives a client the token that it logs in with until it expires, in milliseconds since 1970. It copies
/// all of it.
///
/// # Errors
/// The client has no use for a token, or does not take this one.
pub(super) fn set_token<C: ClientContext>(
    client: &Client<C>,
    token: &CStr,
    expires: i64,
    principal: &CStr,
) -> Result<(), RDKafkaErrorCode> {
    let mut said = [0; 256];
    // SAFETY: client and texts are alive during the call, which copies the texts; there are no
    // extensions, and the room for an error has the length that is said.
    let outcome = unsafe {
        native::rd_kafka_oauthbearer_set_token(
            client.native_ptr(),
            token.as_ptr(),
            expires,
            principal.as_ptr(),
            ptr::null_mut(),
            0,
            said.as_mut_ptr(),
            said.len(),
        )
    };
    answer(outcome)
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

/// The queue of a partition that was split off, to take many records from at once.
///
/// Let go of it before the client is closed.
pub(super) struct Backlog {
    queue: NonNull<native::rd_kafka_queue_t>,
    client: NonNull<native::rd_kafka_t>,
}

// SAFETY: librdkafka's queues are locked inside and belong to no thread, and neither do its clients.
unsafe impl Send for Backlog {}

impl Backlog {
    /// The queue of this partition; `None` if the client has none.
    pub(super) fn of<C: ClientContext>(
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
    pub(super) fn take(
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
pub(super) fn copied(message: &BorrowedMessage<'_>, topic: &Arc<str>) -> Record {
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

/// Rings when something comes into a client's own queue that was empty.
///
/// Take it down before the client is dropped.
pub(super) struct Doorbell {
    queue: NonNull<native::rd_kafka_queue_t>,
    /// What rings; librdkafka has its address as long as the bell hangs.
    _rings: Arc<Notify>,
}

// SAFETY: librdkafka's queues are locked inside and belong to no thread.
unsafe impl Send for Doorbell {}
// SAFETY: as above; all that can be done through a reference is to ask for the length.
unsafe impl Sync for Doorbell {}

impl Doorbell {
    /// Hangs a bell at this client's queue.
    pub(super) fn hang<C: ClientContext>(client: &Client<C>, rings: Arc<Notify>) -> Self {
        extern "C" fn ring(_: *mut native::rd_kafka_t, rings: *mut c_void) {
            // SAFETY: this is the address of what the bell keeps alive; it is called under the lock of
            // the queue, which taking down the bell waits for.
            let rings = unsafe { &*rings.cast_const().cast::<Notify>() };
            // It runs in C, which no panic may enter; a waker could have one.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| rings.notify_one()));
        }
        // SAFETY: the client is alive; the reference to its queue is this bell's own.
        let queue = unsafe { native::rd_kafka_queue_get_main(client.native_ptr()) };
        let queue = NonNull::new(queue).expect("every client has a queue");
        let address = Arc::as_ptr(&rings).cast_mut().cast::<c_void>();
        // SAFETY: the queue is alive, and so is what rings until the bell is taken down.
        unsafe { native::rd_kafka_queue_cb_event_enable(queue.as_ptr(), Some(ring), address) };
        Self { queue, _rings: rings }
    }

    /// How much waits in the queue.
    pub(super) fn waiting(&self) -> usize {
        // SAFETY: the queue is alive as long as the bell.
        unsafe { native::rd_kafka_queue_length(self.queue.as_ptr()) }
    }
}

impl Drop for Doorbell {
    fn drop(&mut self) {
        // SAFETY: the reference was taken by `hang` and is released once; nothing rings any more once the
        // first call is over.
        unsafe {
            native::rd_kafka_queue_cb_event_enable(self.queue.as_ptr(), None, ptr::null_mut());
            native::rd_kafka_queue_destroy(self.queue.as_ptr());
        }
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

/// What an operation may be called in an answer of a broker, by its place in Kafka's own list.
pub(super) type OperationCode = native::rd_kafka_AclOperation_t;

/// What a broker says of a topic.
pub(super) struct Described {
    pub(super) name: String,
    pub(super) error: Option<RDKafkaErrorCode>,
    pub(super) partitions: Vec<Spread>,
    /// What this client may do with it; `None` if the broker does not say.
    pub(super) allowed: Option<Vec<OperationCode>>,
}

/// A partition: whether it has a leader, how many replicas, how many of them in sync.
pub(super) struct Spread {
    pub(super) partition: i32,
    pub(super) is_led: bool,
    pub(super) replicas: usize,
    pub(super) in_sync: usize,
}

/// What a coordinator says of a group.
pub(super) struct DescribedGroup {
    pub(super) error: Option<RDKafkaErrorCode>,
    pub(super) members: Vec<DescribedMember>,
    pub(super) allowed: Option<Vec<OperationCode>>,
}

/// A member of a group, and the topics of which it has partitions.
pub(super) struct DescribedMember {
    pub(super) client_id: String,
    pub(super) host: String,
    pub(super) topics: Vec<String>,
}

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Which {
    First,
    End,
    /// That of the record with the largest timestamp.
    Newest,
}

/// An offset of a partition, and the timestamp of its record if that was asked for.
pub(super) struct Listed {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) timestamp: i64,
}

/// Asks a broker what it knows of these topics and what this client may do with them. Waits; creates none.
/// The broker is named because librdkafka would ask the controller, which is none of the mock's.
///
/// # Errors
/// No broker answers in time, or none can.
pub(super) fn describe_topics<C: ClientContext>(
    client: &Client<C>,
    broker: i32,
    names: &[CString],
    patience: Duration,
) -> Result<Vec<Described>, RDKafkaErrorCode> {
    let mut pointers: Vec<_> = names.iter().map(|name| name.as_ptr()).collect();
    let kind = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS;
    let event = ask(client, kind, Some(broker), patience, |options, queue| {
        // SAFETY: names, client, options and queue are alive during the calls; the collection copies the
        // names, the request copies the collection, which is released right here.
        unsafe {
            let topics = native::rd_kafka_TopicCollection_of_topic_names(
                pointers.as_mut_ptr(),
                pointers.len(),
            );
            native::rd_kafka_DescribeTopics(client.native_ptr(), topics, options, queue);
            native::rd_kafka_TopicCollection_destroy(topics);
        }
    })?;
    // SAFETY: the result and all that it points to live as long as the event; arrays come with their
    // lengths, and `array`, `text` and `code` check for null.
    unsafe {
        let result = native::rd_kafka_event_DescribeTopics_result(event.0.as_ptr());
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let topics = native::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        let describe = |topic: &*const native::rd_kafka_TopicDescription_t| {
            let mut count = 0;
            let partitions = native::rd_kafka_TopicDescription_partitions(*topic, &raw mut count);
            let partitions = array(partitions, count).iter().map(|partition| {
                let (mut replicas, mut in_sync) = (0, 0);
                native::rd_kafka_TopicPartitionInfo_replicas(*partition, &raw mut replicas);
                native::rd_kafka_TopicPartitionInfo_isr(*partition, &raw mut in_sync);
                Spread {
                    partition: native::rd_kafka_TopicPartitionInfo_partition(*partition),
                    is_led: !native::rd_kafka_TopicPartitionInfo_leader(*partition).is_null(),
                    replicas,
                    in_sync,
                }
            });
            let mut count = 0;
            let allowed =
                native::rd_kafka_TopicDescription_authorized_operations(*topic, &raw mut count);
            Described {
                name: text(native::rd_kafka_TopicDescription_name(*topic)),
                error: code(native::rd_kafka_TopicDescription_error(*topic)),
                partitions: partitions.collect(),
                allowed: (!allowed.is_null())
                    .then(|| slice::from_raw_parts(allowed, count).to_vec()),
            }
        };
        Ok(array(topics, count).iter().map(describe).collect())
    }
}

/// Asks who is in a group and what this client may do with it. Waits.
///
/// # Errors
/// No coordinator answers in time, or none can.
pub(super) fn describe_group<C: ClientContext>(
    client: &Client<C>,
    group: &CStr,
    patience: Duration,
) -> Result<DescribedGroup, RDKafkaErrorCode> {
    let mut names = [group.as_ptr()];
    let kind = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS;
    let event = ask(client, kind, None, patience, |options, queue| {
        // SAFETY: name, client, options and queue are alive during the call, which copies the name.
        unsafe {
            native::rd_kafka_DescribeConsumerGroups(
                client.native_ptr(),
                names.as_mut_ptr(),
                names.len(),
                options,
                queue,
            );
        }
    })?;
    // SAFETY: as in `describe_topics`; members are asked for by numbers below their count, and the lists
    // of partitions hold as many elements as they say.
    unsafe {
        let result = native::rd_kafka_event_DescribeConsumerGroups_result(event.0.as_ptr());
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let groups = native::rd_kafka_DescribeConsumerGroups_result_groups(result, &raw mut count);
        let Some(&group) = array(groups, count).first() else { return Err(RDKafkaErrorCode::Fail) };
        let members = (0..native::rd_kafka_ConsumerGroupDescription_member_count(group)).map(|n| {
            let member = native::rd_kafka_ConsumerGroupDescription_member(group, n);
            let assignment = native::rd_kafka_MemberDescription_assignment(member);
            let partitions = match assignment.is_null() {
                true => ptr::null(),
                false => native::rd_kafka_MemberAssignment_partitions(assignment),
            };
            let mut topics: Vec<_> = match partitions.is_null() || (*partitions).elems.is_null() {
                true => Vec::new(),
                false => slice::from_raw_parts((*partitions).elems, (*partitions).cnt as usize)
                    .iter()
                    .map(|partition| text(partition.topic))
                    .collect(),
            };
            topics.sort_unstable();
            topics.dedup();
            DescribedMember {
                client_id: text(native::rd_kafka_MemberDescription_client_id(member)),
                host: text(native::rd_kafka_MemberDescription_host(member)),
                topics,
            }
        });
        let mut count = 0;
        let allowed =
            native::rd_kafka_ConsumerGroupDescription_authorized_operations(group, &raw mut count);
        Ok(DescribedGroup {
            error: code(native::rd_kafka_ConsumerGroupDescription_error(group)),
            members: members.collect(),
            allowed: (!allowed.is_null()).then(|| slice::from_raw_parts(allowed, count).to_vec()),
        })
    }
}

/// Asks for offsets of partitions. Waits; reads no record. Those that cannot be told are left out.
///
/// # Errors
/// No broker answers in time, or none can.
pub(super) fn list_offsets<C: ClientContext>(
    client: &Client<C>,
    partitions: &[(CString, i32)],
    which: Which,
    patience: Duration,
) -> Result<Vec<Listed>, RDKafkaErrorCode> {
    let spec = match which {
        Which::First => native::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_EARLIEST,
        Which::End => native::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_LATEST,
        Which::Newest => native::rd_kafka_OffsetSpec_t::RD_KAFKA_OFFSET_SPEC_MAX_TIMESTAMP,
    };
    let kind = native::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_LISTOFFSETS;
    let event = ask(client, kind, None, patience, |options, queue| {
        // SAFETY: the list is made, filled and released here; adding copies the name and returns the new
        // element, and the request copies the list.
        unsafe {
            let room = i32::try_from(partitions.len()).unwrap_or(0);
            let list = native::rd_kafka_topic_partition_list_new(room);
            for (topic, partition) in partitions {
                let added =
                    native::rd_kafka_topic_partition_list_add(list, topic.as_ptr(), *partition);
                (*added).offset = spec as i64;
            }
            native::rd_kafka_ListOffsets(client.native_ptr(), list, options, queue);
            native::rd_kafka_topic_partition_list_destroy(list);
        }
    })?;
    // SAFETY: as in `describe_topics`; each result has its partition.
    unsafe {
        let result = native::rd_kafka_event_ListOffsets_result(event.0.as_ptr());
        if result.is_null() {
            return Err(RDKafkaErrorCode::Fail);
        }
        let mut count = 0;
        let infos = native::rd_kafka_ListOffsets_result_infos(result, &raw mut count);
        let listed = array(infos, count).iter().filter_map(|info| {
            let partition = native::rd_kafka_ListOffsetsResultInfo_topic_partition(*info);
            answer((*partition).err).ok()?;
            Some(Listed {
                topic: text((*partition).topic),
                partition: (*partition).partition,
                offset: (*partition).offset,
                timestamp: native::rd_kafka_ListOffsetsResultInfo_timestamp(*info),
            })
        });
        Ok(listed.collect())
    }
}

/// An answer of a broker, with all that it holds.
struct Event(NonNull<native::rd_kafka_event_t>);

impl Drop for Event {
    fn drop(&mut self) {
        // SAFETY: the event came from a queue and is destroyed once.
        unsafe { native::rd_kafka_event_destroy(self.0.as_ptr()) };
    }
}

/// Sends a request for administrators, with the question what this client may do, and waits for its answer.
fn ask<C: ClientContext>(
    client: &Client<C>,
    kind: native::rd_kafka_admin_op_t,
    broker: Option<i32>,
    patience: Duration,
    send: impl FnOnce(*const native::rd_kafka_AdminOptions_t, *mut native::rd_kafka_queue_t),
) -> Result<Event, RDKafkaErrorCode> {
    use native::rd_kafka_admin_op_t as Kind;
    let millis = i32::try_from(patience.as_millis()).unwrap_or(i32::MAX).max(1);
    let client = client.native_ptr();
    // SAFETY: the client is alive during all of this. Queue and options are made here, used while they
    // are alive and released once; a request that comes back later finds its queue closed, for which
    // librdkafka provides. Errors of the setters are released; what they refuse stays as it was.
    unsafe {
        let options = native::rd_kafka_AdminOptions_new(client, kind);
        let queue = native::rd_kafka_queue_new(client);
        let (mut said, room) = ([0; 64], 64);
        native::rd_kafka_AdminOptions_set_request_timeout(options, millis, said.as_mut_ptr(), room);
        if let Some(broker) = broker {
            native::rd_kafka_AdminOptions_set_broker(options, broker, said.as_mut_ptr(), room);
        }
        if matches!(
            kind,
            Kind::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS | Kind::RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS
        ) {
            let error = native::rd_kafka_AdminOptions_set_include_authorized_operations(options, 1);
            if !error.is_null() {
                native::rd_kafka_error_destroy(error);
            }
        }
        send(options, queue);
        native::rd_kafka_AdminOptions_destroy(options);
        // A little longer than the request, whose own words are better than silence.
        let event = native::rd_kafka_queue_poll(queue, millis.saturating_add(500));
        native::rd_kafka_queue_destroy(queue);
        let event = NonNull::new(event).map(Event).ok_or(RDKafkaErrorCode::OperationTimedOut)?;
        answer(native::rd_kafka_event_error(event.0.as_ptr())).map(|()| event)
    }
}

/// # Safety
/// `pointer` is null or the beginning of so many pointers that live as long as they are used.
unsafe fn array<'a, T>(pointer: *mut *const T, count: usize) -> &'a [*const T] {
    // SAFETY: the caller vouches for `pointer` and `count`.
    if pointer.is_null() { &[] } else { unsafe { slice::from_raw_parts(pointer, count) } }
}

/// # Safety
/// `pointer` is null or a text that ends with a zero byte.
unsafe fn text(pointer: *const std::ffi::c_char) -> String {
    match pointer.is_null() {
        true => String::new(),
        // SAFETY: the caller vouches for `pointer`.
        false => unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned(),
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
