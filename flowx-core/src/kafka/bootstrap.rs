//! Names its bootstrap servers to a client again when it has lost all of its brokers.
//!
//! A broker that has just come back may answer with topics, but without any broker: so does Apache Kafka
//! between the end of a pause and the next heartbeat to its controller. librdkafka then lets go of all
//! brokers that it knows, and the same answer cancels the bootstrap that should follow, for good
//! (librdkafka #5301; open in 2.15.0). To such a client every broker is gone until somebody names one.

use std::ffi::CString;
use std::time::{Duration, Instant};

use rdkafka::client::{Client, ClientContext};

use super::ffi;

/// After which time without any broker they are named first; twice as long after the first time, and so
/// on.
const FIRST: Duration = Duration::from_secs(1);

/// How often they are named, in half a minute; a client that says again that all brokers are gone has
/// them named as often again. librdkafka keeps what it was told, so this is not done all the time.
const TIMES: u32 = 5;

/// When one client is to be told its bootstrap servers again.
pub(super) struct Bootstrap {
    servers: CString,
    next: Option<Instant>,
    wait: Duration,
    left: u32,
    /// All brokers were lost again while they were named.
    again: bool,
}

impl Bootstrap {
    /// `servers` are `host:port`, separated by commas.
    pub(super) fn new(servers: &str) -> Self {
        // A zero byte is in no host's name: what is behind one cannot be reached anyway.
        let servers = CString::new(servers).unwrap_or_default();
        Self { servers, next: None, wait: FIRST, left: 0, again: false }
    }

    /// The client says that all of its brokers are down.
    pub(super) fn lost_all(&mut self, now: Instant) {
        if self.next.is_some() {
            self.again = true;
            return;
        }
        (self.wait, self.left, self.again) = (FIRST, TIMES, false);
        self.next = Some(now + self.wait);
    }

    /// When [`step`](Self::step) has something to do; `None` if nothing is known to be wrong.
    pub(super) fn next(&self) -> Option<Instant> {
        self.next
    }

    /// Names the servers if it is time to. Those that the client knows are not added twice, and it lets go
    /// of them by itself when it has learned of others. Never waits.
    pub(super) fn step<C: ClientContext>(&mut self, client: &Client<C>, now: Instant) {
        if self.is_due(now) {
            ffi::add_brokers(client, &self.servers);
        }
    }

    fn is_due(&mut self, now: Instant) -> bool {
        if self.next.is_none_or(|next| now < next) {
            return false;
        }
        self.left -= 1;
        self.wait *= 2;
        self.next = (self.left > 0).then(|| now + self.wait);
        if self.next.is_none() && self.again {
            self.lost_all(now);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seconds at which they are named within `seconds`, if all brokers are lost at those of `lost`.
    fn named(lost: &[u64], seconds: u64) -> Vec<u64> {
        let begin = Instant::now();
        let mut bootstrap = Bootstrap::new("broker:9092");
        let mut named = Vec::new();
        for second in 0..seconds {
            let now = begin + Duration::from_secs(second);
            if lost.contains(&second) {
                bootstrap.lost_all(now);
            }
            if bootstrap.is_due(now) {
                named.push(second);
            }
        }
        named
    }

    #[test]
    fn a_client_with_brokers_is_left_alone() {
        assert_eq!(named(&[], 600), [0; 0]);
    }

    #[test]
    fn they_are_named_in_growing_distances_and_then_no_more() {
        assert_eq!(named(&[10], 600), [11, 13, 17, 25, 41]);
    }

    #[test]
    fn a_loss_while_they_are_named_has_them_named_again() {
        assert_eq!(named(&[10, 12, 40], 600), [11, 13, 17, 25, 41, 42, 44, 48, 56, 72]);
    }
}
