//! What `health` is made of, besides the user's own checks.

use serde_json::{Map, Value, json};

use crate::contract::model::Contract;
use crate::runtime::port::ClientView;
use crate::runtime::status::{PartitionView, Status};

/// How a part is, from good to bad; all are as bad as the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Word {
    Unknown,
    Up,
    OutOfService,
    Down,
}

impl Word {
    pub(super) fn text(self) -> &'static str {
        match self {
            Self::Unknown => "UNKNOWN",
            Self::Up => "UP",
            Self::OutOfService => "OUT_OF_SERVICE",
            Self::Down => "DOWN",
        }
    }

    pub(super) fn is_good(self) -> bool {
        self <= Self::Up
    }
}

/// One part, with what there is to say of it.
#[derive(Debug)]
pub(super) struct Component {
    pub(super) word: Word,
    /// Null if there is nothing.
    pub(super) details: Value,
}

impl Component {
    pub(super) fn json(self) -> Value {
        match self.details {
            Value::Null => json!({ "status": self.word.text() }),
            details => json!({ "status": self.word.text(), "details": details }),
        }
    }
}

/// The two clients: whether there is a broker for them.
pub(super) fn kafka(status: &Status) -> Component {
    let (consumer, producer) = status.clients();
    let brokers = producer.as_ref().and_then(|producer| producer.brokers);
    let is_refused = |client: &Option<ClientView>| {
        client.as_ref().is_some_and(|client| !client.refused.is_empty())
    };
    let word = match brokers {
        _ if is_refused(&consumer) || is_refused(&producer) => Word::Down,
        None => Word::Unknown,
        Some(brokers) if brokers.up == 0 => Word::Down,
        Some(_) => Word::Up,
    };
    let mut details = Map::new();
    for (name, client) in [("consumer", consumer), ("producer", producer)] {
        if let Some(client) = client {
            details.insert(name.to_owned(), one_client(&client));
        }
    }
    Component { word, details: details.into() }
}

fn one_client(client: &ClientView) -> Value {
    let mut told = json!({ "initialised": client.initialised });
    if let Some(brokers) = client.brokers {
        told["brokersUp"] = brokers.up.into();
        told["brokersKnown"] = brokers.known.into();
    }
    if let Some((what, ago)) = &client.last_error {
        told["lastError"] = what.as_str().into();
        told["lastErrorSecondsAgo"] = ago.as_secs().into();
    }
    if !client.refused.is_empty() {
        told["refused"] = client.refused.as_slice().into();
    }
    told
}

/// The topics of every handler, as the platform's own services tell theirs.
pub(super) fn topics(contract: &Contract) -> Component {
    let handlers = contract.handlers.iter().map(|handler| {
        let retries: Vec<&str> =
            handler.retry_topics.iter().map(|retry| retry.topic.as_str()).collect();
        let mut topics =
            json!({ "request": handler.topic, "deadLetter": handler.dead_letter_topic });
        if let Some(reply) = &handler.reply_topic {
            topics["reply"] = reply.as_str().into();
        }
        if !retries.is_empty() {
            topics["retry"] = retries.into();
        }
        (handler.name.clone(), topics)
    });
    let topics: Map<String, Value> = handlers.collect();
    Component { word: Word::Up, details: json!({ "configuration": { "topic": topics } }) }
}

/// Every partition that the connector has: how far it is, and why it is not read.
pub(super) fn partitions(status: &Status) -> Component {
    let all = status.partitions();
    let is_trouble = |one: &PartitionView| one.hold.as_ref().is_some_and(|hold| hold.is_trouble());
    let word = if all.iter().any(is_trouble) { Word::Down } else { Word::Up };
    let details: Map<String, Value> = all.iter().map(one_partition).collect();
    Component { word, details: details.into() }
}

fn one_partition(one: &PartitionView) -> (String, Value) {
    let oldest = one.oldest.unwrap_or_default();
    let mut told = json!({
        "handler": one.handler,
        "position": one.position,
        "lag": one.lag,
        "unfinished": one.unfinished,
        "oldestUnfinishedSeconds": oldest.as_millis() as f64 / 1000.0,
        "paused": one.hold.is_some(),
    });
    if let Some(hold) = &one.hold {
        told["why"] = hold.to_string().into();
    }
    (format!("{}[{}]", one.topic, one.partition), told)
}

/// The handlers, and which of them an operator has paused.
pub(super) fn handlers(status: &Status) -> Component {
    Component { word: Word::Up, details: all_handlers(status).into() }
}

/// Every handler by name.
pub(super) fn all_handlers(status: &Status) -> Map<String, Value> {
    let all = status.handlers().into_iter().map(|handler| {
        let state = if handler.paused { "paused" } else { "running" };
        (handler.name.to_owned(), json!({ "state": state, "inFlight": handler.in_flight }))
    });
    all.collect()
}
