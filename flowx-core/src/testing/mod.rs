//! Floor 6: tests without a broker, and without a process engine.
//!
//! [`TestConnector`] runs the handlers of a binary over a broker in memory; [`memory`] is that
//! broker, for tests that want to disturb it; [`process_engine`] plays the engine over Kafka.

mod connector;
mod exchange;
pub mod memory;
#[cfg(feature = "kafka")]
pub mod process_engine;
mod request;
pub mod seeded;

pub use connector::TestConnector;
pub use exchange::{Exchange, NoReply, TestRefusal};
pub use request::{PostedRequest, TestRequest};
