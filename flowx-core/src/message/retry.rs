//! A request on its way over a retry topic: unchanged, with what is known of it in headers behind
//! its own.

use std::sync::Arc;

use super::headers::Headers;
use super::identity::RequestId;
use super::record::{Coordinates, Outbound, Record};

/// Headers that only flowx sets, and believes only on a handler's own retry topics, begin with this.
pub const PREFIX: &str = "flowx-retry-";

const VERSION: &str = "flowx-retry-version";
const ID: &str = "flowx-retry-id";
const GROUP: &str = "flowx-retry-consumer-group";
const TOPIC: &str = "flowx-retry-original-topic";
const PARTITION: &str = "flowx-retry-original-partition";
const OFFSET: &str = "flowx-retry-original-offset";
const TIMESTAMP: &str = "flowx-retry-original-timestamp";
const ATTEMPTS: &str = "flowx-retry-attempts";
const DUE: &str = "flowx-retry-due";
const REASON: &str = "flowx-retry-reason";

/// The layout of these headers; another one is not read.
const THIS_VERSION: &str = "1";

/// What the next owner of a request has to know of it.
#[derive(Clone, Debug)]
pub struct Note<'a> {
    /// The identity of the request.
    pub id: &'a RequestId,
    /// Consumer group of the connector.
    pub group: &'a str,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next one may begin: milliseconds since 1970.
    pub due: i64,
    /// Stable name of the reason why the last one failed.
    pub reason: &'a str,
}

/// A record as it is written to a retry topic: key, payload and headers of the request, then the
/// note. Its key decides the partition.
#[must_use]
pub fn forward(record: &Record, topic: &Arc<str>, note: &Note<'_>) -> Outbound {
    let mut headers = without_note(&record.headers);
    let mut say = |name: &str, value: &str| headers.push_text(name, value);
    say(VERSION, THIS_VERSION);
    say(ID, note.id.as_str());
    say(GROUP, note.group);
    say(TOPIC, &record.at.topic);
    say(PARTITION, &record.at.partition.to_string());
    say(OFFSET, &record.at.offset.to_string());
    if let Some(timestamp) = record.timestamp {
        say(TIMESTAMP, &timestamp.to_string());
    }
    say(ATTEMPTS, &note.attempts.to_string());
    say(DUE, &note.due.to_string());
    say(REASON, note.reason);
    Outbound {
        topic: Arc::clone(topic),
        partition: None,
        key: record.key.clone(),
        headers,
        payload: record.payload.clone(),
    }
}

/// What a record on a retry topic is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Restored {
    /// A request that failed before.
    Retried(Retried),
    /// Something that no connector forwarded: a request that stands here for the first time.
    Fresh(Record),
    /// A request of another consumer group that reads the same topics: that group handles it.
    Foreign,
}

/// A request as it was before it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retried {
    /// The request, its coordinates and its timestamp those of the original.
    pub record: Record,
    /// Its identity.
    pub id: RequestId,
    /// Attempts made so far.
    pub attempts: u32,
    /// When the next one may begin: milliseconds since 1970.
    pub due: i64,
}

/// Reads a record of a handler's own retry topic. `may_stand` says which topics requests of this
/// handler can come from.
#[must_use]
pub fn restore(mut record: Record, group: &str, may_stand: impl Fn(&str) -> bool) -> Restored {
    let note = Noted::read(&record.headers).filter(|note| may_stand(&note.at.topic));
    record.headers = without_note(&record.headers);
    match note {
        None => Restored::Fresh(record),
        Some(note) if note.group != group => Restored::Foreign,
        Some(Noted { at, timestamp, id, attempts, due, .. }) => {
            let record = Record { at, timestamp, ..record };
            Restored::Retried(Retried { record, id, attempts, due })
        }
    }
}

/// Takes away what only counts on a retry topic from a record of any other.
#[must_use]
pub fn disbelieve(mut record: Record) -> Record {
    if record.headers.names().any(|name| name.starts_with(PREFIX.as_bytes())) {
        record.headers = without_note(&record.headers);
    }
    record
}

/// A note, every part of it there and legible.
struct Noted {
    at: Coordinates,
    timestamp: Option<i64>,
    id: RequestId,
    group: String,
    attempts: u32,
    due: i64,
}

impl Noted {
    fn read(headers: &Headers) -> Option<Self> {
        fn number<T: std::str::FromStr + PartialOrd + Default>(text: &str) -> Option<T> {
            text.parse().ok().filter(|number| *number >= T::default())
        }
        if headers.text(VERSION) != Some(THIS_VERSION) {
            return None;
        }
        let timestamp = match headers.contains(TIMESTAMP) {
            true => Some(headers.text(TIMESTAMP)?.parse().ok()?),
            false => None,
        };
        Some(Self {
            at: Coordinates {
                topic: headers.text(TOPIC)?.into(),
                partition: number(headers.text(PARTITION)?)?,
                offset: number(headers.text(OFFSET)?)?,
            },
            timestamp,
            id: RequestId::parse(headers.text(ID)?)?,
            group: headers.text(GROUP)?.to_owned(),
            attempts: number(headers.text(ATTEMPTS)?)?,
            due: number(headers.text(DUE)?)?,
        })
    }
}

fn without_note(received: &Headers) -> Headers {
    received.retained(|name| !name.starts_with(PREFIX.as_bytes()), 10, 512)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TOPIC_30S: &str = "in.retry.30s";

    /// The record as the broker gives it back.
    fn written(outbound: Outbound) -> Record {
        let Outbound { topic, key, headers, payload, .. } = outbound;
        let at = Coordinates { topic, partition: 5, offset: 99 };
        Record { at, timestamp: Some(1), key, headers, payload }
    }

    fn read(record: Record) -> Restored {
        restore(record, "shop", |topic| topic == "in")
    }

    fn bytes() -> impl Strategy<Value = Option<Vec<u8>>> {
        prop::option::of(prop::collection::vec(any::<u8>(), 0..40))
    }

    prop_compose! {
        fn records()(
            partition in 0..i32::MAX, offset in 0..i64::MAX,
            timestamp in any::<Option<i64>>(),
            key in bytes(), payload in bytes(),
            headers in prop::collection::vec(
                ("[a-zA-Z-]{0,12}|x-reply-id|dlq-id|flowx-retry", bytes()), 0..8,
            ),
        ) -> Record {
            let mut all = Headers::default();
            for (name, value) in &headers {
                all.push(name, value.as_deref());
            }
            let at = Coordinates { topic: "in".into(), partition, offset };
            Record { at, timestamp, key, headers: all, payload }
        }
    }

    proptest! {
        #[test]
        fn a_request_comes_back_as_it_went(
            record in records(), attempts in any::<u32>(), due in 0..i64::MAX, rounds in 1..4,
        ) {
            let id = RequestId::of("cluster", &record, "order");
            let note = Note { id: &id, group: "shop", attempts, due, reason: "retry-exhausted" };
            let mut now = record.clone();
            for _ in 0..rounds {
                let Restored::Retried(back) = read(written(forward(&now, &TOPIC_30S.into(), &note)))
                else { panic!("not restored") };
                prop_assert_eq!(&back.record, &record);
                prop_assert_eq!((&back.id, back.attempts, back.due), (&id, attempts, due));
                now = back.record;
            }
        }

        #[test]
        fn a_note_in_which_any_part_is_missing_or_wrong_is_not_believed(
            record in records(), part in 0_usize..8, value in bytes(),
        ) {
            let id = RequestId::of("cluster", &record, "order");
            let note = Note { id: &id, group: "shop", attempts: 5, due: 7, reason: "r" };
            let outbound = forward(&record, &TOPIC_30S.into(), &note);
            let names = [VERSION, ID, TOPIC, PARTITION, OFFSET, ATTEMPTS, DUE, GROUP];
            let mut wrong = outbound.clone();
            // The last of a name counts; what is no digit fits nowhere, nor does a null.
            let value = value.map(|value| [b"?".as_slice(), &value].concat());
            wrong.headers.push(names[part], value.as_deref());
            let wrong = written(wrong);
            let group_is_another = names[part] == GROUP
                && value.as_deref().is_some_and(|value| std::str::from_utf8(value).is_ok());
            let expected = Record { headers: record.headers.clone(), ..wrong.clone() };
            match read(wrong) {
                Restored::Fresh(fresh) => prop_assert_eq!(fresh, expected),
                Restored::Foreign => prop_assert!(group_is_another),
                Restored::Retried(_) => prop_assert!(false, "{} is believed", names[part]),
            }
        }
    }

    #[test]
    fn elsewhere_a_note_is_taken_away_and_nothing_else_is() {
        let headers: Headers =
            [("a", "1"), (ATTEMPTS, "4"), ("flowx-retry", "2"), ("a", "3")].into_iter().collect();
        let at = Coordinates { topic: "in".into(), partition: 0, offset: 0 };
        let record = Record { at, timestamp: None, key: None, headers, payload: None };
        let left: Headers = [("a", "1"), ("flowx-retry", "2"), ("a", "3")].into_iter().collect();
        assert_eq!(disbelieve(record).headers, left);
    }
}
