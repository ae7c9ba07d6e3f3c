//! The few calls of librdkafka that it takes.

use std::error::Error;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::time::Duration;

use rd::rd_kafka_vtype_t::{
    RD_KAFKA_VTYPE_END, RD_KAFKA_VTYPE_HEADERS, RD_KAFKA_VTYPE_KEY, RD_KAFKA_VTYPE_MSGFLAGS,
    RD_KAFKA_VTYPE_OPAQUE, RD_KAFKA_VTYPE_TOPIC, RD_KAFKA_VTYPE_VALUE,
};
use rdkafka_sys as rd;

type Failure = Box<dyn Error>;

const BATCH: usize = 256;

/// Bits of a report's number; the partition stands above them.
const NUMBER_BITS: u32 = 48;

/// A consumer of one topic whose partitions the group assigns.
pub(crate) struct Consumer {
    client: *mut rd::rd_kafka_t,
    queue: *mut rd::rd_kafka_queue_t,
    topic: CString,
}

/// A producer to one topic.
pub(crate) struct Producer {
    client: *mut rd::rd_kafka_t,
    topic: CString,
    /// Where delivery reports are put while they are served; librdkafka keeps its address.
    reports: Box<Reports>,
}

#[derive(Default)]
struct Reports {
    delivered: Vec<(i32, u64)>,
    failure: Option<rd::rd_kafka_resp_err_t>,
}

/// A record as librdkafka holds it.
pub(crate) struct Record(*mut rd::rd_kafka_message_t);

impl Record {
    pub(crate) fn partition(&self) -> i32 {
        // SAFETY: a record is valid until it is destroyed, in `drop`.
        unsafe { (*self.0).partition }
    }

    pub(crate) fn offset(&self) -> i64 {
        // SAFETY: as above.
        unsafe { (*self.0).offset }
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        // SAFETY: it was taken from the queue and nobody else destroys it.
        unsafe { rd::rd_kafka_message_destroy(self.0) }
    }
}

impl Consumer {
    pub(crate) fn connect(settings: &[(&str, &str)], topic: &str) -> Result<Self, Failure> {
        let topic = CString::new(topic)?;
        // SAFETY: the client takes over its configuration and lives as long as the program.
        unsafe {
            let client = client(rd::rd_kafka_type_t::RD_KAFKA_CONSUMER, settings, |_| ())?;
            checked(rd::rd_kafka_poll_set_consumer(client))?;
            let topics = rd::rd_kafka_topic_partition_list_new(1);
            rd::rd_kafka_topic_partition_list_add(topics, topic.as_ptr(), -1);
            let subscribed = rd::rd_kafka_subscribe(client, topics);
            rd::rd_kafka_topic_partition_list_destroy(topics);
            checked(subscribed)?;
            Ok(Self { client, queue: rd::rd_kafka_queue_get_consumer(client), topic })
        }
    }

    /// Takes what is there, up to a batch of it; waits a little for the first if it may.
    pub(crate) fn take(
        &self,
        may_wait: bool,
        mut each: impl FnMut(Record) -> Result<(), Failure>,
    ) -> Result<usize, Failure> {
        let mut records = [null_mut(); BATCH];
        let mut read = |wait, most| {
            // SAFETY: there is room for `most` records.
            unsafe {
                rd::rd_kafka_consume_batch_queue(self.queue, wait, records.as_mut_ptr(), most)
            }
        };
        let mut count = read(0, BATCH);
        if count == 0 && may_wait {
            // With room for more it would wait until all of it is filled.
            count = read(100, 1);
        }
        let count = usize::try_from(count).map_err(|_| "the queue cannot be read")?;
        for record in records[..count].iter().copied().map(Record) {
            // SAFETY: the record is valid.
            let error = unsafe { (*record.0).err };
            checked(error)?;
            each(record)?;
        }
        Ok(count)
    }

    /// Remembers what is to be committed. A partition that went to another member is refused, rightly.
    pub(crate) fn store(&self, partition: i32, offset: i64) {
        // SAFETY: the list lives until it is destroyed here.
        unsafe {
            let list = rd::rd_kafka_topic_partition_list_new(1);
            let place = rd::rd_kafka_topic_partition_list_add(list, self.topic.as_ptr(), partition);
            (*place).offset = offset;
            rd::rd_kafka_offsets_store(self.client, list);
            rd::rd_kafka_topic_partition_list_destroy(list);
        }
    }

    /// Commits what was stored and leaves the group.
    pub(crate) fn close(self) -> Result<(), Failure> {
        // SAFETY: the queue is given back before its client closes.
        unsafe {
            rd::rd_kafka_queue_destroy(self.queue);
            checked(rd::rd_kafka_consumer_close(self.client))
        }
    }
}

impl Producer {
    pub(crate) fn connect(settings: &[(&str, &str)], topic: &str) -> Result<Self, Failure> {
        let mut reports = Box::<Reports>::default();
        let address: *mut Reports = &raw mut *reports;
        // SAFETY: `reports` stays where it is for as long as the client serves reports.
        let client = unsafe {
            client(rd::rd_kafka_type_t::RD_KAFKA_PRODUCER, settings, |configuration| {
                rd::rd_kafka_conf_set_dr_msg_cb(configuration, Some(delivered));
                rd::rd_kafka_conf_set_opaque(configuration, address.cast());
            })?
        };
        Ok(Self { client, topic: CString::new(topic)?, reports })
    }

    /// Sends the beginning of a record with its key and all its headers.
    pub(crate) fn hand_on(
        &mut self,
        record: Record,
        most: usize,
        number: u64,
    ) -> Result<(), Failure> {
        let opaque = (u64::from(record.partition() as u32) << NUMBER_BITS) | number;
        // SAFETY: payload and key are copied within the call; headers are the producer's if it took
        // the record, and ours otherwise.
        unsafe {
            let message = &*record.0;
            let mut headers = null_mut();
            rd::rd_kafka_message_detach_headers(record.0, &raw mut headers);
            let sent = rd::rd_kafka_producev(
                self.client,
                RD_KAFKA_VTYPE_TOPIC as c_int,
                self.topic.as_ptr(),
                RD_KAFKA_VTYPE_MSGFLAGS as c_int,
                rd::RD_KAFKA_MSG_F_COPY as c_int,
                RD_KAFKA_VTYPE_VALUE as c_int,
                message.payload,
                message.len.min(most),
                RD_KAFKA_VTYPE_KEY as c_int,
                message.key,
                message.key_len,
                RD_KAFKA_VTYPE_OPAQUE as c_int,
                opaque as usize as *mut c_void,
                RD_KAFKA_VTYPE_HEADERS as c_int,
                headers,
                RD_KAFKA_VTYPE_END as c_int,
            );
            if let Err(error) = checked(sent) {
                if !headers.is_null() {
                    rd::rd_kafka_headers_destroy(headers);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    /// What the broker has acknowledged since: partition and number of each record.
    pub(crate) fn delivered(
        &mut self,
        wait: Duration,
    ) -> Result<impl Iterator<Item = (i32, u64)>, Failure> {
        // SAFETY: reports are served within this call, on this thread, and nobody looks at them then.
        unsafe { rd::rd_kafka_poll(self.client, wait.as_millis() as c_int) };
        if let Some(error) = self.reports.failure.take() {
            checked(error)?;
        }
        Ok(self.reports.delivered.drain(..))
    }
}

/// Called by `rd_kafka_poll` for each record that is acknowledged, or given up.
unsafe extern "C" fn delivered(
    _: *mut rd::rd_kafka_t,
    message: *const rd::rd_kafka_message_t,
    reports: *mut c_void,
) {
    // SAFETY: librdkafka hands over a valid record, and what `conf_set_opaque` was given.
    let (message, reports) = unsafe { (&*message, &mut *reports.cast::<Reports>()) };
    if message.err != rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        reports.failure = Some(message.err);
    }
    let opaque = message._private as u64;
    let partition = (opaque >> NUMBER_BITS) as i32;
    reports.delivered.push((partition, opaque & ((1 << NUMBER_BITS) - 1)));
}

/// Makes a client; `more` may set callbacks.
///
/// # Safety
/// What `more` sets must live as long as the client.
unsafe fn client(
    kind: rd::rd_kafka_type_t,
    settings: &[(&str, &str)],
    more: impl FnOnce(*mut rd::rd_kafka_conf_t),
) -> Result<*mut rd::rd_kafka_t, Failure> {
    let mut words: [c_char; 512] = [0; 512];
    // SAFETY: all texts end with a zero and live through the call that reads them.
    unsafe {
        let configuration = rd::rd_kafka_conf_new();
        for (name, value) in settings {
            let (name, value) = (CString::new(*name)?, CString::new(*value)?);
            let set = rd::rd_kafka_conf_set(
                configuration,
                name.as_ptr(),
                value.as_ptr(),
                words.as_mut_ptr(),
                words.len(),
            );
            if set != rd::rd_kafka_conf_res_t::RD_KAFKA_CONF_OK {
                return Err(CStr::from_ptr(words.as_ptr()).to_string_lossy().into());
            }
        }
        more(configuration);
        let client = rd::rd_kafka_new(kind, configuration, words.as_mut_ptr(), words.len());
        if client.is_null() {
            return Err(CStr::from_ptr(words.as_ptr()).to_string_lossy().into());
        }
        Ok(client)
    }
}

fn checked(error: rd::rd_kafka_resp_err_t) -> Result<(), Failure> {
    if error == rd::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR {
        return Ok(());
    }
    // SAFETY: the text is static.
    let words = unsafe { CStr::from_ptr(rd::rd_kafka_err2str(error)) };
    Err(words.to_string_lossy().into())
}
