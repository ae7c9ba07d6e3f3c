//! What librdkafka says, passed on to `tracing`, and the guard around every callback.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};
use rdkafka::types::RDKafkaErrorCode;

use super::unspoken::Unspoken;

/// The context of a client that has nothing to do but to log.
#[derive(Debug, Default)]
pub(super) struct LogOnly(pub(super) Unspoken);

impl ClientContext for LogOnly {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, &self.0.hide(line));
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, &self.0.hide(reason));
    }
}

impl ConsumerContext for LogOnly {}

impl ProducerContext for LogOnly {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// One line of librdkafka's log, without what nobody may see.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, line: &str) {
    guarded("the log callback", || match level {
        // The error callback says the same, without librdkafka's inner names.
        _ if matches!(facility, "FAIL" | "ERROR") => {
            tracing::debug!(target: "flowx::kafka", facility, "{line}");
        }
        RDKafkaLogLevel::Emerg
        | RDKafkaLogLevel::Alert
        | RDKafkaLogLevel::Critical
        | RDKafkaLogLevel::Error => tracing::error!(target: "flowx::kafka", facility, "{line}"),
        RDKafkaLogLevel::Warning => tracing::warn!(target: "flowx::kafka", facility, "{line}"),
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info => {
            tracing::info!(target: "flowx::kafka", facility, "{line}");
        }
        RDKafkaLogLevel::Debug => tracing::debug!(target: "flowx::kafka", facility, "{line}"),
    });
}

/// An error that concerns a whole client; the client goes on by itself unless it is fatal. A broker
/// that is away causes the same one many times a second, so each kind is said only now and then.
pub(super) fn log_error(error: &KafkaError, reason: &str) {
    static REPEATS: Mutex<Repeats> = Mutex::new(Repeats::new());
    guarded("the error callback", || {
        let code = error.rdkafka_error_code();
        let mut repeats = REPEATS.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(unsaid) = repeats.admit(code, Instant::now()) else { return };
        drop(repeats);
        let code = code.map(tracing::field::display);
        tracing::warn!(target: "flowx::kafka", code, unsaid, "{reason}; trying again");
    });
}

/// How long an error is not said again.
const SILENCE: Duration = Duration::from_secs(30);

/// When each kind of error was said last, and how often it came since.
struct Repeats(Vec<(Option<RDKafkaErrorCode>, Instant, u64)>);

impl Repeats {
    const fn new() -> Self {
        Self(Vec::new())
    }

    /// How often this kind has come unsaid since it was said last; `None` to keep silent now.
    fn admit(&mut self, kind: Option<RDKafkaErrorCode>, now: Instant) -> Option<u64> {
        match self.0.iter_mut().find(|(known, ..)| *known == kind) {
            None => {
                self.0.push((kind, now, 0));
                Some(0)
            }
            Some((_, said, unsaid)) if now.duration_since(*said) >= SILENCE => {
                *said = now;
                Some(std::mem::take(unsaid))
            }
            Some((_, _, unsaid)) => {
                *unsaid += 1;
                None
            }
        }
    }
}

/// Runs the body of a callback; a panic in it must not end the thread that polls the client.
pub(super) fn guarded<T>(place: &'static str, body: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(body));
    if outcome.is_err() {
        // The panic may have come from the subscriber itself.
        let _ = catch_unwind(|| tracing::error!(target: "flowx::kafka", "{place} panicked"));
    }
    outcome.ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_that_comes_again_and_again_is_said_now_and_then_with_how_often_it_came() {
        let mut repeats = Repeats::new();
        let (down, timed_out) =
            (Some(RDKafkaErrorCode::AllBrokersDown), Some(RDKafkaErrorCode::OperationTimedOut));
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        assert_eq!(repeats.admit(down, begin), Some(0));
        assert_eq!(repeats.admit(down, after(1)), None);
        assert_eq!(repeats.admit(down, after(29)), None);
        assert_eq!(repeats.admit(timed_out, after(29)), Some(0), "another one is news");
        assert_eq!(repeats.admit(down, after(30)), Some(2));
        assert_eq!(repeats.admit(down, after(31)), None);
    }

    #[test]
    fn a_panic_stays_inside_the_guard() {
        assert_eq!(guarded("a test", || 7), Some(7));
        assert_eq!(guarded("a test", || -> u8 { panic!("as a callback may") }), None);
    }
}
