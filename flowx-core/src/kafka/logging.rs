//! What librdkafka says, passed on to `tracing`, and the guard around every callback.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::KafkaError;
use rdkafka::producer::{DeliveryResult, ProducerContext};

/// The context of a client that has nothing to do but to log.
#[derive(Debug)]
pub(super) struct LogOnly;

impl ClientContext for LogOnly {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        log_line(level, facility, line);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        log_error(&error, reason);
    }
}

impl ConsumerContext for LogOnly {}

impl ProducerContext for LogOnly {
    type DeliveryOpaque = ();

    fn delivery(&self, _: &DeliveryResult<'_>, (): ()) {}
}

/// One line of librdkafka's log.
pub(super) fn log_line(level: RDKafkaLogLevel, facility: &str, line: &str) {
    guarded("the log callback", || match level {
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

/// An error that concerns a whole client; the client goes on by itself unless it is fatal.
pub(super) fn log_error(error: &KafkaError, reason: &str) {
    guarded("the error callback", || {
        tracing::warn!(target: "flowx::kafka", code = ?error.rdkafka_error_code(), "{reason}");
    });
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
    fn a_panic_stays_inside_the_guard() {
        assert_eq!(guarded("a test", || 7), Some(7));
        assert_eq!(guarded("a test", || -> u8 { panic!("as a callback may") }), None);
    }
}
