//! The bell at a client's own queue.

use std::ffi::c_void;
use std::panic::AssertUnwindSafe;
use std::ptr::{self, NonNull};
use std::sync::Arc;

use rdkafka::bindings as native;
use rdkafka::client::{Client, ClientContext};
use tokio::sync::Notify;

/// Rings when something comes into a client's own queue that was empty.
///
/// Take it down before the client is dropped.
pub(in crate::kafka) struct Doorbell {
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
    pub(in crate::kafka) fn hang<C: ClientContext>(client: &Client<C>, rings: Arc<Notify>) -> Self {
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
    pub(in crate::kafka) fn waiting(&self) -> usize {
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
