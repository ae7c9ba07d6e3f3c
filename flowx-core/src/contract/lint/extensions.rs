//! What flowx adds to operations.

use serde_json::Value;

use super::document::Document;
use super::{Finding, pointer};

/// The hash of a handler's contract.
pub(in crate::contract) const HASH: &str = "x-flowx-contract";

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for operation in document.operations() {
        let Some(own) = operation.value.as_object() else { continue };
        // Documents of others have neither this nor anything else of flowx's.
        if !own.keys().any(|key| key.starts_with("x-flowx-")) {
            continue;
        }
        let hash = own.get(HASH).and_then(Value::as_str);
        if !hash.is_some_and(is_hash) {
            findings.push(Finding::new(
                pointer::join(&operation.path, HASH),
                "contract-hash",
                "the hash of the contract is missing or not 16 hexadecimal digits; write the document with `asyncapi` again",
            ));
        }
    }
}

fn is_hash(text: &str) -> bool {
    text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit())
}
