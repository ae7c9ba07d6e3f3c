//! A request to a handler and what came of it, as the catalog shows it.

use serde::Serialize;
use serde_json::Value;

use crate::message::headers::Headers;

/// A request that was played, and what came of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RecordedExchange {
    /// How the request reached the handler.
    pub on: Place,
    /// The topic that it was sent to.
    pub topic: String,
    /// The headers that it was sent with.
    pub headers: Vec<Header>,
    /// The request.
    pub request: Value,
    /// How it ended.
    pub ending: Ending,
    /// The code of an error reply.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The stable name of the reason why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The reply or the error reply; `None` if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// Where the original was put aside; `None` if it was not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter: Option<DeadLetter>,
    /// Where the request waits for another try.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub waits_on: Option<String>,
    /// How often the handler was tried; `None` where that cannot be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub attempts: Option<u32>,
    /// From the request to the answer, in milliseconds.
    pub took_ms: f64,
    /// What is not as the protocol demands; each a sentence.
    pub findings: Vec<String>,
}

/// How a request reached its handler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Place {
    /// In the connector's own process, past Kafka.
    #[default]
    Process,
    /// Through Kafka, as a process engine sends it.
    Broker,
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Ending {
    /// With a reply.
    Replied,
    /// With nothing to send.
    Nothing,
    /// With an error, sent as an error reply where the handler has a reply topic.
    Refused,
    /// Not yet: its attempts are used up, and it waits on a retry topic.
    Waits,
    /// Nobody answered in time.
    Unanswered,
}

/// A header of a record, its value as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Header {
    /// Its name.
    pub name: String,
    /// Its value; `None` is Kafka's null.
    pub value: Option<String>,
}

/// A reply or an error reply.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The topic that it was sent to.
    pub topic: String,
    /// Its record key, as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Its headers.
    pub headers: Vec<Header>,
    /// Its payload.
    pub payload: Value,
}

/// The original of a failed request, put aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// The topic that it was put on.
    pub topic: String,
    /// Its headers, where they were looked at.
    pub headers: Vec<Header>,
}

impl Header {
    /// The headers of a record, bytes that are no text replaced.
    #[must_use]
    pub fn all(headers: &Headers) -> Vec<Self> {
        let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
        let shown = |(name, value): (&str, Option<&[u8]>)| Self {
            name: name.to_owned(),
            value: value.map(text),
        };
        headers.iter().map(shown).collect()
    }
}

/// A payload as JSON; as a text where it is none, and null where there is nothing.
#[must_use]
pub fn shown_payload(payload: Option<&[u8]>) -> Value {
    let Some(bytes) = payload else { return Value::Null };
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(bytes).into_owned()))
}
