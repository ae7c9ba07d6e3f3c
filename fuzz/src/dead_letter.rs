//! A record that is put aside, and what can be had back of it.

use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use flowx_core::message::identity::RequestId;
use flowx_core::message::record::{Outbound, Record};
use flowx_core::message::reply::given_back;
use flowx_core::runtime::dead_letter::{self, Cause};
use sha2::{Digest, Sha256};

use crate::record;

/// The most that a dead letter may add to its original, in bytes.
const ADDED: usize = 4 << 10;

#[derive(Debug, Arbitrary)]
struct Input {
    record: record::Input,
    group: String,
    message: String,
    /// How often the message is said over again.
    echoes: u8,
    attempts: u32,
    replied: bool,
    retryable: bool,
    now: i64,
}

/// Puts a record aside, whole and as a pointer, and restores it.
pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let record = input.record.record();
    let id = RequestId::of("cluster", &record, "fuzz");
    let message = input.message.repeat(1 + usize::from(input.echoes));
    let cause = Cause {
        // As long as Kafka's own tools take it.
        group: beginning(&input.group, 255),
        handler: "fuzz",
        stage: "decode",
        reason: "malformed-json",
        code: "INVALID_REQUEST",
        message: &message,
        attempts: input.attempts,
        replied: input.replied,
        retryable: input.retryable,
        now: input.now,
    };
    let topic = Arc::from("in.dlq");
    let letter = dead_letter::of(&record, &topic, &id, &cause);
    is_described(&letter, &record, &id, &cause);
    assert_eq!((&letter.key, &letter.payload), (&record.key, &record.payload));
    // Who restores it drops what flowx has added; what the sender has forged is not there either.
    let (restored, original) = (given_back(&letter.headers), given_back(&record.headers));
    assert_eq!(record::list(&restored), record::list(&original));
    let added = weight(&letter) - weight_of(&original);
    assert!(added <= ADDED, "{added} bytes were added");

    let pointer = dead_letter::pointer_to(&record, &topic, &id, &cause);
    is_described(&pointer, &record, &id, &cause);
    assert_eq!((&pointer.key, &pointer.payload), (&None, &None));
    assert!(pointer.headers.iter().all(|(name, _)| name.starts_with("dlq-")));
    assert!(weight(&pointer) <= ADDED, "a pointer has {} bytes", weight(&pointer));
    let payload = record.payload.as_deref().unwrap_or_default();
    let hash: String = Sha256::digest(payload).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(only(&pointer, "dlq-original-sha256"), hash);
    assert_eq!(only(&pointer, "dlq-original-length"), payload.len().to_string());
}

/// It says where the original stands and why it is here, each thing once, and nobody else's word.
fn is_described(letter: &Outbound, record: &Record, id: &RequestId, cause: &Cause<'_>) {
    assert_eq!(only(letter, "dlq-id"), id.as_str());
    assert_eq!(only(letter, "dlq-original-topic"), &*record.at.topic);
    assert_eq!(only(letter, "dlq-original-partition"), record.at.partition.to_string());
    assert_eq!(only(letter, "dlq-original-offset"), record.at.offset.to_string());
    assert_eq!(only(letter, "dlq-original-consumer-group"), cause.group);
    assert_eq!(only(letter, "dlq-replied"), cause.replied.to_string());
    assert_eq!(only(letter, "dlq-retryable"), cause.retryable.to_string());
    assert_eq!(only(letter, "dlq-attempts"), cause.attempts.to_string());
    assert_eq!(only(letter, "dlq-failed-at"), cause.now.to_string());
    let timestamp = letter.headers.text("dlq-original-timestamp");
    assert_eq!(timestamp, record.timestamp.map(|at| at.to_string()).as_deref());
    let words = only(letter, "dlq-error-message");
    assert!(words.len() <= 1_024 && !words.contains(char::is_control), "{words:?}");
    let mut names: Vec<_> = letter
        .headers
        .iter()
        .map(|(name, _)| name)
        .filter(|name| name.starts_with("dlq-"))
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "one of them stands there twice: {names:?}");
}

/// The text of a header that must be there exactly once.
fn only<'a>(letter: &'a Outbound, name: &str) -> &'a str {
    let mut found = letter.headers.iter().filter(|(other, _)| *other == name);
    let (_, value) = found.next().unwrap_or_else(|| panic!("`{name}` is missing"));
    assert!(found.next().is_none(), "`{name}` is there twice");
    std::str::from_utf8(value.expect("it is not null")).expect("it is text")
}

fn weight(letter: &Outbound) -> usize {
    weight_of(&letter.headers)
}

/// Bytes of headers as Kafka writes them, with room for the length of each name and value.
fn weight_of(headers: &flowx_core::Headers) -> usize {
    headers.size() + 4 * headers.len()
}

fn beginning(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
