//! What the platform's mock adapter is told, so that a process runs without the connector.

use serde_json::{Value, json};

/// The body of `POST {MOCK_ADAPTER_URL}/api/kafka-exchanges/`; the messages are JSON in a text, and
/// the three `s` are the adapter's own.
pub(super) fn exchange(topic: &str, request: &Value, reply_topic: &str, reply: &Value) -> Value {
    json!({
        "sentMessageJson": request.to_string(),
        "receivedMesssageJson": reply.to_string(),
        "outgoingTopic": reply_topic,
        "incomingTopic": topic,
    })
}
