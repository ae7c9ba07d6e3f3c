//! Names of components, channels, operations and servers.

use serde_json::Value;

use super::Finding;
use super::document::{Document, parts};
use super::pointer;

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    let components = document.root.get("components").and_then(Value::as_object);
    let kinds = components.into_iter().flatten().flat_map(|(kind, named)| {
        let path = pointer::join("/components", kind);
        parts(Some(named), &path)
    });
    let others = ["/channels", "/operations", "/servers"]
        .into_iter()
        .flat_map(|path| document.entries(path));
    let messages = document.channels().into_iter().flat_map(|channel| {
        parts(channel.value.get("messages"), &pointer::join(&channel.path, "messages"))
    });
    for part in kinds.chain(others).chain(messages) {
        // An extension beside the components is no map of names.
        if !is_legal(part.name) && !part.path.starts_with("/components/x-") {
            findings.push(Finding::new(
                part.path,
                "key",
                format!("`{}` is no legal name; use letters, digits, `.`, `-` and `_`", part.name),
            ));
        }
    }
}

/// Whether the specification allows this as the name of a component.
pub(in crate::contract) fn is_legal(key: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    !key.is_empty() && key.chars().all(allowed)
}
