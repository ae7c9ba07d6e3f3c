//! The first parameter of a handler: the request.

use std::fmt;
use std::ops::Deref;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::schema::{self, Draft};
use crate::message::decode::{self, DecodeError, Limits};

/// What a handler takes as its first parameter: any type that is `Deserialize` and `JsonSchema`, or
/// [`Raw`] bytes.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the request of a handler",
    label = "the first parameter is the request; `{Self}` lacks `Deserialize` or `JsonSchema`",
    note = "add `#[derive(serde::Deserialize, schemars::JsonSchema)]` to `{Self}`",
    note = "extractors such as `State<T>` come after the request"
)]
pub trait Request: Sized + Send + 'static {
    /// The JSON Schema of what is accepted.
    fn schema(draft: Draft) -> Value;

    /// Reads the payload; whether it is all that the schema says is looked at elsewhere.
    ///
    /// # Errors
    /// The payload is not such a request.
    fn decode(payload: Option<&[u8]>, limits: &Limits) -> Result<Self, DecodeError>;
}

#[diagnostic::do_not_recommend]
impl<T: DeserializeOwned + JsonSchema + Send + 'static> Request for T {
    fn schema(draft: Draft) -> Value {
        schema::of_request::<T>(draft)
    }

    fn decode(payload: Option<&[u8]>, limits: &Limits) -> Result<Self, DecodeError> {
        decode::typed(payload, limits)
    }
}

/// The payload as it came, for handlers that read something other than JSON.
///
/// Only its size is checked. `Debug` shows the length.
///
/// ```
/// use flowx_core::Raw;
///
/// let payload = Raw::new("a;b;c");
/// assert_eq!(payload.split(|byte| *byte == b';').count(), 3);
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Raw(Vec<u8>);

impl Raw {
    /// A payload, as a test would write it.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn into_inner(self) -> Vec<u8> {
        self.0
    }
}

impl Deref for Raw {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Raw({} bytes)", self.0.len())
    }
}

impl Request for Raw {
    /// Anything.
    fn schema(draft: Draft) -> Value {
        schema::of_request::<Value>(draft)
    }

    fn decode(payload: Option<&[u8]>, limits: &Limits) -> Result<Self, DecodeError> {
        Ok(Self(decode::raw(payload, limits)?.to_vec()))
    }
}
