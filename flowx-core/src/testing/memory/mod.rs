//! A broker in memory: topics, partitions, consumer groups and committed offsets, without sockets.
//!
//! The runtime reads from a [`MemorySource`] and writes to a [`MemorySink`] as it does from and to
//! Kafka. A test holds the other ends: the [`MemoryBroker`] appends requests, reads what was
//! written, and makes writes fail; the [`Member`] revokes partitions and makes commits fail.
//!
//! Nothing here waits for real time, so tests can pause the clock of tokio.

mod broker;
mod fault;
mod log;
mod member;
mod murmur;
mod sink;
mod source;
mod state;

pub use broker::{CLUSTER, MemoryBroker};
pub use fault::Fault;
pub use member::{Member, Revoking};
pub use sink::MemorySink;
pub use source::MemorySource;
