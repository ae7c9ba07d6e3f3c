//! Floor 4: the only door to Kafka. Nothing outside of this folder names the client library.
//!
//! [`KafkaSource`] reads as a member of a consumer group, [`KafkaSink`] writes and says what the
//! brokers acknowledged; both stand behind the traits of [`runtime::port`](crate::runtime::port).
//! [`EmbeddedBroker`] is a broker inside this process for `dev` and quick tests; [`Reader`],
//! [`Scan`] and [`Writer`] work without a connector, for simulators and tools. [`inspect()`] asks what
//! brokers know of topics and a group, and changes nothing.

mod assignments;
mod bootstrap;
mod commits;
mod control;
mod embedded;
pub mod facts;
mod ffi;
mod insight;
mod inspect;
mod logging;
mod login;
mod membership;
#[cfg(feature = "oauth")]
mod oauth;
#[cfg(not(feature = "oauth"))]
#[path = "no_oauth.rs"]
mod oauth;
mod outbox;
mod partition;
mod properties;
mod reader;
mod rebalance;
mod refusal;
mod scan;
mod security;
mod settings;
mod sink;
mod source;
mod subscription;
mod timeouts;
mod unspoken;
mod watchdog;
mod writer;

pub use crate::message::topic::Subscription;
pub use embedded::EmbeddedBroker;
pub use inspect::inspect;
pub use reader::{ReadFrom, Reader};
pub use scan::Scan;
pub use settings::{KafkaSettings, SetupError};
pub use sink::KafkaSink;
pub use source::KafkaSource;
pub use writer::Writer;
