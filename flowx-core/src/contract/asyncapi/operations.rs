//! Operations: what a handler does with a request, and what becomes of one that fails.

use serde_json::{Map, Value, json};

use super::channels::Channels;
use super::duration::iso8601;
use super::messages::{Role, dead_letter_address, own_address};
use super::{KAFKA_BINDING, Subject};
use crate::contract::lint::extensions;
use crate::contract::model::Contract;

/// The operation of a handler; all its messages are in the channels.
pub(super) fn operation(
    subject: &Subject<'_>,
    contract: &Contract,
    channels: &Channels<'_>,
) -> Value {
    let handler = subject.contract;
    let route = |address: &str, roles: &[Role]| {
        let messages: Vec<String> = roles.iter().map(|role| role.key(subject)).collect();
        channels.route(address, &messages)
    };
    let mut object = Map::new();
    object.insert("action".to_owned(), json!("receive"));
    object.insert("title".to_owned(), json!(title(&handler.name)));
    if !handler.summary.is_empty() {
        object.insert("summary".to_owned(), json!(handler.summary));
    }
    // A text of one paragraph is said with the summary.
    if handler.description.contains("\n\n") {
        object.insert("description".to_owned(), json!(handler.description));
    }
    if let Some(tag) = tag(contract, subject) {
        object.insert("tags".to_owned(), json!([{ "name": tag }]));
    }
    object.extend(route(&own_address(subject), &[Role::Request]).into_iter().flatten());
    let group = json!({ "type": "string", "enum": [contract.group] });
    let binding = json!({ "groupId": group, "bindingVersion": KAFKA_BINDING });
    object.insert("bindings".to_owned(), json!({ "kafka": binding }));
    let reply = handler.reply_topic.as_deref();
    if let Some(reply) = reply.and_then(|topic| route(topic, &[Role::Reply, Role::Error])) {
        object.insert("reply".to_owned(), Value::Object(reply));
    }
    object.insert("x-retry".to_owned(), retry(subject, channels));
    if let Some(dead) = route(&dead_letter_address(subject), &[Role::DeadLetter]) {
        object.insert("x-dead-letter".to_owned(), Value::Object(dead));
    }
    for (name, value) in [
        (extensions::HASH, &handler.hash),
        ("x-flowx-guarantee", &handler.guarantee),
        ("x-flowx-order", &handler.order),
    ] {
        object.insert(name.to_owned(), json!(value));
    }
    Value::Object(object)
}

/// How a request is tried where it is, and on which topics it waits after that.
fn retry(subject: &Subject<'_>, channels: &Channels<'_>) -> Value {
    let handler = subject.contract;
    let attempts = &handler.attempts;
    let mut retry = json!({
        "maxAttempts": attempts.most,
        "attemptTimeout": iso8601(attempts.timeout_ms),
        "maxDuration": iso8601(attempts.budget_ms),
    });
    let routes = handler.retry_topics.iter().filter_map(|topic| {
        let mut route = channels.route(&topic.topic, &[Role::Retry.key(subject)])?;
        route.insert("maxAttempts".to_owned(), json!(attempts.most));
        let strategy = json!({ "type": "fixed", "delay": iso8601(topic.delay_ms) });
        route.insert("strategy".to_owned(), strategy);
        Some(Value::Object(route))
    });
    let routes: Vec<Value> = routes.collect();
    if !routes.is_empty() {
        retry["routes"] = Value::Array(routes);
    }
    retry
}

/// A handler's name as words.
fn title(name: &str) -> String {
    let words = name.replace(['_', '-'], " ");
    let mut letters = words.chars();
    letters.next().map_or(words.clone(), |first| first.to_uppercase().chain(letters).collect())
}

/// What handlers of one component have in common: the topic's name before `.trigger.`.
fn tag(contract: &Contract, subject: &Subject<'_>) -> Option<String> {
    let own = contract.naming.own_name(&subject.contract.topic);
    let (component, _) = own.split_once(".trigger.")?;
    Some(component.trim_start_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_the_name_in_words() {
        for (name, words) in [("check", "Check"), ("add_fee-twice", "Add fee twice"), ("", "")] {
            assert_eq!(title(name), words);
        }
    }
}
