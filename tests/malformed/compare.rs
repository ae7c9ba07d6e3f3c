//! One answer beside the request that it belongs to: is every byte as it must be?

use flowx_core::message::headers::Headers;
use flowx_core::message::record::Record;
use flowx_core::message::reply::{ROUTING, is_reserved};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::classes::{End, TOO_MANY_HEADERS};
use crate::connector::Said;
use crate::draft::Request;
use crate::scene::{GROUP, Scene};

/// What kind of answer a record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Reply,
    ErrorReply,
    DeadLetter,
}

/// Where a request stands: which of the two topics, partition, offset.
pub(crate) type Place = (usize, i32, i64);

/// What an answer says of itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) kind: Kind,
    /// The request that it names.
    pub(crate) place: Option<Place>,
    /// When the broker took it, in milliseconds since 1970.
    pub(crate) at: i64,
}

#[derive(Deserialize)]
struct Refusal {
    #[serde(rename = "errorCode")]
    code: String,
}

/// Reads a record of a topic of answers.
pub(crate) fn answer(record: &Record, scene: &Scene) -> Answer {
    let is_dead_letter = scene.dead_letters.iter().any(|topic| **topic == *record.at.topic);
    let (kind, place) = if is_dead_letter {
        (Kind::DeadLetter, original(&record.headers, scene))
    } else {
        let kind = if refusal(record).is_some() { Kind::ErrorReply } else { Kind::Reply };
        (kind, record.headers.text("x-request-offset").and_then(|text| place(text, scene)))
    };
    Answer { kind, place, at: record.timestamp.unwrap_or(i64::MAX) }
}

/// What is not as it must be, in words; empty if all is.
pub(crate) fn differences(record: &Record, kind: Kind, request: &Request, scene: &Scene) -> String {
    let mut wrong = Vec::new();
    let mut demand = |is_so: bool, what: &str| {
        if !is_so {
            wrong.push(what.to_owned());
        }
    };
    let handler = usize::from(request.is_open);
    let topics = if kind == Kind::DeadLetter { &scene.dead_letters } else { &scene.replies };
    demand(*topics[handler] == *record.at.topic, "the topic");
    if kind == Kind::DeadLetter {
        let text = |name: &str| record.headers.text(name);
        let is_pointer = text("dlq-truncated") == Some("true");
        if let End::Refused(reason) | End::Pointed(reason) = request.fate.end {
            demand(text("dlq-reason") == Some(reason), "the reason");
        }
        demand(text("dlq-code") == Some("INVALID_REQUEST"), "the code");
        demand(text("dlq-stage") == Some("decode"), "the stage");
        demand(text("dlq-attempts") == Some("0"), "the number of attempts");
        let replied = if request.fate.is_anonymous { "false" } else { "true" };
        demand(text("dlq-replied") == Some(replied), "whether it was replied to");
        demand(text("dlq-original-consumer-group") == Some(GROUP), "the group");
        demand(is_pointer == matches!(request.fate.end, End::Pointed(_)), "what stands for it");
        if is_pointer {
            let payload = request.payload.as_deref().unwrap_or_default();
            let digest = Sha256::digest(payload);
            let hash: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
            let length = payload.len().to_string();
            demand(text("dlq-original-length") == Some(&length), "the length");
            demand(text("dlq-original-sha256") == Some(&hash), "the hash");
            demand(record.payload.is_none() && record.key.is_none(), "the bytes of a pointer");
        } else {
            demand(record.payload == request.payload, "the payload");
            demand(record.key.as_ref() == Some(&request.key), "the key");
            demand(is_given_back(&request.headers, &record.headers), "the headers");
        }
    } else {
        demand(record.key.as_ref() == Some(&request.reply_key), "the key");
        let back = match request.fate.end {
            End::Refused(TOO_MANY_HEADERS) => are_brief,
            _ => is_given_back,
        };
        demand(back(&request.headers, &record.headers), "the headers");
        match refusal(record) {
            Some(Refusal { code }) => demand(code == "INVALID_REQUEST", "the error code"),
            None => {
                let payload = record.payload.as_deref().unwrap_or_default();
                let said = serde_json::from_slice::<Said>(payload).ok();
                demand(said == Some(request.said), "what was understood");
            }
        }
    }
    wrong.join(", ")
}

/// Every header that was sent, in its order, before those that only a connector may set.
fn is_given_back(sent: &Headers, received: &Headers) -> bool {
    received.len() >= sent.len()
        && sent.iter().eq(received.iter().take(sent.len()))
        && received.iter().skip(sent.len()).all(|(name, _)| is_reserved(name))
}

/// Only those by which the engine finds who waits, with what was sent in them.
fn are_brief(sent: &Headers, received: &Headers) -> bool {
    let back = || received.iter().filter(|(name, _)| !is_reserved(name));
    let expected = ROUTING.iter().filter(|name| sent.contains(name)).count();
    back().count() == expected
        && back().all(|(name, value)| ROUTING.contains(&name) && sent.get(name) == value)
}

fn refusal(record: &Record) -> Option<Refusal> {
    serde_json::from_slice(record.payload.as_deref()?).ok()
}

/// Reads `topic[partition]@offset`.
fn place(text: &str, scene: &Scene) -> Option<Place> {
    let (rest, offset) = text.rsplit_once("]@")?;
    let (topic, partition) = rest.rsplit_once('[')?;
    Some((scene.handler(topic)?, partition.parse().ok()?, offset.parse().ok()?))
}

fn original(headers: &Headers, scene: &Scene) -> Option<Place> {
    let number = |name| headers.text(name)?.parse::<i64>().ok();
    Some((
        scene.handler(headers.text("dlq-original-topic")?)?,
        i32::try_from(number("dlq-original-partition")?).ok()?,
        number("dlq-original-offset")?,
    ))
}
