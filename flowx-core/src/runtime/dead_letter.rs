//! The record put aside: bytes, key and headers unchanged, the reason in headers of its own.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::message::headers::Headers;
use crate::message::identity::RequestId;
use crate::message::record::{Outbound, Record};
use crate::message::replay::Lineage;
use crate::message::reply;

/// Longest text of the reason, in bytes.
const LONGEST_MESSAGE: usize = 1024;

/// Why a record is put aside, and by whom.
#[derive(Clone, Debug)]
pub struct Cause<'a> {
    /// Consumer group of the connector.
    pub group: &'a str,
    /// Name of the handler.
    pub handler: &'a str,
    /// The step that failed: `decode`, `handle`, `reply` or `refuse`.
    pub stage: &'a str,
    /// Stable name of the reason.
    pub reason: &'a str,
    /// The code of the error reply.
    pub code: &'a str,
    /// What happened, without payload.
    pub message: &'a str,
    /// Attempts made.
    pub attempts: u32,
    /// Whether the process was answered.
    pub replied: bool,
    /// Whether it may pass by itself when it is sent again.
    pub retryable: bool,
    /// Milliseconds since 1970.
    pub now: i64,
}

/// The dead letter of a record. Its key decides the partition, as it did for the record; the reason is in
/// `dlq-*` headers behind the received ones. Incoming `dlq-*` headers are dropped, forged or not, but
/// for those that say how often the request was sent again, where they are whole.
#[must_use]
pub fn of(record: &Record, topic: &Arc<str>, id: &RequestId, cause: &Cause<'_>) -> Outbound {
    let mut headers = reply::given_back(&record.headers);
    describe(&mut headers, record, id, cause);
    Outbound {
        topic: Arc::clone(topic),
        partition: None,
        key: record.key.clone(),
        headers,
        payload: record.payload.clone(),
    }
}

/// The stand-in for a dead letter that Kafka will not take: where the original stands, its length
/// and its SHA-256 instead of its bytes.
#[must_use]
pub fn pointer_to(
    record: &Record,
    topic: &Arc<str>,
    id: &RequestId,
    cause: &Cause<'_>,
) -> Outbound {
    let mut headers = Headers::default();
    describe(&mut headers, record, id, cause);
    let payload = record.payload.as_deref().unwrap_or_default();
    let hash: String = Sha256::digest(payload).iter().map(|byte| format!("{byte:02x}")).collect();
    headers.push_text("dlq-truncated", "true");
    headers.push_text("dlq-original-length", &payload.len().to_string());
    headers.push_text("dlq-original-sha256", &hash);
    Outbound { topic: Arc::clone(topic), partition: None, key: None, headers, payload: None }
}

fn describe(headers: &mut Headers, record: &Record, id: &RequestId, cause: &Cause<'_>) {
    let mut say = |name: &str, value: &str| headers.push_text(name, value);
    say("dlq-version", "1");
    say("dlq-id", id.as_str());
    say("dlq-original-topic", &record.at.topic);
    say("dlq-original-partition", &record.at.partition.to_string());
    say("dlq-original-offset", &record.at.offset.to_string());
    if let Some(timestamp) = record.timestamp {
        say("dlq-original-timestamp", &timestamp.to_string());
    }
    say("dlq-original-consumer-group", cause.group);
    say("dlq-handler", cause.handler);
    say("dlq-stage", cause.stage);
    say("dlq-reason", cause.reason);
    say("dlq-code", cause.code);
    say("dlq-error-message", &one_line(cause.message));
    say("dlq-attempts", &cause.attempts.to_string());
    let truth = |is: bool| if is { "true" } else { "false" };
    say("dlq-replied", truth(cause.replied));
    say("dlq-retryable", truth(cause.retryable));
    say("dlq-failed-at", &cause.now.to_string());
    // How often a request was sent again is said by its own headers, which end here otherwise.
    if let Some(lineage) = Lineage::read(&record.headers) {
        lineage.write(headers);
    }
}

/// Control characters escaped, cut to the limit between characters.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for c in text.chars() {
        let before = line.len();
        if c.is_control() {
            line.extend(c.escape_default())
        } else {
            line.push(c)
        }
        if line.len() > LONGEST_MESSAGE {
            line.truncate(before);
            break;
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::record::Coordinates;

    fn record() -> Record {
        let mut headers = Headers::default();
        headers.push_text("fxContext", "main");
        headers.push_text("dlq-replied", "forged");
        headers.push("null", None);
        Record {
            at: Coordinates { topic: "in".into(), partition: 3, offset: 42 },
            timestamp: Some(1_700_000_000_000),
            key: Some(b"k".to_vec()),
            headers,
            payload: Some(vec![0xff, 0x00]),
        }
    }

    fn cause<'a>() -> Cause<'a> {
        Cause {
            group: "currency-exchange",
            handler: "exchange",
            stage: "decode",
            reason: "not-utf8",
            code: "INVALID_REQUEST",
            message: "a\nb\u{1b}[31m",
            attempts: 0,
            replied: true,
            retryable: false,
            now: 7,
        }
    }

    #[test]
    fn the_original_is_unchanged_and_the_reason_stands_behind_it() {
        let record = record();
        let id = RequestId::of("cluster", &record, "exchange");
        let letter = of(&record, &Arc::from("in.dlq"), &id, &cause());
        assert_eq!((&letter.key, &letter.payload), (&record.key, &record.payload));
        let all: Vec<_> = letter.headers.iter().collect();
        assert_eq!(all[..2], [("fxContext", Some(&b"main"[..])), ("null", None)]);
        for (name, value) in [
            ("dlq-id", id.as_str()),
            ("dlq-original-topic", "in"),
            ("dlq-original-partition", "3"),
            ("dlq-original-offset", "42"),
            ("dlq-reason", "not-utf8"),
            ("dlq-error-message", "a\\nb\\u{1b}[31m"),
            ("dlq-replied", "true"),
            ("dlq-retryable", "false"),
        ] {
            assert_eq!(letter.headers.text(name), Some(value), "{name}");
        }
        assert_eq!(letter.headers.iter().filter(|(name, _)| *name == "dlq-replied").count(), 1);
    }

    #[test]
    fn a_request_that_was_sent_again_keeps_the_count() {
        let mut record = record();
        let of = RequestId::of("cluster", &record, "exchange");
        Lineage { of, replays: 2 }.write(&mut record.headers);
        let id = RequestId::of("cluster", &record, "exchange");
        let topic = Arc::from("in.dlq");
        for letter in
            [super::of(&record, &topic, &id, &cause()), pointer_to(&record, &topic, &id, &cause())]
        {
            let lineage = Lineage::read(&letter.headers).expect("it is told");
            assert_eq!((lineage.of, lineage.replays), (of, 2));
            let told = letter.headers.iter().filter(|(name, _)| name.starts_with("dlq-replay"));
            // Once each, and `dlq-replied`, of which the forged one is gone.
            assert_eq!(told.filter(|(name, _)| *name != "dlq-replied").count(), 2);
        }
    }

    #[test]
    fn a_pointer_says_where_the_bytes_are_and_what_they_were() {
        let record = record();
        let id = RequestId::of("cluster", &record, "exchange");
        let letter = pointer_to(&record, &Arc::from("in.dlq"), &id, &cause());
        assert_eq!(letter.payload, None);
        assert_eq!(letter.headers.text("dlq-truncated"), Some("true"));
        assert_eq!(letter.headers.text("dlq-original-length"), Some("2"));
        assert_eq!(letter.headers.text("dlq-original-offset"), Some("42"));
        assert!(!letter.headers.contains("fxContext"));
    }

    #[test]
    fn an_endless_message_is_cut_between_characters() {
        let text = one_line(&"ä".repeat(5_000));
        assert!(text.len() <= LONGEST_MESSAGE && text.chars().all(|c| c == 'ä'));
    }
}
