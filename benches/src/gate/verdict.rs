//! What came of reading everything again.

use serde::{Deserialize, Serialize};

use crate::contender::Order;

/// Counts, most of which should be zero.
#[derive(Clone, Debug, Default, Deserialize, Serialize, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// In the topic.
    pub(crate) requests: u64,
    /// Different ones that have a reply.
    pub(crate) answered: u64,
    pub(crate) replies: u64,
    /// Further replies to a request that has one.
    pub(crate) duplicates: u64,
    /// Below the committed offset, without a reply: nobody will answer them any more.
    pub(crate) lost: u64,
    pub(crate) first_lost: Option<u64>,
    /// Answered, and at or behind the committed offset: they would be answered again.
    pub(crate) uncommitted: u64,
    /// Replies to nothing that was asked.
    pub(crate) foreign: u64,
    /// Replies whose content is not that of the request.
    pub(crate) wrong: u64,
    /// Replies without the headers of the request.
    pub(crate) headers: u64,
    /// Replies with another key.
    pub(crate) keys: u64,
    /// Replies that came before that to an earlier request of the same process instance, or into
    /// another partition.
    pub(crate) disordered: u64,
}

impl Verdict {
    /// Whether every request has its reply.
    pub(crate) fn is_complete(&self) -> bool {
        self.answered == self.requests
    }

    /// What keeps the figures of this run from counting, each in words.
    pub(crate) fn violations(&self, order: Order) -> Vec<String> {
        let mut found = Vec::new();
        let mut say = |count: u64, what: &str| {
            if count > 0 {
                found.push(format!("{count} {what}"));
            }
        };
        say(self.lost, "requests lost: their offsets are committed, and they have no reply");
        if self.is_complete() {
            say(self.uncommitted, "requests answered and not committed at the end");
        }
        say(self.foreign, "replies to nothing that was asked");
        say(self.wrong, "replies with the wrong content");
        say(self.headers, "replies without all headers of the request");
        say(self.keys, "replies with another key");
        if order != Order::None {
            say(self.disordered, "replies out of the order of their key");
        }
        if self.answered == 0 {
            found.push("nothing was answered".to_owned());
        }
        found
    }
}
