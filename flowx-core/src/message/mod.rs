//! Floor 1: bytes and the engine's protocol. No async, no I/O.

pub mod headers;
pub mod record;
