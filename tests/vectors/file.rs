//! The file of documented messages, with the designer's placeholders resolved as the engine would.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A documented message and its answer.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Vector {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    /// Full name of the topic that the message is sent to.
    pub(crate) topic_in: Option<String>,
    /// Full name of the topic that the answer is sent to.
    pub(crate) topic_out: Option<String>,
    /// The designer's header template: JSON, or text that becomes JSON.
    headers: Value,
    /// The message; text if it is no JSON; null if only the answer is documented.
    pub(crate) request: Value,
    /// The answer; text if it is no JSON; null if only the message is documented.
    pub(crate) reply: Value,
}

/// What a documented message is for.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// Between the engine and one of the platform's services.
    Plugin,
    /// Between the engine and one of its core extensions.
    Core,
    /// Between the engine and a sample connector.
    Connector,
    /// To the engine itself.
    Engine,
    /// What a designer types.
    Designer,
    /// The mock adapter's.
    Mock,
}

/// All messages of the file, placeholders resolved.
pub(crate) fn vectors() -> Vec<Vector> {
    let file = include_str!("flowx-examples.json");
    let vectors: Vec<Vector> = serde_json::from_str(file).expect("a list of messages");
    vectors.into_iter().map(Vector::resolved).collect()
}

/// One message, by its name.
pub(crate) fn vector(name: &str) -> Vector {
    let mut vectors = vectors().into_iter();
    vectors.find(|vector| vector.name == name).unwrap_or_else(|| panic!("there is no `{name}`"))
}

impl Vector {
    /// The documented headers, as the engine would send them: numbers as text.
    pub(crate) fn headers(&self) -> Vec<(String, String)> {
        let template: Map<String, Value> = match &self.headers {
            Value::Null => Map::new(),
            Value::Object(headers) => headers.clone(),
            Value::String(text) => serde_json::from_str(text).expect("JSON, once it is resolved"),
            other => panic!("`{}`: headers cannot be {other}", self.name),
        };
        let text = |value: Value| match value {
            Value::String(text) => text,
            other => other.to_string(),
        };
        template.into_iter().map(|(name, value)| (name, text(value))).collect()
    }

    fn resolved(mut self) -> Self {
        for value in [&mut self.headers, &mut self.request] {
            resolve_all(value);
        }
        for topic in [&mut self.topic_in, &mut self.topic_out].into_iter().flatten() {
            *topic = resolve(topic);
        }
        self
    }
}

fn resolve_all(value: &mut Value) {
    match value {
        Value::String(text) => *text = resolve(text),
        Value::Array(items) => items.iter_mut().for_each(resolve_all),
        Value::Object(fields) => fields.values_mut().for_each(resolve_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Puts a value in the place of every `${…}`: one that is known, else the last part of its path.
fn resolve(text: &str) -> String {
    let mut resolved = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once("${") {
        let (path, behind) = behind.split_once('}').expect("a placeholder that ends");
        resolved.push_str(before);
        resolved.push_str(match path {
            "processInstanceId" => "119246",
            // The documentation leaves this one to the installation.
            "KAFKA_TOPIC_CUSTOMER_SEARCH_IN" => "ro.flowx.in.sandbox.customer.management.request",
            path => path.rsplit('.').next().unwrap_or(path),
        });
        rest = behind;
    }
    resolved.push_str(rest);
    resolved.replace("<uuid>", "d3aabfd8-d041-4c62-892f-22d17923b223")
}
