//! A contract from the text of a file.

use serde_json::Value;

use super::model::{Contract, FORMAT};

/// Why a text is no contract that can be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// It is no JSON.
    #[error("it is not JSON: {0}")]
    Json(serde_json::Error),
    /// It is JSON, but nothing that says of itself that it is a contract.
    #[error(
        "it is not a contract: `flowxContract` is missing at its top; `contract show` of a connector \
         writes one"
    )]
    NotAContract,
    /// A later version wrote it, in a form that this one does not know.
    #[error(
        "it was written by a later flowx, in form {0}, and this one reads forms up to {FORMAT}; \
         compare it with a connector that is built with the later one"
    )]
    Newer(u64),
    /// It says that it is a contract, and some part is not as it must be.
    #[error("it is not a whole contract: {0}")]
    Incomplete(serde_json::Error),
}

/// Reads what `contract show` wrote.
///
/// # Errors
/// Says what is wrong with the text; where it comes from is for the caller to say.
///
/// ```
/// use flowx_core::contract::read::{ReadError, contract};
///
/// let later = contract(r#"{ "flowxContract": 1000 }"#);
/// assert!(matches!(later, Err(ReadError::Newer(1000))));
/// ```
pub fn contract(text: &str) -> Result<Contract, ReadError> {
    // Editors and shells put a mark in front of UTF-8 that JSON does not know.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let document: Value = serde_json::from_str(text).map_err(ReadError::Json)?;
    match document.get("flowxContract").and_then(Value::as_u64) {
        None => Err(ReadError::NotAContract),
        Some(form) if form > u64::from(FORMAT) => Err(ReadError::Newer(form)),
        Some(_) => serde_json::from_value(document).map_err(ReadError::Incomplete),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_told_apart_with_words() {
        for (text, words) in [
            ("", "not JSON"),
            ("[]", "`flowxContract` is missing"),
            (r#"{ "openapi": "3.1.0" }"#, "`flowxContract` is missing"),
            (r#"{ "flowxContract": 2 }"#, "by a later flowx, in form 2"),
            (r#"{ "flowxContract": 1, "group": "a" }"#, "missing field `naming`"),
        ] {
            let said = contract(text).expect_err(text).to_string();
            assert!(said.contains(words), "{said}");
        }
    }

    #[test]
    fn what_was_written_is_read_again() {
        let written = r#"{ "flowxContract": 1, "group": "a", "errorField": "errorMessage",
            "naming": { "prefix": "", "suffix": "" }, "handlers": [] }"#;
        for text in [written.to_owned(), format!("\u{feff}{written}")] {
            let read = contract(&text).expect("a contract");
            assert_eq!((read.group.as_str(), read.handlers.len()), ("a", 0));
        }
    }
}
