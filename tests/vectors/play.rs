//! One documented message, sent to its handler as the engine would send it.

use std::sync::{Arc, Mutex};

use flowx_core::testing::TestConnector;
use flowx_core::{Connector, ConnectorBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::file::Vector;

/// How a documented message is played.
pub(crate) struct Case {
    /// The connector with its one handler and all that the handler knows.
    pub(crate) builder: ConnectorBuilder,
    /// What is sent.
    pub(crate) request: Value,
    /// What must follow.
    pub(crate) outcome: Outcome,
}

/// What must follow a message.
pub(crate) enum Outcome {
    /// This reply.
    Reply(Value),
    /// No reply at all.
    Nothing,
    /// An error reply with this code and this text.
    Refused { code: &'static str, message: String },
    /// The message, sent as it stands, is no JSON.
    NotJson,
}

impl Case {
    /// The documented message and the documented reply; `knows` is what the handler answers from.
    pub(crate) fn documented<T: Send + Sync + 'static>(
        vector: &Vector,
        handler: &str,
        knows: T,
    ) -> Self {
        Self {
            builder: Connector::builder().only([handler]).state(knows),
            request: vector.request.clone(),
            outcome: Outcome::Reply(vector.reply.clone()),
        }
    }

    /// Another message, where the documentation has none.
    pub(crate) fn sends(self, request: Value) -> Self {
        Self { request, ..self }
    }

    /// Another outcome, where the documentation has none.
    pub(crate) fn expects(self, outcome: Outcome) -> Self {
        Self { outcome, ..self }
    }
}

/// A part of the documented reply, typed.
pub(crate) fn typed<T: DeserializeOwned>(value: &Value) -> T {
    serde_json::from_value(value.clone()).unwrap_or_else(|error| panic!("{error}: {value:#}"))
}

/// Sees what a handler decoded.
#[derive(Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Option<Value>>>);

impl Seen {
    pub(crate) fn note(&self, request: &impl Serialize) {
        let request = serde_json::to_value(request).expect("a request is JSON");
        *self.0.lock().expect("no handler panics") = Some(request);
    }

    fn take(&self) -> Option<Value> {
        self.0.lock().expect("no handler panics").take()
    }
}

/// Sends a message on its documented topic with its documented headers, and compares all that comes
/// back.
pub(crate) async fn play(vector: &Vector, case: Case) {
    let name = &vector.name;
    let seen = Seen::default();
    let connector = TestConnector::start(case.builder.state(seen.clone())).await;
    let connector = connector.unwrap_or_else(|error| panic!("`{name}`: {error}"));
    let topic = vector.topic_in.as_deref().unwrap_or_else(|| panic!("`{name}` has no topic"));
    let mut request = connector.topic(topic);
    for (header, value) in vector.headers() {
        // What a designer types comes on top of what the engine itself sends.
        request = match header.as_str() {
            "processInstanceUuid" => request.process(&value),
            _ => request.header(&header, value),
        };
    }
    let request = match (&case.outcome, &case.request) {
        (Outcome::NotJson, Value::String(text)) => request.payload(text),
        (_, json) => request.json(json),
    };
    let exchange = request.exchange().await;

    match case.outcome {
        Outcome::Reply(documented) => {
            let reply = exchange.reply_json().unwrap_or_else(|error| panic!("`{name}`: {error}"));
            assert_eq!(reply, documented, "`{name}`");
        }
        Outcome::Nothing => exchange.expect_nothing(),
        Outcome::Refused { code, message } => {
            assert_eq!(exchange.expect_refusal(code).message, message, "`{name}`");
        }
        Outcome::NotJson => {
            exchange.expect_refusal("INVALID_REQUEST");
            let letter = exchange.expect_dead_letter("malformed-json");
            assert_eq!(letter.payload, exchange.request().payload, "`{name}`");
            assert_eq!(seen.take(), None, "`{name}` reached its handler");
            assert_answered_to_its_process(vector, &exchange);
            return;
        }
    }
    assert_eq!(seen.take(), Some(case.request), "`{name}` was decoded to something else");
    assert_answered_to_its_process(vector, &exchange);
    connector.stop().await.unwrap_or_else(|error| panic!("`{name}`: {error}"));
}

/// One answer on the documented topic, with all headers of the request and the process as its key;
/// none, where none is documented.
fn assert_answered_to_its_process(vector: &Vector, exchange: &flowx_core::testing::Exchange) {
    let name = &vector.name;
    let topics: Vec<&str> = exchange.replies().iter().map(|reply| &*reply.at.topic).collect();
    let documented: Vec<&str> = vector.topic_out.iter().map(String::as_str).collect();
    assert_eq!(topics, documented, "`{name}`");
    for reply in exchange.replies() {
        let received = &exchange.request().headers;
        let given_back: Vec<_> = reply.headers.iter().take(received.len()).collect();
        assert_eq!(given_back, received.iter().collect::<Vec<_>>(), "`{name}`");
        let uuid = received.get("processInstanceUuid");
        assert!(uuid.is_some(), "`{name}` names a process");
        assert_eq!(reply.key.as_deref(), uuid, "`{name}`");
    }
}
