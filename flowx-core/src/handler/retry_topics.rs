//! The topics on which a handler's requests wait for another try, and who may have some.

use std::sync::Arc;
use std::time::Duration;

use super::bound::BoundHandler;
use super::policy::Policy;
use crate::config::delay::RetryDelay;
use crate::config::handlers::HandlerOverride;
use crate::config::order::Order;
use crate::message::topic::{LONGEST_NAME, Naming, Subscription, TopicSpec};

/// A topic on which requests of one handler wait for another try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryTopic {
    /// Its full name.
    pub topic: Arc<str>,
    /// How long a request waits on it.
    pub delay: Duration,
}

/// The retry topics of a handler, the shortest delay first.
///
/// # Errors
/// The handler cannot have any: what is wrong and what to do, to be put behind the handler's place.
pub(super) fn of(
    handler: &BoundHandler,
    set: Option<&HandlerOverride>,
    spec: &TopicSpec,
    policy: &Policy,
    naming: &Naming,
) -> Result<Vec<RetryTopic>, String> {
    let delays = match set.and_then(|set| set.retry_topics.clone()) {
        Some(delays) => delays,
        None => RetryDelay::list(handler.options.retry_topics.unwrap_or_default().iter().copied())
            .map_err(|expected| format!("`retry_topics` must be {expected}"))?,
    };
    if delays.is_empty() {
        return Ok(Vec::new());
    }
    if policy.order != Order::Unordered {
        return Err(format!(
            "it has retry topics and runs its requests in order (`{}`), but what waits on a retry topic is overtaken; set its order to `unordered`, or leave the retry topics out",
            policy.order
        ));
    }
    let topic = match naming.subscription(spec) {
        Subscription::Exact(topic) => topic,
        pattern @ Subscription::Prefix(_) => {
            return Err(format!(
                "it reads the pattern `{pattern}`, which cannot have retry topics: each topic would need its own; leave them out, or name one topic"
            ));
        }
    };
    let place = |delay: &RetryDelay| {
        let name = naming.retry(&topic, &delay.to_string());
        if naming.is_read_by_the_platform(&name) {
            return Err(format!(
                "its retry topic `{name}` would be read by the engine; leave the retry topics out, or read another topic"
            ));
        }
        if name.len() > LONGEST_NAME {
            return Err(format!(
                "its retry topic `{name}` is longer than {LONGEST_NAME} characters, Kafka's limit; shorten its topic"
            ));
        }
        Ok(RetryTopic { topic: name, delay: delay.duration() })
    };
    delays.iter().map(place).collect()
}
