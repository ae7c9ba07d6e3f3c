//! Conditions for the gateway behind a receive node, in the platform's languages.
//!
//! A successful reply has no `errorCode`. JavaScript reads a key that is not there as undefined, but
//! MVEL fails, so its form uses `.?`, which does not; Python's `get` gives `None`. A list has no keys
//! at all, and a reply that never came is no object: where that may be, a condition asks first.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::contract::model::HandlerContract;
use crate::message::error_reply::CODE_FIELD;

/// One way out of a gateway.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it asks.
    pub when: When,
    /// The code that it is about; null if it is about no single one.
    pub code: Option<String>,
    /// What it means for the process.
    pub description: String,
    /// In JavaScript.
    pub javascript: String,
    /// In MVEL.
    pub mvel: String,
    /// In Python.
    pub python: String,
}

/// What a condition asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum When {
    /// Whether the reply carries this code.
    Code,
    /// Whether the reply is any error.
    AnyError,
    /// Whether it is none.
    Success,
}

/// What else than an object may stand under the key of the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reply {
    /// Nothing else.
    Object,
    /// A list, on success.
    List,
    /// Nothing at all: the handler answers only when it fails.
    Nothing,
}

/// The conditions on a reply under this key: each code, then any error, then success. A gateway takes
/// the first that is true, so they may be used in this order.
pub(super) fn of(
    handler: &HandlerContract,
    error_field: &str,
    key: &str,
    reply: Reply,
) -> Vec<Condition> {
    let codes = handler.codes.iter().map(|code| {
        let description = code.description.clone();
        let asked = Asked { key, reply, field: CODE_FIELD, test: Test::Is(&code.code) };
        asked.condition(When::Code, Some(code.code.clone()), description)
    });
    let field = |test| Asked { key, reply, field: error_field, test };
    let any = field(Test::IsThere).condition(
        When::AnyError,
        None,
        "Anything went wrong: behind the conditions on single codes it takes the rest.".to_owned(),
    );
    let success = field(Test::IsNull).condition(
        When::Success,
        None,
        match reply {
            Reply::Nothing => "No error came before the response timeout.".to_owned(),
            Reply::Object | Reply::List => "The request was handled.".to_owned(),
        },
    );
    codes.chain([any, success]).collect()
}

/// A question about a key of the reply.
#[derive(Clone, Copy)]
struct Asked<'a> {
    key: &'a str,
    reply: Reply,
    field: &'a str,
    test: Test<'a>,
}

#[derive(Clone, Copy)]
enum Test<'a> {
    Is(&'a str),
    IsThere,
    IsNull,
}

impl Asked<'_> {
    fn condition(self, when: When, code: Option<String>, description: String) -> Condition {
        Condition {
            when,
            code,
            description,
            javascript: self.javascript(),
            mvel: self.mvel(),
            python: self.python(),
        }
    }

    fn javascript(self) -> String {
        let reply = format!("input.{}", self.key);
        let field = match is_identifier(self.field) {
            true => format!("{reply}.{}", self.field),
            false => format!("{reply}[{}]", quoted(self.field)),
        };
        match (self.reply, self.test) {
            (Reply::Nothing, Test::IsNull) => format!("{reply} == null || {field} == null"),
            (Reply::Nothing, test) => format!("{reply} != null && {field} {}", test.with("null")),
            // A list answers as an object that lacks the key.
            (_, test) => format!("{field} {}", test.with("null")),
        }
    }

    fn mvel(self) -> String {
        let reply = format!("input.?{}", self.key);
        let field = match is_identifier(self.field) {
            true => format!("{reply}.?{}", self.field),
            false => format!("{reply}.get({})", quoted(self.field)),
        };
        match (self.reply, self.test) {
            (Reply::List, Test::IsNull) => {
                format!("!({reply} instanceof java.util.Map) || {field} == null")
            }
            (Reply::List, test) => {
                format!("{reply} instanceof java.util.Map && {field} {}", test.with("null"))
            }
            // `.?` looks no further where nothing came.
            (_, test) => format!("{field} {}", test.with("null")),
        }
    }

    fn python(self) -> String {
        let reply = format!("input.get({})", double_quoted(self.key));
        let field = format!("{reply}.get({})", double_quoted(self.field));
        let test = match self.test {
            Test::Is(code) => format!("{field} == {}", double_quoted(code)),
            Test::IsThere => format!("{field} is not None"),
            Test::IsNull => format!("{field} is None"),
        };
        // Only what has keys can be asked for one.
        match (self.reply, self.test) {
            (Reply::Object, _) => test,
            (_, Test::IsNull) => format!("not hasattr({reply}, \"keys\") or {test}"),
            _ => format!("hasattr({reply}, \"keys\") and {test}"),
        }
    }
}

impl Test<'_> {
    /// The test behind what is asked, in a language with this word for nothing.
    fn with(self, nothing: &str) -> String {
        match self {
            Self::Is(code) => format!("== {}", quoted(code)),
            Self::IsThere => format!("!= {nothing}"),
            Self::IsNull => format!("== {nothing}"),
        }
    }
}

fn is_identifier(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn double_quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(reply: Reply, field: &str, test: Test<'_>) -> [String; 3] {
        let asked = Asked { key: "k", reply, field, test };
        [asked.javascript(), asked.mvel(), asked.python()]
    }

    #[test]
    fn each_language_asks_in_its_own_way() {
        for (reply, field, test, expected) in [
            (
                Reply::Object,
                "errorCode",
                Test::Is("NO"),
                [
                    "input.k.errorCode == 'NO'",
                    "input.?k.?errorCode == 'NO'",
                    r#"input.get("k").get("errorCode") == "NO""#,
                ],
            ),
            (
                Reply::Object,
                "error",
                Test::IsThere,
                [
                    "input.k.error != null",
                    "input.?k.?error != null",
                    r#"input.get("k").get("error") is not None"#,
                ],
            ),
            (
                Reply::Object,
                "error-text",
                Test::IsNull,
                [
                    "input.k['error-text'] == null",
                    "input.?k.get('error-text') == null",
                    r#"input.get("k").get("error-text") is None"#,
                ],
            ),
            (
                Reply::List,
                "errorCode",
                Test::Is("NO"),
                [
                    "input.k.errorCode == 'NO'",
                    "input.?k instanceof java.util.Map && input.?k.?errorCode == 'NO'",
                    r#"hasattr(input.get("k"), "keys") and input.get("k").get("errorCode") == "NO""#,
                ],
            ),
            (
                Reply::Nothing,
                "error",
                Test::IsNull,
                [
                    "input.k == null || input.k.error == null",
                    "input.?k.?error == null",
                    r#"not hasattr(input.get("k"), "keys") or input.get("k").get("error") is None"#,
                ],
            ),
        ] {
            assert_eq!(asked(reply, field, test), expected);
        }
    }
}
