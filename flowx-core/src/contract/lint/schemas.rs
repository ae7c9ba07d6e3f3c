//! Schemas: in a dialect that tools understand, and what they say holds in it.

use serde_json::{Map, Value};

use super::document::{Document, SchemaPart};
use super::{Finding, pointer};
use crate::handler::schema::{Draft, walk};

/// The formats of schemas that the specification lists, by their beginnings.
const FORMATS: &[&str] = &[
    "application/vnd.aai.asyncapi;version=",
    "application/vnd.aai.asyncapi+json;version=",
    "application/vnd.aai.asyncapi+yaml;version=",
    "application/schema+json;version=draft-07",
    "application/schema+yaml;version=draft-07",
    "application/vnd.apache.avro;version=",
    "application/vnd.apache.avro+json;version=",
    "application/vnd.apache.avro+yaml;version=",
    "application/vnd.oai.openapi;version=",
    "application/vnd.oai.openapi+json;version=",
    "application/vnd.oai.openapi+yaml;version=",
    "application/raml+yaml;version=",
    "application/vnd.google.protobuf;version=",
];

/// Keywords of later drafts, and what draft-07 has instead.
const LATER: &[(&str, &str)] = &[
    ("$anchor", "refer by a JSON pointer"),
    ("$defs", "move the definitions to `#/components/schemas/`"),
    ("$dynamicAnchor", "refer by a JSON pointer"),
    ("$dynamicRef", "refer by `$ref`"),
    ("$recursiveAnchor", "refer by a JSON pointer"),
    ("$recursiveRef", "refer by `$ref`"),
    ("dependentRequired", "write `dependencies`"),
    ("dependentSchemas", "write `dependencies`"),
    ("maxContains", "draft-07 has nothing like it"),
    ("minContains", "draft-07 has nothing like it"),
    ("prefixItems", "write an array of schemas under `items`"),
    ("unevaluatedItems", "write `additionalItems`"),
    ("unevaluatedProperties", "write `additionalProperties`"),
];

pub(super) fn check(document: &Document<'_>, findings: &mut Vec<Finding>) {
    for part in document.schemas() {
        check_format(&part, findings);
        if part.is_json_schema() {
            check_keywords(part.value, &part.path, findings);
            check_meta_schema(&part, findings);
        }
    }
    for message in document.messages() {
        let headers = message.value.get("headers");
        let Some(resolved) = headers.and_then(|headers| document.resolved(headers)) else {
            continue;
        };
        let schema = resolved.get("schema").unwrap_or(resolved);
        let schema = document.resolved(schema).unwrap_or(schema);
        if schema.get("type").and_then(Value::as_str) != Some("object") {
            findings.push(Finding::new(
                pointer::join(&message.path, "headers"),
                "headers-object",
                "headers are names with values; say `\"type\": \"object\"` and list them as properties",
            ));
        }
    }
}

fn check_format(part: &SchemaPart<'_>, findings: &mut Vec<Finding>) {
    let Some((path, format)) = &part.format else { return };
    // Blanks around the `;` are allowed and mean nothing.
    let plain: String = format.split_whitespace().collect();
    if !FORMATS.iter().any(|known| plain.starts_with(known)) {
        findings.push(Finding::new(
            path,
            "schema-format",
            format!(
                "tools do not know `{format}`; write the schema in draft-07 and leave the format out"
            ),
        ));
    }
}

/// Looks at a schema and at all schemas inside.
fn check_keywords(schema: &Value, path: &str, findings: &mut Vec<Finding>) {
    let Value::Object(own) = schema else { return };
    check_dialect(own, path, findings);
    for (keyword, instead) in LATER {
        if own.contains_key(*keyword) {
            findings.push(Finding::new(
                pointer::join(path, keyword),
                "schema-keyword",
                format!("draft-07 does not have `{keyword}`, and tools pass over it; {instead}"),
            ));
        }
    }
    for (place, part) in walk::places(own) {
        check_keywords(part, &format!("{path}{place}"), findings);
    }
}

fn check_dialect(schema: &Map<String, Value>, path: &str, findings: &mut Vec<Finding>) {
    let Some(said) = schema.get("$schema").and_then(Value::as_str) else { return };
    let plain = |uri: &str| uri.trim_end_matches('#').to_owned();
    if plain(said) != plain(Draft::Draft07.meta_schema()) {
        findings.push(Finding::new(
            pointer::join(path, "$schema"),
            "schema-format",
            format!("the schema says it is written in `{said}`, but is read as draft-07; write it so, without `$schema`"),
        ));
    }
}

fn check_meta_schema(part: &SchemaPart<'_>, findings: &mut Vec<Finding>) {
    let mut schema = part.value.clone();
    // What it says of itself is looked at above.
    walk::change_all(&mut schema, &mut |schema| {
        schema.remove("$schema");
    });
    let validator = jsonschema::draft7::meta::validator();
    for error in validator.iter_errors(&schema) {
        findings.push(Finding::new(
            format!("{}{}", part.path, error.instance_path()),
            "schema-invalid",
            format!("this is no JSON Schema: {error}"),
        ));
    }
}
