//! Typed connectors for the FLOWX.AI process engine.

pub mod message;
pub mod runtime;

pub use message::headers::Headers;
