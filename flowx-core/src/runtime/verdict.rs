//! The last word on one request.

use std::borrow::Cow;

use super::dead_letter::one_line;
use crate::handler::codes;
use crate::message::decode::{DecodeError, Reason};

/// The last word on one request.
#[derive(Debug)]
pub enum Verdict {
    /// The handler replied with this JSON.
    Replied(Vec<u8>),
    /// The handler is done and has nothing to say.
    Nothing,
    /// The process gets an error code instead of a reply.
    Refused(Refusal),
    /// The assignment ended before there was a word; its next owner starts over.
    Abandoned,
}

/// Why a process gets an error code instead of a reply.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What kind of failure.
    pub class: RefusalClass,
    /// What a gateway of the process branches on.
    pub code: Cow<'static, str>,
    /// The text for the process: no internals.
    pub message: String,
    /// The text for logs and dead letters: one line, no payload.
    pub for_logs: String,
    /// Attempts made; 0 if the handler was never called.
    pub attempts: u32,
}

/// The kinds of refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefusalClass {
    /// The handler's own answer.
    Business,
    /// The payload could not be read.
    Undecodable(Reason),
    /// Every attempt asked for another one.
    Exhausted,
    /// The handler ran out of time.
    Timeout,
    /// The handler panicked.
    Panic,
    /// The reply could not be turned into JSON, or Kafka will never take it.
    ReplyRejected,
}

impl RefusalClass {
    /// The stable name for dead letters, logs and metrics.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Business => "refused",
            Self::Undecodable(reason) => reason.name(),
            Self::Exhausted => "retry-exhausted",
            Self::Timeout => "handler-timeout",
            Self::Panic => "handler-panic",
            Self::ReplyRejected => "reply-rejected",
        }
    }

    /// The step that failed.
    #[must_use]
    pub fn stage(self) -> &'static str {
        match self {
            Self::Undecodable(Reason::Invalid) => "validate",
            Self::Undecodable(_) => "decode",
            Self::Business | Self::Exhausted | Self::Timeout | Self::Panic => "handle",
            Self::ReplyRejected => "reply",
        }
    }

    /// Whether it may pass by itself, so that another try helps after a while.
    #[must_use]
    pub fn may_pass(self) -> bool {
        matches!(self, Self::Exhausted | Self::Timeout | Self::Panic)
    }

    /// Whether something failed: then the original is put aside even if the process was answered, for
    /// it may be worth sending again. A business answer is an answer like any other, and so is one that
    /// names what is out of range.
    #[must_use]
    pub fn is_failure(self) -> bool {
        !matches!(self, Self::Business | Self::Undecodable(Reason::Invalid))
    }
}

impl Refusal {
    /// The handler's own answer.
    #[must_use]
    pub fn business(code: Cow<'static, str>, message: String, attempts: u32) -> Self {
        let for_logs = format!("refused with {code}");
        Self { class: RefusalClass::Business, code, message, for_logs, attempts }
    }

    /// The payload could not be read.
    #[must_use]
    pub fn undecodable(error: &DecodeError) -> Self {
        Self {
            class: RefusalClass::Undecodable(error.reason()),
            code: codes::INVALID_REQUEST.into(),
            message: error.to_string(),
            for_logs: error.for_logs(),
            attempts: 0,
        }
    }

    /// Every attempt asked for another one; `cause` is what the last one said.
    #[must_use]
    pub fn exhausted(cause: &str, attempts: u32) -> Self {
        Self {
            class: RefusalClass::Exhausted,
            code: codes::RETRY_EXHAUSTED.into(),
            message: format!("the request could not be handled in {attempts} attempts"),
            for_logs: one_line(cause),
            attempts,
        }
    }

    /// The last attempt ran out of time.
    #[must_use]
    pub fn timeout(attempts: u32) -> Self {
        Self {
            class: RefusalClass::Timeout,
            code: codes::HANDLER_TIMEOUT.into(),
            message: "the request took too long to handle".to_owned(),
            for_logs: "the handler ran past its timeout".to_owned(),
            attempts,
        }
    }

    /// The last attempt panicked; `panic` is what it said.
    #[must_use]
    pub fn panic(panic: &str, attempts: u32) -> Self {
        Self {
            class: RefusalClass::Panic,
            code: codes::HANDLER_PANIC.into(),
            message: "the connector failed while it handled the request".to_owned(),
            for_logs: one_line(panic),
            attempts,
        }
    }

    /// The reply will never reach the process as it is.
    #[must_use]
    pub fn reply_rejected(reason: &str, attempts: u32) -> Self {
        Self {
            class: RefusalClass::ReplyRejected,
            code: codes::REPLY_REJECTED.into(),
            message: "the request was handled, but its reply could not be sent".to_owned(),
            for_logs: one_line(reason),
            attempts,
        }
    }
}
