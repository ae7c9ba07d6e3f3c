//! The production runtime under everything that can go wrong, decided by one number.
//!
//! Several members of a consumer group read, handle and answer requests over a broker in memory,
//! and chance, seeded by that number, decides the rest: when requests arrive and how long their
//! handlers take, which refuse, retry, panic or hang, when a member crashes at an arbitrary point,
//! stops, stands still or loses partitions, when the broker refuses, delays or forgets, and when
//! the clock jumps. Every step is checked against the promises of the runtime. The same seed gives
//! the same run, to the last byte of its log.
//!
//! # What is checked
//!
//! - Every request ends in a reply, an error reply or a dead letter once nothing disturbs any more,
//!   and is committed.
//! - No offset is committed before everything below it is finished, none goes backwards, and none
//!   is committed for an assignment that is known to have ended. An assignment that ends in good
//!   order ends with exactly what is finished.
//! - Within an assignment, requests of a key reach their handler in order and one after another,
//!   none is handled twice, and no attempt begins or goes on after its end.
//! - Answers belong to a request, fit what its handler did, carry its headers and key, and the same
//!   identity each time. Within an assignment none is written again after it was acknowledged, and
//!   those of a key are in order unless the broker did not take one of them.
//! - Nothing is read beyond the bounds, nor by a member that stops. What has nothing to do stops at
//!   once, and leaves nothing in memory.

mod agenda;
mod answer;
mod bug;
mod consume;
mod disturb;
mod driver;
mod group;
mod handlers;
mod ledger;
mod link;
mod produce;
mod request;
mod scenario;
mod trace;
mod world;

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

pub use bug::Bug;
pub use ledger::Tally;

/// Moves tokio's clock ahead at once: `|by| Box::pin(tokio::time::advance(by))`, which needs tokio's
/// feature `test-util`.
pub type Jump = dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Sync;

/// What came of one run.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The number that decided everything.
    pub seed: u64,
    /// Everything that happened, a line for each.
    pub log: String,
    /// What broke a promise; empty if all were kept. A run ends at the first.
    pub violations: Vec<String>,
    /// How much of what happened.
    pub tally: Tally,
}

impl Report {
    /// A fingerprint of the log: the same for the same seed.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        trace::fingerprint(self.log.as_bytes())
    }
}

/// Plays the run of a seed, with a planted mistake or without.
///
/// It must be the only thing on a tokio runtime of one thread whose clock is paused.
pub async fn simulate(seed: u64, bug: Option<Bug>, jump: &Jump) -> Report {
    // The runtime spreads its retries with the generator of the thread.
    fastrand::seed(seed);
    let shared = world::Shared::new(world::World::new(seed, bug));
    driver::Driver::new(shared, jump).play().await.with(|world| {
        let trace = std::mem::replace(&mut world.trace, trace::Trace::new());
        let (log, violations) = trace.into_parts();
        Report { seed, log, violations, tally: world.ledger.tally.clone() }
    })
}
