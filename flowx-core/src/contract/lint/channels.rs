//! Channels: topics that Kafka takes, each described once.

use serde_json::Value;

use super::document::{Document, Part};
use super::{Finding, pointer};
use crate::message::topic::TopicSpec;

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    let channels = document.channels();
    for channel in &channels {
        if let Some(address) = address(channel) {
            check_name(channel, address, findings);
            check_parameters(channel, address, findings);
            check_binding(channel, address, findings);
        }
    }
    check_doubles(document, &document.entries("/channels"), findings);
}

/// The address, if there is one to look at: a reply may have one that shows only in a request.
fn address<'d>(channel: &Part<'d>) -> Option<&'d str> {
    channel.value.get("address")?.as_str()
}

fn check_name(channel: &Part<'_>, address: &str, findings: &mut Vec<Finding>) {
    let (name, _) = without_parameters(address);
    // A `/` or `*` has a meaning to a handler, and none to Kafka.
    let parsed = TopicSpec::parse(&name).map_err(|error| error.to_string());
    let problem = match parsed {
        Ok(_) if !name.contains(['/', '*']) => return,
        Ok(_) => "Kafka allows letters, digits, `.`, `_` and `-`".to_owned(),
        Err(problem) => problem,
    };
    findings.push(Finding::new(
        pointer::join(&channel.path, "address"),
        "topic-name",
        format!("`{address}` is not the name of a Kafka topic: {problem}"),
    ));
}

fn check_parameters(channel: &Part<'_>, address: &str, findings: &mut Vec<Finding>) {
    let (_, used) = without_parameters(address);
    let described = channel.value.get("parameters").and_then(Value::as_object);
    let described: Vec<&str> = described.into_iter().flatten().map(|(name, _)| &**name).collect();
    for name in used.iter().filter(|name| !described.contains(name)) {
        findings.push(Finding::new(
            pointer::join(&channel.path, "address"),
            "address-parameter",
            format!("nothing says what `{{{name}}}` stands for; describe it under `parameters`"),
        ));
    }
    for name in described.iter().filter(|name| !used.contains(name)) {
        findings.push(Finding::new(
            pointer::join(&pointer::join(&channel.path, "parameters"), name),
            "address-parameter",
            format!("there is no `{{{name}}}` in `{address}`; remove the parameter"),
        ));
    }
}

fn check_binding(channel: &Part<'_>, address: &str, findings: &mut Vec<Finding>) {
    let bound = channel.value.pointer("/bindings/kafka/topic").and_then(Value::as_str);
    if let Some(topic) = bound.filter(|topic| *topic != address) {
        findings.push(Finding::new(
            format!("{}/bindings/kafka/topic", channel.path),
            "topic-binding",
            format!("the topic `{topic}` is not the address `{address}`; name one of them in both"),
        ));
    }
}

fn check_doubles(document: &Document<'_>, channels: &[Part<'_>], findings: &mut Vec<Finding>) {
    for (index, channel) in channels.iter().enumerate() {
        let Some(own) = address(channel) else { continue };
        let same = |other: &&Part<'_>| {
            address(other) == Some(own) && share_a_server(document, channel.value, other.value)
        };
        if let Some(first) = channels[..index].iter().find(same) {
            findings.push(Finding::new(
                pointer::join(&channel.path, "address"),
                "address-twice",
                format!(
                    "`{own}` is the address of channel `{}` too; make one channel of both, with the messages of both",
                    first.name
                ),
            ));
        }
    }
}

fn share_a_server(document: &Document<'_>, one: &Value, other: &Value) -> bool {
    match (document.servers_of(one), document.servers_of(other)) {
        (Some(one), Some(other)) => one.intersection(&other).next().is_some(),
        _ => true,
    }
}

/// An address with a legal letter in place of each parameter, and the names of these.
fn without_parameters(address: &str) -> (String, Vec<&str>) {
    let mut name = String::new();
    let mut parameters = Vec::new();
    let mut rest = address;
    while let Some((before, after)) = rest.split_once('{') {
        let Some((parameter, after)) = after.split_once('}') else { break };
        name.push_str(before);
        name.push('x');
        parameters.push(parameter);
        rest = after;
    }
    name.push_str(rest);
    (name, parameters)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_taken_out_of_an_address() {
        for (address, name, parameters) in [
            ("a.b", "a.b", vec![]),
            ("a.{topic}", "a.x", vec!["topic"]),
            ("{a}.{b}.c", "x.x.c", vec!["a", "b"]),
            ("a.{b", "a.{b", vec![]),
        ] {
            assert_eq!(without_parameters(address), (name.to_owned(), parameters));
        }
    }
}
