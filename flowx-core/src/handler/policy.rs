//! How a handler is run: what the configuration says, else the attribute, else the default.

use std::time::Duration;

use super::entry::Options;
use crate::config::handlers::HandlerOverride;
use crate::config::order::Order;

/// How many requests of a handler run at once, in which order, for how long and how often each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Requests at work at once in this process; default 256.
    pub concurrency: usize,
    /// What runs one after another; default by key.
    pub order: Order,
    /// The longest one attempt may run; default 30 s.
    pub timeout: Duration,
    /// Attempts at a request in all, in place of the connector's.
    pub attempts: Option<u32>,
    /// Whether it runs on a thread of its own; default false.
    pub blocking: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            concurrency: 256,
            order: Order::default(),
            timeout: Duration::from_secs(30),
            attempts: None,
            blocking: false,
        }
    }
}

impl Policy {
    /// This policy, but for what a handler's attribute and its own configuration say.
    #[must_use]
    pub fn of_handler(&self, options: &Options, set: Option<&HandlerOverride>) -> Self {
        let in_source = |value: Option<u32>| value.map(|value| value.max(1) as usize);
        let set = set.cloned().unwrap_or_default();
        Self {
            concurrency: set
                .concurrency
                .or(in_source(options.concurrency))
                .unwrap_or(self.concurrency),
            order: set.order.or(options.order).unwrap_or(self.order),
            timeout: set.timeout.or(options.timeout).unwrap_or(self.timeout),
            attempts: set.attempts.or(options.attempts).or(self.attempts),
            blocking: options.blocking.unwrap_or(self.blocking),
        }
    }
}
