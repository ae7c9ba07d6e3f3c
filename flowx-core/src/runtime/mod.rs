//! Floor 3: a record's way through, whatever the broker.
//!
//! ```text
//! source ─► lane ─► attempt ─► verdict ─► answers ─► outbox ─► sink
//!    ▲                                                  │
//!    └────────── tracker ◄─────── acknowledged ◄────────┘
//! ```
//!
//! # What is promised
//!
//! - **Every request ends.** In a reply, in an error reply or in a dead letter; for a handler that
//!   sends nothing, in its return. Nothing is committed before the broker has acknowledged that end,
//!   so a crash, a lost partition or a stop at a deadline leads to the request being handled again,
//!   never to its loss.
//! - **No process hangs because of a connector.** What cannot be read, is refused, fails at every
//!   attempt, runs out of time or panics is answered, wherever the request names its process
//!   instance and the handler has a reply topic.
//! - **Order by process instance.** Requests of one process instance (else of one record key) reach
//!   their handler one after another in the order of their offsets, also through retries; see
//!   [`Order`](crate::config::order::Order) for more and for less than that.
//! - **A broker that fails delays, and changes nothing else.** An answer that is not taken is sent
//!   again until it is; what goes the same way waits behind it, other partitions go on. A dead letter
//!   that cannot be written holds its partition; it is never skipped.
//! - **What is full is not read.** Requests at work are bounded in number; requests that wait in lanes,
//!   and answers that are not acknowledged, in number and bytes.
//!
//! # What is not
//!
//! - **Exactly once.** A request can be handled twice: after a crash or a lost partition, up to as
//!   many as were at work or not yet committed (commits follow within a second); after a stop or a
//!   rebalance, those that were finished behind one that was not, for offsets are committed without
//!   gaps. Both answers to it carry the same `x-reply-id`, so a receiver can tell. The engine itself
//!   overwrites process data with the second answer.
//! - **Side effects.** What a handler does to other systems is its own. Give them the
//!   [idempotency key](crate::Context::idempotency_key): it is the same for every attempt at a
//!   request, on every instance, and never the same for two requests.
//! - **Order across a partition's owners.** If a member is lost without a word (killed, cut off), the
//!   next owner may handle a request while the old one is still at work on it.
//! - **Order of dead letters and replies among each other.** They are different topics.
//! - **A handler that blocks its thread** holds up every other request of the connector while it
//!   does. Move such work to `tokio::task::spawn_blocking`.
//!
//! # What shows it
//!
//! | promise | tests |
//! |---|---|
//! | every kind of unreadable request ends as it should | `tests/journey/bad_input.rs` |
//! | answers, headers, keys | `tests/journey/answers.rs`, `tests/vectors.rs`, `tests/console.rs` |
//! | retries, timeouts, panics | `tests/journey/retries.rs` |
//! | commits follow acknowledgements, without gaps | `tests/journey/offsets.rs` |
//! | lanes, order, bounds | `tests/journey/lanes.rs` |
//! | partitions that come and go | `tests/journey/rebalance.rs`, `tests/kafka_floor.rs` |
//! | brokers that fail | `tests/journey/broker_trouble.rs` |
//! | stops | `tests/journey/stop.rs`, `tests/signals.rs` |
//! | all of it at once, by seeds | `tests/journey/chaos.rs`, `tests/simulation.rs` |
//! | the same on Apache Kafka | `tests/end_to_end.rs`; with kills and broken networks `tests/chaos.rs` |

mod answers;
mod attempt;
mod clock;
mod contained;
pub mod dead_letter;
pub mod dispatch;
mod drain;
mod lane;
mod lines;
mod outbox;
mod partition;
pub mod plan;
pub mod port;
pub mod retry;
pub mod status;
pub mod tracker;
pub mod verdict;
