//! Whether an answer is what the contract says.

use serde_json::Value;

use super::schema::error_schema;
use crate::handler::bound::BoundHandler;
use crate::handler::codes::OWN_CODES;
use crate::handler::schema::Draft;
use crate::handler::schema::validator::Validator;
use crate::message::error_reply::CODE_FIELD;

/// What is wrong with the answer of a handler to one of its examples; empty if nothing is.
///
/// A reply must be as the reply's schema says. A refusal must be as the error's schema says, and be the
/// handler's own: an example is there to be handled.
#[must_use]
pub fn findings(handler: &BoundHandler, error_field: &str, answer: &[u8]) -> Vec<String> {
    let body: Value = match serde_json::from_slice(answer) {
        Ok(body) => body,
        Err(error) => return vec![format!("the answer is no JSON: {error}")],
    };
    let code = body.get(CODE_FIELD).and_then(Value::as_str);
    let draft = Draft::default();
    let (what, schema) = match code.filter(|_| body.get(error_field).is_some_and(Value::is_string))
    {
        Some(code) if OWN_CODES.iter().any(|own| own.code == code) => {
            return vec![format!("an example must be handled, and {code} says that it was not")];
        }
        Some(_) => ("the refusal", Some(error_schema(handler, error_field, draft))),
        None => ("the reply", handler.reply_schema(draft)),
    };
    let Some(schema) = schema else {
        return vec![format!("{what} comes from a handler that says that it sends none")];
    };
    match Validator::new(&schema) {
        Ok(validator) => {
            let found = validator.findings(&body).map(|found| found.violations);
            let differs = |violation| format!("{what} is not as its schema says: {violation}");
            found.unwrap_or_default().into_iter().map(differs).collect()
        }
        Err(reason) => vec![format!("the schema of {what} cannot be used: {reason}")],
    }
}
