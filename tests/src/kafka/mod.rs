//! Apache Kafka for tests: KRaft brokers from Maven Central's jars, on loopback, without a container.
//!
//! ```no_run
//! use flowx_tests::kafka::{KafkaCluster, TextRecord};
//! use flowx_tests::require_kafka;
//!
//! # fn test() {} /*
//! #[tokio::test]
//! # */
//! async fn answers_what_was_asked() {
//!     require_kafka!();
//!     let cluster = KafkaCluster::start(1).await;
//!     cluster.create_topic("questions", 3, 1).await;
//!     cluster.console().produce("questions", &[TextRecord::new("{}").key("a")]).await;
//!     let records = cluster.console().consume("questions", 1).await;
//!     assert_eq!(records[0].key.as_deref(), Some("a"));
//! }
//! ```
//!
//! The first start copies the jars into `target/kafka/` with Maven; later ones need neither Maven nor
//! the network. Starting a node takes two to four seconds, a console client about one.

pub mod door;

mod admin;
mod cluster;
mod console;
mod error;
mod guard;
mod guarded;
mod jars;
mod node;
mod ports;
mod wire;

pub use admin::Admin;
pub use cluster::{KafkaCluster, NewTopic};
pub use console::{Console, TextRecord};
pub use guarded::{CLERK, GuardedCluster};
