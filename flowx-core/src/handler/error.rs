//! What a handler returns as its error: refuse or retry, said by the type.

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::time::Duration;

use super::classifier;
use super::codes::{self, Codes};
use crate::__private::Sealed;

/// Any error, as the reason of a retry.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// An error that says what becomes of the message: refuse it or try again.
///
/// Comes from `#[derive(FlowxError)]` and from nowhere else: `?` into a [`HandlerError`] looks the
/// mapping up in a table that the derive fills.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether to refuse or to retry",
    label = "this is the error of a handler",
    note = "add `#[derive(flowx_core::FlowxError)]` to `{Self}` if it is yours",
    note = "or return `flowx_core::HandlerError`, into which `?` turns any error (as a retry)"
)]
pub trait FlowxError: Sized + Send + 'static {
    /// What becomes of the message.
    fn failure(self) -> Failure;

    /// Declares the codes with which this type refuses.
    fn codes(codes: &mut Codes);

    #[doc(hidden)]
    fn __derived(_: Sealed);
}

/// What becomes of a message whose handler failed: refused with a code, or tried again.
///
/// `Debug` shows the code, not the message.
pub struct Failure(Kind);

pub(crate) enum Kind {
    Refuse { code: Cow<'static, str>, message: String },
    Retry { error: BoxError, after: Option<Duration> },
}

impl Failure {
    /// A business answer with a stable code; `message` is for people and is sent to the process.
    #[must_use]
    pub fn refuse(code: &'static str, message: impl Into<String>) -> Self {
        debug_assert!(
            codes::is_legal(code),
            "`{code}` cannot be a code; write capitals, digits and `_`, a capital first, at most 64"
        );
        Self(Kind::Refuse { code: Cow::Borrowed(code), message: message.into() })
    }

    /// Try again, bounded, with growing pauses.
    #[must_use]
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self(Kind::Retry { error: error.into(), after: None })
    }

    /// Try again, but not before this time has passed, as with HTTP's `Retry-After`.
    #[must_use]
    pub fn retry_after(delay: Duration, error: impl Into<BoxError>) -> Self {
        Self(Kind::Retry { error: error.into(), after: Some(delay) })
    }

    /// The code of a refusal; `None` for a retry.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match &self.0 {
            Kind::Refuse { code, .. } => Some(code),
            Kind::Retry { .. } => None,
        }
    }

    pub(crate) fn into_kind(self) -> Kind {
        self.0
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Refuse { code, .. } => write!(f, "Refuse({code})"),
            Kind::Retry { .. } => f.write_str("Retry"),
        }
    }
}

/// The ready-made error for handlers that need no enum of their own.
///
/// `?` turns any [`Error`] into it, as a retry. A type with `#[derive(FlowxError)]` keeps its own
/// mapping, wherever it was derived. Only the type that `?` converts decides: an error that merely
/// wraps such a type is a retry, and `#[flowx(forward)]` in a derived enum is the way to keep the
/// inner mapping. `anyhow::Error` is no [`Error`]: write [`.or_retry()?`](ResultExt::or_retry).
///
/// Its codes are not known to the type. `refuses = ["NO_RATE"]` in the attribute declares them;
/// without it the contract says that the set is open.
///
/// ```
/// use flowx_core::HandlerError;
///
/// fn parse(text: &str) -> Result<u32, HandlerError> {
///     if text.is_empty() {
///         return Err(HandlerError::refuse("NO_AMOUNT", "the amount is missing"));
///     }
///     Ok(text.parse()?)
/// }
///
/// assert_eq!(parse("").unwrap_err().code(), Some("NO_AMOUNT"));
/// assert_eq!(parse("x").unwrap_err().code(), None);
/// ```
pub struct HandlerError(Failure);

impl HandlerError {
    /// The answer is no: an error reply with this code, at once and without another try.
    ///
    /// A code is `[A-Z][A-Z0-9_]{0,63}`; an illegal one panics in debug builds. `message` is for
    /// people and is sent to the process.
    #[must_use]
    pub fn refuse(code: &'static str, message: impl Into<String>) -> Self {
        Self(Failure::refuse(code, message))
    }

    /// Try again, bounded, with growing pauses. Takes any error, `anyhow::Error` and text.
    #[must_use]
    pub fn retry(error: impl Into<BoxError>) -> Self {
        Self(Failure::retry(error))
    }

    /// Try again, but not before this time has passed: what a service asks for with HTTP's
    /// `Retry-After`. One that ends after the time for all attempts is the end of the request.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use flowx_core::HandlerError;
    ///
    /// let busy = HandlerError::retry_after(Duration::from_secs(20), "the service is busy");
    /// assert_eq!(busy.code(), None);
    /// ```
    #[must_use]
    pub fn retry_after(delay: Duration, error: impl Into<BoxError>) -> Self {
        Self(Failure::retry_after(delay, error))
    }

    /// The code of a refusal; `None` for a retry.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.0.code()
    }
}

impl fmt::Display for HandlerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.0 {
            Kind::Refuse { code, message } => write!(f, "refused with {code}: {message}"),
            Kind::Retry { error, .. } => write!(f, "to be retried: {error}"),
        }
    }
}

impl fmt::Debug for HandlerError {
    /// As [`Display`](fmt::Display): the `Debug` of an arbitrary cause may be pages long.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[diagnostic::do_not_recommend]
impl<E: Error + Send + Sync + 'static> From<E> for HandlerError {
    fn from(error: E) -> Self {
        Self(classifier::failure(error))
    }
}

#[diagnostic::do_not_recommend]
impl FlowxError for HandlerError {
    fn failure(self) -> Failure {
        self.0
    }

    fn codes(codes: &mut Codes) {
        codes.open();
    }

    fn __derived(_: Sealed) {}
}

/// For handlers that cannot fail.
#[diagnostic::do_not_recommend]
impl FlowxError for Infallible {
    fn failure(self) -> Failure {
        match self {}
    }

    fn codes(_: &mut Codes) {}

    fn __derived(_: Sealed) {}
}

/// Says for one error at hand what becomes of the message.
///
/// ```
/// use flowx_core::{HandlerError, ResultExt};
///
/// fn amount(text: &str) -> Result<u32, HandlerError> {
///     text.parse::<u32>().or_refuse("BAD_AMOUNT")
/// }
///
/// assert_eq!(amount("x").unwrap_err().code(), Some("BAD_AMOUNT"));
/// ```
pub trait ResultExt<T>: Sized {
    /// Try again for this error, whatever its own mapping says; also for `anyhow::Error`.
    ///
    /// # Errors
    /// The same error, as a [`HandlerError`].
    fn or_retry(self) -> Result<T, HandlerError>;

    /// Refuse with this code; the error's text becomes the message that the process gets.
    ///
    /// # Errors
    /// The same error, as a [`HandlerError`].
    fn or_refuse(self, code: &'static str) -> Result<T, HandlerError>;
}

impl<T, E: Into<BoxError>> ResultExt<T> for Result<T, E> {
    fn or_retry(self) -> Result<T, HandlerError> {
        self.map_err(HandlerError::retry)
    }

    fn or_refuse(self, code: &'static str) -> Result<T, HandlerError> {
        self.map_err(|error| HandlerError::refuse(code, error.into().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_of_a_failure_shows_no_message() {
        assert_eq!(format!("{:?}", Failure::refuse("NO", "canary")), "Refuse(NO)");
        assert_eq!(format!("{:?}", Failure::retry("canary")), "Retry");
    }

    #[test]
    fn an_explicit_choice_wins() {
        let failed = || "x".parse::<u32>();
        assert_eq!(failed().or_refuse("BAD").unwrap_err().code(), Some("BAD"));
        assert_eq!(failed().or_retry().unwrap_err().code(), None);
    }

    #[test]
    #[should_panic(expected = "cannot be a code")]
    fn an_illegal_code_shows_up_in_tests() {
        let _ = HandlerError::refuse("no rate", "");
    }
}
