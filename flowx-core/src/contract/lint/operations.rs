//! Operations: their messages are those of their channels.

use serde_json::Value;

use super::document::{Document, Part, member};
use super::{Finding, pointer};

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for operation in document.operations() {
        check_route(document, &operation, "operation-message", findings);
        if let Some(reply) = member(&operation, "reply") {
            check_route(document, &reply, "reply-message", findings);
            check_reply_address(document, &reply, findings);
        }
        for route in recovery_routes(&operation) {
            check_route(document, &route, "route-message", findings);
        }
    }
    for part in document.bound_schemas() {
        if !part.value.is_object() {
            findings.push(Finding::new(
                part.path,
                "binding-schema",
                format!(
                    "`{}` is a schema, not a value; write {{\"type\": \"string\", \"enum\": [{}]}}",
                    part.name, part.value
                ),
            ));
        }
    }
}

/// Where requests go whose handling failed: channels and messages as in a reply.
fn recovery_routes<'d>(operation: &Part<'d>) -> Vec<Part<'d>> {
    let mut routes: Vec<Part<'d>> = member(operation, "x-dead-letter").into_iter().collect();
    let retry = member(operation, "x-retry");
    let topics = retry.as_ref().and_then(|retry| member(retry, "routes"));
    routes.extend(retry);
    let topics = topics.map(|topics| (topics.path, topics.value.as_array()));
    if let Some((path, Some(list))) = topics {
        routes.extend(list.iter().enumerate().map(|(index, value)| Part {
            name: "routes",
            path: pointer::join(&path, &index.to_string()),
            value,
        }));
    }
    routes
}

/// A channel by reference, and messages of that channel.
fn check_route(
    document: &Document<'_>,
    route: &Part<'_>,
    rule: &'static str,
    findings: &mut Vec<Finding>,
) {
    let Some(channel) = route.value.get("channel") else { return };
    let in_components = route.path.starts_with("/components/");
    let reference = pointer::reference(channel);
    let Some(channel) = reference.filter(|it| in_components || it.starts_with("#/channels/"))
    else {
        findings.push(Finding::new(
            pointer::join(&route.path, "channel"),
            "operation-channel",
            "a channel is named by a reference into `#/channels/`",
        ));
        return;
    };
    let messages = route.value.get("messages").and_then(Value::as_array);
    for (index, message) in messages.into_iter().flatten().enumerate() {
        let own = pointer::reference(message).is_some_and(|message| is_of(message, channel));
        if !own {
            let written = pointer::reference(message).unwrap_or("no reference");
            findings.push(Finding::new(
                pointer::join(&pointer::join(&route.path, "messages"), &index.to_string()),
                rule,
                format!(
                    "`{written}` is no message of the channel; refer to one of `{channel}/messages/`{}",
                    theirs(document, channel)
                ),
            ));
        }
    }
}

fn is_of(message: &str, channel: &str) -> bool {
    let name = message.strip_prefix(channel).and_then(|rest| rest.strip_prefix("/messages/"));
    name.is_some_and(|name| !name.is_empty() && !name.contains('/'))
}

/// The names of the messages that a channel has.
fn theirs(document: &Document<'_>, channel: &str) -> String {
    let channel = pointer::target(document.root, channel);
    let messages = channel.and_then(|channel| channel.get("messages")?.as_object());
    let names: Vec<&str> = messages.into_iter().flatten().map(|(name, _)| &**name).collect();
    if names.is_empty() { String::new() } else { format!(": `{}`", names.join("`, `")) }
}

fn check_reply_address(document: &Document<'_>, reply: &Part<'_>, findings: &mut Vec<Finding>) {
    let Some(address) = member(reply, "address") else { return };
    let channel = reply.value.get("channel").and_then(|channel| document.resolved(channel));
    let fixed = channel.and_then(|channel| channel.get("address")).and_then(Value::as_str);
    if let Some(fixed) = fixed {
        findings.push(Finding::new(
            address.path,
            "reply-address",
            format!(
                "the channel has the address `{fixed}`, so a request cannot name another; remove this, or make the channel's address null"
            ),
        ));
    }
}
