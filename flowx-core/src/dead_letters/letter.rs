//! A dead letter, read from its headers.

use std::sync::Arc;

use crate::message::envelope::{PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID};
use crate::message::identity::RequestId;
use crate::message::record::{Coordinates, Record};
use crate::message::replay::Lineage;

/// What a dead letter says of itself, without what it carries. Counterpart of
/// [`runtime::dead_letter`](crate::runtime::dead_letter), which writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// The id of the request to its handler; two dead letters of one id are copies.
    pub id: RequestId,
    /// Where the dead letter stands.
    pub at: Coordinates,
    /// Where the request stood.
    pub original: Coordinates,
    /// Consumer group of the connector that put it aside.
    pub group: String,
    /// Name of the handler.
    pub handler: String,
    /// The step that failed.
    pub stage: String,
    /// Stable name of the reason.
    pub reason: String,
    /// The code of the error reply.
    pub code: String,
    /// What happened.
    pub message: String,
    /// Attempts made.
    pub attempts: u32,
    /// Whether the process was answered. What cannot be read counts as yes: the careful guess.
    pub replied: bool,
    /// Whether it may pass when it is sent again. What cannot be read counts as no.
    pub retryable: bool,
    /// Whether the request itself is not here, but only its length and hash.
    pub truncated: bool,
    /// When it was put aside: milliseconds since 1970.
    pub failed_at: i64,
    /// The UUID of the process instance, if the request names it.
    pub process: Option<String>,
    /// Its number, likewise.
    pub process_number: Option<String>,
    /// Where it comes from, if it was sent again before.
    pub lineage: Option<Lineage>,
}

impl DeadLetter {
    /// Reads one; `None` if the record is no dead letter of flowx, or one of another layout.
    #[must_use]
    pub fn read(record: &Record) -> Option<Self> {
        let headers = &record.headers;
        if headers.text("dlq-version") != Some("1") {
            return None;
        }
        let text = |name: &str| headers.text(name).unwrap_or_default().to_owned();
        let process = |name: &str| {
            headers.text(name).filter(|value| !value.trim().is_empty()).map(str::to_owned)
        };
        let number = |name: &str| headers.text(name)?.parse::<i64>().ok();
        Some(Self {
            id: RequestId::parse(headers.text("dlq-id")?)?,
            at: record.at.clone(),
            original: Coordinates {
                topic: Arc::from(headers.text("dlq-original-topic")?),
                partition: i32::try_from(number("dlq-original-partition")?).ok()?,
                offset: number("dlq-original-offset")?,
            },
            group: headers.text("dlq-original-consumer-group")?.to_owned(),
            handler: headers.text("dlq-handler")?.to_owned(),
            stage: text("dlq-stage"),
            reason: text("dlq-reason"),
            code: text("dlq-code"),
            message: text("dlq-error-message"),
            attempts: number("dlq-attempts").and_then(|n| u32::try_from(n).ok()).unwrap_or(0),
            replied: headers.text("dlq-replied") != Some("false"),
            retryable: headers.text("dlq-retryable") == Some("true"),
            truncated: headers.contains("dlq-truncated"),
            failed_at: number("dlq-failed-at").or(record.timestamp).unwrap_or(0),
            process: process(PROCESS_INSTANCE_UUID),
            process_number: process(PROCESS_INSTANCE_ID),
            lineage: Lineage::read(headers),
        })
    }

    /// How often the request was sent again before it failed this time.
    #[must_use]
    pub fn replays(&self) -> u32 {
        self.lineage.as_ref().map_or(0, |lineage| lineage.replays)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::message::headers::Headers;
    use crate::runtime::dead_letter::{self, Cause};

    /// A dead letter of `double`, as the runtime writes it, at this offset.
    pub(crate) fn written(offset: i64, amend: impl FnOnce(&mut Cause<'_>, &mut Record)) -> Record {
        let headers = [
            ("processInstanceUuid", "p-1"),
            ("processInstanceId", "119246"),
            ("dlq-replied", "forged"),
        ];
        let mut request = Record {
            at: Coordinates { topic: "in".into(), partition: 3, offset: 40 + offset },
            timestamp: Some(1),
            key: Some(vec![0xff]),
            headers: headers.into_iter().collect::<Headers>(),
            payload: Some(b"{}".to_vec()),
        };
        let mut cause = Cause {
            group: "numbers",
            handler: "double",
            stage: "handle",
            reason: "retry-exhausted",
            code: "RETRY_EXHAUSTED",
            message: "no answer",
            attempts: 5,
            replied: false,
            retryable: true,
            now: 1_700_000_000_000 + offset,
        };
        amend(&mut cause, &mut request);
        let id = RequestId::of("cluster", &request, cause.handler);
        let letter = dead_letter::of(&request, &"in.dlq".into(), &id, &cause);
        Record {
            at: Coordinates { topic: letter.topic, partition: 0, offset },
            timestamp: Some(cause.now),
            key: letter.key,
            headers: letter.headers,
            payload: letter.payload,
        }
    }

    #[test]
    fn what_the_runtime_writes_is_read() {
        let record = written(2, |_, _| ());
        let letter = DeadLetter::read(&record).expect("a dead letter");
        assert_eq!(letter.original.to_string(), "in[3]@42");
        assert_eq!((&*letter.group, &*letter.handler), ("numbers", "double"));
        assert_eq!((&*letter.stage, &*letter.reason), ("handle", "retry-exhausted"));
        assert_eq!((letter.attempts, letter.replied, letter.retryable), (5, false, true));
        assert_eq!(letter.failed_at, 1_700_000_000_002);
        assert_eq!(letter.process.as_deref(), Some("p-1"));
        assert_eq!((letter.truncated, letter.replays()), (false, 0));
    }

    #[test]
    fn what_cannot_be_read_is_guessed_with_care() {
        let mut record = written(0, |_, _| ());
        record.headers.push("dlq-replied", Some(&[0xff]));
        record.headers.push("dlq-retryable", None);
        let letter = DeadLetter::read(&record).expect("a dead letter");
        assert!(letter.replied && !letter.retryable);
        record.headers.push_text("dlq-id", "not-an-id");
        assert_eq!(DeadLetter::read(&record), None);
    }
}
