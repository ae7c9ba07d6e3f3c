//! What is set for single handlers.

use std::collections::BTreeMap;
use std::time::Duration;

use super::delay::RetryDelay;
use super::order::Order;
use super::values::{Read, Show, Shown, delays, duration, number, some, verbatim, word};

/// What is set for single handlers in place of what stands in the source.
///
/// A handler's name is compared in capitals and with `_` for everything that is no letter or digit,
/// as it stands in a variable: `CREDIT_CHECK` sets `credit-check`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandlerOverrides(BTreeMap<String, HandlerOverride>);

/// What is set for one handler; `None` is not set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandlerOverride {
    /// The topic that it reads, written as in the attribute.
    pub topic: Option<String>,
    /// The topic that it answers on, written as in the attribute.
    pub reply: Option<String>,
    /// Requests at work at once.
    pub concurrency: Option<usize>,
    /// What runs one after another.
    pub order: Option<Order>,
    /// The longest one attempt may run.
    pub timeout: Option<Duration>,
    /// Attempts at a request in all.
    pub attempts: Option<u32>,
    /// Delays of its retry topics, each longer than the one before it; empty for none.
    pub retry_topics: Option<Vec<RetryDelay>>,
}

impl HandlerOverrides {
    /// What is set for a handler, to be changed.
    pub fn entry(&mut self, handler: &str) -> &mut HandlerOverride {
        self.0.entry(variable_part(handler)).or_default()
    }

    /// What is set, by handler in capitals.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &HandlerOverride)> {
        self.0.iter().map(|(name, set)| (name.as_str(), set))
    }

    /// What is set for a handler.
    #[must_use]
    pub fn get(&self, handler: &str) -> Option<&HandlerOverride> {
        self.0.get(&variable_part(handler))
    }

    /// The names that belong to none of these handlers.
    pub fn unknown(&self, handlers: &[&str]) -> impl Iterator<Item = &str> {
        let known: Vec<String> = handlers.iter().map(|name| variable_part(name)).collect();
        self.0.keys().filter(move |name| !known.contains(name)).map(String::as_str)
    }
}

/// A handler's name as it stands in a variable.
pub(super) fn variable_part(handler: &str) -> String {
    let part = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
    handler.chars().map(part).collect()
}

/// One thing that can be set for a single handler.
#[derive(Debug)]
pub struct Part {
    /// Its name in the file, behind the handler's.
    pub path: &'static str,
    /// The end of its variable.
    pub name: &'static str,
    /// Whether a file may hold several values, and none of them means none.
    pub list: bool,
    pub(super) set: fn(&mut HandlerOverride, &str) -> Read,
    pub(super) show: fn(&HandlerOverride) -> Shown,
}

impl Part {
    const fn list(self) -> Self {
        Self { list: true, ..self }
    }
}

macro_rules! part {
    ($path:literal, $name:literal, $field:ident, $read:expr) => {
        Part {
            path: $path,
            name: $name,
            list: false,
            set: |of, value| $read(&mut of.$field, value),
            show: |of| of.$field.shown(),
        }
    };
}

/// What can be set for a single handler.
pub const PARTS: &[Part] = &[
    part!("topic", "TOPIC", topic, some(verbatim)),
    part!("reply", "REPLY", reply, some(verbatim)),
    part!("concurrency", "CONCURRENCY", concurrency, some(number(1..=1_000_000, "requests"))),
    part!("order", "ORDER", order, some(word)),
    part!("timeout", "TIMEOUT", timeout, some(duration)),
    part!("attempts", "ATTEMPTS", attempts, some(number(1..=1_000, "attempts"))),
    part!("retry_topics", "RETRY_TOPICS", retry_topics, some(delays)).list(),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn single_handlers_can_be_set() {
        let settings = Settings::read([
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TOPIC", "credit.in"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_REPLY", "/credit.out"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_CONCURRENCY", "8"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_ORDER", "unordered"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_TIMEOUT", "5s"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_ATTEMPTS", "1"),
            ("FLOWX_CONNECTOR_HANDLER_CREDIT_CHECK_RETRY_TOPICS", "30s, 5m"),
            ("FLOWX_CONNECTOR_HANDLER_AUDIT_RETRY_TOPICS", ""),
        ])
        .unwrap();
        let expected = HandlerOverride {
            topic: Some("credit.in".to_owned()),
            reply: Some("/credit.out".to_owned()),
            concurrency: Some(8),
            order: Some(Order::Unordered),
            timeout: Some(Duration::from_secs(5)),
            attempts: Some(1),
            retry_topics: RetryDelay::list(["30s", "5m"]).ok(),
        };
        assert_eq!(settings.handlers.get("credit-check"), Some(&expected));
        assert_eq!(settings.handlers.get("credit"), None);
        let audit = settings.handlers.get("audit").unwrap();
        assert_eq!(audit.retry_topics, Some(Vec::new()), "empty means none");
    }
}
