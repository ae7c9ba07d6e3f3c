//! Everything that others may rely on, as one document.
//!
//! It is what `contract show` writes and what two releases are compared by; the AsyncAPI document, the
//! designer's artefacts and the catalog are made from it.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::hash;
use super::schema::error_schema;
use super::table::GUARANTEE;
use crate::handler::codes::{Code, OWN_CODES};
use crate::handler::registry::{Registry, Route};
use crate::handler::schema::Draft;
use crate::message::topic::Subscription;

/// The form of the document that this version writes and reads.
pub const FORMAT: u32 = 1;

/// What a connector promises to processes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Contract {
    /// The form of this document, see [`FORMAT`].
    pub flowx_contract: u32,
    /// The consumer group, by which a connector is known.
    pub group: String,
    /// What stands in front of and behind the topics of this environment.
    pub naming: TopicNaming,
    /// Name of the field that holds the text of an error reply, and null on success.
    pub error_field: String,
    /// The handlers, by topic.
    pub handlers: Vec<HandlerContract>,
}

/// What stands in front of and behind a topic's own name in one environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TopicNaming {
    /// For example `ai.flowx.dev.`.
    pub prefix: String,
    /// For example `.v1`.
    pub suffix: String,
}

/// What one handler promises.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HandlerContract {
    /// Its name, unique in the connector.
    pub name: String,
    /// The first paragraph of its documentation; empty if there is none.
    pub summary: String,
    /// Its documentation, in Markdown; empty if there is none.
    pub description: String,
    /// Changes when and only when something changes that a process could notice: not with texts,
    /// examples or the environment.
    pub hash: String,
    /// The topic that it reads, by its full name; a pattern ends in `*`.
    pub topic: String,
    /// Where it answers; `None` if it sends nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_topic: Option<String>,
    /// Where a request waits whose attempts are used up, the shortest delay first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub retry_topics: Vec<RetryTopicContract>,
    /// Where the originals of failed requests are put aside; for a pattern, those of a topic
    /// `<topic>` that it matches.
    pub dead_letter_topic: String,
    /// `at least once`.
    pub guarantee: String,
    /// What runs one after another: `key`, `partition` or `unordered`.
    pub order: String,
    /// How it is tried.
    pub attempts: Attempts,
    /// JSON Schema (2020-12) of the request, as it is accepted.
    pub request: Value,
    /// JSON Schema (2020-12) of a successful reply, as it is sent; `None` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<Value>,
    /// JSON Schema (2020-12) of an error reply; `None` if nothing is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Value>,
    /// The codes that an error reply may carry: the handler's own first.
    pub codes: Vec<CodeContract>,
    /// Whether there may be codes that are not listed.
    #[serde(default)]
    pub codes_open: bool,
    /// Requests that it is shown with, each valid.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
}

/// A topic on which requests wait for another try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RetryTopicContract {
    /// Its full name.
    pub topic: String,
    /// How long a request waits on it, in milliseconds.
    pub delay_ms: u64,
}

/// How often and for how long a request is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempts {
    /// Attempts in all; on each retry topic as many again.
    pub most: u32,
    /// The longest one may run, in milliseconds.
    pub timeout_ms: u64,
    /// Time for all attempts and waits, in milliseconds; on each retry topic as much again.
    pub budget_ms: u64,
}

/// A code of error replies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CodeContract {
    /// What a gateway branches on.
    pub code: String,
    /// What it means; empty if nobody said.
    pub description: String,
    /// Whether it is one of flowx's own, which every handler may send.
    #[serde(default)]
    pub own: bool,
}

/// What the settings of a connector add to its handlers.
#[derive(Clone, Copy, Debug)]
pub struct Terms<'a> {
    /// The consumer group.
    pub group: &'a str,
    /// Name of the text's field in error replies.
    pub error_field: &'a str,
    /// Attempts in all, where a handler does not say.
    pub attempts: u32,
    /// Time for all attempts and waits.
    pub budget: Duration,
}

impl Contract {
    /// The contract of these handlers.
    #[must_use]
    pub fn of(registry: &Registry, terms: &Terms<'_>) -> Self {
        let naming = registry.naming();
        Self {
            flowx_contract: FORMAT,
            group: terms.group.to_owned(),
            naming: TopicNaming { prefix: naming.prefix.clone(), suffix: naming.suffix.clone() },
            error_field: terms.error_field.to_owned(),
            handlers: registry.routes().map(|route| handler(route, registry, terms)).collect(),
        }
    }

    /// A handler by its name.
    #[must_use]
    pub fn handler(&self, name: &str) -> Option<&HandlerContract> {
        self.handlers.iter().find(|handler| handler.name == name)
    }
}

impl TopicNaming {
    /// A topic's own name, as it stands between prefix and suffix; the whole of it, behind a `/`, if
    /// it does not stand between them.
    ///
    /// ```
    /// use flowx_core::contract::model::TopicNaming;
    ///
    /// let naming = TopicNaming { prefix: "ai.flowx.dev.".into(), suffix: ".v1".into() };
    /// assert_eq!(naming.own_name("ai.flowx.dev.plugin.credit.v1"), "plugin.credit");
    /// assert_eq!(naming.own_name("ai.flowx.dev.plugin.*"), "plugin.*");
    /// assert_eq!(naming.own_name("legacy.in"), "/legacy.in");
    /// ```
    #[must_use]
    pub fn own_name(&self, topic: &str) -> String {
        let rest = topic.strip_prefix(self.prefix.as_str());
        let own = match rest {
            // A pattern has no suffix.
            Some(rest) if rest.ends_with('*') => Some(rest),
            Some(rest) => rest.strip_suffix(self.suffix.as_str()),
            None => None,
        };
        own.map_or_else(|| format!("/{topic}"), str::to_owned)
    }
}

fn handler(route: &Route, registry: &Registry, terms: &Terms<'_>) -> HandlerContract {
    let bound = &route.handler;
    let naming = registry.naming();
    let topic = route.subscription.to_string();
    let read = match &route.subscription {
        Subscription::Exact(topic) => topic.to_string(),
        Subscription::Prefix(prefix) => format!("{prefix}<topic>"),
    };
    let code = |code: &Code, own: bool| CodeContract {
        code: code.code.to_owned(),
        description: code.docs.summary(),
        own,
    };
    let own_codes = OWN_CODES.iter().map(|own| code(own, true));
    let codes = bound.codes.iter().map(|theirs| code(theirs, false)).chain(own_codes);
    let sends = route.reply.is_some();
    let draft = Draft::Draft202012;
    let mut contract = HandlerContract {
        name: bound.name.to_owned(),
        summary: bound.docs.summary(),
        description: bound.docs.text(),
        hash: String::new(),
        topic,
        reply_topic: route.reply.as_deref().map(str::to_owned),
        retry_topics: route
            .retry_topics
            .iter()
            .map(|retry| RetryTopicContract {
                topic: retry.topic.to_string(),
                delay_ms: millis(retry.delay),
            })
            .collect(),
        dead_letter_topic: naming.dead_letter(&read, terms.group).to_string(),
        guarantee: GUARANTEE.to_owned(),
        order: route.policy.order.to_string(),
        attempts: Attempts {
            most: route.policy.attempts.unwrap_or(terms.attempts),
            timeout_ms: millis(route.policy.timeout),
            budget_ms: millis(terms.budget),
        },
        request: bound.request_schema(draft),
        reply: bound.reply_schema(draft),
        error: sends.then(|| error_schema(bound, terms.error_field, draft)),
        codes: if sends { codes.collect() } else { Vec::new() },
        codes_open: sends && bound.codes.is_open(),
        examples: bound.examples().to_vec(),
    };
    let naming = TopicNaming { prefix: naming.prefix.clone(), suffix: naming.suffix.clone() };
    contract.hash = hash::of(&contract, &naming);
    contract
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
