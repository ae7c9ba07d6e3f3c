//! Where a process sends a request and receives the reply.

use serde::{Deserialize, Serialize};

use super::names::identifier;
use crate::contract::model::{HandlerContract, TopicNaming};

/// The configuration parameter that stands for what is in front of a topic's own name.
const PREFIX: &str = "flowx_topic_prefix";
/// The configuration parameter that stands for what is behind it.
const SUFFIX: &str = "flowx_topic_suffix";

/// Time that a reply may be on its way, beyond that of all attempts, in milliseconds.
const MARGIN_MS: u64 = 30_000;

/// A topic as a designer may write it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Topics {
    /// Its full name in this environment; a pattern ends in `*`.
    pub name: String,
    /// Its name in all environments, with configuration parameters for what differs; null where the
    /// name is the same everywhere.
    pub parameter: Option<String>,
    /// What must be known before it can be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// The data stream of the node that waits for the reply.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Receive {
    /// The topic of the data stream.
    pub topic: Topics,
    /// The key of process data under which the engine stores the reply.
    pub key_name: String,
    /// After this time no reply comes any more: an ISO 8601 duration.
    pub response_timeout: String,
}

/// A configuration parameter of the project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its key.
    pub name: String,
    /// Its value in this environment.
    pub value: String,
    /// What it stands for.
    pub description: String,
}

/// The topic to which requests of a handler are sent.
pub(super) fn send(handler: &HandlerContract, naming: &TopicNaming) -> Topics {
    let note = handler.topic.strip_suffix('*').map(|prefix| {
        format!(
            "This is a pattern, and an action sends to a topic: choose one whose name begins with `{prefix}`."
        )
    });
    Topics { note, ..topics(&handler.topic, naming) }
}

/// The data stream on which a handler's replies come; `None` if none does.
pub(super) fn receive(handler: &HandlerContract, naming: &TopicNaming) -> Option<Receive> {
    let topic = handler.reply_topic.as_deref()?;
    Some(Receive {
        topic: topics(topic, naming),
        key_name: format!("{}Reply", identifier(&handler.name)),
        response_timeout: iso_8601(longest_wait(handler)),
    })
}

/// The configuration parameters that these topics use.
pub(super) fn parameters(topics: &[&Topics], naming: &TopicNaming) -> Vec<Parameter> {
    let all = [
        (PREFIX, &naming.prefix, "What stands in front of every topic of an environment."),
        (SUFFIX, &naming.suffix, "What stands behind every topic of an environment."),
    ];
    let used = |name: &str| {
        let placeholder = format!("${{{name}}}");
        topics
            .iter()
            .filter_map(|topic| topic.parameter.as_ref())
            .any(|topic| topic.contains(&placeholder))
    };
    all.into_iter()
        .filter(|(name, ..)| used(name))
        .map(|(name, value, description)| Parameter {
            name: name.to_owned(),
            value: value.clone(),
            description: description.to_owned(),
        })
        .collect()
}

fn topics(name: &str, naming: &TopicNaming) -> Topics {
    let own = naming.own_name(name);
    let parameter = (!own.starts_with('/')).then(|| {
        // A pattern has no suffix.
        let suffix = if own.ends_with('*') { String::new() } else { format!("${{{SUFFIX}}}") };
        format!("${{{PREFIX}}}{own}{suffix}")
    });
    Topics { name: name.to_owned(), parameter, note: None }
}

/// Milliseconds until the last word on a request: all attempts, and on each retry topic the wait and
/// as many attempts again.
fn longest_wait(handler: &HandlerContract) -> u64 {
    let budget = handler.attempts.budget_ms;
    let retries = handler.retry_topics.iter();
    let waits = retries.map(|retry| retry.delay_ms.saturating_add(budget));
    waits.fold(budget.saturating_add(MARGIN_MS), u64::saturating_add)
}

/// A duration as timer expressions of the platform are written; parts of a second count whole.
fn iso_8601(milliseconds: u64) -> String {
    let seconds = milliseconds.div_ceil(1_000);
    let parts = [(seconds / 3_600, 'H'), (seconds / 60 % 60, 'M'), (seconds % 60, 'S')];
    let told: String = parts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, unit)| format!("{count}{unit}"))
        .collect();
    format!("PT{}", if told.is_empty() { "0S" } else { &told })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_the_platform_reads_them() {
        for (milliseconds, expected) in [
            (150_000, "PT2M30S"),
            (30_000, "PT30S"),
            (1, "PT1S"),
            (3_600_000, "PT1H"),
            (90_061_001, "PT25H1M2S"),
            (0, "PT0S"),
        ] {
            assert_eq!(iso_8601(milliseconds), expected);
        }
    }

    #[test]
    fn a_topic_outside_of_the_naming_scheme_is_the_same_everywhere() {
        let naming = TopicNaming { prefix: "ai.flowx.dev.".into(), suffix: ".v1".into() };
        let parameter = |name: &str| topics(name, &naming).parameter;
        assert_eq!(
            parameter("ai.flowx.dev.plugin.a.trigger.b.v1").as_deref(),
            Some("${flowx_topic_prefix}plugin.a.trigger.b${flowx_topic_suffix}")
        );
        assert_eq!(parameter("ai.flowx.dev.a.*").as_deref(), Some("${flowx_topic_prefix}a.*"));
        assert_eq!(parameter("legacy.in"), None);
    }
}
