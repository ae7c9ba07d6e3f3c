//! A handler that is ready to be called.

use std::fmt;

use serde_json::Value;

use super::binder::{BindEnvironment, BindError, Binder};
use super::call::Call;
use super::codes::{self, Codes, OWN_CODES};
use super::entry::{Docs, HandlerEntry, Options, Site};
use super::middleware::LayeredHandler;
use super::outcome::{HandlerFuture, Rejection};
use super::reply::{ReplyShape, schema_as_sent};
use super::schema::validator::Validator;
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
    examples: Vec<Value>,
    layered: Option<LayeredHandler>,
    start: Box<Start>,
}

/// Binds one handler.
///
/// # Errors
/// All that is wrong with it: missing shared values, a reply that the engine could not store, codes
/// that belong to flowx, examples that are no such requests.
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
    let examples = examples(&binder, &mut errors);
    let error_field = binder.error_field().map(str::to_owned);
    errors.extend(wrong_reply(&binder, error_field.as_deref()));
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
                examples,
                layered: environment.layers.around(entry.name),
                start,
            })
        }
        _ => Err(errors),
    }
}

impl BoundHandler {
    /// The JSON Schema of the request: what is accepted, shown with all examples.
    #[must_use]
    pub fn request_schema(&self, draft: Draft) -> Value {
        let mut schema = (self.request_schema)(draft);
        if let (Some(schema), false) = (schema.as_object_mut(), self.examples.is_empty()) {
            schema.insert("examples".to_owned(), self.examples.clone().into());
        }
        schema
    }

    /// The JSON Schema of successful replies as they are sent, with the error field where it is
    /// added; `None` if there is no reply.
    #[must_use]
    pub fn reply_schema(&self, draft: Draft) -> Option<Value> {
        let schema = (self.reply_schema)(draft)?;
        Some(schema_as_sent(schema, self.error_field.as_deref()))
    }

    /// Requests that it is shown with, each as its schema says: those of the attribute, then those of
    /// the request's type (`#[schemars(example = …)]`).
    #[must_use]
    pub fn examples(&self) -> &[Value] {
        &self.examples
    }

    /// What its started future is handed to; `None` if no layer stands around it.
    pub(crate) fn layered(&self) -> Option<&LayeredHandler> {
        self.layered.as_ref()
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

/// The handler's examples and those of its type, each once; what is wrong with them goes to `errors`.
fn examples(binder: &Binder<'_>, errors: &mut Vec<BindError>) -> Vec<Value> {
    let given = binder.handler().options.examples.map(|examples| examples.0()).unwrap_or_default();
    let of_type = binder.parts.request_schema.map(|schema| schema(Draft::default()));
    let of_type = of_type.as_ref().map(schema::examples).unwrap_or_default();
    let mut examples: Vec<Value> = Vec::new();
    for (number, example) in (1..).zip(given.into_iter().chain(of_type.into_iter().map(Ok))) {
        let wrong = match example {
            Ok(example) => {
                let admission = binder.parts.admission.as_ref();
                let found = admission.map(|admission| admission.violations(&example));
                let found: Vec<String> =
                    found.unwrap_or_default().iter().map(ToString::to_string).collect();
                if !examples.contains(&example) {
                    examples.push(example);
                }
                found.join("; ")
            }
            Err(reason) => reason,
        };
        if !wrong.is_empty() {
            errors.push(binder.error(format!(
                "its example {number} is no request that it accepts: {wrong}; mend the example, or the schema"
            )));
        }
    }
    examples
}

/// What is wrong with the schema of the reply, or with the examples in it.
fn wrong_reply(binder: &Binder<'_>, error_field: Option<&str>) -> Vec<BindError> {
    let schema = binder.parts.reply_schema.and_then(|schema| schema(Draft::default()));
    let Some(schema) = schema.map(|schema| schema_as_sent(schema, error_field)) else {
        return Vec::new();
    };
    let validator = match Validator::new(&schema) {
        Ok(validator) => validator,
        Err(what) => {
            return vec![binder.error(format!(
                "the schema of its reply cannot be used: {what}; mend the attribute that says so"
            ))];
        }
    };
    let examples = schema::examples(&schema);
    let wrong = (1..).zip(&examples).filter_map(|(number, example)| {
        let found = validator.findings(example)?.violations;
        let found: Vec<String> = found.iter().map(ToString::to_string).collect();
        Some(binder.error(format!(
            "example {number} of its reply is not as its schema says: {}; mend the example, or the schema",
            found.join("; ")
        )))
    });
    wrong.collect()
}

/// What the compiler takes and no handler can live with.
fn wrong_options(binder: &Binder<'_>) -> Vec<BindError> {
    let options = binder.handler().options;
    let mut errors = Vec::new();
    if options.concurrency == Some(0) {
        errors.push(binder.error("`concurrency = 0` lets nothing run; write at least 1"));
    }
    if options.attempts == Some(0) {
        errors.push(binder.error("`attempts = 0` handles nothing; write at least 1"));
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
