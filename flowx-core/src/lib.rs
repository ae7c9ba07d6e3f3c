//! Typed connectors for the FLOWX.AI process engine.

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
mod cli;
pub mod config;
pub mod connector;
pub mod contract;
pub mod handler;
pub mod kafka;
pub mod message;
pub mod runtime;
pub mod testing;

pub use connector::{Connector, ConnectorBuilder, ConnectorError, StartError};
pub use handler::error::{FlowxError, HandlerError, ResultExt};
pub use handler::extractors::context::Context;
pub use handler::extractors::process::Process;
pub use handler::extractors::state::State;
pub use handler::extractors::topic::Topic;
pub use handler::param::Param;
pub use handler::request::Raw;
pub use message::headers::Headers;
