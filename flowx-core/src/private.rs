//! Exactly what generated code names; nobody else may.

pub use inventory;

pub use crate::config::order::Order;
pub use crate::handler::binder::Binder;
pub use crate::handler::call::Call;
pub use crate::handler::classifier::Classifier;
pub use crate::handler::codes::Codes;
pub use crate::handler::entry::{Docs, Examples, HandlerEntry, Options, Site};
pub use crate::handler::error::{Failure, FlowxError};
pub use crate::handler::hooks::{
    Forward, error, forward, forward_codes, forward_failure, refuse, retry,
};
pub use crate::handler::slot::{
    param, request, request_and_param, request_not_extractor, result, run, serve, take,
};
pub use crate::message::framing::Framing;

/// What only this crate and its derive can name: keeps other implementations out.
#[derive(Debug)]
pub enum Sealed {}
