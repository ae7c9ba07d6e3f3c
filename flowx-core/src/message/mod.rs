//! Floor 1: bytes and the engine's protocol. No async, no I/O.

pub mod decode;
pub mod envelope;
pub mod error_reply;
pub mod framing;
pub mod headers;
pub mod identity;
mod placeholder;
pub mod record;
pub mod replay;
pub mod reply;
pub mod retry;
pub mod topic;
pub mod trace_context;
