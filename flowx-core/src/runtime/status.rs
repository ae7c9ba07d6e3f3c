//! What others may watch of a running connector.

use std::borrow::Cow;

use tokio::sync::broadcast;

use crate::message::record::Coordinates;

/// One request has got its last word, and what had to be written for it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Where the request stands.
    pub at: Coordinates,
    /// Name of the handler.
    pub handler: String,
    /// Attempts made; 0 if the handler was never called.
    pub attempts: u32,
    /// How it ended.
    pub end: End,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Its reply is written.
    Replied,
    /// It needed no reply.
    Nothing,
    /// It was refused with this code.
    Refused {
        /// The code of the error reply.
        code: Cow<'static, str>,
        /// Stable name of the reason.
        reason: &'static str,
        /// Whether an error reply is written.
        replied: bool,
        /// Whether the original was put aside.
        dead_letter: bool,
    },
}

/// The window into a running connector; cheap to clone.
#[derive(Clone, Debug)]
pub struct Status {
    finished: broadcast::Sender<Finished>,
}

impl Default for Status {
    fn default() -> Self {
        Self { finished: broadcast::channel(1024).0 }
    }
}

impl Status {
    /// Every request that ends from now on. A watcher that is 1 024 behind misses the oldest.
    #[must_use]
    pub fn watch(&self) -> broadcast::Receiver<Finished> {
        self.finished.subscribe()
    }

    /// Tells the watchers; costs nothing while there is none.
    pub(super) fn finished(&self, finished: impl FnOnce() -> Finished) {
        if self.finished.receiver_count() > 0 {
            // The last watcher may just have gone.
            let _ = self.finished.send(finished());
        }
    }
}
