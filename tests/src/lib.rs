//! Support for the tests of the workspace: Apache Kafka itself, started from its own jars, and
//! waiting for what other processes do.
//!
//! | what | where |
//! |---|---|
//! | a cluster of one or three brokers | [`kafka::KafkaCluster`] |
//! | Kafka's own console clients, as the other side of a conversation | [`kafka::Console`] |
//! | a way to a broker that can be cut, slowed down or muted | [`proxy::Proxy`] |
//! | the account of every request of a run | [`ledger::verify`] |
//! | leaving a test out where Java or Maven is missing | [`require_kafka!`] |
//! | an example connector as a program | [`example`](fn@example) |
//! | a program of this package, run to its end | [`program`](fn@program) |
//! | many runs that a seed decides, on all processors | [`seeds::first_failure`] |
//! | what the official AsyncAPI parser says of documents | [`asyncapi::Parser`] |
//! | an HTTP client, and sites of flowx for it | [`http::Visited`] |
//! | a written report | [`report::Report`] |
//! | the bill of materials, with the C code that crates bring | [`sbom::complete`] |
//! | texts that attack who reads them | [`hostile::texts`] |
//! | waiting with a deadline | [`eventually`](fn@eventually) |

pub mod asyncapi;
pub mod hostile;
pub mod http;
pub mod kafka;
pub mod ledger;
pub mod proxy;
pub mod report;
pub mod sbom;
pub mod seeds;

mod eventually;
mod example;
mod program;
mod target;

pub use eventually::{Condition, TimedOut, eventually, try_eventually};
pub use example::{example, repository};
pub use program::program;

/// What the documents show is compiled like any other code.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../ARCHITECTURE.md")]
#[doc = include_str!("../../docs/from-java.md")]
struct Documents;
