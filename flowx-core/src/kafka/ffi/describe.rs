//! What brokers say of topics, groups and offsets to whoever asks as administrators do.

use std::ffi::{CStr, CString};
use std::ptr::{self, NonNull};
use std::slice;
use std::time::Duration;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use rdkafka::types::RDKafkaErrorCode;

use super::{answer, code};

/// What an operation may be called in an answer of a broker, by its place in Kafka's own list.
pub(in crate::kafka) type OperationCode = native::rd_kafka_AclOperation_t;

/// What a broker says of a topic.
pub(in crate::kafka) struct Described {
    pub(in crate::kafka) name: String,
    pub(in crate::kafka) error: Option<RDKafkaErrorCode>,
    pub(in crate::kafka) partitions: Vec<Spread>,
    /// What this client may do with it; `None` if the broker does not say.
    pub(in crate::kafka) allowed: Option<Vec<OperationCode>>,
}

/// A partition: whether it has a leader, how many replicas, how many of them in sync.
pub(in crate::kafka) struct Spread {
    pub(in crate::kafka) partition: i32,
    pub(in crate::kafka) is_led: bool,
    pub(in crate::kafka) replicas: usize,
    pub(in crate::kafka) in_sync: usize,
}

/// What a coordinator says of a group.
pub(in crate::kafka) struct DescribedGroup {
    pub(in crate::kafka) error: Option<RDKafkaErrorCode>,
    pub(in crate::kafka) members: Vec<DescribedMember>,
    pub(in crate::kafka) allowed: Option<Vec<OperationCode>>,
}

/// A member of a group, and the topics of which it has partitions.
pub(in crate::kafka) struct DescribedMember {
    pub(in crate::kafka) client_id: String,
    pub(in crate::kafka) host: String,
    pub(in crate::kafka) topics: Vec<String>,
}

/// Which offset of a partition is asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::kafka) enum Which {
    First,
    End,
    /// That of the record with the largest timestamp.
    Newest,
}

/// An offset of a partition, and the timestamp of its record if that was asked for.
pub(in crate::kafka) struct Listed {
    pub(in crate::kafka) topic: String,
    pub(in crate::kafka) partition: i32,
    pub(in crate::kafka) offset: i64,
    pub(in crate::kafka) timestamp: i64,
}

/// Asks a broker what it knows of these topics and what this client may do with them. Waits; creates none.
/// The broker is named because librdkafka would ask the controller, which is none of the mock's.
///
/// # Errors
/// No broker answers in time, or none can.
pub(in crate::kafka) fn describe_topics<C: ClientContext>(
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
pub(in crate::kafka) fn describe_group<C: ClientContext>(
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
pub(in crate::kafka) fn list_offsets<C: ClientContext>(
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
