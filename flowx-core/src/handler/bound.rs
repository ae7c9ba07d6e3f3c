//! A handler that is ready to be called.

use std::fmt;

use serde_json::Value;

use super::binder::{BindEnvironment, BindError, Binder};
use super::call::Call;
use super::codes::{self, Codes, OWN_CODES};
use super::entry::{Docs, HandlerEntry, Options, Site};
use super::outcome::{HandlerFuture, Rejection};
use super::reply::{ReplyShape, schema_as_sent};
use super::schema::{self, Draft};
use super::slot::Start;

/// A handler whose types have been looked at and whose shared values have been found.
pub struct BoundHandler {
    /// The handler's name.
    pub name: &'static str,
    /// The `topic` of the attribute, as written.
    pub topic: &'static str,
    /// The `reply` of the attribute, as written; `None` means the default of the topic.
    pub reply: Option<&'static str>,
    /// The function's doc comments.
    pub docs: Docs,
    /// Where the function stands.
    pub site: Site,
    /// The attribute's further arguments.
    pub options: Options,
    /// Whether the handler answers on success: `false` if it returns `Result<(), E>`.
    pub replies: bool,
    /// What the JSON of its replies is.
    pub reply_shape: ReplyShape,
    /// The codes with which it refuses.
    pub codes: Codes,
    /// Whether successful objects carry the error field as null.
    pub error_null: bool,
    error_field: Option<String>,
    request_schema: fn(Draft) -> Value,
    reply_schema: fn(Draft) -> Option<Value>,
    start: Box<Start>,
}

/// Binds one handler.
///
/// # Errors
/// All that is wrong with it: missing shared values, a reply that the engine could not store, codes
/// that belong to flowx.
pub fn bind(
    entry: &'static HandlerEntry,
    environment: &BindEnvironment,
) -> Result<BoundHandler, Vec<BindError>> {
    let mut binder = Binder::new(entry, environment);
    (entry.bind)(&mut binder);
    if let Some(refuses) = entry.options.refuses {
        binder.parts.codes.declare(refuses);
    }
    let mut errors = std::mem::take(&mut binder.errors);
    errors.extend(wrong_codes(&binder));
    errors.extend(wrong_options(&binder));
    let error_field = binder.error_field().map(str::to_owned);
    let parts = binder.parts;
    match (parts.request_schema, parts.reply_schema, parts.reply_shape, parts.start) {
        (Some(request_schema), Some(reply_schema), Some(reply_shape), Some(start))
            if errors.is_empty() =>
        {
            Ok(BoundHandler {
                name: entry.name,
                topic: entry.topic,
                reply: entry.reply,
                docs: entry.docs,
                site: entry.site,
                options: entry.options,
                replies: reply_shape != ReplyShape::None,
                reply_shape,
                codes: parts.codes,
                error_null: error_field.is_some(),
                error_field,
                request_schema,
                reply_schema,
                start,
            })
        }
        _ => Err(errors),
    }
}

impl BoundHandler {
    /// The JSON Schema of the request: what is accepted.
    #[must_use]
    pub fn request_schema(&self, draft: Draft) -> Value {
        (self.request_schema)(draft)
    }

    /// The JSON Schema of successful replies as they are sent, with the error field where it is
    /// added; `None` if there is no reply.
    #[must_use]
    pub fn reply_schema(&self, draft: Draft) -> Option<Value> {
        let schema = (self.reply_schema)(draft)?;
        Some(schema_as_sent(schema, self.error_field.as_deref()))
    }

    /// The request's examples, from `#[schemars(example = …)]` on its type.
    #[must_use]
    pub fn examples(&self) -> Vec<Value> {
        schema::examples(&self.request_schema(Draft::default()))
    }

    /// Takes the parameters and starts the handler; nothing of it runs before its first poll.
    ///
    /// Decoding and extractors are user code: they may panic.
    ///
    /// # Errors
    /// The payload is no request of this handler, or a parameter refused.
    pub fn start(&self, call: &Call<'_>) -> Result<HandlerFuture, Rejection> {
        (self.start)(call)
    }
}

impl fmt::Debug for BoundHandler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundHandler")
            .field("name", &self.name)
            .field("topic", &self.topic)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}

impl Binder<'_> {
    /// The name of the error field, if this handler's replies carry it.
    pub(super) fn error_field(&self) -> Option<&str> {
        let wanted = self.entry.options.error_null.unwrap_or(true);
        self.environment.error_field.as_deref().filter(|_| wanted)
    }
}

/// What the compiler takes and no handler can live with.
fn wrong_options(binder: &Binder<'_>) -> Vec<BindError> {
    let options = binder.handler().options;
    let mut errors = Vec::new();
    if options.concurrency == Some(0) {
        errors.push(binder.error("`concurrency = 0` lets nothing run; write at least 1"));
    }
    if options.timeout.is_some_and(|timeout| timeout.is_zero()) {
        errors
            .push(binder.error("a `timeout` of 0 ends every attempt; write how long one may run"));
    }
    errors
}

fn wrong_codes(binder: &Binder<'_>) -> Vec<BindError> {
    let wrong = |code: &str| {
        if OWN_CODES.iter().any(|own| own.code == code) {
            Some(format!("the code `{code}` is one of flowx's own; choose another"))
        } else if !codes::is_legal(code) {
            Some(format!(
                "`{code}` cannot be a code; write capitals, digits and `_`, a capital first, at most 64"
            ))
        } else {
            None
        }
    };
    let codes = binder.parts.codes.iter();
    codes.filter_map(|code| wrong(code.code)).map(|what| binder.error(what)).collect()
}
