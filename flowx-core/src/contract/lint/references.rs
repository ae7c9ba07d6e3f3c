//! References: each leads somewhere, inside the document.

use serde_json::{Map, Value};

use super::document::Document;
use super::{Finding, pointer};

/// Under these stands data, in which nothing is a reference.
const DATA: &[&str] = &["const", "default", "enum", "example", "examples"];

/// Under these stands a map whose keys are names of the author's choice.
const NAMED: &[&str] = &[
    "$defs",
    "channels",
    "correlationIds",
    "definitions",
    "dependencies",
    "dependentSchemas",
    "messages",
    "operations",
    "parameters",
    "patternProperties",
    "properties",
    "schemas",
    "securitySchemes",
    "servers",
];

/// Keywords that say something beside a reference although it does not look at them.
const HARMLESS: &[&str] =
    &["$comment", "$ref", "default", "deprecated", "description", "examples", "title"];

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    visit(document.root, document.root, "", false, findings);
}

fn visit(value: &Value, root: &Value, path: &str, named: bool, findings: &mut Vec<Finding>) {
    match value {
        Value::Object(object) => {
            if let (Some(Value::String(reference)), false) = (object.get("$ref"), named) {
                check_one(object, reference, root, path, findings);
            }
            for (key, part) in object {
                if named || !DATA.contains(&key.as_str()) {
                    let names = !named && NAMED.contains(&key.as_str());
                    visit(part, root, &pointer::join(path, key), names, findings);
                }
            }
        }
        Value::Array(list) => {
            for (index, part) in list.iter().enumerate() {
                visit(part, root, &pointer::join(path, &index.to_string()), false, findings);
            }
        }
        _ => {}
    }
}

fn check_one(
    object: &Map<String, Value>,
    reference: &str,
    root: &Value,
    path: &str,
    findings: &mut Vec<Finding>,
) {
    let place = pointer::join(path, "$ref");
    if !reference.starts_with('#') {
        findings.push(Finding::new(
            place,
            "ref-external",
            format!("`{reference}` is in another document, of which nothing is known here; bundle both into one"),
        ));
    } else if pointer::target(root, reference).is_none() {
        let remedy = if reference.contains("/$defs/") || reference.contains("/definitions/") {
            "; definitions of an embedded schema belong under `#/components/schemas/`"
        } else {
            "; correct it, or add what it names"
        };
        findings.push(Finding::new(
            place,
            "ref-unresolved",
            format!("there is nothing at `{reference}`{remedy}"),
        ));
    }
    let idle: Vec<&str> = object
        .keys()
        .map(String::as_str)
        .filter(|key| !HARMLESS.contains(key) && !key.starts_with("x-"))
        .collect();
    if !idle.is_empty() {
        findings.push(Finding::new(
            path,
            "ref-sibling",
            format!(
                "nobody looks at `{}` beside a `$ref`; put both into an `allOf`",
                idle.join("`, `")
            ),
        ));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn data_and_names_are_no_references() {
        let document = json!({
            "channels": { "$ref": { "address": "a" } },
            "components": { "schemas": { "A": {
                "properties": { "$ref": { "type": "string" }, "examples": { "$ref": "#/nowhere" } },
                "examples": [{ "$ref": "#/nowhere" }],
                "enum": [{ "$ref": "#/nowhere" }]
            } } }
        });
        let mut findings = Vec::new();
        check(&Document::new(&document), &mut findings);
        let paths: Vec<_> = findings.iter().map(|finding| finding.path.as_str()).collect();
        assert_eq!(paths, ["/components/schemas/A/properties/examples/$ref"]);
    }
}
