//! The one clock of the runtime.

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// Tells the time of day by tokio's clock: it never jumps, and a test can stop it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    began: Instant,
    began_at: SystemTime,
}

impl Clock {
    /// A clock that is right now, and goes on from here.
    pub(super) fn start() -> Self {
        Self { began: Instant::now(), began_at: SystemTime::now() }
    }

    /// Milliseconds since 1970.
    pub(super) fn now(&self) -> i64 {
        let now = self.began_at + self.began.elapsed();
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn it_stands_while_tokios_clock_does_and_goes_on_with_it() {
        let clock = Clock::start();
        let before = clock.now();
        assert_eq!(clock.now(), before);
        tokio::time::advance(Duration::from_secs(90)).await;
        assert_eq!(clock.now(), before + 90_000);
    }
}
