//! Received headers, the envelope that is read from them, and the answer that gives them back.

use std::sync::Arc;

use arbitrary::{Arbitrary, Unstructured};
use flowx_core::message::envelope::{Envelope, OrderKey};
use flowx_core::message::error_reply::ErrorReply;
use flowx_core::message::identity::RequestId;
use flowx_core::message::reply::{REPLY_ID, REQUEST_OFFSET, ReplyStyle, answer};
use serde_json::Value;

use crate::record::{self, Header};

#[derive(Debug, Arbitrary)]
struct Input {
    record: record::Input,
    fill: Vec<(String, String)>,
    own_headers: bool,
    field: String,
    code: String,
    message: String,
}

/// Reads headers in every way and answers; compares with look-ups in a plain list.
pub fn check(data: &[u8]) {
    let Ok(input) = Input::arbitrary(&mut Unstructured::new(data)) else { return };
    let received = &input.record.headers;
    let record = input.record.record();
    let pushed: Vec<_> =
        received.iter().map(|one| (one.name.as_str(), one.value.as_deref())).collect();
    assert_eq!(record::list(&record.headers), pushed);
    for Header { name, .. } in received {
        assert_eq!(record.headers.get(name), last(received, name));
        assert!(record.headers.contains(name));
    }
    let names: Vec<_> = pushed.iter().map(|(name, _)| name).collect();
    assert_eq!(format!("{:?}", record.headers), format!("{names:?}"), "values are not shown");

    let envelope = Envelope::read(record.clone());
    let named = |name| {
        let text = last(received, name).and_then(|value| std::str::from_utf8(value).ok());
        text.filter(|text| !text.trim().is_empty())
    };
    let (uuid, number) = (named("processInstanceUuid"), named("processInstanceId"));
    assert_eq!(envelope.process(), uuid.or(number));
    assert_eq!(envelope.is_correlated(), uuid.or(number).is_some());
    let order = match (uuid.or(number), &record.key) {
        (Some(process), _) => Some(OrderKey::Process(process)),
        (None, key) => key.as_deref().map(OrderKey::Record),
    };
    assert_eq!(envelope.order_key(), order);

    let id = RequestId::of("cluster", &record, "fuzz");
    let style = ReplyStyle { fill: input.fill.clone(), own_headers: input.own_headers };
    let error = ErrorReply { field: &input.field, code: &input.code, message: &input.message };
    let body = error.to_json();
    read_back(&error, &body);
    let reply = answer(&envelope, &Arc::from("out"), body.clone(), &id, &style);
    assert_eq!(reply.key.as_deref(), uuid.map(str::as_bytes).or(record.key.as_deref()));
    assert_eq!(reply.payload, Some(body));
    gives_back(&input, &record::list(&reply.headers), &id, &record.at.to_string());
}

fn last<'a>(received: &'a [Header], name: &str) -> Option<&'a [u8]> {
    received.iter().rfind(|one| one.name == name)?.value.as_deref()
}

/// What came in, in its order; then what was missing; then flowx's own, which nobody can forge.
fn gives_back(input: &Input, sent: &[(&str, Option<&[u8]>)], id: &RequestId, at: &str) {
    let is_ours = |name: &str| {
        matches!(name, "x-reply-id" | "x-request-offset")
            || name.starts_with("dlq-")
            || name.starts_with("flowx-retry-")
    };
    let received = input.record.headers.iter().filter(|one| !is_ours(&one.name));
    let mut wanted: Vec<_> =
        received.map(|one| (one.name.as_str(), one.value.as_deref())).collect();
    for (name, value) in &input.fill {
        if !wanted.iter().any(|(known, _)| known == name) {
            wanted.push((name, Some(value.as_bytes())));
        }
    }
    if input.own_headers {
        wanted.push((REPLY_ID, Some(id.as_str().as_bytes())));
        wanted.push((REQUEST_OFFSET, Some(at.as_bytes())));
    }
    assert_eq!(sent, wanted);
}

/// The body of an error is JSON with the code, and a text that has an end.
fn read_back(error: &ErrorReply<'_>, body: &[u8]) {
    let value: Value = serde_json::from_slice(body).expect("an error reply is JSON");
    assert_eq!(value["errorCode"], error.code);
    if error.field != "errorCode" {
        let text = value[error.field].as_str().expect("the text is there");
        let kept = text.strip_suffix('…').unwrap_or(text);
        assert!(text == error.message || error.message.starts_with(kept));
        assert!(text.chars().count() <= 2_001);
    }
}
