//! The ready-made further parameters of a handler.

pub mod context;
pub mod headers;
pub mod process;
pub mod state;
pub mod topic;
