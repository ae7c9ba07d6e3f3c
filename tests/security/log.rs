//! Everything that is logged in this process.

use std::io;
use std::sync::{Arc, Mutex, Once, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

/// What has been said by all tests of this process, from some place on.
#[derive(Clone, Default)]
pub(crate) struct Log {
    all: Arc<Mutex<Vec<u8>>>,
    from: usize,
}

impl Log {
    /// What is said from now on.
    pub(crate) fn keep() -> Self {
        static ONCE: Once = Once::new();
        static KEPT: Mutex<Option<Log>> = Mutex::new(None);
        let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
        let log = kept.get_or_insert_with(Self::default).clone();
        ONCE.call_once(|| {
            let subscriber = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE);
            subscriber.with_ansi(false).with_writer(log.clone()).init();
        });
        let from = log.all.lock().unwrap_or_else(PoisonError::into_inner).len();
        Self { from, ..log }
    }

    pub(crate) fn text(&self) -> String {
        let bytes = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&bytes[self.from..]).into_owned()
    }

    /// How many lines have these words.
    pub(crate) fn count(&self, words: &str) -> usize {
        self.text().lines().filter(|line| line.contains(words)).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
