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
//! - **What waits on a retry topic is kept by Kafka.** A request of a handler with retry topics goes
//!   to the next of them when its attempts are used up, and is finished where it stood only when it
//!   is written there. It keeps its identity, its headers and the count of its attempts through any
//!   number of restarts; it is tried again when it is due, and no later than the topic's delay after
//!   it was read again; after the last topic it is answered and put aside as every other.
//! - **Order by process instance.** Requests of one process instance (else of one record key) reach
//!   their handler one after another in the order of their offsets, also through retries; see
//!   [`Order`](crate::config::order::Order) for more and for less than that.
//! - **A broker that fails delays, and changes nothing else.** An answer that is not taken is sent
//!   again until it is; what goes the same way waits behind it, other partitions go on. A dead letter
//!   that cannot be written holds its partition; it is never skipped.
//! - **When nearly everything fails, the rest is kept for better times.** After 100 failures in a
//!   row, or 180 among the last 200 requests, a partition is held and says so; one request is tried
//!   every 30 s, and when one passes, all are read again. See [`BreakerPolicy`](breaker::BreakerPolicy).
//! - **A cluster that comes back is found.** A client that has let go of all brokers, as librdkafka does
//!   after one answer without any, is told its bootstrap servers again within seconds.
//! - **No partition is left standing.** Where the broker has records of a partition and none comes, for
//!   a minute and for no reason on this side, all partitions are given back and read on by a new consumer.
//! - **What a handler is paused for waits.** Nothing is read for it, what was read is finished, no other
//!   handler is held up; a restart forgets it.
//! - **What is full is not read.** Requests at work, requests that wait in lanes, and answers that are not
//!   acknowledged are bounded in number and bytes. Of a retry topic one record for each
//!   partition is held until it is due. What the client reads ahead is bounded by its queue
//!   (`queued.max.messages.kbytes`) and one fetch for each partition (`fetch.message.max.bytes`, 1 MiB as
//!   it travels: what is compressed 200 to 1 takes 200 MiB once it is there). While a backlog is worked
//!   off, a fetched response stays in memory as a whole until the last of its records has been taken:
//!   with full queues that is up to so many times the queues as there are partitions.
//!
//! # What becomes of a failure
//!
//! | what fails | tries | code of the error reply | dead letter | settings |
//! |---|---|---|---|---|
//! | it has too many headers, or they are too large | one | `INVALID_REQUEST`, with the headers that name who waits and no others | yes | `FLOWX_CONNECTOR_MAX_HEADERS`, `…_MAX_HEADER_BYTES` |
//! | the payload cannot be read | one | `INVALID_REQUEST` | yes | `FLOWX_CONNECTOR_MAX_DEPTH`, `…_MESSAGE_MAX_BYTES`, `…_REFUSE_PLACEHOLDERS` |
//! | something in it is out of range, too long or the like | one | `INVALID_REQUEST` | if wanted | `…_MAX_VALUES` |
//! | the handler refuses | one | its own | if wanted | `…_DEAD_LETTER_REFUSALS` |
//! | the handler asks for another try | 5, with growing waits, 2 min in all | `RETRY_EXHAUSTED` | yes | `attempts = …`, `…_RETRY_…`, `…_HANDLER_<NAME>_ATTEMPTS` |
//! | it runs out of time | 2 | `HANDLER_TIMEOUT` | yes | `timeout = …`, `…_HANDLER_TIMEOUT`, `…_RETRY_ATTEMPTS_AFTER_CRASH` |
//! | it panics | 2 | `HANDLER_PANIC` | yes | `…_RETRY_ATTEMPTS_AFTER_CRASH`, `…_SHOW_PANICS` for what it says |
//! | its reply is no JSON, or Kafka never takes it | one | `REPLY_REJECTED` | yes | |
//! | an answer or a dead letter is not taken for now | until it is | | | |
//! | nearly everything fails | one each pause | | | `…_BREAKER…` |
//! | the configuration contradicts itself | none: exit code 78 | | | |
//!
//! A process is answered wherever the request names it and the handler has a reply topic; without
//! one, whatever is no reply goes to the dead letter.
//!
//! # What is not
//!
//! - **Exactly once.** A request can be handled twice: after a crash or a lost partition, up to as
//!   many as were at work or not yet committed (commits follow within a second); after a stop or a
//!   rebalance, those that were finished behind one that did not end within the drain time, for
//!   offsets are committed without gaps. Both answers to it carry the same `x-reply-id`, so a receiver can tell. The engine itself
//!   overwrites process data with the second answer.
//! - **Side effects.** What a handler does to other systems is its own. Give them the
//!   [idempotency key](crate::Context::idempotency_key): it is the same for every attempt at a
//!   request, on every instance, and never the same for two requests.
//! - **Order across a partition's owners.** If a member is lost without a word (killed, cut off), the
//!   next owner may handle a request while the old one is still at work on it.
//! - **Order, for a handler with retry topics.** What waits is overtaken; that is why only a handler
//!   without an order can have them.
//! - **A retry topic that nobody reads any more.** Requests that wait on it stay there when its delay
//!   is taken out of the list, or the handler's topic or the group gets another name.
//! - **Order of dead letters and replies among each other.** They are different topics.
//! - **A handler that blocks its thread** holds up every other request of the connector while it
//!   does, unless it says `blocking = true`: then it has a thread of its own. A thread cannot be
//!   stopped from outside, so past its timeout it goes on beside the next attempt until its next
//!   `await`.
//!
//! # What shows it
//!
//! | promise | tests |
//! |---|---|
//! | every kind of unreadable request ends as it should | `tests/journey/bad_input.rs`; at scale `tests/malformed.rs` |
//! | accepted and valid by the schema mean the same | `tests/validation.rs` |
//! | answers, headers, keys | `tests/journey/answers.rs`, `tests/vectors.rs`, `tests/console.rs` |
//! | retries, timeouts, panics | `tests/journey/retries.rs` |
//! | handlers that block | `tests/blocking.rs`, `tests/signals.rs` |
//! | a partition is held while nearly everything fails | `tests/journey/breaker.rs` |
//! | retry topics | `tests/journey/retry_topics.rs`, `tests/journey/retry_notes.rs`, `tests/end_to_end.rs` |
//! | commits follow acknowledgements, without gaps | `tests/journey/offsets.rs` |
//! | lanes, order, bounds | `tests/journey/lanes.rs`, `tests/bounds.rs` |
//! | partitions that come and go | `tests/journey/rebalance.rs`, `tests/kafka_floor.rs` |
//! | partitions that stand still | `kafka/watchdog.rs`, `kafka/membership.rs` |
//! | brokers that fail | `tests/journey/broker_trouble.rs` |
//! | what was put aside is sent again, once | `tests/dead_letters` |
//! | stops | `tests/journey/stop.rs`, `tests/signals.rs` |
//! | handlers that are paused and resumed | `tests/admin/pauses.rs` |
//! | an outage restarts no pod, a zombie does | `tests/admin/probes.rs`, `status/probe.rs`, `kafka/insight.rs` |
//! | nothing that a request carries makes a metric | `tests/admin/counted.rs` |
//! | no trap of the client library is fallen into | `tests/traps.rs` |
//! | all of it at once, by seeds | `tests/journey/chaos.rs`, `tests/journey/retry_chaos.rs`, `tests/simulation.rs` |
//! | whichever thread comes first where two meet | `tests/schedules.rs` |
//! | the same on Apache Kafka | `tests/end_to_end.rs`; with kills and broken networks `tests/chaos.rs` |

mod answers;
mod attempt;
pub mod blocking;
pub mod breaker;
mod clock;
mod contained;
pub mod dead_letter;
mod delayed;
pub mod dispatch;
mod drain;
mod job;
mod lane;
mod lines;
pub mod metrics;
mod outbox;
pub mod panics;
mod partition;
mod pauses;
pub mod plan;
pub mod port;
pub mod retry;
mod scope;
mod settle;
mod span;
mod start;
pub mod status;
#[cfg_attr(not(feature = "otel"), path = "untraced.rs")]
mod trace;
pub mod tracker;
pub mod verdict;
