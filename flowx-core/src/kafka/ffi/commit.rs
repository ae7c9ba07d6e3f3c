//! Commits whose answers are looked for later.

use std::fmt;
use std::ptr::{self, NonNull};
use std::sync::Arc;
use std::time::Duration;

use rdkafka::TopicPartitionList;
use rdkafka::bindings as native;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::answer;

/// A commit that was asked for, and the place where its answer comes in.
///
/// It keeps the consumer alive: let go of it before the consumer is to be closed. Dropped early, it
/// leaves the commit to its fate.
pub(in crate::kafka) struct AskedCommit<C: ConsumerContext> {
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
    pub(in crate::kafka) fn new(
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
    pub(in crate::kafka) fn answer(
        &self,
        patience: Duration,
    ) -> Option<Result<(), RDKafkaErrorCode>> {
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
