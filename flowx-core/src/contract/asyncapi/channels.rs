//! Channels: every topic once, whoever reads or writes it.

use serde_json::{Map, Value, json};

use super::keys::Keys;
use super::messages::{Message, Role};
use super::{KAFKA_BINDING, reference};
use crate::contract::model::TopicNaming;

/// What a pattern's `*` is called in an address.
pub(super) const PARAMETER: &str = "topic";

/// The channels of a document while it grows.
#[derive(Debug)]
pub(super) struct Channels<'a> {
    naming: &'a TopicNaming,
    keys: Keys,
    channels: Vec<Channel>,
}

#[derive(Debug)]
struct Channel {
    key: String,
    address: String,
    title: String,
    /// A sentence for each purpose.
    purposes: Vec<String>,
    /// The names of its messages.
    messages: Vec<String>,
}

/// A topic, or the topics of a pattern, under the address that a document gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Topic {
    pub(super) address: String,
    /// For a side topic the topic that it belongs to.
    pub(super) beside: Option<String>,
}

impl<'a> Channels<'a> {
    pub(super) fn new(naming: &'a TopicNaming) -> Self {
        Self { naming, keys: Keys::default(), channels: Vec::new() }
    }

    /// Adds a message to its topics.
    pub(super) fn carry(&mut self, message: &Message) {
        for topic in &message.topics {
            let purpose = purpose(message);
            let channel = self.channel(topic);
            channel.messages.push(message.key.clone());
            if !channel.purposes.contains(&purpose) {
                channel.purposes.push(purpose);
            }
        }
    }

    /// A topic's channel and messages of it, by reference: what operations, replies and the like
    /// consist of.
    pub(super) fn route(&self, address: &str, messages: &[String]) -> Option<Map<String, Value>> {
        let channel = self.channels.iter().find(|channel| channel.address == address)?;
        let path = format!("channels/{}", channel.key);
        let messages = messages.iter().filter(|message| channel.messages.contains(message));
        let messages: Value =
            messages.map(|message| reference(format!("{path}/messages/{message}"))).collect();
        let mut route = Map::new();
        route.insert("channel".to_owned(), reference(path));
        route.insert("messages".to_owned(), messages);
        Some(route)
    }

    pub(super) fn into_json(self) -> Value {
        let channels = self.channels.into_iter();
        Value::Object(channels.map(|channel| (channel.key.clone(), channel.into_json())).collect())
    }

    fn channel(&mut self, topic: &Topic) -> &mut Channel {
        let known = self.channels.iter().position(|channel| channel.address == topic.address);
        let index = known.unwrap_or_else(|| {
            let title = title(topic, self.naming);
            let key = self.keys.claim(&title.replace(['{', '}'], ""));
            self.channels.push(Channel {
                key,
                address: topic.address.clone(),
                title,
                purposes: Vec::new(),
                messages: Vec::new(),
            });
            self.channels.len() - 1
        });
        &mut self.channels[index]
    }
}

impl Channel {
    fn into_json(self) -> Value {
        let is_pattern = self.address.contains('{');
        let messages: Map<_, _> = self
            .messages
            .into_iter()
            .map(|key| (key.clone(), reference(format!("components/messages/{key}"))))
            .collect();
        let mut object = Map::new();
        let mut add = |name: &str, value: Value| object.insert(name.to_owned(), value);
        add("address", json!(self.address));
        add("title", json!(self.title));
        add("description", json!(self.purposes.join(" ")));
        add("messages", Value::Object(messages));
        if is_pattern {
            add(
                "parameters",
                json!({ PARAMETER: {
                    "description": "The rest of the topic's name, as long as it likes. Dead-letter topics (`….dlq`) and retry topics (`….retry.…`) are not meant.",
                } }),
            );
            // No single topic could be named.
            add("bindings", json!({ "kafka": { "bindingVersion": KAFKA_BINDING } }));
        } else {
            let binding = json!({ "topic": self.address, "bindingVersion": KAFKA_BINDING });
            add("bindings", json!({ "kafka": binding }));
        }
        Value::Object(object)
    }
}

/// What a topic is called in every environment.
fn title(topic: &Topic, naming: &TopicNaming) -> String {
    let beside = topic.beside.as_deref();
    let rest = beside.and_then(|own| Some((own, topic.address.strip_prefix(own)?)));
    match rest {
        Some((own, rest)) => format!("{}{rest}", own_name(own, naming)),
        None => own_name(&topic.address, naming),
    }
}

fn own_name(address: &str, naming: &TopicNaming) -> String {
    // A pattern has no suffix, which only its `*` tells.
    let parameter = format!("{{{PARAMETER}}}");
    let name = match address.strip_suffix(&parameter) {
        Some(prefix) => {
            let own = naming.own_name(&format!("{prefix}*"));
            format!("{}{parameter}", own.trim_end_matches('*'))
        }
        None => naming.own_name(address),
    };
    name.trim_start_matches('/').to_owned()
}

fn purpose(message: &Message) -> String {
    let handler = &message.handler;
    match message.role {
        Role::Request => format!("Requests to `{handler}`."),
        Role::Reply => format!("Replies of `{handler}`."),
        Role::Error => format!("Error replies of `{handler}`."),
        Role::Retry => {
            format!(
                "Requests to `{handler}` that wait for another try; the connector alone writes and reads it."
            )
        }
        Role::DeadLetter => {
            format!(
                "Originals of failed requests to `{handler}`, with the reason in `dlq-*` headers. Records without a value that have the header `dlq-mark` say which of them were sent again."
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_are_called_the_same_in_every_environment() {
        for (prefix, suffix) in [("ai.flowx.dev.", ".v1"), ("ai.flowx.prod.", ".v2"), ("", "")] {
            let naming = TopicNaming { prefix: prefix.to_owned(), suffix: suffix.to_owned() };
            let full = format!("{prefix}plugin.a{suffix}");
            for (address, beside, called) in [
                (full.clone(), None, "plugin.a"),
                (format!("{full}.dlq"), Some(full.clone()), "plugin.a.dlq"),
                (format!("{full}.retry.30s"), Some(full.clone()), "plugin.a.retry.30s"),
                (format!("{prefix}plugin.{{topic}}"), None, "plugin.{topic}"),
                (
                    format!("{prefix}plugin.{{topic}}.dlq"),
                    Some(format!("{prefix}plugin.{{topic}}")),
                    "plugin.{topic}.dlq",
                ),
                (
                    format!("{prefix}connector.g.dead-letter{suffix}"),
                    Some(full.clone()),
                    "connector.g.dead-letter",
                ),
            ] {
                assert_eq!(title(&Topic { address, beside }, &naming), called);
            }
        }
    }
}
