//! An answer as the engine wants it: the received headers back, the process instance as key.

use std::sync::Arc;

use super::envelope::{
    Envelope, FX_CONTEXT, FX_ORGANIZATION_ID, PROCESS_INSTANCE_ID, PROCESS_INSTANCE_UUID,
};
use super::headers::Headers;
use super::identity::RequestId;
use super::record::Outbound;
use super::retry;

/// Names an answer; a second answer to the same request carries the same value.
pub const REPLY_ID: &str = "x-reply-id";
/// Says where the answered request stands: `topic[partition]@offset`.
pub const REQUEST_OFFSET: &str = "x-request-offset";

/// How answers are dressed; the same for all handlers of a connector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyStyle {
    /// Headers that the engine demands, set where a request came without them: name and value.
    pub fill: Vec<(String, String)>,
    /// Whether `x-reply-id` and `x-request-offset` are added; default yes.
    pub own_headers: bool,
}

impl Default for ReplyStyle {
    fn default() -> Self {
        Self { fill: Vec::new(), own_headers: true }
    }
}

/// Whether only flowx itself may set a header of this name: what comes in under it is not passed on.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    is_reserved_name(name.as_bytes())
}

fn is_reserved_name(name: &[u8]) -> bool {
    name == REPLY_ID.as_bytes()
        || name == REQUEST_OFFSET.as_bytes()
        || name.starts_with(b"dlq-")
        || name.starts_with(retry::PREFIX.as_bytes())
}

/// The answer to a request: this payload on this topic, dressed for the engine.
#[must_use]
pub fn answer(
    envelope: &Envelope,
    topic: &Arc<str>,
    payload: Vec<u8>,
    id: &RequestId,
    style: &ReplyStyle,
) -> Outbound {
    dressed(envelope, given_back(envelope.headers()), topic, payload, id, style)
}

/// The answer to a request whose headers are too many or too large to go back: it has those by which the
/// engine finds who waits.
#[must_use]
pub fn brief_answer(
    envelope: &Envelope,
    topic: &Arc<str>,
    payload: Vec<u8>,
    id: &RequestId,
    style: &ReplyStyle,
) -> Outbound {
    dressed(envelope, routing(envelope.headers()), topic, payload, id, style)
}

fn dressed(
    envelope: &Envelope,
    mut headers: Headers,
    topic: &Arc<str>,
    payload: Vec<u8>,
    id: &RequestId,
    style: &ReplyStyle,
) -> Outbound {
    for (name, value) in &style.fill {
        if !headers.contains(name) {
            headers.push_text(name, value);
        }
    }
    if style.own_headers {
        headers.push_text(REPLY_ID, id.as_str());
        let at = &envelope.record().at;
        let (mut partition, mut offset) = (itoa::Buffer::new(), itoa::Buffer::new());
        let (partition, offset) = (partition.format(at.partition), offset.format(at.offset));
        headers.push_parts(REQUEST_OFFSET, &[&at.topic, "[", partition, "]@", offset]);
    }
    Outbound {
        topic: Arc::clone(topic),
        partition: None,
        key: envelope.reply_key(),
        headers,
        payload: Some(payload),
    }
}

/// The received headers that go back: all but the reserved ones.
#[must_use]
pub fn given_back(received: &Headers) -> Headers {
    received.retained(|name| !is_reserved_name(name), 4, 192)
}

/// By these headers the engine finds the process instance, and the node in it that waits.
pub const ROUTING: [&str; 11] = [
    PROCESS_INSTANCE_UUID,
    PROCESS_INSTANCE_ID,
    FX_CONTEXT,
    FX_ORGANIZATION_ID,
    "Fx-WorkspaceId",
    "Fx-AppId",
    "Fx-RootAppId",
    "Fx-BuildId",
    "Fx-Build-App-Version-Id",
    "destinationId",
    "callbacksForAction",
];

/// The longest value of such a header that goes back beside too many or too large others, in bytes.
const LONGEST_ROUTING: usize = 1024;

/// Of the received headers those in [`ROUTING`]: the last of each name, unless it is too long to be one.
fn routing(received: &Headers) -> Headers {
    let mut headers = Headers::default();
    for name in ROUTING {
        let found = received.iter().rev().find(|(other, _)| *other == name);
        if let Some((_, value)) =
            found.filter(|(_, value)| value.is_none_or(|value| value.len() <= LONGEST_ROUTING))
        {
            headers.push(name, value);
        }
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::envelope::tests::envelope;

    fn id() -> RequestId {
        RequestId::of("cluster", envelope(&[], None).record(), "h")
    }

    fn names(outbound: &Outbound) -> Vec<&str> {
        outbound.headers.iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn received_headers_go_back_in_order_with_duplicates_and_nulls() {
        let received: &[(&str, Option<&[u8]>)] = &[
            ("processInstanceUuid", Some(b"u")),
            ("b", None),
            ("a", Some(&[0, 0xff])),
            ("b", Some(b"")),
        ];
        let style = ReplyStyle { own_headers: false, ..ReplyStyle::default() };
        let answer =
            answer(&envelope(received, None), &Arc::from("out"), b"{}".to_vec(), &id(), &style);
        assert_eq!(answer.headers.iter().collect::<Vec<_>>(), received);
        assert_eq!(answer.key.as_deref(), Some(&b"u"[..]));
    }

    #[test]
    fn absent_mandatory_headers_are_filled_and_present_ones_stay() {
        let style = ReplyStyle {
            fill: vec![
                ("Fx-Organization-Id".to_owned(), "org".to_owned()),
                ("fxContext".to_owned(), "main".to_owned()),
            ],
            own_headers: false,
        };
        let received = envelope(&[("fxContext", None)], None);
        let answer = answer(&received, &Arc::from("out"), Vec::new(), &id(), &style);
        assert_eq!(names(&answer), ["fxContext", "Fx-Organization-Id"]);
    }

    #[test]
    fn forged_reserved_headers_are_replaced_by_our_own() {
        let received = envelope(
            &[
                ("x-reply-id", Some(b"forged")),
                ("dlq-replied", Some(b"true")),
                ("flowx-retry-attempt", Some(b"9")),
                ("mine", Some(b"1")),
            ],
            None,
        );
        let answer =
            answer(&received, &Arc::from("out"), Vec::new(), &id(), &ReplyStyle::default());
        assert_eq!(names(&answer), ["mine", "x-reply-id", "x-request-offset"]);
        assert_eq!(answer.headers.text("x-reply-id"), Some(id().as_str()));
        assert_eq!(answer.headers.text("x-request-offset"), Some("in[0]@7"));
    }
}
