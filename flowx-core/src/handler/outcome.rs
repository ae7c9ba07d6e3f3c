//! What a handler said, and why it was not asked.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::error::{BoxError, Failure, Kind};
use crate::message::decode::DecodeError;

/// A started handler. It owns what it needs and can be dropped at any time.
pub type HandlerFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// What a handler said about a record.
///
/// `Debug` shows which of these it is and the code, nothing that the record or the reply carries.
pub enum Outcome {
    /// Send this JSON to the engine.
    Reply(Vec<u8>),
    /// Send nothing; the record is finished.
    Nothing,
    /// The answer is no, with a stable code: send an error reply.
    Refused {
        /// What the process branches on.
        code: Cow<'static, str>,
        /// What a person reads.
        message: String,
    },
    /// Try again.
    Retry {
        /// Why.
        error: BoxError,
        /// Not before this time has passed.
        after: Option<Duration>,
    },
    /// The handler answered, but its reply is no JSON that the engine can store; the text says why.
    Unencodable(String),
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(json) => write!(f, "Reply({} bytes)", json.len()),
            Self::Nothing => f.write_str("Nothing"),
            Self::Refused { code, .. } => write!(f, "Refused({code})"),
            Self::Retry { .. } => f.write_str("Retry"),
            Self::Unencodable(_) => f.write_str("Unencodable"),
        }
    }
}

impl From<Failure> for Outcome {
    fn from(failure: Failure) -> Self {
        match failure.into_kind() {
            Kind::Refuse { code, message } => Self::Refused { code, message },
            Kind::Retry { error, after } => Self::Retry { error, after },
        }
    }
}

/// Why a handler could not be started with a record.
#[derive(Debug)]
pub enum Rejection {
    /// The payload is no request of this handler.
    Undecodable(DecodeError),
    /// A parameter refused the record or asks for another try.
    Failed(Failure),
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Self::Undecodable(error)
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
