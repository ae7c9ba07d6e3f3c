//! What is wrong with an AsyncAPI document of a Kafka application, beyond what parsers refuse.
//!
//! A document may be well-formed and still mislead its readers: an example that its schema does not
//! admit, a schema in a dialect that tools pass over without a word, a reply on a channel that does
//! not know it. Nothing is fetched: a document is judged by itself.
//!
//! | rule | what it finds |
//! |---|---|
//! | `ref-unresolved` | a reference that leads nowhere |
//! | `ref-external` | a reference to another document |
//! | `ref-sibling` | keywords beside a reference, which count for nothing |
//! | `key` | names of components, channels or operations that the specification forbids |
//! | `topic-name` | an address that is no name of a Kafka topic |
//! | `topic-binding` | a Kafka binding that names another topic than the address |
//! | `address-parameter` | parameters of an address that are not described, or described and not there |
//! | `address-twice` | two channels of one address |
//! | `operation-channel` | an operation or reply whose channel is not one of the document's channels |
//! | `operation-message` | an operation's message that its channel does not have |
//! | `reply-message` | a reply's message that its channel does not have |
//! | `reply-address` | a reply whose address is given twice |
//! | `route-message` | a message of `x-retry` or `x-dead-letter` that its channel does not have |
//! | `binding-schema` | a group, client or key that is no schema |
//! | `contract-hash` | an operation of a flowx connector without a usable hash |
//! | `schema-format` | a format of schemas that tools do not know |
//! | `schema-keyword` | a keyword that draft-07 does not have |
//! | `schema-invalid` | a schema that is none |
//! | `headers-object` | headers that are no object |
//! | `example-payload` | an example's payload that its schema does not admit |
//! | `example-headers` | the same for its headers |

mod channels;
mod document;
mod examples;
pub(super) mod extensions;
pub(super) mod keys;
mod operations;
pub(super) mod pointer;
mod references;
mod schemas;

use std::fmt;

use serde_json::Value;

use document::Document;

/// One thing that is wrong with a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Where: a JSON pointer into the document.
    pub path: String,
    /// Which rule is broken, by its short name.
    pub rule: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

/// Everything that is wrong with a document, by place.
///
/// ```
/// use flowx_core::contract::lint::lint;
/// use serde_json::json;
///
/// let document = json!({
///     "asyncapi": "3.1.0",
///     "channels": { "orders": { "address": "orders in" } }
/// });
/// let findings = lint(&document);
/// assert_eq!(findings[0].rule, "topic-name");
/// assert_eq!(findings[0].path, "/channels/orders/address");
/// ```
#[must_use]
pub fn lint(document: &Value) -> Vec<Finding> {
    let document = Document::new(document);
    let mut findings = Vec::new();
    for rules in [
        references::check,
        keys::check,
        channels::check,
        operations::check,
        extensions::check,
        schemas::check,
        examples::check,
    ] {
        rules(&document, &mut findings);
    }
    findings.sort();
    findings.dedup();
    findings
}

impl fmt::Display for Finding {
    /// One line: place, message, rule.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = if self.path.is_empty() { "/" } else { &self.path };
        write!(f, "{place}: {} [{}]", self.message, self.rule)
    }
}

impl Finding {
    fn new(path: impl Into<String>, rule: &'static str, message: impl Into<String>) -> Self {
        Self { path: path.into(), rule, message: message.into() }
    }
}
