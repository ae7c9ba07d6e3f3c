//! Schemas of the headers: what the engine sends and wants back, and what flowx adds.

use serde_json::{Map, Value, json};

use super::{Place, reference};
use crate::message::envelope::{
    FX_CONTEXT, FX_ORGANIZATION_ID, PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID,
};
use crate::message::reply::{REPLY_ID, REQUEST_OFFSET};

/// Whose headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headers {
    Request,
    Reply,
    Retry,
    DeadLetter,
}

/// Names begin with this so that no type of a connector is in the way.
pub(super) const RESERVED: &str = "flowx.";

/// A header: its name, what it says, an example.
type Row = (&'static str, &'static str, &'static str);

/// What the engine sends; all of it goes back.
const ENGINE: &[Row] = &[
    (
        PROCESS_INSTANCE_UUID,
        "Names the process instance that waits; the key of its answer.",
        "d3aabfd8-d041-4c62-892f-22d17923b223",
    ),
    (PROCESS_INSTANCE_ID, "Names the process instance by its number, as text.", "119246"),
    (FX_CONTEXT, "Routes the answer to the root process or a subprocess of it.", "main"),
    (
        FX_ORGANIZATION_ID,
        "The organization. From version 5.9 on the platform refuses messages without it.",
        "26ef7b5f-b463-4375-88c8-8f2a1d7c9e30",
    ),
    (
        "Fx-AppId",
        "The application that processes the message.",
        "afcc6452-f50e-4d95-ae3b-6b35caed68bd",
    ),
    (
        "Fx-RootAppId",
        "The application in which the chain of messages began.",
        "afcc6452-f50e-4d95-ae3b-6b35caed68bd",
    ),
    (
        "destinationId",
        "The node that takes the answer, where a designer names one.",
        "upload_document",
    ),
    (
        "callbacksForAction",
        "The action whose callbacks run when the answer arrives, where a designer names one.",
        "uploadDocument",
    ),
];

/// What flowx adds to an answer.
const ANSWER: &[Row] = &[
    (
        REPLY_ID,
        "Names the answer: a second one to the same request carries the same value.",
        "0f8e5a1c3b7d49260f8e5a1c3b7d4926",
    ),
    (
        REQUEST_OFFSET,
        "Where the answered request stands: topic[partition]@offset.",
        "requests[0]@42",
    ),
];

/// What flowx adds to a request that waits for another try.
const RETRY: &[Row] = &[
    ("flowx-retry-version", "The layout of these headers.", "1"),
    ("flowx-retry-id", "Names the request.", "0f8e5a1c3b7d49260f8e5a1c3b7d4926"),
    (
        "flowx-retry-consumer-group",
        "The connector whose request it is; others pass it over.",
        "connector",
    ),
    ("flowx-retry-original-topic", "Where the request stood first.", "requests"),
    ("flowx-retry-original-partition", "Its partition there.", "0"),
    ("flowx-retry-original-offset", "Its offset there.", "42"),
    (
        "flowx-retry-original-timestamp",
        "Its timestamp there, in milliseconds since 1970.",
        "1719567000000",
    ),
    ("flowx-retry-attempts", "Attempts made so far.", "5"),
    (
        "flowx-retry-due",
        "When the next one may begin, in milliseconds since 1970.",
        "1719567030000",
    ),
    ("flowx-retry-reason", "Why the last one failed.", "retry-exhausted"),
];

/// What flowx adds to the original of a failed request.
const DEAD_LETTER: &[Row] = &[
    ("dlq-version", "The layout of these headers.", "1"),
    ("dlq-id", "Names the request.", "0f8e5a1c3b7d49260f8e5a1c3b7d4926"),
    ("dlq-original-topic", "Where the request stood.", "requests"),
    ("dlq-original-partition", "Its partition there.", "0"),
    ("dlq-original-offset", "Its offset there.", "42"),
    ("dlq-original-timestamp", "Its timestamp there, in milliseconds since 1970.", "1719567000000"),
    ("dlq-original-consumer-group", "The connector that put it aside.", "connector"),
    ("dlq-handler", "The handler that put it aside.", "check"),
    ("dlq-stage", "The step that failed: decode, handle, reply or refuse.", "handle"),
    ("dlq-reason", "The reason, by a stable name.", "retry-exhausted"),
    ("dlq-code", "The code of the error reply.", "RETRY_EXHAUSTED"),
    ("dlq-error-message", "What happened, without payload.", "the register does not answer"),
    ("dlq-attempts", "Attempts made.", "5"),
    ("dlq-replied", "Whether the process was answered: true or false.", "true"),
    (
        "dlq-retryable",
        "Whether it may pass by itself when it is sent again: true or false.",
        "true",
    ),
    ("dlq-failed-at", "When it was put aside, in milliseconds since 1970.", "1719567120000"),
    (
        "dlq-truncated",
        "true where Kafka would not take the original: then only these headers are there.",
        "true",
    ),
    ("dlq-original-length", "The length of an original that is not there, in bytes.", "60000000"),
    (
        "dlq-original-sha256",
        "The SHA-256 of an original that is not there, in hexadecimal digits.",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    ),
    (
        "dlq-replay-of",
        "The dead letter that the request was sent again from, if it was.",
        "7c2d4f0b9a8e61537c2d4f0b9a8e6153",
    ),
    ("dlq-replays", "How often it was sent again.", "1"),
];

/// Of the engine's headers those that an example shows.
const SHOWN: &[&str] = &[PROCESS_INSTANCE_UUID, PROCESS_INSTANCE_ID, FX_CONTEXT];

impl Headers {
    const ALL: [Self; 4] = [Self::Request, Self::Reply, Self::Retry, Self::DeadLetter];

    fn name(self) -> &'static str {
        match self {
            Self::Request => "requestHeaders",
            Self::Reply => "replyHeaders",
            Self::Retry => "retryHeaders",
            Self::DeadLetter => "deadLetterHeaders",
        }
    }

    /// What is added to the engine's.
    fn own(self, place: &Place) -> &'static [Row] {
        match self {
            Self::Request => &[],
            Self::Reply if !place.own_headers => &[],
            Self::Reply => ANSWER,
            Self::Retry => RETRY,
            Self::DeadLetter => DEAD_LETTER,
        }
    }

    fn description(self) -> &'static str {
        match self {
            Self::Request => {
                "What the engine sends. Without `processInstanceUuid` and `processInstanceId` nobody can be answered. There may be more: all headers are given back."
            }
            Self::Reply => {
                "All headers of the request, unchanged and in order, and what the connector adds."
            }
            Self::Retry => "All headers of the request, and a note of the connector to itself.",
            Self::DeadLetter => "All headers of the request, and why it was put aside.",
        }
    }

    /// A reference to the schema.
    pub(super) fn reference(self) -> Value {
        reference(format!("components/schemas/{RESERVED}{}", self.name()))
    }

    /// Headers as they may come with a message.
    pub(super) fn example(self, place: &Place) -> Value {
        let engine = ENGINE.iter().filter(|(name, ..)| SHOWN.contains(name));
        let all = engine.chain(self.own(place));
        all.map(|(name, _, example)| ((*name).to_owned(), json!(example))).collect()
    }

    fn schema(self, place: &Place) -> Value {
        let row = |(name, description, example): &Row| {
            let property =
                json!({ "type": "string", "description": description, "examples": [example] });
            ((*name).to_owned(), property)
        };
        let properties: Map<_, _> = ENGINE.iter().chain(self.own(place)).map(row).collect();
        json!({
            "type": "object",
            "description": self.description(),
            "properties": properties,
        })
    }
}

/// As components those that some message has.
pub(super) fn schemas(messages: &Map<String, Value>, place: &Place) -> Map<String, Value> {
    let used = |headers: &Headers| {
        let reference = headers.reference();
        messages.values().any(|message| message["headers"] == reference)
    };
    let named = |headers: Headers| (format!("{RESERVED}{}", headers.name()), headers.schema(place));
    Headers::ALL.into_iter().filter(used).map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::message::identity::RequestId;
    use crate::message::record::{Coordinates, Outbound, Record};
    use crate::message::replay;
    use crate::message::retry::{Note, forward};
    use crate::runtime::dead_letter::{self, Cause};

    fn names(rows: &[Row]) -> BTreeSet<String> {
        rows.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }

    fn carried<'o>(records: impl IntoIterator<Item = &'o Outbound>) -> BTreeSet<String> {
        let headers = records.into_iter().flat_map(|record| record.headers.iter());
        headers.map(|(name, _)| name.to_owned()).collect()
    }

    #[test]
    fn the_headers_that_flowx_adds_are_all_described_and_nothing_else() {
        let record = Record {
            at: Coordinates { topic: "in".into(), partition: 0, offset: 1 },
            timestamp: Some(1),
            key: None,
            headers: crate::message::headers::Headers::default(),
            payload: Some(b"{}".to_vec()),
        };
        let id = RequestId::of("cluster", &record, "h");
        let topic = Arc::from("out");
        let note = Note { id: &id, group: "g", attempts: 1, due: 1, reason: "r" };
        assert_eq!(carried([&forward(&record, &topic, &note)]), names(RETRY));
        let cause = Cause {
            group: "g",
            handler: "h",
            stage: "handle",
            reason: "r",
            code: "C",
            message: "m",
            attempts: 1,
            replied: true,
            retryable: true,
            now: 1,
        };
        let sent_again =
            [(replay::REPLAY_OF, "0f8e5a1c3b7d49260f8e5a1c3b7d4926"), (replay::REPLAYS, "1")];
        let record = Record { headers: sent_again.into_iter().collect(), ..record };
        let dead = dead_letter::of(&record, &topic, &id, &cause);
        let pointer = dead_letter::pointer_to(&record, &topic, &id, &cause);
        assert_eq!(carried([&dead, &pointer]), names(DEAD_LETTER));
    }
}
